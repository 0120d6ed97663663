//! Settings that stand in a text as comments: "# theme = \"default\"". Knows lines and sections, nothing of values.

/// The text with the commented line of a setting replaced; none where there is no such line in the section. Without a section
/// those lines count that stand before the first one.
pub(super) fn replaced(text: &str, section: Option<&str>, key: &str, line: &str) -> Option<String> {
    let mut now: Option<&str> = None;
    let mut at = 0;
    for old in text.split_inclusive('\n') {
        let bare = old.trim();
        if let Some(header) = bare.strip_prefix('[') {
            now = header.split(']').next();
        } else if now == section && is_of(bare, key) {
            let end = at + old.trim_end_matches(['\r', '\n']).len();
            return Some(format!("{}{line}{}", &text[..at], &text[end..]));
        }
        at += old.len();
    }
    None
}

/// Whether it is the comment "# key = …".
fn is_of(line: &str, key: &str) -> bool {
    let rest = line.strip_prefix('#').and_then(|rest| rest.trim_start().strip_prefix(key));
    rest.is_some_and(|rest| rest.trim_start().starts_with('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_line_of_the_section_is_replaced() {
        let text = "# a = 1\n# sort = 0\r\n\n[x]\n# sort = 1\n[y]\n#sort=2\n# sort of = 3";
        let with = |section, key| replaced(text, section, key, "S");
        assert_eq!(with(None, "sort").unwrap(), text.replace("# sort = 0", "S"));
        assert_eq!(with(Some("x"), "sort").unwrap(), text.replace("# sort = 1", "S"));
        assert_eq!(with(Some("y"), "sort").unwrap(), text.replace("#sort=2", "S"));
        assert_eq!((with(Some("x"), "a"), with(Some("z"), "sort"), with(None, "b")), (None, None, None));
    }
}
