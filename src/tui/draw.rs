//! One frame of the dashboard. Changes nothing.

use ratatui::Frame;
use ratatui::layout::Position;

use super::dashboard::{Dashboard, Mode};
use super::{ascii, layout, view};

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
    view::demand::draw(frame, areas.demand, dashboard);
    view::capacity::draw(frame, areas.capacity, dashboard);
    view::chart::draw(frame, areas.chart, dashboard);
    view::cpus::draw(frame, areas.cpus, dashboard);
    view::table::draw(frame, areas.headings, areas.list, dashboard);
    view::detail::draw(frame, areas.detail, dashboard);
    view::status::draw(frame, areas.status, dashboard);
    view::footer::draw(frame, areas.keys, dashboard);
    match dashboard.mode() {
        Mode::Help(top) => view::help::draw(frame, view::help::area(dashboard), *top, dashboard),
        Mode::Menu(column) => view::menu::draw(frame, areas.list, *column, dashboard),
        Mode::WhatIf(what_if) => view::what_if::draw(frame, what_if, dashboard),
        Mode::Line(..) => {
            let x = areas.status.x + view::status::prompt_width(dashboard).min(areas.status.width.saturating_sub(1));
            frame.set_cursor_position(Position::new(x, areas.status.y));
        }
        Mode::Browse => {}
    }
}
