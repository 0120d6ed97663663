//! `tftop stack`: what threads are doing right now, down to the last frame.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;

use super::attach::{PROC, families, live_options};
use super::cli::{Options, StackWish};
use super::exit::{Exit, Problem};
use super::{output, sample, target};
use crate::fact::{Interest, Pid, Taken, Tid};
use crate::model::{Model, Scene};
use crate::probe::stack::{StackReader, Stops};
use crate::probe::{Live, LiveOptions};
use crate::report;

/// Time of all stops of one call: some 400 threads at the quarter of a millisecond that one stop takes mostly.
const STOP_BUDGET: Duration = Duration::from_millis(100);

/// Prints the stacks of the threads that were asked for.
pub(super) fn stack(wish: &StackWish, options: &Options) -> anyhow::Result<Exit> {
    if wish.stop && options.read_only {
        return Err(Problem::usage("--stop stops threads, which --read-only forbids: leave one of them out").into());
    }
    let pid = target::find(&wish.target)?;
    let scene = look(pid, options)?;
    let pid = scene.target.pid;
    let tids = chosen(&scene, wish)?;
    let mut reader = StackReader::attach(Path::new(PROC), pid).map_err(|error| unreadable(pid, &error))?;
    if let Some(time) = wish.sampling.sample {
        return sample::sample(&scene, reader, &tids, wish, time);
    }
    let stops = match wish.stop {
        false => Stops::Never,
        true => {
            output::say(&format!(
                "tftop: stopping threads of {pid} whose stack can't be read otherwise, one at a time, {} ms in all at most",
                STOP_BUDGET.as_millis()
            ));
            Stops::Allowed { budget: STOP_BUDGET }
        }
    };
    let stacks = reader.take(&tids, stops);
    match wish.json {
        true => output::print(&(report::stack_json(&scene, &stacks).context("writing JSON")? + "\n"))?,
        false => output::print(&report::stack_text(&scene, &stacks))?,
    }
    let gone = stacks.stacks.iter().all(|stack| matches!(stack.taken, Taken::Not { .. }))
        && !Path::new(PROC).join(pid.to_string()).exists();
    Ok(if gone { Exit::Gone } else { Exit::Clean })
}

/// The threads and where they come from. A look at the process itself, without its children: their memory is another.
fn look(pid: Pid, options: &Options) -> anyhow::Result<Scene> {
    let live = LiveOptions { children: false, ..live_options(options) };
    let mut live = Live::attach(pid, live).map_err(|error| Problem::attach(pid, &error))?;
    let sample = live.next(&Interest::default(), Duration::ZERO);
    Ok(Model::new(families(options)?).next(Arc::new(sample)))
}

fn chosen(scene: &Scene, wish: &StackWish) -> anyhow::Result<Vec<Tid>> {
    let all = || scene.threads.iter();
    let tids: Vec<Tid> = match (&wish.group, wish.tid) {
        (Some(origin), _) => {
            let of_group = all().filter(|thread| *thread.attribution.group.origin == **origin);
            of_group.map(|thread| thread.key.tid).collect()
        }
        (None, Some(tid)) => all().map(|thread| thread.key.tid).filter(|found| found.0 == tid).collect(),
        (None, None) => all().map(|thread| thread.key.tid).collect(),
    };
    if !tids.is_empty() {
        return Ok(tids);
    }
    let says = match (&wish.group, wish.tid) {
        (Some(origin), _) => {
            let mut origins: Vec<&str> = all().map(|thread| &*thread.attribution.group.origin).collect();
            origins.sort_unstable();
            origins.dedup();
            format!("process {} has no thread of {origin:?}; its groups are {}", scene.target.pid, origins.join(", "))
        }
        (None, Some(tid)) => format!("process {} has no thread {tid}", scene.target.pid),
        (None, None) => format!("process {} has no threads any more", scene.target.pid),
    };
    Err(Problem::not_found(says).into())
}

pub(super) fn unreadable(pid: Pid, error: &std::io::Error) -> Problem {
    match error.kind() {
        ErrorKind::NotFound => Problem::not_found(format!("no process {pid} here any more")),
        _ => Problem::permission(format!(
            "stacks of process {pid} can't be read: {error}; `tftop doctor {pid}` says what is missing and what helps"
        )),
    }
}
