//! What is advised, and what keeps it from going back and forth: near a threshold each look would have its own answer.

use crate::data::limits::Caps;
use crate::model::advice::predict::Prediction;
use crate::model::verdict::levels::NOTICE_SATURATION;

/// Looks in a row, about a second apart, whose answer differs from what is advised in the same way before that changes.
const AGREEING: u32 = 6;

/// Caps and what would be wanted and got under them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CapsFit {
    /// Empty when the target fits as it is and no pool is far too large, or nothing that wants CPUs can be capped without
    /// starving it.
    pub caps: Caps,
    /// What is predicted under them.
    pub predicted: Prediction,
    /// Whether nothing is left to narrow: one process works, and none of its pools is larger than its CPUs.
    pub all_within_cpus: bool,
}

impl CapsFit {
    /// Whether the target would fit so many CPUs.
    pub fn fits(&self, effective_cpus: f64) -> bool {
        self.predicted.wanted <= effective_cpus * NOTICE_SATURATION
    }
}

/// Remembers what was advised.
#[derive(Clone, Debug)]
pub(crate) struct AdviceMemory {
    agreeing: u32,
    advised: Caps,
    answer: Caps,
    looks: u32,
}

impl AdviceMemory {
    /// Of windows that slide; `whole` means that every look covers all that was watched, so the newest counts.
    pub fn new(whole: bool) -> Self {
        let agreeing = if whole { 1 } else { AGREEING };
        Self { agreeing, advised: Caps::default(), answer: Caps::default(), looks: 0 }
    }

    /// The caps to advise after one more look, from its own answer and whether what was advised would still change the
    /// target.
    pub fn advise(&mut self, answer: Caps, still_narrows: impl FnOnce(&Caps) -> bool) -> Caps {
        self.looks = if answer == self.answer { self.looks.saturating_add(1) } else { 1 };
        self.answer = answer;
        if self.looks >= self.agreeing || self.advised.is_empty() || !still_narrows(&self.advised) {
            self.advised = answer;
        }
        self.advised
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::limits::CapKind;

    fn intra(value: u32) -> Caps {
        Caps::of([(CapKind::Intra, value)])
    }

    #[test]
    fn answers_that_take_turns_change_nothing() {
        let mut memory = AdviceMemory::new(false);
        assert_eq!(memory.advise(intra(1), |_| true), intra(1), "the first answer is advised at once");
        for look in 0..40 {
            assert_eq!(memory.advise(intra(1 + look % 2), |_| true), intra(1));
        }
    }

    #[test]
    fn an_answer_that_stays_is_advised() {
        let mut memory = AdviceMemory::new(false);
        memory.advise(intra(1), |_| true);
        let advised: Vec<Caps> = (0..AGREEING).map(|_| memory.advise(intra(2), |_| true)).collect();
        let (last, before) = advised.split_last().unwrap();
        assert!(before.iter().all(|&caps| caps == intra(1)) && *last == intra(2));
        for _ in 1..AGREEING {
            assert_eq!(memory.advise(Caps::default(), |_| true), intra(2));
        }
        assert_eq!(memory.advise(Caps::default(), |_| true), Caps::default());
    }

    #[test]
    fn advice_that_changes_nothing_any_more_goes_at_once() {
        let mut memory = AdviceMemory::new(false);
        memory.advise(intra(2), |_| true);
        assert_eq!(memory.advise(Caps::default(), |_| false), Caps::default());
    }

    #[test]
    fn over_all_that_was_watched_the_newest_answer_counts() {
        let mut memory = AdviceMemory::new(true);
        memory.advise(intra(1), |_| true);
        assert_eq!(memory.advise(intra(2), |_| true), intra(2));
    }
}
