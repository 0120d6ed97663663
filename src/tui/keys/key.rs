//! A key as a terminal reports it, and its name: on screen, in the settings file, as it is typed there.

use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A key as the terminal reports it. Shift is part of the character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    code: KeyCode,
    ctrl: bool,
    alt: bool,
}

/// Keys that are no characters, by their names; the first name of a key is the one on screen.
const NAMES: [(&str, KeyCode); 27] = [
    ("Space", KeyCode::Char(' ')),
    ("↑", KeyCode::Up),
    ("Up", KeyCode::Up),
    ("↓", KeyCode::Down),
    ("Down", KeyCode::Down),
    ("←", KeyCode::Left),
    ("Left", KeyCode::Left),
    ("→", KeyCode::Right),
    ("Right", KeyCode::Right),
    ("PgUp", KeyCode::PageUp),
    ("PageUp", KeyCode::PageUp),
    ("PgDn", KeyCode::PageDown),
    ("PageDown", KeyCode::PageDown),
    ("Shift-Tab", KeyCode::BackTab),
    ("BackTab", KeyCode::BackTab),
    ("Tab", KeyCode::Tab),
    ("Enter", KeyCode::Enter),
    ("Return", KeyCode::Enter),
    ("Esc", KeyCode::Esc),
    ("Escape", KeyCode::Esc),
    ("Backspace", KeyCode::Backspace),
    ("Delete", KeyCode::Delete),
    ("Del", KeyCode::Delete),
    ("Insert", KeyCode::Insert),
    ("Ins", KeyCode::Insert),
    ("Home", KeyCode::Home),
    ("End", KeyCode::End),
];
/// Function keys that terminals have sequences for.
const MOST_F: u8 = 24;
/// What may be written.
const VALID: &str = "write a character, F1 to F24, Ctrl-x, Alt-x, Enter, Esc, Tab, Shift-Tab, Space, Backspace, Delete, Insert, \
                     Home, End, PgUp, PgDn, Up, Down, Left or Right";

impl Key {
    /// A character.
    pub(super) const fn c(character: char) -> Self {
        Self { code: KeyCode::Char(character), ctrl: false, alt: false }
    }

    /// A character with Ctrl.
    pub(super) const fn ctrl(character: char) -> Self {
        Self { code: KeyCode::Char(character), ctrl: true, alt: false }
    }

    /// A key that is no character.
    pub(super) const fn k(code: KeyCode) -> Self {
        Self { code, ctrl: false, alt: false }
    }

    /// The key of an event; none for one that only modifies others or has no name.
    pub fn of(event: &KeyEvent) -> Option<Self> {
        let named = !matches!(event.code, KeyCode::Null | KeyCode::Modifier(_) | KeyCode::Media(_));
        let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
        let alt = event.modifiers.contains(KeyModifiers::ALT);
        named.then(|| Self { code: if ctrl { sent_as(event.code) } else { event.code }, ctrl, alt })
    }

    /// The same key without Alt: a terminal also sends it for Esc followed by the key.
    pub(super) fn without_alt(self) -> Self {
        Self { alt: false, ..self }
    }

    /// Whether it types a character into a line of text.
    pub(super) fn is_text(self) -> bool {
        matches!(self.code, KeyCode::Char(_)) && !self.ctrl && !self.alt
    }

    /// The key of this name.
    pub fn named(text: &str) -> Result<Self, String> {
        let (mut rest, mut key) = (text, Self::c(' '));
        loop {
            match (without(rest, "ctrl-"), without(rest, "alt-")) {
                (Some(after), _) => (rest, key.ctrl) = (after, true),
                (_, Some(after)) => (rest, key.alt) = (after, true),
                _ => break,
            }
        }
        let mut characters = rest.chars();
        key.code = match (code_named(rest), characters.next(), characters.next()) {
            (Some(code), ..) => code,
            (None, Some(' '), None) => return Err("write Space".to_owned()),
            (None, Some(character), None) if !character.is_control() => KeyCode::Char(character),
            _ => return Err(VALID.to_owned()),
        };
        if key.ctrl {
            key.code = with_ctrl(key.code)?;
        }
        Ok(key)
    }
}

/// Its name on the key bar, in the help and in the settings file.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.ctrl { "Ctrl-" } else { "" })?;
        f.write_str(if self.alt { "Alt-" } else { "" })?;
        match (NAMES.iter().find(|(_, code)| *code == self.code), self.code) {
            (Some((name, _)), _) => f.write_str(name),
            (None, KeyCode::Char(character)) if self.ctrl => write!(f, "{}", character.to_uppercase()),
            (None, KeyCode::Char(character)) => write!(f, "{character}"),
            (None, KeyCode::F(number)) => write!(f, "F{number}"),
            (None, other) => write!(f, "{other:?}"),
        }
    }
}

