//! The one sentence on top: how much, which group, which knob, what to set.

use serde::Serialize;

use super::advice;
use super::finding::{Case, Judged, Level};
use super::levels::JUDGED_S;
use super::scene::{Group, TermKind};
use crate::fact::Caps;

impl Headline {
    /// The sentence for a moment.
    pub fn new(case: &Case) -> Self {
        let Some(judged) = case.judged else {
            let says = format!("judged after {JUDGED_S:.0} s of watching, has {:.0}", case.watched_s);
            return Self { says, judged_s: case.watched_s, ..Self::default() };
        };
        let caps = match judged.condition {
            Condition::Throttled | Condition::Severe | Condition::Oversubscribed | Condition::Notice => {
                advice::caps(case, judged)
            }
            _ => Caps::default(),
        };
        let advice = if caps.is_empty() { String::new() } else { format!("{caps} would fit.") };
        let says = sentence(case, judged);
        Self { condition: judged.condition, says, advice, caps, judged_s: JUDGED_S, pressure: Some(judged.pressure) }
    }
}

fn sentence(case: &Case, judged: &Judged) -> String {
    let (wanted, cpus) = (judged.demand.wanted, case.effective_cpus());
    let external = judged.pressure.external;
    match judged.condition {
        Condition::TooSoon => "judged after 10 s of watching".to_owned(),
        Condition::Throttled => {
            let share = judged.pressure.throttled_share.unwrap_or(0.0) * 100.0;
            let quotas = case.capacity.terms.iter().filter(|term| term.kind == TermKind::Quota);
            let quota = quotas.map(|term| term.cpus).fold(f64::INFINITY, f64::min);
            format!("a quota of {quota:.2} CPUs stopped it in {share:.0} % of its periods; {}", accuse(case, judged))
        }
        Condition::Severe | Condition::Oversubscribed | Condition::Notice => accuse(case, judged),
        Condition::Starved => format!(
            "neighbours take {external:.1} of the {:.1} CPUs it could use; your limits are fine",
            wanted.min(cpus)
        ),
        Condition::Misplaced => {
            format!("{wanted:.1} threads want {cpus:.1} CPUs and fit, but crowd on some of them while others idle")
        }
        Condition::Undersubscribed => {
            let largest = case.groups.iter().filter(|group| group.limits.effective.is_some()).max_by_key(|g| g.threads);
            let pool = largest.map_or(String::new(), |g| format!(", though {} has {} threads", g.label, g.threads));
            format!("only {wanted:.1} of {cpus:.1} CPUs are wanted{pool}")
        }
        Condition::Healthy => format!("{wanted:.1} of {cpus:.1} CPUs are wanted, nobody has to wait long"),
    }
}

/// How much is wanted, and by whom most.
fn accuse(case: &Case, judged: &Judged) -> String {
    let (wanted, cpus) = (judged.demand.wanted, case.effective_cpus());
    let demands: Vec<f64> = judged.groups.iter().map(|demand| demand.wanted).collect();
    let culprits = advice::culprits(&demands, cpus);
    let named: Vec<String> = culprits
        .iter()
        .take(2)
        .filter_map(|&index| case.groups.get(index).map(|group| (group, demands[index])))
        .map(|(group, wanted)| format!("{} {wanted:.1} of them, {}", group.label, limit_of(group)))
        .collect();
    let by = if named.is_empty() { String::new() } else { format!(": {}", named.join("; ")) };
    format!("{wanted:.1} threads want {cpus:.1} CPUs{by}")
}

fn limit_of(group: &Group) -> String {
    match group.limits.effective() {
        Some(limit) if limit.source.starts_with("default") => format!("no limit set ({} by default)", limit.value),
        Some(limit) => format!("limit {} ({})", limit.value, limit.source),
        None if group.limits.knob.is_empty() || group.limits.knob.starts_with("no knob") => "no knob".to_owned(),
        None => "no limit".to_owned(),
    }
}

/// What the judged window says of the target as a whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Headline {
    /// The condition.
    pub condition: Condition,
    /// The sentence: "46 threads want 16 CPUs; 32 are OpenBLAS (numpy), no limit set; OPENBLAS_NUM_THREADS=4 would fit".
    pub says: String,
    /// The second sentence, on what would fit; empty when nothing needs to change.
    pub advice: String,
    /// The caps that would fit; empty when nothing needs to change or no cap would help.
    pub caps: Caps,
    /// Seconds the judgement rests on.
    pub judged_s: f64,
    /// The numbers it rests on; none while it is too soon.
    pub pressure: Option<Pressure>,
}

/// The condition of the target, in order of what is reported first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// Less than the judged window was seen.
    #[default]
    TooSoon,
    /// A quota takes the CPUs away.
    Throttled,
    /// Far more is wanted than there is.
    Severe,
    /// More is wanted than there is.
    Oversubscribed,
    /// Others on this machine take CPUs one is entitled to; the limits are fine.
    Starved,
    /// Threads are crowded on some allowed CPUs while others idle.
    Misplaced,
    /// A little more is wanted than there is.
    Notice,
    /// Far less is wanted than there is, while more is configured.
    Undersubscribed,
    /// All is well.
    Healthy,
}

impl Condition {
    /// One word for screens and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::TooSoon => "too soon",
            Self::Throttled => "throttled",
            Self::Severe => "severe",
            Self::Oversubscribed => "oversubscribed",
            Self::Starved => "starved",
            Self::Misplaced => "misplaced",
            Self::Notice => "notice",
            Self::Undersubscribed => "undersubscribed",
            Self::Healthy => "healthy",
        }
    }

    /// How bad it is, for `--fail-on`.
    pub fn level(self) -> Level {
        match self {
            Self::TooSoon | Self::Healthy => Level::Healthy,
            Self::Starved | Self::Misplaced | Self::Notice | Self::Undersubscribed => Level::Notice,
            Self::Throttled | Self::Oversubscribed => Level::Oversubscribed,
            Self::Severe => Level::Severe,
        }
    }
}

/// Demand against capacity over the judged window, split by who is to blame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Pressure {
    /// wanted / effective CPUs (S).
    pub saturation: f64,
    /// waiting / wanted (D).
    pub wait_share: f64,
    /// Milliseconds waited per time slice (L).
    pub wait_ms_per_slice: f64,
    /// CPUs wanted beyond the effective ones: threads too many, one's own (W_self).
    pub self_excess: f64,
    /// CPUs one was entitled to and did not get: neighbours, throttling, bad affinity (W_ext).
    pub external: f64,
    /// Largest share of throttled periods of any quota over the target; none without a quota or with under 10 periods.
    pub throttled_share: Option<f64>,
}
