//! Columns of the tables: heading with unit, width, and which of them fit into how much room.

use ratatui::layout::Rect;

use super::dashboard::View;

/// A column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// Groups with their threads below them.
    Tree,
    /// Threads that exist.
    Threads,
    /// Mean number of threads that ran within a tick.
    Awake,
    /// CPUs got.
    Got,
    /// CPUs wanted.
    Wanted,
    /// Share of the wanted time that was waited for.
    Wait,
    /// wanted over time.
    History,
    /// got and waiting as a bar.
    Bar,
    /// Process id.
    Pid,
    /// Thread id.
    Tid,
    /// Best name of a thread.
    Name,
    /// Label of a thread's group.
    Origin,
    /// State letter.
    State,
    /// The CPU a thread last ran on.
    Cpu,
    /// Time slices a second.
    Slices,
    /// How sure the origin is.
    Sure,
    /// The evidence of the origin.
    Because,
    /// A process's command line.
    Command,
}

/// A column where it stands on screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Which column.
    pub column: Column,
    /// Its leftmost cell.
    pub x: u16,
    /// Its cells.
    pub width: u16,
}

/// Empty cells between two columns; the mark of the sorted column stands there.
const GAP: u16 = 2;
/// Screens below this width can't hold what the sketch of a table has.
const NARROW: u16 = 66;

impl Column {
    /// The columns of a view on a screen this wide, the one to drop last first. With `several` processes threads say
    /// whose they are. On narrow screens demand comes before everything else.
    pub fn of(view: View, width: u16, several: bool) -> &'static [Self] {
        use Column as C;
        match view {
            View::Overview if width < NARROW => &[C::Tree, C::Wanted, C::Wait, C::Got, C::Threads],
            View::Threads if width < NARROW => &[C::Tid, C::Name, C::Wanted, C::Wait, C::Origin],
            View::Overview => &[C::Tree, C::Threads, C::Awake, C::Got, C::Wanted, C::Wait, C::History, C::Bar],
            View::Threads if several => &[
                C::Tid,
                C::Name,
                C::Origin,
                C::State,
                C::Cpu,
                C::Got,
                C::Wanted,
                C::Wait,
                C::Pid,
                C::Slices,
                C::Sure,
                C::Because,
            ],
            View::Threads => &[
                C::Tid,
                C::Name,
                C::Origin,
                C::State,
                C::Cpu,
                C::Got,
                C::Wanted,
                C::Wait,
                C::Slices,
                C::Sure,
                C::Because,
            ],
            View::Processes => &[C::Pid, C::Threads, C::Got, C::Wanted, C::Wait, C::Command],
            View::Missing => &[],
        }
    }

    /// Its heading, with the unit.
    pub fn heading(self) -> &'static str {
        match self {
            Self::Tree | Self::Origin => "ORIGIN",
            Self::Threads => "THREADS",
            Self::Awake => "AWAKE",
            Self::Got => "GOT CPUs",
            Self::Wanted => "WANTED CPUs",
            Self::Wait => "WAIT %",
            Self::History => "WANTED",
            Self::Bar => "GOT █ WAITING ▒",
            Self::Pid => "PID",
            Self::Tid => "TID",
            Self::Name => "NAME",
            Self::State => "S",
            Self::Cpu => "CPU",
            Self::Slices => "SLICES/s",
            Self::Sure => "SURE",
            Self::Because => "BECAUSE",
            Self::Command => "COMMAND",
        }
    }

    /// Fewest and most cells it may take.
    fn widths(self) -> (u16, u16) {
        match self {
            Self::Tree => (20, 40),
            Self::Threads => (8, 8),
            Self::Awake => (6, 6),
            Self::Got => (8, 8),
            Self::Wanted => (11, 11),
            Self::Wait => (6, 6),
            Self::History => (20, 62),
            Self::Bar => (16, 24),
            Self::Pid | Self::Tid => (7, 7),
            Self::Name => (15, 28),
            Self::Origin => (12, 18),
            Self::State => (1, 1),
            Self::Cpu => (3, 4),
            Self::Slices | Self::Sure => (8, 8),
            Self::Because => (30, 200),
            Self::Command => (12, 500),
        }
    }

    /// Whether the largest value stands first when it is chosen for sorting.
    pub fn falls_first(self) -> bool {
        self.is_number() && !matches!(self, Self::Pid | Self::Tid | Self::Cpu)
    }

    /// Whether its values are numbers: those stand right.
    pub fn is_number(self) -> bool {
        use Column as C;
        matches!(self, C::Threads | C::Awake | C::Got | C::Wanted | C::Wait | C::Pid | C::Tid | C::Cpu | C::Slices)
    }

    /// Whether rows can be sorted by it.
    pub fn sorts(self) -> bool {
        !matches!(self, Self::History | Self::Bar | Self::Because)
    }
}

/// The columns that fit, from the left, and where they stand. The first always does, cut if need be; spare room goes to
/// those that can use it, from the left.
pub fn place(columns: &[Column], area: Rect) -> Vec<Placed> {
    let mut placed: Vec<Placed> = Vec::new();
    let mut used = 0;
    for &column in columns {
        let least = column.widths().0;
        let gap = if placed.is_empty() { 0 } else { GAP };
        let width = if placed.is_empty() { least.min(area.width) } else { least };
        if used + gap + width > area.width {
            break;
        }
        used += gap + width;
        placed.push(Placed { column, x: 0, width });
    }
    let mut spare = area.width.saturating_sub(used);
    for cell in &mut placed {
        let more = cell.column.widths().1.saturating_sub(cell.width).min(spare);
        cell.width += more;
        spare -= more;
    }
    let mut x = area.x;
    for cell in &mut placed {
        cell.x = x;
        x += cell.width + GAP;
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(view: View, width: u16) -> Vec<Column> {
        place(Column::of(view, width + 1, false), Rect::new(1, 0, width, 9))
            .iter()
            .map(|placed| placed.column)
            .collect()
    }

    #[test]
    fn columns_drop_from_the_right() {
        for view in [View::Overview, View::Threads, View::Processes] {
            for width in 0..250 {
                let all = Column::of(view, width + 1, false);
                let fit = shown(view, width);
                assert_eq!(fit, all[..fit.len()], "{view:?} at {width}");
            }
        }
    }

    #[test]
    fn got_wanted_and_wait_fit_into_80_columns() {
        for view in [View::Overview, View::Threads, View::Processes] {
            assert!(shown(view, 79).contains(&Column::Wait), "{view:?}");
        }
    }

    #[test]
    fn what_is_wanted_fits_into_the_least_screen() {
        for view in [View::Overview, View::Threads] {
            assert!(shown(view, 39).contains(&Column::Wanted), "{view:?}");
        }
    }

    #[test]
    fn no_column_leaves_its_area() {
        for width in 0..300 {
            let area = Rect::new(3, 0, width, 1);
            for placed in place(Column::of(View::Threads, width, true), area) {
                assert!(placed.x + placed.width <= area.right(), "{placed:?} at {width}");
            }
        }
    }
}
