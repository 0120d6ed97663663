//! Parts that several JSON documents have in common.

use serde::Serialize;

use crate::data::Text;
use crate::data::sample::FrameworkFact;
use crate::data::scene::{Demand, HeldVerdict, JudgedSpan, RecordedMoment, TargetState, Verdict};
use crate::present::format::{instant, rounded};

/// What a target as a whole got and wanted.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct DemandJson {
    got: f64,
    waiting: f64,
    wanted: f64,
    wait_share: Option<f64>,
}

impl DemandJson {
    pub(crate) fn new(demand: &Demand) -> Self {
        Self {
            got: rounded(demand.got),
            waiting: rounded(demand.waiting),
            wanted: rounded(demand.wanted),
            wait_share: demand.wait_share.map(rounded),
        }
    }
}

/// Which moment of a recording it is.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct RecordingJson<'a> {
    /// The run, or the file.
    name: &'a str,
    /// Version that made it; null where it does not say.
    tftop: Option<&'a str>,
    /// When its first look was taken.
    begun_unix_ms: u64,
    /// Seconds from its first look to the one that was judged, and to its last one.
    at_s: f64,
    length_s: f64,
    /// What is wrong with its end; null where it is whole.
    trouble: Option<&'a str>,
    /// The span that was judged; null where it is a moment.
    span: Option<SpanJson>,
}

/// Verdicts within a span: at each look the one over the 10 s before it.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct SpanJson {
    /// Seconds from the recording's first look.
    from_s: f64,
    to_s: f64,
    /// Every verdict that held, the worst first.
    verdicts: Vec<HeldVerdictJson>,
    /// Seconds of the span for which none is known.
    unknown_s: f64,
    /// The worst of them; null where it was always too soon to tell.
    worst: Option<Verdict>,
    /// At the last look.
    last: Verdict,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct HeldVerdictJson {
    condition: Verdict,
    /// "healthy", "notice", "oversubscribed" or "severe"; null where it was too soon to tell.
    level: Option<&'static str>,
    seconds: f64,
    /// Of the span.
    share: f64,
    /// When it first held, in seconds from the recording's first look.
    first_s: f64,
}

impl SpanJson {
    fn new(span: &JudgedSpan) -> Self {
        let held = |held: &HeldVerdict| HeldVerdictJson {
            condition: held.verdict,
            level: (held.verdict != Verdict::TooSoon).then_some(held.verdict.level().word()),
            seconds: rounded(held.seconds),
            share: rounded(held.seconds / span.seconds()),
            first_s: rounded(held.first_s),
        };
        Self {
            from_s: rounded(span.from_s),
            to_s: rounded(span.to_s),
            verdicts: span.held.iter().map(held).collect(),
            unknown_s: rounded(span.unknown_s),
            worst: span.worst().map(|worst| worst.verdict),
            last: span.last,
        }
    }
}

impl<'a> RecordingJson<'a> {
    pub(crate) fn new(moment: &'a RecordedMoment) -> Self {
        Self {
            name: &moment.name,
            tftop: Some(moment.tftop.as_str()).filter(|version| !version.is_empty()),
            begun_unix_ms: moment.begun_unix_ms,
            at_s: rounded(moment.at_s),
            length_s: rounded(moment.length_s),
            trouble: moment.trouble.as_deref(),
            span: moment.span.as_ref().map(SpanJson::new),
        }
    }
}

/// What a part of a target got and wanted; null until it was seen twice.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct PartDemandJson {
    got: Option<f64>,
    waiting: Option<f64>,
    wanted: Option<f64>,
}

impl PartDemandJson {
    pub(crate) fn new(demand: Option<Demand>) -> Self {
        let of = |number: fn(Demand) -> f64| demand.map(|demand| rounded(number(demand)));
        let waiting = demand.and_then(|demand| demand.known_waiting()).map(rounded);
        Self { got: of(|it| it.got), waiting, wanted: of(|it| it.wanted) }
    }
}

/// What runs in a target's root process, and since when.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ProgramJson<'a> {
    /// Version; "unknown" for a build without metadata, null for a process without TensorFlow.
    tensorflow: Option<&'a str>,
    /// True when only names suggest TensorFlow.
    tensorflow_guessed: bool,
    /// The framework it runs, TensorFlow before others; null where it maps none that tftop knows.
    framework: Option<FrameworkJson>,
    python: Option<&'a str>,
    started: String,
}

impl<'a> ProgramJson<'a> {
    pub(crate) fn new(target: &'a TargetState) -> Self {
        Self {
            tensorflow: tensorflow(target),
            tensorflow_guessed: target.tensorflow.as_ref().is_some_and(|found| found.guessed),
            framework: target.framework().map(FrameworkJson::new),
            python: target.python.as_deref(),
            started: instant(target.started_unix_s),
        }
    }
}

/// A framework in a target.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct FrameworkJson {
    /// "TensorFlow", "JAX" or "PyTorch".
    name: &'static str,
    /// Null for a build without metadata.
    version: Option<Text>,
}

impl FrameworkJson {
    fn new(found: FrameworkFact) -> Self {
        Self { name: found.framework.name(), version: found.version }
    }
}

/// TensorFlow's version, "unknown" where it is there without one.
pub(crate) fn tensorflow(target: &TargetState) -> Option<&str> {
    target.tensorflow.as_ref().map(|found| found.version.as_deref().unwrap_or("unknown"))
}
