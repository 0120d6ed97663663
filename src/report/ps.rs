//! `tftop ps`: the TensorFlow processes of this machine, one scene each, as a table or as JSON.

use std::sync::Arc;

use serde::Serialize;

use super::figure::{MISSING, cpus, instant, rounded, span};
use super::json::{DemandJson, GapJson, tensorflow};
use super::table::{Side, Table};
use crate::fact::Text;
use crate::model::Scene;

/// Name and version of the JSON contract.
pub const SCHEMA: &str = "tftop.ps/1";

/// One row a process, its threads by origin below it, what is missing at the end.
pub fn table(scenes: &[Arc<Scene>]) -> String {
    let mut table = Table::new(&[
        ("PID", Side::Right),
        ("USER", Side::Left),
        ("UP", Side::Right),
        ("TF", Side::Left),
        ("PYTHON", Side::Left),
        ("THREADS", Side::Right),
        ("GOT CPUs", Side::Right),
        ("WANTED CPUs", Side::Right),
        ("COMMAND", Side::Left),
    ]);
    for scene in scenes {
        table.row(cells(scene));
    }
    let mut lines = table.lines();
    for (at, scene) in scenes.iter().enumerate().rev() {
        lines.splice(at + 2..at + 2, details(scene));
    }
    lines.join("\n") + "\n"
}

fn cells(scene: &Scene) -> [String; 9] {
    let target = &scene.target;
    let guessed = target.tensorflow.as_ref().is_some_and(|found| found.guessed);
    let version = if guessed { "guessed" } else { tensorflow(target).unwrap_or(MISSING) };
    [
        target.pid.to_string(),
        target.user.as_deref().unwrap_or(MISSING).to_owned(),
        span(target.uptime_s),
        version.to_owned(),
        target.python.as_deref().unwrap_or(MISSING).to_owned(),
        scene.threads.len().to_string(),
        cpus(scene.demand.map(|demand| demand.got)),
        cpus(scene.demand.map(|demand| demand.wanted)),
        Text::from(target.command.as_str()).to_string(),
    ]
}

fn details(scene: &Scene) -> Vec<String> {
    let group = |group: &crate::model::scene::Group| format!("{} {}", group.threads, Text::from(group.label.as_str()));
    let groups: Vec<String> = scene.groups.iter().filter(|group| group.threads > 0).map(group).collect();
    let mut lines = Vec::new();
    if !groups.is_empty() {
        lines.push(format!("    {}", groups.join(", ")));
    }
    lines.extend(
        scene.gaps.iter().map(|gap| format!("    missing: {}", Text::from(format!("{}: {}", gap.what, gap.why)))),
    );
    lines
}

/// The same as one JSON object, without a newline at its end.
pub fn json(scenes: &[Arc<Scene>]) -> serde_json::Result<String> {
    let processes = scenes.iter().map(|scene| ProcessJson::new(scene)).collect();
    serde_json::to_string_pretty(&Listing { schema: SCHEMA, processes })
}

#[derive(Serialize)]
struct Listing<'a> {
    schema: &'static str,
    processes: Vec<ProcessJson<'a>>,
}

#[derive(Serialize)]
struct ProcessJson<'a> {
    pid: u32,
    user: Option<&'a str>,
    command: &'a str,
    /// As in the report: "unknown" for a build without metadata.
    tensorflow: Option<&'a str>,
    tensorflow_guessed: bool,
    python: Option<&'a str>,
    started: String,
    threads: usize,
    origins: Vec<OriginJson<'a>>,
    effective_cpus: f64,
    window_s: f64,
    demand: Option<DemandJson>,
    gaps: Vec<GapJson<'a>>,
}

#[derive(Serialize)]
struct OriginJson<'a> {
    origin: &'a str,
    library: Option<&'a str>,
    threads: u32,
}

impl<'a> ProcessJson<'a> {
    fn new(scene: &'a Scene) -> Self {
        let target = &scene.target;
        let origins = scene.groups.iter().map(|group| OriginJson {
            origin: &group.key.origin,
            library: group.key.library.as_deref(),
            threads: group.threads,
        });
        Self {
            pid: target.pid.0,
            user: target.user.as_deref(),
            command: &target.command,
            tensorflow: tensorflow(target),
            tensorflow_guessed: target.tensorflow.as_ref().is_some_and(|found| found.guessed),
            python: target.python.as_deref(),
            started: instant(target.started_unix_s),
            threads: scene.threads.len(),
            origins: origins.collect(),
            effective_cpus: rounded(scene.capacity.effective_cpus),
            window_s: rounded(scene.window_s),
            demand: scene.demand.as_ref().map(DemandJson::new),
            gaps: GapJson::of(scene),
        }
    }
}
