//! When a side is called faster: every cut-off of a comparison, in one place.
//!
//! A side's time a step lies in an interval:
//! - 9 runs or more: where their median lies with a confidence of 95 %, by the sign test (of 9 runs, from the second to the
//!   eighth), a run being the median of its blocks;
//! - 3 runs or more: from the fastest to the slowest run;
//! - 2 runs: from the lowest to the highest quartile of their blocks, and of the medians of each quarter of a run, so that
//!   drift within a run widens it;
//! - 1 run: the same, widened by sqrt((1 + r) / (1 - r)), r being the correlation of blocks with the next: blocks that hang
//!   together tell less than their number says.
//!
//! One side is faster than another when the intervals do not overlap, the typical step times differ by more than the wider
//! interval (or, with 3 to 8 runs, than the usual spread within one; with more, the intervals say enough), and by at least the share below; and when the mean over
//! all steps, stalls included, does not say the opposite. Runs can be compared at
//! all when they count the same kind of steps and neighbours took alike.
//!
//! Sides that took turns, one turn a round, are compared round by round instead: one is faster when the median of the ratios of a
//! round's turns lies above 1 with a confidence of 95 %, by the sign test, and by the share below; of 3 to 5 rounds, in which the
//! sign test can say nothing, when it was faster in each and by a quarter.
//!
//! Simulated with equal sides (block noise of 2 to 10 %, correlated from block to block by 0 to 0.95, levels that change by
//! up to 5 % from run to run, linear drift): a winner in at most 5 of 100 cases, mostly in none. What falls on one side
//! alone without showing as neighbours' load (a CPU that gets hot) no rule can tell: take turns.

/// Runs a side from which on runs are compared with runs.
pub const ENOUGH_RUNS: usize = 3;

/// Runs a side from which on the median of runs has an interval of its own.
pub const MANY_RUNS: usize = 9;

/// Rounds from which on the sign test can say something: six of one kind in a row come by chance in 3 of 100 cases.
pub const SIGN_TEST_RUNS: usize = 6;

/// The smallest difference that fewer rounds than those show.
pub const FEW_TURNS_DIFFERENCE: f64 = 0.25;

/// Of more runs the binomial distribution is as good as normal.
const MOST_COUNTED: usize = 1000;

/// Of so many runs in order, how many at each end are outside the interval in which their median lies with a confidence of 95 %:
/// each run is below the true median as likely as above, whatever their distribution.
pub fn outside_interval(runs: usize) -> usize {
    if runs > MOST_COUNTED {
        let half = runs as f64 / 2.0;
        return (half - 0.98 * (runs as f64).sqrt()) as usize;
    }
    // Probability that fewer than `outside` runs, and one more, are below the median.
    let (mut each, mut below) = (0.5_f64.powi(i32::try_from(runs).unwrap_or(i32::MAX)), 0.0);
    let mut outside = 0;
    while outside < runs / 2 {
        below += each;
        if below > 0.025 {
            break;
        }
        each *= (runs - outside) as f64 / (outside + 1) as f64;
        outside += 1;
    }
    outside.saturating_sub(1)
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_that_of_the_sign_test() {
        // Tables of the sign test, two-sided, 5 %.
        let all: Vec<usize> = [3, 6, 8, 9, 11, 12, 15, 20, 25, 40].map(outside_interval).to_vec();
        assert_eq!(all, [0, 0, 0, 1, 1, 2, 3, 5, 7, 13]);
        assert_eq!(outside_interval(0), 0);
        assert!(outside_interval(1001).abs_diff(outside_interval(1000)) < 3);
    }
}
