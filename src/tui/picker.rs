//! The list of processes to attach to: state, the one place that changes it, and the loop that shows it.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;

use crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEventKind};
use futures_util::Stream;
use ratatui::Terminal;
use ratatui::backend::Backend;
use ratatui::layout::{Position, Size};
use tokio::sync::watch;

use crate::data::Pid;
use crate::data::scene::Scene;
use crate::tui::keys::{Action, KeyContext};
use crate::tui::{Appearance, broken, keys, next_input, view};

/// What there is to choose from.
#[derive(Clone, Debug, Default)]
pub struct PickerList {
    /// One scene a process.
    pub scenes: Vec<Arc<Scene>>,
    /// What was looked for and found, in one line.
    pub note: String,
}

/// What the picker came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Choice {
    /// This process.
    Attach(Pid),
    /// None.
    Leave,
    /// None yet; everything is to be drawn anew.
    Redraw,
}

/// The picker's state.
#[derive(Debug)]
pub struct Picker {
    look: Appearance,
    size: Size,
    listing: PickerList,
    filter: String,
    typing: bool,
    selected: Option<Pid>,
    /// Where the selected process was last seen.
    at: usize,
}

const LONGEST_FILTER: usize = 60;

impl Picker {
    /// A picker on a screen of this size.
    pub fn new(look: Appearance, size: Size, listing: PickerList) -> Self {
        let mut picker = Self { look, size, listing, filter: String::new(), typing: false, selected: None, at: 0 };
        picker.select(0);
        picker
    }

    fn update(&mut self, input: &Input) -> Option<Choice> {
        match input {
            Input::Resize(width, height) => self.size = Size::new(*width, *height),
            Input::Key(key) if key.kind != KeyEventKind::Release => return self.key(key),
            Input::Mouse(mouse) => match mouse.kind {
                MouseEventKind::ScrollUp => self.select(self.at.saturating_sub(1)),
                MouseEventKind::ScrollDown => self.select(self.at + 1),
                MouseEventKind::Down(MouseButton::Left) => return self.click(Position::new(mouse.column, mouse.row)),
                _ => {}
            },
            _ => {}
        }
        None
    }

    fn renew(&mut self, listing: PickerList) {
        self.listing = listing;
        self.settle();
    }

    /// Finds the selected process again; one that is gone hands the selection to its successor.
    fn settle(&mut self) {
        let at = self.shown().iter().position(|scene| Some(scene.target.pid) == self.selected);
        self.select(at.unwrap_or(self.at));
    }

    fn select(&mut self, at: usize) {
        let shown = self.shown();
        let at = at.min(shown.len().saturating_sub(1));
        let selected = shown.get(at).map(|scene| scene.target.pid);
        (self.at, self.selected) = (at, selected);
    }

    fn key(&mut self, key: &KeyEvent) -> Option<Choice> {
        let place = if self.typing { KeyContext::Line } else { KeyContext::Picker };
        let page = usize::from(self.size.height).saturating_sub(5).max(1);
        match keys::action(key, place) {
            Some(Action::Quit | Action::Interrupt) => return Some(Choice::Leave),
            Some(Action::Redraw) => return Some(Choice::Redraw),
            Some(Action::Enter) if self.typing => self.typing = false,
            Some(Action::Enter) => return self.selected.map(Choice::Attach),
            Some(Action::Filter) => self.typing = true,
            Some(Action::Back) => {
                self.typing = false;
                self.filter.clear();
                self.settle();
            }
            Some(Action::Erase) => {
                self.filter.pop();
                self.settle();
            }
            Some(Action::EraseAll) => {
                self.filter.clear();
                self.settle();
            }
            Some(Action::Up) => self.select(self.at.saturating_sub(1)),
            Some(Action::Down) => self.select(self.at + 1),
            Some(Action::PageUp) => self.select(self.at.saturating_sub(page)),
            Some(Action::PageDown) => self.select(self.at + page),
            Some(Action::First) => self.select(0),
            Some(Action::Last) => self.select(usize::MAX),
            Some(_) => {}
            None => self.type_character(key),
        }
        None
    }

    fn type_character(&mut self, key: &KeyEvent) {
        let plain = !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        if let (true, true, KeyCode::Char(character)) = (self.typing, plain, key.code)
            && self.filter.chars().count() < LONGEST_FILTER
            && !character.is_control()
        {
            self.filter.push(character);
            self.settle();
        }
    }

    fn click(&mut self, at: Position) -> Option<Choice> {
        let row = view::picker::row_at(self, at)?;
        if row == self.at {
            return self.selected.map(Choice::Attach);
        }
        self.select(row);
        None
    }
}

/// What the view may ask.
impl Picker {
    /// How it looks.
    pub fn look(&self) -> Appearance {
        self.look
    }

    /// The screen's size.
    pub fn size(&self) -> Size {
        self.size
    }

    /// What was looked for and found.
    pub fn note(&self) -> &str {
        &self.listing.note
    }

    /// What rows must contain.
    pub fn filter(&self) -> &str {
        &self.filter
    }

    /// Whether the filter is being typed.
    pub fn is_typing(&self) -> bool {
        self.typing
    }

    /// Index of the selected row.
    pub fn at(&self) -> usize {
        self.at
    }

    /// The processes that contain the filter's text.
    pub fn shown(&self) -> Vec<&Scene> {
        let kept = |scene: &&Scene| {
            let target = &scene.target;
            let user = target.user.as_deref().unwrap_or_default();
            crate::tui::rows::contains(&format!("{} {user} {}", target.pid, target.command), &self.filter)
        };
        self.listing.scenes.iter().map(AsRef::as_ref).filter(kept).collect()
    }
}

/// Shows the list until one is chosen (its pid) or the user leaves (none), `stop` resolves or the terminal is gone (none).
/// Fails when the terminal can't be read or drawn on.
pub async fn run<B, E>(
    terminal: &mut Terminal<B>,
    mut events: E,
    mut rows: watch::Receiver<PickerList>,
    look: Appearance,
    stop: impl Future<Output = ()>,
) -> io::Result<Option<Pid>>
where
    B: Backend,
    E: Stream<Item = io::Result<Input>> + Unpin,
{
    let mut picker = Picker::new(look, terminal.size().map_err(broken)?, rows.borrow_and_update().clone());
    let mut stop = pin!(stop);
    let mut fed = true;
    loop {
        picker.size = terminal.size().map_err(broken)?;
        terminal.draw(|frame| view::picker::draw(frame, &picker)).map_err(broken)?;
        tokio::select! {
            biased;
            () = &mut stop => return Ok(None),
            input = next_input(&mut events) => match input {
                None => return Ok(None),
                Some(input) => match picker.update(&input?) {
                    Some(Choice::Attach(pid)) => return Ok(Some(pid)),
                    Some(Choice::Leave) => return Ok(None),
                    Some(Choice::Redraw) => terminal.clear().map_err(broken)?,
                    None => {}
                }
            },
            news = rows.changed(), if fed => {
                fed = news.is_ok();
                let listing = rows.borrow_and_update().clone();
                picker.renew(listing);
            }
        }
    }
}
