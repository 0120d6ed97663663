//! Which keys do what: the table of keys, with the keys that the settings file gives instead. Dispatches, and names keys for
//! whatever is said of them.

use crossterm::event::KeyEvent;

use crate::tui::keys::actions::{Action, KeyContext};
use crate::tui::keys::bindings::{BINDINGS, Binding};
use crate::tui::keys::key::Key;

/// The keys in force.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyMap(Vec<BoundRow>);

/// A row of the table of keys, with the keys in force.
#[derive(Clone, Debug, PartialEq)]
pub struct BoundRow {
    /// What they do where.
    pub binding: &'static Binding,
    /// The first is the one on the key bar; none where nobody can do it by a key.
    pub keys: Vec<Key>,
}

/// Other keys for an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remap {
    action: Action,
    keys: Vec<Key>,
    /// The line of the settings file.
    line: usize,
}

/// Keys that the settings file gives, and that an action does not get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The line of the settings file.
    pub line: usize,
    /// Why not, and what it has instead.
    pub why: String,
}

/// One key for two actions in one place.
struct Clash {
    key: Key,
    actions: [Action; 2],
}

impl Default for KeyMap {
    fn default() -> Self {
        Self(BINDINGS.iter().map(|binding| BoundRow { binding, keys: binding.keys.to_vec() }).collect())
    }
}

impl Remap {
    /// From the names of an action and of its keys; says what is wrong with them.
    pub fn new(name: &str, keys: Vec<Key>, line: usize) -> Result<Self, String> {
        let action = actions().find(|action| action.name() == name).ok_or_else(|| {
            let others = actions().filter(|action| *action != Action::Interrupt);
            let known: Vec<&str> = others.map(Action::name).collect();
            format!("there is no such action; there are {}", known.join(", "))
        })?;
        let is_left_by_it = matches!(action, Action::Back | Action::Enter | Action::Release);
        if action == Action::Interrupt {
            return Err("Ctrl-C always leaves, whatever else is set".to_owned());
        }
        if is_left_by_it && keys.iter().all(|key| key.is_text()) {
            return Err("needs a key that is no character: characters are text where text is typed".to_owned());
        }
        Ok(Self { action, keys, line })
    }
}

impl KeyMap {
    /// The table with these keys instead. Where one key would do two things in one place, the later line is left out.
    pub fn with(remaps: &[Remap]) -> (Self, Vec<Conflict>) {
        let (mut kept, mut conflicts): (Vec<&Remap>, _) = (remaps.iter().collect(), Vec::new());
        kept.sort_by_key(|remap| remap.line);
        loop {
            let map = Self::of(&kept);
            let clash = map.clash();
            // The table itself has no clash: one of both was given other keys.
            let Some((clash, at)) = clash.and_then(|clash| {
                let at = kept.iter().rposition(|remap| clash.actions.contains(&remap.action))?;
                Some((clash, at))
            }) else {
                return (map, conflicts);
            };
            let left_out = kept.remove(at);
            let [a, b] = clash.actions.map(Action::name);
            let usual = joined(own_keys(left_out.action));
            let name = left_out.action.name();
            let why = format!("{} would be both {a} and {b}; {name} keeps {usual}", clash.key);
            conflicts.push(Conflict { line: left_out.line, why });
        }
    }

