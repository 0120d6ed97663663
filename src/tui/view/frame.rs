//! One frame of the dashboard. Changes nothing.

use ratatui::Frame;
use ratatui::layout::Position;

use crate::tui::state::Dashboard;
use crate::tui::state::parts::Mode;
use crate::tui::tabs::View;
use crate::tui::view;
use crate::tui::view::ascii;

/// Draws the dashboard. Until the dashboard has heard of the screen's size nothing is drawn.
pub fn draw(frame: &mut Frame<'_>, dashboard: &Dashboard) {
    if frame.area().as_size() != dashboard.size() {
        return;
    }
    let screen = frame.area();
    frame.buffer_mut().set_style(screen, dashboard.theme().ground());
    if dashboard.has_room() {
        whole(frame, dashboard);
    } else {
        view::small::draw(frame, frame.area(), dashboard.keys());
    }
    if dashboard.look().ascii {
        ascii::replace(frame.buffer_mut());
    }
}

fn whole(frame: &mut Frame<'_>, dashboard: &Dashboard) {
    let areas = dashboard.areas();
    view::top::header::draw(frame, areas.header, dashboard);
    view::top::verdict::draw(frame, areas.verdict, dashboard);
    view::top::steps::draw(frame, areas.steps, dashboard);
    view::top::demand::draw(frame, areas.demand, dashboard);
    view::top::capacity::draw(frame, areas.capacity, dashboard);
    view::top::gpus::draw(frame, areas.gpus, dashboard);
    view::graphs::chart::draw(frame, areas.chart, dashboard);
    view::top::steps::draw_chart(frame, areas.steps_chart, dashboard);
    view::graphs::cpus::draw(frame, areas.cpus, dashboard);
    match dashboard.view() {
        View::Output => view::main::output::draw(frame, areas.list, dashboard),
        _ => view::main::table::draw(frame, areas.headings, areas.list, dashboard),
    }
    view::main::detail::draw(frame, areas.detail, dashboard);
    view::bottom::status::draw(frame, areas.status, dashboard);
    view::bottom::footer::draw(frame, areas.keys, dashboard);
    match dashboard.mode() {
        Mode::Help(top) => view::popups::help::draw(frame, view::popups::help::area(dashboard), *top, dashboard),
        Mode::Menu(column) => view::popups::menu::draw(frame, areas.list, column, dashboard),
        Mode::Rerun(rerun) => view::popups::rerun::draw(frame, rerun, dashboard),
        Mode::Stopping(_, stage) => view::popups::stopping::draw(frame, stage, dashboard),
        Mode::Stacks(stacks) => view::popups::stacks::draw(frame, stacks, dashboard),
        Mode::WhatIf(what_if) => view::popups::what_if::draw(frame, what_if, dashboard),
        Mode::Runs => view::popups::runs::draw(frame, dashboard),
        Mode::Settings(shown) => view::popups::settings::draw(frame, *shown, dashboard),
        Mode::Line(..) => {
            let x = areas.status.x
                + view::bottom::status::prompt_width(dashboard).min(areas.status.width.saturating_sub(1));
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
