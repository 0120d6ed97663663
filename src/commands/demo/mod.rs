//! `tftop demo`: a small training run of our own to watch. It ends when the demo ends, however that happens.

pub(crate) mod python;
pub(crate) mod training;

use std::fs;
use std::path::{Path, PathBuf};
use std::pin::pin;

use anyhow::Context as _;
use etcetera::BaseStrategy as _;

use crate::commands::args::cli::DemoArgs;
use crate::commands::args::global::GlobalArgs;
use crate::commands::dashboard;
use crate::commands::dashboard::DashboardParts;
use crate::commands::demo::training::Training;
use crate::commands::own_process::exit::Exit;
use crate::commands::own_process::{event_loop, stdio};
use crate::commands::sampling::attach::{attach, families};
use crate::commands::sampling::timed_watch::collect;
use crate::model::build_scene::Model;
use crate::model::origin::families::Families;
use crate::output;

/// Finds or installs TensorFlow, starts the training run, shows it, ends it.
pub(crate) fn demo(args: &DemoArgs, options: &GlobalArgs) -> anyhow::Result<Exit> {
    // First of all: nobody should wait for a download to hear that a file is wrong.
    let families = families(options)?;
    let cache = cache()?;
    let python = python::with_tensorflow(&args.python, &cache)?;
    event_loop::runtime()?.block_on(show(args, options, families, &python, &cache))
}

async fn show(
    args: &DemoArgs,
    options: &GlobalArgs,
    families: Families,
    python: &Path,
    cache: &Path,
) -> anyhow::Result<Exit> {
    let mut stop = pin!(event_loop::stop_signal()?);
    let mut training = Training::start(python, args.contended, cache)?;
    stdio::say(&format!("Starting a training run, pid {}; its log: {}", training.pid(), training.log().display()));
    tokio::select! {
        () = &mut stop => return Ok(Exit::Clean),
        begun = training.begun() => begun?,
    }
    if stdio::can_draw() {
        let (sampler, mut first) = attach(training.pid(), options, Model::new(families))?;
        dashboard::from_first_look((&sampler, &mut first), options, DashboardParts::default(), stop).await?;
        let last = sampler.scenes.borrow().clone();
        training.check()?;
        stdio::offer(&output::summary(&last));
    } else {
        let model = Model::of_whole_watch(families);
        let (sampler, mut first) = attach(training.pid(), &options.within(args.watch), model)?;
        stdio::say(&format!("Training started; report in {} s", args.watch.as_secs_f64()));
        tokio::select! {
            () = &mut stop => return Ok(Exit::Clean),
            taken = first.taken() => taken?,
        }
        let last = collect(&sampler, args.watch, stop).await?;
        training.check()?;
        stdio::print(&output::text(&last, output::ReportDetail::default(), options.page()))?;
    }
    Ok(Exit::Clean)
}

/// `$XDG_CACHE_HOME/tftop`, made where it is missing.
fn cache() -> anyhow::Result<PathBuf> {
    let strategy = etcetera::choose_base_strategy().context("there is no home directory: set XDG_CACHE_HOME")?;
    let cache = strategy.cache_dir().join("tftop");
    fs::create_dir_all(&cache)
        .with_context(|| format!("making {}: set XDG_CACHE_HOME to a folder that can be written", cache.display()))?;
    Ok(cache)
}
