//! One frame of the dashboard. Changes nothing.

use ratatui::Frame;
use ratatui::layout::Position;

use crate::tui::state::Dashboard;
use crate::tui::state::parts::{Mode, View};
use crate::tui::{ascii, layout, view};

/// Draws the dashboard. Until the dashboard has heard of the screen's size nothing is drawn.
pub fn draw(frame: &mut Frame<'_>, dashboard: &Dashboard) {
    if frame.area().as_size() != dashboard.size() {
        return;
    }
    if layout::is_large_enough(dashboard) {
        whole(frame, dashboard);
    } else {
        view::small::draw(frame, frame.area());
    }
    if dashboard.look().ascii {
        ascii::replace(frame.buffer_mut());
    }
}

fn whole(frame: &mut Frame<'_>, dashboard: &Dashboard) {
    let areas = layout::of(dashboard);
    view::header::draw(frame, areas.header, dashboard);
    view::verdict::draw(frame, areas.verdict, dashboard);
    view::steps::draw(frame, areas.steps, dashboard);
    view::demand::draw(frame, areas.demand, dashboard);
    view::capacity::draw(frame, areas.capacity, dashboard);
    view::chart::draw(frame, areas.chart, dashboard);
    view::steps::draw_chart(frame, areas.steps_chart, dashboard);
    view::cpus::draw(frame, areas.cpus, dashboard);
    match dashboard.view() {
        View::Output => view::output::draw(frame, areas.list, dashboard),
        _ => view::table::draw(frame, areas.headings, areas.list, dashboard),
    }
    view::detail::draw(frame, areas.detail, dashboard);
    view::status::draw(frame, areas.status, dashboard);
    view::footer::draw(frame, areas.keys, dashboard);
    match dashboard.mode() {
        Mode::Help(top) => view::help::draw(frame, view::help::area(dashboard), *top, dashboard),
        Mode::Menu(column) => view::menu::draw(frame, areas.list, *column, dashboard),
        Mode::Rerun(rerun) => view::rerun::draw(frame, rerun, dashboard),
        Mode::Stacks(stacks) => view::stacks::draw(frame, stacks, dashboard),
        Mode::WhatIf(what_if) => view::what_if::draw(frame, what_if, dashboard),
        Mode::Runs => view::runs::draw(frame, dashboard),
        Mode::Line(..) => {
            let x = areas.status.x + view::status::prompt_width(dashboard).min(areas.status.width.saturating_sub(1));
            frame.set_cursor_position(Position::new(x, areas.status.y));
        }
        Mode::Typing => {
            if let Some(at) = dashboard.typing_at() {
                frame.set_cursor_position(at);
            }
        }
        Mode::Browse => {}
    }
}
