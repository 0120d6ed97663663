//! Where everything stands: a pure function of a few plain numbers. Below the state, which needs the table's height in the
//! middle of an event (a pane opens, then its row is brought in sight); drawing and the mouse use the same function.

pub(crate) mod headline;

use ratatui::layout::{Position, Rect, Size};

use crate::tui::tabs::View;

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
    /// What GPUs do.
    pub gpus: Rect,
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

/// What decides where everything stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outline {
    /// The screen.
    pub size: Size,
    /// What the main area shows.
    pub view: View,
    /// Whether the detail pane is open.
    pub pane: bool,
    /// Rows of the verdict.
    pub verdict_rows: u16,
    /// Rows of the table.
    pub rows: usize,
    /// Room for the speed of a training.
    pub steps: StepRoom,
    /// Whether there are GPUs to show.
    pub gpus: bool,
}

/// Room for the speed of a training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepRoom {
    /// None: tftop has not started the target.
    None,
    /// A line.
    Line,
    /// A line and a curve: there are step marks.
    Chart,
}

/// Below this the screen only says that it is too small.
pub const LEAST: (u16, u16) = (40, 10);

/// Whether there is room for a dashboard.
pub fn is_large_enough(size: Size) -> bool {
    size.width >= LEAST.0 && size.height >= LEAST.1
}

/// The areas of a dashboard.
pub fn of(outline: &Outline) -> Areas {
    let screen = Rect::from((Position::ORIGIN, outline.size));
    if !is_large_enough(outline.size) {
        return Areas::default();
    }
    let mut body = screen;
    let [header, verdict] = [1, outline.verdict_rows].map(|height| cut_top(&mut body, height));
    let steps = cut_top(&mut body, steps_height(outline));
    // The list of limits begins with the same arithmetic, term by term.
    let arithmetic = u16::from(!matches!(outline.view, View::Limits | View::Output));
    let words = u16::from(outline.view != View::Output);
    let [demand, capacity] = [words, arithmetic].map(|height| cut_top(&mut body, height));
    let gpus = cut_top(&mut body, gpus_height(outline));
    let keys = cut_bottom(&mut body, 1);
    let status = cut_bottom(&mut body, 1);
    let height = graphs_height(outline, body);
    let small = small_graphs_height(outline, body);
    let mut graphs = match height {
        // On small screens the table comes first, and they take what it leaves empty.
        0 => cut_bottom(&mut body, small),
        height => cut_top(&mut body, height),
    };
    let cpus = cut_right(&mut graphs, screen.width * 2 / 5);
    let has_steps = outline.steps == StepRoom::Chart && height > 0;
    let height = if has_steps { graphs.height * 2 / 5 } else { 0 };
    let steps_chart = cut_bottom(&mut graphs, height);
    let detail = cut_detail(outline, &mut body);
    let headings = cut_top(&mut body, u16::from(outline.view.is_table()));
    Areas {
        header,
        verdict,
        steps,
        demand,
        capacity,
        gpus,
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

/// The area from below the header to above the status line.
pub fn below_header(areas: &Areas) -> Rect {
    let top = areas.header.bottom();
    Rect { y: top, height: areas.status.y.saturating_sub(top), ..areas.header }
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

/// Screens of fewer rows have no row for steps, and none for GPUs.
const LOW: u16 = 16;

/// One line above every table.
fn steps_height(outline: &Outline) -> u16 {
    let room = outline.size.height >= LOW && outline.view.is_table();
    u16::from(room && outline.steps != StepRoom::None)
}

/// One line above every table.
fn gpus_height(outline: &Outline) -> u16 {
    u16::from(outline.gpus && outline.size.height >= LOW && outline.view.is_table())
}

/// Chart and CPU strip are the first to go: they need 90 columns, and a table of 12 rows below them. Steps over time take
/// some rows more; what the table leaves empty is theirs as well, up to half the screen.
fn graphs_height(outline: &Outline, body: Rect) -> u16 {
    let pane_below = outline.pane && body.width < BESIDE;
    let steps = outline.steps == StepRoom::Chart;
    let least = match body.height {
        _ if outline.view != View::Overview || body.width < 90 => return 0,
        0..21 => return 0,
        21..34 if pane_below => return 0,
        21..34 if steps => 10,
        21..34 => 8,
        34..40 if steps => 14,
        _ if steps => 18,
        _ => 12,
    };
    let pane = if pane_below { PANE } else { 0 };
    spare(outline, body).saturating_sub(pane).min(body.height / 2).max(least)
}

/// Rows of a small chart at least: its frame, and three of curve.
const SMALL: u16 = 5;
/// And at most: more would not look like something beside the table.
const SMALL_MOST: u16 = 9;

/// What the table of a small screen leaves empty, where that is enough for a chart.
fn small_graphs_height(outline: &Outline, body: Rect) -> u16 {
    let spare = spare(outline, body).min(SMALL_MOST);
    let fits = outline.view == View::Overview && !outline.pane && body.width >= NARROWEST && spare >= SMALL;
    if fits { spare } else { 0 }
}

/// Narrower screens have no chart.
const NARROWEST: u16 = 70;

/// Rows below the table's last one, but for an empty one.
fn spare(outline: &Outline, body: Rect) -> u16 {
    let used = u16::try_from(outline.rows).unwrap_or(u16::MAX).saturating_add(2);
    body.height.saturating_sub(used)
}

/// Screens this wide have the detail pane beside the table, narrower ones below it.
const BESIDE: u16 = 130;
/// Rows of the pane below the table.
const PANE: u16 = 15;

fn cut_detail(outline: &Outline, body: &mut Rect) -> Rect {
    match body.width {
        _ if !outline.pane || !outline.view.is_table() => Rect::default(),
        BESIDE.. => cut_right(body, 62),
        // Four rows and the headings of the table stay, whatever the pane would like.
        _ => cut_bottom(body, PANE.min(body.height.saturating_sub(5))),
    }
}
