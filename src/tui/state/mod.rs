//! The dashboard's state, and the one place that changes it. Draws nothing and reads no clock.

pub(crate) mod act;
pub(crate) mod ask;
pub(crate) mod find;
pub(crate) mod fold;
pub(crate) mod output;
pub mod parts;
pub(crate) mod playback;
pub(crate) mod rerun;
pub(crate) mod stacks;

use std::sync::Arc;

use crossterm::event::{
    Event as Input, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};
use ratatui::layout::Size;

use crate::data::run::TerminalOutput;
use crate::data::sample::Interest;
use crate::data::scene::Scene;
use crate::model::activity::waits;
use crate::tui::cursor::Cursor;
use crate::tui::keys::Action;
use crate::tui::mouse::MouseTarget;
use crate::tui::rerun::RerunAnswer;
use crate::tui::rows::{RowKey, RowRequest, TableRow};
use crate::tui::runs::{RunsList, RunsScreen};
use crate::tui::stacks::StacksAnswer;
use crate::tui::state::output::Transcript;
use crate::tui::state::parts::{Mode, Opened, Pane, Purpose, TableState, Typed, View};
use crate::tui::state::playback::Playback;
use crate::tui::watched::WatchedThread;
use crate::tui::what_if::WhatIf;
use crate::tui::{Appearance, Effect, keys, layout, mouse, rows, typing, view};

/// What the dashboard is told.
#[derive(Clone, Debug)]
pub enum Event {
    /// A key, the mouse, a new size.
    Input(Input),
    /// A newer scene.
    Scene(Arc<Scene>),
    /// What is known of the kept runs.
    Runs(Arc<RunsList>),
    /// There will be no newer scene.
    Silence,
    /// Newer output of the command.
    Output(Arc<TerminalOutput>),
    /// Some time has passed since Ctrl-C was sent to the command.
    Calm,
    /// What a rerun would do.
    Rerun(Arc<RerunAnswer>),
    /// Stacks that were asked for.
    Stacks(Arc<StacksAnswer>),
}

/// Everything on screen follows from this.
#[derive(Debug)]
pub struct Dashboard {
    look: Appearance,
    size: Size,
    playback: Playback,
    view: View,
    mode: Mode,
    tables: [TableState; View::ALL.len()],
    typed: Typed,
    opened: Opened,
    follow: bool,
    pane: Pane,
    rows: Vec<TableRow>,
    transcript: Transcript,
    runs: RunsScreen,
    stopped_ns: u64,
}

/// Longest line that can be typed.
const LONGEST_LINE: usize = 120;
/// Rows a notch of the wheel scrolls.
const NOTCH: isize = 3;

impl Dashboard {
    /// The dashboard of a first scene on a screen of this size.
    pub fn new(look: Appearance, size: Size, scene: Arc<Scene>) -> Self {
        let tables = View::ALL.map(|view| TableState { cursor: Cursor::default(), sort: rows::usual_sort(view) });
        let mut dashboard = Self {
            look,
            size,
            playback: Playback::new(scene),
            view: View::Overview,
            mode: Mode::Browse,
            tables,
            typed: Typed::default(),
            opened: Opened::default(),
            follow: false,
            pane: Pane::Hidden,
            rows: Vec::new(),
            transcript: Transcript::default(),
            runs: RunsScreen::default(),
            stopped_ns: 0,
        };
        dashboard.renew();
        dashboard
    }

    /// The one place that changes state. An effect is for the caller.
    pub fn update(&mut self, event: Event) -> Option<Effect> {
        match event {
            Event::Scene(scene) => {
                if self.playback.take(scene) {
                    self.show_scene();
                }
            }
            Event::Runs(shelf) => self.runs.take(RunsList::clone(&shelf)),
            Event::Silence => {
                self.playback.fall_silent();
                self.show_scene();
            }
            Event::Output(output) => self.take_output(output),
            Event::Calm => self.calm_down(),
            Event::Rerun(answer) => self.hear_rerun(answer),
            Event::Stacks(answer) => self.hear_stacks(answer),
            Event::Input(Input::Resize(width, height)) => {
                self.size = Size::new(width, height);
                self.renew();
                self.settle(true);
            }
            Event::Input(Input::Key(key)) if key.kind != KeyEventKind::Release => return self.key(&key),
            Event::Input(Input::Mouse(event)) => return self.mouse(event),
            Event::Input(_) => {}
        }
        None
    }

    /// What the next sample should hold beside the usual: details of the threads on screen, by rising key, what the threads
    /// of the groups on screen wait for, the kernel stack of the thread in the detail pane.
    pub fn interest(&self) -> Interest {
        let height = layout::of(self).list.height;
        let visible = self.rows.iter().skip(self.cursor().top()).take(usize::from(height));
        let scene = &self.playback.shown;
        let mut groups = vec![false; scene.groups.len()];
        let mut details = Vec::new();
        for row in visible {
            match *row {
                TableRow::Thread(at) => details.extend(scene.threads.get(at).map(|thread| thread.key)),
                TableRow::Group(at) => groups.get_mut(at).into_iter().for_each(|wanted| *wanted = true),
                _ => {}
            }
        }
        if let Some(RowKey::Group(key)) = self.cursor().selected() {
            let selected = scene.groups.iter().position(|group| group.key == *key);
            selected.into_iter().for_each(|at| groups[at] = true);
        }
        let stack = self.watched().filter(|watched| !watched.ended).map(|watched| watched.thread.key);
        details.extend(stack);
        details.sort_unstable();
        details.dedup();
        Interest { details, waits: waits::to_look_at(scene, |at| groups.get(at) == Some(&true)), stack }
    }