    fn of(remaps: &[&Remap]) -> Self {
        let row = |binding: &'static Binding| {
            let own = own_keys(binding.action);
            let is_own = |key: &&Key| own.contains(key);
            let remap = remaps.iter().rev().find(|remap| remap.action == binding.action && remap.keys != own);
            let keys = match remap {
                // What a row has beside the keys of its action stays.
                Some(remap) if binding.keys.iter().any(|key| is_own(&key)) => {
                    let others = binding.keys.iter().filter(|key| !is_own(key));
                    remap.keys.iter().chain(others).copied().collect()
                }
                _ => binding.keys.to_vec(),
            };
            BoundRow { binding, keys }
        };
        Self(BINDINGS.iter().map(row).collect())
    }

    fn clash(&self) -> Option<Clash> {
        KeyContext::ALL.iter().find_map(|&place| {
            let mut seen: Vec<(Key, Action)> = Vec::new();
            for row in self.rows_of(place) {
                for &key in row.keys.iter().filter(|key| !is_typed(**key, place)) {
                    let action = row.binding.action;
                    match seen.iter().find(|(other, _)| *other == key) {
                        Some(&(_, other)) if other != action => return Some(Clash { key, actions: [other, action] }),
                        _ => seen.push((key, action)),
                    }
                }
            }
            None
        })
    }

    /// Every row.
    pub fn rows(&self) -> impl Iterator<Item = &BoundRow> {
        self.0.iter()
    }

    /// The rows that count in a place.
    pub fn rows_of(&self, place: KeyContext) -> impl Iterator<Item = &BoundRow> {
        self.0.iter().filter(move |row| row.binding.places.contains(&place))
    }

    /// The keys of an action, those left out that only some of its rows have.
    pub fn keys_of(&self, action: Action) -> &[Key] {
        self.0.iter().find(|row| row.binding.action == action).map_or(&[], |row| &row.keys)
    }

    /// What a key does in a place, if anything.
    pub fn action(&self, event: &KeyEvent, place: KeyContext) -> Option<Action> {
        let pressed = Key::of(event)?;
        let of = |key: Key| {
            let row = self.rows_of(place).find(|row| row.keys.contains(&key) && !is_typed(key, place));
            row.map(|row| row.binding.action)
        };
        of(pressed).or_else(|| of(pressed.without_alt()))
    }

    /// The key for an action in a place, or else elsewhere; none where no key restarts it.
    pub fn label(&self, action: Action, place: KeyContext) -> Option<String> {
        let of_action = || self.0.iter().filter(|row| row.binding.action == action);
        let here = of_action().filter(|row| row.binding.places.contains(&place));
        here.chain(of_action()).find_map(|row| row.keys.first()).map(Key::to_string)
    }

    /// Whether a key of this name does it in a place.
    pub fn has(&self, name: &str, action: Action, place: KeyContext) -> bool {
        let of_action = self.rows_of(place).filter(|row| row.binding.action == action);
        of_action.flat_map(|row| &row.keys).any(|key| key.to_string() == name)
    }

    /// "y restarts it   Esc goes back": keys and what they do, those without a key left out.
    pub fn line(&self, place: KeyContext, words: &[(Action, &str)]) -> String {
        let of = |(action, words): &(Action, &str)| Some(format!("{} {words}", self.label(*action, place)?));
        words.iter().filter_map(of).collect::<Vec<_>>().join("   ")
    }

    /// A text and, behind a separator, the key that helps; the text alone where no key does.
    pub fn after(&self, text: &str, separator: &str, place: KeyContext, words: (Action, &str)) -> String {
        match self.line(place, &[words]) {
            line if line.is_empty() => text.to_owned(),
            line => format!("{text}{separator}{line}"),
        }
    }
}

/// Every action that has a key, in the order of the table.
pub fn actions() -> impl Iterator<Item = Action> {
    let first = |at: &usize| !BINDINGS[..*at].iter().any(|before| before.action == BINDINGS[*at].action);
    (0..BINDINGS.len()).filter(first).map(|at| BINDINGS[at].action)
}

/// The keys that an action has unless told otherwise: those of its first row. Other rows may have more.
pub fn own_keys(action: Action) -> &'static [Key] {
    BINDINGS.iter().find(|binding| binding.action == action).map_or(&[], |binding| binding.keys)
}

/// Whether this is text in a place where text is typed.
fn is_typed(key: Key, place: KeyContext) -> bool {
    matches!(place, KeyContext::Line | KeyContext::Typing) && key.is_text()
}

