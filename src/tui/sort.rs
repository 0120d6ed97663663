//! The order of rows: by one column, up or down; missing values always last, equal ones by id.

use std::cmp::Ordering;

use crate::data::scene::{Demand, Group, ProcessState, Scene, Thread};
use crate::tui::column::Column;

/// What a table is sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    /// The column.
    pub column: Column,
    /// Largest first.
    pub falling: bool,
}

impl Sort {
    /// By a column, in its usual direction.
    pub fn by(column: Column) -> Self {
        Self { column, falling: column.falls_first() }
    }

    /// Orders two groups of a scene.
    pub fn groups(self, a: &Group, b: &Group) -> Ordering {
        self.order(group_value(a, self.column), group_value(b, self.column)).then_with(|| a.key.cmp(&b.key))
    }

    /// Orders two threads of a scene.
    pub fn threads(self, scene: &Scene, a: &Thread, b: &Thread) -> Ordering {
        self.order(thread_value(scene, a, self.column), thread_value(scene, b, self.column))
            .then_with(|| a.key.cmp(&b.key))
    }

    /// Orders two processes of a scene.
    pub fn processes(self, a: &ProcessState, b: &ProcessState) -> Ordering {
        self.order(process_value(a, self.column), process_value(b, self.column)).then_with(|| a.pid.cmp(&b.pid))
    }

    fn order(self, a: Value<'_>, b: Value<'_>) -> Ordering {
        let turn = |ordering: Ordering| if self.falling { ordering.reverse() } else { ordering };
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

enum Value<'a> {
    Number(f64),
    Text(&'a str),
    Missing,
}

impl From<Option<f64>> for Value<'_> {
    fn from(number: Option<f64>) -> Self {
        number.map_or(Self::Missing, Self::Number)
    }
}

fn demand_value<'a>(demand: Option<Demand>, column: Column) -> Value<'a> {
    match column {
        Column::Got => demand.map(|demand| demand.got),
        Column::Wanted => demand.map(|demand| demand.wanted),
        Column::Wait => demand.and_then(|demand| demand.wait_share),
        _ => None,
    }
    .into()
}

fn group_value(group: &Group, column: Column) -> Value<'_> {
    match column {
        Column::Tree => Value::Text(&group.label),
        Column::Limit => group.limits.effective().map(|limit| f64::from(limit.value)).into(),
        Column::Source => group.limits.effective().map_or(Value::Missing, |limit| Value::Text(limit.source.text())),
        Column::Threads => Value::Number(f64::from(group.threads)),
        Column::Awake => group.awake.into(),
        column => demand_value(group.demand, column),
    }
}

fn thread_value<'a>(scene: &'a Scene, thread: &'a Thread, column: Column) -> Value<'a> {
    match column {
        Column::Tid => Value::Number(f64::from(thread.key.tid.0)),
        Column::Pid => Value::Number(f64::from(thread.pid.0)),
        Column::Name => Value::Text(thread.name()),
        Column::Origin => scene.groups.get(thread.group).map_or(Value::Missing, |group| Value::Text(&group.label)),
        Column::State => Value::Number(f64::from(u32::from(thread.state.letter()))),
        Column::Cpu => thread.last_cpu.map(f64::from).into(),
        Column::Slices => thread.slices_per_s.into(),
        Column::Sure => Value::Text(thread.attribution.confidence.word()),
        column => demand_value(thread.demand, column),
    }
}

fn process_value(process: &ProcessState, column: Column) -> Value<'_> {
    match column {
        Column::Pid => Value::Number(f64::from(process.pid.0)),
        Column::Threads => Value::Number(f64::from(process.threads)),
        Column::Command => Value::Text(&process.command),
        column => demand_value(process.demand, column),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(label: &str, wanted: Option<f64>) -> Group {
        Group { label: label.into(), demand: wanted.map(|wanted| Demand::new(wanted, 0.0)), ..Group::default() }
    }

    fn labels(sort: Sort, mut groups: Vec<Group>) -> String {
        groups.sort_by(|a, b| sort.groups(a, b));
        groups.into_iter().map(|group| group.label).collect()
    }

    #[test]
    fn a_missing_value_is_last_in_both_directions() {
        let groups =
            || vec![group("a", None), group("b", Some(1.0)), group("c", Some(2.0)), group("d", Some(f64::NAN))];
        let falling = labels(Sort { column: Column::Wanted, falling: true }, groups());
        let rising = labels(Sort { column: Column::Wanted, falling: false }, groups());
        assert!(falling.ends_with("cba"), "{falling}");
        assert!(rising.starts_with("bc") && rising.ends_with('a'), "{rising}");
    }

    #[test]
    fn numbers_fall_and_names_rise_at_first() {
        assert!(Sort::by(Column::Wanted).falling);
        assert!(!Sort::by(Column::Name).falling);
        assert!(!Sort::by(Column::Tid).falling);
        assert_eq!(labels(Sort::by(Column::Tree), vec![group("b", None), group("a", None)]), "ab");
    }
}
