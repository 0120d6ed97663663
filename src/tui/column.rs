//! Columns of the tables: heading with unit, width, and which of them fit into how much room.

use ratatui::layout::Rect;

use crate::tui::state::parts::View;

/// A column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// Groups with their threads below them.
    Tree,
    /// The limit that counts.
    Limit,
    /// The cap it was started with, and whether that holds.
    Cap,
    /// Where that limit comes from.
    Source,
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
    /// What a group's threads do.
    Doing,
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
    /// State letter and what the thread does.
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

/// What of a target decides which columns there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traits {
    /// It has several processes.
    pub several: bool,
    /// It was started with caps.
    pub capped: bool,
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

/// Cells of a cap with its word: "3 unverified ?".
pub const CAP_IN_WORDS: u16 = 14;
/// Empty cells between two columns; the mark of the sorted column stands there.
const GAP: u16 = 2;
/// Screens below this width can't hold what the sketch of a table has.
const NARROW: u16 = 66;

impl Column {
    /// The columns of a view on a screen this wide, from the left. With several processes threads say whose they are. On
    /// narrow screens demand comes before everything else.
    pub fn of(view: View, width: u16, traits: Traits) -> &'static [Self] {
        use Column as C;
        match view {
            View::Overview if width < NARROW && traits.capped => {
                &[C::Tree, C::Wanted, C::Cap, C::Limit, C::Wait, C::Got, C::Threads]
            }
            View::Overview if width < NARROW => &[C::Tree, C::Wanted, C::Limit, C::Wait, C::Got, C::Threads],
            View::Threads if width < NARROW => &[C::Tid, C::Name, C::Wanted, C::Wait, C::Origin],
            View::Overview if traits.capped => &[
                C::Tree,
                C::Limit,
                C::Cap,
                C::Source,
                C::Threads,
                C::Awake,
                C::Got,
                C::Wanted,
                C::Wait,
                C::Doing,
                C::History,
                C::Bar,
            ],
            View::Overview => &[
                C::Tree,
                C::Limit,
                C::Source,
                C::Threads,
                C::Awake,
                C::Got,
                C::Wanted,
                C::Wait,
                C::Doing,
                C::History,
                C::Bar,
            ],
            View::Threads if traits.several => &[
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
            View::Limits | View::Explain | View::Missing | View::Output => &[],
        }
    }

    /// Its heading, with the unit.
    pub fn heading(self) -> &'static str {
        match self {
            Self::Tree | Self::Origin => "ORIGIN",
            Self::Limit => "LIMIT",
            Self::Cap => "CAP",
            Self::Source => "SOURCE",
            Self::Threads => "THREADS",
            Self::Awake => "AWAKE",
            Self::Got => "GOT CPUs",
            Self::Wanted => "WANTED CPUs",
            Self::Wait => "WAIT %",
            Self::Doing => "DOING NOW",
            Self::History => "WANTED",
            Self::Bar => "GOT █ WAITING ▒",
            Self::Pid => "PID",
            Self::Tid => "TID",
            Self::Name => "NAME",
            Self::State => "STATE",
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
            Self::Tree => (20, 32),
            Self::Limit => (9, 9),
            Self::Cap => (5, 5),
            Self::Source => (12, 24),
            Self::Threads => (8, 8),
            Self::Awake => (6, 6),
            Self::Got => (8, 8),
            Self::Wanted => (11, 11),
            Self::Wait => (6, 6),
            Self::Doing => (34, 60),
            Self::History => (20, 62),
            Self::Bar => (16, 24),
            Self::Pid | Self::Tid => (7, 7),
            Self::Name => (11, 26),
            Self::Origin => (12, 18),
            Self::State => (7, 26),
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
        matches!(
            self,
            C::Limit
                | C::Cap
                | C::Threads
                | C::Awake
                | C::Got
                | C::Wanted
                | C::Wait
                | C::Pid
                | C::Tid
                | C::Cpu
                | C::Slices
        )
    }

    /// Whether rows can be sorted by it.
    pub fn sorts(self) -> bool {
        !matches!(self, Self::Cap | Self::Doing | Self::History | Self::Bar | Self::Because)
    }
}

/// These go before any other where there is no room; after them columns go from the right.
const FIRST_TO_GO: [Column; 5] = [Column::Bar, Column::Doing, Column::History, Column::Awake, Column::Source];

