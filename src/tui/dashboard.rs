//! The dashboard's state, and the one place that changes it. Draws nothing and reads no clock.

use std::collections::HashSet;
use std::sync::Arc;

use crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseEvent, MouseEventKind};
use ratatui::layout::Size;

use super::column::Column;
use super::cursor::Cursor;
use super::keys::{self, Action, Place};
use super::mouse::{self, Hit};
use super::rows::{self, RowKey, Wish};
use super::sort::Sort;
use super::theme::Theme;
use super::watched::Watched;
use super::{Effect, Look, layout, view};
use crate::fact::{Interest, ThreadKey};
use crate::model::Scene;
use crate::model::scene::{Group, GroupKey};

pub use super::rows::Row;

/// What the dashboard is told.
#[derive(Clone, Debug)]
pub enum Event {
    /// A key, the mouse, a new size.
    Input(Input),
    /// A newer scene.
    Scene(Arc<Scene>),
    /// There will be no newer scene.
    Silence,
}

/// What the main area shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Capacity, demand, groups.
    Overview,
    /// Every thread in one table.
    Threads,
    /// The target's processes as a tree.
    Processes,
    /// What is missing, and why.
    Missing,
}

impl View {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::Overview, Self::Threads, Self::Processes, Self::Missing];

    /// Its name on the tab.
    pub fn name(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Threads => "Threads",
            Self::Processes => "Processes",
            Self::Missing => "Missing",
        }
    }
}

/// What keys are for at the moment.
#[derive(Clone, Debug, PartialEq)]
pub enum Mode {
    /// Moving in the table.
    Browse,
    /// Reading the help, from this line on.
    Help(usize),
    /// Choosing a column to sort by.
    Menu(Column),
    /// Typing a line; the text there was before comes back when it is abandoned.
    Line(Purpose, String),
}

/// What a typed line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To jump to a row.
    Search,
    /// To hide other rows.
    Filter,
}

/// Whether scenes keep coming.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Every new scene is shown.
    Live,
    /// The scene is frozen; newer ones are kept aside.
    Paused,
    /// There are no newer scenes.
    Silent,
}

/// The typed texts.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    /// What rows must contain.
    pub filter: String,
    /// What `n` looks for.
    pub search: String,
}

/// The detail pane beside or below the table.
#[derive(Clone, Debug)]
pub enum Pane {
    /// Not shown.
    Hidden,
    /// Shows the selected row: a thread with what was seen since, or else whatever is selected.
    Shown(Option<Box<Watched>>),
}

/// A table's selection and order.
#[derive(Clone, Debug)]
pub struct Table {
    /// Selection and scroll position.
    pub cursor: Cursor,
    /// Order of the rows.
    pub sort: Sort,
}

/// Everything on screen follows from this.
#[derive(Debug)]
pub struct Dashboard {
    look: Look,
    size: Size,
    scene: Arc<Scene>,
    newest: Arc<Scene>,
    pace: Pace,
    view: View,
    mode: Mode,
    tables: [Table; View::ALL.len()],
    typed: Typed,
    unfolded: HashSet<GroupKey>,
    follow: bool,
    pane: Pane,
    rows: Vec<Row>,
}

/// Longest line that can be typed.
const LONGEST_LINE: usize = 120;
/// Rows a notch of the wheel scrolls.
const NOTCH: isize = 3;

impl Dashboard {
    /// The dashboard of a first scene on a screen of this size.
    pub fn new(look: Look, size: Size, scene: Arc<Scene>) -> Self {
        let tables = View::ALL.map(|view| Table { cursor: Cursor::default(), sort: rows::usual_sort(view) });
        let mut dashboard = Self {
            look,
            size,
            newest: scene.clone(),
            scene,
            pace: Pace::Live,
            view: View::Overview,
            mode: Mode::Browse,
            tables,
            typed: Typed::default(),
            unfolded: HashSet::new(),
            follow: false,
            pane: Pane::Hidden,
            rows: Vec::new(),
        };
        dashboard.renew();
        dashboard
    }

