//! Do two pools run at the same time because one calls into the other?

use super::super::limit::Grade;
use super::super::scene::Group;
use super::{Answer, Case, Evidence, Finding, Remedy, Rule, clear, too_soon};
use crate::model::advice;

pub const RULE: Rule = Rule { code: "nested-pools", asks: "Does one pool call into another?", check };

/// Ticks that a correlation needs at least.
const LEAST_TICKS: usize = 10;
/// Correlation of what two groups want from which on they count as running together.
const TOGETHER: f64 = 0.5;

fn check(case: &Case) -> Answer {
    let judged = case.judged()?;
    let busy: Vec<_> = case.groups.iter().zip(&judged.groups).filter(|(_, demand)| demand.wanted >= 0.5).collect();
    if busy.len() < 2 {
        return clear("fewer than two groups are busy");
    }
    let mut fewest = usize::MAX;
    for (i, (a, a_demand)) in busy.iter().enumerate() {
        for (b, b_demand) in &busy[i + 1..] {
            let sum = a_demand.wanted + b_demand.wanted;
            fewest = fewest.min(a.history.len()).min(b.history.len());
            let Some(correlation) = correlation(&a.history, &b.history) else { continue };
            if correlation > TOGETHER && sum > case.effective_cpus() {
                return Ok(found(case, judged, (a, b), correlation, sum));
            }
        }
    }
    if fewest < LEAST_TICKS {
        return too_soon(format!("{LEAST_TICKS} ticks of both groups, has {fewest}"));
    }
    clear("no two busy groups rise and fall together beyond the CPUs there are")
}

fn found(case: &Case, judged: &super::Judged, (a, b): (&Group, &Group), correlation: f64, sum: f64) -> Finding {
    let caps = advice::caps(case, judged);
    Finding {
        level: case.blame(judged),
        grade: Grade::Inferred,
        says: format!(
            "{} and {} run together and want {sum:.1} CPUs of {:.1}",
            a.label,
            b.label,
            case.effective_cpus()
        ),
        evidence: vec![
            Evidence::new("correlation of what they want", format!("{correlation:.2}")),
            Evidence::new("wanted together", format!("{sum:.2} CPUs")),
        ],
        remedy: Remedy {
            text: "sizes of nested pools multiply or add: cap both so that they fit together".to_owned(),
            export: advice::export(&caps),
            python: advice::python(&caps),
            caps,
        },
    }
}

/// Pearson's r over the ticks both have, newest last; none without enough ticks or without variation.
fn correlation(a: &[f32], b: &[f32]) -> Option<f64> {
    let ticks = a.len().min(b.len()).min(60);
    if ticks < LEAST_TICKS {
        return None;
    }
    let pairs = || a[a.len() - ticks..].iter().zip(&b[b.len() - ticks..]).map(|(&a, &b)| (f64::from(a), f64::from(b)));
    let n = ticks as f64;
    let (mean_a, mean_b) = (pairs().map(|p| p.0).sum::<f64>() / n, pairs().map(|p| p.1).sum::<f64>() / n);
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (a, b) in pairs() {
        ab += (a - mean_a) * (b - mean_b);
        aa += (a - mean_a).powi(2);
        bb += (b - mean_b).powi(2);
    }
    // Two flat lines always "agree": without variation there is nothing to correlate.
    (aa > 0.01 * n && bb > 0.01 * n).then(|| ab / (aa * bb).sqrt())
}
