//! The judged window: longer than the one on screen, because it accuses. Keeps what each total was when the window began,
//! turns it into a judged moment, and lets the rules speak about once a second.

use std::collections::VecDeque;

use super::capacity::{Quotas, share};
use super::finding::{self, Case, Growth, Judged, Judgement};
use super::groups::Groups;
use super::headline::{Condition, Headline, Pressure};
use super::knobs::Cpus;
use super::levels::{Circumstances, JUDGED_S, Judge};
use super::processes::Processes;
use super::rates::Load;
use super::scene::{Demand, GroupKey, Scene};
use super::window::{Remembered, Total, Window};
use crate::fact::{CgroupVersion, ProcessKey, ProcessSample, Text, Throttle};

/// Judgements are this far apart at least.
const STEP_NS: u64 = 980_000_000;
/// Counts of threads that growth is told from, about a second apart.
const COUNTS: usize = 61;

/// What the judged window remembers.
#[derive(Debug)]
pub(crate) struct Judging {
    window: Window,
    began_ns: u64,
    target: Remembered<Load>,
    groups: Vec<(GroupKey, Remembered<Load>, VecDeque<u32>)>,
    processes: Vec<(ProcessKey, Remembered<Load>)>,
    quotas: Vec<(Text, CgroupVersion, Remembered<Throttle>)>,
    judge: Judge,
    last_ns: Option<u64>,
    said: Option<(Headline, Vec<Judgement>)>,
}

impl Default for Judging {
    fn default() -> Self {
        Self {
            window: Window::of_seconds(JUDGED_S),
            began_ns: 0,
            target: Remembered::new(Load::default()),
            groups: Vec::new(),
            processes: Vec::new(),
            quotas: Vec::new(),
            judge: Judge::default(),
            last_ns: None,
            said: None,
        }
    }
}

impl Judging {
    /// Follows the totals to one more instant.
    pub fn take_in(&mut self, now_ns: u64, target: Load, groups: &Groups, processes: &Processes, quotas: &Quotas) {
        if !self.window.begun() {
            self.began_ns = now_ns;
        }
        self.window.advance(now_ns);
        let window = &self.window;
        step(&mut self.target, target, window);
        let count_due = self.last_ns.is_none_or(|last_ns| now_ns.saturating_sub(last_ns) >= STEP_NS);
        for (key, total, threads) in groups.totals() {
            let index = self.groups.iter().position(|(known, ..)| known == key).unwrap_or_else(|| {
                self.groups.push((key.clone(), Remembered::new(Load::default()), VecDeque::new()));
                self.groups.len() - 1
            });
            let (_, load, counts) = &mut self.groups[index];
            step(load, total, window);
            if count_due {
                counts.push_back(threads);
                let surplus = counts.len().saturating_sub(COUNTS);
                counts.drain(..surplus);
            }
        }
        let mut known = std::mem::take(&mut self.processes);
        for process in processes.watched() {
            let index = known.iter().position(|(key, _)| *key == process.key);
            let mut load = index.map_or_else(|| Remembered::new(Load::default()), |index| known.swap_remove(index).1);
            step(&mut load, process.total(), window);
            self.processes.push((process.key, load));
        }
        let mut known = std::mem::take(&mut self.quotas);
        for (cgroup, total) in quotas.totals() {
            let same =
                |(path, version, _): &(Text, CgroupVersion, _)| (path, version) == (&cgroup.path, &cgroup.version);
            let index = known.iter().position(same);
            let known =
                index.map(|index| known.swap_remove(index).2).filter(|known| total.periods >= known.now.periods);
            let mut throttle = known.unwrap_or_else(|| Remembered::new(total));
            step(&mut throttle, total, window);
            self.quotas.push((cgroup.path.clone(), cgroup.version, throttle));
        }
    }

    /// Puts headline and judgements into a scene that is complete but for them. Judges anew about once a second.
    pub fn speak(&mut self, scene: &mut Scene, samples: &[ProcessSample], sizes: Cpus) {
        let now_ns = self.window.now_ns();
        let due = self.last_ns.is_none_or(|last_ns| now_ns.saturating_sub(last_ns) >= STEP_NS);
        if due || self.said.is_none() {
            self.last_ns = Some(now_ns);
            self.said = Some(self.judge(scene, samples, sizes));
        }
        if let Some((headline, judgements)) = &self.said {
            scene.headline = headline.clone();
            scene.judgements = judgements.clone();
        }
    }

