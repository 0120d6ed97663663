//! Lines of the summary at the end of a command.

use std::ffi::OsString;

use crate::data::run::{LogFact, RunEnd};
use crate::data::scene::Scene;
use crate::launch::child::ChildExit;
use crate::launch::{program, shell};
use crate::output;

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
        true => "Python ran and did not report (-I, -E, -S, an emptied environment, or it ended before)".to_owned(),
        false => "no Python was seen".to_owned(),
    })
}
