//! Do two pools run at the same time because one calls into the other?

use crate::data::limits::Grade;
use crate::data::origin;
use crate::data::scene::{Evidence, Finding, Remedy, Together, Trace};
use crate::model::advice;
use crate::model::judged_window::JudgedWindow;
use crate::model::rules::input::RuleInput;
use crate::model::rules::rule::{Rule, RuleResult, cant_tell, clear, too_soon};

pub const RULE: Rule = Rule { code: "nested-pools", question: "Does one pool call into another?", check };

/// Seconds that a correlation needs at least: of 20 independent looks, r > 0.5 is chance in 1 case of 40.
const LEAST_LOOKS: usize = 20;
/// Correlation of what two groups want from which on they count as running together.
const TOGETHER: f64 = 0.5;
/// CPUs wanted from which on a group is busy.
const BUSY_CPUS: f64 = 0.5;
/// Share of the time from which on pools count as running together beyond the CPUs.
const LEAST_CROWDED: f64 = 0.05;
/// Seconds that a trace needs at least.
const LEAST_TRACED_S: f64 = 10.0;
/// Variance of what a group wants (CPUs squared) below which it is the same all the time.
const FLAT: f64 = 0.01;

fn check(input: &RuleInput) -> RuleResult {
    let judged = input.judged()?;
    if !input.crowded(judged) {
        return clear(format!("{:.1} CPUs are wanted: pools that run together fit", judged.demand.wanted));
    }
    let pool = |index: &usize| {
        judged.groups[*index].wanted >= BUSY_CPUS && input.groups[*index].key.origin.as_ref() != origin::MAIN
    };
    let busy: Vec<usize> = (0..input.groups.len().min(judged.groups.len())).filter(pool).collect();
    let pairs = busy.iter().flat_map(|&a| busy.iter().filter(move |&&b| a < b).map(move |&b| (a, b)));
    let sum = |(a, b): (usize, usize)| judged.groups[a].wanted + judged.groups[b].wanted;
    let pairs: Vec<(usize, usize)> = pairs.filter(|&pair| sum(pair) > input.effective_cpus()).collect();
    if pairs.is_empty() {
        return clear("no two pools together want more CPUs than there are");
    }
    let trace = input.trace.filter(|trace| trace.window_s >= LEAST_TRACED_S);
    let correlations =
        || pairs.iter().map(|&(a, b)| ((a, b), correlation(&judged.wanted_by_second[a], &judged.wanted_by_second[b])));
    let strongest = correlations().filter_map(|(pair, r)| match r {
        Correlation::Of(r) => Some((pair, r)),
        _ => None,
    });
    // Where the scheduler was traced, what ran at the same time is known: only such pairs are left.
    let strongest =
        strongest.filter(|(pair, _)| trace.is_none_or(|trace| together(trace, *pair).crowded >= LEAST_CROWDED));
    if let Some((pair, r)) = strongest.max_by(|a, b| a.1.total_cmp(&b.1)).filter(|(_, r)| *r > TOGETHER) {
        return Ok(found(input, judged, pair, (r, trace)));
    }
    if let Some(trace) = trace
        && pairs.iter().all(|&pair| together(trace, pair).crowded < LEAST_CROWDED)
    {
        let percent = LEAST_CROWDED * 100.0;
        return clear(format!(
            "no two busy pools worked at once, with more threads than CPUs, for {percent:.0} % of the {:.0} s traced",
            trace.window_s
        ));
    }
    let ((a, b), doubt) =
        correlations().find(|(_, r)| !matches!(r, Correlation::Of(_))).unwrap_or((pairs[0], Correlation::Of(0.0)));
    match doubt {
        Correlation::TooFew(looks) => too_soon(format!("{LEAST_LOOKS} s of both pools, has {looks}")),
        Correlation::Flat => cant_tell(format!(
            "{} and {} are busy all the time{}: whether one calls the other, only their stacks tell",
            input.groups[a].label,
            input.groups[b].label,
            trace.map_or_else(String::new, |trace| format!(", {}", overlap(trace, (a, b))))
        )),
        Correlation::Of(_) => clear("no two busy pools rise and fall together beyond the CPUs there are"),
    }
}

