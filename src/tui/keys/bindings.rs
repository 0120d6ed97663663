//! The one table of keys: it dispatches, feeds the key bar and is the help screen. A key that is not here, and that the settings
//! give to nothing, does nothing.

use crossterm::event::KeyCode;

use crate::tui::keys::actions::{Action, CopyPart, KeyContext, TimeDirection, TimeStep};
use crate::tui::keys::key::Key;
use crate::tui::tabs::View;

/// One line of the table.
#[derive(Debug, PartialEq)]
pub struct Binding {
    /// Keys that do it; the first is the one on the key bar.
    pub keys: &'static [Key],
    /// What they do.
    pub action: Action,
    /// One word for the key bar; empty when the key bar does not show it.
    pub word: &'static str,
    /// One line for the help screen.
    pub help: &'static str,
    /// Where they do it.
    pub places: &'static [KeyContext],
}

const fn c(character: char) -> Key {
    Key::c(character)
}

const fn ctrl(character: char) -> Key {
    Key::ctrl(character)
}

const fn k(code: KeyCode) -> Key {
    Key::k(code)
}

const fn bind(
    keys: &'static [Key],
    action: Action,
    word: &'static str,
    help: &'static str,
    places: &'static [KeyContext],
) -> Binding {
    Binding { keys, action, word, help, places }
}

const TABLE: &[KeyContext] = &[KeyContext::Table];
const VIEWS: &[KeyContext] = &[KeyContext::Table, KeyContext::Output];
const COPIED: &[KeyContext] = &[KeyContext::Table, KeyContext::Output, KeyContext::WhatIf, KeyContext::Runs];
const OUTPUT: &[KeyContext] = &[KeyContext::Output];
const SETTINGS: &[KeyContext] = &[KeyContext::Settings];
const WHAT_IF: &[KeyContext] = &[KeyContext::WhatIf];
const LISTS: &[KeyContext] = &[
    KeyContext::Table,
    KeyContext::Help,
    KeyContext::Menu,
    KeyContext::WhatIf,
    KeyContext::Rerun,
    KeyContext::Stacks,
    KeyContext::Runs,
    KeyContext::Settings,
    KeyContext::Picker,
    KeyContext::Output,
];
/// The same without the table, the first of them: there these keys go to the begin and the end of time.
const STILL_LISTS: &[KeyContext] = LISTS.split_at(1).1;
/// Where a screen of the dashboard is shown and no text is typed.
const SCREENS: &[KeyContext] = &[
    KeyContext::Table,
    KeyContext::Help,
    KeyContext::Menu,
    KeyContext::WhatIf,
    KeyContext::Rerun,
    KeyContext::Stacks,
    KeyContext::Runs,
    KeyContext::Settings,
    KeyContext::Output,
];
const LINE: &[KeyContext] = &[KeyContext::Line];
const EVERYWHERE: &[KeyContext] = &[
    KeyContext::Table,
    KeyContext::Help,
    KeyContext::Menu,
    KeyContext::WhatIf,
    KeyContext::Rerun,
    KeyContext::Stacks,
    KeyContext::Runs,
    KeyContext::Settings,
    KeyContext::Line,
    KeyContext::Picker,
    KeyContext::Output,
];

