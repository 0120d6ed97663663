//! `tftop serve`: every framework process of this machine as metrics, for who collects them. Looks on a thread of its own, so that no
//! client waits for a look and no look for a client; never reads or changes anything that `tftop ps` does not.

mod http;
mod looked;
pub(crate) mod publisher;
mod textfile;
mod tls;

use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::sync::watch;

use crate::commands::args::global::GlobalArgs;
use crate::commands::args::machine::serve::ServeArgs;
use crate::commands::own_process::event_loop::{runtime, stop_signal};
use crate::commands::own_process::exit::Exit;
use crate::commands::own_process::stdio;
use crate::commands::sampling::process_scan::{ProcessScan, ScanLook};
use crate::commands::serve::looked::Looked;
use crate::commands::serve::publisher::{Publisher, own_totals};
use crate::data::scene::Scene;
use crate::output;
use crate::output::LookTotals;

/// Between two looks, unless --interval says otherwise.
const INTERVAL: Duration = Duration::from_secs(5);

/// Serves until a signal comes.
pub(crate) fn serve(args: &ServeArgs, options: &GlobalArgs) -> anyhow::Result<Exit> {
    let publisher = Publisher::open(&args.publish())?;
    let scan = ProcessScan::new(options)?;
    let interval = options.interval_or(INTERVAL);
    runtime()?.block_on(async {
        let stop = stop_signal()?;
        let (publish, looks) = watch::channel(Looked::default());
        let target = args.target.clone();
        thread::Builder::new()
            .name("tftop-sampler".to_owned())
            .spawn(move || look_on(scan, target.as_deref(), interval, &publish))
            .context("starting the sampler thread")?;
        if let Some(address) = publisher.address() {
            stdio::say(&format!("tftop: serving {address}/metrics; Ctrl-C to stop"));
        }
        tokio::select! {
            () = stop => Ok(Exit::Clean),
            ended = publisher.publish(looks.clone()) => match ended? {},
            ended = print_on(args.json_lines, looks.clone()) => ended.map(|()| Exit::Clean),
        }
    })
}

/// One look an interval, until nobody wants any more.
fn look_on(mut scan: ProcessScan, target: Option<&str>, interval: Duration, publish: &watch::Sender<Looked>) {
    let mut own = LookTotals::default();
    let wanted = |scene: &Scene| {
        target.is_none_or(|target| scene.target.pid.to_string() == target || scene.target.command.contains(target))
    };
    let mut next = Instant::now();
    while !publish.is_closed() {
        let ScanLook { mut scenes, jobs } = scan.look();
        own = LookTotals { looks: own.looks + 1, ..own_totals() };
        scenes.retain(|scene| wanted(scene));
        publish.send_replace(Looked { scenes, jobs, own, at: Some(Instant::now()), interval, run: None });
        next = (next + interval).max(Instant::now());
        thread::sleep(next.saturating_duration_since(Instant::now()));
    }
}

/// Prints a line at every look, where lines are wanted; ends with an error alone, or where nobody reads them any more.
async fn print_on(wanted: bool, mut looks: watch::Receiver<Looked>) -> anyhow::Result<()> {
    if !wanted {
        return std::future::pending().await;
    }
    while looks.changed().await.is_ok() {
        let looked = looks.borrow_and_update().clone();
        let listing: serde_json::Value = serde_json::from_str(&output::ps_json(&looked.scenes, &looked.jobs)?)?;
        if !stdio::print_while_read(&format!("{listing}\n"))? {
            return Ok(());
        }
    }
    anyhow::bail!("the sampler thread ended: this is a bug in tftop")
}
