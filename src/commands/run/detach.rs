//! `tftop run --detach`: the command is started with its caps and left alone. Nobody watches it, so nothing is verified.

use anyhow::{Context as _, anyhow};

use crate::commands::args::global::GlobalArgs;
use crate::commands::own_process::exit::Exit;
use crate::commands::own_process::{event_loop, stdio};
use crate::commands::run::session::SessionSetup;
use crate::commands::run::start_spec::StartSpec;
use crate::data::run::run_files::LOG;
use crate::launch::child::{Child, ChildSpec, Streams};
use crate::launch::shell;

/// Starts the command in a session of its own and says where to find it.
pub(crate) fn detached(spec: StartSpec, options: &GlobalArgs) -> anyhow::Result<Exit> {
    let SessionSetup { plan, mut record, .. } =
        SessionSetup::detached(&spec, options).context("--detach: writing the shim")?;
    let request = &spec.request;
    let origin = request.origin.as_deref();
    let folder = record.folder.take().ok_or_else(|| anyhow!("--detach: no log: {}", record.missing.join("; ")))?;
    let (log, file) = folder.file(LOG).context("--detach: making the log")?;
    let cpus = plan.cpus.as_ref().or_else(|| origin?.cpus.as_ref());
    let streams = Streams::Detached(file);
    let start = ChildSpec { words: &request.command, origin, changes: &plan.environment, cpus, cgroups: &[], streams };
    let (pid, ended) = event_loop::runtime()?.block_on(async {
        let mut child = Child::start(start).context("starting the command")?;
        child.begun().await;
        let ended = if child.has_ended() { Some(child.ended().await?) } else { None };
        Ok::<_, anyhow::Error>((child.pid(), ended))
    })?;
    let id = folder.id().to_owned();
    folder.leave(pid);
    let state = if ended.is_some() { "has ended already" } else { "runs without tftop" };
    stdio::print(&format!(
        "tftop: {} {state}\n  pid      {pid}\n  run      {id}\n  output   {}\n  watch    tftop {pid}\n  \
         caps     set, not verified: it is not watched\n",
        shell::shown(&request.command),
        shell::quoted(log.as_os_str())
    ))?;
    Ok(ended.map_or(Exit::Clean, |how| Exit::Of(how.code())))
}