    /// The one place that changes state. An effect is for the caller.
    pub fn update(&mut self, event: Event) -> Option<Effect> {
        match event {
            Event::Scene(scene) => self.take(scene),
            Event::Silence => {
                self.pace = Pace::Silent;
                self.show_newest();
            }
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

    /// Threads whose details the next sample should hold: those on screen, by rising key.
    pub fn interest(&self) -> Interest {
        let height = layout::of(self).list.height;
        let visible = self.rows.iter().skip(self.cursor().top()).take(usize::from(height));
        let mut details: Vec<ThreadKey> = visible
            .filter_map(|row| match *row {
                Row::Thread(at) => self.scene.threads.get(at).map(|thread| thread.key),
                _ => None,
            })
            .chain(self.watched().filter(|watched| !watched.ended).map(|watched| watched.thread.key))
            .collect();
        details.sort_unstable();
        details.dedup();
        Interest { details }
    }

    fn take(&mut self, scene: Arc<Scene>) {
        self.newest = scene;
        if self.pace != Pace::Paused {
            self.show_newest();
        }
    }

    fn show_newest(&mut self) {
        self.scene = self.newest.clone();
        if let Pane::Shown(Some(watched)) = &mut self.pane {
            watched.see(&self.scene);
        }
        self.renew();
    }

    /// Makes the rows anew; the selection finds its row again.
    fn renew(&mut self) {
        let width = layout::of(self).list.width;
        self.rows = rows::of(&self.scene, &self.wish(Some(&self.unfolded), &self.typed.filter, width));
        self.settle(self.follow);
    }

    fn wish<'a>(&self, unfolded: Option<&'a HashSet<GroupKey>>, filter: &'a str, width: u16) -> Wish<'a> {
        Wish { view: self.view, sort: self.sort(), filter, unfolded, width }
    }

    fn settle(&mut self, reveal: bool) {
        let height = self.list_height();
        let cursor = &mut self.tables[self.view as usize].cursor;
        cursor.settle(&self.scene, &self.rows, height, reveal);
    }

    fn list_height(&self) -> usize {
        usize::from(layout::of(self).list.height)
    }

    fn select(&mut self, at: usize) {
        let height = self.list_height();
        self.tables[self.view as usize].cursor.select(&self.scene, &self.rows, at, height);
        self.watch_selected();
    }

    fn select_key(&mut self, key: &RowKey) {
        let height = self.list_height();
        self.tables[self.view as usize].cursor.select_key(&self.scene, &self.rows, key, height);
        self.watch_selected();
    }

    fn watch_selected(&mut self) {
        let Pane::Shown(watched) = &self.pane else { return };
        let selected = match self.cursor().selected() {
            Some(RowKey::Thread(key)) => *key,
            _ => return self.pane = Pane::Shown(None),
        };
        if watched.as_ref().is_none_or(|watched| watched.thread.key != selected) {
            self.pane = Pane::Shown(Watched::begin(&self.scene, selected).map(Box::new));
        }
    }

    fn key(&mut self, key: &KeyEvent) -> Option<Effect> {
        match keys::action(key, self.place()) {
            Some(action) => return self.act(action),
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
            MouseEventKind::Down(_) => match mouse::hit(self, event.column, event.row)? {
                Hit::Row(at) if self.cursor().selected().is_some() && self.cursor().at() == at => {
                    return self.act(Action::Enter);
                }
                Hit::Row(at) => self.select(at),
                Hit::Fold(at) => {
                    self.select(at);
                    return self.act(Action::Fold);
                }
                Hit::Heading(column) => self.sort_by(column),
                Hit::Button(action) => return self.act(action),
            },
            _ => {}
        }
        None
    }

    fn scroll(&mut self, down: isize) {
        let height = self.list_height();
        match &mut self.mode {
            Mode::Help(top) => *top = top.saturating_add_signed(down),
            _ => self.tables[self.view as usize].cursor.scroll(self.rows.len(), down, height),
        }
        self.bound_help();
    }

    fn bound_help(&mut self) {
        let most = view::help::overflow(self);
        if let Mode::Help(top) = &mut self.mode {
            *top = (*top).min(most);
        }
    }
}

/// What views may ask.
impl Dashboard {
    /// How it looks.
    pub fn look(&self) -> Look {
        self.look
    }

    /// Roles as styles.
    pub fn theme(&self) -> Theme {
        Theme::new(self.look.theme, self.look.color)
    }

    /// The screen's size.
    pub fn size(&self) -> Size {
        self.size
    }

    /// The scene on screen.
    pub fn scene(&self) -> &Scene {
        &self.scene
    }

    /// The newest scene; another than the one on screen while it is paused.
    pub fn newest(&self) -> &Scene {
        &self.newest
    }

    /// Whether scenes keep coming.
    pub fn pace(&self) -> Pace {
        self.pace
    }

    /// What the main area shows.
    pub fn view(&self) -> View {
        self.view
    }

    /// What keys are for.
    pub fn mode(&self) -> &Mode {
        &self.mode
    }

    /// The typed texts.
    pub fn typed(&self) -> &Typed {
        &self.typed
    }

    /// Which keys count now.
    pub fn place(&self) -> Place {
        match self.mode {
            Mode::Browse => Place::Table,
            Mode::Help(_) => Place::Help,
            Mode::Menu(_) => Place::Menu,
            Mode::Line(..) => Place::Line,
        }
    }

    /// Selection and scroll position of the view.
    pub fn cursor(&self) -> &Cursor {
        &self.tables[self.view as usize].cursor
    }

    /// The view's order.
    pub fn sort(&self) -> Sort {
        self.tables[self.view as usize].sort
    }

    /// The view's columns.
    pub fn columns(&self) -> &'static [Column] {
        Column::of(self.view, self.size.width, self.scene.target.processes.len() > 1)
    }

    /// Those of them that rows can be sorted by.
    pub fn sortable(&self) -> Vec<Column> {
        self.columns().iter().copied().filter(|column| column.sorts()).collect()
    }

    /// The view's rows.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Whether a group's threads are shown: it was opened, or the filter's text is in them and not in its name.
    pub fn is_open(&self, group: &Group) -> bool {
        self.unfolded.contains(&group.key) || !rows::contains(&group.label, &self.typed.filter)
    }

    /// Whether the selected row is kept in sight.
    pub fn follows(&self) -> bool {
        self.follow
    }

    /// The detail pane.
    pub fn pane(&self) -> &Pane {
        &self.pane
    }

    /// The thread in the detail pane.
    pub fn watched(&self) -> Option<&Watched> {
        match &self.pane {
            Pane::Shown(Some(watched)) => Some(watched),
            _ => None,
        }
    }
}

#[path = "actions.rs"]
mod actions;
