//! One candidate of `tftop tune`, with what was measured of it. Starts nothing.

use crate::data::limits::Caps;
use crate::runs::stats::run_stats::RunStats;

/// Caps that are tried.
pub(super) struct CandidateCaps {
    pub(super) caps: Caps,
    /// Runs of it, or turns.
    pub(super) runs: Vec<RunStats>,
    /// The round of its first turn.
    pub(super) first_round: usize,
    /// It failed, or was shown to be slower than the fastest.
    pub(super) out: bool,
}

impl CandidateCaps {
    pub(super) fn of(caps: Caps) -> Self {
        Self { caps, runs: Vec::new(), first_round: 0, out: false }
    }
}
