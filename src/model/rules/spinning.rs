//! Do threads look busy because they wait in a loop? Counters alone can't tell: stacks do, where a person let them be
//! taken; without them a variable that makes threads spin is a hint.

use crate::data::limits::{CapKind, Caps, Grade};
use crate::data::origin;
use crate::data::scene::{Evidence, Finding, Remedy, Thread};
use crate::model::activity::spin_samples::SpinCounts;
use crate::model::judged_window::JudgedWindow;
use crate::model::rules::input::{RuleInput, variable};
use crate::model::rules::rule::{Rule, RuleResult, cant_tell, clear};

pub const RULE: Rule =
    Rule { code: "spinning", question: "Are threads busy only because they spin while they wait?", check };

/// CPUs a thread must want to look like a spinning one.
const ALWAYS: f64 = 0.9;
/// Looks at threads that ran; from fewer nothing is concluded.
const FEWEST_LOOKS: u64 = 8;
/// Share of those in a wait loop from which on a pool is said to spin.
const SPINS: f64 = 0.5;
/// Of the normal distribution, for bounds that hold in 95 of 100 cases.
const Z: f64 = 1.96;

/// A pool whose threads may spin.
struct Suspect {
    origin: &'static str,
    words: &'static str,
    remedy: fn() -> Remedy,
}

const SUSPECTS: [Suspect; 3] = [
    Suspect { origin: origin::OPENMP, words: "OpenMP", remedy: passive },
    Suspect { origin: origin::OPENBLAS, words: "OpenBLAS", remedy: || fewer(Caps::of([(CapKind::Blas, 1)])) },
    Suspect { origin: origin::TF_INTRA_OP, words: "TF intra-op", remedy: || fewer(Caps::of([(CapKind::Intra, 1)])) },
];

fn check(input: &RuleInput) -> RuleResult {
    let judged = input.judged()?;
    let busy: Vec<(&Suspect, usize)> = SUSPECTS
        .iter()
        .map(|suspect| (suspect, always(input, suspect.origin)))
        .filter(|(_, count)| *count > 0)
        .collect();
    if busy.is_empty() {
        return clear("no pool thread is runnable all the time");
    }
    let mut worked = Vec::new();
    for (suspect, count) in &busy {
        match input.sampled.counts(suspect.origin).filter(|looks| looks.ran >= FEWEST_LOOKS) {
            Some(looks) if bounds(looks).0 > SPINS => return Ok(seen(input, judged, suspect, (*count, looks))),
            Some(looks) if bounds(looks).1 < SPINS => {
                worked.push(format!("{} of {} of {}", looks.spinning, looks.ran, suspect.words));
            }
            _ => {}
        }
    }
    if worked.len() == busy.len() {
        return clear(format!("of looks at running threads found in a wait loop: {}", worked.join(", ")));
    }
    asked_to_spin(input, judged, &busy)
}

/// Threads of an origin that are runnable all the time.
fn always(input: &RuleInput, origin: &str) -> usize {
    let is =
        |t: &&Thread| t.attribution.group.origin.as_ref() == origin && t.demand.is_some_and(|d| d.wanted >= ALWAYS);
    input.threads.iter().filter(is).count()
}

/// Where the share in a wait loop lies, by Wilson's interval: looks are few, and the share often near 0 or 1.
fn bounds(looks: SpinCounts) -> (f64, f64) {
    let (n, share) = (looks.ran as f64, looks.spinning as f64 / looks.ran as f64);
    let middle = share + Z * Z / (2.0 * n);
    let half = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    ((middle - half) / scale, (middle + half) / scale)
}

fn seen(input: &RuleInput, judged: &JudgedWindow, suspect: &Suspect, (count, looks): (usize, SpinCounts)) -> Finding {
    let Suspect { origin, words, remedy } = suspect;
    let SpinCounts { ran, spinning, likely } = looks;
    let share = spinning as f64 / ran as f64;
    let percent = 100.0 * share;
    let wanted = input.wanted(judged, &[origin]);
    Finding {
        level: input.level_of(judged, wanted * share),
        // A library without symbols is known to wait there, not seen to.
        grade: if likely * 2 > spinning { Grade::Inferred } else { Grade::Measured },
        message: format!(
            "{words} threads spin: {spinning} of {ran} looks at them while they ran ({percent:.0} %) were in a wait loop"
        ),
        evidence: vec![
            Evidence::new(format!("{words} threads runnable all the time"), count.to_string()),
            Evidence::new("looks at running threads", ran.to_string()),
            Evidence::new("of them in a wait loop", spinning.to_string()),
            Evidence::new(format!("{words} wants"), format!("{wanted:.2} CPUs")),
        ],
        remedy: remedy(),
    }
}

/// Without stacks: what a variable makes likely.
fn asked_to_spin(input: &RuleInput, judged: &JudgedWindow, busy: &[(&Suspect, usize)]) -> RuleResult {
    let asked = |name: &str, wanted: &str| {
        let is = |value: &str| value.trim().eq_ignore_ascii_case(wanted);
        input.living().any(|(process, _)| variable(process, name).is_some_and(is))
    };
    let setting = [("OMP_WAIT_POLICY", "active"), ("KMP_BLOCKTIME", "infinite")].into_iter().find(|(n, v)| asked(n, v));
    let openmp = busy.iter().find(|(suspect, _)| suspect.origin == origin::OPENMP).map_or(0, |(_, count)| *count);
    let Some((name, value)) = setting.filter(|_| openmp > 0) else {
        let threads = match busy.iter().map(|(_, count)| count).sum::<usize>() {
            1 => "1 pool thread is".to_owned(),
            threads => format!("{threads} pool threads are"),
        };
        return cant_tell(format!(
            "{threads} runnable all the time: working or spinning, only their stacks tell (b on their \
             group, then m; `tftop explain --sample 2s --stop`)"
        ));
    };
    Ok(Finding {
        level: input.level_of(judged, openmp as f64),
        grade: Grade::Inferred,
        message: format!("{openmp} OpenMP threads are runnable all the time, and {name}={value} makes idle ones spin"),
        evidence: vec![
            Evidence::new("OpenMP threads runnable all the time", openmp.to_string()),
            Evidence::new(name, value),
            Evidence::new("OpenMP wants", format!("{:.2} CPUs", input.wanted(judged, &[origin::OPENMP]))),
        ],
        remedy: passive(),
    })
}

/// libgomp reads the first variable, libiomp5 both.
fn passive() -> Remedy {
    Remedy {
        text: "let idle OpenMP threads sleep".to_owned(),
        export: Some("export OMP_WAIT_POLICY=passive KMP_BLOCKTIME=0".to_owned()),
        ..Remedy::default()
    }
}

/// Nothing tells these pools how to wait.
fn fewer(caps: Caps) -> Remedy {
    Remedy {
        text: "fewer threads: those that spin have no work".to_owned(),
        export: crate::model::advice::export(&caps),
        python: crate::model::advice::python(&caps),
        caps,
    }
}
