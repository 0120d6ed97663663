//! `tftop demo`: a small training run of our own, started as `tftop run` starts a command; without a terminal it is watched
//! for a while and reported. It ends when the demo ends, however that happens.

pub(crate) mod pip;
pub(crate) mod python;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use etcetera::BaseStrategy as _;

use crate::commands::args::cli::DemoArgs;
use crate::commands::args::global::GlobalArgs;
use crate::commands::demo::python::DemoPython;
use crate::commands::own_process::exit::Exit;
use crate::commands::own_process::{event_loop, stdio};
use crate::commands::run;
use crate::commands::run::session::timed::WatchGoal;
use crate::commands::run::start_spec::{StartRequest, StartSpec};
use crate::commands::sampling::attach::families;
use crate::model::origin::families::Families;
use crate::output;

const SCRIPT: &str = include_str!("../../../assets/demo/train.py");
/// The script prints it after its first batch.
const BEGUN: &str = "training has begun";
/// Longest start: a cold import of TensorFlow from a slow disk takes a minute.
const START_LIMIT: Duration = Duration::from_secs(300);

/// Finds or installs TensorFlow, starts the training run, shows it, ends it.
pub(crate) fn demo(args: &DemoArgs, options: &GlobalArgs) -> anyhow::Result<Exit> {
    // First of all: nobody should wait for a download to hear that a file is wrong.
    let families = families(options)?;
    let cache = cache()?;
    let python = match python::with_tensorflow(&args.python, &cache, args.yes)? {
        DemoPython::Ready(python) => python,
        DemoPython::Declined => {
            stdio::say("tftop: nothing was installed; `tftop demo --python PATH` uses a Python that has TensorFlow");
            return Ok(Exit::Clean);
        }
    };
    let script = script(&cache)?;
    let words = [python.into_os_string(), script.into_os_string()];
    let command = words.into_iter().chain(args.contended.then(|| OsString::from("--contended"))).collect();
    let spec = StartSpec::new(StartRequest { command, ends_with_dashboard: true, ..StartRequest::default() })?;
    match run::opens_dashboard(&spec.request) {
        true => run::start(spec, families, options, || Ok(())),
        false => report(&spec, args.watch, families, options),
    }
}

fn report(spec: &StartSpec, time: Duration, families: Families, options: &GlobalArgs) -> anyhow::Result<Exit> {
    let seconds = time.as_secs_f64();
    stdio::say(&format!("tftop: starting a training run; the report follows {seconds} s after its first step"));
    let goal = WatchGoal { begun: BEGUN, start_limit: START_LIMIT, time };
    let seen = event_loop::runtime()?.block_on(run::watch_for(spec, goal, options, families))?;
    run::prune(options);
    if let Some(scene) = seen {
        stdio::print(&output::text(&scene, output::ReportDetail::default(), options.page()))?;
    }
    Ok(Exit::Clean)
}

/// The script, written anew: an older tftop may have left another one.
fn script(cache: &Path) -> anyhow::Result<PathBuf> {
    let script = cache.join("demo-train.py");
    // Written beside and renamed: a demo that starts at the same time never reads half a script.
    let fresh = cache.join(format!("demo-train.{}.py", std::process::id()));
    fs::write(&fresh, SCRIPT)
        .and_then(|()| fs::rename(&fresh, &script))
        .with_context(|| format!("writing {}", script.display()))?;
    Ok(script)
}

/// `$XDG_CACHE_HOME/tftop`, made where it is missing.
fn cache() -> anyhow::Result<PathBuf> {
    let strategy = etcetera::choose_base_strategy().context("there is no home directory: set XDG_CACHE_HOME")?;
    let cache = strategy.cache_dir().join("tftop");
    fs::create_dir_all(&cache).with_context(|| {
        format!("making {}: set XDG_CACHE_HOME to a directory that can be written", cache.display())
    })?;
    Ok(cache)
}
