//! Do two pools run at the same time because one calls into the other?

use crate::data::limits::Grade;
use crate::data::origin;
use crate::data::scene::{Evidence, Finding, Remedy};
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
    let correlations =
        || pairs.iter().map(|&(a, b)| ((a, b), correlation(&judged.wanted_by_second[a], &judged.wanted_by_second[b])));
    let strongest = correlations().filter_map(|(pair, r)| match r {
        Together::Correlated(r) => Some((pair, r)),
        _ => None,
    });
    if let Some((pair, r)) = strongest.max_by(|a, b| a.1.total_cmp(&b.1)).filter(|(_, r)| *r > TOGETHER) {
        return Ok(found(input, judged, pair, r));
    }
    let ((a, b), doubt) = correlations()
        .find(|(_, r)| !matches!(r, Together::Correlated(_)))
        .unwrap_or((pairs[0], Together::Correlated(0.0)));
    match doubt {
        Together::TooFew(looks) => too_soon(format!("{LEAST_LOOKS} s of both pools, has {looks}")),
        Together::Flat => cant_tell(format!(
            "{} and {} are busy all the time: whether one calls the other, only their stacks tell",
            input.groups[a].label, input.groups[b].label
        )),
        Together::Correlated(_) => clear("no two busy pools rise and fall together beyond the CPUs there are"),
    }
}

fn found(input: &RuleInput, judged: &JudgedWindow, (a, b): (usize, usize), r: f64) -> Finding {
    let (first, second) = (&input.groups[a].label, &input.groups[b].label);
    let (a_wants, b_wants) = (judged.groups[a].wanted, judged.groups[b].wanted);
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
        ],
        remedy: Remedy {
            text: "sizes of nested pools multiply or add: cap both so that they fit together".to_owned(),
            export: advice::export(&input.advised.caps),
            python: advice::python(&input.advised.caps),
            caps: input.advised.caps,
        },
    }
}

/// How two groups go together.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Together {
    /// Pearson's r.
    Correlated(f64),
    /// One of them hardly varies: two flat lines always "agree".
    Flat,
    /// Only so many looks at both.
    TooFew(usize),
}

fn correlation(a: &[f32], b: &[f32]) -> Together {
    let looks = a.len().min(b.len());
    if looks < LEAST_LOOKS {
        return Together::TooFew(looks);
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
    if aa > FLAT * n && bb > FLAT * n { Together::Correlated(ab / (aa * bb).sqrt()) } else { Together::Flat }
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
        assert_eq!(correlation(&wave, &wave), Together::Correlated(1.0));
        assert_eq!(correlation(&wave, &other), Together::Correlated(-1.0));
    }

    #[test]
    fn flat_lines_and_short_ones_say_nothing() {
        assert_eq!(correlation(&line(|_| 4.0), &line(|_| 3.0)), Together::Flat);
        assert_eq!(correlation(&line(|_| 4.0), &[1.0; 19]), Together::TooFew(19));
    }
}
