//! `tftop report --json`: the contract other programs read. Fields may be added, never renamed; numbers carry their unit
//! in their name or here: `got`, `waiting`, `wanted`, `self_excess`, `external`, `cpus`, `effective_cpus`, `awake` are CPUs
//! (mean threads).

use serde::Serialize;

use crate::data::Gap;
use crate::data::sample::CounterSource;
use crate::data::scene::{
    Capacity, Declared, Demand, PastPredictions, Pressure, ProcessState, Scene, StopTotals, TargetState, Term,
};
use crate::output::json::accounting::ThreadAccountingJson;
use crate::output::json::gpu::GpuJson;
use crate::output::json::group::{GroupJson, ThreadJson};
use crate::output::json::judged::{FindingJson, JudgementJson, VerdictJson};
use crate::output::json::parts::{DemandJson, PartDemandJson, ProgramJson, RecordingJson};
use crate::output::json::trace::TraceJson;
use crate::present::format::{milliseconds, rounded};

/// Name and version of the contract.
pub const SCHEMA: &str = "tftop.report/1";

/// One scene as one JSON object, without a newline at its end.
pub fn json(scene: &Scene) -> serde_json::Result<String> {
    serde_json::to_string_pretty(&Report::new(scene))
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Report<'a> {
    schema: &'static str,
    verdict: VerdictJson<'a>,
    target: TargetJson<'a>,
    /// Seconds that every rate covers but those of the verdict and of what is judged: those cover `verdict.judged_s`.
    window_s: f64,
    interval_s: f64,
    late_s: f64,
    /// True when this kernel counts no run-queue waits and demand is estimated from threads seen in state R.
    estimated: bool,
    capacity: CapacityJson<'a>,
    demand: Option<TotalJson>,
    /// Causes that were found, what explains another first.
    findings: Vec<FindingJson<'a>>,
    /// Every cause that was looked for, with its answer.
    judgements: Vec<JudgementJson<'a>>,
    /// Every GPU of the machine, as its driver says; empty where no driver says anything.
    gpus: Vec<GpuJson<'a>>,
    thread_accounting: ThreadAccountingJson<'a>,
    groups: Vec<GroupJson<'a>>,
    threads: Vec<ThreadJson<'a>>,
    gaps: &'a [Gap],
    cost: CostJson,
    /// When threads ran, by the scheduler's own events; null without --trace.
    trace: Option<TraceJson<'a>>,
    /// Null where nothing was stopped, which only --stop allows.
    stops: Option<StopsJson>,
    /// How good predictions for runs of this command were; null where no run has checked one.
    predictions: Option<PredictionsJson>,
    /// Null where it is of a process that was watched for it.
    recording: Option<RecordingJson<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct TargetJson<'a> {
    pid: u32,
    namespaced_pid: Option<u32>,
    command: &'a str,
    user: Option<&'a str>,
    #[serde(flatten)]
    program: ProgramJson<'a>,
    uptime_s: f64,
    ended: bool,
    processes: Vec<ProcessJson<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ProcessJson<'a> {
    pid: u32,
    parent: u32,
    command: &'a str,
    ended: bool,
    threads: u32,
    #[serde(flatten)]
    demand: PartDemandJson,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct CapacityJson<'a> {
    effective_cpus: f64,
    /// Kind of the term that binds.
    binding: Option<&'static str>,
    terms: Vec<TermJson>,
    /// What a scheduler says it granted; binds nothing by itself.
    declared: &'a [Declared],
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct TermJson {
    kind: &'static str,
    cpus: f64,
    binds: bool,
    /// CPU numbers in the kernel's list format.
    set: Option<String>,
    /// Path of the cgroup.
    place: Option<String>,
    throttled_share: Option<f64>,
}

/// What the whole target wanted, and who is to blame for what it did not get. The last three are null while it is too soon
/// to judge; they cover `verdict.judged_s`, not the whole window.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct TotalJson {
    #[serde(flatten)]
    demand: DemandJson,
    /// Wanted beyond the effective CPUs: threads too many, its own.
    self_excess: Option<f64>,
    /// CPUs it was entitled to and did not get: neighbours, throttling, crowded masks.
    external: Option<f64>,
    /// Largest share of throttled periods of any quota over it; null without a quota.
    throttled: Option<f64>,
}

/// How often threads were stopped, one at a time, and for how long.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct StopsJson {
    count: u64,
    /// Of stops that gave a stack; null where none did.
    median_ms: Option<f64>,
    longest_ms: f64,
    stopped_ms: f64,
    /// Of the time that was sampled.
    stopped_share: f64,
}

