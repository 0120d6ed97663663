//! From a pid and the options to a running sampler.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::Context as _;

use crate::commands::args::global::GlobalArgs;
use crate::commands::own_process::exit::CommandError;
use crate::commands::sampling::sampler::{FirstLook, SampleObserver, Sampler};
use crate::commands::sampling::shared_interval::SharedInterval;
use crate::data::Pid;
use crate::data::sample::Interest;
use crate::linux::memory::LiveMemory;
use crate::model::build_scene::Model;
use crate::model::origin::families::Families;
use crate::probe::live::{Live, LiveOptions};

/// Where this machine's processes stand.
pub(crate) const PROC: &str = "/proc";

/// Attaches on the sampler's thread; what comes of it the second value says.
pub(crate) fn attach(pid: Pid, options: &GlobalArgs, model: Model) -> anyhow::Result<(Sampler, FirstLook)> {
    attach_with(pid, options, model, ())
}

/// The same, and somebody goes along.
pub(crate) fn attach_with<C: SampleObserver>(
    pid: Pid,
    options: &GlobalArgs,
    model: Model,
    companion: C,
) -> anyhow::Result<(Sampler, FirstLook)> {
    let live = LiveOptions { gpus: true, ..live_options(options) };
    let (reading, pace) = (live.reading.clone(), SharedInterval::of(options.interval));
    let kept = pace.clone();
    let open = move || {
        let mut live = Live::attach(pid, live).map_err(|error| CommandError::attach(pid, &error))?;
        Ok(move |interest: &Interest, late| {
            live.keep_interval(kept.interval());
            live.next(interest, late)
        })
    };
    let interest = Interest { trace: options.trace, ..Interest::default() };
    Sampler::start(open, companion, model, (pace, interest), reading).context("starting the sampler thread")
}

/// The thread families: the built-in ones, and those of --families before them.
pub(crate) fn families(options: &GlobalArgs) -> anyhow::Result<Families> {
    let Some(path) = &options.families else { return Ok(Families::builtin()) };
    let text = fs::read_to_string(path)
        .map_err(|error| CommandError::usage(format!("--families {}: {error}", path.display())))?;
    Families::with_user_file(&text)
        .map_err(|error| CommandError::usage(format!("--families {}: {error}", path.display())).into())
}

/// How to watch, by the options.
pub(crate) fn live_options(options: &GlobalArgs) -> LiveOptions {
    LiveOptions {
        children: !options.no_children,
        job: options.job,
        interval: options.interval,
        reading: options.reading.clone(),
        ..LiveOptions::default()
    }
}

/// Whether its memory may be read: without it threads have only the kernel's names. Only a refusal counts: a process that is just ending has no memory either, and that is no matter of permission.
pub(crate) fn names_readable(pid: Pid) -> bool {
    match LiveMemory::open(Path::new(PROC), pid) {
        Err(error) => error.kind() != ErrorKind::PermissionDenied,
        Ok(_) => true,
    }
}
