//! One event on a dashboard: what the terminal's means, and what is scrolled kept on screen.

use crossterm::event::{Event as Input, KeyEventKind, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Size;

use crate::tui::messages::effect::Effect;
use crate::tui::run::mouse;
use crate::tui::state::Dashboard;
use crate::tui::state::event::Event;
use crate::tui::view::popups;

/// Rows a notch of the wheel scrolls.
const NOTCH: isize = 3;

/// What a terminal's event is for this dashboard; none for one that changes nothing.
pub fn event_of(dashboard: &Dashboard, input: &Input) -> Option<Event> {
    match *input {
        Input::Key(key) if key.kind != KeyEventKind::Release => Some(Event::Key(key)),
        Input::Mouse(MouseEvent { kind: MouseEventKind::ScrollUp, .. }) => Some(Event::Scroll(-NOTCH)),
        Input::Mouse(MouseEvent { kind: MouseEventKind::ScrollDown, .. }) => Some(Event::Scroll(NOTCH)),
        Input::Mouse(MouseEvent { kind: MouseEventKind::Down(MouseButton::Left), column, row, .. }) => {
            mouse::hit(dashboard, column, row).map(Event::Click)
        }
        Input::Resize(width, height) => Some(Event::Resize(Size::new(width, height))),
        _ => None,
    }
}

/// Updates the dashboard; what it asks for is for the caller.
pub fn update(dashboard: &mut Dashboard, event: Event) -> Option<Effect> {
    let effect = dashboard.update(event);
    dashboard.fit_popup(popups::overflow(dashboard));
    effect
}
