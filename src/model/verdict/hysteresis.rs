//! The judged window: longer than the one on screen, because it accuses. Keeps what each total was when the window began,
//! turns it into a judged moment, and lets the rules speak about once a second.

use std::collections::VecDeque;

use crate::data::sample::{CgroupFact, ProcessSample, Sample, Throttle};
use crate::data::scene::{Demand, Group, GroupKey, Headline, Pressure, RuleAnswer, Scene, Verdict};
use crate::data::{CpuSet, ProcessKey};
use crate::model::activity::spin_samples::SpinSamples;
use crate::model::advice::{self, AdviceMemory, CapsFit};
use crate::model::capacity::{Quotas, share};
use crate::model::judged_window::{Crowd, JudgedWindow, Throttling};
use crate::model::limits::group_limits::DefaultSizes;
use crate::model::rates::gpus::GpuRates;
use crate::model::rates::group_history::{GroupHistory, SAMPLES_KEPT};
use crate::model::rates::groups::GroupRates;
use crate::model::rates::load::Load;
use crate::model::rates::processes::ProcessRates;
use crate::model::rates::window::{Remembered, Total, Window};
use crate::model::rules;
use crate::model::rules::input::{RuleInput, largest_pool};
use crate::model::verdict::levels::{JUDGED_S, LevelMemory, VerdictInput, is_taken};

/// Looks are this far apart at least.
const STEP_NS: u64 = 980_000_000;
/// Looks that make up the judged window.
const JUDGED_SAMPLES: usize = JUDGED_S as usize;
/// Of those, how many must see the same crowd.
const CROWDED_SAMPLES: usize = 8;

/// What the judged window remembers.
#[derive(Clone, Debug)]
pub(crate) struct Hysteresis {
    window: Window,
    /// Where each look began: at most as many as a trend needs.
    samples_ns: VecDeque<u64>,
    target: Remembered<Load>,
    /// In the order of the model's groups.
    groups: Vec<(GroupKey, Remembered<Load>, GroupHistory)>,
    /// Whether, within the window, threads waited without being counted that ended between two looks.
    uncounted: bool,
    processes: Vec<JudgedWindows>,
    quotas: Vec<(CgroupFact, Remembered<Throttle>)>,
    gpus: GpuRates,
    /// Who crowded, and how many of the allowed CPUs others used and nobody used, at the last looks.
    crowds: VecDeque<Option<Crowd>>,
    others: VecDeque<f64>,
    idle: VecDeque<f64>,
    level: LevelMemory,
    advice: AdviceMemory,
    began_ns: u64,
    last_ns: Option<u64>,
    published: Option<Published>,
}

/// What was judged last.
#[derive(Clone, Debug)]
struct Published {
    headline: Headline,
    judgements: Vec<RuleAnswer>,
    /// What each group got and wanted; nothing while it was too soon.
    demands: Vec<(GroupKey, Demand)>,
}

#[derive(Clone, Debug)]
struct JudgedWindows {
    key: ProcessKey,
    since_ns: u64,
    load: Remembered<Load>,
    /// The CPUs it may run on, and when that last changed; none where it has been so since it was first seen.
    mask: Option<CpuSet>,
    moved_ns: Option<u64>,
}

impl Hysteresis {
    /// Judges the last seconds; `whole` means everything that was watched, for a report.
    pub fn new(whole: bool) -> Self {
        Self {
            window: if whole { Window::whole() } else { Window::of_seconds(JUDGED_S) },
            samples_ns: VecDeque::new(),
            target: Remembered::new(Load::default()),
            groups: Vec::new(),
            uncounted: false,
            processes: Vec::new(),
            quotas: Vec::new(),
            gpus: GpuRates::default(),
            crowds: VecDeque::new(),
            others: VecDeque::new(),
            idle: VecDeque::new(),
            level: LevelMemory::new(whole),
            advice: AdviceMemory::new(whole),
            began_ns: 0,
            last_ns: None,
            published: None,
        }
    }

