//! `tftop report`: watch for a while, print once.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;

use super::attach::{attach, families};
use super::cli::{Options, ReportWish};
use super::exit::Exit;
use super::output;
use super::pump::Pump;
use super::watch::{runtime, stop_signal};
use crate::fact::Pid;
use crate::model::{Model, Scene};
use crate::report;

/// Prints the report that was wished for.
pub(super) fn report(wish: &ReportWish, options: &Options) -> anyhow::Result<Exit> {
    print_after(wish.pid, wish.watch, options, |scene| match wish.json {
        true => Ok(report::json(scene)? + "\n"),
        false => Ok(report::text(scene, wish.threads)),
    })
}

/// Watches for `time`, then prints what `shown` makes of the last scene.
pub(super) fn print_after(
    pid: Pid,
    time: Duration,
    options: &Options,
    shown: impl FnOnce(&Scene) -> anyhow::Result<String>,
) -> anyhow::Result<Exit> {
    let model = Model::of_whole_watch(families(options)?);
    let attached = attach(pid, &options.within(time), model)?;
    let scene = runtime()?.block_on(async { collect(&attached.pump, time, stop_signal()?).await })?;
    output::print(&shown(&scene)?)?;
    Ok(match (scene.target.ended, attached.names_readable) {
        (true, _) => Exit::Gone,
        (false, false) => Exit::Partial,
        (false, true) => Exit::Clean,
    })
}

/// The scene after `time`; sooner when the target ends or `stop` comes: its window says what it covers.
pub(super) async fn collect(pump: &Pump, time: Duration, stop: impl Future<Output = ()>) -> anyhow::Result<Arc<Scene>> {
    let mut scenes = pump.scenes.clone();
    let first_ns = scenes.borrow().at_ns;
    let mut stop = std::pin::pin!(stop);
    loop {
        let scene = scenes.borrow_and_update().clone();
        if scene.target.ended || covers(&scene, first_ns, time) {
            return Ok(scene);
        }
        tokio::select! {
            () = &mut stop => return Ok(scene),
            changed = scenes.changed() => changed.context("the sampler thread ended: this is a bug in tftop")?,
        }
    }
}

/// Ticks come at whole intervals from the first look on, but each look begins a little late: a tenth of an interval is
/// forgiven.
fn covers(scene: &Scene, first_ns: u64, time: Duration) -> bool {
    let covered = Duration::from_nanos(scene.at_ns.saturating_sub(first_ns)).as_secs_f64();
    covered + scene.interval_s / 10.0 >= time.as_secs_f64()
}
