//! Values over time, one a tick, in bounded memory.

use std::collections::VecDeque;

const LONGEST: usize = 600;

/// The newest values, oldest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    values: VecDeque<f32>,
}

impl History {
    /// Adds the newest value; the oldest goes when there are too many.
    pub fn push(&mut self, value: f64) {
        if self.values.len() == LONGEST {
            self.values.pop_front();
        }
        self.values.push_back(value as f32);
    }

    /// Every value kept, oldest first.
    pub fn to_vec(&self) -> Vec<f32> {
        self.values.iter().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_newest_values_are_kept() {
        let mut history = History::default();
        (0..LONGEST + 5).for_each(|value| history.push(value as f64));
        let values = history.to_vec();
        assert_eq!((values.len(), values[0], values[LONGEST - 1]), (LONGEST, 5.0, (LONGEST + 4) as f32));
    }
}
