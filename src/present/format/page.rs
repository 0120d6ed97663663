//! What a text report is printed on: how wide it is, whether it has colours, whether it knows more than ASCII. Rows that say
//! what they mean are wrapped and coloured here, once for every report.

use crate::present::format::width;
use crate::present::line::Role;

/// Where a report is printed. The default is a pipe or a file: no colour, and no line is wrapped or shortened, so that a
/// program finds a sentence in one line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Columns of the terminal; none: nothing is wrapped.
    pub width: Option<u16>,
    /// Colours; none: no escape sequences.
    pub palette: Option<Palette>,
    /// Whether every character must be ASCII.
    pub ascii: bool,
}

/// Colours of a report, from the sixteen of the terminal's own scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Palette {
    /// Red, yellow, green, blue.
    Default,
    /// Yellow and blue, which differ with any colour vision.
    Colorblind,
    /// Bold and dim alone.
    Mono,
    /// Those of the sixteen that are dark on a light terminal.
    Light,
    /// The terminal's own text, bold, underlined or reversed: nothing is dim.
    HighContrast,
}

/// A line of a report before it is wrapped: its first piece may mean something else than the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PageRow {
    lead: Option<(Role, String)>,
    role: Role,
    text: String,
    /// Never wrapped: it is to be copied, or was fitted before.
    whole: bool,
}

impl PageRow {
    /// A sentence.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self { lead: None, role: Role::Plain, text: text.into(), whole: false }
    }

    /// A sentence that means something as a whole.
    pub(crate) fn of(role: Role, text: impl Into<String>) -> Self {
        Self { role, ..Self::text(text) }
    }

    /// The title of a section.
    pub(crate) fn heading(text: impl Into<String>) -> Self {
        Self { role: Role::Heading, ..Self::text(text) }
    }

    /// A sentence behind a word of its own.
    pub(crate) fn led(role: Role, lead: impl Into<String>, text: impl Into<String>) -> Self {
        Self { lead: Some((role, lead.into())), ..Self::text(text) }
    }

    /// The same behind so many blanks.
    pub(crate) fn indented(mut self, columns: u16) -> Self {
        let before = self.lead.as_mut().map_or(&mut self.text, |(_, lead)| lead);
        before.insert_str(0, &" ".repeat(usize::from(columns)));
        self
    }

    /// A line that is never wrapped.
    pub(crate) fn whole(role: Role, text: impl Into<String>) -> Self {
        Self { role, whole: true, ..Self::text(text) }
    }
}

impl From<String> for PageRow {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

/// Lines as rows.
pub(crate) fn rows(lines: impl IntoIterator<Item = String>) -> Vec<PageRow> {
    lines.into_iter().map(PageRow::from).collect()
}

/// The title and what stands below it; nothing where there is nothing.
pub(crate) fn section(title: &str, below: Vec<PageRow>) -> Vec<PageRow> {
    if below.is_empty() { below } else { std::iter::once(PageRow::heading(title)).chain(below).collect() }
}

impl Page {
    /// Sections with an empty line between them, empty ones left out; with a line break at the end.
    pub(crate) fn print(&self, sections: impl IntoIterator<Item = Vec<PageRow>>) -> String {
        let filled = sections.into_iter().filter(|rows| !rows.is_empty());
        filled.map(|rows| self.lines(&rows).join("\n")).collect::<Vec<_>>().join("\n\n") + "\n"
    }

    /// The lines that the rows become.
    pub(crate) fn lines(&self, rows: &[PageRow]) -> Vec<String> {
        rows.iter().flat_map(|row| self.row(row)).collect()
    }

    /// Columns beside an indentation.
    pub(crate) fn beside(&self, indent: u16) -> Option<u16> {
        self.width.map(|columns| columns.saturating_sub(indent))
    }

    fn row(&self, row: &PageRow) -> Vec<String> {
        let lead = row.lead.as_ref().map_or("", |(_, lead)| lead.as_str());
        let text = format!("{lead}{}", row.text);
        let lines = match self.width {
            Some(columns) if !row.whole => wrap(&text, columns),
            _ => vec![text],
        };
        let painted = lines.into_iter().enumerate().map(|(at, line)| {
            let head = row.lead.as_ref().filter(|(_, lead)| at == 0 && line.starts_with(lead.as_str()));
            match head {
                Some((role, lead)) => self.paint(*role, lead) + &self.paint(row.role, &line[lead.len()..]),
                None => self.paint(row.role, &line),
            }
        });
        painted.collect()
    }

