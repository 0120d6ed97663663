//! Pieces of HTML in which every text is escaped, and JSON that can stand in a script element: nothing a target is called can
//! become markup.

use serde::Serialize;

use crate::data::Gap;
use crate::present::format::clean;
use crate::present::table::{Align, Table};

/// A text as it may stand between tags and in a quoted attribute.
pub(crate) fn text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in clean(text).chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// JSON without a character that could end the element it stands in.
pub(crate) fn script_json(value: &impl Serialize) -> serde_json::Result<String> {
    let json = serde_json::to_string(value)?;
    Ok(json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026"))
}

/// A table with its titles; what sums up the others is the last row.
pub(crate) fn table(table: &Table) -> String {
    let sides: Vec<&str> = table.sides().map(|side| if side == Align::Right { " class=\"n\"" } else { "" }).collect();
    let cells = |tag: &str, cells: &mut dyn Iterator<Item = &str>| -> String {
        let cell = |(cell, side): (&str, &&str)| format!("<{tag}{side}>{}</{tag}>", text(cell));
        cells.zip(&sides).map(cell).collect()
    };
    let head = cells("th", &mut table.titles());
    let row = |row: &Vec<String>| format!("<tr>{}</tr>\n", cells("td", &mut row.iter().map(String::as_str)));
    let rows: String = table.rows().iter().map(row).collect();
    format!("<div class=\"wide\"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody></table></div>\n")
}

/// A list; nothing without items.
pub(crate) fn list<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    let items: String = items.into_iter().map(|item| format!("<li>{}</li>\n", text(item))).collect();
    if items.is_empty() { items } else { format!("<ul>\n{items}</ul>\n") }
}

/// What is missing, and why.
pub(crate) fn gaps(gaps: &[Gap]) -> String {
    let item = |gap: &Gap| format!("<dt>{}</dt><dd>{}</dd>\n", text(&gap.what), text(&gap.why));
    let items: String = gaps.iter().map(item).collect();
    if items.is_empty() { items } else { format!("<dl>\n{items}</dl>\n") }
}

/// A section with its title; nothing where it is empty.
pub(crate) fn section(title: &str, body: &str) -> String {
    if body.is_empty() { String::new() } else { format!("<section>\n<h2>{}</h2>\n{body}</section>\n", text(title)) }
}

/// The same behind a fold.
pub(crate) fn folded(title: &str, body: &str) -> String {
    match body.is_empty() {
        true => String::new(),
        false => format!("<details>\n<summary>{}</summary>\n{body}</details>\n", text(title)),
    }
}

/// Lines to paste, each under the name of its language.
pub(crate) fn paste(lines: &[(&'static str, String)]) -> String {
    let line = |(language, line): &(&'static str, String)| {
        format!("<div class=\"paste\"><span>{language}</span><pre>{}</pre></div>\n", text(line))
    };
    lines.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_markup() {
        let hostile = "</script><script>alert(1)</script><img src=x onerror='a'>\"&\u{1b}\u{202e}";
        let escaped = text(hostile);
        assert!(!escaped.contains(['<', '>', '"', '\'', '\u{1b}', '\u{202e}']), "{escaped}");
        let json = script_json(&hostile).unwrap();
        assert!(!json.contains(['<', '>', '&']), "{json}");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), hostile);
    }

    #[test]
    fn a_table_escapes_titles_and_cells_and_keeps_sides() {
        let mut cells = Table::new(&[("<a>", Align::Left), ("N", Align::Right)]);
        cells.row(["<b>".to_owned(), "1".to_owned()]);
        let html = table(&cells);
        assert!(html.contains("<th>&lt;a&gt;</th><th class=\"n\">N</th>"), "{html}");
        assert!(html.contains("<tr><td>&lt;b&gt;</td><td class=\"n\">1</td></tr>"), "{html}");
        assert_eq!((list([]), section("x", ""), folded("x", "")), (String::new(), String::new(), String::new()));
    }
}
