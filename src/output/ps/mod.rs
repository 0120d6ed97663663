//! `tftop ps`: the processes of this machine that run a framework, one scene each, and the jobs that they are ranks of, as a table
//! or as JSON.

pub(crate) mod hosts;

use std::cmp::Reverse;
use std::fmt::Write as _;
use std::ops::Add as _;
use std::sync::Arc;

use serde::Serialize;

use crate::data::Gap;
use crate::data::job::Job;
use crate::data::job::rank::{Launcher, Rank};
use crate::data::limits::Caps;
use crate::data::sample::ContainerFact;
use crate::data::scene::{Demand, GroupKey, Scene, TermKind, Verdict};
use crate::output::json::parts::{DemandJson, ProgramJson};
use crate::present::block::job;
use crate::present::format::page::{Page, PageRow};
use crate::present::format::{MISSING_ASCII, age, clean, cpus_or_dash, framework, rounded};
use crate::present::line::Role;
use crate::present::section::gaps;
use crate::present::table::{Align, LastColumn, Table};

/// Name and version of the JSON contract.
pub const SCHEMA: &str = "tftop.ps/1";

/// Columns from which on versions are shown.
const VERSIONS_FROM: u16 = 100;
/// And those from which on the bounds of each rank are.
const BOUNDS_FROM: u16 = 130;

/// The machine in one line, and each job in a few; then one row a process, ranks together and by number, the busiest first; below,
/// which are stopped and what is missing.
pub fn table(scenes: &[Arc<Scene>], jobs: &[Job], page: Page) -> String {
    let wanted = |demand: Option<Demand>| demand.map_or(-1.0, |demand| demand.wanted);
    let of_all = |scene: &Scene| wanted(job::job_of(&scene.target, jobs).map_or(scene.demand, |job| job.demand));
    let mut order: Vec<&Scene> = scenes.iter().map(AsRef::as_ref).collect();
    order.sort_by(|a, b| of_all(b).total_cmp(&of_all(a)));
    let order = job::ranks_together(order, jobs);
    let wide = |from| page.width.is_none_or(|columns| columns >= from);
    let columns = Columns {
        versions: wide(VERSIONS_FROM),
        ranks: scenes.iter().any(|scene| scene.target.rank.is_some()),
        shares: !jobs.is_empty(),
        bounds: !jobs.is_empty() && wide(BOUNDS_FROM),
    };
    let mut table = Table::new(&columns.headings());
    order.iter().for_each(|(scene, job)| table.row(columns.cells(scene, *job)));
    let host = host(&PsHost::new(scenes)).into_iter().map(PageRow::text);
    let about = jobs.iter().flat_map(|job| job::lines(job, scenes)).map(PageRow::text);
    page.print([
        host.chain(about).collect(),
        table.fitted(page, LastColumn::IsCommand),
        notes(order.iter().map(|(scene, _)| *scene)),
    ])
}

/// Which columns there are beside those that always are.
struct Columns {
    versions: bool,
    ranks: bool,
    shares: bool,
    bounds: bool,
}

impl Columns {
    fn headings(&self) -> Vec<(&'static str, Align)> {
        let all = [
            Some(("PID", Align::Right)),
            Some(("USER", Align::Left)),
            Some(("UP", Align::Right)),
            self.versions.then_some(("FRAMEWORK", Align::Left)),
            self.versions.then_some(("PYTHON", Align::Left)),
            self.ranks.then_some(("RANK", Align::Right)),
            Some(("THREADS", Align::Right)),
            Some(("GOT CPUs", Align::Right)),
            self.shares.then_some(("SHARE", Align::Right)),
            self.bounds.then_some(("MAY USE", Align::Right)),
            self.bounds.then_some(("INTRA", Align::Right)),
            Some(("WANTED", Align::Right)),
            Some(("COMMAND", Align::Left)),
        ];
        all.into_iter().flatten().collect()
    }

