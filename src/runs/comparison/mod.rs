//! Two or more sides, each measured by one run or several: what differs between them, and which is faster, if that can be
//! said at all. "No difference shown" and "no ranking" are answers as good as any.

pub(crate) mod comparable;
pub(crate) mod differences;
pub(crate) mod figures;
pub(crate) mod interval;
pub(crate) mod judge;
pub(crate) mod remarks;
pub(crate) mod replaced;
pub(crate) mod rules;
pub(crate) mod types;

use crate::runs::comparison::types::{ComparedSide, Comparison, SideFigures};

/// Compares sides. Their order changes nothing but the order of the answer. With fewer than two there is nothing to rank.
pub fn compare(sides: &[ComparedSide]) -> Comparison {
    let mut figures: Vec<SideFigures> = figures::of(sides);
    let verdict = judge::judge(sides, &mut figures);
    Comparison {
        differences: differences::between(sides),
        groups: figures::groups(sides),
        remarks: remarks::remarks(sides, &figures),
        comparable: comparable::of(sides, &figures, &verdict),
        sides: figures,
        verdict,
    }
}

#[cfg(test)]
mod tests;
