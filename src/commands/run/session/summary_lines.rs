//! Lines of the summary at the end of a command.

use std::ffi::OsString;

use crate::commands::kept::lookup;
use crate::data::run::{LogFact, RunEnd, RunFact};
use crate::data::scene::Scene;
use crate::launch::child::ChildExit;
use crate::launch::{program, shell};
use crate::output;
use crate::runs::store::RunState;

/// What is worth doing with a run that is kept: to compare it with the one before of the same command, else to see why.
pub(crate) fn next_step(run: &RunFact) -> Option<String> {
    let kept = lookup::store().ok()?.list().ok()?;
    let before = kept
        .iter()
        .find(|kept| kept.state == RunState::Ended && kept.fact.id != run.id && kept.fact.command == run.command);
    Some(match before {
        Some(before) => format!("tftop compare {} {}", before.fact.id, run.id),
        None => format!("tftop report {} --full", run.id),
    })
}

pub(crate) fn run_end(how: ChildExit) -> RunEnd {
    match how {
        ChildExit::Exit(code) => RunEnd::Exit(code),
        ChildExit::Signal(number) => RunEnd::Signal(number),
    }
}

pub(crate) fn words(how: ChildExit) -> String {
    output::run_ended(run_end(how))
}

pub(crate) fn about_log(log: &LogFact) -> String {
    let path = shell::quoted(log.path.as_str().as_ref());
    match &log.incomplete {
        Some(why) if log.path.is_empty() => format!("output   {why}"),
        None => format!("output   {path}"),
        Some(why) => format!("output   {path}: incomplete, {why}"),
    }
}

pub(crate) fn why_not_attached(command: &[OsString], last: Option<&Scene>) -> String {
    program::refuses_shim(command).unwrap_or_else(|| match last.is_some_and(|scene| scene.target.python.is_some()) {
        true => "Python ran but did not report (-I, -E, -S, an emptied environment, or it ended too soon)".to_owned(),
        false => "no Python process was seen".to_owned(),
    })
}
