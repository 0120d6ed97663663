//! Text that came from a target. Cleaned once, when it is made (also when it is read from a file), so that nothing a
//! target chooses to call itself can ever drive the terminal of the person who watches it.

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Deserializer, Serialize};

/// Printable text of bounded length: no control characters, no direction overrides, no line breaks.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Text(String);

impl Text {
    /// Longest text kept, in bytes of the source; the rest is cut and marked with `…`.
    pub const LONGEST: usize = 4096;

    /// Cleans bytes of a target: invalid UTF-8 becomes U+FFFD, control characters become their caret or hex notation.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let cut = bytes.len() > Self::LONGEST;
        let bytes = &bytes[..bytes.len().min(Self::LONGEST)];
        let mut clean = String::with_capacity(bytes.len());
        for character in String::from_utf8_lossy(bytes).chars() {
            match character {
                '\x00'..='\x1f' => {
                    clean.push('^');
                    clean.push(char::from(character as u8 + b'@'));
                }
                '\x7f' => clean.push_str("^?"),
                c if c.is_control() || is_invisible(c) => {
                    clean.push_str(&format!("<{:x}>", u32::from(c)));
                }
                c => clean.push(c),
            }
        }
        if cut {
            clean.push('…');
        }
        Self(clean)
    }

    /// The cleaned text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Characters that change how their neighbours are shown: direction marks and overrides, line separators, zero widths.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::from_bytes(text.as_bytes())
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::from_bytes(text.as_bytes())
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escape_sequence_loses_its_escape() {
        assert_eq!(Text::from("\x1b[31mred\x07").as_str(), "^[[31mred^G");
        assert_eq!(Text::from("a\u{9b}b\u{202e}c\nd").as_str(), "a<9b>b<202e>c^Jd");
    }

    #[test]
    fn a_text_from_a_file_is_cleaned_too() {
        let text: Text = serde_json::from_str("\"\\u001b]0;title\"").unwrap();
        assert_eq!(text.as_str(), "^[]0;title");
    }

    #[test]
    fn a_long_text_is_cut_and_says_so() {
        let text = Text::from("x".repeat(10_000));
        assert_eq!(text.chars().count(), Text::LONGEST + 1);
        assert!(text.ends_with('…'));
    }

    #[test]
    fn broken_utf8_is_no_error() {
        assert_eq!(Text::from_bytes(b"ab\xff").as_str(), "ab\u{fffd}");
    }
}