fn found(
    input: &RuleInput,
    judged: &JudgedWindow,
    (a, b): (usize, usize),
    (r, trace): (f64, Option<&Trace>),
) -> Finding {
    let (first, second) = (&input.groups[a].label, &input.groups[b].label);
    let (a_wants, b_wants) = (judged.groups[a].wanted, judged.groups[b].wanted);
    let traced = trace.map(|trace| Evidence::new("traced", overlap(trace, (a, b))));
    Finding {
        level: input.level_of(judged, a_wants + b_wants),
        grade: Grade::Inferred,
        message: format!(
            "{first} and {second} rise and fall together and want {:.1} CPUs of {:.1}: one may call the other",
            a_wants + b_wants,
            input.effective_cpus()
        ),
        evidence: vec![
            Evidence::new(format!("{first} wants"), format!("{a_wants:.2} CPUs")),
            Evidence::new(format!("{second} wants"), format!("{b_wants:.2} CPUs")),
            Evidence::new("correlation, second by second", format!("{r:.2}")),
        ]
        .into_iter()
        .chain(traced)
        .collect(),
        remedy: Remedy {
            text: "sizes of nested pools multiply or add: cap both so that they fit together".to_owned(),
            export: advice::export(&input.advised.caps),
            python: advice::python(&input.advised.caps),
            caps: input.advised.caps,
        },
    }
}

/// What a trace says of two groups; that they never ran at the same time where it has none such pair.
fn together(trace: &Trace, groups: (usize, usize)) -> Together {
    let pair = trace.together.iter().find(|pair| pair.groups == groups);
    pair.copied().unwrap_or(Together { groups, ..Default::default() })
}

/// How much two groups ran at the same time.
fn overlap(trace: &Trace, groups: (usize, usize)) -> String {
    let pair = together(trace, groups);
    format!(
        "both worked at once for {:.0} % of {:.0} s, with more threads than CPUs for {:.0} %",
        pair.share * 100.0,
        trace.window_s,
        pair.crowded * 100.0
    )
}

/// How two groups go together.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Correlation {
    /// Pearson's r.
    Of(f64),
    /// One of them hardly varies: two flat lines always "agree".
    Flat,
    /// Only so many looks at both.
    TooFew(usize),
}

fn correlation(a: &[f32], b: &[f32]) -> Correlation {
    let looks = a.len().min(b.len());
    if looks < LEAST_LOOKS {
        return Correlation::TooFew(looks);
    }
    let pairs = || a[a.len() - looks..].iter().zip(&b[b.len() - looks..]).map(|(&a, &b)| (f64::from(a), f64::from(b)));
    let n = looks as f64;
    let (mean_a, mean_b) = (pairs().map(|p| p.0).sum::<f64>() / n, pairs().map(|p| p.1).sum::<f64>() / n);
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (a, b) in pairs() {
        ab += (a - mean_a) * (b - mean_b);
        aa += (a - mean_a).powi(2);
        bb += (b - mean_b).powi(2);
    }
    if aa > FLAT * n && bb > FLAT * n { Correlation::Of(ab / (aa * bb).sqrt()) } else { Correlation::Flat }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(wanted: impl Fn(usize) -> f32) -> Vec<f32> {
        (0..30).map(wanted).collect()
    }

    #[test]
    fn pools_that_take_turns_do_not_run_together() {
        let wave = line(|look| if look % 4 < 2 { 4.0 } else { 0.0 });
        let other = line(|look| if look % 4 < 2 { 0.0 } else { 4.0 });
        assert_eq!(correlation(&wave, &wave), Correlation::Of(1.0));
        assert_eq!(correlation(&wave, &other), Correlation::Of(-1.0));
    }

    #[test]
    fn flat_lines_and_short_ones_say_nothing() {
        assert_eq!(correlation(&line(|_| 4.0), &line(|_| 3.0)), Correlation::Flat);
        assert_eq!(correlation(&line(|_| 4.0), &[1.0; 19]), Correlation::TooFew(19));
    }
}
