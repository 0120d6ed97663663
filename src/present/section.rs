//! Sections of a report: a title and the lines below it, cleaned.

use crate::data::Gap;
use crate::present::format::clean;

/// The title and the lines below it; nothing where there are none.
pub(crate) fn titled(title: &str, lines: Vec<String>) -> Vec<String> {
    if lines.is_empty() { lines } else { std::iter::once(title.to_owned()).chain(lines).collect() }
}

/// Lines that stand below something.
pub(crate) fn indented(lines: impl IntoIterator<Item = String>, indent: &str) -> Vec<String> {
    lines.into_iter().map(|line| format!("{indent}{line}")).collect()
}

/// Sections with an empty line between them; empty ones are left out.
pub(crate) fn joined(sections: Vec<Vec<String>>) -> String {
    let filled = sections.iter().filter(|lines| !lines.is_empty());
    filled.map(|lines| lines.join("\n")).collect::<Vec<_>>().join("\n\n") + "\n"
}

/// Lines to paste, each behind the name of its language.
pub(crate) fn paste(lines: &[(&'static str, String)], indent: &str) -> Vec<String> {
    lines.iter().map(|(language, line)| format!("{indent}{language:<6}  {}", clean(line))).collect()
}

/// What is missing, and why: a line each.
pub(crate) fn gaps(gaps: &[Gap]) -> Vec<String> {
    gaps.iter().map(|gap| format!("{}: {}", clean(&gap.what), clean(&gap.why))).collect()
}
