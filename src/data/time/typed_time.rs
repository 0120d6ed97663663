//! Times as people type them, on the command line and in the dashboard: how long ("90s", "1h30m"), and when ("3m ago", "14:05",
//! "90s after begin"). One grammar for all of them.

use std::time::Duration;

use crate::data::Calendar;

/// Longest time that is understood: a thousand days.
const LONGEST: Duration = Duration::from_secs(86_400_000);
/// Most digits of one number.
const MOST_DIGITS: usize = 12;

/// When something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypedTime {
    /// A time without a word: from where it counts is for each place to say.
    Plain(Duration),
    /// So long before the end; of a live target, before now.
    BeforeEnd(Duration),
    /// So long after the begin.
    AfterBegin(Duration),
    /// The second of a day, in UTC.
    TimeOfDay(u64),
    /// Seconds after 1970.
    At(u64),
}

/// Why a text is no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoTime {
    /// It looks like a time of day and is none.
    Clock,
    /// It is longer than anything that is watched.
    TooLong,
    /// It is something else.
    Other,
}

impl NoTime {
    /// What would be valid, where it was meant as a time.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Clock => "write a time of day in UTC: 14:05, 14:05:30, 2026-11-20T14:05",
            Self::TooLong => "no recording is that long",
            Self::Other => {
                "write a time from the begin (90s, 1m30s, 1h5m), one from the end (-30s, 3m ago), or a time of day (14:05)"
            }
        }
    }
}

/// When it is.
///
/// # Errors
/// Why that is no time.
pub fn moment(text: &str) -> Result<TypedTime, NoTime> {
    let text = text.trim().to_lowercase();
    let ends = |ends: &[&str]| ends.iter().find_map(|end| text.strip_suffix(end)).map(str::trim);
    if let Some(ago) = ends(&["ago", "before the end", "before end"]).or_else(|| text.strip_prefix('-')) {
        return span(ago, 's').map(TypedTime::BeforeEnd);
    }
    if let Some(after) = ends(&["after the begin", "after begin", "after start"]) {
        return span(after, 's').map(TypedTime::AfterBegin);
    }
    match text.as_str() {
        "now" | "end" => Ok(TypedTime::BeforeEnd(Duration::ZERO)),
        "begin" | "start" => Ok(TypedTime::AfterBegin(Duration::ZERO)),
        _ if text.contains(':') => by_the_clock(&text).ok_or(NoTime::Clock),
        _ => span(&text, 's').map(TypedTime::Plain),
    }
}

/// How long it is: "90s", "1m30s", "1.5h"; a number without a unit is of the unit with this letter.
///
/// # Errors
/// Why that is no time.
pub fn span(text: &str, unit: char) -> Result<Duration, NoTime> {
    let text = text.trim().to_lowercase();
    // Digits that stand apart are no number: humantime would join them.
    let apart = text.split_whitespace().zip(text.split_whitespace().skip(1));
    let ends_in_digit = |part: &str| part.ends_with(|character: char| character.is_ascii_digit());
    let begins_with_digit =
        |part: &str| part.starts_with(|character: char| character.is_ascii_digit() || character == '.');
    if apart.into_iter().any(|(one, next)| ends_in_digit(one) && begins_with_digit(next)) {
        return Err(NoTime::Other);
    }
    if text.split(|character: char| !character.is_ascii_digit()).any(|digits| digits.len() > MOST_DIGITS) {
        return Err(NoTime::TooLong);
    }
    let text = if ends_in_digit(&text) { format!("{text}{unit}") } else { text };
    match humantime::parse_duration(&text) {
        Ok(time) if time <= LONGEST => Ok(time),
        Ok(_) | Err(humantime::DurationError::NumberOverflow) => Err(NoTime::TooLong),
        Err(_) => Err(NoTime::Other),
    }
}

/// "14:05", "14:05:30", each with or without a date in front and a Z behind, as reports write them.
fn by_the_clock(text: &str) -> Option<TypedTime> {
    let text = text.strip_suffix('z').unwrap_or(text);
    let (date, time) = text.split_once(['t', ' ']).map_or((None, text), |(date, time)| (Some(date), time));
    let [hour, minute, second] = numbers(time, ':', 2).or_else(|| numbers(&format!("{time}:00"), ':', 2))?;
    let time = (hour, minute, second);
    let is_time = hour < 24 && minute < 60 && second < 60;
    let moment = match date {
        None => TypedTime::TimeOfDay(hour * 3_600 + minute * 60 + second),
        Some(date) => {
            let [year, month, day] = numbers(date, '-', 4)?;
            TypedTime::At(Calendar { year, month, day, time }.unix_s()?)
        }
    };
    is_time.then_some(moment)
}

