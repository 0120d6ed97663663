//! `tftop ps`: the processes of this machine that run a framework, one scene each, as a table or as JSON.

use std::cmp::Reverse;
use std::fmt::Write as _;
use std::sync::Arc;

use serde::Serialize;

use crate::data::Gap;
use crate::data::scene::{Demand, GroupKey, Scene, TermKind, Verdict};
use crate::output::json::parts::{DemandJson, ProgramJson};
use crate::present::format::page::{Page, PageRow};
use crate::present::format::{MISSING_ASCII, age, clean, cpus_or_dash, framework, rounded};
use crate::present::line::Role;
use crate::present::section::gaps;
use crate::present::table::{Align, LastColumn, Table};

/// Name and version of the JSON contract.
pub const SCHEMA: &str = "tftop.ps/1";

/// Columns from which on versions are shown.
const VERSIONS_FROM: u16 = 100;

/// The machine in one line; then one row a process, busiest first; below, which are stopped and what is missing.
pub fn table(scenes: &[Arc<Scene>], page: Page) -> String {
    let mut busiest: Vec<&Scene> = scenes.iter().map(AsRef::as_ref).collect();
    let wanted = |scene: &Scene| scene.demand.map_or(-1.0, |demand| demand.wanted);
    busiest.sort_by(|a, b| wanted(b).total_cmp(&wanted(a)));
    let versions = page.width.is_none_or(|columns| columns >= VERSIONS_FROM);
    let mut columns = vec![
        ("PID", Align::Right),
        ("USER", Align::Left),
        ("UP", Align::Right),
        ("THREADS", Align::Right),
        ("GOT CPUs", Align::Right),
        ("WANTED", Align::Right),
        ("COMMAND", Align::Left),
    ];
    if versions {
        columns.splice(3..3, [("FRAMEWORK", Align::Left), ("PYTHON", Align::Left)]);
    }
    let mut table = Table::new(&columns);
    busiest.iter().for_each(|scene| table.row(cells(scene, versions)));
    let host: Vec<PageRow> = host(&PsHost::new(scenes)).into_iter().map(PageRow::text).collect();
    page.print([host, table.fitted(page, LastColumn::IsCommand), notes(&busiest)])
}

/// What is to be said of processes beside their rows; what several have in common once.
fn notes(scenes: &[&Scene]) -> Vec<PageRow> {
    let mut said: Vec<(String, Vec<String>)> = Vec::new();
    for scene in scenes {
        let stopped = (scene.headline.condition == Verdict::Stopped).then(|| clean(&scene.headline.message));
        let missing = gaps(&scene.gaps).into_iter().map(|gap| format!("missing: {gap}"));
        for text in stopped.map(|why| format!("stopped: {why}")).into_iter().chain(missing) {
            match said.iter_mut().find(|(known, _)| *known == text) {
                Some((_, pids)) => pids.push(scene.target.pid.to_string()),
                None => said.push((text, vec![scene.target.pid.to_string()])),
            }
        }
    }
    said.sort_by_key(|(_, pids)| Reverse(pids.len()));
    said.into_iter().map(|(text, pids)| PageRow::led(Role::Paused, pids.join(", "), format!("  {text}"))).collect()
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
    Some(line)
}

fn cells(scene: &Scene, versions: bool) -> Vec<String> {
    let target = &scene.target;
    let mut cells = vec![
        target.pid.to_string(),
        target.user.as_deref().unwrap_or(MISSING_ASCII).to_owned(),
        age(target.uptime_s),
        scene.threads.len().to_string(),
        cpus_or_dash(scene.demand.map(|demand| demand.got)),
        cpus_or_dash(scene.demand.map(|demand| demand.wanted)),
        target.command.clone(),
    ];
    if versions {
        let python = target.python.as_deref().unwrap_or(MISSING_ASCII).to_owned();
        cells.splice(3..3, [framework(target, MISSING_ASCII), python]);
    }
    cells
}

/// The same as one JSON object, without a newline at its end.
pub fn json(scenes: &[Arc<Scene>]) -> serde_json::Result<String> {
    let processes = scenes.iter().map(|scene| PsProcessJson::new(scene)).collect();
    serde_json::to_string_pretty(&PsListing { schema: SCHEMA, host: HostJson::new(&PsHost::new(scenes)), processes })
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct PsListing<'a> {
    schema: &'static str,
    host: HostJson,
    processes: Vec<PsProcessJson<'a>>,
}

/// All of `processes` together.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
