//! `tftop ps`: the processes of this machine that run a framework, one scene each, as a table or as JSON.

use std::fmt::Write as _;
use std::sync::Arc;

use serde::Serialize;

use crate::data::Gap;
use crate::data::scene::{Demand, Group, GroupKey, Scene, TermKind, Verdict};
use crate::output::json::parts::{DemandJson, ProgramJson};
use crate::present::format::{MISSING_ASCII, age, clean, cpus_or_dash, framework, rounded};
use crate::present::section::{gaps, indented};
use crate::present::table::{Align, Table};

/// Name and version of the JSON contract.
pub const SCHEMA: &str = "tftop.ps/1";

/// The machine in one line; then one row a process, its threads by origin below it, what is missing at the end.
pub fn table(scenes: &[Arc<Scene>]) -> String {
    let mut table = Table::new(&[
        ("PID", Align::Right),
        ("USER", Align::Left),
        ("UP", Align::Right),
        ("FRAMEWORK", Align::Left),
        ("PYTHON", Align::Left),
        ("THREADS", Align::Right),
        ("GOT CPUs", Align::Right),
        ("WANTED CPUs", Align::Right),
        ("COMMAND", Align::Left),
    ]);
    for scene in scenes {
        table.row(cells(scene));
    }
    let mut lines = table.lines();
    for (at, scene) in scenes.iter().enumerate().rev() {
        lines.splice(at + 2..at + 2, details(scene));
    }
    let host = host(&PsHost::new(scenes));
    host.into_iter().chain(lines).collect::<Vec<_>>().join("\n") + "\n"
}

/// All of them against the machine. Each scene covers one process without its children, so that nothing is
/// counted twice.
struct PsHost<'a> {
    processes: usize,
    /// "TensorFlow" where all of them run it, and so on; none where they run several.
    framework: Option<&'static str>,
    /// CPUs online; none when nobody could tell.
    cpus: Option<f64>,
    /// What those that were seen twice got and wanted; none when none was.
    demand: Option<Demand>,
    /// Processes seen only once: their demand is not in the sum.
    unmeasured: usize,
    /// The one that wants most, where there are several.
    most: Option<(&'a Scene, Demand)>,
}

impl<'a> PsHost<'a> {
    fn new(scenes: &'a [Arc<Scene>]) -> Self {
        let demands = || scenes.iter().filter_map(|scene| Some((scene.as_ref(), scene.demand?)));
        let sum = |part: fn(&Demand) -> f64| demands().map(|(_, demand)| part(&demand)).sum();
        let online = scenes.iter().flat_map(|scene| &scene.capacity.terms).filter(|term| term.kind == TermKind::Online);
        let measured = demands().count();
        let mut frameworks = scenes.iter().map(|scene| scene.target.framework().map(|found| found.framework.name()));
        let framework = frameworks.next().flatten().filter(|first| frameworks.all(|other| other == Some(*first)));
        Self {
            processes: scenes.len(),
            framework,
            cpus: online.map(|term| term.cpus).max_by(f64::total_cmp),
            demand: (measured > 0).then(|| Demand::new(sum(|demand| demand.got), sum(|demand| demand.waiting))),
            unmeasured: scenes.len() - measured,
            most: demands().max_by(|(_, a), (_, b)| a.wanted.total_cmp(&b.wanted)).filter(|_| scenes.len() > 1),
        }
    }
}

/// "3 TensorFlow processes want 9.80 of this machine's 16 CPUs and get 8.10; pid 2430 wants most: 4.60 CPUs"; nothing
/// where nothing was measured.
fn host(host: &PsHost) -> Option<String> {
    let demand = host.demand?;
    let (noun, wants, gets) = match host.processes {
        1 => ("process", "wants", "gets"),
        _ => ("processes", "want", "get"),
    };
    let of = host.cpus.map_or("CPUs".to_owned(), |cpus| format!("of this machine's {cpus:.0} CPUs"));
    let framework = host.framework.map_or(String::new(), |name| format!("{name} "));
    let mut line =
        format!("{} {framework}{noun} {wants} {:.2} {of} and {gets} {:.2}", host.processes, demand.wanted, demand.got);
    if let Some((most, demand)) = host.most {
        let _ = write!(line, "; pid {} wants most: {:.2} CPUs", most.target.pid, demand.wanted);
    }
    if host.unmeasured > 0 {
        let _ = write!(line, "; {} seen only once and not counted", host.unmeasured);
    }
    Some(line + "\n")
}

