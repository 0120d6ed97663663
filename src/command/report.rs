//! `tftop report` and `tftop explain`: watch for a while, print once.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;

use super::attach::{attach, families};
use super::cli::{ExplainWish, Format, Options, ReportWish};
use super::exit::Exit;
use super::policy::Policy;
use super::progress::Progress;
use super::pump::Pump;
use super::watch::{runtime, stop_signal};
use super::{output, target};
use crate::fact::{Interest, Pid};
use crate::model::{Model, Scene, waits};
use crate::report;

/// Prints the report that was wished for, and judges it by the policy that was given.
pub(super) fn report(wish: &ReportWish, options: &Options) -> anyhow::Result<Exit> {
    let policy = wish.fails_on().map(|level| Policy::new(level, wish.watch.time)).transpose()?;
    let seen = see(target::find(&wish.watch.target)?, wish.watch.time, options)?;
    output::print(&match wish.format() {
        Format::Text => report::text(&seen.scene, wish.threads),
        Format::Json => report::json(&seen.scene)? + "\n",
        Format::Markdown => report::markdown(&seen.scene),
    })?;
    policy.map_or(Ok(seen.exit()), |policy| policy.exit(&seen.scene, seen.exit()))
}

/// Prints every cause with its answer.
pub(super) fn explain(wish: &ExplainWish, options: &Options) -> anyhow::Result<Exit> {
    let seen = see(target::find(&wish.watch.target)?, wish.watch.time, options)?;
    output::print(&match wish.json {
        true => report::explain_json(&seen.scene)? + "\n",
        false => report::explain(&seen.scene),
    })?;
    Ok(seen.exit())
}

/// What a watch came to.
pub(super) struct Seen {
    /// The last scene.
    pub(super) scene: Arc<Scene>,
    names_readable: bool,
}

impl Seen {
    /// How to end once it is printed.
    pub(super) fn exit(&self) -> Exit {
        match (self.scene.target.ended, self.names_readable) {
            (true, _) => Exit::Gone,
            (false, false) => Exit::Partial,
            (false, true) => Exit::Clean,
        }
    }
}

/// Watches for `time`; sooner when the target ends or a signal comes.
pub(super) fn see(pid: Pid, time: Duration, options: &Options) -> anyhow::Result<Seen> {
    let model = Model::of_whole_watch(families(options)?);
    let attached = attach(pid, &options.within(time), model)?;
    let scene = runtime()?.block_on(async { collect(&attached.pump, time, stop_signal()?).await })?;
    Ok(Seen { scene, names_readable: attached.names_readable })
}

/// The scene after `time`; sooner when the target ends or `stop` comes: its window says what it covers.
pub(super) async fn collect(pump: &Pump, time: Duration, stop: impl Future<Output = ()>) -> anyhow::Result<Arc<Scene>> {
    let mut scenes = pump.scenes.clone();
    let first_ns = scenes.borrow().at_ns;
    let mut stop = std::pin::pin!(stop);
    let mut progress = Progress::new(time);
    loop {
        let scene = scenes.borrow_and_update().clone();
        let watched = Duration::from_nanos(scene.at_ns.saturating_sub(first_ns));
        if scene.target.ended || covers(watched, scene.interval_s, time) {
            return Ok(scene);
        }
        progress.show(scene.target.pid, watched);
        if ends_soon(watched, scene.interval_s, time) {
            ask_for_waits(pump, &scene);
        }
        tokio::select! {
            () = &mut stop => return Ok(scene),
            changed = scenes.changed() => changed.context("the sampler thread ended: this is a bug in tftop")?,
        }
    }
}

/// What threads wait for is read at the end only: it is of one moment, however long the watch.
fn ask_for_waits(pump: &Pump, scene: &Scene) {
    let interest = Interest { waits: waits::to_look_at(scene, |_| true), ..Interest::default() };
    // Refused only when the sampler ended: the next wait for a scene says so.
    let _ = pump.interest.send(interest);
}

/// Whether the next look but one is the last, or the next: a look may already have begun.
fn ends_soon(watched: Duration, interval_s: f64, time: Duration) -> bool {
    covers(watched.saturating_add(Duration::from_secs_f64(interval_s * 2.0)), interval_s, time)
}

/// Ticks come at whole intervals from the first look on, but each look begins a little late: a tenth of an interval is
/// forgiven.
fn covers(watched: Duration, interval_s: f64, time: Duration) -> bool {
    watched.as_secs_f64() + interval_s / 10.0 >= time.as_secs_f64()
}
