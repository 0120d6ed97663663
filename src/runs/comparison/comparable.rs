//! What of the sides can be compared, and what can't, and why: without steps speed can't, and what was wanted only with care.

use crate::data::scene::CapCheck;
use crate::runs::comparison::rules::ALIKE_SHARE;
use crate::runs::comparison::types::{ComparableAnswer, ComparablePart, ComparedSide, ComparisonResult, SideFigures};
use crate::runs::stats::step_times::STEP_TIMES;

/// CPUs that sides may differ by and still have as many to use: a hundredth of one.
const SAME_CPUS: f64 = 0.01;

/// Each part, in the order in which they are shown.
pub(crate) fn of(sides: &[ComparedSide], figures: &[SideFigures], verdict: &ComparisonResult) -> Vec<ComparablePart> {
    let mut parts = vec![speed(verdict), cpu_time(figures, verdict), demand(sides, figures), groups(figures)];
    parts.extend(caps(figures));
    parts
}

fn speed(verdict: &ComparisonResult) -> ComparablePart {
    match verdict {
        ComparisonResult::NoRanking { why } => no("time a step", why.clone()),
        ComparisonResult::Winner { .. } | ComparisonResult::NoDifference { .. } => yes("time a step"),
    }
}

fn cpu_time(figures: &[SideFigures], verdict: &ComparisonResult) -> ComparablePart {
    let what = "CPU time a step";
    let without: Vec<&str> = labels(figures, |side| side.steps.and_then(|steps| steps.cpu_ms).is_none());
    match verdict {
        _ if !without.is_empty() => no(what, format!("it is not known of {}", without.join(", "))),
        ComparisonResult::NoRanking { why } => with_care(what, why.clone()),
        _ => yes(what),
    }
}

fn demand(sides: &[ComparedSide], figures: &[SideFigures]) -> ComparablePart {
    let what = "CPUs got, wanted and waited for";
    let without = labels(figures, |side| side.demand.is_none());
    if !without.is_empty() {
        return no(what, format!("they are not known of {}", without.join(", ")));
    }
    let mut cautions = Vec::new();
    let unstepped: Vec<&str> =
        sides.iter().filter(|side| side.runs.iter().any(|run| run.steps.is_none())).map(|side| &*side.label).collect();
    if !unstepped.is_empty() {
        cautions
            .push(format!("how much was done meanwhile is not known of {} without {STEP_TIMES}", unstepped.join(", ")));
    }
    if let Some((least, most)) = ends(figures.iter().filter_map(|side| side.effective_cpus))
        && most - least > SAME_CPUS
    {
        cautions.push(format!("they could use {least:.2} to {most:.2} CPUs"));
    }
    match (ends(figures.iter().filter_map(|side| Some(side.neighbours?.median))), figures.first()) {
        (Some((least, most)), Some(SideFigures { neighbours_of: Some(of), .. })) => {
            if most - least > ALIKE_SHARE * f64::from(*of) {
                cautions
                    .push(format!("neighbours took {least:.2} to {most:.2} of {of} CPUs, and waiting depends on them"));
            }
        }
        _ => cautions.push("what neighbours took is not known, and waiting depends on them".to_owned()),
    }
    if cautions.is_empty() { yes(what) } else { with_care(what, cautions.join("; ")) }
}

fn groups(figures: &[SideFigures]) -> ComparablePart {
    let what = "threads of each group";
    let without = labels(figures, |side| side.demand.is_none());
    if without.is_empty() { yes(what) } else { no(what, format!("they are not known of {}", without.join(", "))) }
}

/// Nothing where no side has caps.
fn caps(figures: &[SideFigures]) -> Option<ComparablePart> {
    let what = "whether caps held";
    let without = labels(figures, |side| side.checks.is_empty());
    let none: &[CapCheck] = &[];
    figures.iter().any(|side| side.checks != none).then(|| match without.is_empty() {
        true => yes(what),
        false => no(what, format!("{} had none", without.join(", "))),
    })
}

fn labels(figures: &[SideFigures], has: impl Fn(&SideFigures) -> bool) -> Vec<&str> {
    figures.iter().filter(|side| has(side)).map(|side| side.label.as_str()).collect()
}

/// The least and the greatest.
fn ends(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.fold(None, |ends, value| {
        let (least, most) = ends.unwrap_or((value, value));
        Some((value.min(least), value.max(most)))
    })
}

fn yes(what: &'static str) -> ComparablePart {
    ComparablePart { what, answer: ComparableAnswer::Yes, why: String::new() }
}

fn with_care(what: &'static str, why: String) -> ComparablePart {
    ComparablePart { what, answer: ComparableAnswer::WithCare, why }
}

fn no(what: &'static str, why: String) -> ComparablePart {
    ComparablePart { what, answer: ComparableAnswer::No, why }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::scene::Demand;
    use crate::runs::comparison::compare;
    use crate::runs::stats::run_stats::{Neighbours, RunStats};
    use crate::runs::stats::spread::Spread;

    fn watched(label: &str, neighbours: f64) -> ComparedSide {
        let cpus = Spread { low: neighbours, median: neighbours, high: neighbours };
        let run = RunStats {
            demand: Some(Demand::new(1.0, 0.5)),
            effective_cpus: Some(2.0),
            neighbours: Some(Neighbours { cpus, of: 2, allowed_cpus: cpus, of_allowed: 2 }),
            ..RunStats::default()
        };
        ComparedSide::new(label, vec![run])
    }

    fn answers(sides: &[ComparedSide]) -> Vec<(&'static str, ComparableAnswer)> {
        compare(sides).comparable.iter().map(|part| (part.what, part.answer)).collect()
    }

    #[test]
    fn without_steps_speed_can_not_be_compared_and_demand_with_care() {
        use ComparableAnswer::{No, WithCare, Yes};
        let sides = [watched("A", 0.1), watched("B", 0.1)];
        let expected = [
            ("time a step", No),
            ("CPU time a step", No),
            ("CPUs got, wanted and waited for", WithCare),
            ("threads of each group", Yes),
        ];
        assert_eq!(answers(&sides), expected);
        let why = |sides: &[ComparedSide]| compare(sides).comparable[2].why.clone();
        assert_eq!(why(&sides), "how much was done meanwhile is not known of A, B without step times");
        let busy = [watched("A", 0.1), watched("B", 0.9)];
        assert!(
            why(&busy).ends_with("; neighbours took 0.10 to 0.90 of 2 CPUs, and waiting depends on them"),
            "{}",
            why(&busy)
        );
    }

    #[test]
    fn what_was_seen_once_can_not_be_compared_at_all() {
        let once = ComparedSide::new("B", vec![RunStats::default()]);
        let answers = answers(&[watched("A", 0.1), once]);
        assert!(answers.iter().all(|(_, answer)| *answer == ComparableAnswer::No), "{answers:?}");
    }
}
