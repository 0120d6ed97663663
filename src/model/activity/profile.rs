//! What threads did over a while, from their stacks taken again and again: shares of working, spinning and waiting, at
//! which operations and stages, and every distinct stack for a flame graph. Bounded, whatever the target's names are.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::data::Tid;
use crate::data::sample::{Stack, StackMethod, Stacks, ThreadState};
use crate::data::scene::{GroupKey, StopTotals};
use crate::model::activity::meaning::{MeaningCache, StackActivity, StackMeaning};

/// Most distinct things a group is told to do, distinct stacks and stop times that are kept.
const MOST_DOINGS: usize = 500;
const MOST_FOLDED: usize = 20_000;
const MOST_STOPS: usize = 1_000_000;
/// Most reasons that are kept.
const MOST_WHYS: usize = 16;
/// Where things beyond that are counted.
const OTHER: &str = "other";

/// The group of a thread.
#[derive(Clone, Copy, Debug)]
pub struct ProfiledGroup<'a> {
    /// Its name for people.
    pub label: &'a str,
    /// Which it is; none where that is not known.
    pub key: Option<&'a GroupKey>,
}

impl<'a> From<&'a str> for ProfiledGroup<'a> {
    fn from(label: &'a str) -> Self {
        Self { label, key: None }
    }
}

/// Stacks counted.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    /// By the group's name for people.
    pub groups: BTreeMap<String, GroupProfile>,
    /// Times that stacks were taken.
    pub rounds: u64,
    /// Wall time of taking them, in nanoseconds.
    pub taking_ns: u64,
    /// Time that threads were stopped, all stops together, in nanoseconds.
    pub stopped_ns: u64,
    /// The longest single stop, in nanoseconds; it may have given no stack.
    pub longest_stop_ns: u64,
    /// Stops of single threads, those that gave no stack included.
    pub stop_count: u64,
    /// Time that was sampled, in seconds, the rests between rounds included.
    pub sampled_s: f64,
    /// Stops that gave a stack, in nanoseconds.
    stops_ns: Vec<u64>,
    folded: HashMap<String, u64>,
    not_folded: u64,
}

/// What the threads of one group did.
#[derive(Clone, Debug, Default)]
pub struct GroupProfile {
    /// Which group it is; none where that is not known.
    pub key: Option<GroupKey>,
    /// Threads that were there at least once.
    pub threads: HashSet<Tid>,
    /// Looks at threads that were there.
    pub looks: u64,
    /// Of them, by what the thread did.
    pub activities: BTreeMap<StackActivity, u64>,
    /// Of those, the ones whose meaning is likely, not certain.
    pub likely: BTreeMap<StackActivity, u64>,
    /// Looks at threads that ran and could not be read: only a stop reads them.
    pub running: u64,
    /// Looks that failed for another reason.
    pub unreadable: u64,
    /// Why those that ran were not read.
    whys: BTreeMap<String, u64>,
    doings: BTreeMap<(StackActivity, String), u64>,
}

impl GroupProfile {
    /// What they did and at what, the most seen first.
    pub fn doings(&self) -> Vec<(StackActivity, &str, u64)> {
        let mut doings: Vec<_> = self.doings.iter().map(|((what, at), &looks)| (*what, at.as_str(), looks)).collect();
        doings.sort_by_key(|(_, _, looks)| std::cmp::Reverse(*looks));
        doings
    }

    /// Why most of those that ran were not read; none where all were.
    pub fn why_running(&self) -> Option<&str> {
        self.whys.iter().max_by_key(|(_, looks)| **looks).map(|(why, _)| why.as_str())
    }

