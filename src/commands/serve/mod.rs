//! `tftop serve`: every framework process of this machine as metrics, for who collects them. Looks on a thread of its own, so that no
//! client waits for a look and no look for a client; never reads or changes anything that `tftop ps` does not.

mod http;
mod looked;
mod textfile;
mod tls;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context as _;
use rustix::time::{ClockId, clock_gettime};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::commands::args::global::GlobalArgs;
use crate::commands::args::machine::serve::ServeArgs;
use crate::commands::own_process::event_loop::{runtime, stop_signal};
use crate::commands::own_process::exit::{CommandError, Exit};
use crate::commands::own_process::stdio;
use crate::commands::sampling::process_scan::{ProcessScan, ScanLook};
use crate::commands::serve::http::Server;
use crate::commands::serve::looked::Looked;
use crate::commands::serve::tls::Tls;
use crate::data::scene::Scene;
use crate::output;
use crate::output::LookTotals;

/// Between two looks, unless --interval says otherwise.
const INTERVAL: Duration = Duration::from_secs(5);
/// A token that is shorter is no secret.
const SHORTEST_TOKEN: usize = 16;

/// Serves until a signal comes.
pub(crate) fn serve(args: &ServeArgs, options: &GlobalArgs) -> anyhow::Result<Exit> {
    let token = args.token_file.as_deref().map(token).transpose()?;
    let tls = args.tls().map(|(certificate, key)| Tls::open(certificate, key)).transpose()?;
    let listen = args.listen();
    if let Some(address) = listen.filter(|address| !address.ip().is_loopback() && token.is_none()) {
        return Err(CommandError::usage(format!(
            "{address} can be reached from other machines: that needs --token-file FILE, or listen on 127.0.0.1"
        ))
        .into());
    }
    if let Some(folder) = &args.textfile {
        textfile::check(folder)?;
    }
    let scan = ProcessScan::new(options)?;
    let interval = options.interval_or(INTERVAL);
    runtime()?.block_on(async {
        let stop = stop_signal()?;
        let (publish, looks) = watch::channel(Looked::default());
        let listener = match listen {
            Some(address) => Some(TcpListener::bind(address).await.with_context(|| format!("listening on {address}"))?),
            None => None,
        };
        let target = args.target.clone();
        thread::Builder::new()
            .name("tftop-sampler".to_owned())
            .spawn(move || look_on(scan, target.as_deref(), interval, &publish))
            .context("starting the sampler thread")?;
        let serving = async {
            match listener {
                Some(listener) => {
                    let scheme = if tls.is_some() { "https" } else { "http" };
                    let address = listener.local_addr()?;
                    stdio::say(&format!("tftop: serving {scheme}://{address}/metrics; Ctrl-C to stop"));
                    Server::new(looks.clone(), token, tls).run(listener).await
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = stop => Ok(Exit::Clean),
            ended = serving => ended.map(|()| Exit::Clean),
            ended = write_on(args, looks.clone()) => ended.map(|()| Exit::Clean),
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
        own.looks += 1;
        own.cpu_s = Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap_or_default().as_secs_f64();
        own.newest_unix_s = SystemTime::UNIX_EPOCH.elapsed().ok().map(|since| since.as_secs_f64());
        scenes.retain(|scene| wanted(scene));
        publish.send_replace(Looked { scenes, jobs, own, at: Some(Instant::now()), interval });
        next = (next + interval).max(Instant::now());
        thread::sleep(next.saturating_duration_since(Instant::now()));
    }
}

/// Writes what is to be written at every look; ends with an error alone, or where nobody reads the lines any more.
async fn write_on(args: &ServeArgs, mut looks: watch::Receiver<Looked>) -> anyhow::Result<()> {
    while looks.changed().await.is_ok() {
        let looked = looks.borrow_and_update().clone();
        if let Some(folder) = &args.textfile {
            textfile::write(
                folder,
                &output::text_format(&output::open_metrics(&looked.scenes, &looked.jobs, looked.own)?),
            )?;
        }
        if args.json_lines {
            let listing: serde_json::Value = serde_json::from_str(&output::ps_json(&looked.scenes, &looked.jobs)?)?;
            if !stdio::print_while_read(&format!("{listing}\n"))? {
                return Ok(());
            }
        }
    }
    anyhow::bail!("the sampler thread ended: this is a bug in tftop")
}

/// Modes of a token file that are refused: its group may read it, as that of a Kubernetes Secret does, and nobody else.
const OPEN_TO_OTHERS: u32 = 0o037;

/// The token in a file that is closed to others.
fn token(path: &Path) -> anyhow::Result<String> {
    let about = |why: &str| CommandError::usage(format!("--token-file {}: {why}", path.display()));
    let mode = fs::metadata(path).map_err(|error| about(&error.to_string()))?.permissions().mode();
    if mode & OPEN_TO_OTHERS != 0 {
        return Err(about("it is open to others; `chmod 600` makes it yours alone").into());
    }
    let token = fs::read_to_string(path).map_err(|error| about(&error.to_string()))?.trim().to_owned();
    let usable = token.len() >= SHORTEST_TOKEN && token.bytes().all(|byte| byte.is_ascii_graphic());
    if !usable {
        return Err(about(&format!("a token has at least {SHORTEST_TOKEN} visible ASCII characters")).into());
    }
    Ok(token)
}
