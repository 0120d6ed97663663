//! The time with a command: its signals, its threads under watch, its end, and what is said of it then.

pub(crate) mod copies;
pub(crate) mod ending;
mod foreground;
mod observer;
mod setup;
mod summary_lines;
pub(crate) mod timed;
pub(crate) mod trial;

use std::future::pending;
use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::Context as _;
pub(crate) use setup::SessionSetup;
use tokio::sync::{Notify, mpsc, watch};

use crate::commands::args::global::GlobalArgs;
use crate::commands::dashboard;
use crate::commands::dashboard::DashboardParts;
use crate::commands::own_process::exit::Exit;
use crate::commands::own_process::stdio;
use crate::commands::run::cgroup_guard;
use crate::commands::run::cgroup_guard::CgroupGuard;
use crate::commands::run::session::ending::StopSequence;
use crate::commands::run::session::foreground::{
    after_dashboard, apply_request, ends_dashboard, hand_over, pass_on, window,
};
use crate::commands::run::session::observer::{BeforeNow, LaunchObserver, locked};
use crate::commands::run::session::summary_lines::{about_log, next_step, run_end, why_not_attached, words};
use crate::commands::run::start_spec::StartSpec;
use crate::commands::sampling::attach::attach_with;
use crate::commands::sampling::history::WithHistory;
use crate::commands::sampling::sampler::{FirstLook, Sampler};
use crate::commands::serve::publisher::Publisher;
use crate::commands::workers::rerun;
use crate::data::sample::{LaunchFact, ShimReport};
use crate::data::scene::Scene;
use crate::data::{Pid, ProcessKey};
use crate::launch::child::{Child, ChildExit, ChildSpec, Streams};
use crate::launch::pin::Pinner;
use crate::launch::shell;
use crate::launch::shim_socket::ShimSocket;
use crate::launch::terminal::console::Console;
use crate::linux::signals::SignalListener;
use crate::model::build_scene::Model;
use crate::model::limits::verification::Verification;
use crate::model::origin::families::Families;
use crate::present::format::page::Page;
use crate::runs::comparison::replaced::RunBefore;
use crate::runs::run_dir::RunDir;
use crate::runs::run_record::{RunRecord, RunRecording};
use crate::runs::stats::warmup::Warmup;
use crate::runs::summary::{SummaryBuilder, predicted};
use crate::tui::Effect;
use crate::tui::messages::replay::ReplayPane;
use crate::tui::messages::restart::{RestartWorker, StopStage};
use crate::tui::run::job::JobControl;
use crate::{output, tui};

/// Lines of a kind that the summary has at most.
const MOST_LINES: usize = 20;

/// A command that runs, and what goes with it.
pub(crate) struct RunSession<'a> {
    spec: &'a StartSpec,
    child: Child,
    signals: SignalListener,
    began: Instant,
    dashboard: bool,
    record: RunRecord,
    recording: RunRecording,
    elsewhere: Option<RunDir>,
    shim_socket: Option<ShimSocket>,
    no_shim: Option<String>,
    console: Option<Console>,
    fact: Arc<LaunchFact>,
    pinner: Arc<Mutex<Pinner>>,
    /// After the child: nobody may live in a cgroup that is removed.
    held: CgroupGuard,
}

/// How a person left a command.
pub(crate) enum SessionEnd {
    /// It has ended.
    Ended(Exit),
    /// It has ended, and is to be started again.
    Again(Box<StartSpec>),
}

/// The end, and how long it took.
struct CommandEnd {
    how: ChildExit,
    after: Duration,
    last: Option<Arc<Scene>>,
    /// None without a shim.
    report: Option<Arc<ShimReport>>,
    /// What a person wants started next.
    restart: Option<StartSpec>,
    /// Whether it was ended because a person left for good.
    abandoned: bool,
}

impl<'a> RunSession<'a> {
    /// Starts the command. Whatever fails from here on drops the child, and so ends the command.
    pub(crate) fn start(spec: &'a StartSpec, setup: SessionSetup, held: CgroupGuard) -> anyhow::Result<Self> {
        let signals = SignalListener::listen().context("listening for signals")?;
        let request = &spec.request;
        let fact = Arc::new(setup.fact(request.shim));
        let SessionSetup { plan, dashboard, mut record, elsewhere, shim_socket, no_shim, log, file } = setup;
        let console = log.map(|log| Console::open(window(), log)).transpose().context("making a terminal")?;
        let line = console.as_ref().and_then(Console::line);
        let streams = match file {
            Some(file) => Streams::File(file),
            None => line.map_or(Streams::Own, Streams::Terminal),
        };
        let recording = record.recording();
        let cgroups = held.cgroups.folders();
        let origin = request.origin.as_deref();
        let cpus = plan.cpus.as_ref().or_else(|| origin?.cpus.as_ref());
        let start = ChildSpec { words: &request.command, origin, changes: &plan.environment, cpus, cgroups, streams };
        let child = Child::start(start).context("starting the command")?;
        let pinner = Arc::new(Mutex::new(Pinner::new(&fact.pins)));
        let began = Instant::now();
        Ok(Self {
            spec,
            child,
            signals,
            began,
            dashboard,
            record,
            recording,
            elsewhere,
            shim_socket,
            no_shim,
            console,
            fact,
            pinner,
            held,
        })
    }

