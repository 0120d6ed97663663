//! Step times after the warm-up, and how much they vary within one run.
//!
//! The run is cut into blocks of equal numbers of marks, no more of them than seconds, and each block's time a step is what
//! counts, its stalls included: a median inside a block would hide an input pipeline that stalls every few steps. Blocks
//! of a second and more depend far less on one another than single steps do, and the median of blocks shrugs off one
//! checkpoint or one burst of a neighbour.

use serde::{Deserialize, Serialize};

use crate::runs::stats::spread::{Spread, quantile, sorted};
use crate::runs::stats::steps::StepMark;

const MOST_BLOCKS: usize = 20;
/// With fewer there is no telling how much it varies.
pub(crate) const FEWEST_BLOCKS: usize = 4;
/// What is missing where there are none, and where they are too few to tell how much they vary.
pub(crate) const STEP_TIMES: &str = "step times";
pub(crate) const SPREAD_OF_STEP_TIMES: &str = "spread of step times";
/// What it takes to tell how much it varies.
pub(crate) fn needed() -> String {
    format!("it takes {FEWEST_BLOCKS} s and {} steps after the warm-up", FEWEST_BLOCKS * FEWEST_ENTRIES)
}

const SHORTEST_BLOCK_S: f64 = 1.0;
const FEWEST_ENTRIES: usize = 3;

/// Step times, in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StepTimes {
    /// Steps measured.
    pub count: u64,
    /// Half of the steps took less. Of a long run, from a sample of its steps.
    pub median_ms: f64,
    /// 5 % of the steps took more. Of a long run, from a sample of its steps.
    pub p95_ms: f64,
    /// The shortest.
    pub min_ms: f64,
    /// The longest.
    pub max_ms: f64,
    /// All step times together, divided by the steps.
    pub mean_ms: f64,
    /// Steps a second of measured time, pauses between epochs included.
    pub per_second: f64,
    /// Time a step in each block, in order; fewer than 4: the run was too short to tell how much it varies.
    pub blocks_ms: Vec<f64>,
    /// Of the blocks; none where there are too few.
    pub spread_ms: Option<Spread>,
}

impl StepTimes {
    /// Of entries in order, which cover `seconds`; none without a step.
    pub(crate) fn of(entries: &[StepMark], seconds: f64) -> Option<Self> {
        let count: u64 = entries.iter().map(|entry| entry.steps).sum();
        let one = sorted(entries.iter().map(|entry| f64::from(entry.one_us) / 1e3 / entry.steps_a_mark()));
        let least = entries.iter().map(|entry| f64::from(entry.least_us) / 1e3 / entry.steps_a_mark());
        let most = entries.iter().map(|entry| f64::from(entry.most_us) / 1e3 / entry.steps_a_mark());
        let blocks_ms = blocks(entries);
        Some(Self {
            count,
            median_ms: quantile(&one, 0.5)?,
            p95_ms: quantile(&one, 0.95)?,
            min_ms: least.reduce(f64::min)?,
            max_ms: most.reduce(f64::max)?,
            mean_ms: time_a_step(entries),
            per_second: if seconds > 0.0 { count as f64 / seconds } else { 0.0 },
            spread_ms: (blocks_ms.len() >= FEWEST_BLOCKS).then(|| Spread::of(blocks_ms.iter().copied())).flatten(),
            blocks_ms,
        })
    }

    /// The same steps, had each taken so many times as long.
    pub(crate) fn scaled(&self, factor: f64) -> Self {
        let spread = |it: Spread| Spread { low: it.low * factor, median: it.median * factor, high: it.high * factor };
        Self {
            count: self.count,
            median_ms: self.median_ms * factor,
            p95_ms: self.p95_ms * factor,
            min_ms: self.min_ms * factor,
            max_ms: self.max_ms * factor,
            mean_ms: self.mean_ms * factor,
            per_second: self.per_second / factor,
            blocks_ms: self.blocks_ms.iter().map(|ms| ms * factor).collect(),
            spread_ms: self.spread_ms.map(spread),
        }
    }

    /// The step time to compare by, in milliseconds: the median block's, or the mean where there are too few blocks.
    pub fn typical_ms(&self) -> f64 {
        self.spread_ms.map_or(self.mean_ms, |spread| spread.median)
    }
}

fn time_a_step(entries: &[StepMark]) -> f64 {
    let sum_us: u64 = entries.iter().map(|entry| entry.sum_us).fold(0, u64::saturating_add);
    let steps: u64 = entries.iter().map(|entry| entry.steps).fold(0, u64::saturating_add);
    sum_us as f64 / 1e3 / steps.max(1) as f64
}

fn blocks(entries: &[StepMark]) -> Vec<f64> {
    let sum_us: u64 = entries.iter().map(|entry| entry.sum_us).fold(0, u64::saturating_add);
    let by_time = (sum_us as f64 / 1e6 / SHORTEST_BLOCK_S) as usize;
    let count = MOST_BLOCKS.min(by_time).min(entries.len() / FEWEST_ENTRIES);
    let cut = |block: usize| block * entries.len() / count.max(1);
    (0..count).map(|block| time_a_step(&entries[cut(block)..cut(block + 1)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(us: u32) -> StepMark {
        StepMark { end_ns: 0, marks: 1, steps: 1, sum_us: u64::from(us), least_us: us, most_us: us, one_us: us }
    }

    #[test]
    fn one_long_pause_moves_the_mean_and_the_longest_but_not_the_typical_step() {
        let mut entries = [entry(100_000); 200];
        entries[77] = entry(30_000_000);
        let steps = StepTimes::of(&entries, 50.0).unwrap();
        assert_eq!((steps.median_ms, steps.typical_ms(), steps.max_ms), (100.0, 100.0, 30_000.0));
        assert!((steps.mean_ms - 249.5).abs() < 1e-9);
        assert_eq!((steps.count, steps.blocks_ms.len(), steps.per_second), (200, 20, 4.0));
    }

    #[test]
    fn stalls_every_few_steps_count() {
        let entries: Vec<StepMark> = (0..400).map(|at| entry(if at % 4 == 3 { 400_000 } else { 1000 })).collect();
        let steps = StepTimes::of(&entries, 40.0).unwrap();
        assert_eq!(steps.median_ms, 1.0);
        assert!(steps.typical_ms() > 100.0, "{}", steps.typical_ms());
    }

    #[test]
    fn a_short_run_has_no_spread_and_none_at_all_no_times() {
        let steps = StepTimes::of(&[entry(100_000); 30], 3.0).unwrap();
        assert_eq!((steps.spread_ms, steps.typical_ms()), (None, 100.0));
        assert_eq!(StepTimes::of(&[], 3.0), None);
    }

    #[test]
    fn several_steps_a_mark_share_its_time() {
        let steps = StepTimes::of(&[StepMark { steps: 10, ..entry(1_000_000) }; 20], 20.0).unwrap();
        assert_eq!((steps.count, steps.median_ms, steps.typical_ms()), (200, 100.0, 100.0));
    }
}
