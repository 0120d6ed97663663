//! From samples to scenes. No I/O and no clock: the same samples always make the same scenes.

use std::collections::HashSet;
use std::sync::Arc;

use crate::data::Gap;
use crate::data::sample::{AccountingSource, CounterSource, LaunchSample, Sample, ShimUse, ThreadAccounting};
use crate::data::scene::{Headline, Scene, StopTotals, UnreadThreads};
use crate::model::activity::profile::Profile;
use crate::model::activity::spin_samples::SpinSamples;
use crate::model::activity::waits;
use crate::model::capacity::{CpuLimits, Quotas};
use crate::model::limits::verification::Verification;
use crate::model::limits::{group_limits, shim_gaps};
use crate::model::origin::families::Families;
use crate::model::rates::cpus::CpuRates;
use crate::model::rates::gpus::GpuRates;
use crate::model::rates::groups::GroupRates;
use crate::model::rates::history::History;
use crate::model::rates::load::{Load, TickLength};
use crate::model::rates::processes;
use crate::model::rates::processes::ProcessRates;
use crate::model::rates::rows::ThreadRows;
use crate::model::rates::threads::Tick;
use crate::model::rates::trace::TraceRates;
use crate::model::rates::window::{Remembered, Window};
use crate::model::steps::MarkedLoops;
use crate::model::verdict::hysteresis::Hysteresis;
use crate::model::verdict::slower::SlowerMemory;
use crate::model::{capacity, target};

/// Turns samples into scenes. Keeps what rates need: bounded history, nothing else.
#[derive(Clone, Debug)]
pub struct Model {
    families: Families,
    tick: u64,
    whole: bool,
    history: ModelHistory,
    stops: Option<StopTotals>,
    /// Begun with the first sample of a target that was started with caps.
    verification: Option<Verification>,
    marked: MarkedLoops,
    slower: SlowerMemory,
}

/// What is remembered of the samples seen.
#[derive(Clone, Debug)]
struct ModelHistory {
    window: Window,
    processes: ProcessRates,
    groups: GroupRates,
    rows: ThreadRows,
    cpus: CpuRates,
    gpus: GpuRates,
    quotas: Quotas,
    load: Remembered<Load>,
    /// The time between two values of the histories.
    interval_ns: u64,
    wanted: History,
    got: History,
    hysteresis: Hysteresis,
    spin_samples: SpinSamples,
    trace: TraceRates,
    source: CounterSource,
    accounting: ThreadAccounting,
}

impl Model {
    /// A model that knows these thread families.
    pub fn new(families: Families) -> Self {
        let history = ModelHistory::new(CounterSource::default(), false);
        Self {
            families,
            tick: 0,
            whole: false,
            history,
            verification: None,
            marked: MarkedLoops::default(),
            slower: SlowerMemory::default(),
            stops: None,
        }
    }

    /// A model whose rates and judgements cover everything since the first sample, for a report on the whole time of
    /// watching.
    pub fn of_whole_watch(families: Families) -> Self {
        Self { whole: true, history: ModelHistory::new(CounterSource::default(), true), ..Self::new(families) }
    }

    /// Takes over what stacks showed that a person let be taken; from the next sample on it counts.
    pub fn use_profile(&mut self, profile: Arc<Profile>) {
        self.stops = profile.stop_totals(profile.sampled_s);
        self.history.spin_samples.use_profile(profile);
    }

    /// The scene after one more sample. A sample that is not later than the one before, or of a target that has ended,
    /// moves no rate: the last ones stay.
    pub fn next(&mut self, sample: Arc<Sample>) -> Scene {
        self.tick += 1;
        if self.history.source != sample.source {
            // Counters of different kinds have no difference.
            self.history = ModelHistory::new(sample.source, self.whole);
        }
        if !self.history.window.begun() || (sample.at_ns > self.history.window.now_ns() && !target::all_ended(&sample))
        {
            self.history.update(&sample, &self.families);
        }
        let mut scene = self.history.scene(&sample, self.tick);
        scene.stops = self.stops;
        if let Some(launch) = &sample.launch {
            scene.launch = Some(self.verify(launch, &scene));
            self.slower.update(launch.replaced.as_ref(), self.whole);
            scene.headline = self.slower.headline(&launch.fact, &scene.headline).unwrap_or(scene.headline);
            scene.gaps.extend(shim_gaps::gaps(launch, &scene));
        }
        scene
    }

    fn verify(&mut self, launch: &LaunchSample, scene: &Scene) -> crate::data::scene::LaunchState {
        let fact = &launch.fact;
        let verification = self.verification.get_or_insert_with(|| Verification::new(fact));
        verification.update(scene);
        let report = launch.report.clone();
        let inside = fact.shim == ShimUse::Enforce && !report.processes.is_empty() && !report.fails("data");
        self.marked.update(scene.at_ns, launch);
        let steps = self.marked.scene(fact.shim, &report);
        crate::data::scene::LaunchState {
            fact: fact.clone(),
            report,
            checks: verification.checks(inside),
            steps,
            replaced: launch.replaced.clone(),
        }
    }
}

impl ModelHistory {
    fn new(source: CounterSource, whole: bool) -> Self {
        Self {
            window: if whole { Window::whole() } else { Window::default() },
            processes: ProcessRates::default(),
            groups: GroupRates::default(),
            rows: ThreadRows::default(),
            cpus: CpuRates::default(),
            gpus: GpuRates::default(),
            quotas: Quotas::default(),
            load: Remembered::new(Load::default()),
            interval_ns: 0,
            wanted: History::default(),
            got: History::default(),
            hysteresis: Hysteresis::new(whole),
            spin_samples: SpinSamples::default(),
            trace: TraceRates::default(),
            source,
            accounting: ThreadAccounting::default(),
        }
    }