    /// Follows the totals to one more instant.
    pub fn update(
        &mut self,
        sample: &Sample,
        target: Load,
        groups: &GroupRates,
        processes: &ProcessRates,
        quotas: &Quotas,
    ) {
        if !self.window.begun() {
            self.began_ns = sample.at_ns;
        }
        self.window.advance(sample.at_ns);
        step(&mut self.target, target, &self.window);
        self.follow_groups(groups);
        self.follow_processes(processes);
        self.follow_quotas(quotas);
        self.gpus.update(&sample.gpus, &self.window);
        if self.due() {
            self.add_sample(groups, processes);
        }
    }

    fn due(&self) -> bool {
        self.last_ns.is_none_or(|last_ns| self.window.now_ns().saturating_sub(last_ns) >= STEP_NS)
    }

    fn follow_groups(&mut self, groups: &GroupRates) {
        self.uncounted = groups.uncounted_since(self.window.first_ns());
        for (index, (key, total, _)) in groups.totals().enumerate() {
            if index == self.groups.len() {
                self.groups.push((key.clone(), Remembered::new(Load::default()), GroupHistory::default()));
            }
            step(&mut self.groups[index].1, total, &self.window);
        }
    }

    fn follow_processes(&mut self, processes: &ProcessRates) {
        let mut known = std::mem::take(&mut self.processes);
        for process in processes.watched() {
            let index = known.iter().position(|known| known.key == process.key);
            let mut watched = match index {
                Some(index) => known.swap_remove(index),
                None => JudgedWindows {
                    key: process.key,
                    since_ns: self.window.now_ns(),
                    load: Remembered::new(Load::default()),
                    mask: None,
                    moved_ns: None,
                },
            };
            step(&mut watched.load, process.total(), &self.window);
            self.processes.push(watched);
        }
    }

    fn follow_masks(&mut self, samples: &[ProcessSample]) {
        let now_ns = self.window.now_ns();
        for process in &mut self.processes {
            let sample = samples.iter().find(|sample| sample.fact.key == process.key);
            let Some(mask) = sample.and_then(|sample| sample.fact.cpus_allowed.as_ref()) else { continue };
            if process.mask.as_ref().is_some_and(|before| before != mask) {
                process.moved_ns = Some(now_ns);
            }
            if process.mask.as_ref() != Some(mask) {
                process.mask = Some(mask.clone());
            }
        }
    }

    fn follow_quotas(&mut self, quotas: &Quotas) {
        let mut known = std::mem::take(&mut self.quotas);
        for (cgroup, total) in quotas.totals() {
            let same = |(known, _): &(CgroupFact, _)| (&known.path, known.version) == (&cgroup.path, cgroup.version);
            let index = known.iter().position(same);
            let known =
                index.map(|index| known.swap_remove(index).1).filter(|known| total.periods >= known.now.periods);
            let mut throttle = known.unwrap_or_else(|| Remembered::new(total));
            step(&mut throttle, total, &self.window);
            self.quotas.push((cgroup.clone(), throttle));
        }
    }

    /// Adds a look to every group's last minute.
    fn add_sample(&mut self, groups: &GroupRates, processes: &ProcessRates) {
        let now_ns = self.window.now_ns();
        let span_ns = self.last_ns.map_or(0, |last_ns| now_ns.saturating_sub(last_ns));
        let mut counts: Vec<Vec<(ProcessKey, u32)>> = vec![Vec::new(); self.groups.len()];
        for process in processes.watched() {
            for thread in process.threads.watched() {
                let Some(count) = counts.get_mut(thread.group) else { continue };
                match count.last_mut() {
                    Some((key, threads)) if *key == process.key => *threads += 1,
                    _ => count.push((process.key, 1)),
                }
            }
        }
        for ((_, total, _), ((.., looks), threads)) in groups.totals().zip(self.groups.iter_mut().zip(counts)) {
            looks.add(total, span_ns, threads);
        }
        self.samples_ns.push_back(now_ns);
        let surplus = self.samples_ns.len().saturating_sub(SAMPLES_KEPT);
        self.samples_ns.drain(..surplus);
    }

