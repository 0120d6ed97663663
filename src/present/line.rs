//! Lines of pieces that have roles: what a piece means, and no colour. Measured in columns of a terminal.

use crate::present::format::{width, wrap};

/// What a piece of a line or of the screen means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Ordinary text.
    Plain,
    /// Read last: zeros, units, labels.
    Faint,
    /// Read first: the demand line.
    Strong,
    /// Headings of tables and boxes.
    Heading,
    /// Frames.
    Frame,
    /// Header and key bar.
    Bar,
    /// A key on the key bar, the view that is shown.
    Key,
    /// The selected row.
    Selected,
    /// CPU time got.
    Got,
    /// CPU time waited for.
    Waiting,
    /// CPU time of others.
    Others,
    /// The line at the effective CPUs, the term that binds.
    Capacity,
    /// Sampling goes on.
    Live,
    /// The scene is frozen.
    Paused,
    /// The target has ended, something is missing, too much is wanted.
    Alarm,
    /// All is well.
    Healthy,
    /// As bad as it gets.
    Severe,
}

/// A piece of a line, and what it means.
pub type Piece = (Role, String);
/// One line.
pub type Line = Vec<Piece>;

/// Most lines a text is wrapped into.
pub(crate) const MOST_LINES: usize = 12;
/// Screens below this width have no room for two texts side by side.
pub(crate) const NARROW: u16 = 66;

/// A text at column `x` behind what stands before it, wrapped below itself.
pub(crate) fn wrap_beside(before: Line, x: u16, role: Role, text: &str, width: u16) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut before = Some(before);
    for text in wrap(text, width.saturating_sub(x + 1), MOST_LINES) {
        let mut line = before.take().unwrap_or_default();
        pad(&mut line, x);
        line.push((role, text));
        lines.push(line);
    }
    lines.extend(before.filter(|before| !before.is_empty()));
    lines
}

/// A text in lines, all of them indented alike.
pub(crate) fn wrapped(role: Role, text: &str, indent: &str, columns: u16) -> Vec<Line> {
    let columns = columns.saturating_sub(width(indent) + 1);
    let lines = wrap(text, columns, MOST_LINES).into_iter();
    lines.map(|text| vec![(role, format!("{indent}{text}"))]).collect()
}

/// Fills a line with blanks up to column `x`, at least one behind a text.
pub(crate) fn pad(line: &mut Line, x: u16) {
    let used: u16 = line.iter().fold(0, |sum, (_, text)| sum.saturating_add(width(text)));
    let blanks = x.saturating_sub(used).max(u16::from(!line.is_empty()));
    line.push((Role::Plain, " ".repeat(usize::from(blanks))));
}
