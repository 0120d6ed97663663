//! Where metrics go: pages over HTTP, and a file for node_exporter. Of the looks of `tftop serve`, or of those at one run. Looks at
//! nothing itself.

use std::convert::Infallible;
use std::fs;
use std::future::pending;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context as _;
use rustix::time::{ClockId, clock_gettime};
use tokio::sync::watch;

use crate::commands::own_process::exit::CommandError;
use crate::commands::serve::http::Server;
use crate::commands::serve::looked::Looked;
use crate::commands::serve::textfile::Textfile;
use crate::commands::serve::tls::Tls;
use crate::data::scene::Scene;
use crate::output::LookTotals;

/// A token that is shorter is no secret.
const SHORTEST_TOKEN: usize = 16;

/// Where metrics are asked for; all empty: nowhere.
#[derive(Clone, Debug, Default)]
pub(crate) struct PublishRequest {
    /// Where HTTP is served.
    pub(crate) listen: Option<SocketAddr>,
    /// A file with the token that clients must send.
    pub(crate) token_file: Option<PathBuf>,
    /// The files of the certificate and its key; none where HTTP is served as it is.
    pub(crate) tls: Option<(PathBuf, PathBuf)>,
    /// The directory of the file for node_exporter.
    pub(crate) textfile: Option<PathBuf>,
}

impl PublishRequest {
    /// Whether anything of it is asked for.
    pub(crate) fn is_wanted(&self) -> bool {
        self.listen.is_some() || self.textfile.is_some() || self.is_of_http()
    }

    /// Whether it says how HTTP is to be served.
    fn is_of_http(&self) -> bool {
        self.token_file.is_some() || self.tls.is_some()
    }
}

/// Everything that is needed to publish, open and checked.
#[derive(Debug)]
pub(crate) struct Publisher {
    listener: Option<TcpListener>,
    token: Option<String>,
    tls: Option<Arc<Tls>>,
    textfile: Option<PathBuf>,
}

impl Publisher {
    /// Fails where the address is taken or needs a token, or a file can't be used. Nobody is answered yet.
    pub(crate) fn open(request: &PublishRequest) -> anyhow::Result<Self> {
        if request.listen.is_none() && request.is_of_http() {
            return Err(CommandError::usage(
                "--token-file and --tls-cert say how metrics are served over HTTP: add --listen 127.0.0.1:9912",
            )
            .into());
        }
        let token = request.token_file.as_deref().map(token).transpose()?;
        let tls = request.tls.as_ref().map(|(certificate, key)| Tls::open(certificate, key)).transpose()?;
        if let Some(address) = request.listen.filter(|address| !address.ip().is_loopback() && token.is_none()) {
            return Err(CommandError::usage(format!(
                "{address} can be reached from other machines: that needs --token-file FILE, or listen on 127.0.0.1"
            ))
            .into());
        }
        if let Some(folder) = request.textfile.as_ref().filter(|folder| !folder.is_dir()) {
            return Err(
                CommandError::usage(format!("--textfile {}: there is no such directory", folder.display())).into()
            );
        }
        let bound = |address| -> std::io::Result<TcpListener> {
            let listener = TcpListener::bind(address)?;
            listener.set_nonblocking(true)?;
            Ok(listener)
        };
        let listen = |address| bound(address).with_context(|| format!("listening on {address}"));
        let listener = request.listen.map(listen).transpose()?;
        Ok(Self { listener, token, tls: tls.map(Arc::new), textfile: request.textfile.clone() })
    }

    /// "http://127.0.0.1:9912"; none where nothing is served.
    pub(crate) fn address(&self) -> Option<String> {
        let address = self.listener.as_ref()?.local_addr().ok()?;
        Some(format!("{}://{address}", if self.tls.is_some() { "https" } else { "http" }))
    }

    /// Publishes every look; ends with an error alone. Call it inside the runtime.
    pub(super) async fn publish(&self, looks: watch::Receiver<Looked>) -> anyhow::Result<Infallible> {
        let serving = async {
            match &self.listener {
                Some(listener) => {
                    let listener = tokio::net::TcpListener::from_std(listener.try_clone()?)?;
                    Server::new(looks.clone(), self.token.clone(), self.tls.clone()).run(listener).await
                }
                None => pending().await,
            }
        };
        let mut writes = looks.clone();
        let writing = async {
            let Some(folder) = &self.textfile else { return pending().await };
            let mut file = None;
            while writes.changed().await.is_ok() {
                let looked = writes.borrow_and_update().clone();
                file.get_or_insert_with(|| Textfile::new(folder, looked.run.as_deref())).write(&looked)?;
            }
            anyhow::bail!("the sampler thread ended: this is a bug in tftop")
        };
        tokio::select! {
            ended = serving => ended,
            ended = writing => ended,
        }
    }

    /// Publishes what is seen of one run under its name; comes when it can't go on.
    pub(crate) async fn publish_run(
        &self,
        mut scenes: watch::Receiver<Arc<Scene>>,
        run: &str,
        interval: Duration,
    ) -> anyhow::Error {
        let run: Arc<str> = run.into();
        let (publish, looks) = watch::channel(Looked { interval, run: Some(run.clone()), ..Looked::default() });
        let looking = async {
            let never: Infallible = loop {
                let scene = scenes.borrow_and_update().clone();
                if scene.tick > 0 {
                    let own = LookTotals { looks: scene.tick, ..own_totals() };
                    let (scenes, at, run) = (vec![scene], Some(Instant::now()), Some(run.clone()));
                    publish.send_replace(Looked { scenes, own, at, interval, run, ..Looked::default() });
                }
                if scenes.changed().await.is_err() {
                    // The last look stays what it is.
                    break pending().await;
                }
            };
            never
        };
        tokio::select! {
            never = looking => match never {},
            ended = self.publish(looks) => match ended { Err(why) => why },
        }
    }
}

/// What this process used, now. Looks are counted by who takes them.
pub(super) fn own_totals() -> LookTotals {
    LookTotals {
        looks: 0,
        cpu_s: Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap_or_default().as_secs_f64(),
        newest_unix_s: SystemTime::UNIX_EPOCH.elapsed().ok().map(|since| since.as_secs_f64()),
    }
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
