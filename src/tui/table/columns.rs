//! The table of columns: one row a column, in the order in which they stand on screen, and which of them a view has.

use crate::data::scene::Scene;
use crate::present::block::job;
use crate::present::format;
use crate::tui::table::cells;
use crate::tui::table::cells::HasDemand;
use crate::tui::table::column::{BelowGroup, Cell, CellContext, CellOf, CellRoom, Column, Kind, Value, When, Width};
use crate::tui::tabs::View;
use crate::tui::tabs::View::{Overview, Processes, Threads};

/// Screens below this width can't hold what the sketch of a table has: demand comes before everything else there.
const NARROW: u16 = 66;

/// What of a target decides which columns there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traits {
    /// It has several processes.
    pub several: bool,
    /// It was started with caps.
    pub capped: bool,
    /// It is several ranks of a job.
    pub ranks: bool,
}

impl Traits {
    /// Whether such a target has a column.
    fn have(self, column: &Column) -> bool {
        match column.when {
            When::Always => true,
            When::Capped => self.capped,
            When::Several => self.several,
            When::Ranks => self.ranks,
        }
    }
}

/// Every column that a view can have, from the left.
pub fn all(view: View) -> Vec<&'static Column> {
    COLUMNS.iter().filter(|column| column.on.iter().any(|(on, _)| *on == view)).collect()
}

/// The column of a view with this title, whatever its case and its signs; or the titles there are.
pub fn named(view: View, title: &str) -> Result<&'static Column, String> {
    let plain =
        |title: &str| title.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    let all = all(view);
    let found = all.iter().find(|column| !plain(title).is_empty() && plain(column.title) == plain(title));
    found.copied().ok_or_else(|| {
        let titles: Vec<&str> = all.iter().map(|column| column.title).collect();
        format!("no such column; there are {}", titles.join(", "))
    })
}

/// Those of the chosen columns that such a target has; all of them where none of these is left.
pub fn chosen(chosen: &[&'static Column], traits: Traits) -> Vec<&'static Column> {
    let there: Vec<&Column> = chosen.iter().copied().filter(|column| traits.have(column)).collect();
    if there.is_empty() { chosen.to_vec() } else { there }
}

/// The columns of a view on a screen this wide where nobody chose any, from the left.
pub fn columns(view: View, width: u16, traits: Traits) -> Vec<&'static Column> {
    let there = |column: &&Column| traits.have(column);
    let on_view = COLUMNS.iter().filter(there).filter_map(|column| {
        let (_, rank) = column.on.iter().find(|(on, _)| *on == view)?;
        Some((*rank, column))
    });
    if width >= NARROW {
        return on_view.map(|(_, column)| column).collect();
    }
    let mut ranked: Vec<(u8, &Column)> = on_view.filter_map(|(rank, column)| Some((rank?, column))).collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().map(|(_, column)| column).collect()
}

/// The column a view is sorted by before anybody chose one; of a view without columns any.
pub fn usual(view: View) -> &'static Column {
    let mut on_view = COLUMNS.iter().filter(|column| column.on.iter().any(|(on, _)| *on == view));
    COLUMNS.iter().find(|column| column.usual_in.contains(&view)).or_else(|| on_view.next()).unwrap_or(&COLUMNS[0])
}

