//! The order of rows: by one column, up or down; missing values always last, equal ones by id.

use std::cmp::Ordering;

use crate::data::scene::{Group, ProcessState, Scene, Thread};
use crate::tui::table::column::{CellOf, Column, Value};
use crate::tui::table::columns;
use crate::tui::tabs::View;

/// What a table is sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    /// The column.
    pub column: &'static Column,
    /// Largest first.
    pub descending: bool,
}

impl Sort {
    /// By a column, in its usual direction.
    pub fn by(column: &'static Column) -> Self {
        Self { column, descending: column.falls_first() }
    }

    /// "TID", or "TID descending" where the direction is not the column's usual one.
    pub fn words(self) -> String {
        match (self.descending, self.descending == self.column.falls_first()) {
            (_, true) => self.column.title.to_owned(),
            (true, false) => format!("{} descending", self.column.title),
            (false, false) => format!("{} ascending", self.column.title),
        }
    }

    /// From such words, for a view.
    pub fn named(view: View, words: &str) -> Result<Self, String> {
        let (title, descending) = match words.trim().rsplit_once(' ') {
            Some((title, "descending")) => (title, Some(true)),
            Some((title, "ascending")) => (title, Some(false)),
            _ => (words, None),
        };
        let column = columns::named(view, title)?;
        if !column.sorts() {
            return Err("no order follows from this column".to_owned());
        }
        Ok(Self { column, descending: descending.unwrap_or_else(|| column.falls_first()) })
    }

    /// The order a view has before anybody chose one.
    pub fn usual(view: View) -> Self {
        Self::by(columns::usual(view))
    }

    /// Orders two groups of a scene.
    pub fn groups(self, scene: &Scene, a: &Group, b: &Group) -> Ordering {
        self.compare(self.column.group, scene, a, b).then_with(|| a.key.cmp(&b.key))
    }

    /// Orders two threads of a scene.
    pub fn threads(self, scene: &Scene, a: &Thread, b: &Thread) -> Ordering {
        self.compare(self.column.thread, scene, a, b).then_with(|| a.key.cmp(&b.key))
    }

    /// Orders two processes of a scene.
    pub fn processes(self, scene: &Scene, a: &ProcessState, b: &ProcessState) -> Ordering {
        self.compare(self.column.process, scene, a, b).then_with(|| a.pid.cmp(&b.pid))
    }

    fn compare<T>(self, cell: Option<CellOf<T>>, scene: &Scene, a: &T, b: &T) -> Ordering {
        let value = cell.and_then(|cell| cell.value);
        value.map_or(Ordering::Equal, |value| self.order(value(a, scene), value(b, scene)))
    }

    fn order(self, a: Value<'_>, b: Value<'_>) -> Ordering {
        let turn = |ordering: Ordering| if self.descending { ordering.reverse() } else { ordering };
        match (a, b) {
            (Value::Number(a), Value::Number(b)) => turn(a.total_cmp(&b)),
            (Value::Text(a), Value::Text(b)) => turn(a.cmp(b)),
            (Value::Missing, Value::Missing) => Ordering::Equal,
            (Value::Missing, _) => Ordering::Greater,
            (_, Value::Missing) => Ordering::Less,
            (Value::Number(_), Value::Text(_)) | (Value::Text(_), Value::Number(_)) => Ordering::Equal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::scene::Demand;
    use crate::tui::table::columns::COLUMNS;

    fn column(title: &str) -> &'static Column {
        COLUMNS.iter().find(|column| column.title == title).unwrap()
    }

    fn group(label: &str, wanted: Option<f64>) -> Group {
        Group { label: label.into(), demand: wanted.map(|wanted| Demand::new(wanted, 0.0)), ..Group::default() }
    }

    fn labels(sort: Sort, mut groups: Vec<Group>) -> String {
        groups.sort_by(|a, b| sort.groups(&Scene::default(), a, b));
        groups.into_iter().map(|group| group.label).collect()
    }

    #[test]
    fn a_missing_value_is_last_in_both_directions() {
        let groups =
            || vec![group("a", None), group("b", Some(1.0)), group("c", Some(2.0)), group("d", Some(f64::NAN))];
        let falling = labels(Sort { column: column("WANTED CPUs"), descending: true }, groups());
        let rising = labels(Sort { column: column("WANTED CPUs"), descending: false }, groups());
        assert!(falling.ends_with("cba"), "{falling}");
        assert!(rising.starts_with("bc") && rising.ends_with('a'), "{rising}");
    }

    #[test]
    fn an_order_is_found_by_its_words() {
        for column in columns::all(View::Threads).into_iter().filter(|column| column.sorts()) {
            for descending in [true, false] {
                let sort = Sort { column, descending };
                assert_eq!(Sort::named(View::Threads, &sort.words()), Ok(sort));
            }
        }
        assert_eq!(Sort::named(View::Threads, "wanted cpus"), Ok(Sort::usual(View::Threads)));
        assert_eq!(Sort::named(View::Threads, "BECAUSE"), Err("no order follows from this column".to_owned()));
        assert!(Sort::named(View::Threads, "descending").unwrap_err().starts_with("no such column; there are TID"));
    }

    #[test]
    fn numbers_fall_and_names_rise_at_first() {
        assert!(Sort::by(column("WANTED CPUs")).descending);
        assert!(!Sort::by(column("NAME")).descending);
        assert!(!Sort::by(column("TID")).descending);
        assert_eq!(labels(Sort::by(column("ORIGIN")), vec![group("b", None), group("a", None)]), "ab");
    }
}