/// Every key of tftop. The key bar shows them in this order as far as there is room, `?` and `q` always.
#[rustfmt::skip]
pub const BINDINGS: &[Binding] = &[
    bind(&[c('?'), k(KeyCode::F(1))], Action::Help, "help", "this page", &[KeyContext::Table, KeyContext::Help, KeyContext::Output, KeyContext::Picker]),
    bind(&[c('q'), k(KeyCode::F(10))], Action::Quit, "quit", "quit; the target keeps running", LISTS),
    bind(&[ctrl('c')], Action::Interrupt, "", "leave, from anywhere; in a run the first one goes to the command, the second ends it", EVERYWHERE),
    bind(&[ctrl('c')], Action::Interrupt, "leave", "stopping: leave, and start nothing; in a run the first one goes to the command", &[KeyContext::Stopping]),
    bind(&[c('i')], Action::Type, "type", "output: type to the command, until Ctrl-]", OUTPUT),
    bind(&[ctrl(']')], Action::Release, "keys to tftop again", "typing: the command gets no more keys", &[KeyContext::Typing]),
    bind(&[c('W')], Action::NextStart, "wait for the next start", "once the target has ended: wait for the next start of its command, and watch that", TABLE),
    bind(&[c('r')], Action::Rerun, "rerun", "restart it with other caps: shows what would be done, and asks", &[KeyContext::Table, KeyContext::WhatIf, KeyContext::Output]),
    bind(&[c('e'), c('4')], Action::Show(View::Explain), "why", "view 4: every cause, found or ruled out, and its evidence", VIEWS),
    bind(&[c('e')], Action::Show(View::Explain), "", "to the causes, from here too", &[KeyContext::Help, KeyContext::Menu, KeyContext::WhatIf]),
    bind(&[c('w')], Action::WhatIf, "what if", "try other caps: what would be wanted then", &[KeyContext::Table, KeyContext::WhatIf, KeyContext::Rerun]),
    bind(&[c('b')], Action::Stacks, "stacks", "stacks of the selected thread or group, without a stop; in the past those last taken before it", &[KeyContext::Table, KeyContext::Stacks]),
    bind(&[c('y')], Action::Copy(CopyPart::Selected), "copy", "copy the advised setting, a cause's remedy or the selected row to the clipboard (OSC 52)", COPIED),
    bind(&[c('Y')], Action::Copy(CopyPart::All), "", "copy the whole table, the output or the stacks to the clipboard", &[KeyContext::Table, KeyContext::Output, KeyContext::Runs, KeyContext::Stacks]),
    bind(&[c('p'), c('Z')], Action::Time(TimeStep::PlayOrPause), "pause", "freeze the screen, or resume; sampling continues. In the past: play from there, or pause", VIEWS),
    bind(&[c('/')], Action::Search, "search", "search for a name, a tid or an origin", TABLE),
    bind(&[k(KeyCode::Enter)], Action::Enter, "open", "open or fold a group or cause; details of a thread or process", TABLE),
    bind(&[c('y')], Action::Yes, "yes", "rerun: stop the old run and start the new one", &[KeyContext::Rerun]),
    bind(&[c('y')], Action::Yes, "yes", "stacks: stop the threads, one at a time, once S or m was pressed", &[KeyContext::Stacks]),
    bind(&[c('S')], Action::Stop, "stop", "stacks: stop threads that can't be read otherwise; asks first", &[KeyContext::Stacks]),
    bind(&[c('m')], Action::Sample, "sample", "stacks: take them many times for 3 s, counted; asks first; used for the cause spinning", &[KeyContext::Stacks]),
    bind(&[k(KeyCode::Left), c('h'), c('-')], Action::Less, "less", "what if: one thread less", WHAT_IF),
    bind(&[k(KeyCode::Right), c('l'), c('+')], Action::More, "more", "what if: one thread more, at the end no cap", WHAT_IF),
    bind(&[c('a')], Action::Advised, "as advised", "what if: the caps that are advised", WHAT_IF),
    bind(&[c('0')], Action::NoCaps, "no caps", "what if: no cap at all", WHAT_IF),
    bind(&[c(' '), k(KeyCode::Enter)], Action::Toggle, "change", "settings: the next value; show or hide the column", SETTINGS),
    bind(&[k(KeyCode::Left), c('h'), c('-')], Action::Less, "before", "settings: the value before; the column one place to the left", SETTINGS),
    bind(&[k(KeyCode::Right), c('l'), c('+')], Action::More, "next", "settings: the next value; the column one place to the right", SETTINGS),
    bind(&[c('s'), c('S')], Action::SaveSettings, "save", "settings: write what was changed into the settings file", SETTINGS),
    bind(&[k(KeyCode::Enter)], Action::Enter, "attach", "attach to the process", &[KeyContext::Picker]),
    bind(&[k(KeyCode::Enter)], Action::Enter, "accept", "accept the line, sort by the column", &[KeyContext::Line, KeyContext::Menu]),
    bind(&[c('[')], Action::Time(TimeStep::LookBack), "back", "back in time: one sample", TABLE),
    bind(&[c(']')], Action::Time(TimeStep::LookForward), "forward", "forward in time: one sample", TABLE),
    bind(&[k(KeyCode::End)], Action::Time(TimeStep::End), "now", "back to now; in a recording to its last sample", TABLE),
    bind(&[c('{')], Action::Time(TimeStep::MinuteBack), "-1 min", "a minute back", TABLE),
    bind(&[c('}')], Action::Time(TimeStep::MinuteForward), "+1 min", "a minute forward", TABLE),
    bind(&[k(KeyCode::Home)], Action::Time(TimeStep::Begin), "", "to the first sample there is", TABLE),
    bind(&[c('t')], Action::Jump, "time", "to a time: 3m ago, 14:05 (UTC), 1m30s after begin; or to a word: oversubscribed, over limit, epoch", TABLE),
    bind(&[c(',')], Action::Mark(TimeDirection::Before), "", "to the mark before: another verdict, an epoch, a rerun, a new pool", TABLE),
    bind(&[c('.')], Action::Mark(TimeDirection::After), "", "to the next mark", TABLE),
    bind(&[c('(')], Action::Time(TimeStep::Slower), "slower", "play half as fast, down to 0.5x", TABLE),
    bind(&[c(')')], Action::Time(TimeStep::Faster), "faster", "play twice as fast, up to 60x", TABLE),
    bind(&[c('z')], Action::Zoom, "", "show four times as much time in the chart, up to 64 times; then one sample a cell again", TABLE),
    bind(&[c('\\'), k(KeyCode::F(4))], Action::Filter, "filter", "show only rows that contain a text", TABLE),
    bind(&[c('/'), c('\\'), k(KeyCode::F(4))], Action::Filter, "filter", "show only processes that contain a text", &[KeyContext::Picker]),
    bind(&[c('s'), k(KeyCode::F(6))], Action::SortMenu, "sort", "choose the column to sort by", TABLE),
    bind(&[c('s'), k(KeyCode::F(6))], Action::SortMenu, "sort", "processes: busiest first, by pid, newest first, by command", &[KeyContext::Picker]),
    bind(&[c('d')], Action::Detail, "details", "show or hide what is known of the selected row", TABLE),
    bind(&[k(KeyCode::F(5)), c('T')], Action::Tree, "tree", "between groups and the flat table of threads", TABLE),
    bind(&[c('c')], Action::Runs, "runs", "the kept runs: mark some and compare them", &[KeyContext::Table, KeyContext::Runs]),
    bind(&[k(KeyCode::F(2)), c('C')], Action::Settings, "settings", "theme, columns, order, start view, interval, mouse: change them, and save them", &[KeyContext::Table, KeyContext::Output, KeyContext::Settings]),
    bind(&[c('A')], Action::Another, "another", "back to the list of processes, to watch another one", TABLE),
    bind(&[c(' ')], Action::MarkRun, "mark", "runs: mark or unmark the run", &[KeyContext::Runs]),
    bind(&[k(KeyCode::Enter)], Action::Enter, "compare", "runs: compare those that are marked", &[KeyContext::Runs]),
    bind(&[k(KeyCode::Up), c('k')], Action::Up, "", "one row up", LISTS),
    bind(&[k(KeyCode::Down), c('j')], Action::Down, "", "one row down", LISTS),
    bind(&[k(KeyCode::PageUp), ctrl('b')], Action::PageUp, "", "one screen up", LISTS),
    bind(&[k(KeyCode::PageDown), ctrl('f')], Action::PageDown, "", "one screen down", LISTS),
    bind(&[c('g')], Action::First, "", "first row", LISTS),
    bind(&[c('G')], Action::Last, "", "last row", LISTS),
    bind(&[k(KeyCode::Home)], Action::First, "", "first row, where no target is shown; else the start", STILL_LISTS),
    bind(&[k(KeyCode::End)], Action::Last, "", "last row, where no target is shown; else now", STILL_LISTS),
    bind(&[k(KeyCode::Right), c('l')], Action::Open, "", "open a group or cause; details of a thread or process", TABLE),
    bind(&[k(KeyCode::Left), c('h')], Action::Close, "", "fold a group or cause; close the details", TABLE),
    bind(&[c(' ')], Action::Fold, "", "fold or open the group or cause", TABLE),
    bind(&[c('+'), c('*')], Action::OpenAll, "", "open all groups or causes; in the stacks, those of idle threads", &[KeyContext::Table, KeyContext::Stacks]),
    bind(&[c('-')], Action::FoldAll, "", "fold all groups or causes; in the stacks, idle threads", &[KeyContext::Table, KeyContext::Stacks]),
    bind(&[c('n')], Action::SearchNext, "", "next match; of a word searched in time, the time before", TABLE),
    bind(&[c('N')], Action::SearchPrevious, "", "match before; of a word searched in time, the time after", TABLE),
    bind(&[c('<')], Action::SortLeft, "", "sort by the column to the left", TABLE),
    bind(&[c('>')], Action::SortRight, "", "sort by the column to the right", TABLE),
    bind(&[c('I')], Action::Invert, "", "reverse the order", TABLE),
    bind(&[c('F')], Action::Follow, "", "keep the selected row in sight", TABLE),
    bind(&[c('1')], Action::Show(View::Overview), "", "view 1: verdict, demand, groups and their limits", VIEWS),
    bind(&[c('2')], Action::Show(View::Threads), "", "view 2: every thread", VIEWS),
    bind(&[c('3')], Action::Show(View::Limits), "", "view 3: what limits each group: every source, what binds, the knob", VIEWS),
    bind(&[c('5')], Action::Show(View::Processes), "", "view 5: the target's processes", VIEWS),
    bind(&[c('x')], Action::Trace, "", "begin or end a trace of the scheduler: when each thread ran, in view 8", TABLE),
    bind(&[c('!'), c('6')], Action::Show(View::Missing), "", "view 6: what is missing, and why", VIEWS),
    bind(&[c('o'), c('7')], Action::Show(View::Output), "", "view 7: what the command writes, where `tftop run` has started it", VIEWS),
    bind(&[c('8')], Action::Show(View::Lanes), "", "view 8: when each thread ran in the last seconds, while a trace goes on", VIEWS),
    bind(&[k(KeyCode::Tab)], Action::NextView, "", "next view", VIEWS),
    bind(&[k(KeyCode::BackTab)], Action::PreviousView, "", "view before", VIEWS),
    bind(&[k(KeyCode::Esc)], Action::Back, "back", "leave the line, the menu, the sliders, the stacks, the runs, the settings or the help", &[KeyContext::Line, KeyContext::Menu, KeyContext::WhatIf, KeyContext::Rerun, KeyContext::Stacks, KeyContext::Runs, KeyContext::Settings, KeyContext::Help]),
    bind(&[k(KeyCode::Esc)], Action::Back, "", "one step back: details, filter, selection", &[KeyContext::Table, KeyContext::Picker, KeyContext::Output]),
    bind(&[c('P')], Action::SaveScreen, "", "save the screen as a picture and as text, tftop-DATE.svg and .txt, in the working directory", SCREENS),
    bind(&[ctrl('l')], Action::Redraw, "", "redraw the screen", EVERYWHERE),
    bind(&[ctrl('z')], Action::Suspend, "", "suspend tftop; `fg` resumes it", EVERYWHERE),
    bind(&[k(KeyCode::Backspace), ctrl('h')], Action::Erase, "", "delete the last character", LINE),
    bind(&[ctrl('u')], Action::EraseAll, "", "delete the whole line", LINE),
];

