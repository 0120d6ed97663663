//! A table: titles, and rows of cells that are cleaned as they are added. As text its columns line up, wide characters
//! included; Markdown prints it in its own way.

use unicode_width::UnicodeWidthStr;

use crate::present::format::page::{Page, PageRow};
use crate::present::format::{clean, command_of_many, fit, middle, wrap};
use crate::present::line::Role;

/// On which side a column's cells stand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// What becomes of the last column where a table is wider than the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LastColumn {
    /// Its words go on in the next line.
    Wraps,
    /// Its end is cut: a row stays one line.
    IsCut,
    /// It holds commands, whose middle goes.
    IsCommand,
}

/// Columns that the last one keeps, and those that any other keeps of words.
const LEAST_LAST: usize = 16;
const LEAST: usize = 10;

/// Column titles with their sides, and rows of as many cells.
pub(crate) struct Table {
    columns: Vec<(String, Align)>,
    rows: Vec<Vec<String>>,
    has_total: bool,
}

impl Table {
    /// An empty table.
    pub(crate) fn new(columns: &[(&str, Align)]) -> Self {
        Self {
            columns: columns.iter().map(|(title, side)| (clean(title), *side)).collect(),
            rows: Vec::new(),
            has_total: false,
        }
    }

    /// An empty table whose titles nobody prints.
    pub(crate) fn untitled<const N: usize>(sides: [Align; N]) -> Self {
        Self::new(&sides.map(|side| ("", side)))
    }

