//! `tftop compare`: kept runs beside one another. Their samples are read anew, so that any warm-up can be chosen; starts and
//! changes nothing.

use std::collections::HashSet;

use anyhow::Context as _;

use crate::commands::args::choices::OutputFormat;
use crate::commands::args::global::GlobalArgs;
use crate::commands::args::kept::CompareArgs;
use crate::commands::kept::lookup;
use crate::commands::own_process::exit::{CommandError, Exit};
use crate::commands::own_process::stdio;
use crate::commands::sampling::attach::families;
use crate::data::Gap;
use crate::model::build_scene::Model;
use crate::model::origin::families::Families;
use crate::output;
use crate::output::{ComparedRuns, SideRuns};
use crate::runs::comparison::compare as compare_sides;
use crate::runs::comparison::types::{ComparedSide, Comparison};
use crate::runs::recording::reader::{RecordingEnd, RecordingReader};
use crate::runs::stats::run_stats::RunStats;
use crate::runs::stats::stats_builder::StatsBuilder;
use crate::runs::stats::warmup::Warmup;
use crate::runs::store::{KeptRun, RunState, Store};

/// Sides have letters.
const MOST_SIDES: usize = 26;

/// Compares and prints.
pub(crate) fn compare(args: &CompareArgs, options: &GlobalArgs) -> anyhow::Result<Exit> {
    let compared = compared(&args.sides, args.warmup.map_or(Warmup::Usual, Warmup::Steps), options)?;
    let compared = compared.borrowed();
    stdio::print(&match if args.json { OutputFormat::Json } else { args.format } {
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
    for (label, kept) in found(&lookup::store()?, sides)? {
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
        let kept = side.split(',').map(|id| lookup::find(store, id)).collect::<anyhow::Result<Vec<KeptRun>>>()?;
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
            lookup::stored(kept).with_context(|| format!("run {id} has neither samples nor a summary"))?.outcome;
        outcome.gaps.push(Gap::new("samples", format!("{why}; this is its summary, with the warm-up of that time")));
        anyhow::Ok(outcome)
    })?;
    let words: Vec<&str> = kept.fact.command.iter().map(|word| word.as_str()).collect();
    outcome.context.command = words.join(" ");
    Ok(outcome)
}

fn replay(kept: &KeptRun, families: Families, warmup: Warmup) -> anyhow::Result<RunStats> {
    let mut reader = RecordingReader::open(kept.tape()?)?;
    let (mut model, mut stats) = (Model::new(families), StatsBuilder::default());
    let mut looks = 0_u64;
    for sample in reader.by_ref() {
        looks += 1;
        let scene = model.next(sample.clone().into());
        stats.add(&sample, &scene);
    }
    let end = reader.end().filter(|end| !matches!(end, RecordingEnd::Finished(tally) if !tally.full));
    let cut = end.filter(|_| kept.state != RunState::GoesOn);
    anyhow::ensure!(looks > 0, "there are no looks on its tape");
    let mut outcome = stats.outcome(warmup);
    outcome.gaps.extend(cut.map(|end| Gap::new("rest of its samples", end.to_string())));
    Ok(outcome)
}
