//! Lines of the text reports: cleaned, and joined into sections.

use crate::present::format::clean;

/// Sections with an empty line between them; empty ones are left out.
pub(crate) fn joined(sections: Vec<Vec<String>>) -> String {
    let filled = sections.iter().filter(|lines| !lines.is_empty());
    filled.map(|lines| lines.join("\n")).collect::<Vec<_>>().join("\n\n") + "\n"
}

/// Lines to paste, each behind the name of its language.
pub(crate) fn paste(lines: &[(&'static str, String)], indent: &str) -> Vec<String> {
    lines.iter().map(|(language, line)| format!("{indent}{language:<6}  {}", clean(line))).collect()
}
