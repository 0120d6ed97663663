//! `tftop runs`: the runs that are kept, what each came to, and which are removed.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use clap::{Args, Subcommand};

use crate::commands::args::cli::{GlobalArgs, OutputFormat};
use crate::commands::exit::{CommandError, Exit};
use crate::commands::stdio;
use crate::data::run::RunEnd;
use crate::launch::run_dir;
use crate::model::build_scene::Model;
use crate::model::origin::families::Families;
use crate::output;
use crate::runs::recording::reader::TapeReader;
use crate::runs::store::{KeptRun, RemovedRun, Retention, RunNotFound, RunState, Store};
use crate::runs::summary::{RunSummary, SCHEMA, SummaryBuilder};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct RunsArgs {
    /// Print JSON (schema tftop.runs/1)
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Say what a run came to
    Show {
        /// Its name, the beginning of it, or "last"
        #[arg(value_name = "ID")]
        id: String,
        /// How to print it; markdown can be pasted into a pull request
        #[arg(long, value_name = "FORMAT", default_value = "text")]
        format: OutputFormat,
        /// Short for --format json (schema tftop.run-summary/1)
        #[arg(long, conflicts_with = "format")]
        json: bool,
    },
    /// Remove runs with all their files
    Rm {
        /// Their names, or the beginnings of them
        #[arg(value_name = "ID", required = true)]
        ids: Vec<String>,
    },
    /// Remove all but the newest runs
    Prune {
        /// How many stay; without it, as the settings say, else 50
        #[arg(long, value_name = "N")]
        keep: Option<usize>,
    },
}

/// Lists, shows or removes runs.
pub(crate) fn runs(wish: &RunsArgs, options: &GlobalArgs) -> anyhow::Result<Exit> {
    let store = store()?;
    match &wish.what {
        None => list(&store, wish.json),
        Some(What::Show { id, format, json }) => show(&store, id, if *json { OutputFormat::Json } else { *format }),
        Some(What::Rm { ids }) => ids.iter().try_for_each(|id| remove(&store, id)).map(|()| Exit::Clean),
        Some(What::Prune { keep }) => {
            let usual = options.runs.retention();
            let stay = keep.map_or(usual, |newest| Retention { newest, since_unix_ms: None });
            let (removed, failed) = store.prune(stay).context("reading the folder of the runs")?;
            stdio::print(&format!("{} runs removed\n", removed.len()))?;
            failed.map_or(Ok(Exit::Clean), |error| Err(error).context("one run could not be removed"))
        }
    }
}

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

/// What a run came to: its summary, or where it has none what its samples tell so far.
pub(crate) fn summary(kept: &KeptRun) -> RunSummary {
    stored(kept).unwrap_or_else(|why| {
        let missing = match kept.state {
            RunState::Ended => vec![format!("summary.json: {why}; this was made from the samples")],
            RunState::GoesOn | RunState::Unfinished => Vec::new(),
        };
        remade(kept, missing)
    })
}

fn list(store: &Store, json: bool) -> anyhow::Result<Exit> {
    let kept = store.list().context("reading the folder of the runs")?;
    let listed = |kept: KeptRun| output::ListedRun {
        goes_on: kept.state == RunState::GoesOn,
        summary: stored(&kept).ok(),
        fact: kept.fact,
    };
    let listed: Vec<_> = kept.into_iter().map(listed).collect();
    let now_unix_s = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    match json {
        true => stdio::print(&(output::runs_json(&listed)? + "\n"))?,
        false if listed.is_empty() => stdio::say("tftop: no run is kept here; `tftop run` starts one"),
        false => stdio::print(&output::runs(&listed, now_unix_s))?,
    }
    Ok(Exit::Clean)
}

fn show(store: &Store, id: &str, format: OutputFormat) -> anyhow::Result<Exit> {
    let kept = find(store, id)?;
    let summary = summary(&kept);
    let place = output::RunPlace { goes_on: kept.state == RunState::GoesOn, path: &kept.path().to_string_lossy() };
    stdio::print(&match format {
        OutputFormat::Text => output::run_summary(&summary, place),
        OutputFormat::Markdown => output::run_summary_markdown(&summary),
        OutputFormat::Json => serde_json::to_string_pretty(&summary)? + "\n",
    })?;
    Ok(Exit::Clean)
}

fn remove(store: &Store, id: &str) -> anyhow::Result<()> {
    let kept = find(store, id)?;
    let id = kept.fact.id.clone();
    match store.remove(&kept) {
        Ok(RemovedRun::All) => stdio::print(&format!("{id} removed\n")),
        Ok(RemovedRun::AllButForeign) => {
            let path = kept.path().display();
            stdio::print(&format!("{id} removed; its folder stays, because other files are in it: {path}\n"))
        }
        Err(error) if error.kind() == std::io::ErrorKind::ResourceBusy => {
            Err(CommandError::usage(format!("run {id} still goes on; end it first")).into())
        }
        Err(error) => Err(error).with_context(|| format!("removing run {id}")),
    }
}

/// The summary that lies there.
pub(crate) fn stored(kept: &KeptRun) -> anyhow::Result<RunSummary> {
    let summary: RunSummary = serde_json::from_slice(&kept.summary()?)?;
    match *summary.schema == *SCHEMA && summary.run.id == kept.fact.id {
        true => Ok(summary),
        false => Err(anyhow::anyhow!("it is of another version or another run")),
    }
}

/// What the samples tell.
fn remade(kept: &KeptRun, mut missing: Vec<String>) -> RunSummary {
    let mut gathering = SummaryBuilder::default();
    match kept.tape().map_err(anyhow::Error::new).and_then(|file| TapeReader::open(file).map_err(anyhow::Error::new)) {
        Ok(mut reader) => {
            let mut model = Model::of_whole_watch(Families::builtin());
            for sample in reader.by_ref() {
                let scene = model.next(sample.clone().into());
                gathering.take_in(&sample, &scene);
            }
            // While it goes on the tape has no end yet.
            let cut = reader.end().filter(|end| kept.state != RunState::GoesOn && !end.is_complete());
            missing.extend(cut.map(|cut| format!("samples.tape: {cut}")));
        }
        Err(why) => missing.push(format!("samples.tape: {why}")),
    }
    gathering.summary(kept.fact.clone(), (RunEnd::Unseen, gathering.watched_s()), missing)
}