/// The columns that fit, and where they stand. The first always does, cut if need be; spare room goes to those that can
/// use it, from the left.
pub fn place(columns: &[Column], area: Rect) -> Vec<Placed> {
    let mut kept = columns.to_vec();
    let needs = |kept: &[Column]| kept.iter().map(|column| column.widths().0 + GAP).sum::<u16>().saturating_sub(GAP);
    while kept.len() > 1 && needs(&kept) > area.width {
        let first = FIRST_TO_GO.iter().find_map(|gone| kept.iter().position(|column| column == gone));
        kept.remove(first.unwrap_or(kept.len() - 1));
    }
    let least = |column: Column| Placed { column, x: 0, width: column.widths().0.min(area.width) };
    let mut placed: Vec<Placed> = kept.iter().map(|&column| least(column)).collect();
    let mut spare = area.width.saturating_sub(needs(&kept));
    // A cap has its word or only its mark; with a part of the room for a word it has neither more nor less.
    if let Some(cap) = placed.iter_mut().find(|cell| cell.column == Column::Cap) {
        let more = CAP_IN_WORDS.saturating_sub(cap.width);
        if more <= spare {
            (cap.width, spare) = (CAP_IN_WORDS, spare - more);
        }
    }
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

/// Where the columns stand in the row of a thread below its group: it has no limit of its own, so that what it does takes
/// the place of the limit, its source and the number of threads, where these stand side by side.
pub fn place_in_thread(placed: &[Placed]) -> Vec<Placed> {
    let mut merged: Vec<Placed> = Vec::with_capacity(placed.len());
    for &cell in placed {
        match merged.last_mut() {
            Some(last)
                if last.column == Column::Limit
                    && matches!(cell.column, Column::Cap | Column::Source | Column::Threads) =>
            {
                last.width = (cell.x + cell.width).saturating_sub(last.x);
                if cell.column == Column::Threads {
                    last.column = Column::Threads;
                }
            }
            _ => merged.push(cell),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(view: View, width: u16) -> Vec<Column> {
        place(Column::of(view, width + 1, Traits::default()), Rect::new(1, 0, width, 9))
            .iter()
            .map(|placed| placed.column)
            .collect()
    }

    #[test]
    fn columns_drop_from_the_right() {
        for view in [View::Threads, View::Processes] {
            for width in 0..250 {
                let all = Column::of(view, width + 1, Traits::default());
                let fit = shown(view, width);
                assert_eq!(fit, all[..fit.len()], "{view:?} at {width}");
            }
        }
    }

    #[test]
    fn in_the_overview_curves_go_first_and_the_limit_stays_at_80_columns() {
        let mut before = shown(View::Overview, 300);
        for width in (72..300).rev() {
            let now = shown(View::Overview, width);
            let gone: Vec<_> = before.iter().filter(|column| !now.contains(column)).collect();
            let left = FIRST_TO_GO.iter().find(|column| before.contains(column));
            assert!(gone.is_empty() || gone.iter().any(|column| Some(*column) == left), "{gone:?} at {width}");
            before = now;
        }
        assert!(shown(View::Overview, 79).contains(&Column::Limit));
    }

    #[test]
    fn got_wanted_and_wait_fit_into_80_columns() {
        for view in [View::Overview, View::Threads, View::Processes] {
            assert!(shown(view, 79).contains(&Column::Wait), "{view:?}");
        }
    }

    #[test]
    fn at_80_columns_a_cap_takes_the_place_of_nothing() {
        let capped = Column::of(View::Overview, 80, Traits { capped: true, several: false });
        let shown: Vec<Column> = place(capped, Rect::new(1, 0, 79, 9)).iter().map(|placed| placed.column).collect();
        use Column as C;
        assert_eq!(shown, [C::Tree, C::Limit, C::Cap, C::Threads, C::Got, C::Wanted, C::Wait]);
    }

    #[test]
    fn what_is_wanted_fits_into_the_least_screen() {
        for view in [View::Overview, View::Threads] {
            assert!(shown(view, 39).contains(&Column::Wanted), "{view:?}");
        }
    }

    #[test]
    fn what_a_thread_does_takes_the_room_of_its_groups_limit() {
        for width in [66, 80, 100, 160, 250] {
            let placed = place(Column::of(View::Overview, width, Traits::default()), Rect::new(1, 0, width - 1, 9));
            let merged = place_in_thread(&placed);
            let state = merged.iter().find(|cell| cell.column == Column::Threads).unwrap();
            assert!(state.width >= 19, "{width}: {state:?}");
            assert!(merged.windows(2).all(|pair| pair[0].x + pair[0].width + GAP == pair[1].x), "{merged:?}");
        }
        let narrow = place(Column::of(View::Overview, 60, Traits::default()), Rect::new(1, 0, 59, 9));
        assert_eq!(place_in_thread(&narrow), narrow, "there the limit stands alone");
    }

    #[test]
    fn no_column_leaves_its_area() {
        for width in 0..300 {
            let area = Rect::new(3, 0, width, 1);
            for placed in place(Column::of(View::Threads, width, Traits { several: true, capped: true }), area) {
                assert!(placed.x + placed.width <= area.right(), "{placed:?} at {width}");
            }
        }
    }
}
