//! What a run used by any instant: totals that only grow, remembered at points in time. When there are too many points,
//! every second one goes; between two points totals are read off a straight line.

use crate::data::ProcessKey;
use crate::data::sample::{CgroupFact, CpuTime, Sample, Throttle};
use crate::data::scene::{GroupKey, Scene};
use crate::model::rates::load::TickLength;
use crate::model::rates::window::Total as _;

/// Points in time; an even number.
const MOST_POINTS: usize = 1024;
/// Groups told apart.
const MOST_GROUPS: usize = 64;
/// Quotas told apart.
const MOST_QUOTAS: usize = 8;

/// Totals over time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Usage {
    points: Vec<Point>,
    /// Points stand at least this far apart, but for the newest.
    apart_ns: u64,
    now: Totals,
    before: Before,
    /// What the groups of `Totals::groups` are, in the same order.
    pub groups: Vec<(GroupKey, String)>,
    quotas: Vec<CgroupFact>,
    /// CPUs of the machine and those it may use, as last seen.
    pub cpus: (u32, u32),
    /// Groups for which there was no place.
    pub groups_dropped: bool,
}

/// What was read last, to know what came since.
#[derive(Clone, Debug, Default)]
struct Before {
    cpus: Vec<CpuTime>,
    processes: Vec<(ProcessKey, u64)>,
    /// Run and wait of each group in the model's own count, which begins anew when the source of counters changes.
    groups: Vec<(f64, f64)>,
    quotas: Vec<Throttle>,
    at_ns: Option<u64>,
}

/// Totals at an instant.
#[derive(Clone, Debug, Default)]
struct Point {
    at_ns: u64,
    totals: Totals,
    /// The most threads of each group at the samples since the point before.
    most_threads: Vec<u32>,
    effective_cpus: f64,
}

/// Totals since the first sample, in seconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Totals {
    /// CPU time of all its processes, threads that died included.
    pub own_s: f64,
    /// Busy time of all CPUs, stolen time included.
    pub busy_s: f64,
    /// The same of the CPUs it may use.
    pub allowed_busy_s: f64,
    /// CPU time and waiting time of each group.
    pub groups: Vec<(f64, f64)>,
    /// Periods and throttled periods of each quota.
    pub quotas: Vec<(f64, f64)>,
}

/// What was used between two instants.
#[derive(Clone, Debug, Default)]
pub(crate) struct Used {
    pub seconds: f64,
    pub totals: Totals,
    pub most_threads: Vec<u32>,
    /// The number of CPUs it could use, sample by sample.
    pub effective_cpus: Vec<f64>,
}

impl Usage {
    /// One more sample. Samples of a target that has ended, and samples that are not later than the last, say nothing new.
    pub fn add(&mut self, sample: &Sample, scene: &Scene) {
        let later = self.before.at_ns.is_none_or(|before_ns| sample.at_ns > before_ns);
        if scene.target.ended || !later {
            return;
        }
        self.add_cpus(sample, scene);
        self.add_processes(sample);
        self.add_quotas(sample);
        let threads = self.add_groups(scene);
        self.before.at_ns = Some(sample.at_ns);
        let effective_cpus = scene.capacity.effective_cpus;
        self.push(Point { at_ns: sample.at_ns, totals: self.now.clone(), most_threads: threads, effective_cpus });
    }

    /// The first and the last sample; none before the second.
    pub fn span_ns(&self) -> Option<(u64, u64)> {
        let (first, last) = (self.points.first()?.at_ns, self.points.last()?.at_ns);
        (first < last).then_some((first, last))
    }

    /// What was used between two instants, cut to what was watched; none where nothing is left.
    pub fn between(&self, from_ns: u64, to_ns: u64) -> Option<Used> {
        let (first_ns, last_ns) = self.span_ns()?;
        let (from_ns, to_ns) = (from_ns.max(first_ns), to_ns.min(last_ns));
        let seconds = to_ns.checked_sub(from_ns).filter(|&ns| ns > 0)? as f64 / 1e9;
        let totals = self.at(to_ns).since(&self.at(from_ns));
        let after = |point: &&Point| point.at_ns > from_ns;
        // The point at or after the end holds the looks up to it.
        let ends = self.points.iter().position(|point| point.at_ns >= to_ns).map_or(self.points.len(), |at| at + 1);
        let looks: Vec<&Point> = self.points[..ends].iter().filter(after).collect();
        let mut most_threads = vec![0; self.groups.len()];
        for point in &looks {
            for (most, threads) in most_threads.iter_mut().zip(&point.most_threads) {
                *most = (*most).max(*threads);
            }
        }
        let effective_cpus = looks.iter().map(|point| point.effective_cpus).filter(|&cpus| cpus > 0.0).collect();
        Some(Used { seconds, totals, most_threads, effective_cpus })
    }