    /// Stays until the command has ended and, where there is a dashboard, the person has left it.
    pub(crate) async fn watch_to_end(
        mut self,
        options: &GlobalArgs,
        families: Families,
        publisher: Option<&Publisher>,
    ) -> anyhow::Result<SessionEnd> {
        self.child.begun().await;
        let model = match self.dashboard {
            true => Model::new(families.clone()),
            false => Model::of_whole_watch(families.clone()),
        };
        let (observer, seen) = match self.dashboard {
            true => WithHistory::new(self.launch()),
            false => (WithHistory::none(self.launch()), None),
        };
        let mut notes = Vec::new();
        // Only now: watching raises this process's limit of descriptors, which the command must not inherit.
        let attached = match attach_with(self.child.pid(), options, model, observer) {
            Ok((sampler, mut first)) => self.first_look(&mut first).await.map(|()| (sampler, first)),
            Err(why) => Err(why),
        };
        let end = match attached {
            Ok((sampler, first)) => {
                let older = self.record.older_looks();
                // Without it everything but the past is shown.
                let past = seen.and_then(|seen| seen.pane(older, families).ok());
                let publishing = self.publish(publisher, &sampler, options);
                self.watched((&sampler, first), past, (options, publishing), &mut notes).await?
            }
            // Not watched is no reason not to run.
            Err(why) => {
                let over = self.child.has_ended();
                notes.extend((!over).then(|| format!("watched  no: {why}")));
                let _relay = self.console.as_ref().and_then(|console| hand_over(console, !over));
                self.unwatched().await?
            }
        };
        notes.extend(self.about_shim(end.report.as_deref(), end.last.as_deref()));
        notes.extend(cgroup_guard::about_pins(&locked(&self.pinner)));
        notes.extend(self.held.note.take().map(|note| format!("cpuset   no: {note}")));
        notes.extend(self.held.cgroups.remove().into_iter().map(|left| format!("cgroup   {left}")));
        notes.extend(self.console.take().map(Console::finish).iter().map(about_log));
        let seen = self.record.end(&self.recording, (run_end(end.how), end.after), output::run_summary_markdown);
        notes.extend(self.kept());
        stdio::say(&self.summary(&end, &seen, &notes, options.page_on_stderr()));
        drop(self.elsewhere.take());
        Ok(match end.restart {
            Some(mut again) => {
                let before = RunBefore { caps: self.fact.caps, stats: seen.outcome(Warmup::default()) };
                again.before = Some(Arc::new(before));
                SessionEnd::Again(Box::new(again))
            }
            // It did what it was started for.
            None if end.abandoned && self.spec.request.ends_with_dashboard => SessionEnd::Ended(Exit::Clean),
            None => SessionEnd::Ended(Exit::Of(end.how.code())),
        })
    }

    /// Where the record is, and what is missing of it.
    fn kept(&self) -> Vec<String> {
        let kept = self
            .record
            .folder
            .as_ref()
            .map(|folder| format!("run      {}: {}", folder.id(), shell::quoted(folder.path().as_os_str())));
        kept.into_iter().chain(self.record.missing.iter().map(|missing| format!("missing  {missing}"))).collect()
    }

    /// Waits for the first look, but not for long: the command is there for its person meanwhile.
    async fn first_look(&mut self, first: &mut FirstLook) -> anyhow::Result<()> {
        let mut taken = pin!(tokio::time::timeout(dashboard::GRACE, first.taken()));
        loop {
            tokio::select! {
                taken = &mut taken => return taken.unwrap_or(Ok(())),
                signal = self.signals.next() => pass_on(&self.child, self.console.as_ref(), false, signal),
            }
        }
    }

