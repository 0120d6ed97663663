//! Whether a run with caps is slower than the one it replaced: then that is the headline, however calm its threads are.

use std::sync::Arc;

use crate::data::sample::{LaunchFact, ReplacedRun, SpeedChange};
use crate::data::scene::{Headline, Verdict};

/// It is said when this many of the last [`EVALUATIONS`] comparisons agree, and taken back when as many don't.
const AGREEING: usize = 2;
/// Comparisons that are remembered, some seconds apart.
const EVALUATIONS: usize = 3;

/// Remembers the last comparisons, so that one odd stretch of steps changes nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct SlowerMemory {
    newest: Option<Arc<ReplacedRun>>,
    /// Oldest first: whether it was shown to be slower.
    recent: Vec<bool>,
    slower: bool,
}

impl SlowerMemory {
    /// Takes in what is known now; every comparison counts once. `whole` means that the newest covers all there is to know.
    pub fn update(&mut self, replaced: Option<&Arc<ReplacedRun>>, whole: bool) {
        let Some(replaced) = replaced.filter(|now| self.newest.as_ref() != Some(now)) else { return };
        self.newest = Some(replaced.clone());
        if replaced.change == SpeedChange::TooSoon {
            return;
        }
        self.recent.push(replaced.change == SpeedChange::Slower);
        let surplus = self.recent.len().saturating_sub(EVALUATIONS);
        self.recent.drain(..surplus);
        let newest = self.recent.last().copied().unwrap_or(false);
        let agreeing = self.recent.iter().filter(|&&slower| slower == newest).count();
        if whole || agreeing >= AGREEING {
            self.slower = newest;
        }
    }

    /// The headline of a run with caps that is slower; none where it is not, or has no caps.
    pub fn headline(&self, launch: &LaunchFact, judged: &Headline) -> Option<Headline> {
        let capped = !launch.caps.is_empty() || launch.cpus.is_some() || launch.quota.is_some();
        let replaced =
            self.newest.as_ref().filter(|_| self.slower && capped && judged.condition != Verdict::Stopped)?;
        let (before, now) = (replaced.before.steps_per_s?, replaced.now.steps_per_s?);
        let back = match replaced.caps.is_empty() {
            true => "without caps".to_owned(),
            false => format!("with {}", replaced.caps),
        };
        Some(Headline {
            condition: Verdict::Slower,
            message: format!("{} steps/s instead of {} since the rerun with caps", rate(now), rate(before)),
            advice: format!("r goes back: it offers to start it again {back}."),
            judged_s: replaced.now.seconds,
            pressure: judged.pressure,
            ..Headline::default()
        })
    }
}

fn rate(per_s: f64) -> String {
    if per_s >= 9.95 { format!("{per_s:.0}") } else { format!("{per_s:.1}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::limits::{CapKind, Caps};
    use crate::data::sample::Pace;

    fn pace(steps_per_s: f64) -> Pace {
        Pace { steps_per_s: Some(steps_per_s), got: None, seconds: 10.0 }
    }

    /// Comparisons one after the other, each a little longer than the one before.
    fn after(changes: &[SpeedChange], whole: bool) -> SlowerMemory {
        let mut memory = SlowerMemory::default();
        for (at, change) in changes.iter().enumerate() {
            let now = Pace { seconds: 10.0 + at as f64, ..pace(62.0) };
            let replaced = ReplacedRun { before: pace(79.0), now, change: change.clone(), ..ReplacedRun::default() };
            // A comparison stays for several samples.
            (0..5).for_each(|_| memory.update(Some(&Arc::new(replaced.clone())), whole));
        }
        memory
    }

    fn capped() -> LaunchFact {
        LaunchFact { caps: Caps::of([(CapKind::Intra, 1)]), ..LaunchFact::default() }
    }

    fn said(memory: &SlowerMemory) -> Option<String> {
        let judged = Headline { condition: Verdict::Healthy, ..Headline::default() };
        memory.headline(&capped(), &judged).map(|headline| format!("{} {}", headline.message, headline.advice))
    }

    fn alike() -> SpeedChange {
        SpeedChange::NoDifference { why: String::new() }
    }

    #[test]
    fn it_is_said_once_two_comparisons_agree_and_taken_back_once_two_do_not() {
        use SpeedChange::{Slower, TooSoon};
        assert_eq!(said(&after(&[TooSoon, TooSoon], false)), None);
        assert_eq!(said(&after(&[TooSoon, Slower], false)), None, "one comparison, however often it is seen");
        let expected = "62 steps/s instead of 79 since the rerun with caps r goes back: it offers to start it again without \
                        caps.";
        assert_eq!(said(&after(&[Slower, Slower], false)).as_deref(), Some(expected));
        assert!(said(&after(&[Slower, Slower, alike()], false)).is_some());
        assert_eq!(said(&after(&[Slower, Slower, alike(), alike()], false)), None);
        assert_eq!(said(&after(&[Slower, SpeedChange::Faster, alike()], false)), None);
        assert!(said(&after(&[Slower], true)).is_some(), "a report on all of it");
    }

    #[test]
    fn a_run_without_caps_and_one_that_stands_still_are_not_told_so() {
        let slower = after(&[SpeedChange::Slower, SpeedChange::Slower], false);
        let headline =
            |fact: &LaunchFact, condition| slower.headline(fact, &Headline { condition, ..Headline::default() });
        assert_eq!(headline(&LaunchFact::default(), Verdict::Healthy), None);
        assert_eq!(headline(&capped(), Verdict::Stopped), None);
        for condition in [Verdict::Healthy, Verdict::TooSoon, Verdict::Severe] {
            assert_eq!(headline(&capped(), condition).map(|it| it.condition), Some(Verdict::Slower));
        }
    }
}
