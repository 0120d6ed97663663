//! A run beside the one that it replaced, in one line.

use crate::data::sample::{ReplacedRun, SpeedChange};
use crate::present::format;

/// "steps 116 → 145/s (+25 %, 10 s each)": what is known so far.
pub fn line(replaced: &ReplacedRun) -> String {
    let ReplacedRun { before, now, change, .. } = replaced;
    let steps = |text: &str| match (before.steps_per_s, now.steps_per_s) {
        (Some(before), Some(now)) => format!("steps {} → {}{text}", format::rate(before), format::steps_per_s(now)),
        _ => "steps not counted".to_owned() + text,
    };
    match change {
        SpeedChange::TooSoon => match before.steps_per_s {
            Some(before) => format!("before {}, compared after 10 s of steps", format::steps_per_s(before)),
            None => "steps were not counted before".to_owned(),
        },
        SpeedChange::Faster | SpeedChange::Slower => {
            let percent = replaced.ratio().map_or(0.0, |ratio| (ratio - 1.0) * 100.0);
            steps(&format!(" ({percent:+.0} %, {})", seconds(before.seconds, now.seconds)))
        }
        SpeedChange::NoDifference { .. } => {
            steps(&format!(", no difference shown ({})", seconds(before.seconds, now.seconds)))
        }
        SpeedChange::NotComparable { why } => match (before.steps_per_s, before.got, now.got) {
            (None, Some(before), Some(now)) => {
                let (before, now) = (format::cpus_in_words(before), format::cpus_in_words(now));
                format!("got {before} → {now} CPUs (no speed: {why})")
            }
            _ => steps(&format!(", not comparable: {why}")),
        },
    }
}

/// "10 s each", "38 s and 10 s".
fn seconds(before: f64, now: f64) -> String {
    match format!("{before:.0}") == format!("{now:.0}") {
        true => format!("{now:.0} s each"),
        false => format!("{before:.0} s and {now:.0} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::sample::Pace;

    fn said(before: Option<f64>, now: Option<f64>, change: SpeedChange) -> String {
        let pace = |steps_per_s, got, seconds| Pace { steps_per_s, got: Some(got), seconds };
        line(&ReplacedRun {
            before: pace(before, 1.31, 10.2),
            now: pace(now, 1.88, 10.4),
            change,
            ..ReplacedRun::default()
        })
    }

    #[test]
    fn each_answer_has_its_words() {
        let (slow, fast) = (Some(116.2), Some(145.1));
        assert_eq!(said(slow, fast, SpeedChange::Faster), "steps 116 → 145/s (+25 %, 10 s each)");
        assert_eq!(said(fast, slow, SpeedChange::Slower), "steps 145 → 116/s (-20 %, 10 s each)");
        let alike = SpeedChange::NoDifference { why: "overlap".to_owned() };
        assert_eq!(said(slow, Some(118.0), alike), "steps 116 → 118/s, no difference shown (10 s each)");
        let why = || SpeedChange::NotComparable { why: "steps were not counted before".to_owned() };
        assert_eq!(said(slow, fast, why()), "steps 116 → 145/s, not comparable: steps were not counted before");
        assert_eq!(said(None, fast, why()), "got 1.3 → 1.9 CPUs (no speed: steps were not counted before)");
        assert_eq!(said(slow, None, SpeedChange::TooSoon), "before 116/s, compared after 10 s of steps");
    }
}
