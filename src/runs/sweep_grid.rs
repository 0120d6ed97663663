//! A sweep: which caps are tried, and in which order. Every block holds each of them once, in an order of its own, so that
//! whatever changes on the machine meanwhile falls on all alike. Starts nothing.

use serde::{Deserialize, Serialize};

use crate::data::limits::{Caps, PerCap};

/// Combinations a sweep has at most: more are a slip of the finger, and would take days.
pub const MOST_COMBINATIONS: usize = 256;
/// Blocks at most.
pub const MOST_REPEATS: u32 = 100;

/// Values to try for each cap; an empty list leaves its pools alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct SweepGrid(pub PerCap<Vec<u32>>);

/// One run to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SweepSlot {
    /// Which block, from 0.
    pub block: u32,
    /// Which combination: an index into [`Grid::combinations`].
    pub combination: usize,
}

impl SweepGrid {
    /// How many combinations there are, the baseline included; none: more than can be counted.
    pub fn count(&self) -> Option<usize> {
        let mut lists = self.0.named().map(|(_, list)| list);
        let product = lists.try_fold(1_usize, |product, list| product.checked_mul(list.len().max(1)))?;
        match self.0.named().all(|(_, list)| list.is_empty()) {
            true => Some(1),
            false => product.checked_add(1),
        }
    }

    /// Every combination of the values, the one without any cap first: the baseline that the others are measured against.
    /// No more than [`MOST_COMBINATIONS`] and the baseline.
    pub fn combinations(&self) -> Vec<Caps> {
        let mut all = vec![Caps::default()];
        for (name, values) in self.0.named().filter(|(_, values)| !values.is_empty()) {
            let with = |mut caps: Caps, value: u32| {
                caps.named_mut(name).into_iter().for_each(|cap| *cap = Some(value));
                caps
            };
            let next = all.iter().flat_map(|caps| values.iter().map(|value| with(*caps, *value)));
            all = next.take(MOST_COMBINATIONS).collect();
        }
        if !all.contains(&Caps::default()) {
            all.insert(0, Caps::default());
        }
        all
    }
}

/// The order of all runs: `repeat` blocks, each a random order of every combination. The same seed gives the same order.
pub fn schedule(combinations: usize, repeat: u32, seed: u64) -> Vec<SweepSlot> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut slots = Vec::new();
    for block in 0..repeat.min(MOST_REPEATS) {
        let mut order: Vec<usize> = (0..combinations).collect();
        random.shuffle(&mut order);
        slots.extend(order.into_iter().map(|combination| SweepSlot { block, combination }));
    }
    slots
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::limits::CapKind;

    fn grid<const N: usize>(lists: [(CapKind, Vec<u32>); N]) -> SweepGrid {
        let mut grid = SweepGrid::default();
        lists.into_iter().for_each(|(kind, list)| *grid.0.get_mut(kind) = list);
        grid
    }

    #[test]
    fn every_combination_is_there_once_and_the_baseline_first() {
        let grid = grid([(CapKind::Intra, vec![1, 2, 4]), (CapKind::Inter, vec![1, 2])]);
        let all = grid.combinations();
        assert_eq!((all.len(), grid.count()), (7, Some(7)));
        assert_eq!(all[0], Caps::default());
        assert!(all.contains(&Caps::of([(CapKind::Intra, 4), (CapKind::Inter, 1)])));
        let mut shown: Vec<String> = all.iter().map(ToString::to_string).collect();
        shown.sort();
        shown.dedup();
        assert_eq!(shown.len(), 7);
    }

    #[test]
    fn a_grid_without_values_is_the_baseline_alone() {
        assert_eq!(SweepGrid::default().combinations(), [Caps::default()]);
        assert_eq!(SweepGrid::default().count(), Some(1));
    }

    #[test]
    fn a_grid_beyond_all_measure_is_counted_without_being_made() {
        let list: Vec<u32> = (1..=10_000).collect();
        let mut grid = SweepGrid::default();
        grid.0.values_mut().for_each(|values| values.clone_from(&list));
        assert_eq!(grid.count(), None);
        assert_eq!(grid.combinations().len(), MOST_COMBINATIONS + 1);
    }

    #[test]
    fn each_block_holds_everything_once_in_an_order_of_its_own() {
        let slots = schedule(6, 4, 7);
        let blocks: Vec<Vec<usize>> = (0..4)
            .map(|block| slots.iter().filter(|slot| slot.block == block).map(|slot| slot.combination).collect())
            .collect();
        for order in &blocks {
            let mut sorted = order.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, [0, 1, 2, 3, 4, 5]);
        }
        assert!(blocks.iter().any(|order| *order != blocks[0]), "every block has the same order");
        assert_eq!(slots, schedule(6, 4, 7));
        assert_ne!(slots, schedule(6, 4, 8));
    }
}
