//! For how long each verdict held within a span of a recording. A verdict holds from the look that saw it to the next one, as
//! on a screen, but no longer than it lasts: where nobody looked, nothing is known.

use std::cmp::Reverse;

use crate::data::scene::{HeldVerdict, JudgedSpan, Scene, Verdict};
use crate::model::verdict::levels::JUDGED_S;

/// A verdict lasts for so many intervals between looks, and for as long as it rests on at least.
const LASTS_INTERVALS: f64 = 2.0;

/// Follows the verdicts of looks, one after the other.
#[derive(Debug)]
pub(super) struct HeldVerdicts {
    /// The recording's first look.
    begin_ns: u64,
    from_ns: u64,
    to_ns: u64,
    held: Vec<HeldVerdict>,
    /// The last look: when it was, its verdict, and until when that lasts.
    before: Option<(u64, Verdict, u64)>,
    last: Verdict,
}

impl HeldVerdicts {
    /// Of the span between two instants, both in nanoseconds since boot.
    pub(super) fn new((begin_ns, from_ns, to_ns): (u64, u64, u64)) -> Self {
        Self { begin_ns, from_ns, to_ns, held: Vec::new(), before: None, last: Verdict::TooSoon }
    }

    /// One more look, within the span or before it.
    pub(super) fn add(&mut self, scene: &Scene) {
        if self.before.is_some_and(|(before_ns, ..)| scene.at_ns <= before_ns) {
            return;
        }
        self.close(scene.at_ns);
        let verdict = scene.headline.condition;
        self.before = (!scene.target.ended).then(|| {
            let lasts_s = (scene.interval_s * LASTS_INTERVALS).max(JUDGED_S);
            (scene.at_ns, verdict, scene.at_ns.saturating_add((lasts_s * 1e9) as u64))
        });
        if scene.at_ns <= self.to_ns && !scene.target.ended {
            self.last = verdict;
        }
    }

    /// All that held.
    pub(super) fn end(mut self) -> JudgedSpan {
        self.close(self.to_ns);
        let worst_first = |held: &HeldVerdict| {
            let verdict = held.verdict;
            (verdict == Verdict::TooSoon, Reverse(verdict.level()), verdict)
        };
        self.held.sort_by_key(worst_first);
        let [from_s, to_s] = [self.from_ns, self.to_ns].map(|at_ns| self.seconds(self.begin_ns, at_ns));
        let known_s: f64 = self.held.iter().map(|held| held.seconds).sum();
        JudgedSpan { from_s, to_s, held: self.held, unknown_s: (to_s - from_s - known_s).max(0.0), last: self.last }
    }

    /// The verdict before holds until then.
    fn close(&mut self, now_ns: u64) {
        let Some((began_ns, verdict, until_ns)) = self.before else { return };
        let (began_ns, ended_ns) = (began_ns.max(self.from_ns), now_ns.min(until_ns).min(self.to_ns));
        if began_ns >= ended_ns {
            return;
        }
        let (seconds, first_s) = (self.seconds(began_ns, ended_ns), self.seconds(self.begin_ns, began_ns));
        match self.held.iter_mut().find(|held| held.verdict == verdict) {
            Some(held) => held.seconds += seconds,
            None => self.held.push(HeldVerdict { verdict, seconds, first_s }),
        }
    }

    fn seconds(&self, from_ns: u64, to_ns: u64) -> f64 {
        to_ns.saturating_sub(from_ns) as f64 / 1e9
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::scene::{Headline, TargetState};

    const SECOND: u64 = 1_000_000_000;
    const BEGIN: u64 = 50 * SECOND;

    fn look(second: u64, condition: Verdict) -> Scene {
        let headline = Headline { condition, ..Headline::default() };
        Scene { at_ns: BEGIN + second * SECOND, interval_s: 1.0, headline, ..Scene::default() }
    }

    fn of(from_s: u64, to_s: u64, looks: &[(u64, Verdict)]) -> JudgedSpan {
        let mut held = HeldVerdicts::new((BEGIN, BEGIN + from_s * SECOND, BEGIN + to_s * SECOND));
        looks.iter().for_each(|&(second, verdict)| held.add(&look(second, verdict)));
        held.end()
    }

    #[test]
    fn a_verdict_holds_to_the_next_look_and_only_within_the_span() {
        use Verdict::{Healthy, Severe, TooSoon};
        let looks = [(0, TooSoon), (10, Healthy), (14, Severe), (18, Healthy), (22, Severe), (26, Healthy)];
        let span = of(8, 24, &looks);
        let held = |verdict, seconds, first_s| HeldVerdict { verdict, seconds, first_s };
        assert_eq!(span.held, [held(Severe, 6.0, 14.0), held(Healthy, 8.0, 10.0), held(TooSoon, 2.0, 8.0)]);
        assert_eq!((span.unknown_s, span.last, span.seconds()), (0.0, Severe, 16.0));
        assert_eq!(span.worst().map(|worst| worst.verdict), Some(Severe));
        let soon = of(0, 5, &looks);
        assert_eq!((soon.worst(), soon.last, soon.held.len()), (None, TooSoon, 1));
    }

    #[test]
    fn where_nobody_looked_nothing_is_known() {
        use Verdict::{Healthy, Notice, Starved};
        // Asleep for an hour.
        let span = of(0, 4_000, &[(0, Notice), (1, Healthy), (3_601, Starved)]);
        assert_eq!(span.held.iter().map(|held| held.seconds).collect::<Vec<_>>(), [10.0, 1.0, 10.0]);
        assert_eq!(span.held[0].verdict, Starved, "of one level the one that is reported first");
        assert_eq!((span.unknown_s, span.last), (3_979.0, Starved));
        // Looks far apart because nobody asked for more.
        let mut rare = HeldVerdicts::new((BEGIN, BEGIN, BEGIN + 100 * SECOND));
        rare.add(&Scene { interval_s: 60.0, ..look(0, Healthy) });
        assert_eq!(rare.end().unknown_s, 0.0);
    }

    #[test]
    fn what_has_ended_has_no_verdict_and_time_does_not_go_back() {
        use Verdict::{Healthy, Severe};
        let mut held = HeldVerdicts::new((BEGIN, BEGIN, BEGIN + 9 * SECOND));
        held.add(&look(0, Healthy));
        held.add(&look(0, Severe));
        held.add(&Scene { target: TargetState { ended: true, ..TargetState::default() }, ..look(4, Severe) });
        let span = held.end();
        assert_eq!((span.held.len(), span.held[0].seconds, span.unknown_s, span.last), (1, 4.0, 5.0, Healthy));
        assert_eq!(of(3, 9, &[]).unknown_s, 6.0);
    }
}
