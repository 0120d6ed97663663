//! `tftop compare`: kept runs beside one another. Their samples are read anew, so that any warm-up can be chosen; starts and
//! changes nothing.

use std::collections::HashSet;

use anyhow::Context as _;
use clap::Args;

use crate::commands::args::cli::{Format, Options};
use crate::commands::attach::families;
use crate::commands::exit::{Exit, Problem};
use crate::commands::{runs, stdio};
use crate::data::Gap;
use crate::model::build_scene::Model;
use crate::model::origin::families::Families;
use crate::output;
use crate::output::{Compared, SideRuns};
use crate::runs::comparison::{Comparison, Side, compare as compare_sides};
use crate::runs::recording::reader::{End, Reader};
use crate::runs::stats::Outcome;
use crate::runs::stats::run_stats::Ledger;
use crate::runs::stats::warmup::Warmup;
use crate::runs::store::{Kept, State, Store};

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
pub(crate) struct CompareWish {
    /// One side each: the name of a run, the beginning of it, or "last"; repeats are joined by commas
    #[arg(value_name = "RUN[,RUN...]", required = true, num_args = 2..)]
    sides: Vec<String>,
    /// Steps to leave out at the begin of each run; without this a tenth of them, and at least 5
    #[arg(long, value_name = "STEPS")]
    warmup: Option<u64>,
    /// How to print it; markdown can be pasted into a pull request
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Short for --format json (schema tftop.compare/1)
    #[arg(long, conflicts_with = "format")]
    json: bool,
}

/// Compares and prints.
pub(crate) fn compare(wish: &CompareWish, options: &Options) -> anyhow::Result<Exit> {
    let compared = compared(&wish.sides, wish.warmup.map_or(Warmup::Usual, Warmup::Steps), options)?;
    let compared = compared.borrowed();
    stdio::print(&match if wish.json { Format::Json } else { wish.format } {
        Format::Text => output::compare_text(&compared),
        Format::Markdown => output::compare_markdown(&compared),
        Format::Json => output::compare_json(&compared)? + "\n",
    })?;
    Ok(Exit::Clean)
}

/// A comparison of kept runs.
pub(crate) struct ComparedRuns {
    pub(crate) comparison: Comparison,
    sides: Vec<SideRuns>,
    warmup: Warmup,
}

impl ComparedRuns {
    /// As reports take it.
    pub(crate) fn borrowed(&self) -> Compared<'_> {
        Compared { comparison: &self.comparison, sides: &self.sides, warmup: self.warmup }
    }
}

/// Reads the runs of each side and compares them.
pub(crate) fn compared(sides: &[String], warmup: Warmup, options: &Options) -> anyhow::Result<ComparedRuns> {
    let (mut measured, mut names) = (Vec::new(), Vec::new());
    for (label, kept) in found(&runs::store()?, sides)? {
        names.push(SideRuns { label: label.clone(), runs: kept.iter().map(|kept| kept.fact.id.to_string()).collect() });
        let runs = kept.iter().map(|kept| measure(kept, families(options)?, warmup));
        measured.push(Side { label, runs: runs.collect::<anyhow::Result<_>>()? });
    }
    Ok(ComparedRuns { comparison: compare_sides(&measured), sides: names, warmup })
}

/// The runs of each side, with the side's letter.
fn found(store: &Store, sides: &[String]) -> anyhow::Result<Vec<(String, Vec<Kept>)>> {
    if sides.len() > MOST_SIDES {
        return Err(
            Problem::usage(format!("there can be {MOST_SIDES} sides at most; repeats are joined by commas")).into()
        );
    }
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    for (letter, side) in ('A'..='Z').zip(sides) {
        let kept = side.split(',').map(|id| runs::find(store, id)).collect::<anyhow::Result<Vec<Kept>>>()?;
        if let Some(twice) = kept.iter().find(|kept| !seen.insert(kept.fact.id.clone())) {
            return Err(Problem::usage(format!("run {} is named twice", twice.fact.id)).into());
        }
        found.push((letter.to_string(), kept));
    }
    Ok(found)
}

/// What a run came to: from its samples, or from its summary where they can't be read.
fn measure(kept: &Kept, families: Families, warmup: Warmup) -> anyhow::Result<Outcome> {
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

fn replay(kept: &Kept, families: Families, warmup: Warmup) -> anyhow::Result<Outcome> {
    let mut reader = Reader::open(kept.tape()?)?;
    let (mut model, mut ledger) = (Model::new(families), Ledger::default());
    let mut looks = 0_u64;
    for sample in reader.by_ref() {
        looks += 1;
        let scene = model.next(sample.clone().into());
        ledger.take_in(&sample, &scene);
    }
    let end = reader.end().filter(|end| !matches!(end, End::Finished(tally) if !tally.full));
    let cut = end.filter(|_| kept.state != State::GoesOn);
    anyhow::ensure!(looks > 0, "there are no looks on its tape");
    let mut outcome = ledger.outcome(warmup);
    outcome.gaps.extend(cut.map(|end| Gap::new("rest of its samples", end.to_string())));
    Ok(outcome)
}
