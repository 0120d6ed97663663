//! The screen of kept runs: which is selected, which are marked, which comparison is read.

use crate::tui::messages::runs::{ComparisonText, RunsList};
/// The screen of kept runs.
#[derive(Clone, Debug, Default)]
pub struct RunsScreen {
    list: RunsList,
    selected: Option<String>,
    /// Where the selected run was last seen.
    at: usize,
    marked: Vec<String>,
    /// The comparison that was asked for, and the first of its lines on screen.
    asked: Option<(Vec<String>, usize)>,
}

impl RunsScreen {
    /// Takes in what is known now; the selection finds its run again.
    pub fn take(&mut self, list: RunsList) {
        self.marked.retain(|id| list.runs.iter().any(|run| run.id == *id));
        let place = list.runs.iter().position(|run| Some(&run.id) == self.selected.as_ref());
        self.list = list;
        self.select(place.unwrap_or(self.at));
    }

    /// What is known.
    pub fn list(&self) -> &RunsList {
        &self.list
    }

    /// The place of the selected run.
    pub fn at(&self) -> usize {
        self.at
    }

    /// The side that a run is marked as, from 0.
    pub fn mark(&self, id: &str) -> Option<usize> {
        self.marked.iter().position(|marked| marked == id)
    }

    /// How many are marked.
    pub fn marks(&self) -> usize {
        self.marked.len()
    }

    /// The first line on screen of the comparison that was asked for, and the comparison once it is there; none while the
    /// list is shown.
    pub fn comparison(&self) -> Option<(usize, Option<&ComparisonText>)> {
        let (asked, top) = self.asked.as_ref()?;
        Some((*top, self.list.compared.as_ref().filter(|compared| compared.runs == *asked)))
    }

    /// What to ask for.
    pub fn compared_names(&self) -> Vec<String> {
        self.asked.as_ref().map_or_else(Vec::new, |(runs, _)| runs.clone())
    }

    /// Selects the run at a place, or scrolls the comparison to there; never beyond the end.
    pub fn travel(&mut self, moved: impl Fn(usize, usize) -> usize, height: usize) {
        match &mut self.asked {
            Some((asked, top)) => {
                let compared = self.list.compared.as_ref().filter(|compared| compared.runs == *asked);
                *top = moved(*top, compared.map_or(0, |compared| compared.lines.len().saturating_sub(height)));
            }
            None => self.select(moved(self.at, self.list.runs.len().saturating_sub(1))),
        }
    }

    /// Selects the run at a place.
    pub fn select(&mut self, at: usize) {
        self.at = at.min(self.list.runs.len().saturating_sub(1));
        self.selected = self.list.runs.get(self.at).map(|run| run.id.clone());
    }

    /// Selects a run; marks the one that is selected already, or takes its mark away.
    pub fn click(&mut self, id: &str) {
        if self.selected.as_deref() == Some(id) {
            self.toggle();
        } else if let Some(at) = self.list.runs.iter().position(|run| run.id == id) {
            self.select(at);
        }
    }

    /// Marks the selected run, or takes its mark away.
    pub fn toggle(&mut self) {
        let Some(id) = self.selected.clone().filter(|_| self.asked.is_none()) else { return };
        match self.mark(&id) {
            Some(place) => drop(self.marked.remove(place)),
            None => self.marked.push(id),
        }
    }

    /// Asks for the comparison of what is marked: two at least.
    pub fn compare(&mut self) {
        if self.marked.len() >= 2 && self.asked.is_none() {
            self.asked = Some((self.marked.clone(), 0));
        }
    }

    /// Back to the list; false where that is on screen already.
    pub fn back(&mut self) -> bool {
        self.asked.take().is_some()
    }
}
