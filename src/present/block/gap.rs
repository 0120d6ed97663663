//! Something missing: what it is, and below it why.

use crate::data::Gap;
use crate::present::format;
use crate::present::line::{Line, MOST_LINES, Role};

/// Its name, then the reason.
pub fn lines(gap: &Gap, width: u16) -> Vec<Line> {
    let mut lines = vec![vec![(Role::Alarm, " ! ".to_owned()), (Role::Strong, gap.what.clone())]];
    let reason = format::wrap(&gap.why, width.saturating_sub(4), MOST_LINES);
    lines.extend(reason.into_iter().map(|text| vec![(Role::Plain, format!("   {text}"))]));
    lines
}