    /// Puts headline and judgements into a scene that is complete but for them. Judges anew about once a second.
    pub fn publish(
        &mut self,
        scene: &mut Scene,
        samples: &[ProcessSample],
        sizes: &DefaultSizes,
        sampled: &SpinSamples,
    ) {
        if self.due() || self.published.is_none() {
            self.last_ns = Some(self.window.now_ns());
            self.published = Some(self.evaluate(scene, samples, sizes, sampled));
        }
        if let Some(published) = &self.published {
            scene.headline = published.headline.clone();
            scene.judgements = published.judgements.clone();
            for group in &mut scene.groups {
                let judged = published.demands.iter().find(|(key, _)| *key == group.key);
                group.judged = judged.map(|(_, demand)| *demand);
            }
        }
    }

    fn evaluate(
        &mut self,
        scene: &Scene,
        samples: &[ProcessSample],
        sizes: &DefaultSizes,
        sampled: &SpinSamples,
    ) -> Published {
        self.follow_masks(samples);
        remember(&mut self.crowds, rules::piled_affinity::crowd(&scene.threads, &scene.cpus));
        let allowed = || scene.cpus.iter().filter(|cpu| cpu.allowed);
        remember(&mut self.others, allowed().map(|cpu| cpu.others).sum());
        remember(&mut self.idle, allowed().map(|cpu| (1.0 - cpu.ours - cpu.others).max(0.0)).sum());
        let watched_s = self.window.now_ns().saturating_sub(self.began_ns) as f64 / 1e9;
        let full = self.window.covers(JUDGED_S) && scene.capacity.effective_cpus > 0.0;
        let judged = full.then(|| {
            let seen = self.judged(scene, samples);
            let circumstances = verdict_input(scene, sizes, &seen);
            JudgedWindow { condition: self.level.judge(&seen.pressure, &circumstances), ..seen }
        });
        let input = RuleInput {
            processes: samples,
            groups: &scene.groups,
            threads: &scene.threads,
            details: &scene.details,
            capacity: &scene.capacity,
            sizes,
            source: scene.source,
            watched_s,
            judged: judged.as_ref(),
            advised: CapsFit::default(),
            trace: scene.trace.as_ref(),
            sampled,
        };
        let advised =
            judged.as_ref().map(|judged| advice::advise(&input, judged, &mut self.advice)).unwrap_or_default();
        let judged = judged
            .as_ref()
            .map(|judged| JudgedWindow { condition: ease(judged.condition, &advised), ..judged.clone() });
        let input = RuleInput { judged: judged.as_ref(), advised, ..input };
        let keys = scene.groups.iter().map(|group| group.key.clone());
        let known = |key: &GroupKey, demand: Demand| match self.uncounted && key.is_of_ended() {
            true => demand.without_waiting(),
            false => demand,
        };
        let demands = judged.as_ref().map(|judged| {
            let each = keys.zip(judged.groups.iter().copied());
            each.map(|(key, demand)| (key.clone(), known(&key, demand))).collect()
        });
        Published {
            headline: Headline::new(&input),
            judgements: rules::judge(&input),
            demands: demands.unwrap_or_default(),
        }
    }

