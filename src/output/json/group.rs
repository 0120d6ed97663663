//! Groups and threads, in JSON.

use serde::Serialize;

use crate::data::scene::{Group, GroupKey, Scene, Thread};
use crate::output::json::limit::{EffectiveJson, InProcessJson, LimitJson};
use crate::output::json::parts::PartDemandJson;
use crate::output::json::waits;
use crate::output::json::waits::WaitsJson;
use crate::present::format::rounded;

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct GroupJson<'a> {
    #[serde(flatten)]
    key: &'a GroupKey,
    label: &'a str,
    threads: u32,
    awake: Option<f64>,
    #[serde(flatten)]
    demand: PartDemandJson,
    /// CPU-seconds used while it was watched.
    run_s: f64,
    /// Seconds waited for a CPU while it was watched; null where some of it was counted by nobody, because threads ended between two
    /// looks without an exit record of each.
    wait_s: Option<f64>,
    /// Threads that started and ended while it was watched; those between two looks only where there are exit records.
    born: u64,
    died: u64,
    /// The limit that counts; null where nothing limits the group or nothing can be read.
    limit: Option<EffectiveJson<'a>>,
    /// Every source that names a number, the strongest first.
    limits: Vec<LimitJson<'a>>,
    /// How the group can be capped, in words.
    knob: &'a str,
    /// Threads beyond the limit that counts.
    exceeded_by: u32,
    /// The group in each process that has threads of it; `limit` and `limits` are those of the worst of them.
    processes: Vec<InProcessJson<'a>>,
    /// What its threads did at the last look; null where none was looked at.
    waits: Option<WaitsJson<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ThreadJson<'a> {
    pid: u32,
    tid: u32,
    comm: &'a str,
    /// The name the program itself keeps; null when it was not read.
    name: Option<&'a str>,
    #[serde(flatten)]
    key: &'a GroupKey,
    because: &'a str,
    confidence: &'static str,
    /// The kernel's letter.
    state: char,
    /// What it did at the last look; null where it was not looked at or nothing says it.
    doing: Option<&'a str>,
    got: Option<f64>,
    waiting: Option<f64>,
    last_cpu: Option<u32>,
    affinity: Option<String>,
}

impl<'a> GroupJson<'a> {
    pub(crate) fn new(group: &'a Group) -> Self {
        Self {
            key: &group.key,
            label: &group.label,
            threads: group.threads,
            awake: group.awake.map(rounded),
            demand: PartDemandJson::new(group.demand),
            run_s: rounded(group.total_run_s),
            wait_s: (!group.waits_uncounted).then(|| rounded(group.total_wait_s)),
            born: group.born,
            died: group.died,
            limit: group.limits.effective().map(EffectiveJson::new),
            limits: LimitJson::of(&group.limits),
            knob: group.limits.knob.text(),
            exceeded_by: group.limits.exceeded_by,
            processes: group.limits.processes.iter().map(InProcessJson::new).collect(),
            waits: group.waits.as_ref().map(WaitsJson::new),
        }
    }
}

impl<'a> ThreadJson<'a> {
    pub(crate) fn new(thread: &'a Thread, scene: &'a Scene) -> Self {
        let attribution = &thread.attribution;
        Self {
            pid: thread.pid.0,
            tid: thread.key.tid.0,
            comm: &thread.identity.comm,
            name: thread.identity.target_name.as_ref().map(|name| name.name.as_str()),
            key: &attribution.group,
            because: &attribution.because,
            confidence: attribution.confidence.word(),
            state: thread.state.letter(),
            doing: waits::doing(scene.doing(thread.key)),
            got: thread.demand.map(|demand| rounded(demand.got)),
            waiting: thread.demand.map(|demand| rounded(demand.waiting)),
            last_cpu: thread.last_cpu,
            affinity: thread.affinity.as_ref().map(ToString::to_string),
        }
    }
}