impl StopsJson {
    fn new(stops: &StopTotals) -> Self {
        let stopped_ms = milliseconds(stops.total_ns);
        Self {
            count: stops.count,
            median_ms: stops.median_ns.map(milliseconds),
            longest_ms: milliseconds(stops.longest_ns),
            stopped_ms,
            stopped_share: rounded(stopped_ms / 1e3 / stops.sampled_s),
        }
    }
}

/// Medians of the shares of what was then measured.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct PredictionsJson {
    count: usize,
    wanted_off_share: f64,
    got_off_share: f64,
}

impl PredictionsJson {
    fn new(past: PastPredictions) -> Self {
        let PastPredictions { count, wanted_off, got_off } = past;
        Self { count, wanted_off_share: rounded(wanted_off), got_off_share: rounded(got_off) }
    }
}

/// What the newest look cost tftop itself, not the whole watch. The first look costs far more than any later one.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct CostJson {
    cpu_ms: f64,
    wall_ms: f64,
    bytes_read: u64,
    /// Threads that had slept for a while and were not read.
    unread_threads: u32,
    /// What they may have run since they were, all together and at most.
    unread_cpu_ms: f64,
}

impl<'a> Report<'a> {
    fn new(scene: &'a Scene) -> Self {
        Self {
            schema: SCHEMA,
            verdict: VerdictJson::new(&scene.headline),
            target: TargetJson::new(&scene.target),
            window_s: rounded(scene.window_s),
            interval_s: rounded(scene.interval_s),
            late_s: rounded(scene.late_s),
            estimated: scene.source == CounterSource::StatTicks,
            capacity: CapacityJson::new(&scene.capacity),
            demand: scene.demand.as_ref().map(|demand| TotalJson::new(demand, scene.headline.pressure)),
            findings: FindingJson::of(&scene.judgements),
            judgements: JudgementJson::of(&scene.judgements),
            gpus: scene.gpus.iter().map(GpuJson::new).collect(),
            thread_accounting: ThreadAccountingJson::new(&scene.accounting),
            groups: scene.groups.iter().map(GroupJson::new).collect(),
            threads: scene.threads.iter().map(|thread| ThreadJson::new(thread, scene)).collect(),
            gaps: &scene.gaps,
            cost: CostJson {
                cpu_ms: milliseconds(scene.cost.cpu_ns),
                wall_ms: milliseconds(scene.cost.wall_ns),
                bytes_read: scene.cost.bytes_read,
                unread_threads: scene.unread.threads,
                unread_cpu_ms: milliseconds(scene.unread.cpu_ns),
            },
            trace: scene.trace.as_ref().map(|trace| TraceJson::new(trace, scene)),
            stops: scene.stops.as_ref().map(StopsJson::new),
            predictions: scene.past_predictions.map(PredictionsJson::new),
            recording: scene.recorded.as_ref().map(RecordingJson::new),
        }
    }
}

impl<'a> TargetJson<'a> {
    fn new(target: &'a TargetState) -> Self {
        Self {
            pid: target.pid.0,
            namespaced_pid: target.namespaced_pid,
            command: &target.command,
            user: target.user.as_deref(),
            program: ProgramJson::new(target),
            uptime_s: rounded(target.uptime_s),
            ended: target.ended,
            processes: target.processes.iter().map(ProcessJson::new).collect(),
        }
    }
}

impl<'a> ProcessJson<'a> {
    fn new(process: &'a ProcessState) -> Self {
        Self {
            pid: process.pid.0,
            parent: process.parent.0,
            command: &process.command,
            ended: process.ended,
            threads: process.threads,
            demand: PartDemandJson::new(process.demand),
        }
    }
}

impl<'a> CapacityJson<'a> {
    fn new(capacity: &'a Capacity) -> Self {
        let term = |(at, term): (usize, &Term)| TermJson {
            kind: term.kind.word(),
            cpus: rounded(term.cpus),
            binds: capacity.binding == Some(at),
            set: term.set.as_ref().map(ToString::to_string),
            place: term.place.as_ref().map(ToString::to_string),
            throttled_share: term.throttled_share.map(rounded),
        };
        Self {
            effective_cpus: rounded(capacity.effective_cpus),
            binding: capacity.binding_term().map(|term| term.kind.word()),
            terms: capacity.terms.iter().enumerate().map(term).collect(),
            declared: &capacity.declared,
        }
    }
}

impl TotalJson {
    fn new(demand: &Demand, pressure: Option<Pressure>) -> Self {
        Self {
            demand: DemandJson::new(demand),
            self_excess: pressure.map(|pressure| rounded(pressure.self_excess)),
            external: pressure.map(|pressure| rounded(pressure.external)),
            throttled: pressure.and_then(|pressure| pressure.throttled_share).map(rounded),
        }
    }
}
