//! Answers the dashboard's question what a rerun would do, in the background: reading a process may take a while. What was
//! answered last is kept: a yes is to that and nothing else.

use std::sync::{Arc, Mutex, PoisonError};

use crate::commands::args::global::GlobalArgs;
use crate::commands::workers::worker;
use crate::data::limits::Caps;
use crate::data::run::RerunPlan;
use crate::tui::messages::rerun::{RerunAnswer, RerunWorker};

/// What was answered last, where it can be done.
pub(crate) struct LastPrepared<T>(Arc<Mutex<Option<(Caps, T)>>>);

impl<T> LastPrepared<T> {
    /// The start that these caps were agreed to with.
    pub(crate) fn take(&self, caps: Caps) -> Option<T> {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        last.filter(|(of, _)| *of == caps).map(|(_, prepared)| prepared)
    }
}

/// Starts a worker that answers by `prepare`.
pub(crate) fn start<T, P>(options: &GlobalArgs, prepare: P) -> std::io::Result<(RerunWorker, LastPrepared<T>)>
where
    T: Send + 'static,
    P: Fn(Caps) -> anyhow::Result<(T, RerunPlan)> + Send + 'static,
{
    let kept = Arc::new(Mutex::new(None));
    let (keep, read_only) = (kept.clone(), options.read_only);
    let answer = move |caps| match read_only {
        true => Err("--read-only: nothing is stopped or started; leave it out to rerun".to_owned()),
        false => {
            let (prepared, shown) = prepare(caps).map_err(|why: anyhow::Error| why.to_string())?;
            *keep.lock().unwrap_or_else(PoisonError::into_inner) = Some((caps, prepared));
            Ok(shown)
        }
    };
    let (ask, answers) = worker::start("tftop-rerun", move |caps| RerunAnswer { caps, plan: answer(caps) })?;
    Ok((RerunWorker { requests: ask, answers }, LastPrepared(kept)))
}