    fn add(&mut self, stack: &Stack, meaning: Option<&StackMeaning>) {
        self.threads.insert(stack.tid);
        self.looks += 1;
        let Some(meaning) = meaning else {
            match stack.state {
                ThreadState::Running => {
                    self.running += 1;
                    if let StackMethod::Not { why } | StackMethod::PythonOnly { why } = &stack.taken
                        && (self.whys.len() < MOST_WHYS || self.whys.contains_key(why))
                    {
                        *self.whys.entry(why.clone()).or_default() += 1;
                    }
                }
                _ => self.unreadable += 1,
            }
            return;
        };
        *self.activities.entry(meaning.activity).or_default() += 1;
        if meaning.note.is_some() {
            *self.likely.entry(meaning.activity).or_default() += 1;
        }
        let likely = if meaning.note.is_some() { " (likely)" } else { "" };
        let key = (meaning.activity, format!("{}{likely}", meaning.label));
        let full = self.doings.len() >= MOST_DOINGS && !self.doings.contains_key(&key);
        *self.doings.entry(if full { (meaning.activity, OTHER.to_owned()) } else { key }).or_default() += 1;
    }
}

impl Profile {
    /// Counts stacks; `whose` is a thread's group. Threads that ended are not counted.
    pub fn add<'a, W: Into<ProfiledGroup<'a>>>(
        &mut self,
        stacks: &Stacks,
        meanings: &mut MeaningCache,
        whose: impl Fn(Tid) -> W,
    ) {
        self.rounds += 1;
        self.taking_ns = self.taking_ns.saturating_add(stacks.wall_ns);
        self.stopped_ns = self.stopped_ns.saturating_add(stacks.stopped_ns);
        self.longest_stop_ns = self.longest_stop_ns.max(stacks.longest_stop_ns);
        self.stop_count += stacks.stop_count;
        for stack in &stacks.stacks {
            if stack.is_of_ended_thread() {
                continue;
            }
            if let StackMethod::Stopped { stop_ns } = stack.taken
                && self.stops_ns.len() < MOST_STOPS
            {
                self.stops_ns.push(stop_ns);
            }
            let meaning = meanings.of(stack);
            let ProfiledGroup { label, key } = whose(stack.tid).into();
            let group = self.groups.entry(label.to_owned());
            let group = group.or_insert_with(|| GroupProfile { key: key.cloned(), ..GroupProfile::default() });
            group.add(stack, meaning.as_ref());
            if let Some(meaning) = meaning {
                self.fold(label, &meaning, stack, meanings);
            }
        }
    }

    /// All stops, of `sampled_s` seconds; none where no thread was stopped.
    pub fn stop_totals(&self, sampled_s: f64) -> Option<StopTotals> {
        (self.stopped_ns > 0).then(|| StopTotals {
            count: self.stop_count,
            total_ns: self.stopped_ns,
            median_ns: self.stops().map(|(_, median)| median),
            longest_ns: self.longest_stop_ns,
            sampled_s,
        })
    }

    /// Stops that gave a stack, and the one in the middle, in nanoseconds; none where there was none.
    pub fn stops(&self) -> Option<(usize, u64)> {
        let mut stops = self.stops_ns.clone();
        stops.sort_unstable();
        stops.get(stops.len() / 2).map(|&median| (stops.len(), median))
    }

    /// Every distinct stack with its count, outermost first, as flame graph programs read it; and the looks whose stacks
    /// were one too many to keep.
    pub fn folded(&self) -> (Vec<(&str, u64)>, u64) {
        let mut folded: Vec<(&str, u64)> = self.folded.iter().map(|(stack, &looks)| (stack.as_str(), looks)).collect();
        folded.sort_unstable();
        (folded, self.not_folded)
    }

    fn fold(&mut self, group: &str, meaning: &StackMeaning, stack: &Stack, meanings: &mut MeaningCache) {
        let mut line = format!("{};{}", part(group), meaning.activity.word());
        for frame in stack.frames.iter().rev() {
            for name in meanings.frame_names(frame) {
                line.push(';');
                line.push_str(&part(&name));
            }
        }
        if self.folded.len() >= MOST_FOLDED && !self.folded.contains_key(&line) {
            self.not_folded += 1;
        } else {
            *self.folded.entry(line).or_default() += 1;
        }
    }
}