    /// Adds a row; cells beyond the columns are dropped.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().take(self.columns.len()).map(|cell| clean(&cell)).collect());
    }

    /// Adds the last row, which sums up the others.
    pub(crate) fn total(&mut self, cells: impl IntoIterator<Item = String>) {
        self.row(cells);
        self.has_total = true;
    }

    /// Whether the last row sums up the others.
    pub(crate) fn has_total(&self) -> bool {
        self.has_total
    }

    /// Adds a column at the right, one cell a row.
    pub(crate) fn column(&mut self, title: &str, side: Align, cells: impl IntoIterator<Item = String>) {
        self.columns.push((title.to_owned(), side));
        self.rows.iter_mut().zip(cells).for_each(|(row, cell)| row.push(clean(&cell)));
    }

    /// Whether it has no rows.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The titles.
    pub(crate) fn titles(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|(title, _)| title.as_str())
    }

    /// The side of each column.
    pub(crate) fn sides(&self) -> impl Iterator<Item = Align> {
        self.columns.iter().map(|(_, side)| *side)
    }

    /// The rows.
    pub(crate) fn rows(&self) -> &[Vec<String>] {
        &self.rows
    }

    /// The title line and one line a row, without spaces at their ends.
    pub(crate) fn lines(&self) -> Vec<String> {
        let titles: Vec<String> = self.titles().map(ToOwned::to_owned).collect();
        self.aligned(std::iter::once(&titles).chain(&self.rows))
    }

    /// One line a row, without the titles.
    pub(crate) fn body(&self) -> Vec<String> {
        self.aligned(self.rows.iter())
    }

    /// The title line and the rows within the page's width: the last column gives way first, then the widest words.
    pub(crate) fn fitted(&self, page: Page, last: LastColumn) -> Vec<PageRow> {
        let titles: Vec<String> = self.titles().map(ToOwned::to_owned).collect();
        let mut widths = self.widths(std::iter::once(&titles).chain(&self.rows));
        let room = page.width.map_or(usize::MAX, usize::from);
        self.narrow(&mut widths, room, last);
        let mut lines = vec![PageRow::whole(Role::Heading, self.line(&titles, &widths))];
        for row in &self.rows {
            lines.extend(
                self.folded(row, &widths, last).iter().map(|row| PageRow::whole(Role::Plain, self.line(row, &widths))),
            );
        }
        lines
    }

    fn narrow(&self, widths: &mut [usize], room: usize, last: LastColumn) {
        let excess =
            |widths: &[usize]| (widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1)).saturating_sub(room);
        let is_words = |at: usize| self.columns.get(at).is_some_and(|(_, side)| *side == Align::Left);
        let last_at = widths.len().saturating_sub(1);
        if is_words(last_at) {
            let over = excess(widths);
            if let Some(width) = widths.last_mut() {
                *width = width.saturating_sub(over).max(LEAST_LAST.min(*width));
            }
        }
        let floor = |at: usize| if at == last_at && last == LastColumn::Wraps { LEAST_LAST } else { LEAST };
        while excess(widths) > 0 {
            let words = (0..widths.len()).filter(|&at| is_words(at) && widths[at] > floor(at));
            let Some(widest) = words.max_by_key(|&at| widths[at]) else { return };
            widths[widest] -= 1;
        }
    }

    /// The row in as many lines as its last cell takes; cells that are too long lose their middle.
    fn folded(&self, row: &[String], widths: &[usize], last: LastColumn) -> Vec<Vec<String>> {
        let columns = |width: usize| u16::try_from(width).unwrap_or(u16::MAX);
        let last_at = self.columns.len().saturating_sub(1);
        let mut first: Vec<String> = row.to_vec();
        let mut more = Vec::new();
        for (at, (cell, width)) in first.iter_mut().zip(widths).enumerate() {
            let width = columns(*width);
            if at != last_at {
                *cell = middle(cell, width);
            } else if last == LastColumn::IsCommand {
                *cell = command_of_many(cell, width);
            } else if last == LastColumn::IsCut {
                *cell = fit(cell, width);
            } else if cell.width() > usize::from(width) {
                let mut lines = wrap(cell, width, usize::MAX).into_iter();
                *cell = lines.next().unwrap_or_default();
                more = lines.collect();
            }
        }
        let below =
            |text: String| (0..=last_at).map(|at| if at == last_at { text.clone() } else { String::new() }).collect();
        std::iter::once(first).chain(more.into_iter().map(below)).collect()
    }

    fn aligned<'a>(&self, rows: impl Iterator<Item = &'a Vec<String>> + Clone) -> Vec<String> {
        let widths = self.widths(rows.clone());
        rows.map(|row| self.line(row, &widths)).collect()
    }

    /// Columns that each column's cells take.
    fn widths<'a>(&self, rows: impl Iterator<Item = &'a Vec<String>> + Clone) -> Vec<usize> {
        let width = |at: usize| rows.clone().filter_map(|row| row.get(at)).map(|cell| cell.width()).max().unwrap_or(0);
        (0..self.columns.len()).map(width).collect()
    }

    fn line(&self, cells: &[String], widths: &[usize]) -> String {
        let mut line = String::new();
        for (at, ((cell, (_, side)), width)) in cells.iter().zip(&self.columns).zip(widths).enumerate() {
            let padding = " ".repeat(width.saturating_sub(cell.width()));
            if at > 0 {
                line.push_str("  ");
            }
            match side {
                Align::Left => line.extend([cell, padding.as_str()]),
                Align::Right => line.extend([padding.as_str(), cell]),
            }
        }
        line.truncate(line.trim_end().len());
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_take_two_columns() {
        let mut table = Table::new(&[("NAME", Align::Left), ("N", Align::Right), ("WHY", Align::Left)]);
        table.row(["日本語".to_owned(), "1".to_owned(), "x".to_owned()]);
        table.row(["a".to_owned(), "100".to_owned()]);
        assert_eq!(table.lines(), ["NAME      N  WHY", "日本語    1  x", "a       100"]);
    }

    #[test]
    fn a_page_that_is_narrower_wraps_the_last_words_or_shortens_a_command() {
        let page = |width| Page { width, ..Page::default() };
        let mut table = Table::new(&[("ORIGIN", Align::Left), ("N", Align::Right), ("WHY", Align::Left)]);
        table
            .row(["TF intra-op of a long name", "8", "overruled by tf.config, as the library says"].map(str::to_owned));
        let lines = |width, last| page(width).lines(&table.fitted(page(width), last));
        assert_eq!(lines(None, LastColumn::Wraps), table.lines());
        assert_eq!(
            lines(Some(44), LastColumn::Wraps),
            [
                "ORIGIN                   N  WHY",
                "TF intra-op…a long name  8  overruled by",
                "                            tf.config, as",
                "                            the library says"
            ]
        );
        let mut ps = Table::new(&[("PID", Align::Right), ("COMMAND", Align::Left)]);
        ps.row(["7", "/opt/python /home/ana/train.py --learning-rate 1 --seed 3"].map(str::to_owned));
        assert_eq!(lines(Some(44), LastColumn::IsCut)[1], "TF intra-op…a long name  8  overruled by tf…");
        let fitted = ps.fitted(page(Some(36)), LastColumn::IsCommand);
        assert_eq!(page(Some(36)).lines(&fitted)[1], "  7  python train.py…rate 1 --seed 3");
    }

    #[test]
    fn the_body_is_as_wide_as_its_cells() {
        let mut table = Table::new(&[("A LONG TITLE", Align::Left), ("B", Align::Left)]);
        table.row(["a".to_owned(), "b".to_owned()]);
        table.column("C", Align::Right, ["c\u{1b}".to_owned()]);
        assert_eq!(table.body(), ["a  b  c^["]);
    }
}
