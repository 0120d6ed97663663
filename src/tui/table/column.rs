//! What a column is. `columns` has a row for each; whatever is shown, sorted by or clicked of a column follows from it.

use std::collections::HashSet;
use std::fmt;

use crate::data::scene::{Confidence, Group, GroupKey, ProcessState, Scene, Thread};
use crate::present::format;
use crate::tui::glyphs;
use crate::tui::table::opened::Opened;
use crate::tui::tabs::View;
use crate::tui::theme::Role;

/// One column of the tables.
pub struct Column {
    /// Its heading, with the unit.
    pub title: &'static str,
    /// A heading that depends on the scene and the room there is.
    pub heading: Option<fn(&Scene, u16) -> String>,
    /// Cells it may take.
    pub width: Width,
    /// What its values are.
    pub kind: Kind,
    /// Views that have it, each with its rank from the left on narrow screens; without a rank it is not shown there.
    pub on: &'static [(View, Option<u8>)],
    /// Views that are sorted by it before anybody chose an order; other views by their first column.
    pub usual_in: &'static [View],
    /// Which targets have it.
    pub when: When,
    /// Columns with a number go before any other where there is no room, the lowest first; the rest go from the right.
    pub goes: Option<u8>,
    /// Its part of a thread's row below the thread's group.
    pub below_group: BelowGroup,
    /// What it shows of a group, and sorts groups by.
    pub group: Option<CellOf<Group>>,
    /// The same of a thread.
    pub thread: Option<CellOf<Thread>>,
    /// The same of a process.
    pub process: Option<CellOf<ProcessState>>,
}

/// Cells a column may take.
#[derive(Clone, Copy, Debug)]
pub struct Width {
    /// Fewest.
    pub least: u16,
    /// Most.
    pub most: u16,
    /// So many or else the fewest, before other columns get more: with a part of the room for a word it has no word.
    pub in_words: Option<u16>,
}

/// What a column's values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text: stands left, the first of the alphabet first.
    Text,
    /// A number: stands right, the greatest first.
    Number,
    /// A number that only names: stands right, the lowest first.
    Id,
}

/// Which targets have a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// All.
    Always,
    /// Those that were started with caps.
    Capped,
    /// Those with several processes.
    Several,
    /// Those that are several ranks of a job.
    Ranks,
}

/// A column's part of a thread's row below its group: a thread has no limit of its own, so that what it does takes the
/// place of the limit, its source and the number of threads, where these stand side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BelowGroup {
    /// Its own cell.
    Own,
    /// The first of the merged cells.
    Starts,
    /// One in their middle.
    Joins,
    /// The last, which writes them.
    Writes,
}

/// What a column shows of a thing, and the value it is sorted by; without a value no order.
pub struct CellOf<T: 'static> {
    /// The cell, in so much room; a process stands so deep in the tree.
    pub write: fn(&T, &CellContext<'_>, CellRoom) -> Cell,
    /// The value.
    pub value: Option<for<'a> fn(&'a T, &'a Scene) -> Value<'a>>,
}

impl<T> Clone for CellOf<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for CellOf<T> {}

/// Pieces of text and what they mean.
pub type Cell = Vec<(Role, String)>;

/// What a row is sorted by.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    /// A number.
    Number(f64),
    /// A text.
    Text(&'a str),
    /// Not known: always last.
    Missing,
}

impl From<Option<f64>> for Value<'_> {
    fn from(number: Option<f64>) -> Self {
        number.map_or(Self::Missing, Self::Number)
    }
}

/// Room for a cell.
#[derive(Clone, Copy, Debug)]
pub struct CellRoom {
    /// Cells of the screen.
    pub width: u16,
    /// How deep the row stands in a tree.
    pub depth: u16,
}

/// What all cells of a frame share.
pub struct CellContext<'a> {
    /// The scene.
    pub scene: &'a Scene,
    /// Groups that show their threads.
    pub opened: &'a Opened,
    /// The filter's text.
    pub filter: &'a str,
    /// The CPUs that a full bar stands for.
    pub bar: f64,
    /// The CPUs that a full glyph of a spark stands for.
    pub spark: f64,
    /// Groups to which a thread belongs only by guess.
    pub guessed: HashSet<&'a GroupKey>,
}

impl<'a> CellContext<'a> {
    /// Of a scene.
    pub fn of(scene: &'a Scene, opened: &'a Opened, filter: &'a str) -> Self {
        let unsure = scene.threads.iter().filter(|it| it.attribution.confidence == Confidence::Guess);
        let wanted = scene.groups.iter().filter_map(|group| group.demand).map(|demand| demand.wanted);
        Self {
            scene,
            opened,
            filter,
            bar: wanted.filter(|wanted| wanted.is_finite()).fold(scene.capacity.effective_cpus, f64::max),
            spark: glyphs::greatest(scene.groups.iter().flat_map(|group| glyphs::last(&group.history, 200))),
            guessed: unsure.filter_map(|thread| Some(&scene.groups.get(thread.group)?.key)).collect(),
        }
    }
}

impl Column {
    /// Its heading in this much room.
    pub fn heading(&self, scene: &Scene, room: u16) -> String {
        format::fit(&self.heading.map_or_else(|| self.title.to_owned(), |heading| heading(scene, room)), room)
    }

    /// Whether its values stand right.
    pub fn is_number(&self) -> bool {
        self.kind != Kind::Text
    }

    /// Whether the greatest value stands first when it is chosen for sorting.
    pub fn falls_first(&self) -> bool {
        self.kind == Kind::Number
    }

    /// Whether rows can be sorted by it.
    pub fn sorts(&self) -> bool {
        self.group.is_some_and(|of| of.value.is_some())
            || self.thread.is_some_and(|of| of.value.is_some())
            || self.process.is_some_and(|of| of.value.is_some())
    }
}

/// A column is the same only as itself: each stands once in the table.
impl PartialEq for Column {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Column {}

impl fmt::Debug for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {:?}", self.title, self.on.first())
    }
}
