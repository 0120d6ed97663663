//! Which columns fit into how much room, and where they stand.

use ratatui::layout::Rect;

use crate::tui::table::column::{BelowGroup, Column};

/// Empty cells between two columns; the mark of the sorted column stands there.
const GAP: u16 = 2;

/// A column where it stands on screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Which column.
    pub column: &'static Column,
    /// Its leftmost cell.
    pub x: u16,
    /// Its cells.
    pub width: u16,
}

/// The columns that fit, and where they stand. The first always does, cut if need be; spare room goes to those that can
/// use it, from the left.
pub fn place(columns: &[&'static Column], area: Rect) -> Vec<Placed> {
    let mut kept = columns.to_vec();
    let needs = |kept: &[&Column]| kept.iter().map(|it| it.width.least + GAP).sum::<u16>().saturating_sub(GAP);
    while kept.len() > 1 && needs(&kept) > area.width {
        let goes = |(at, column): (usize, &&Column)| Some((column.goes?, at));
        let first = kept.iter().enumerate().filter_map(goes).min();
        kept.remove(first.map_or(kept.len() - 1, |(_, at)| at));
    }
    let least = |column: &'static Column| Placed { column, x: 0, width: column.width.least.min(area.width) };
    let mut placed: Vec<Placed> = kept.iter().map(|&column| least(column)).collect();
    let mut spare = area.width.saturating_sub(needs(&kept));
    for cell in &mut placed {
        let in_words = cell.column.width.in_words.unwrap_or(0);
        let more = in_words.saturating_sub(cell.width);
        if more <= spare {
            (cell.width, spare) = (cell.width + more, spare - more);
        }
    }
    for cell in &mut placed {
        let more = cell.column.width.most.saturating_sub(cell.width).min(spare);
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

/// Where the columns stand in the row of a thread below its group.
pub fn place_below_group(placed: &[Placed]) -> Vec<Placed> {
    let mut merged: Vec<Placed> = Vec::with_capacity(placed.len());
    for &cell in placed {
        match (merged.last_mut(), cell.column.below_group) {
            (Some(last), BelowGroup::Joins | BelowGroup::Writes) if last.column.below_group == BelowGroup::Starts => {
                last.width = (cell.x + cell.width).saturating_sub(last.x);
                if cell.column.below_group == BelowGroup::Writes {
                    last.column = cell.column;
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
    use crate::tui::table::columns::{COLUMNS, Traits, columns};
    use crate::tui::tabs::View;

    fn shown(view: View, width: u16) -> Vec<&'static Column> {
        place(&columns(view, width + 1, Traits::default()), Rect::new(1, 0, width, 9))
            .iter()
            .map(|placed| placed.column)
            .collect()
    }

    fn titled(title: &str) -> &'static Column {
        COLUMNS.iter().find(|column| column.title == title).unwrap()
    }

    #[test]
    fn columns_drop_from_the_right() {
        for view in [View::Threads, View::Processes] {
            for width in 0..250 {
                let all = columns(view, width + 1, Traits::default());
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
            let left = before.iter().filter(|column| column.goes.is_some()).min_by_key(|column| column.goes);
            assert!(gone.is_empty() || gone.iter().any(|column| Some(column) == left.as_ref()), "{gone:?} at {width}");
            before = now;
        }
        assert!(shown(View::Overview, 79).contains(&titled("LIMIT")));
    }

    #[test]
    fn got_wanted_and_wait_fit_into_80_columns() {
        for view in [View::Overview, View::Threads, View::Processes] {
            assert!(shown(view, 79).contains(&titled("WAIT %")), "{view:?}");
        }
    }

    #[test]
    fn at_80_columns_a_cap_takes_the_place_of_nothing() {
        let capped = columns(View::Overview, 80, Traits { capped: true, ..Traits::default() });
        let shown: Vec<_> = place(&capped, Rect::new(1, 0, 79, 9)).iter().map(|placed| placed.column.title).collect();
        assert_eq!(shown, ["ORIGIN", "LIMIT", "CAP", "THREADS", "GOT CPUs", "WANTED CPUs", "WAIT %"]);
    }

    #[test]
    fn what_is_wanted_fits_into_the_least_screen() {
        for view in [View::Overview, View::Threads] {
            assert!(shown(view, 39).contains(&titled("WANTED CPUs")), "{view:?}");
        }
    }

    #[test]
    fn what_a_thread_does_takes_the_room_of_its_groups_limit() {
        for width in [66, 80, 100, 160, 250] {
            let placed = place(&columns(View::Overview, width, Traits::default()), Rect::new(1, 0, width - 1, 9));
            let merged = place_below_group(&placed);
            let state = merged.iter().find(|cell| cell.column.title == "THREADS").unwrap();
            assert!(state.width >= 19, "{width}: {state:?}");
            assert!(merged.windows(2).all(|pair| pair[0].x + pair[0].width + GAP == pair[1].x), "{merged:?}");
        }
        let narrow = place(&columns(View::Overview, 60, Traits::default()), Rect::new(1, 0, 59, 9));
        assert_eq!(place_below_group(&narrow), narrow, "there the limit stands alone");
    }

    #[test]
    fn no_column_leaves_its_area() {
        for width in 0..300 {
            let area = Rect::new(3, 0, width, 1);
            for placed in
                place(&columns(View::Threads, width, Traits { several: true, capped: true, ranks: true }), area)
            {
                assert!(placed.x + placed.width <= area.right(), "{placed:?} at {width}");
            }
        }
    }
}
