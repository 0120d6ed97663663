//! `tftop runs`: the runs that are kept, what each came to, and which are removed.

use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context as _;

use crate::commands::args::choices::OutputFormat;
use crate::commands::args::global::GlobalArgs;
use crate::commands::args::kept::{RunsAction, RunsArgs};
use crate::commands::kept::lookup::{find, store, stored};
use crate::commands::own_process::exit::{CommandError, Exit};
use crate::commands::own_process::stdio;
use crate::data::run::RunEnd;
use crate::model::build_scene::Model;
use crate::model::origin::families::Families;
use crate::output;
use crate::present::format::page::Page;
use crate::runs::recording::reader::RecordingReader;
use crate::runs::store::{KeptRun, RemovedRun, Retention, RunState, Store};
use crate::runs::summary::{RunSummary, SummaryBuilder};

/// Lists, shows or removes runs.
pub(crate) fn runs(args: &RunsArgs, options: &GlobalArgs) -> anyhow::Result<Exit> {
    let store = store()?;
    match &args.what {
        None => list(&store, args.json, options.page()),
        Some(RunsAction::Show { id, format, json }) => {
            show(&store, id, if *json { OutputFormat::Json } else { *format }, options.page())
        }
        Some(RunsAction::Rm { ids }) => ids.iter().try_for_each(|id| remove(&store, id)).map(|()| Exit::Clean),
        Some(RunsAction::Prune { keep }) => {
            let usual = options.runs.retention();
            let retention = keep.map_or(usual, |newest| Retention { newest, since_unix_ms: None });
            let (removed, failed) = store.prune(retention).context("reading the folder of the runs")?;
            stdio::print(&format!("{} runs removed\n", removed.len()))?;
            failed.map_or(Ok(Exit::Clean), |error| Err(error).context("one run could not be removed"))
        }
    }
}

/// What a run came to: its summary, or where it has none what its samples tell so far.
pub(crate) fn summary(kept: &KeptRun) -> RunSummary {
    stored(kept).unwrap_or_else(|why| {
        let missing = match kept.state {
            RunState::Ended | RunState::Watched => vec![format!("summary.json: {why}; this was made from the samples")],
            RunState::GoesOn | RunState::Unfinished => Vec::new(),
        };
        remade(kept, missing)
    })
}

fn list(store: &Store, json: bool, page: Page) -> anyhow::Result<Exit> {
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
        false if listed.is_empty() => stdio::say("tftop: no runs yet; `tftop run` starts one"),
        false => {
            stdio::print(&output::runs(&listed, now_unix_s, page))?;
            if stdio::is_terminal() {
                stdio::say("See `tftop compare ID ID`, `tftop runs show ID`, `tftop replay ID`.");
            }
        }
    }
    Ok(Exit::Clean)
}

fn show(store: &Store, id: &str, format: OutputFormat, page: Page) -> anyhow::Result<Exit> {
    let kept = find(store, id)?;
    let summary = summary(&kept);
    let place = output::RunPlace { goes_on: kept.state == RunState::GoesOn, path: &kept.path().to_string_lossy() };
    stdio::print(&match format {
        OutputFormat::Text => output::run_summary(&summary, place, page),
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
            stdio::print(&format!("{id} removed; its directory stays, because other files are in it: {path}\n"))
        }
        Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {
            Err(CommandError::usage(format!("run {id} is still running; end it first")).into())
        }
        Err(error) => Err(error).with_context(|| format!("removing run {id}")),
    }
}

/// What the samples tell.
fn remade(kept: &KeptRun, mut missing: Vec<String>) -> RunSummary {
    let mut builder = SummaryBuilder::default();
    match kept
        .tape()
        .map_err(anyhow::Error::new)
        .and_then(|file| RecordingReader::open(file).map_err(anyhow::Error::new))
    {
        Ok(mut reader) => {
            let mut model = Model::of_whole_watch(Families::builtin());
            for sample in reader.by_ref() {
                let scene = model.next(sample.clone().into());
                builder.add(&sample, &scene);
            }
            // While it goes on the tape has no end yet.
            let cut = reader.end().filter(|end| kept.state != RunState::GoesOn && !end.is_complete());
            missing.extend(cut.map(|cut| format!("samples.tape: {cut}")));
        }
        Err(why) => missing.push(format!("samples.tape: {why}")),
    }
    builder.summary(kept.fact.clone(), (RunEnd::Unseen, builder.watched_s()), missing)
}