    fn cells(&self, scene: &Scene, of: Option<&Job>) -> Vec<String> {
        let target = &scene.target;
        let missing = || MISSING_ASCII.to_owned();
        let all = [
            Some(target.pid.to_string()),
            Some(target.user.as_deref().unwrap_or(MISSING_ASCII).to_owned()),
            Some(age(target.uptime_s)),
            self.versions.then(|| framework(target, MISSING_ASCII)),
            self.versions.then(|| target.python.as_deref().unwrap_or(MISSING_ASCII).to_owned()),
            self.ranks.then(|| job::rank(target).unwrap_or_else(missing)),
            Some(scene.threads.len().to_string()),
            Some(cpus_or_dash(scene.demand.map(|demand| demand.got))),
            self.shares.then(|| cpus_or_dash(of.map(|job| job.share))),
            self.bounds.then(|| cpus_or_dash(Some(scene.capacity.effective_cpus))),
            self.bounds.then(|| job::intra_limit(scene, target.pid).map_or_else(missing, |limit| limit.to_string())),
            Some(cpus_or_dash(scene.demand.map(|demand| demand.wanted))),
            Some(target.command.clone()),
        ];
        all.into_iter().flatten().collect()
    }
}

/// What is to be said of processes beside their rows; what several have in common once.
fn notes<'a>(scenes: impl Iterator<Item = &'a Scene>) -> Vec<PageRow> {
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
        let online = scenes.iter().flat_map(|scene| &scene.capacity.terms).filter(|term| term.kind == TermKind::Online);
        let measured = demands().count();
        let mut frameworks = scenes.iter().map(|scene| scene.target.framework().map(|found| found.framework.name()));
        let framework = frameworks.next().flatten().filter(|first| frameworks.all(|other| other == Some(*first)));
        Self {
            processes: scenes.len(),
            framework,
            cpus: online.map(|term| term.cpus).max_by(f64::total_cmp),
            demand: demands().map(|(_, demand)| demand).reduce(Demand::add),
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

/// The same as one JSON object, without a newline at its end.
pub fn json(scenes: &[Arc<Scene>], jobs: &[Job]) -> serde_json::Result<String> {
    let processes = scenes.iter().map(|scene| PsProcessJson::new(scene)).collect();
    let (host, jobs) =
        (HostJson::new(&PsHost::new(scenes)), jobs.iter().map(|job| JobJson::new(job, scenes)).collect());
    serde_json::to_string_pretty(&PsListing { schema: SCHEMA, host, jobs, processes })
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct PsListing<'a> {
    schema: &'static str,
    host: HostJson,
    jobs: Vec<JobJson<'a>>,
    processes: Vec<PsProcessJson<'a>>,
}

/// A job of which several ranks run here: all its processes here together.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct JobJson<'a> {
    launcher: Launcher,
    /// What the launcher calls it; null where it gives it no name.
    name: Option<&'a str>,
    user: Option<&'a str>,
    /// Ranks of the job on all machines; null where it is not told.
    ranks: Option<u32>,
    /// Ranks on this machine, by number.
    ranks_here: &'a [u32],
    pids: Vec<u32>,
    effective_cpus: f64,
    /// What an equal part of them is, for each rank on this machine.
    share: f64,
    demand: Option<DemandJson>,
    verdict: Verdict,
    /// The verdict in a sentence, and what would fit; empty where there is nothing to say.
    message: &'a str,
    advice: &'a str,
    /// Threads that each pool of each process should have at most; null where nothing needs to change.
    caps: Option<Caps>,
}

impl<'a> JobJson<'a> {
    fn new(job: &'a Job, scenes: &[Arc<Scene>]) -> Self {
        let headline = &job.scene.headline;
        Self {
            launcher: job.key.launcher,
            name: job.key.name.as_deref(),
            user: job.key.user.as_deref(),
            ranks: job.key.ranks,
            ranks_here: &job.ranks_here,
            pids: scenes.iter().filter(|scene| job.includes(&scene.target)).map(|scene| scene.target.pid.0).collect(),
            effective_cpus: rounded(job.scene.capacity.effective_cpus),
            share: rounded(job.share),
            demand: job.demand.as_ref().map(DemandJson::new),
            verdict: headline.condition,
            message: &headline.message,
            advice: &headline.advice,
            caps: (!headline.caps.is_empty()).then_some(headline.caps),
        }
    }
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
    /// Which rank of which job it is; null where no launcher started it.
    rank: Option<&'a Rank>,
    /// The container that its cgroup names; null where it names none.
    container: Option<&'a ContainerFact>,
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
            rank: target.rank.as_ref(),
            container: target.container.as_ref(),
            gaps: &scene.gaps,
        }
    }
}
