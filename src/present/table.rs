//! A table: titles, and rows of cells that are cleaned as they are added. As text its columns line up, wide characters
//! included; Markdown prints it in its own way.

use unicode_width::UnicodeWidthStr;

use crate::present::format::clean;

/// On which side a column's cells stand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

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

    fn aligned<'a>(&self, rows: impl Iterator<Item = &'a Vec<String>> + Clone) -> Vec<String> {
        let width = |at: usize| rows.clone().filter_map(|row| row.get(at)).map(|cell| cell.width()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
        rows.clone().map(|row| self.line(row, &widths)).collect()
    }

    fn line(&self, cells: &[String], widths: &[usize]) -> String {
        let mut line = String::new();
        for ((cell, (_, side)), width) in cells.iter().zip(&self.columns).zip(widths) {
            let padding = " ".repeat(width - cell.width());
            if !line.is_empty() {
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
    fn the_body_is_as_wide_as_its_cells() {
        let mut table = Table::new(&[("A LONG TITLE", Align::Left), ("B", Align::Left)]);
        table.row(["a".to_owned(), "b".to_owned()]);
        table.column("C", Align::Right, ["c\u{1b}".to_owned()]);
        assert_eq!(table.body(), ["a  b  c^["]);
    }
}