    fn judged(&self, scene: &Scene, samples: &[ProcessSample]) -> JudgedWindow {
        let window = &self.window;
        let demand = |load: &Remembered<Load>| load.over(window).demand(window.span_ns()).unwrap_or_default();
        let known = |group: &Group| self.groups.iter().find(|(key, ..)| *key == group.key);
        let process = |key: ProcessKey| self.processes.iter().find(|process| process.key == key);
        let began_ns = self.samples_ns.front().copied().unwrap_or(0);
        let stayed: Vec<ProcessKey> =
            self.processes.iter().filter(|process| process.since_ns <= began_ns).map(|process| process.key).collect();
        let groups = || scene.groups.iter().map(known);
        let throttling = self.throttling();
        JudgedWindow {
            pressure: pressure(
                self.target.over(window),
                demand(&self.target),
                scene.capacity.effective_cpus,
                throttling.as_ref().map(|throttling| throttling.share),
            ),
            condition: Verdict::TooSoon,
            span_s: window.span_ns() as f64 / 1e9,
            demand: demand(&self.target),
            groups: groups().map(|group| group.map_or(Demand::default(), |(_, load, _)| demand(load))).collect(),
            slice_us: groups().map(|group| group.and_then(|(_, load, _)| load.over(window).slice_us())).collect(),
            growth: groups().map(|g| g.map_or(Vec::new(), |(.., looks)| looks.growth(&stayed))).collect(),
            wanted_by_second: groups().map(|group| group.map_or(Vec::new(), |(.., looks)| looks.wanted())).collect(),
            processes: samples
                .iter()
                .map(|sample| process(sample.fact.key).map_or(Demand::default(), |process| demand(&process.load)))
                .collect(),
            moved_s: samples
                .iter()
                .map(|sample| {
                    let moved_ns = process(sample.fact.key)?.moved_ns?;
                    Some(window.now_ns().saturating_sub(moved_ns) as f64 / 1e9)
                })
                .collect(),
            others: mean(&self.others),
            idle: mean(&self.idle),
            gpus: self.gpus.scene(window),
            crowd: self.crowd(),
            throttling,
        }
    }

    /// The crowd of the newest look, if nearly all looks of the judged window saw it.
    fn crowd(&self) -> Option<Crowd> {
        let newest = self.crowds.back()?.as_ref()?;
        let same = |look: &&Option<Crowd>| look.as_ref().is_some_and(|crowd| crowd.mask == newest.mask);
        (self.crowds.iter().filter(same).count() >= CROWDED_SAMPLES).then(|| newest.clone())
    }

    /// The quota that throttled most.
    fn throttling(&self) -> Option<Throttling> {
        let shares = self.quotas.iter().filter_map(|(cgroup, throttle)| {
            let share = share(throttle.over(&self.window))?;
            Some(Throttling { place: cgroup.path.clone(), cpus: cgroup.quota.cpus(), share })
        });
        shares.max_by(|a, b| a.share.total_cmp(&b.share))
    }
}

/// Demand beyond the CPUs is no more than a notice where nothing is left to narrow: every pool is as small as it may be without
/// leaving CPUs idle.
fn ease(condition: Verdict, advised: &CapsFit) -> Verdict {
    match condition {
        Verdict::Severe | Verdict::Oversubscribed if advised.caps.is_empty() && advised.all_within_cpus => {
            Verdict::Notice
        }
        other => other,
    }
}

fn remember<T>(looks: &mut VecDeque<T>, look: T) {
    if looks.len() == JUDGED_SAMPLES {
        looks.pop_front();
    }
    looks.push_back(look);
}

fn mean(looks: &VecDeque<f64>) -> f64 {
    (0.0 + looks.iter().sum::<f64>()) / looks.len().max(1) as f64
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

fn verdict_input(scene: &Scene, sizes: &DefaultSizes, judged: &JudgedWindow) -> VerdictInput {
    let largest = largest_pool(&scene.groups, &scene.threads, scene.capacity.effective_cpus);
    VerdictInput {
        quota_binds: judged.throttling.as_ref().is_some_and(|quota| quota.cpus < f64::from(sizes.whole.allowed)),
        crowded: judged.crowd.is_some(),
        taken: is_taken(judged.pressure.external, judged.others, judged.idle),
        largest_pool: largest.map_or(0, |(_, threads)| threads),
        wanted: judged.demand.wanted,
        effective_cpus: scene.capacity.effective_cpus,
    }
}
