//! Do threads of a group keep being born without dying?

use std::cmp::Reverse;

use crate::data::Pid;
use crate::data::limits::Grade;
use crate::data::scene::{Evidence, Finding, Group, Level, Remedy, Thread};
use crate::model::rates::group_history::{Growth, SAMPLES_KEPT};
use crate::model::rules::input::RuleInput;
use crate::model::rules::rule::{Rule, RuleResult, clear, too_soon};

pub const RULE: Rule = Rule { code: "thread-leak", question: "Does the number of threads keep growing?", check };

/// Seconds of watching a trend needs, less the jitter of a tick.
const NEEDS_S: f64 = (SAMPLES_KEPT - 1) as f64;
/// Threads more than before that make a leak.
const LEAST_GROWTH: u32 = 10;
/// Names that are told of those that came.
const MOST_NAMES: usize = 4;
/// Minutes to a limit on threads below which it is urgent.
const URGENT_MINUTES: f64 = 10.0;

fn check(input: &RuleInput) -> RuleResult {
    let judged = match input.judged() {
        Ok(judged) if input.watched_s >= NEEDS_S * 0.98 => judged,
        _ => return too_soon(format!("{NEEDS_S:.0} s of watching, has {:.0}", input.watched_s)),
    };
    let grown = |growth: &Growth| growth.now.saturating_sub(growth.before);
    let pairs = input.groups.iter().zip(&judged.growth);
    let pairs = pairs.flat_map(|(group, all)| all.iter().map(move |growth| (group, growth)));
    let leaks = pairs.filter(|(_, growth)| keeps_growing(growth));
    let Some((group, growth)) = leaks.max_by_key(|(_, growth)| grown(growth)) else {
        return clear("no group kept gaining threads through the last minute");
    };
    let names = youngest(input, group, growth.pid, grown(growth));
    let headroom = headroom(input);
    let minutes = |room: u64| room as f64 / f64::from(grown(growth).max(1));
    let urgent = headroom.as_ref().is_some_and(|limit| minutes(limit.room()) < URGENT_MINUTES);
    let lows: Vec<String> = growth.lows.iter().map(u32::to_string).collect();
    let mut evidence = vec![
        Evidence::new(group.label.clone(), format!("{} threads a minute ago, {} now", growth.before, growth.now)),
        Evidence::new("fewest in each quarter of the minute", lows.join(", ")),
    ];
    let counts: Vec<String> = names.iter().map(|(name, threads)| format!("{threads} {name}")).collect();
    evidence.push(Evidence::new("names of the youngest of them", counts.join(", ")));
    if input.processes.len() > 1 {
        evidence.push(Evidence::new("process", growth.pid.to_string()));
    }
    evidence.extend(headroom.map(|limit| {
        let at_least = if limit.others_unseen { "at least " } else { "" };
        let value =
            format!("{at_least}{} of {} used, full in about {:.0} min", limit.used, limit.max, minutes(limit.room()));
        Evidence::new(limit.what, value)
    }));
    let most = names.first().filter(|(name, threads)| threads * 2 > grown(growth) && *name != group.label);
    let called = most.map_or(String::new(), |(name, _)| format!(", most of them {name}"));
    Ok(Finding {
        level: if urgent { Level::Severe } else { Level::Notice },
        grade: Grade::Measured,
        message: format!(
            "{} grew from {} to {} threads within a minute and does not shrink{called}",
            group.label, growth.before, growth.now
        ),
        evidence,
        remedy: Remedy {
            text:
                "something creates pools and never releases them (iterators, sessions, executors): create it once and reuse it"
                    .to_owned(),
            ..Remedy::default()
        },
    })
}

/// Names of the youngest threads of a group in one process, with how many have each, most first; numbers in names are `*`.
fn youngest(input: &RuleInput, group: &Group, pid: Pid, count: u32) -> Vec<(String, u32)> {
    let of = |thread: &&Thread| thread.pid == pid && thread.attribution.group == group.key;
    let mut threads: Vec<&Thread> = input.threads.iter().filter(of).collect();
    threads.sort_by_key(|thread| Reverse((thread.key.start_ticks, thread.key.tid)));
    let mut names: Vec<(String, u32)> = Vec::new();
    for thread in threads.into_iter().take(count as usize) {
        let name = without_numbers(thread.name());
        match names.iter().position(|(known, _)| *known == name) {
            Some(at) => names[at].1 += 1,
            None if names.len() < MOST_NAMES => names.push((name, 1)),
            None => {}
        }
    }
    names.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    names
}

/// "Thread-* (serve)" of "Thread-12 (serve)".
fn without_numbers(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        match c.is_ascii_digit() {
            true if out.ends_with('*') => {}
            true => out.push('*'),
            false => out.push(c),
        }
    }
    out
}

/// The fewest threads rise from quarter to quarter and still do: pools that are built once, or again and again, don't.
fn keeps_growing(growth: &Growth) -> bool {
    let rises = growth.lows.windows(2).all(|pair| pair[0] < pair[1]);
    rises && growth.lows[3] < growth.now && growth.now >= growth.before.saturating_add(LEAST_GROWTH)
}

/// A limit on threads.
struct Headroom {
    used: u64,
    max: u64,
    what: &'static str,
    /// Whether threads count that are not seen here.
    others_unseen: bool,
}

impl Headroom {
    fn room(&self) -> u64 {
        self.max.saturating_sub(self.used)
    }
}

/// The tightest limit on threads of the process asked for.
fn headroom(input: &RuleInput) -> Option<Headroom> {
    let (process, _) = input.living().next()?;
    let settings = &process.settings;
    let of_cgroup = |pids: &crate::data::sample::PidsLimit| Headroom {
        used: pids.current,
        max: pids.max,
        what: "pids.max of its cgroup",
        others_unseen: false,
    };
    // The kernel does not hold root to RLIMIT_NPROC.
    let of_user = settings.user_threads_max.filter(|_| process.uid != 0).map(|max| Headroom {
        used: input.threads.len() as u64,
        max,
        what: "RLIMIT_NPROC of its user",
        others_unseen: true,
    });
    settings.pids.as_ref().map(of_cgroup).into_iter().chain(of_user).min_by_key(Headroom::room)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grows(before: u32, lows: [u32; 4], now: u32) -> bool {
        keeps_growing(&Growth { before, now, lows, ..Growth::default() })
    }

    #[test]
    fn numbers_in_names_do_not_make_names_of_their_own() {
        assert_eq!(without_numbers("Thread-12 (serve3)"), "Thread-* (serve*)");
        assert_eq!(without_numbers("EventLoggerThread"), "EventLoggerThread");
    }

    #[test]
    fn only_steady_growth_is_a_leak() {
        assert!(grows(4, [4, 12, 20, 28], 35));
        assert!(!grows(4, [4, 4, 20, 20], 20), "two pools were built");
        assert!(!grows(4, [4, 12, 20, 28], 28), "it stopped");
        assert!(!grows(4, [4, 5, 6, 7], 9), "hardly any");
        assert!(!grows(12, [4, 4, 4, 4], 12), "a pool that is built anew each epoch");
    }
}