    fn update(&mut self, sample: &Sample, families: &Families) {
        let before_ns = self.window.begun().then_some(self.window.now_ns());
        if std::mem::replace(&mut self.interval_ns, sample.interval_ns) != sample.interval_ns {
            // Values that stand at other distances make no curve.
            (self.wanted, self.got) = (History::default(), History::default());
            self.groups.forget_histories();
        }
        self.window.advance(sample.at_ns);
        let mut tick = Tick {
            families,
            groups: &mut self.groups,
            cpus: &mut self.cpus,
            window: &self.window,
            source: sample.source,
            ticks: TickLength::of(&sample.host),
            before_ns,
            reading_ns: sample.cost.wall_ns,
            has_records: before_ns.is_some() && sample.accounting.has_records_since(&self.accounting),
        };
        let used = self.processes.update(&sample.processes, target::all_ended(sample), &mut tick);
        self.accounting.clone_from(&sample.accounting);
        self.load.now.add(used);
        self.load.mark(&self.window);
        self.groups.end_tick(&self.window);
        self.cpus.end_tick(&sample.cpus, &self.window);
        self.gpus.update(&sample.gpus, &self.window);
        self.quotas.update(&target::living(sample), &self.window);
        self.hysteresis.update(sample, self.load.now, &self.groups, &self.processes, &self.quotas);
        if let Some(demand) = self.load.over(&self.window).demand(self.window.span_ns()) {
            self.wanted.push(demand.wanted);
            self.got.push(demand.got);
        }
    }

    fn scene(&mut self, sample: &Sample, tick: u64) -> Scene {
        let window = &self.window;
        let (mut groups, places) = self.groups.scene(window);
        let bounds = CpuLimits::of(sample, &target::living(sample));
        let allowed = bounds.allowed();
        let declared = sample.processes.first().map_or(Vec::new(), |root| capacity::declared(&root.fact));
        let seconds = |ns: u64| ns as f64 / 1e9;
        let moves = self.groups.moves();
        let threads = self.rows.update(&mut self.processes, moves.zip(places), window, self.source);
        let sizes = group_limits::DefaultSizes::of(sample, allowed.as_ref());
        group_limits::fill(&mut groups, &threads, &sample.processes, &sizes);
        let mut scene = Scene {
            tick,
            at_ns: sample.at_ns,
            interval_s: seconds(sample.interval_ns),
            late_s: seconds(sample.late_ns),
            window_s: seconds(window.span_ns()),
            target: target::target(sample, &self.processes, window),
            capacity: crate::data::scene::Capacity { declared, ..capacity::capacity(&bounds, &self.quotas, window) },
            demand: self.load.over(window).demand(window.span_ns()),
            source: sample.source,
            accounting: sample.accounting.clone(),
            groups,
            threads,
            cpus: self.cpus.scene(allowed.as_ref(), window, TickLength::of(&sample.host)),
            gpus: self.gpus.scene(window),
            trend: crate::data::scene::Trend {
                step_s: seconds(sample.interval_ns),
                wanted: self.wanted.to_vec(),
                got: self.got.to_vec(),
            },
            details: sample.details.clone(),
            activities: Vec::new(),
            gaps: self.gaps(sample),
            launch: None,
            cost: sample.cost,
            unread: unread(sample),
            trace: None,
            stops: None,
            past_predictions: None,
            recorded: None,
            headline: Headline::default(),
            judgements: Vec::new(),
        };
        waits::fill(&mut scene);
        scene.trace = self.trace.next(sample, &scene);
        self.spin_samples.advance(sample.at_ns);
        self.hysteresis.publish(&mut scene, &sample.processes, &sizes, &self.spin_samples);
        scene
    }

    /// What the probe could not read and what the model could not tell, each once.
    fn gaps(&self, sample: &Sample) -> Vec<Gap> {
        let facts = sample.processes.iter().flat_map(|process| &process.fact.gaps);
        let why_not = || match sample.accounting.why_not(AccountingSource::ExitRecords) {
            None if sample.accounting.lost_records > 0 => "some of their exit records were lost",
            None => "there was no exit record of each",
            Some(why) => why,
        };
        let unrecorded = self.groups.uncounted_since(self.window.first_ns()).then(why_not);
        let ticks = TickLength::of(&sample.host);
        let short_lived = processes::short_lived(&self.processes, &self.window, ticks, unrecorded);
        let all = sample.gaps.iter().chain(facts).cloned().chain(estimated(sample.source)).chain(short_lived);
        let mut seen = HashSet::new();
        all.filter(|gap| seen.insert(gap.clone())).collect()
    }
}

fn unread(sample: &Sample) -> UnreadThreads {
    let clocks = sample.processes.iter().filter_map(|process| process.clock);
    clocks.fold(UnreadThreads::default(), |sum, clock| UnreadThreads {
        threads: sum.threads.saturating_add(clock.unread_threads),
        cpu_ns: sum.cpu_ns.saturating_add(clock.unread_ns),
    })
}

fn estimated(source: CounterSource) -> Option<Gap> {
    let why =
        "this kernel keeps no schedstat: waiting is estimated from how many threads are seen runnable at each sample";
    (source == CounterSource::StatTicks).then(|| Gap::new("exact waiting times", why))
}