/// A name that can't be taken for two.
fn part(name: &str) -> String {
    name.replace(';', ",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Address;
    use crate::data::sample::{Frame, PythonFrame, StackEnd};

    fn stack(tid: u32, state: ThreadState, taken: StackMethod, names: &[&str]) -> Stack {
        let frame = |name: &&str| Frame { address: Some(Address(1)), symbol: Some((*name).into()), ..Frame::default() };
        let frames = names.iter().map(frame).collect();
        Stack { tid: Tid(tid), state, taken, frames, end: StackEnd::Outermost, gaps: Vec::new() }
    }

    fn profile(stacks: Vec<Stack>) -> Profile {
        let mut profile = Profile::default();
        let stacks = Stacks { stacks, stopped_ns: 400_000, longest_stop_ns: 300_000, wall_ns: 5, ..Stacks::default() };
        profile.add(&stacks, &mut MeaningCache::builtin(), |tid| if tid.0 < 10 { "pool; of tests" } else { "other" });
        profile
    }

    #[test]
    fn looks_are_counted_by_what_threads_did_and_those_that_failed_are_counted_too() {
        let not = || StackMethod::Not { why: "only a stop shows its native frames".to_owned() };
        let worker = "Eigen::ThreadPoolTempl::WorkerLoop";
        let stopped = |stop_ns| StackMethod::Stopped { stop_ns };
        let profile = profile(vec![
            stack(1, ThreadState::Running, stopped(100_000), &["tensorflow::MatMulOp::Compute", worker]),
            stack(2, ThreadState::Running, stopped(300_000), &[worker]),
            stack(3, ThreadState::Sleeping, StackMethod::WithoutStop, &["Eigen::ThreadPoolTempl::WaitForWork", worker]),
            stack(4, ThreadState::Running, not(), &[]),
            stack(5, ThreadState::Sleeping, not(), &[]),
            stack(6, ThreadState::Unknown, not(), &[]),
            stack(11, ThreadState::Running, StackMethod::WithoutStop, &["program::unheard_of"]),
        ]);
        let pool = &profile.groups["pool; of tests"];
        assert_eq!((pool.looks, pool.threads.len(), pool.running, pool.unreadable), (5, 5, 1, 1));
        let expected = [(StackActivity::Working, 1), (StackActivity::Spinning, 1), (StackActivity::Waiting, 1)];
        assert_eq!(pool.activities, expected.into_iter().collect());
        assert!(pool.doings().contains(&(StackActivity::Working, "MatMulOp", 1)), "{:?}", pool.doings());
        assert_eq!(profile.groups["other"].activities, [(StackActivity::Unknown, 1)].into_iter().collect());
        assert_eq!((profile.stops(), profile.longest_stop_ns), (Some((2, 300_000)), 300_000));
    }

    #[test]
    fn folded_stacks_are_outermost_first_and_a_name_stays_one_part() {
        let twice = || {
            stack(1, ThreadState::Running, StackMethod::WithoutStop, &["tensorflow::MatMulOp::Compute", "a;b", "main"])
        };
        let mut python = stack(12, ThreadState::Sleeping, StackMethod::WithoutStop, &[]);
        let call = |function: &str| PythonFrame { function: function.into(), file: "/a/x.py".into(), line: Some(3) };
        python.frames.push(Frame { python: vec![call("inner"), call("outer")], ..Frame::default() });
        let profile = profile(vec![twice(), twice(), python]);
        let expected = [
            ("other;waiting;outer (x.py:3);inner (x.py:3)", 1),
            ("pool, of tests;working;main;a,b;tensorflow::MatMulOp::Compute", 2),
        ];
        assert_eq!(profile.folded(), (expected.to_vec(), 0));
    }

    #[test]
    fn endless_names_do_not_grow_a_profile_without_bound() {
        let names: Vec<String> = (0..MOST_DOINGS + 50).map(|at| format!("tensorflow::A{at}Op::Compute")).collect();
        let stacks = names
            .iter()
            .map(|name| stack(1, ThreadState::Running, StackMethod::WithoutStop, &[name.as_str()]))
            .collect();
        let profile = profile(stacks);
        let doings = profile.groups["pool; of tests"].doings();
        assert_eq!(doings.len(), MOST_DOINGS + 1);
        assert_eq!(doings[0], (StackActivity::Working, OTHER, 50));
    }
}
