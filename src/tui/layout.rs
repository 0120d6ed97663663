//! Where everything stands: a pure function of size and state, asked by drawing and by the mouse alike.

use ratatui::layout::{Position, Rect};

use crate::tui::state::Dashboard;
use crate::tui::state::parts::{Pane, View};
use crate::tui::view;

/// Areas of the screen; empty where there is no room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Areas {
    /// Who is watched.
    pub header: Rect,
    /// The verdict, and what would fit.
    pub verdict: Rect,
    /// How fast a training goes that was started by tftop.
    pub steps: Rect,
    /// Demand in words.
    pub demand: Rect,
    /// Capacity as arithmetic.
    pub capacity: Rect,
    /// Demand over time.
    pub chart: Rect,
    /// Steps over time, below demand over time.
    pub steps_chart: Rect,
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
    let screen = Rect::from((Position::ORIGIN, dashboard.size()));
    if !is_large_enough(dashboard) {
        return Areas::default();
    }
    let mut body = screen;
    let [header, verdict] = [1, view::verdict::height(dashboard)].map(|height| cut_top(&mut body, height));
    let steps = cut_top(&mut body, steps_height(dashboard));
    // The list of limits begins with the same arithmetic, term by term.
    let arithmetic = u16::from(!matches!(dashboard.view(), View::Limits | View::Output));
    let words = u16::from(dashboard.view() != View::Output);
    let [demand, capacity] = [words, arithmetic].map(|height| cut_top(&mut body, height));
    let keys = cut_bottom(&mut body, 1);
    let status = cut_bottom(&mut body, 1);
    let height = graphs_height(dashboard, body);
    let mut graphs = cut_top(&mut body, height);
    let cpus = cut_right(&mut graphs, screen.width * 2 / 5);
    let height = if view::steps::are_marked(dashboard) { graphs.height * 2 / 5 } else { 0 };
    let steps_chart = cut_bottom(&mut graphs, height);
    let detail = cut_detail(dashboard, &mut body);
    let headings = cut_top(&mut body, u16::from(dashboard.view().is_table()));
    Areas {
        header,
        verdict,
        steps,
        demand,
        capacity,
        chart: graphs,
        steps_chart,
        cpus,
        headings,
        list: body,
        detail,
        status,
        keys,
    }
}

/// Takes rows from the top of an area, as many as there are.
pub fn cut_top(area: &mut Rect, height: u16) -> Rect {
    let height = height.min(area.height);
    let cut = Rect { height, ..*area };
    (area.y, area.height) = (area.y + height, area.height - height);
    cut
}

/// Takes rows from the bottom of an area, as many as there are.
pub fn cut_bottom(area: &mut Rect, height: u16) -> Rect {
    let height = height.min(area.height);
    area.height -= height;
    Rect { y: area.bottom(), height, ..*area }
}

fn cut_right(area: &mut Rect, width: u16) -> Rect {
    let width = width.min(area.width);
    area.width -= width;
    Rect { x: area.right(), width, ..*area }
}

/// Screens of fewer rows have no row for steps.
const LOW: u16 = 16;

/// One line above every table.
fn steps_height(dashboard: &Dashboard) -> u16 {
    let room = dashboard.size().height >= LOW && dashboard.view().is_table();
    u16::from(room && view::steps::are_known(dashboard))
}

/// Chart and CPU strip are the first to go: they need 90 columns, and a table of 12 rows below them. Steps over time take
/// some rows more.
fn graphs_height(dashboard: &Dashboard, body: Rect) -> u16 {
    let pane_below = matches!(dashboard.pane(), Pane::Shown(_)) && body.width < BESIDE;
    let steps = view::steps::are_marked(dashboard);
    match body.height {
        _ if dashboard.view() != View::Overview || body.width < 90 => 0,
        0..21 => 0,
        21..34 if pane_below => 0,
        21..34 => {
            if steps {
                10
            } else {
                8
            }
        }
        _ if steps => {
            if body.height < 40 {
                14
            } else {
                18
            }
        }
        _ => 12,
    }
}

/// Screens this wide have the detail pane beside the table, narrower ones below it.
const BESIDE: u16 = 130;

fn cut_detail(dashboard: &Dashboard, body: &mut Rect) -> Rect {
    match dashboard.pane() {
        Pane::Hidden => Rect::default(),
        Pane::Shown(_) if !dashboard.view().is_table() => Rect::default(),
        Pane::Shown(_) if body.width >= BESIDE => cut_right(body, 62),
        // Four rows and the headings of the table stay, whatever the pane would like.
        Pane::Shown(_) => cut_bottom(body, 15.min(body.height.saturating_sub(5))),
    }
}
