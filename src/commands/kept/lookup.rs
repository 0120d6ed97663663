//! The store of this user, and one run in it by its name.

use anyhow::Context as _;

use crate::commands::own_process::exit::CommandError;
use crate::runs::run_dir;
use crate::runs::store::{KeptRun, RunNotFound, Store};
use crate::runs::summary::{RunSummary, SCHEMA};

/// The runs of this user.
pub(crate) fn store() -> anyhow::Result<Store> {
    let home = run_dir::home().context("finding the folder of the runs")?;
    Store::open(&home).with_context(|| format!("opening the folder of the runs, {}", home.display()))
}

/// The run with this name, or a problem that says what to do.
pub(crate) fn find(store: &Store, id: &str) -> anyhow::Result<KeptRun> {
    store.find(id).map_err(|why| match why {
        RunNotFound::Io(error) => anyhow::Error::new(error).context("reading the folder of the runs"),
        why => CommandError::not_found(format!("run {id:?}: {why}")).into(),
    })
}

/// The summary that lies there.
pub(crate) fn stored(kept: &KeptRun) -> anyhow::Result<RunSummary> {
    let summary: RunSummary = serde_json::from_slice(&kept.summary()?)?;
    match *summary.schema == *SCHEMA && summary.run.id == kept.fact.id {
        true => Ok(summary),
        false => Err(anyhow::anyhow!("it is of another version or another run")),
    }
}
