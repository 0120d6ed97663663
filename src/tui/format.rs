//! Numbers and texts as they stand on screen. Formats only: every value was worked out by the model.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Stands where a value is missing; the reason is in the detail pane or in the list of what is missing.
pub const MISSING: &str = "–";
/// Cells of a command line that are looked at.
const LONGEST_COMMAND: u16 = 2_000;

/// The command line. Where it must be cut, folders go first: the interpreter's, then those of the script.
pub fn command(whole: &str, room: u16) -> String {
    let mut text = fit(whole, LONGEST_COMMAND);
    for word in 0..=1 {
        if width(&text) <= room {
            break;
        }
        text = without_folders(&text, word);
    }
    fit(&text, room)
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

/// CPUs in a column: "1.31".
pub fn cpus(value: f64) -> String {
    number(value, 2)
}

/// CPUs in a sentence: "4.6".
pub fn cpus_in_words(value: f64) -> String {
    number(value, 1)
}

/// A CPU count that is mostly whole: "2", "2.5".
pub fn whole_cpus(value: f64) -> String {
    if value.fract() == 0.0 { number(value, 0) } else { number(value, 1) }
}

/// A share in percent without the sign: "58".
pub fn percent(share: f64) -> String {
    number(share * 100.0, 0)
}

/// Mean of a count: "3.0".
pub fn mean(value: f64) -> String {
    number(value, 1)
}

/// An event rate: "112.5".
pub fn per_second(value: f64) -> String {
    number(value, 1)
}

/// No number takes more than seven columns, and none that is no number is shown as one.
fn number(value: f64, digits: usize) -> String {
    match value {
        v if !v.is_finite() => MISSING.to_owned(),
        v if v.abs() >= 99_999.5 => if v < 0.0 { "<-99999" } else { ">99999" }.to_owned(),
        v if v.abs() >= 1_000.0 => format!("{v:.0}"),
        // -0.00 is no news.
        v => format!("{:.digits$}", if v.abs() < 0.5 * 0.1_f64.powi(digits as i32) { 0.0 } else { v }),
    }
}

/// Steps a second, as many digits as tell something: "24.3/s", "0.20/s".
pub fn steps_per_s(value: f64) -> String {
    format!("{}/s", rate(value))
}

/// The same without its unit, in four columns where it can be.
pub fn rate(value: f64) -> String {
    number(value, if value >= 100.0 { 0 } else { usize::from(value < 1.0) + 1 })
}

/// The time of a step, from its milliseconds: "41 ms", "4.1 ms", "5.0 s".
pub fn step_time(milliseconds: f64) -> String {
    match milliseconds {
        ms if ms >= 60_000.0 => duration(ms / 1e3),
        ms if ms >= 999.5 => format!("{} s", number(ms / 1e3, 1)),
        ms if ms >= 9.95 => format!("{} ms", number(ms, 0)),
        ms => format!("{} ms", number(ms, if ms >= 0.995 { 1 } else { 2 })),
    }
}

/// How long: "8s", "3m12s", "1h04m", "2d03h".
pub fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return MISSING.to_owned();
    }
    let whole = seconds as u64;
    let (days, hours, minutes) = (whole / 86_400, whole / 3_600 % 24, whole / 60 % 60);
    match whole {
        0..60 => format!("{whole}s"),
        60..3_600 => format!("{minutes}m{:02}s", whole % 60),
        3_600..86_400 => format!("{hours}h{minutes:02}m"),
        _ => format!("{days}d{hours:02}h"),
    }
}

/// A short span with its unit, for intervals: "1s", "0.1s".
pub fn interval(seconds: f64) -> String {
    if seconds.fract() == 0.0 { format!("{}s", number(seconds, 0)) } else { format!("{}s", number(seconds, 1)) }
}

/// "1 thread", "16 threads".
pub fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
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
    fn no_number_is_wider_than_its_column() {
        for value in [0.0, -0.0, 0.004, 1.305, 99.999, 1e3, 8192.0, 1e300, -1e300, f64::NAN, f64::INFINITY] {
            assert!(width(&cpus(value)) <= 7, "{value}: {}", cpus(value));
        }
        assert_eq!(cpus(-0.001), "0.00");
        assert_eq!(cpus(f64::NAN), MISSING);
    }

    #[test]
    fn a_duration_keeps_its_two_largest_units() {
        let shown = [0.4, 59.9, 192.0, 3840.0, 200_000.0, -1.0].map(duration);
        assert_eq!(shown, ["0s", "59s", "3m12s", "1h04m", "2d07h", MISSING]);
    }

    #[test]
    fn steps_have_as_many_digits_as_tell_something() {
        assert_eq!([0.2, 24.31, 99.96, 1234.5].map(steps_per_s), ["0.20/s", "24.3/s", "100.0/s", "1234/s"]);
        let times = [0.412, 0.997, 4.13, 9.96, 41.2, 999.6, 5000.0, 90_000.0].map(step_time);
        assert_eq!(times, ["0.41 ms", "1.0 ms", "4.1 ms", "10 ms", "41 ms", "1.0 s", "5.0 s", "1m30s"]);
    }

    #[test]
    fn a_wide_text_is_cut_by_columns() {
        assert_eq!(fit("日本語の名前", 5), "日本…");
        assert_eq!(fit("abc", 3), "abc");
        assert_eq!(fit("abcd", 3), "ab…");
        assert_eq!(fit("abcd", 0), "");
        assert_eq!(fit(&"x".repeat(1_000_000), 3), "xx…");
    }

    #[test]
    fn a_text_wraps_at_spaces_and_is_cut_at_the_last_line() {
        assert_eq!(wrap("run as the same user or with sudo", 12, 9), ["run as the", "same user or", "with sudo"]);
        assert_eq!(wrap("run as the same user or with sudo", 12, 2), ["run as the", "same user o…"]);
        assert_eq!(wrap("aaaaaaaaaa", 4, 3), ["aaa…"]);
    }
}