    /// A text in the colour of its role; blanks at either end have none.
    pub(crate) fn paint(&self, role: Role, text: &str) -> String {
        let text = if self.ascii { ascii(text) } else { text.to_owned() };
        let body = text.trim();
        match self.palette.and_then(|palette| sgr(role, palette)).filter(|_| !body.is_empty()) {
            None => text,
            Some(code) => text.replacen(body, &format!("\x1b[{code}m{body}\x1b[0m"), 1),
        }
    }
}

/// "Select Graphic Rendition" (ECMA-48) of a role; none where it looks like other text.
fn sgr(role: Role, palette: Palette) -> Option<&'static str> {
    let (bad, warning, good) = match palette {
        Palette::Default => ("1;31", "1;33", "1;32"),
        Palette::Colorblind => ("1;33", "33", "1;34"),
        Palette::Mono => ("1", "1", "1"),
        Palette::Light => ("1;31", "1;35", "1;34"),
        Palette::HighContrast => ("1;7", "1;4", "1"),
    };
    match role {
        Role::Strong | Role::Heading | Role::Bar | Role::Key | Role::Selected => Some("1"),
        Role::Faint | Role::Frame if palette == Palette::HighContrast => None,
        Role::Faint | Role::Frame => Some("2"),
        Role::Severe => Some("1;7"),
        Role::Alarm => Some(bad),
        Role::Waiting | Role::Paused => Some(warning),
        Role::Healthy | Role::Live => Some(good),
        Role::Capacity => Some(match palette {
            Palette::Mono | Palette::HighContrast => "1",
            Palette::Light => "34",
            Palette::Default | Palette::Colorblind => "36",
        }),
        Role::Plain | Role::Got | Role::Others => None,
    }
}

/// Broken at single spaces; what goes on stands two columns behind the first line. A word that is too long stays whole.
fn wrap(text: &str, columns: u16) -> Vec<String> {
    let indent = text.len() - text.trim_start_matches(' ').len();
    let below = " ".repeat(if usize::from(columns) > indent + 24 { indent + 2 } else { 0 });
    let mut lines = vec![text[..indent].to_owned()];
    let mut begun = false;
    for word in text[indent..].split(' ') {
        let fits = |line: &String| width(line).saturating_add(width(word)).saturating_add(1) <= columns;
        if begun && !lines.last().is_some_and(fits) {
            lines.push(below.clone());
            begun = false;
        }
        if word.is_empty() && !begun {
            continue;
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(if begun { " " } else { "" });
            line.push_str(word);
        }
        begun = true;
    }
    lines.iter().map(|line| line.trim_end().to_owned()).collect()
}

/// The nearest in ASCII; what has no likeness becomes `?`.
fn ascii(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '…' => plain.push_str("..."),
            '→' => plain.push_str("->"),
            '±' => plain.push_str("+-"),
            '×' => plain.push('x'),
            'µ' => plain.push('u'),
            '–' | '—' => plain.push('-'),
            '█' => plain.push('#'),
            '▒' => plain.push(':'),
            other if other.is_ascii() => plain.push(other),
            _ => plain.push('?'),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_gets_every_sentence_in_one_line_and_no_colour() {
        let rows =
            vec![PageRow::led(Role::Alarm, "BAD", "  one two three"), PageRow::whole(Role::Capacity, "  export A=1")];
        assert_eq!(Page::default().print([rows, Vec::new()]), "BAD  one two three\n  export A=1\n");
    }

    #[test]
    fn a_terminal_gets_wrapped_sentences_and_lines_to_copy_as_they_are() {
        let page = Page { width: Some(34), ..Page::default() };
        let rows = [
            PageRow::text("  a sentence of more words than fit the page"),
            PageRow::whole(Role::Plain, "  export A_VARIABLE_WITH_A_LONG_NAME=1"),
        ];
        let expected =
            ["  a sentence of more words than", "    fit the page", "  export A_VARIABLE_WITH_A_LONG_NAME=1"];
        assert_eq!(page.lines(&rows), expected);
        assert_eq!(page.lines(&[PageRow::text("shell   export")]), ["shell   export"]);
    }

    #[test]
    fn colours_surround_words_and_no_blanks() {
        let page = Page { palette: Some(Palette::Default), ..Page::default() };
        assert_eq!(page.lines(&[PageRow::led(Role::Alarm, "BAD 2x", "  why")]), ["\x1b[1;31mBAD 2x\x1b[0m  why"]);
        assert_eq!(page.paint(Role::Faint, "  x "), "  \x1b[2mx\x1b[0m ");
        let mono = Page { palette: Some(Palette::Mono), ..Page::default() };
        assert_eq!(mono.paint(Role::Healthy, "x"), "\x1b[1mx\x1b[0m");
    }

    #[test]
    fn high_contrast_dims_nothing_and_light_has_no_bright_colour() {
        let page = |palette| Page { palette: Some(palette), ..Page::default() };
        assert_eq!(page(Palette::HighContrast).paint(Role::Faint, "x"), "x");
        for role in [Role::Alarm, Role::Waiting, Role::Healthy, Role::Capacity] {
            let light = page(Palette::Light).paint(role, "x");
            assert!(!["32", "33", "36", "37"].iter().any(|bright| light.contains(bright)), "{light:?}");
        }
    }

    #[test]
    fn a_c_locale_gets_ascii() {
        let page = Page { ascii: true, ..Page::default() };
        assert_eq!(page.lines(&[PageRow::text("a…b → 1.25× ±0.1 é")]), ["a...b -> 1.25x +-0.1 ?"]);
    }
}
