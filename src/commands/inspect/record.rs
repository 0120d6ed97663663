//! `tftop record`: records a process without a screen, until it ends, its time is over or a signal comes; with --wait also the
//! process that is started in its place.

use std::future::pending;
use std::path::Path;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context as _, anyhow};
use signal_hook::consts::SIGXFSZ;

use crate::commands::args::global::GlobalArgs;
use crate::commands::args::inspect::RecordArgs;
use crate::commands::inspect::record_parts::{RecordParts, RecordPlace};
use crate::commands::own_process::event_loop::{runtime, stop_signal};
use crate::commands::own_process::exit::{CommandError, Exit};
use crate::commands::own_process::stdio;
use crate::commands::run;
use crate::commands::sampling::appear::appears;
use crate::commands::sampling::attach::{PROC, attach_with, families};
use crate::commands::sampling::target;
use crate::data::Pid;
use crate::data::run::RunEnd;
use crate::data::scene::Scene;
use crate::linux::proc::process::start_ticks;
use crate::model::build_scene::Model;
use crate::model::origin::families::Families;
use crate::present::format;

/// Records until there is nothing more to record, and says what it came to.
pub(crate) fn record(args: &RecordArgs, options: &GlobalArgs) -> anyhow::Result<Exit> {
    let families = families(options)?;
    // A file may be limited in its size: that is an error to be told, not a reason to be killed.
    signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false))).context("listening for signals")?;
    let place = match &args.output {
        Some(path) => RecordPlace::File { path: path.clone(), force: args.force },
        None => RecordPlace::Store { limit: options.runs.watched_bytes() },
    };
    let parts = RecordParts::new(place, args.max_size.map(|megabytes| u64::from(megabytes) * 1_000_000))?;
    let session = RecordSession { args, options, families, parts: parts.clone() };
    let ended = runtime()?.block_on(session.run());
    if args.output.is_none() {
        run::prune(options);
    }
    match parts.summary() {
        Some(summary) => stdio::say(&format!("tftop: {summary}")),
        None if ended.is_ok() => stdio::say("tftop: nothing was recorded"),
        None => {}
    }
    ended.map(|()| Exit::Clean)
}

struct RecordSession<'a> {
    args: &'a RecordArgs,
    options: &'a GlobalArgs,
    families: Families,
    parts: RecordParts,
}

/// Why one process is recorded no longer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum RecordEnd {
    /// It ended.
    Gone,
    /// A signal came, or the time is over.
    Stopped,
    /// It was gone before the first look.
    Missed,
}

impl RecordSession<'_> {
    async fn run(&self) -> anyhow::Result<()> {
        let mut stop = pin!(self.stopped()?);
        loop {
            let pid = match (&self.args.target, &self.args.wait) {
                (Some(target), _) => target::find(target)?,
                (None, Some(name)) => tokio::select! {
                    () = &mut stop => return Ok(()),
                    found = appears(name) => found,
                },
                (None, None) => return Err(CommandError::usage("give a process to record, or --wait NAME").into()),
            };
            let end = self.record_one(pid, stop.as_mut()).await;
            let how = if matches!(end, Ok(RecordEnd::Gone)) { RunEnd::Gone } else { RunEnd::Left };
            self.parts.end(how);
            match end? {
                RecordEnd::Stopped => return Ok(()),
                RecordEnd::Gone | RecordEnd::Missed if self.args.wait.is_some() => {}
                RecordEnd::Gone | RecordEnd::Missed => return Ok(()),
            }
        }
    }

    /// Comes with a signal, or when the time is over that was asked for. Call it inside the runtime.
    fn stopped(&self) -> anyhow::Result<impl Future<Output = ()> + use<>> {
        let (signal, time) = (stop_signal()?, self.args.time);
        Ok(async move {
            let over = async {
                match time {
                    Some(time) => tokio::time::sleep(time).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                () = signal => {}
                () = over => {}
            }
        })
    }

    async fn record_one(&self, pid: Pid, mut stop: Pin<&mut impl Future<Output = ()>>) -> anyhow::Result<RecordEnd> {
        let model = Model::new(self.families.clone());
        let (sampler, mut first) = attach_with(pid, self.options, model, self.parts.observer())?;
        let taken = tokio::select! {
            () = &mut stop => return Ok(RecordEnd::Stopped),
            taken = first.taken() => taken,
        };
        if taken.is_err() && self.args.wait.is_some() && start_ticks(Path::new(PROC), pid).is_none() {
            return Ok(RecordEnd::Missed);
        }
        taken?;
        let mut scenes = sampler.scenes.clone();
        self.announce(&scenes.borrow());
        loop {
            let scene = scenes.borrow_and_update().clone();
            if let Some(why) = self.parts.trouble() {
                return Err(anyhow!("{why}; what was written before can be read"));
            }
            if scene.target.ended {
                return Ok(RecordEnd::Gone);
            }
            tokio::select! {
                () = &mut stop => return Ok(RecordEnd::Stopped),
                changed = scenes.changed() => changed.context("the sampler thread ended: this is a bug in tftop")?,
            }
        }
    }

    fn announce(&self, scene: &Scene) {
        let Some(name) = self.parts.name() else { return };
        let kept = if self.args.output.is_some() { format::clean(&name) } else { format!("run {name}") };
        stdio::say(&format!(
            "tftop: recording {} ({}), one sample every {}, as {kept}; Ctrl-C to stop",
            scene.target.pid,
            scene.target.command,
            format::interval(scene.interval_s)
        ));
    }
}
