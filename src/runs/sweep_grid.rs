//! A sweep: which caps are tried, and in which order. Every block holds each of them once, in an order of its own, so that
//! whatever changes on the machine meanwhile falls on all alike. Starts nothing.

use serde::{Deserialize, Serialize};

use crate::data::limits::Caps;

/// Combinations a sweep has at most: more are a slip of the finger, and would take days.
pub const MOST_COMBINATIONS: usize = 256;
/// Blocks at most.
pub const MOST_REPEATS: u32 = 100;

/// Values to try for each cap; an empty list leaves that layer alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepGrid {
    /// TF intra-op threads.
    pub intra: Vec<u32>,
    /// TF inter-op threads.
    pub inter: Vec<u32>,
    /// Threads of each tf.data iterator.
    pub data: Vec<u32>,
    /// OpenMP threads of a team.
    pub omp: Vec<u32>,
    /// Threads of each BLAS.
    pub blas: Vec<u32>,
    /// CPUs for everything.
    pub cpus: Vec<u32>,
}

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
        let lists = [&self.intra, &self.inter, &self.data, &self.omp, &self.blas, &self.cpus];
        let product = lists.iter().try_fold(1_usize, |product, list| product.checked_mul(list.len().max(1)))?;
        match lists.iter().all(|list| list.is_empty()) {
            true => Some(1),
            false => product.checked_add(1),
        }
    }

    /// Every combination of the values, the one without any cap first: the baseline that the others are measured against.
    /// No more than [`MOST_COMBINATIONS`] and the baseline.
    pub fn combinations(&self) -> Vec<Caps> {
        let mut all = vec![Caps::default()];
        let layers: [(&[u32], Slotted); 6] = [
            (&self.intra, |caps| &mut caps.intra),
            (&self.inter, |caps| &mut caps.inter),
            (&self.data, |caps| &mut caps.data),
            (&self.omp, |caps| &mut caps.omp),
            (&self.blas, |caps| &mut caps.blas),
            (&self.cpus, |caps| &mut caps.cpus),
        ];
        for (values, slot) in layers {
            if values.is_empty() {
                continue;
            }
            let next = all.iter().flat_map(|caps| values.iter().map(|value| with(*caps, slot, *value)));
            all = next.take(MOST_COMBINATIONS).collect();
        }
        if !all.contains(&Caps::default()) {
            all.insert(0, Caps::default());
        }
        all
    }
}

type Slotted = fn(&mut Caps) -> &mut Option<u32>;

fn with(mut caps: Caps, slot: Slotted, value: u32) -> Caps {
    *slot(&mut caps) = Some(value);
    caps
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

    #[test]
    fn every_combination_is_there_once_and_the_baseline_first() {
        let grid = SweepGrid { intra: vec![1, 2, 4], inter: vec![1, 2], ..SweepGrid::default() };
        let all = grid.combinations();
        assert_eq!((all.len(), grid.count()), (7, Some(7)));
        assert_eq!(all[0], Caps::default());
        assert!(all.contains(&Caps { intra: Some(4), inter: Some(1), ..Caps::default() }));
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
        let grid = SweepGrid {
            intra: list.clone(),
            inter: list.clone(),
            data: list.clone(),
            omp: list.clone(),
            blas: list.clone(),
            cpus: list,
        };
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
