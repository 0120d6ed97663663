//! The picker's state, and the one place that changes it.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Size;

use crate::data::Pid;
use crate::data::job::Job;
use crate::data::scene::Scene;
use crate::present::block::job::ranks_together;
use crate::present::format::contains;
use crate::tui::keys::{Action, Key, KeyContext, KeyMap};
use crate::tui::theme::Appearance;

/// What there is to choose from.
#[derive(Clone, Debug, Default)]
pub struct PickerList {
    /// One scene a process.
    pub scenes: Vec<Arc<Scene>>,
    /// Jobs of which several ranks are among them.
    pub jobs: Vec<Job>,
    /// What was looked for and found, in one line.
    pub note: String,
}

/// What a person chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picked {
    /// The process; of a job that of its lowest rank here.
    pub pid: Pid,
    /// Whether the other ranks of its job were meant, too.
    pub job: bool,
}

/// A row of the list.
#[derive(Clone, Copy, Debug)]
pub(super) enum PickerRow<'a> {
    /// A job; the rows of its ranks follow.
    Job(&'a Job),
    /// A process, and its job.
    Process(&'a Scene, Option<&'a Job>),
}

impl PickerRow<'_> {
    /// What choosing it means, and what it is found again by.
    pub(super) fn picked(self) -> Picked {
        match self {
            Self::Job(job) => Picked { pid: job.scene.target.pid, job: true },
            Self::Process(scene, _) => Picked { pid: scene.target.pid, job: false },
        }
    }
}

/// What the picker came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// This process or job.
    Attach(Picked),
    /// None.
    Leave,
    /// None yet; everything is to be drawn anew.
    Redraw,
    /// None yet; tftop is to stop until the shell lets it go on.
    Suspend,
}

/// What changes it.
#[derive(Clone, Debug)]
pub(super) enum PickerEvent {
    /// A key was pressed.
    Key(KeyEvent),
    /// A row was clicked.
    Click(Picked),
    /// The wheel was turned by this many rows, downwards.
    Scroll(isize),
    /// The screen has another size.
    Resize(Size),
}

/// The order of the processes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Order {
    /// Those that want most CPUs first.
    #[default]
    Busiest,
    /// By rising pid.
    Pid,
    /// Those that run for the shortest time first.
    Newest,
    /// By command.
    Command,
}

impl Order {
    /// The next one, around in a ring.
    fn next(self) -> Self {
        match self {
            Self::Busiest => Self::Pid,
            Self::Pid => Self::Newest,
            Self::Newest => Self::Command,
            Self::Command => Self::Busiest,
        }
    }

    /// In words.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Busiest => "busiest first",
            Self::Pid => "by pid",
            Self::Newest => "newest first",
            Self::Command => "by command",
        }
    }

    fn sort(self, scenes: &mut [&Scene]) {
        // Halves of a CPU: rows that want about the same must not change places at every look.
        let halves = |scene: &Scene| scene.demand.map_or(0, |demand| (demand.wanted.max(0.0) * 2.0).round() as u64);
        match self {
            Self::Busiest => scenes.sort_by_key(|scene| (std::cmp::Reverse(halves(scene)), scene.target.pid)),
            Self::Pid => scenes.sort_by_key(|scene| scene.target.pid),
            Self::Newest => scenes.sort_by(|a, b| a.target.uptime_s.total_cmp(&b.target.uptime_s)),
            Self::Command => scenes.sort_by(|a, b| a.target.command.cmp(&b.target.command)),
        }
    }
}

/// The picker's state.
#[derive(Debug)]
pub struct Picker {
    look: Appearance,
    keys: KeyMap,
    size: Size,
    listing: PickerList,
    filter: String,
    typing: bool,
    selected: Option<Picked>,
    /// Where the selected row was last seen.
    at: usize,
    order: Order,
    help: bool,
    /// Why the last key did nothing.
    said: Option<String>,
}

const LONGEST_FILTER: usize = 60;

impl Picker {
    /// A picker on a screen of this size.
    pub fn new(look: Appearance, keys: KeyMap, size: Size, listing: PickerList) -> Self {
        let mut picker = Self {
            look,
            keys,
            size,
            listing,
            filter: String::new(),
            typing: false,
            selected: None,
            at: 0,
            order: Order::default(),
            help: false,
            said: None,
        };
        picker.select(0);
        picker
    }