/// What follows a beginning, whatever the case of its letters, if anything does.
fn without<'a>(text: &'a str, begin: &str) -> Option<&'a str> {
    let head = text.get(..begin.len())?;
    (head.eq_ignore_ascii_case(begin) && text.len() > begin.len()).then(|| &text[begin.len()..])
}

fn code_named(text: &str) -> Option<KeyCode> {
    let number = without(text, "f").and_then(|number| number.parse().ok());
    if let Some(number) = number.filter(|number| (1..=MOST_F).contains(number)) {
        return Some(KeyCode::F(number));
    }
    let named = NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
    named.map(|(_, code)| *code)
}

/// A terminal sends one byte for a key with Ctrl: several keys share it, and some are another key.
fn with_ctrl(code: KeyCode) -> Result<KeyCode, String> {
    let KeyCode::Char(character) = code else { return Err("only characters can have Ctrl".to_owned()) };
    let other = match character.to_ascii_lowercase() {
        'i' => "Tab",
        'm' => "Enter",
        '[' | '3' => "Esc",
        'a'..='z' | ' ' | '2' | '@' | '\\' | ']' | '^' | '_' | '4'..='7' => return Ok(sent_as(code)),
        _ => return Err(format!("no terminal sends Ctrl-{character}")),
    };
    Err(format!("a terminal sends the same for Ctrl-{character} and {other}: write {other}"))
}

/// The character by which a key with Ctrl is known: the four bytes above Ctrl-Z come as the digits that also send them.
fn sent_as(code: KeyCode) -> KeyCode {
    let KeyCode::Char(character) = code else { return code };
    KeyCode::Char(match character {
        '4' => '\\',
        '5' => ']',
        '6' => '^',
        '7' => '_',
        '2' | '@' => ' ',
        other => other.to_ascii_lowercase(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_key_of_that_name_however_it_is_written() {
        for (text, name) in [
            ("r", "r"),
            ("R", "R"),
            ("ü", "ü"),
            ("-", "-"),
            ("f9", "F9"),
            ("F24", "F24"),
            ("ctrl-R", "Ctrl-R"),
            ("Ctrl-]", "Ctrl-]"),
            ("Ctrl-5", "Ctrl-]"),
            ("Ctrl-Space", "Ctrl-Space"),
            ("alt-x", "Alt-x"),
            ("Alt-F4", "Alt-F4"),
            ("Ctrl-Alt-k", "Ctrl-Alt-K"),
            ("enter", "Enter"),
            ("Return", "Enter"),
            ("up", "↑"),
            ("PageDown", "PgDn"),
            ("shift-tab", "Shift-Tab"),
            ("ctrl-", "Ctrl-"),
        ] {
            let key = Key::named(text).map(|key| key.to_string());
            match text {
                "ctrl-" => assert_eq!(key, Err(VALID.to_owned())),
                _ => assert_eq!(key.as_deref(), Ok(name), "{text}"),
            }
        }
    }

    #[test]
    fn what_is_no_key_says_what_would_be() {
        for text in ["", "F0", "F25", "rr", "Null", "Esc Esc", "\u{1b}", "\n"] {
            assert_eq!(Key::named(text), Err(VALID.to_owned()), "{text:?}");
        }
        assert_eq!(Key::named(" "), Err("write Space".to_owned()));
        assert_eq!(Key::named("Ctrl-F5"), Err("only characters can have Ctrl".to_owned()));
        assert_eq!(Key::named("Ctrl-1"), Err("no terminal sends Ctrl-1".to_owned()));
        for (text, is) in [("Ctrl-i", "Tab"), ("Ctrl-M", "Enter"), ("Ctrl-[", "Esc")] {
            assert!(Key::named(text).unwrap_err().ends_with(&format!("write {is}")), "{text}");
        }
    }

    #[test]
    fn an_event_is_the_key_that_is_written_for_it() {
        let of = |code, modifiers| Key::of(&KeyEvent::new(code, modifiers));
        let named = |text| Key::named(text).ok();
        assert_eq!(of(KeyCode::Char('5'), KeyModifiers::CONTROL), named("Ctrl-]"));
        assert_eq!(of(KeyCode::Char('R'), KeyModifiers::CONTROL | KeyModifiers::SHIFT), named("Ctrl-r"));
        assert_eq!(of(KeyCode::Char('S'), KeyModifiers::SHIFT), named("S"));
        assert_eq!(of(KeyCode::BackTab, KeyModifiers::SHIFT), named("Shift-Tab"));
        assert_eq!(of(KeyCode::F(9), KeyModifiers::NONE), named("F9"));
        assert_eq!(of(KeyCode::Null, KeyModifiers::NONE), None);
    }
}