    /// The same in pieces of at least `seconds`, one after the other.
    pub fn pieces(&self, from_ns: u64, to_ns: u64, seconds: f64) -> Vec<Used> {
        let length_ns = (seconds * 1e9) as u64;
        let inside = self.points.iter().map(|point| point.at_ns).filter(|at_ns| (from_ns..=to_ns).contains(at_ns));
        let mut pieces = Vec::new();
        let mut begin_ns = None;
        for at_ns in inside {
            let began = *begin_ns.get_or_insert(at_ns);
            // Looks jitter: a tenth is forgiven.
            if at_ns - began >= length_ns - length_ns / 10 {
                pieces.extend(self.between(began, at_ns));
                begin_ns = Some(at_ns);
            }
        }
        pieces
    }

    fn at(&self, at_ns: u64) -> Totals {
        let next = self.points.partition_point(|point| point.at_ns < at_ns);
        let (before, after) = match (next.checked_sub(1).and_then(|at| self.points.get(at)), self.points.get(next)) {
            (Some(before), Some(after)) => (before, after),
            (Some(only), None) | (None, Some(only)) => return only.totals.clone(),
            (None, None) => return Totals::default(),
        };
        let share = (at_ns - before.at_ns) as f64 / (after.at_ns - before.at_ns).max(1) as f64;
        before.totals.towards(&after.totals, share)
    }

    fn push(&mut self, point: Point) {
        let provisional = self.points.len() >= 2
            && point.at_ns - self.points[self.points.len() - 2].at_ns < self.apart_ns.saturating_mul(2)
            && point.at_ns - self.points[self.points.len() - 1].at_ns < self.apart_ns;
        match self.points.last_mut().filter(|_| provisional) {
            Some(last) => *last = last.followed_by(point),
            None => self.points.push(point),
        }
        if self.points.len() == MOST_POINTS {
            self.thin_out();
        }
    }

    /// The first point stays: it is where everything begins. Of the others each takes its neighbour in.
    fn thin_out(&mut self) {
        let mut points = std::mem::take(&mut self.points).into_iter();
        self.points.extend(points.next());
        while let Some(point) = points.next() {
            self.points.push(match points.next() {
                Some(next) => point.followed_by(next),
                None => point,
            });
        }
        if let Some((first_ns, last_ns)) = self.span_ns() {
            self.apart_ns = (last_ns - first_ns) / self.points.len() as u64;
        }
    }

    fn add_cpus(&mut self, sample: &Sample, scene: &Scene) {
        let ticks = TickLength::of(&sample.host);
        let allowed = |cpu: u32| scene.cpus.iter().any(|shown| shown.cpu == cpu && shown.allowed);
        let before = std::mem::replace(&mut self.before.cpus, sample.cpus.clone());
        let mut of_allowed = 0;
        for (index, time) in sample.cpus.iter().enumerate() {
            let allowed = allowed(time.cpu);
            of_allowed += u32::from(allowed);
            // CPUs mostly stand where they stood.
            let same = before.get(index).filter(|earlier| earlier.cpu == time.cpu);
            let Some(earlier) = same.or_else(|| before.iter().find(|earlier| earlier.cpu == time.cpu)) else {
                continue;
            };
            let since = time.since(*earlier);
            let busy_s = ticks.ns(since.busy_ticks.saturating_add(since.steal_ticks)) as f64 / 1e9;
            self.now.busy_s += busy_s;
            self.now.allowed_busy_s += if allowed { busy_s } else { 0.0 };
        }
        self.cpus = (u32::try_from(sample.cpus.len()).unwrap_or(u32::MAX), of_allowed);
    }