    /// Takes in that another scene is on screen.
    fn show_scene(&mut self) {
        if let Pane::Shown(Some(watched)) = &mut self.pane {
            watched.see(&self.playback.shown);
        }
        self.renew();
    }

    /// Makes the rows anew; the selection finds its row again.
    fn renew(&mut self) {
        let width = layout::of(self).list.width;
        self.rows = rows::of(&self.playback.shown, &self.wish(Some(&self.opened), &self.typed.filter, width));
        self.settle(self.follow);
    }

    fn wish<'a>(&self, opened: Option<&'a Opened>, filter: &'a str, width: u16) -> RowRequest<'a> {
        RowRequest { view: self.view, sort: self.sort(), filter, opened, width }
    }

    fn settle(&mut self, reveal: bool) {
        let height = self.list_height();
        let cursor = &mut self.tables[self.view as usize].cursor;
        cursor.settle(&self.playback.shown, &self.rows, height, reveal);
    }

    fn list_height(&self) -> usize {
        usize::from(layout::of(self).list.height)
    }

    fn select(&mut self, at: usize) {
        let height = self.list_height();
        self.tables[self.view as usize].cursor.select(&self.playback.shown, &self.rows, at, height);
        self.watch_selected();
    }

    fn select_key(&mut self, key: &RowKey) {
        let height = self.list_height();
        self.tables[self.view as usize].cursor.select_key(&self.playback.shown, &self.rows, key, height);
        self.watch_selected();
    }

    fn watch_selected(&mut self) {
        let Pane::Shown(watched) = &self.pane else { return };
        let selected = match self.cursor().selected() {
            Some(RowKey::Thread(key)) => *key,
            _ => return self.pane = Pane::Shown(None),
        };
        if watched.as_ref().is_none_or(|watched| watched.thread.key != selected) {
            self.pane = Pane::Shown(WatchedThread::begin(&self.playback.shown, selected).map(Box::new));
        }
    }

    fn key(&mut self, key: &KeyEvent) -> Option<Effect> {
        match keys::action(key, self.place()) {
            Some(action) => return self.act(action),
            None if self.mode == Mode::Typing => return typing::bytes(key).map(Effect::Type),
            None => self.type_character(key),
        }
        None
    }

    fn type_character(&mut self, key: &KeyEvent) {
        let plain = !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        if let (Mode::Line(purpose, _), KeyCode::Char(character), true) = (&self.mode, key.code, plain) {
            let purpose = *purpose;
            let line = self.line(purpose);
            if line.chars().count() < LONGEST_LINE && !character.is_control() {
                line.push(character);
                self.typed_more(purpose);
            }
        }
    }

    fn line(&mut self, purpose: Purpose) -> &mut String {
        match purpose {
            Purpose::Search => &mut self.typed.search,
            Purpose::Filter => &mut self.typed.filter,
        }
    }

    fn typed_more(&mut self, purpose: Purpose) {
        match purpose {
            Purpose::Filter => self.renew(),
            Purpose::Search => self.search(0),
        }
    }

    fn mouse(&mut self, event: MouseEvent) -> Option<Effect> {
        match event.kind {
            MouseEventKind::ScrollUp => self.scroll(-NOTCH),
            MouseEventKind::ScrollDown => self.scroll(NOTCH),
            MouseEventKind::Down(MouseButton::Left) => match mouse::hit(self, event.column, event.row)? {
                MouseTarget::Row(at) if self.is_selected(at) => {
                    return self.act(Action::Enter);
                }
                MouseTarget::Run(at) if at == self.runs.at() => self.runs.toggle(),
                MouseTarget::Run(at) => self.runs.select(at),
                MouseTarget::Row(at) => self.select(at),
                MouseTarget::Fold(at) => {
                    self.select(at);
                    return self.act(Action::Fold);
                }
                MouseTarget::Heading(column) => self.sort_by(column),
                MouseTarget::Button(action) => return self.act(action),
                MouseTarget::Slider(at, value) => self.try_caps(|what_if, scene| what_if.set(scene, at, value)),
            },
            _ => {}
        }
        None
    }

    fn is_selected(&self, at: usize) -> bool {
        self.cursor().selected().is_some() && rows::whole(&self.rows, at).contains(&self.cursor().at())
    }

    fn try_caps(&mut self, change: impl FnOnce(&mut WhatIf, &Scene)) {
        if let Mode::WhatIf(what_if) = &mut self.mode {
            change(what_if, &self.playback.shown);
        }
    }

    fn scroll(&mut self, down: isize) {
        let height = self.list_height();
        match &mut self.mode {
            Mode::Help(top) => *top = top.saturating_add_signed(down),
            Mode::Rerun(rerun) => rerun.top = rerun.top.saturating_add_signed(down),
            Mode::Stacks(stacks) => stacks.top = stacks.top.saturating_add_signed(down),
            Mode::Runs => {
                let height = view::runs::height(self);
                self.runs.travel(|at, last| at.saturating_add_signed(down).min(last), height);
            }
            Mode::WhatIf(what_if) => what_if.change(&self.playback.shown, if down < 0 { 1 } else { -1 }),
            _ if self.view == View::Output => self.scroll_output(down),
            _ => self.tables[self.view as usize].cursor.scroll(self.rows.len(), down, height),
        }
        self.bound_help();
    }

    fn bound_help(&mut self) {
        self.bound_rerun();
        self.bound_stacks();
        let most = view::help::overflow(self);
        if let Mode::Help(top) = &mut self.mode {
            *top = (*top).min(most);
        }
    }
}
