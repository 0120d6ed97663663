//! Groups of threads by origin: what each used, while its threads come and go. A group's totals never fall.

use crate::data::limits::Limits;
use crate::data::origin;
use crate::data::scene::{Attribution, Group, GroupKey};
use crate::model::origin::families::Families;
use crate::model::rates::history::History;
use crate::model::rates::load::Load;
use crate::model::rates::window::{Remembered, Window};

/// A target may map any number of libraries; beyond this many groups, copies are no longer told apart.
const MOST: usize = 512;
/// CPUs that threads which ended between two looks used, from which on they are shown.
pub(crate) const LEAST_ENDED: f64 = 0.02;

/// Every group that ever had a thread.
#[derive(Clone, Debug, Default)]
pub(crate) struct GroupRates {
    watched: Vec<WatchedGroup>,
}

#[derive(Clone, Debug)]
struct WatchedGroup {
    key: GroupKey,
    label: String,
    about: String,
    threads: u32,
    /// How often a thread came to it or left it.
    moves: u64,
    born: u64,
    died: u64,
    load: Remembered<Load>,
    /// Sum over ticks of threads that ran in the tick times the tick's length.
    awake_ns: Remembered<u64>,
    last_inhabited_ns: u64,
    /// The last look in which some of its threads waited without being counted.
    uncounted_ns: Option<u64>,
    wanted: History,
}

impl GroupRates {
    /// The group a thread belongs to; makes it if it is the first. The key may lose its copy when there are too many.
    pub fn place(&mut self, attribution: &mut Attribution, families: &Families) -> usize {
        if let Some(index) = self.position(&attribution.group) {
            return index;
        }
        if self.watched.len() >= MOST {
            attribution.group.library = None;
            if let Some(index) = self.position(&attribution.group) {
                return index;
            }
        }
        self.watched.push(WatchedGroup::new(attribution.group.clone(), families));
        self.watched.len() - 1
    }

    /// What was wanted over time begins anew.
    pub fn forget_histories(&mut self) {
        self.watched.iter_mut().for_each(|group| group.wanted = History::default());
    }

    /// A thread belongs to it from now on.
    pub fn enter(&mut self, group: usize) {
        let group = &mut self.watched[group];
        (group.threads, group.moves) = (group.threads + 1, group.moves + 1);
    }

    /// A thread belongs to it no more.
    pub fn leave(&mut self, group: usize) {
        let group = &mut self.watched[group];
        (group.threads, group.moves) = (group.threads.saturating_sub(1), group.moves + 1);
    }

    /// For each group, how often threads came to it or left it: while that stays the same, its threads are the same.
    pub fn moves(&self) -> impl Iterator<Item = u64> {
        self.watched.iter().map(|group| group.moves)
    }

    /// Counts what a thread of the group used in this tick.
    pub fn count(&mut self, group: usize, used: Load, awake_ns: u64) {
        let group = &mut self.watched[group];
        group.load.now.add(used);
        group.awake_ns.now = group.awake_ns.now.saturating_add(awake_ns);
    }

    /// Counts what a thread did between its last reading and its end.
    pub fn count_last(&mut self, group: usize, used: Load) {
        self.watched[group].load.now.add(used);
    }

    /// Counts threads that ended between two looks, and what they did. Whether their waiting is in it, the last value says: else it
    /// is the instant of this look.
    pub fn count_ended(&mut self, threads: u64, used: Load, uncounted_ns: Option<u64>, families: &Families) {
        let key = GroupKey { origin: origin::ENDED.into(), library: None };
        let index = self.position(&key).unwrap_or_else(|| {
            self.watched.push(WatchedGroup::new(key, families));
            self.watched.len() - 1
        });
        let group = &mut self.watched[index];
        group.load.now.add(used);
        (group.born, group.died) = (group.born.saturating_add(threads), group.died.saturating_add(threads));
        group.uncounted_ns = uncounted_ns.or(group.uncounted_ns);
    }

    /// Counts one of its threads that started since the tick before.
    pub fn count_birth(&mut self, group: usize) {
        self.watched[group].born += 1;
    }

    /// Counts one of its threads that ended since the tick before; it leaves.
    pub fn count_death(&mut self, group: usize) {
        self.watched[group].died += 1;
        self.leave(group);
    }

    /// A tick ends: everybody who ran was counted.
    pub fn end_tick(&mut self, window: &Window) {
        for group in &mut self.watched {
            group.load.mark(window);
            group.awake_ns.mark(window);
            if group.threads > 0 {
                group.last_inhabited_ns = window.now_ns();
            }
            if let Some(demand) = group.load.over(window).demand(window.span_ns()) {
                group.wanted.push(demand.wanted);
            }
        }
    }

