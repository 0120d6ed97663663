//! Texts that are cleaned, measured in columns, cut and wrapped.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::data::Text;

/// Columns of a command line that are looked at.
const LONGEST_COMMAND: u16 = 2_000;

/// Cleaned where it is printed too: what a target says of itself must never drive the reader's terminal.
pub(crate) fn clean(text: &str) -> String {
    Text::from(text).to_string()
}

/// The command line of one of several in a list: what must go goes in its middle, so that ends that differ stay.
pub fn command_of_many(whole: &str, room: u16) -> String {
    middle(&with_fewer_folders(whole, room), room)
}

/// The text, cut to at most `columns` in its middle and marked with `…` there.
pub(crate) fn middle(text: &str, columns: u16) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let tail_most = columns.saturating_sub(1) / 2;
    let mut tail = String::new();
    let mut used = 0;
    for character in text.chars().rev() {
        used += character.width().unwrap_or(0);
        if used > usize::from(tail_most) {
            break;
        }
        tail.insert(0, character);
    }
    fit(text, columns.saturating_sub(width(&tail))) + &tail
}

/// The command line. Where it must be cut, folders go first: the interpreter's, then those of the script.
pub fn command(whole: &str, room: u16) -> String {
    fit(&with_fewer_folders(whole, room), room)
}

/// The command line without folders, one after the other, until it fits or none is left that may go.
fn with_fewer_folders(whole: &str, room: u16) -> String {
    let mut text = fit(whole, LONGEST_COMMAND);
    for word in 0..=1 {
        if width(&text) <= room {
            break;
        }
        text = without_folders(&text, word);
    }
    text
}

/// The text without the folders of its word at index 0, or of the first path after that.
fn without_folders(text: &str, word: usize) -> String {
    let mut words: Vec<&str> = text.split(' ').collect();
    let path = |word: &&str| word.starts_with('/') && !word.ends_with('/');
    let at = if word == 0 { Some(0) } else { words.iter().skip(1).position(path).map(|at| at + 1) };
    if let Some(place) = at.and_then(|at| words.get_mut(at)) {
        *place = place.rsplit('/').next().unwrap_or(place);
    }
    words.join(" ")
}

/// Whether the text occurs, whatever the case of its letters.
pub fn contains(whole: &str, text: &str) -> bool {
    text.is_empty() || whole.to_lowercase().contains(&text.to_lowercase())
}

/// Columns a text takes.
pub fn width(text: &str) -> u16 {
    u16::try_from(text.width()).unwrap_or(u16::MAX)
}

/// The text, cut to at most `columns` and marked with `…` where it was cut.
pub fn fit(text: &str, columns: u16) -> String {
    // A megabyte of text is never measured whole: what is beyond the columns can't be seen anyway.
    let head: String = text.chars().take(usize::from(columns).saturating_mul(2).saturating_add(1)).collect();
    if head.len() == text.len() && width(&head) <= columns {
        return head;
    }
    let mut kept = String::new();
    let mut used = 1;
    for character in head.chars() {
        used += character.width().unwrap_or(0);
        if used > usize::from(columns) {
            break;
        }
        kept.push(character);
    }
    if columns > 0 {
        kept.push('…');
    }
    kept
}

/// The text in lines of at most `columns`, broken at spaces where there are any. At most `most` lines; the last is cut.
pub fn wrap(text: &str, columns: u16, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let full = lines.len() == most;
        match lines.last_mut() {
            Some(line) if width(line).saturating_add(width(word)).saturating_add(1) <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            last if full => {
                if let Some(last) = last {
                    *last = fit(&format!("{last} {word} "), columns);
                }
                break;
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.iter().map(|line| fit(line, columns)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wide_text_is_cut_by_columns() {
        assert_eq!(fit("日本語の名前", 5), "日本…");
        assert_eq!(fit("abc", 3), "abc");
        assert_eq!(fit("abcd", 3), "ab…");
        assert_eq!(fit("abcd", 0), "");
        assert_eq!(fit(&"x".repeat(1_000_000), 3), "xx…");
    }

    #[test]
    fn of_two_commands_that_differ_at_their_ends_both_ends_stay() {
        let command = "/usr/bin/python /home/ana/train.py --epochs 30 --batch 128 --seed";
        assert_eq!(command_of_many(&format!("{command} 1"), 99), format!("{command} 1"));
        assert_eq!(command_of_many(&format!("{command} 1"), 30), "python train.py…h 128 --seed 1");
        assert_ne!(command_of_many(&format!("{command} 1"), 20), command_of_many(&format!("{command} 2"), 20));
        for columns in 0..70 {
            assert!(width(&command_of_many(command, columns)) <= columns, "{columns}");
            assert!(width(&command_of_many("日本語の名前 日本語の名前", columns)) <= columns, "{columns}");
        }
    }

    #[test]
    fn a_text_wraps_at_spaces_and_is_cut_at_the_last_line() {
        assert_eq!(wrap("run as the same user or with sudo", 12, 9), ["run as the", "same user or", "with sudo"]);
        assert_eq!(wrap("run as the same user or with sudo", 12, 2), ["run as the", "same user o…"]);
        assert_eq!(wrap("aaaaaaaaaa", 4, 3), ["aaa…"]);
    }
}