/// Three numbers of a few digits.
fn numbers(text: &str, between: char, most_digits: usize) -> Option<[u64; 3]> {
    let number = |part: &str| {
        let is_number = (1..=most_digits).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| part.parse().ok())?
    };
    text.split(between).map(number).collect::<Option<Vec<u64>>>()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_is_understood_as_people_write_it() {
        for (text, seconds) in [
            ("90", 90.0),
            ("90s", 90.0),
            ("0", 0.0),
            ("0.5", 0.5),
            ("500ms", 0.5),
            ("1m500ms", 60.5),
            (" 2 s", 2.0),
            ("1m30s", 90.0),
            ("1M 30S", 90.0),
            ("1m30", 90.0),
            ("1.5 min", 90.0),
            ("1h30m", 5_400.0),
            ("1h1m1s", 3_661.0),
            ("2 hours 1 minute", 7_260.0),
            ("2d", 172_800.0),
        ] {
            assert_eq!(span(text, 's').map(|time| time.as_secs_f64()), Ok(seconds), "{text}");
        }
        assert_eq!(span("10", 'm'), Ok(Duration::from_secs(600)));
        for text in
            ["", " ", "s", "m", "x", "-1", "+3s", "nan", "inf", "1e9", "1 1", "0x1", "1..5", "1m-3s", "1x", "ü", "٣s"]
        {
            assert!(span(text, 's').is_err(), "{text}");
        }
        for text in ["1001d", "9999999999999999999999d", "99999999999999999h"] {
            assert_eq!(span(text, 's'), Err(NoTime::TooLong), "{text}");
        }
    }

    #[test]
    fn when_counts_from_the_begin_or_from_the_end_or_goes_by_the_clock() {
        let seconds = Duration::from_secs;
        for text in ["3m ago", " 3M AGO ", "-3m", "180 ago", "3m before the end"] {
            assert_eq!(moment(text), Ok(TypedTime::BeforeEnd(seconds(180))), "{text}");
        }
        assert_eq!(moment("1h30m ago"), Ok(TypedTime::BeforeEnd(seconds(5_400))));
        for text in ["1m30s after begin", "90 after the begin"] {
            assert_eq!(moment(text), Ok(TypedTime::AfterBegin(seconds(90))), "{text}");
        }
        assert_eq!(moment("3m"), Ok(TypedTime::Plain(seconds(180))));
        assert_eq!((moment("now"), moment("begin")), (moment("0 ago"), moment("0 after begin")));
        for (text, hour, minute, second) in
            [("14:05", 14, 5, 0), ("14:05:30", 14, 5, 30), ("0:00:09Z", 0, 0, 9), ("23:59:59z", 23, 59, 59)]
        {
            assert_eq!(moment(text), Ok(TypedTime::TimeOfDay(hour * 3_600 + minute * 60 + second)), "{text}");
        }
        for text in ["2026-11-20T14:05:12Z", "2026-11-20 14:05:12"] {
            assert_eq!(moment(text), Ok(TypedTime::At(1_795_183_512)), "{text}");
        }
    }

    #[test]
    fn whatever_else_is_typed_is_no_time() {
        for text in ["", " ", "ago", "x ago", "3m after", "--3m", "-+3", "\u{1b}[2J", "日本", "oversubscribed"] {
            assert_eq!(moment(text), Err(NoTime::Other), "{text:?}");
        }
        for text in [
            ":",
            "24:00",
            "14:60",
            "14:00:60",
            "14:",
            ":05",
            "14:05:",
            "014:05",
            "a:b",
            "1:2:3:4",
            "2026-13-01T14:05",
            "2026-02-30T14:05",
        ] {
            assert_eq!(moment(text), Err(NoTime::Clock), "{text}");
        }
        assert!(moment("-14:05").is_err() && moment("-1:05").is_err());
    }
}