fn joined(keys: &[Key]) -> String {
    keys.iter().map(Key::to_string).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use crossterm::event::{KeyCode, KeyModifiers};

    use super::*;

    fn remap(name: &str, keys: &[&str], line: usize) -> Remap {
        Remap::new(name, keys.iter().map(|key| Key::named(key).unwrap()).collect(), line).unwrap()
    }

    fn pressed(key: char) -> KeyEvent {
        KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE)
    }

    #[test]
    fn every_action_has_a_name_of_its_own_and_the_table_no_clash() {
        let names: HashSet<&str> = actions().map(Action::name).collect();
        assert_eq!(names.len(), actions().count());
        assert!(KeyMap::default().clash().is_none());
        assert!(!names.contains("to"), "an instant has no key");
    }

    #[test]
    fn other_keys_count_in_every_place_of_the_action_and_the_usual_ones_no_longer() {
        let (map, conflicts) = KeyMap::with(&[remap("rerun", &["F9", "R"], 1)]);
        assert_eq!(conflicts, []);
        for place in [KeyContext::Table, KeyContext::WhatIf, KeyContext::Output] {
            assert_eq!(map.action(&pressed('R'), place), Some(Action::Rerun));
            assert_eq!(map.action(&pressed('r'), place), None);
            assert_eq!(map.label(Action::Rerun, place).as_deref(), Some("F9"));
        }
    }

    #[test]
    fn an_action_without_a_key_is_in_no_line() {
        let (map, conflicts) = KeyMap::with(&[remap("help", &[], 1)]);
        assert_eq!((map.label(Action::Help, KeyContext::Table), conflicts), (None, vec![]));
        assert_eq!(map.action(&pressed('?'), KeyContext::Table), None);
        let words = [(Action::Help, "lists the keys"), (Action::Quit, "leaves")];
        assert_eq!(map.line(KeyContext::Table, &words), "q leaves");
        assert_eq!(map.after("no", "; ", KeyContext::Table, words[0]), "no");
        assert_eq!(KeyMap::default().after("no", "; ", KeyContext::Table, words[0]), "no; ? lists the keys");
    }

    #[test]
    fn a_key_for_two_actions_is_a_conflict_that_names_both_and_the_line() {
        let (map, conflicts) = KeyMap::with(&[remap("rerun", &["q"], 7)]);
        let why = "q would be both quit and rerun; rerun keeps r".to_owned();
        assert_eq!(conflicts, [Conflict { line: 7, why }]);
        assert_eq!(map, KeyMap::default());
        // Two lines of the file: the later one is left out.
        let (map, conflicts) = KeyMap::with(&[remap("runs", &["X"], 9), remap("rerun", &["X"], 4)]);
        let why = "X would be both rerun and runs; runs keeps c".to_owned();
        assert_eq!(conflicts, [Conflict { line: 9, why }]);
        assert_eq!(map.action(&pressed('X'), KeyContext::Table), Some(Action::Rerun));
        // In places that never meet, one key may do two things.
        assert_eq!(KeyMap::with(&[remap("mark", &["y"], 1)]).1.len(), 1, "y copies a run's name");
        assert_eq!(KeyMap::with(&[remap("stop", &["r"], 1)]).1, []);
    }

    #[test]
    fn keys_can_be_swapped_and_a_line_that_is_left_out_never_breaks_another() {
        let swap = [remap("rerun", &["c"], 1), remap("runs", &["r"], 2)];
        let (map, conflicts) = KeyMap::with(&swap);
        assert_eq!(conflicts, []);
        assert_eq!(map.action(&pressed('r'), KeyContext::Table), Some(Action::Runs));
        // The second half of the swap is refused: the first would then clash with what the second keeps.
        let (map, conflicts) = KeyMap::with(&[swap[0].clone(), remap("runs", &["q"], 2)]);
        assert_eq!((conflicts.len(), map), (2, KeyMap::default()));
    }

    #[test]
    fn the_usual_keys_written_down_change_nothing() {
        let usual: Vec<Remap> = actions()
            .filter(|action| *action != Action::Interrupt)
            .enumerate()
            .map(|(line, action)| Remap::new(action.name(), own_keys(action).to_vec(), line).unwrap())
            .collect();
        assert_eq!(KeyMap::with(&usual), (KeyMap::default(), vec![]));
    }

    #[test]
    fn what_would_lock_somebody_in_is_refused() {
        let refused = |name: &str, keys: &[&str]| {
            Remap::new(name, keys.iter().map(|key| Key::named(key).unwrap()).collect(), 1).unwrap_err()
        };
        assert!(refused("interrupt", &["x"]).starts_with("Ctrl-C always leaves"));
        for name in ["back", "enter", "end-typing"] {
            assert!(refused(name, &[]).starts_with("needs a key"), "{name}");
            assert!(refused(name, &["x"]).starts_with("needs a key"), "{name}");
        }
        assert!(refused("nonsense", &["x"]).starts_with("there is no such action; there are help, quit,"));
        // Characters stay text where text is typed.
        let (map, conflicts) = KeyMap::with(&[remap("back", &["Esc", "u"], 1), remap("redraw", &["U"], 2)]);
        assert_eq!(conflicts, []);
        for key in ['u', 'U'] {
            assert_eq!(map.action(&pressed(key), KeyContext::Line), None);
            assert!(map.action(&pressed(key), KeyContext::Table).is_some());
        }
    }

    #[test]
    fn esc_followed_by_a_key_comes_as_alt_and_counts_as_the_key() {
        let alt = |key| KeyEvent::new(KeyCode::Char(key), KeyModifiers::ALT);
        assert_eq!(KeyMap::default().action(&alt('q'), KeyContext::Table), Some(Action::Quit));
        let (map, _) = KeyMap::with(&[remap("rerun", &["Alt-q"], 1)]);
        assert_eq!(map.action(&alt('q'), KeyContext::Table), Some(Action::Rerun));
        assert_eq!(map.action(&pressed('q'), KeyContext::Table), Some(Action::Quit));
    }
}