    fn add_processes(&mut self, sample: &Sample) {
        let ticks = TickLength::of(&sample.host);
        let before = std::mem::take(&mut self.before.processes);
        for process in &sample.processes {
            let key = process.fact.key;
            let born = self.before.at_ns.is_some_and(|before_ns| ticks.started_after(key.start_ticks, before_ns));
            let known = before.iter().find(|(known, _)| *known == key).map(|(_, ticks)| *ticks);
            let earlier = known.unwrap_or(if born { 0 } else { process.cpu_ticks });
            self.now.own_s += ticks.ns(process.cpu_ticks.saturating_sub(earlier)) as f64 / 1e9;
            self.before.processes.push((key, process.cpu_ticks.max(earlier)));
        }
    }

    fn add_quotas(&mut self, sample: &Sample) {
        let mut seen = [false; MOST_QUOTAS];
        for process in sample.processes.iter().filter(|process| !process.ended) {
            for (cgroup, throttle) in process.fact.cgroups.iter().zip(&process.throttle) {
                let Some(throttle) = throttle else { continue };
                let same = |known: &CgroupFact| known.path == cgroup.path && known.version == cgroup.version;
                let Some(place) = self.quotas.iter().position(same).or_else(|| {
                    (self.quotas.len() < MOST_QUOTAS).then(|| {
                        self.quotas.push(cgroup.clone());
                        self.before.quotas.push(*throttle);
                        self.now.quotas.push((0.0, 0.0));
                        self.quotas.len() - 1
                    })
                }) else {
                    continue;
                };
                // Processes share their cgroups: each counts once a look.
                if std::mem::replace(&mut seen[place], true) {
                    continue;
                }
                let since = throttle.since(std::mem::replace(&mut self.before.quotas[place], *throttle));
                self.now.quotas[place].0 += since.periods as f64;
                self.now.quotas[place].1 += since.throttled_periods as f64;
            }
        }
    }

    /// Returns the threads of each group now.
    fn add_groups(&mut self, scene: &Scene) -> Vec<u32> {
        let first = self.before.at_ns.is_none();
        let mut threads = vec![0; self.groups.len()];
        for group in &scene.groups {
            let known = self.groups.iter().position(|(key, _)| *key == group.key);
            let Some(place) = known.or_else(|| {
                (self.groups.len() < MOST_GROUPS).then(|| {
                    self.groups.push((group.key.clone(), group.label.clone()));
                    // The model counts from when it first saw a thread of the group, which is now.
                    let begin = if first { (group.total_run_s, group.total_wait_s) } else { (0.0, 0.0) };
                    self.before.groups.push(begin);
                    self.now.groups.push((0.0, 0.0));
                    threads.push(0);
                    self.groups.len() - 1
                })
            }) else {
                self.groups_dropped = true;
                continue;
            };
            threads[place] = group.threads;
            let total = (group.total_run_s, group.total_wait_s);
            let before = std::mem::replace(&mut self.before.groups[place], total);
            let since = |now: f64, before: f64| if now < before { now } else { now - before };
            self.now.groups[place].0 += since(total.0, before.0);
            self.now.groups[place].1 += since(total.1, before.1);
        }
        threads
    }
}

impl Point {
    /// Two neighbours as one: totals are those of the later.
    fn followed_by(&self, mut next: Self) -> Self {
        for (most, earlier) in next.most_threads.iter_mut().zip(&self.most_threads) {
            *most = (*most).max(*earlier);
        }
        next
    }
}

impl Totals {
    fn since(&self, earlier: &Self) -> Self {
        self.with(earlier, |now, before| (now - before).max(0.0))
    }

    fn towards(&self, later: &Self, share: f64) -> Self {
        later.with(self, |later, now| now + (later - now) * share)
    }

    /// Pair by pair; what the other does not have yet is 0 there.
    fn with(&self, other: &Self, combine: impl Fn(f64, f64) -> f64) -> Self {
        let pairs = |these: &[(f64, f64)], others: &[(f64, f64)]| {
            let others = others.iter().copied().chain(std::iter::repeat((0.0, 0.0)));
            these.iter().zip(others).map(|(this, other)| (combine(this.0, other.0), combine(this.1, other.1))).collect()
        };
        Self {
            own_s: combine(self.own_s, other.own_s),
            busy_s: combine(self.busy_s, other.busy_s),
            allowed_busy_s: combine(self.allowed_busy_s, other.allowed_busy_s),
            groups: pairs(&self.groups, &other.groups),
            quotas: pairs(&self.quotas, &other.quotas),
        }
    }
}

#[cfg(test)]
#[path = "usage_tests.rs"]
mod tests;