    async fn watched(
        &mut self,
        (sampler, mut first): (&Sampler, FirstLook),
        past: Option<ReplayPane>,
        (options, publishing): (&GlobalArgs, impl Future<Output = anyhow::Error>),
        notes: &mut Vec<String>,
    ) -> anyhow::Result<CommandEnd> {
        let (mut publishing, mut publishes) = (pin!(publishing), true);
        let leave = Notify::new();
        let (console_sender, mut console_requests) = mpsc::unbounded_channel();
        let console = self
            .console
            .as_ref()
            .map(|console| tui::ConsolePane { output: console.output(), requests: console_sender });
        let (pid, scenes, spec) = (self.child.pid(), sampler.scenes.clone(), self.spec.clone());
        let recording = self.recording.clone();
        let prepare = move |caps| {
            let (again, mut shown) = spec.with(caps, key(pid, &scenes.borrow()))?;
            shown.lost.extend(recording.outcome().too_short().map(|needed| {
                format!("the comparison of speeds: {needed}, which this run has not made yet: ask again later").into()
            }));
            Ok((again, shown))
        };
        let (worker, answered) = rerun::start(options, prepare).context("starting the thread for reruns")?;
        let (stages, stage) = watch::channel(StopStage::Begins);
        let (restarts, mut restart_requests) = mpsc::unbounded_channel();
        let restart = Some(RestartWorker { requests: restarts, stages: stage });
        let mut shown = pin!(async {
            match self.dashboard {
                true => {
                    let recording = self.recording.clone();
                    let parts = DashboardParts { console, rerun: Some(worker), restart, notice: None, past, recording };
                    dashboard::dashboard(sampler, options, parts, leave.notified()).await
                }
                false => pending().await,
            }
        });
        let (mut showing, mut ended, mut relay, mut failed) = (self.dashboard, None, None, false);
        // Stops that the dashboard no longer answers: once caught, they stop nothing by themselves.
        let mut job = None;
        let (mut ending, mut again, mut abandoned) = (StopSequence::default(), None, false);
        let mut seconds = tokio::time::interval(Duration::from_secs(1));
        while ended.is_none() || showing {
            tokio::select! {
                how = self.child.ended(), if ended.is_none() => {
                    let how = how?;
                    ended = Some((how, self.began.elapsed()));
                    if let Some(console) = &mut self.console {
                        console.end(&words(how));
                    }
                    if again.is_some() {
                        stages.send_replace(StopStage::Ended);
                    }
                }
                signal = self.signals.next() => {
                    pass_on(&self.child, self.console.as_ref(), showing, signal);
                    if ends_dashboard(signal) {
                        leave.notify_one();
                    }
                }
                why = first.failed(), if !failed => {
                    failed = true;
                    notes.extend(ended.is_none().then(|| format!("watched  no: {why}")));
                    leave.notify_one();
                }
                why = &mut publishing, if publishes => {
                    publishes = false;
                    notes.push(format!("metrics  no longer: {why:#}"));
                }
                Some(args) = console_requests.recv() => apply_request(self.console.as_ref(), args),
                left = &mut shown, if showing => {
                    showing = false;
                    let rerun = matches!(left, Ok(Effect::Rerun(_)));
                    if !rerun {
                        again = None;
                        ending = StopSequence::default();
                    }
                    let for_good = matches!(left, Ok(Effect::Abandon)) || self.spec.request.ends_with_dashboard;
                    if for_good && !rerun && ended.is_none() {
                        abandoned = true;
                        ending = StopSequence::abandoned();
                    }
                    relay = after_dashboard(left, (ended.is_none(), abandoned), self.console.as_ref());
                    job = JobControl::listen().ok();
                }
                // What fails is the terminal, which is gone then.
                _ = went_on(&mut job) => {}
                // The dashboard stays until the old run has ended.
                Some(caps) = restart_requests.recv() => {
                    again = answered.take(caps).map(|mut again: StartSpec| {
                        again.predicted = predicted(&sampler.scenes.borrow(), &again.plan.caps);
                        again
                    });
                    stages.send_replace(match (&again, ended) {
                        (None, _) => StopStage::Failed("the prepared rerun is gone: r prepares it again".to_owned()),
                        (Some(_), Some(_)) => StopStage::Ended,
                        (Some(_), None) => {
                            ending = StopSequence::with_time_to_save();
                            StopStage::Begins
                        }
                    });
                }
                _ = seconds.tick(), if again.is_some() && ended.is_none() => {
                    stages.send_replace(ending.stage());
                }
                signal = ending.next() => {
                    self.child.signal(signal);
                    if again.is_some() {
                        stages.send_replace(ending.stage());
                    }
                }
            }
        }
        drop(relay);
        let (how, after) = ended.context("the command's end was missed: this is a bug in tftop")?;
        // What the shim said last goes with one more look.
        let listener = self.shim_socket.take().map(ShimSocket::close);
        let last = sampler.look_now().await;
        let last = (last.tick > 0).then_some(last);
        Ok(CommandEnd {
            how,
            after,
            last,
            report: listener.map(|listener| listener.take().report),
            restart: again,
            abandoned,
        })
    }

