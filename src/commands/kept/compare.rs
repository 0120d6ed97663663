//! `tftop compare`: kept runs and recordings beside one another. Their samples are read anew, so that any warm-up can be
//! chosen; starts and changes nothing.

use crate::commands::args::choices::OutputFormat;
use crate::commands::args::global::GlobalArgs;
use crate::commands::args::kept::CompareArgs;
use crate::commands::kept::side;
use crate::commands::kept::side::SideRecording;
use crate::commands::own_process::exit::{CommandError, Exit};
use crate::commands::own_process::stdio;
use crate::commands::sampling::attach::families;
use crate::output;
use crate::output::{ComparedRuns, ComparedSpan, SideRuns};
use crate::runs::comparison::compare as compare_sides;
use crate::runs::comparison::types::{ComparedSide, Comparison};
use crate::runs::stats::warmup::Warmup;

/// Sides have letters.
const MOST_SIDES: usize = 26;

/// Compares and prints.
pub(crate) fn compare(args: &CompareArgs, options: &GlobalArgs) -> anyhow::Result<Exit> {
    let compared = compared(&args.sides, args.warmup.map_or(Warmup::Usual, Warmup::Steps), options)?;
    let compared = compared.borrowed();
    stdio::print(&match if args.json { OutputFormat::Json } else { args.format } {
        OutputFormat::Text => output::compare_text(&compared, options.page()),
        OutputFormat::Markdown => output::compare_markdown(&compared),
        OutputFormat::Json => output::compare_json(&compared)? + "\n",
    })?;
    Ok(Exit::Clean)
}

/// A comparison of recordings.
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

/// Reads the recordings of each side and compares them.
pub(crate) fn compared(sides: &[String], warmup: Warmup, options: &GlobalArgs) -> anyhow::Result<OwnedComparison> {
    let mut all = Vec::new();
    for recordings in found(sides)? {
        let names = SideRuns {
            label: String::new(),
            runs: recordings.iter().map(SideRecording::words).collect(),
            spans: recordings.iter().map(|recording| recording.span_s().map(ComparedSpan::new)).collect(),
        };
        let families = families(options)?;
        let runs = recordings.iter().map(|recording| recording.measure(families.clone(), warmup));
        all.push((ComparedSide::new(String::new(), runs.collect::<anyhow::Result<_>>()?), names));
    }
    oldest_first(&mut all);
    for (letter, (side, names)) in ('A'..='Z').zip(&mut all) {
        side.label = letter.to_string();
        names.label.clone_from(&side.label);
    }
    let (measured, names): (Vec<ComparedSide>, Vec<SideRuns>) = all.into_iter().unzip();
    Ok(OwnedComparison { comparison: compare_sides(&measured), sides: names, warmup })
}

/// A is what was there before, in whatever order they were named; where it is not known when one began, they stay as named.
fn oldest_first(sides: &mut [(ComparedSide, SideRuns)]) {
    let began = |side: &ComparedSide| side.runs.iter().map(|run| run.began_unix_s).min().unwrap_or(0);
    if sides.iter().all(|(side, _)| began(side) > 0) {
        sides.sort_by_key(|(side, _)| began(side));
    }
}

/// The recordings of each side.
fn found(sides: &[String]) -> anyhow::Result<Vec<Vec<SideRecording>>> {
    if sides.len() > MOST_SIDES {
        return Err(CommandError::usage(format!(
            "there can be {MOST_SIDES} sides at most; repeats are joined by commas"
        ))
        .into());
    }
    let found = sides.iter().map(|side| side::side(side)).collect::<anyhow::Result<Vec<_>>>()?;
    let all: Vec<&SideRecording> = found.iter().flatten().collect();
    for (at, recording) in all.iter().enumerate() {
        if let Some(twice) = all[..at].iter().find(|before| before.overlaps(recording)) {
            let (one, other) = (twice.words(), recording.words());
            return Err(CommandError::usage(match one == other {
                true => format!("run {one} is named twice"),
                false => format!("{one} and {other} have some of their time in common"),
            })
            .into());
        }
    }
    Ok(found)
}
