//! `tftop explain --json`: every cause with its answer, without the numbers of groups and threads. The names are those of
//! the report.

use serde::Serialize;

use crate::data::Gap;
use crate::data::scene::Scene;
use crate::output::json::judged::{FindingJson, JudgementJson, VerdictJson};
use crate::output::json::parts::RecordingJson;
use crate::output::json::waits::GroupWaitsJson;

/// Name and version of the contract.
pub const SCHEMA: &str = "tftop.explain/1";

/// One scene as one JSON object, without a newline at its end.
pub fn json(scene: &Scene) -> serde_json::Result<String> {
    serde_json::to_string_pretty(&Explanation {
        schema: SCHEMA,
        pid: scene.target.pid.0,
        command: &scene.target.command,
        ended: scene.target.ended,
        verdict: VerdictJson::new(&scene.headline),
        findings: FindingJson::of(&scene.judgements),
        judgements: JudgementJson::of(&scene.judgements),
        waits: GroupWaitsJson::of(&scene.groups),
        gaps: &scene.gaps,
        recording: scene.recorded.as_ref().map(RecordingJson::new),
    })
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Explanation<'a> {
    schema: &'static str,
    pid: u32,
    command: &'a str,
    ended: bool,
    verdict: VerdictJson<'a>,
    findings: Vec<FindingJson<'a>>,
    judgements: Vec<JudgementJson<'a>>,
    /// What the threads of each group did at the last look.
    waits: Vec<GroupWaitsJson<'a>>,
    gaps: &'a [Gap],
    /// Null where it is of a process that was watched for it.
    recording: Option<RecordingJson<'a>>,
}
