//! A group of threads at one look, as CSV and JSON lines have it. Columns may be added, never renamed. Their numbers are
//! those of the dashboard: averages over the seconds of `window_s` before the look.

use serde::Serialize;

use crate::data::sample::CounterSource;
use crate::data::scene::{Group, GroupKey, Scene, Verdict};
use crate::output::export::scene_export::ExportSource;
use crate::output::json::parts::PartDemandJson;
use crate::present::format::rounded;

/// Name and version of the contract.
pub const SCHEMA: &str = "tftop.export/1";

/// Every name of a row but that of the schema, in the order of the columns.
pub(crate) const COLUMNS: [&str; 18] = [
    "time",
    "offset_s",
    "window_s",
    "processes",
    "origin",
    "library",
    "label",
    "threads",
    "awake",
    "got",
    "waiting",
    "wanted",
    "limit",
    "limit_source",
    "limit_grade",
    "effective_cpus",
    "verdict",
    "estimated",
];

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Row<'a> {
    schema: &'static str,
    time: &'a str,
    /// Seconds since the first look.
    offset_s: f64,
    /// Seconds that `awake`, `got`, `waiting` and `wanted` cover; 0 at the first look, which has none of them.
    window_s: f64,
    /// Processes of the target that live.
    processes: usize,
    #[serde(flatten)]
    key: &'a GroupKey,
    label: &'a str,
    threads: u32,
    /// Threads that ran within a tick, on average.
    awake: Option<f64>,
    /// In CPUs.
    #[serde(flatten)]
    demand: PartDemandJson,
    /// Threads; null where nothing limits the group or nothing could be read.
    limit: Option<u32>,
    limit_source: Option<&'a str>,
    limit_grade: Option<&'static str>,
    /// CPUs the target may use; null where no bound is known.
    effective_cpus: Option<f64>,
    /// Of the whole target, over the seconds before this look that verdicts rest on.
    verdict: Verdict,
    /// Whether demand is estimated because the kernel counts no run-queue waits.
    estimated: bool,
}

impl<'a> Row<'a> {
    /// The rows of a look, the group that wants most first.
    pub(crate) fn of(scene: &'a Scene, source: &ExportSource, time: &'a str) -> Vec<Self> {
        let offset_s = source.offset_s(scene.at_ns);
        let processes = scene.target.processes.iter().filter(|process| !process.ended).count();
        let row = |group: &'a Group| {
            let limit = group.limits.effective();
            Self {
                schema: SCHEMA,
                time,
                offset_s,
                window_s: rounded(scene.window_s),
                processes,
                key: &group.key,
                label: &group.label,
                threads: group.threads,
                awake: group.awake.map(rounded),
                demand: PartDemandJson::new(group.demand),
                limit: limit.map(|limit| limit.value),
                limit_source: limit.map(|limit| limit.source.text()),
                limit_grade: limit.map(|limit| limit.grade.word()),
                effective_cpus: scene.capacity.binding.map(|_| rounded(scene.capacity.effective_cpus)),
                verdict: scene.headline.condition,
                estimated: scene.source == CounterSource::StatTicks,
            }
        };
        scene.groups.iter().map(row).collect()
    }
}
