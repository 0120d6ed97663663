//! Where everything stands: a pure function of size and state, asked by drawing and by the mouse alike.

use ratatui::layout::{Constraint, Layout, Rect};

use super::dashboard::{Dashboard, Pane, View};

/// Areas of the screen; empty where there is no room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Areas {
    /// Who is watched.
    pub header: Rect,
    /// Demand in words.
    pub demand: Rect,
    /// Capacity as arithmetic.
    pub capacity: Rect,
    /// Demand over time.
    pub chart: Rect,
    /// One bar a CPU.
    pub cpus: Rect,
    /// The table's headings.
    pub headings: Rect,
    /// The table's rows.
    pub list: Rect,
    /// What is known of the selected row.
    pub detail: Rect,
    /// Counts, what is missing, cost; or the line being typed.
    pub status: Rect,
    /// Tabs and keys.
    pub keys: Rect,
}

/// Below this the screen only says that it is too small.
pub const LEAST: (u16, u16) = (40, 10);

/// Whether there is room for a dashboard.
pub fn is_large_enough(dashboard: &Dashboard) -> bool {
    let size = dashboard.size();
    size.width >= LEAST.0 && size.height >= LEAST.1
}

/// The areas of this dashboard.
pub fn of(dashboard: &Dashboard) -> Areas {
    let screen = Rect::from((ratatui::layout::Position::ORIGIN, dashboard.size()));
    if !is_large_enough(dashboard) {
        return Areas::default();
    }
    let [header, demand, capacity, body, status, keys] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Fill(1),
        Constraint::Length(1),
        Constraint::Length(1),
    ])
    .areas(screen);
    let (graphs, table) = split_graphs(dashboard, body);
    let (table, detail) = split_detail(dashboard, table);
    let [chart, cpus] = Layout::horizontal([Constraint::Fill(3), Constraint::Fill(2)]).areas(graphs);
    let headings = if dashboard.view() == View::Missing { 0 } else { 1 };
    let [headings, list] = Layout::vertical([Constraint::Length(headings), Constraint::Fill(1)]).areas(table);
    Areas { header, demand, capacity, chart, cpus, headings, list, detail, status, keys }
}

/// Chart and CPU strip are the first to go: they need 90 columns, and a table of 15 rows below them.
fn split_graphs(dashboard: &Dashboard, body: Rect) -> (Rect, Rect) {
    let pane_below = matches!(dashboard.pane(), Pane::Shown(_)) && body.width < BESIDE;
    let height = match body.height {
        0..23 => 0,
        23..34 => 8,
        _ => 12,
    };
    let shown = dashboard.view() == View::Overview && body.width >= 90 && !(pane_below && body.height < 34);
    let [graphs, table] =
        Layout::vertical([Constraint::Length(if shown { height } else { 0 }), Constraint::Fill(1)]).areas(body);
    (if shown { graphs } else { Rect::default() }, table)
}

/// Screens this wide have the detail pane beside the table, narrower ones below it.
const BESIDE: u16 = 130;

fn split_detail(dashboard: &Dashboard, table: Rect) -> (Rect, Rect) {
    if matches!(dashboard.pane(), Pane::Hidden) {
        return (table, Rect::default());
    }
    let [table, detail] = if table.width >= BESIDE {
        Layout::horizontal([Constraint::Fill(1), Constraint::Length(62)]).areas(table)
    } else {
        // Four rows and the headings of the table stay, whatever the pane would like.
        let height = 15.min(table.height.saturating_sub(5));
        Layout::vertical([Constraint::Fill(1), Constraint::Length(height)]).areas(table)
    };
    (table, detail)
}