type CellFn<T> = fn(&T, &CellContext<'_>, CellRoom) -> Cell;
type ValueFn<T> = for<'a> fn(&'a T, &'a Scene) -> Value<'a>;

const fn sorted<T>(write: CellFn<T>, value: ValueFn<T>) -> Option<CellOf<T>> {
    Some(CellOf { write, value: Some(value) })
}

const fn shown<T>(write: CellFn<T>) -> Option<CellOf<T>> {
    Some(CellOf { write, value: None })
}

const fn width(least: u16, most: u16) -> Width {
    Width { least, most, in_words: None }
}

/// What a column has that a row does not name.
const TEXT: Column = Column {
    title: "",
    heading: None,
    width: width(8, 8),
    kind: Kind::Text,
    on: &[],
    usual_in: &[],
    when: When::Always,
    goes: None,
    below_group: BelowGroup::Own,
    group: None,
    thread: None,
    process: None,
};
const NUMBER: Column = Column { kind: Kind::Number, ..TEXT };
const ID: Column = Column { kind: Kind::Id, ..TEXT };

/// Every column.
pub static COLUMNS: [Column; 27] = [
    Column {
        title: "ORIGIN",
        width: width(20, 32),
        on: &[(Overview, Some(0))],
        group: sorted(cells::group_name, |group, _| Value::Text(&group.label)),
        thread: shown(cells::thread_in_tree),
        ..TEXT
    },
    Column {
        title: "TID",
        width: width(7, 7),
        on: &[(Threads, Some(0))],
        thread: sorted(cells::tid, |thread, _| Value::Number(f64::from(thread.key.tid.0))),
        ..ID
    },
    Column {
        title: "NAME",
        width: width(11, 28),
        on: &[(Threads, Some(1))],
        thread: sorted(cells::thread_name, |thread, _| Value::Text(thread.name())),
        ..TEXT
    },
    Column {
        title: "ORIGIN",
        width: width(12, 18),
        on: &[(Threads, Some(4))],
        thread: sorted(cells::origin, |thread, scene| {
            scene.groups.get(thread.group).map_or(Value::Missing, |group| Value::Text(&group.label))
        }),
        ..TEXT
    },
    Column {
        title: "STATE",
        width: width(7, 26),
        on: &[(Threads, None)],
        thread: sorted(cells::doing, |thread, _| Value::Number(f64::from(u32::from(thread.state.letter())))),
        ..TEXT
    },
    Column {
        title: "CPU",
        width: width(3, 4),
        on: &[(Threads, None)],
        thread: sorted(cells::last_cpu, |thread, _| thread.last_cpu.map(f64::from).into()),
        ..ID
    },
    Column {
        title: "PID",
        width: width(7, 7),
        on: &[(Processes, Some(0))],
        process: sorted(cells::pid, |process, _| Value::Number(f64::from(process.pid.0))),
        ..ID
    },
    Column {
        title: "LIMIT",
        width: width(9, 9),
        on: &[(Overview, Some(3))],
        below_group: BelowGroup::Starts,
        group: sorted(cells::limit, |group, _| group.limits.effective().map(|limit| f64::from(limit.value)).into()),
        ..NUMBER
    },
    Column {
        title: "CAP",
        width: Width { least: 5, most: 5, in_words: Some(cells::CAP_IN_WORDS) },
        on: &[(Overview, Some(2))],
        when: When::Capped,
        below_group: BelowGroup::Joins,
        group: shown(cells::cap),
        ..NUMBER
    },
    Column {
        title: "SOURCE",
        width: width(12, 60),
        on: &[(Overview, None)],
        goes: Some(4),
        below_group: BelowGroup::Joins,
        group: sorted(cells::limit_source, |group, _| {
            group.limits.effective().map_or(Value::Missing, |limit| Value::Text(limit.source.text()))
        }),
        ..TEXT
    },
    Column {
        title: "THREADS",
        on: &[(Overview, Some(6)), (Processes, Some(1))],
        below_group: BelowGroup::Writes,
        group: sorted(cells::threads_of_group, |group, _| Value::Number(f64::from(group.threads))),
        thread: shown(cells::doing),
        process: sorted(cells::threads_of_process, |process, _| Value::Number(f64::from(process.threads))),
        ..NUMBER
    },
    Column {
        title: "AWAKE",
        width: width(6, 6),
        on: &[(Overview, None)],
        goes: Some(3),
        group: sorted(cells::awake, |group, _| group.awake.into()),
        thread: shown(cells::last_cpu_named),
        ..NUMBER
    },
    Column {
        title: "GOT CPUs",
        on: &[(Overview, Some(5)), (Threads, None), (Processes, Some(2))],
        group: sorted(cells::got, got),
        thread: sorted(cells::got, got),
        process: sorted(cells::got, got),
        ..NUMBER
    },
    Column {
        title: "WANTED CPUs",
        width: width(11, 11),
        on: &[(Overview, Some(1)), (Threads, Some(2)), (Processes, Some(3))],
        usual_in: &[Overview, Threads],
        group: sorted(cells::wanted, wanted),
        thread: sorted(cells::wanted, wanted),
        process: sorted(cells::wanted, wanted),
        ..NUMBER
    },
    Column {
        title: "WAIT %",
        width: width(6, 6),
        on: &[(Overview, Some(4)), (Threads, Some(3)), (Processes, Some(4))],
        group: sorted(cells::wait, wait),
        thread: sorted(cells::wait, wait),
        process: sorted(cells::wait, wait),
        ..NUMBER
    },
    Column {
        title: "DOING NOW",
        width: width(34, 120),
        on: &[(Overview, None)],
        goes: Some(1),
        group: shown(cells::group_doing),
        ..TEXT
    },
    Column {
        title: "WANTED",
        heading: Some(|scene, room| match scene.trend.step_s {
            step_s if step_s > 0.0 => format!("WANTED, LAST {}", format::duration(f64::from(room) * step_s)),
            _ => "WANTED".to_owned(),
        }),
        width: width(20, 62),
        on: &[(Overview, None)],
        goes: Some(2),
        group: shown(cells::history),
        thread: shown(cells::evidence),
        ..TEXT
    },
    Column {
        title: "GOT █ WAITING ▒",
        width: width(16, 24),
        on: &[(Overview, None)],
        goes: Some(0),
        group: shown(cells::bar),
        thread: shown(cells::bar),
        ..TEXT
    },
    Column {
        title: "PID",
        width: width(7, 7),
        on: &[(Threads, None)],
        when: When::Several,
        thread: sorted(cells::owner, |thread, _| Value::Number(f64::from(thread.pid.0))),
        ..ID
    },
    Column {
        title: "SLICES/s",
        on: &[(Threads, None)],
        thread: sorted(cells::slices, |thread, _| thread.slices_per_s.into()),
        ..NUMBER
    },
    Column {
        title: "SURE",
        on: &[(Threads, None)],
        thread: sorted(cells::confidence, |thread, _| Value::Text(thread.attribution.confidence.word())),
        ..TEXT
    },
    Column { title: "BECAUSE", width: width(30, 200), on: &[(Threads, None)], thread: shown(cells::because), ..TEXT },
    Column {
        title: "RANK",
        width: width(5, 9),
        on: &[(Processes, Some(6))],
        when: When::Ranks,
        process: sorted(cells::rank, |process, _| process.rank.as_ref().map(|rank| f64::from(rank.rank)).into()),
        ..ID
    },
    Column {
        title: "SHARE",
        width: width(6, 6),
        on: &[(Processes, None)],
        when: When::Ranks,
        process: shown(cells::share),
        ..NUMBER
    },
    Column {
        title: "MAY USE",
        width: width(7, 7),
        on: &[(Processes, None)],
        when: When::Ranks,
        goes: Some(1),
        process: sorted(cells::main_cpus, |process, _| process.cpus_allowed.map(f64::from).into()),
        ..NUMBER
    },
    Column {
        title: "INTRA",
        width: width(5, 5),
        on: &[(Processes, None)],
        when: When::Ranks,
        goes: Some(0),
        process: sorted(cells::intra_limit, |process, scene| {
            job::intra_limit(scene, process.pid).map(f64::from).into()
        }),
        ..NUMBER
    },
    Column {
        title: "COMMAND",
        width: width(12, 500),
        on: &[(Processes, Some(5))],
        process: sorted(cells::command, |process, _| Value::Text(&process.command)),
        ..TEXT
    },
];

fn got<'a, T: HasDemand>(of: &'a T, _: &'a Scene) -> Value<'a> {
    of.demand().map(|demand| demand.got).into()
}

fn wanted<'a, T: HasDemand>(of: &'a T, _: &'a Scene) -> Value<'a> {
    of.demand().map(|demand| demand.wanted).into()
}

fn wait<'a, T: HasDemand>(of: &'a T, _: &'a Scene) -> Value<'a> {
    of.demand().and_then(|demand| demand.wait_share).into()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::data::sample::ThreadState;
    use crate::data::scene::{Group, ProcessState, Thread};
    use crate::data::{Pid, ThreadKey, Tid};
    use crate::tui::table::opened::Opened;

    fn thread() -> Thread {
        Thread {
            key: ThreadKey { tid: Tid(7), start_ticks: 0 },
            pid: Pid(7),
            group: 0,
            identity: Arc::default(),
            attribution: Arc::default(),
            state: ThreadState::Sleeping,
            last_cpu: None,
            affinity: None,
            demand: None,
            slices_per_s: None,
        }
    }

    const ALL: Traits = Traits { several: true, capped: true, ranks: true };

    /// Every column has a heading, and a cell for the rows of each of its views; the order by it is one.
    #[test]
    fn a_row_of_the_table_is_a_whole_column() {
        let (scene, opened) = (Scene::default(), Opened::default());
        let context = CellContext::of(&scene, &opened, "");
        let room = CellRoom { width: 40, depth: 1 };
        let (group, thread, process) = (Group::default(), thread(), ProcessState::default());
        for column in &COLUMNS {
            assert!(!column.heading(&scene, 40).is_empty() && !column.on.is_empty(), "{column:?}");
            assert!(column.width.least <= column.width.most && column.width.least > 0, "{column:?}");
            for (view, _) in column.on {
                let has = match view {
                    Overview => column.group.is_some(),
                    Threads => column.thread.is_some(),
                    _ => column.process.is_some(),
                };
                assert!(has, "{column:?} on {view:?}");
            }
            for cell in [
                column.group.map(|of| (of.write)(&group, &context, room)),
                column.thread.map(|of| (of.write)(&thread, &context, room)),
                column.process.map(|of| (of.write)(&process, &context, room)),
            ] {
                let width: u16 = cell.iter().flatten().map(|(_, text)| format::width(text)).sum();
                assert!(width <= room.width, "{column:?}: {cell:?}");
            }
            let values =
                [column.group.and_then(|of| of.value).is_some(), column.thread.and_then(|of| of.value).is_some()];
            let of_process = column.process.and_then(|of| of.value).is_some();
            assert_eq!(column.sorts(), values.contains(&true) || of_process, "{column:?}");
        }
    }

    #[test]
    fn no_view_has_two_columns_of_one_title_or_rank() {
        for view in [Overview, Threads, Processes] {
            for width in [NARROW - 1, NARROW] {
                let shown = columns(view, width, ALL);
                let mut titles: Vec<_> = shown.iter().map(|column| column.title).collect();
                titles.sort_unstable();
                titles.dedup();
                assert_eq!(titles.len(), shown.len(), "{view:?}");
                assert!(shown.contains(&usual(view)), "{view:?}");
            }
        }
    }

    #[test]
    fn a_column_is_found_by_its_title_however_it_is_written() {
        for view in [Overview, Threads, Processes] {
            for column in all(view) {
                for text in [column.title.to_owned(), column.title.to_lowercase(), column.title.replace(['█', '▒'], "")]
                {
                    assert_eq!(named(view, &text), Ok(column), "{text} on {view:?}");
                }
            }
        }
        for nothing in ["", "█", "x"] {
            let why = named(Processes, nothing).unwrap_err();
            assert_eq!(
                why,
                "no such column; there are PID, THREADS, GOT CPUs, WANTED CPUs, WAIT %, RANK, SHARE, MAY USE, INTRA, COMMAND"
            );
        }
    }

    #[test]
    fn chosen_columns_stand_as_they_were_chosen() {
        let [origin, cap, limit] = ["ORIGIN", "CAP", "LIMIT"].map(|title| named(Overview, title).unwrap());
        assert_eq!(chosen(&[limit, cap, origin], Traits::default()), [limit, origin]);
        assert_eq!(chosen(&[limit, cap, origin], ALL), [limit, cap, origin]);
        assert_eq!(chosen(&[cap], Traits::default()), [cap], "a table has a column");
    }
}