fn cells(scene: &Scene) -> [String; 9] {
    let target = &scene.target;
    [
        target.pid.to_string(),
        target.user.as_deref().unwrap_or(MISSING_ASCII).to_owned(),
        age(target.uptime_s),
        framework(target, MISSING_ASCII),
        target.python.as_deref().unwrap_or(MISSING_ASCII).to_owned(),
        scene.threads.len().to_string(),
        cpus_or_dash(scene.demand.map(|demand| demand.got)),
        cpus_or_dash(scene.demand.map(|demand| demand.wanted)),
        target.command.clone(),
    ]
}

fn details(scene: &Scene) -> Vec<String> {
    let group = |group: &Group| format!("{} {}", group.threads, clean(&group.label));
    let groups: Vec<String> = scene.groups.iter().filter(|group| group.threads > 0).map(group).collect();
    let mut lines = Vec::new();
    if !groups.is_empty() {
        lines.push(format!("    {}", groups.join(", ")));
    }
    if scene.headline.condition == Verdict::Stopped {
        lines.push(format!("    stopped: {}", scene.headline.message));
    }
    lines.extend(indented(gaps(&scene.gaps), "    missing: "));
    lines
}

/// The same as one JSON object, without a newline at its end.
pub fn json(scenes: &[Arc<Scene>]) -> serde_json::Result<String> {
    let processes = scenes.iter().map(|scene| PsProcessJson::new(scene)).collect();
    serde_json::to_string_pretty(&PsListing { schema: SCHEMA, host: HostJson::new(&PsHost::new(scenes)), processes })
}

#[derive(Serialize)]
struct PsListing<'a> {
    schema: &'static str,
    host: HostJson,
    processes: Vec<PsProcessJson<'a>>,
}

/// All of `processes` together.
#[derive(Serialize)]
struct HostJson {
    /// CPUs online; null when nobody could tell.
    cpus: Option<f64>,
    /// Sums of the processes that have a demand; null when none has.
    demand: Option<DemandJson>,
    /// Processes without a demand: they are not in the sums.
    unmeasured: usize,
    /// Pid of the process that wants most; null where there are fewer than two.
    wants_most: Option<u32>,
}

impl HostJson {
    fn new(host: &PsHost) -> Self {
        Self {
            cpus: host.cpus.map(rounded),
            demand: host.demand.as_ref().map(DemandJson::new),
            unmeasured: host.unmeasured,
            wants_most: host.most.map(|(scene, _)| scene.target.pid.0),
        }
    }
}

#[derive(Serialize)]
struct PsProcessJson<'a> {
    pid: u32,
    user: Option<&'a str>,
    command: &'a str,
    #[serde(flatten)]
    program: ProgramJson<'a>,
    threads: usize,
    origins: Vec<OriginJson<'a>>,
    effective_cpus: f64,
    window_s: f64,
    demand: Option<DemandJson>,
    /// Whether a signal or a debugger stopped every thread.
    stopped: bool,
    gaps: &'a [Gap],
}

#[derive(Serialize)]
struct OriginJson<'a> {
    #[serde(flatten)]
    key: &'a GroupKey,
    threads: u32,
}

impl<'a> PsProcessJson<'a> {
    fn new(scene: &'a Scene) -> Self {
        let target = &scene.target;
        let origins = scene.groups.iter().map(|group| OriginJson { key: &group.key, threads: group.threads });
        Self {
            pid: target.pid.0,
            user: target.user.as_deref(),
            command: &target.command,
            program: ProgramJson::new(target),
            threads: scene.threads.len(),
            origins: origins.collect(),
            effective_cpus: rounded(scene.capacity.effective_cpus),
            window_s: rounded(scene.window_s),
            demand: scene.demand.as_ref().map(DemandJson::new),
            stopped: scene.headline.condition == Verdict::Stopped,
            gaps: &scene.gaps,
        }
    }
}