#[cfg(test)]
mod tests {
    use crossterm::event::{KeyEvent, KeyModifiers};

    use super::*;
    use crate::tui::keys::keymap::KeyMap;

    #[test]
    fn no_key_means_two_things_in_one_place() {
        for &place in EVERYWHERE {
            let mut seen = Vec::new();
            for binding in BINDINGS.iter().filter(|binding| binding.places.contains(&place)) {
                for key in binding.keys {
                    assert!(!seen.contains(key), "{key} is bound twice in {place:?}");
                    seen.push(*key);
                }
            }
        }
    }

    #[test]
    fn every_place_can_be_left() {
        let control_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        let escape = KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE);
        let keys = KeyMap::default();
        for &place in EVERYWHERE {
            assert_eq!(keys.action(&control_c, place), Some(Action::Interrupt), "{place:?}");
            assert_eq!(keys.action(&escape, place), Some(Action::Back), "{place:?}");
        }
    }

    #[test]
    fn typing_ends_with_one_key_alone() {
        let keys: Vec<_> = BINDINGS.iter().filter(|binding| binding.places.contains(&KeyContext::Typing)).collect();
        assert!(matches!(keys[..], [Binding { action: Action::Release, .. }]), "{keys:?}");
        // A terminal sends the same byte for both.
        for sent in [']', '5'] {
            let key = KeyEvent::new(KeyCode::Char(sent), KeyModifiers::CONTROL);
            assert_eq!(KeyMap::default().action(&key, KeyContext::Typing), Some(Action::Release), "{sent}");
        }
    }

    #[test]
    fn a_plain_letter_is_text_while_a_line_is_typed() {
        for letter in ('a'..='z').chain('A'..='Z').chain("/\\<>?+-*! 0123456789".chars()) {
            let key = KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE);
            assert_eq!(KeyMap::default().action(&key, KeyContext::Line), None, "{letter:?}");
        }
    }

    #[test]
    fn every_key_has_a_help_text_and_a_name_that_can_be_written() {
        assert!(BINDINGS.iter().all(|binding| !binding.help.is_empty() && !binding.keys.is_empty()));
        for key in BINDINGS.iter().flat_map(|binding| binding.keys) {
            assert_eq!(Key::named(&key.to_string()), Ok(*key));
        }
    }
}
