//! Lines of a report's sections, cleaned.

use crate::data::Gap;
use crate::present::format::clean;

/// Lines that stand below something.
pub(crate) fn indented(lines: impl IntoIterator<Item = String>, indent: &str) -> Vec<String> {
    lines.into_iter().map(|line| format!("{indent}{line}")).collect()
}

/// Lines to paste, each behind the name of its language.
pub(crate) fn paste(lines: &[(&'static str, String)], indent: &str) -> Vec<String> {
    lines.iter().map(|(language, line)| format!("{indent}{language:<6}  {}", clean(line))).collect()
}

/// What is missing, and why: a line each.
pub(crate) fn gaps(gaps: &[Gap]) -> Vec<String> {
    gaps.iter().map(|gap| format!("{}: {}", clean(&gap.what), clean(&gap.why))).collect()
}