    /// Publishes its metrics for as long as it is polled, where they go anywhere.
    fn publish<'p>(
        &self,
        publisher: Option<&'p Publisher>,
        sampler: &Sampler,
        options: &GlobalArgs,
    ) -> impl Future<Output = anyhow::Error> + use<'p> {
        let (scenes, interval) = (sampler.scenes.clone(), options.interval);
        // Ranks may begin in the same second, each with a home of its own for its runs.
        let id = self.record.folder.as_ref().map_or("not-kept", RunDir::id);
        let run = format!("{id}.{}", std::process::id());
        async move {
            match publisher {
                Some(publisher) => publisher.publish_run(scenes, &run, interval).await,
                None => pending().await,
            }
        }
    }

    async fn unwatched(&mut self) -> anyhow::Result<CommandEnd> {
        let how = loop {
            tokio::select! {
                how = self.child.ended() => break how?,
                signal = self.signals.next() => pass_on(&self.child, self.console.as_ref(), false, signal),
            }
        };
        let report = self.shim_socket.take().map(|shim_socket| shim_socket.close().take().report);
        Ok(CommandEnd { how, after: self.began.elapsed(), last: None, report, restart: None, abandoned: false })
    }

    fn launch(&self) -> LaunchObserver {
        LaunchObserver {
            fact: self.fact.clone(),
            listener: self.shim_socket.as_ref().map(ShimSocket::listener),
            pinner: self.pinner.clone(),
            recording: self.recording.clone(),
            before: self.spec.before.clone().map(BeforeNow::new),
        }
    }

    fn summary(&self, end: &CommandEnd, seen: &SummaryBuilder, notes: &[String], page: Page) -> String {
        let command = shell::shown(&self.spec.request.command);
        let launch = end.last.as_deref().and_then(|scene| scene.launch.as_ref());
        // Not watched at all: every cap is unverified, and says so.
        let unseen = || Verification::new(&self.fact).checks(false);
        // What was judged over all of the time says more than what was judged at its worst moment.
        let newest = end.last.as_deref().map(|scene| &scene.headline).filter(|newest| newest.pressure.is_some());
        let verdict = if self.dashboard { seen.verdict() } else { newest.or(seen.verdict()) };
        let next = self.record.folder.as_ref().and_then(|_| next_step(&self.record.fact));
        let ended = output::EndedRun {
            command: &command,
            ended: &words(end.how),
            seconds: end.after.as_secs_f64(),
            scene: end.last.as_deref(),
            whole: seen.whole(),
            verdict,
            checks: &launch.map_or_else(unseen, |launch| launch.checks.clone()),
            notes,
            next: next.as_deref(),
        };
        output::run(&ended, page)
    }

    /// Whether the shim is in, what it overruled, what of it does not work.
    fn about_shim(&self, report: Option<&ShimReport>, last: Option<&Scene>) -> Vec<String> {
        if let Some(why) = &self.no_shim {
            return vec![format!(
                "shim     none: its directory can't be made: {why}; caps set by environment and affinity still hold"
            )];
        }
        let Some(report) = report else { return Vec::new() };
        let mut notes = Vec::new();
        match report.processes.len() {
            0 => notes.push(format!(
                "shim     not attached: {}; caps set by environment and affinity still hold",
                why_not_attached(&self.spec.request.command, last)
            )),
            1 => notes.push("shim     attached to 1 process".to_owned()),
            count => notes.push(format!("shim     attached to {count} processes")),
        }
        for overruled in report.overruled.iter().take(MOST_LINES) {
            let at = overruled.at.as_ref().map_or_else(String::new, |at| format!(" at {at}"));
            notes.push(format!("asked    {}={}{at}, got {}", overruled.what, overruled.asked, overruled.got));
        }
        if report.overruled.len() > MOST_LINES {
            notes.push(format!("asked    and {} more settings", report.overruled.len() - MOST_LINES));
        }
        for failure in report.failures.iter().take(MOST_LINES) {
            let caps: Vec<&str> = failure.caps.iter().map(|cap| cap.as_str()).collect();
            let held =
                if caps.is_empty() { String::new() } else { format!(" and no longer holds {}", caps.join(", ")) };
            notes.push(format!("shim     hook {} does not work here{held}: {}", failure.hook, failure.why));
        }
        if report.not_understood > 0 {
            notes.push(format!("shim     {} messages were not understood", report.not_understood));
        }
        notes
    }
}

/// Stops this job when it is to stop; comes when it goes on.
async fn went_on(job: &mut Option<JobControl>) -> io::Result<()> {
    match job {
        Some(job) => job.went_on().await,
        None => pending().await,
    }
}

/// The process that was started.
fn key(pid: Pid, scene: &Scene) -> ProcessKey {
    let main = scene.threads.iter().find(|thread| thread.pid == pid && thread.key.tid.0 == pid.0);
    ProcessKey { pid, start_ticks: main.map_or(0, |thread| thread.key.start_ticks) }
}