    fn judge(&mut self, scene: &Scene, samples: &[ProcessSample], sizes: Cpus) -> (Headline, Vec<Judgement>) {
        let seen = self.window.full().then(|| self.judged(scene, samples));
        let watched_s = self.window.now_ns().saturating_sub(self.began_ns) as f64 / 1e9;
        let unjudged = Case {
            processes: samples,
            groups: &scene.groups,
            threads: &scene.threads,
            capacity: &scene.capacity,
            cpus: &scene.cpus,
            sizes,
            watched_s,
            judged: None,
        };
        let judged = seen.map(|seen| {
            let circumstances = circumstances(&Case { judged: Some(&seen), ..unjudged }, &seen);
            Judged { condition: self.judge.judge(watched_s, &seen.pressure, &circumstances), ..seen }
        });
        let case = Case { judged: judged.as_ref(), ..unjudged };
        (Headline::new(&case), finding::judge(&case))
    }

    fn judged(&self, scene: &Scene, samples: &[ProcessSample]) -> Judged {
        let window = &self.window;
        let demand = |load: &Remembered<Load>| load.over(window).demand(window.span_ns()).unwrap_or_default();
        let group = |key: &GroupKey| self.groups.iter().find(|(known, ..)| known == key);
        let process = |key: ProcessKey| self.processes.iter().find(|(known, _)| *known == key);
        let groups = scene.groups.iter();
        let shares = self.quotas.iter().filter_map(|(.., throttle)| share(throttle.over(window)));
        Judged {
            pressure: pressure(
                self.target.over(window),
                demand(&self.target),
                scene.capacity.effective_cpus,
                shares.max_by(f64::total_cmp),
            ),
            condition: Condition::TooSoon,
            demand: demand(&self.target),
            growth: groups
                .clone()
                .map(|g| group(&g.key).map_or(Growth::default(), |(.., counts)| growth(counts)))
                .collect(),
            groups: groups.map(|g| group(&g.key).map_or(Demand::default(), |(_, load, _)| demand(load))).collect(),
            processes: samples
                .iter()
                .map(|s| process(s.fact.key).map_or(Demand::default(), |(_, l)| demand(l)))
                .collect(),
        }
    }
}

fn step<T: Total>(total: &mut Remembered<T>, now: T, window: &Window) {
    total.now = now;
    total.mark(window);
}

fn pressure(load: Load, demand: Demand, effective_cpus: f64, throttled_share: Option<f64>) -> Pressure {
    let waited_ns = load.runnable_ns.saturating_sub(load.run_ns) as f64;
    let entitled = demand.wanted.min(effective_cpus);
    Pressure {
        saturation: if effective_cpus > 0.0 { demand.wanted / effective_cpus } else { 0.0 },
        wait_share: demand.wait_share.unwrap_or(0.0),
        wait_ms_per_slice: if load.slices > 0 { waited_ns / 1e6 / load.slices as f64 } else { 0.0 },
        self_excess: (demand.wanted - effective_cpus).max(0.0),
        external: (entitled - demand.got).max(0.0),
        throttled_share,
    }
}

fn growth(counts: &VecDeque<u32>) -> Growth {
    let steps = || counts.iter().zip(counts.iter().skip(1));
    let count = |rose: fn(&u32, &u32) -> bool| steps().filter(|(before, after)| rose(before, after)).count() as u32;
    Growth {
        before: counts.front().copied().unwrap_or(0),
        now: counts.back().copied().unwrap_or(0),
        rises: count(|before, after| after > before),
        falls: count(|before, after| after < before),
    }
}

fn circumstances(case: &Case, judged: &Judged) -> Circumstances {
    let limited = case.groups.iter().filter(|group| finding::COMPUTE.contains(&group.key.origin.as_ref()));
    Circumstances {
        quota_binds: case
            .capacity
            .terms
            .iter()
            .any(|term| term.throttled_share.is_some() && term.cpus < f64::from(case.sizes.allowed)),
        crowded: finding::crowded(case),
        largest_pool: limited.map(|group| group.threads).max().unwrap_or(0),
        wanted: judged.demand.wanted,
        effective_cpus: case.effective_cpus(),
    }
}