    /// The one place that changes it, but for a new list.
    pub(super) fn update(&mut self, event: PickerEvent) -> Option<Choice> {
        match event {
            PickerEvent::Resize(size) => self.size = size,
            PickerEvent::Key(key) => return self.key(&key),
            PickerEvent::Scroll(rows) => self.select(self.at.saturating_add_signed(rows)),
            PickerEvent::Click(row) if Some(row) == self.selected => return Some(Choice::Attach(row)),
            PickerEvent::Click(row) => {
                self.selected = Some(row);
                self.settle();
            }
        }
        None
    }

    /// Shows a newer list; the selection finds its process again.
    pub(super) fn renew(&mut self, listing: PickerList) {
        let had_demand = self.has_demand();
        self.listing = listing;
        // Before there is a demand nobody is the busiest: who has not moved yet starts at the top once there is.
        match !had_demand && self.has_demand() && self.at == 0 {
            true => self.select(0),
            false => self.settle(),
        }
    }

    fn has_demand(&self) -> bool {
        self.listing.scenes.iter().any(|scene| scene.demand.is_some())
    }

    /// Finds the selected process again; one that is gone hands the selection to its successor.
    fn settle(&mut self) {
        let at = self.shown().iter().position(|row| Some(row.picked()) == self.selected);
        self.select(at.unwrap_or(self.at));
    }

    fn select(&mut self, at: usize) {
        let shown = self.shown();
        let at = at.min(shown.len().saturating_sub(1));
        let selected = shown.get(at).map(|row| row.picked());
        (self.at, self.selected) = (at, selected);
    }

    fn key(&mut self, key: &KeyEvent) -> Option<Choice> {
        let place = if self.typing { KeyContext::Line } else { KeyContext::Picker };
        let page = usize::from(self.size.height).saturating_sub(5).max(1);
        self.said = None;
        let help = std::mem::take(&mut self.help);
        match self.keys.action(key, place) {
            Some(Action::Quit | Action::Interrupt) => return Some(Choice::Leave),
            Some(Action::Redraw) => return Some(Choice::Redraw),
            Some(Action::Suspend) => return Some(Choice::Suspend),
            Some(Action::Enter) if self.typing => self.typing = false,
            Some(Action::Enter) => return self.selected.map(Choice::Attach),
            Some(Action::Help) => self.help = !help,
            Some(Action::Back) if help => {}
            Some(Action::SortMenu) => {
                self.order = self.order.next();
                self.settle();
            }
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
            None if self.typing => self.type_character(key),
            None => self.said = Key::of(key).map(|key| self.refusal(key)),
        }
        None
    }

    fn refusal(&self, key: Key) -> String {
        let help = (Action::Help, "lists the keys");
        self.keys.after(&format!("{key} does nothing here"), "; ", KeyContext::Picker, help)
    }

    fn type_character(&mut self, key: &KeyEvent) {
        let plain = !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        if let (true, KeyCode::Char(character)) = (plain, key.code)
            && self.filter.chars().count() < LONGEST_FILTER
            && !character.is_control()
        {
            self.filter.push(character);
            self.settle();
        }
    }
}

/// What the view reads.
impl Picker {
    /// How it looks.
    pub fn look(&self) -> Appearance {
        self.look
    }

    /// The keys.
    pub fn keys(&self) -> &KeyMap {
        &self.keys
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

    /// Their order.
    pub(super) fn order(&self) -> Order {
        self.order
    }

    /// Whether the keys are listed.
    pub fn shows_help(&self) -> bool {
        self.help
    }

    /// Why the last key did nothing.
    pub fn said(&self) -> Option<&str> {
        self.said.as_deref()
    }

    /// The processes that contain the filter's text, in their order; the ranks of a job below its row, by number.
    pub(super) fn shown(&self) -> Vec<PickerRow<'_>> {
        let kept = |scene: &&Scene| {
            let target = &scene.target;
            let user = target.user.as_deref().unwrap_or_default();
            contains(&format!("{} {user} {}", target.pid, target.command), &self.filter)
        };
        let mut shown: Vec<&Scene> = self.listing.scenes.iter().map(AsRef::as_ref).filter(kept).collect();
        self.order.sort(&mut shown);
        let mut rows = Vec::new();
        let mut above = None;
        for (scene, of) in ranks_together(shown, &self.listing.jobs) {
            let key = of.map(|job| &job.key);
            if let Some(job) = of.filter(|_| key != above) {
                rows.push(PickerRow::Job(job));
            }
            above = key;
            rows.push(PickerRow::Process(scene, of));
        }
        rows
    }
}
