//! When a side is called faster: every cut-off of a comparison, in one place.
//!
//! A side's time a step lies in an interval:
//! - 3 runs or more: from the fastest to the slowest run, a run being the median of its blocks;
//! - 2 runs: from the lowest to the highest quartile of their blocks, and of the medians of each quarter of a run, so that
//!   drift within a run widens it;
//! - 1 run: the same, widened by sqrt((1 + r) / (1 - r)), r being the correlation of blocks with the next: blocks that hang
//!   together tell less than their number says.
//!
//! One side is faster than another when the intervals do not overlap, the typical step times differ by more than the wider
//! interval (or, with 3 runs, than the usual spread within one), and by at least the share below; and when the mean over
//! all steps, stalls included, does not say the opposite. Runs can be compared at
//! all when they count the same kind of steps and neighbours took alike.
//!
//! Simulated with equal sides (block noise of 2 to 10 %, correlated from block to block by 0 to 0.95, levels that change by
//! up to 5 % from run to run, linear drift): a winner in at most 5 of 100 cases, mostly in none. What falls on one side
//! alone without showing as neighbours' load (a CPU that gets hot) no rule can tell: take turns.

/// Runs a side from which on runs are compared with runs.
pub const ENOUGH_RUNS: usize = 3;

/// Neighbours are alike when what they took differs by no more than this share of the CPUs. They are squeezed by a side that
/// wants more, which counts as a difference, too: a step that is faster because others wait is not the setting's merit.
pub const ALIKE_SHARE: f64 = 0.10;

/// Neighbours that take more than this share of the CPUs are worth a remark, though alike.
pub const BUSY_SHARE: f64 = 0.25;

/// A mean so many times the typical step time is worth a remark: there were stalls.
pub const STALLS: f64 = 1.5;

/// The smallest difference that is called one, by the runs of the side that has fewer. Runs of the same program differ by a
/// few percent for reasons such as where its memory came to lie; how much, three runs show and one can't.
pub fn least_difference(runs: usize) -> f64 {
    match runs {
        0 | 1 => 0.20,
        2 => 0.10,
        _ => 0.03,
    }
}