    /// The groups to show, the one that wants most first, and where each thread's group stands among them. A group
    /// without threads is shown for as long as the window still covers their time.
    pub fn scene(&self, window: &Window) -> (Vec<Group>, Vec<usize>) {
        let shown_from = window.now_ns() - window.span_ns();
        let shown = |group: &WatchedGroup| match group.key.is_of_ended() {
            false => group.threads > 0 || group.last_inhabited_ns > shown_from,
            // Pools lose a thread now and then, whose last moment is no row.
            true => group.load.over(window).demand(window.span_ns()).is_some_and(|demand| demand.wanted >= LEAST_ENDED),
        };
        let mut order: Vec<(usize, Group)> =
            self.watched.iter().enumerate().filter(|(_, g)| shown(g)).map(|(i, g)| (i, g.scene(window))).collect();
        let wanted = |group: &Group| group.demand.map_or(0.0, |demand| demand.wanted);
        order.sort_by(|(_, a), (_, b)| {
            wanted(b).total_cmp(&wanted(a)).then_with(|| (&a.label, &a.key).cmp(&(&b.label, &b.key)))
        });
        let mut places = vec![0; self.watched.len()];
        order.iter().enumerate().for_each(|(place, (index, _))| places[*index] = place);
        (order.into_iter().map(|(_, group)| group).collect(), places)
    }

    /// Whether threads that ended between two looks waited without being counted at this instant or later.
    pub fn uncounted_since(&self, instant_ns: u64) -> bool {
        self.watched.iter().any(|group| group.uncounted_since(instant_ns))
    }

    /// What each group used since it was first watched, and how many threads it has.
    pub fn totals(&self) -> impl Iterator<Item = (&GroupKey, Load, u32)> {
        self.watched.iter().map(|group| (&group.key, group.load.now, group.threads))
    }

    fn position(&self, key: &GroupKey) -> Option<usize> {
        self.watched.iter().position(|group| group.key == *key)
    }
}

impl WatchedGroup {
    fn new(key: GroupKey, families: &Families) -> Self {
        let family = families.get(&key.origin);
        let name = family.map_or(&*key.origin, |family| family.label.as_str());
        let label = match &key.library {
            Some(copy) => format!("{name} {copy}"),
            None => name.to_owned(),
        };
        Self {
            label,
            about: family.map_or_else(String::new, |family| family.about.clone()),
            key,
            threads: 0,
            moves: 0,
            born: 0,
            died: 0,
            load: Remembered::new(Load::default()),
            awake_ns: Remembered::new(0),
            last_inhabited_ns: 0,
            uncounted_ns: None,
            wanted: History::default(),
        }
    }

    fn uncounted_since(&self, instant_ns: u64) -> bool {
        self.uncounted_ns.is_some_and(|uncounted_ns| uncounted_ns >= instant_ns)
    }

    fn scene(&self, window: &Window) -> Group {
        let span_ns = window.span_ns();
        Group {
            key: self.key.clone(),
            label: self.label.clone(),
            about: self.about.clone(),
            threads: self.threads,
            // How many of those ran at once that are gone, goes with them.
            awake: (span_ns > 0 && !self.key.is_of_ended()).then(|| self.awake_ns.over(window) as f64 / span_ns as f64),
            demand: self.load.over(window).demand(span_ns).map(|demand| {
                match self.uncounted_since(window.first_ns()) {
                    true => demand.without_waiting(),
                    false => demand,
                }
            }),
            judged: None,
            born: self.born,
            died: self.died,
            total_run_s: self.load.now.run_ns as f64 / 1e9,
            total_wait_s: self.load.now.runnable_ns.saturating_sub(self.load.now.run_ns) as f64 / 1e9,
            waits_uncounted: self.uncounted_ns.is_some(),
            history: self.wanted.to_vec(),
            limits: Limits::default(),
            waits: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_with_countless_libraries_does_not_make_countless_groups() {
        let (mut groups, families) = (GroupRates::default(), Families::builtin());
        let places: Vec<usize> = (0..5000)
            .map(|n| {
                let group = GroupKey { origin: "library".into(), library: Some(format!("lib{n}").into()) };
                groups.place(&mut Attribution { group, ..Attribution::default() }, &families)
            })
            .collect();
        assert_eq!(groups.watched.len(), MOST + 1);
        assert_eq!(places[4999], MOST);
        assert_eq!(groups.watched[MOST].label, "library");
    }
}
