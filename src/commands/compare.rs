//! `tftop compare`: kept runs beside one another. Their samples are read anew, so that any warm-up can be chosen; starts and
//! changes nothing.

use std::collections::HashSet;

use anyhow::Context as _;
use clap::Args;

use crate::commands::args::cli::{GlobalArgs, OutputFormat};
use crate::commands::attach::families;
use crate::commands::exit::{CommandError, Exit};
use crate::commands::{runs, stdio};
use crate::data::Gap;
use crate::model::build_scene::Model;
use crate::model::origin::families::Families;
use crate::output;
use crate::output::{ComparedRuns, SideRuns};
use crate::runs::comparison::{ComparedSide, Comparison, compare as compare_sides};
use crate::runs::recording::reader::{TapeEnd, TapeReader};
use crate::runs::stats::RunStats;
use crate::runs::stats::run_stats::StatsBuilder;
use crate::runs::stats::warmup::Warmup;
use crate::runs::store::{KeptRun, RunState, Store};

/// Sides have letters.
const MOST_SIDES: usize = 26;

const AFTER_HELP: &str = "\
Examples:
  tftop compare 261120-1930 last           two runs
  tftop compare ID1,ID3,ID5 ID2,ID4,ID6    two sides of three runs each
  tftop compare ID1 ID2 --warmup 200 --format markdown

A side is called faster only where the difference is larger than what runs (or, with one run a side, parts of a run) \
differ by themselves, where neighbours took alike, and where the steps are the same kind of step. Otherwise it says that \
no difference is shown, or that there is no ranking, and why. Take three runs a side or more, and let the sides take \
turns.";

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct CompareArgs {
    /// One side each: the name of a run, the beginning of it, or "last"; repeats are joined by commas
    #[arg(value_name = "RUN[,RUN...]", required = true, num_args = 2..)]
    sides: Vec<String>,
    /// Steps to leave out at the begin of each run; without this a tenth of them, and at least 5
    #[arg(long, value_name = "STEPS")]
    warmup: Option<u64>,
    /// How to print it; markdown can be pasted into a pull request
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: OutputFormat,
    /// Short for --format json (schema tftop.compare/1)
    #[arg(long, conflicts_with = "format")]
    json: bool,
}

/// Compares and prints.
pub(crate) fn compare(wish: &CompareArgs, options: &GlobalArgs) -> anyhow::Result<Exit> {
    let compared = compared(&wish.sides, wish.warmup.map_or(Warmup::Usual, Warmup::Steps), options)?;
    let compared = compared.borrowed();
    stdio::print(&match if wish.json { OutputFormat::Json } else { wish.format } {
        OutputFormat::Text => output::compare_text(&compared),
        OutputFormat::Markdown => output::compare_markdown(&compared),
        OutputFormat::Json => output::compare_json(&compared)? + "\n",
    })?;
    Ok(Exit::Clean)
}

/// A comparison of kept runs.
pub(crate) struct OwnedComparison {
    pub(crate) comparison: Comparison,
    sides: Vec<SideRuns>,
    warmup: Warmup,
}

impl OwnedComparison {
    /// As reports take it.
    pub(crate) fn borrowed(&self) -> ComparedRuns<'_> {
        ComparedRuns { comparison: &self.comparison, sides: &self.sides, warmup: self.warmup }
    }
}

/// Reads the runs of each side and compares them.
pub(crate) fn compared(sides: &[String], warmup: Warmup, options: &GlobalArgs) -> anyhow::Result<OwnedComparison> {
    let (mut measured, mut names) = (Vec::new(), Vec::new());
    for (label, kept) in found(&runs::store()?, sides)? {
        names.push(SideRuns { label: label.clone(), runs: kept.iter().map(|kept| kept.fact.id.to_string()).collect() });
        let runs = kept.iter().map(|kept| measure(kept, families(options)?, warmup));
        measured.push(ComparedSide { label, runs: runs.collect::<anyhow::Result<_>>()? });
    }
    Ok(OwnedComparison { comparison: compare_sides(&measured), sides: names, warmup })
}

/// The runs of each side, with the side's letter.
fn found(store: &Store, sides: &[String]) -> anyhow::Result<Vec<(String, Vec<KeptRun>)>> {
    if sides.len() > MOST_SIDES {
        return Err(CommandError::usage(format!(
            "there can be {MOST_SIDES} sides at most; repeats are joined by commas"
        ))
        .into());
    }
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    for (letter, side) in ('A'..='Z').zip(sides) {
        let kept = side.split(',').map(|id| runs::find(store, id)).collect::<anyhow::Result<Vec<KeptRun>>>()?;
        if let Some(twice) = kept.iter().find(|kept| !seen.insert(kept.fact.id.clone())) {
            return Err(CommandError::usage(format!("run {} is named twice", twice.fact.id)).into());
        }
        found.push((letter.to_string(), kept));
    }
    Ok(found)
}

/// What a run came to: from its samples, or from its summary where they can't be read.
fn measure(kept: &KeptRun, families: Families, warmup: Warmup) -> anyhow::Result<RunStats> {
    let mut outcome = replay(kept, families, warmup).or_else(|why| {
        let id = &kept.fact.id;
        let mut outcome =
            runs::stored(kept).with_context(|| format!("run {id} has neither samples nor a summary"))?.outcome;
        outcome.gaps.push(Gap::new("samples", format!("{why}; this is its summary, with the warm-up of that time")));
        anyhow::Ok(outcome)
    })?;
    let words: Vec<&str> = kept.fact.command.iter().map(|word| word.as_str()).collect();
    outcome.circumstances.command = words.join(" ");
    Ok(outcome)
}

fn replay(kept: &KeptRun, families: Families, warmup: Warmup) -> anyhow::Result<RunStats> {
    let mut reader = TapeReader::open(kept.tape()?)?;
    let (mut model, mut ledger) = (Model::new(families), StatsBuilder::default());
    let mut looks = 0_u64;
    for sample in reader.by_ref() {
        looks += 1;
        let scene = model.next(sample.clone().into());
        ledger.take_in(&sample, &scene);
    }
    let end = reader.end().filter(|end| !matches!(end, TapeEnd::Finished(tally) if !tally.full));
    let cut = end.filter(|_| kept.state != RunState::GoesOn);
    anyhow::ensure!(looks > 0, "there are no looks on its tape");
    let mut outcome = ledger.outcome(warmup);
    outcome.gaps.extend(cut.map(|end| Gap::new("rest of its samples", end.to_string())));
    Ok(outcome)
}
