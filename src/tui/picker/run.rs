//! The loop that shows the picker.

use std::future::Future;
use std::io;
use std::pin::pin;

use crossterm::event::{Event as Input, KeyEventKind, MouseButton, MouseEvent, MouseEventKind};
use futures_util::Stream;
use ratatui::Terminal;
use ratatui::backend::Backend;
use ratatui::layout::{Position, Size};
use tokio::sync::watch;

use crate::tui::keys::KeyMap;
use crate::tui::picker::state::{Choice, Picked, Picker, PickerEvent, PickerList};
use crate::tui::picker::view;
use crate::tui::run::input::{blank, broken, next_input};
use crate::tui::run::job::JobControl;
use crate::tui::screen;
use crate::tui::theme::Appearance;

/// Shows the list until one is chosen or the user leaves (none), `stop` resolves or the terminal is gone (none).
/// Fails when the terminal can't be read or drawn on.
pub async fn run<B, E>(
    terminal: &mut Terminal<B>,
    mut events: E,
    mut rows: watch::Receiver<PickerList>,
    (look, keys): (Appearance, KeyMap),
    stop: impl Future<Output = ()>,
) -> io::Result<Option<Picked>>
where
    B: Backend,
    E: Stream<Item = io::Result<Input>> + Unpin,
{
    let mut picker = Picker::new(look, keys, terminal.size().map_err(broken)?, rows.borrow_and_update().clone());
    let mut stop = pin!(stop);
    let mut job = JobControl::listen()?;
    let mut more = true;
    loop {
        picker.update(PickerEvent::Resize(terminal.size().map_err(broken)?));
        terminal.draw(|frame| crate::tui::picker::view::draw(frame, &picker)).map_err(broken)?;
        tokio::select! {
            biased;
            () = &mut stop => return Ok(None),
            went_on = job.went_on() => {
                went_on?;
                blank(terminal)?;
            }
            input = next_input(&mut events) => match input {
                None => return Ok(None),
                Some(input) => match event_of(&picker, &input?).and_then(|event| picker.update(event)) {
                    Some(Choice::Attach(picked)) => return Ok(Some(picked)),
                    Some(Choice::Leave) => return Ok(None),
                    Some(Choice::Redraw) => blank(terminal)?,
                    Some(Choice::Suspend) => {
                        screen::suspend()?;
                        blank(terminal)?;
                    }
                    None => {}
                }
            },
            news = rows.changed(), if more => {
                more = news.is_ok();
                let listing = rows.borrow_and_update().clone();
                picker.renew(listing);
            }
        }
    }
}

/// What a terminal's event is for the picker; none for one that changes nothing.
fn event_of(picker: &Picker, input: &Input) -> Option<PickerEvent> {
    match *input {
        Input::Resize(width, height) => Some(PickerEvent::Resize(Size::new(width, height))),
        Input::Key(key) if key.kind != KeyEventKind::Release => Some(PickerEvent::Key(key)),
        Input::Mouse(MouseEvent { kind: MouseEventKind::ScrollUp, .. }) => Some(PickerEvent::Scroll(-1)),
        Input::Mouse(MouseEvent { kind: MouseEventKind::ScrollDown, .. }) => Some(PickerEvent::Scroll(1)),
        Input::Mouse(MouseEvent { kind: MouseEventKind::Down(MouseButton::Left), column, row, .. }) => {
            view::row_at(picker, Position::new(column, row)).map(PickerEvent::Click)
        }
        _ => None,
    }
}
