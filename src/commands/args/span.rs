//! Spans of time on the command line: "1", "1s", "500ms", "2m"; moments of a recording: "1m30s", "-30s", "14:05"; and the span
//! between two of them. One parser for every option.

use std::time::Duration;

use clap::Args;

use crate::data::Calendar;

/// Shortest and longest sampling interval.
const INTERVAL: (f64, f64) = (0.1, 60.0);

/// Shortest and longest time a report may watch: one interval, one day.
const WATCH: (f64, f64) = (0.1, 86_400.0);

/// Longest a recording can be thought to be: a thousand days.
const RECORDING: f64 = 86_400_000.0;

/// A moment of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// So long after its begin.
    AfterBegin(Duration),
    /// So long before its end.
    BeforeEnd(Duration),
    /// At this time of day in UTC, in seconds.
    TimeOfDay(u64),
    /// Seconds after 1970.
    At(u64),
}

/// Which moment of a recording, or which span of it. Without any of the options it is for each command to say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Args)]
pub(crate) struct MomentArgs {
    /// A moment of a recording: from its begin (90s, 1m30s), from its end (-30s), or by the clock in UTC (14:05, 14:05:30,
    /// 2026-11-20T14:05)
    #[arg(long, value_name = "TIME", value_parser = moment, allow_hyphen_values = true, conflicts_with_all = ["from", "to"])]
    pub(crate) at: Option<Moment>,
    /// Begin of a span of a recording; without it, the recording's begin
    #[arg(long, value_name = "TIME", value_parser = moment, allow_hyphen_values = true)]
    pub(crate) from: Option<Moment>,
    /// End of a span of a recording; without it, the recording's end
    #[arg(long, value_name = "TIME", value_parser = moment, allow_hyphen_values = true)]
    pub(crate) to: Option<Moment>,
}

/// A moment of a recording.
pub(crate) fn moment(text: &str) -> Result<Moment, String> {
    let text = text.trim();
    if text.contains(':') {
        return by_the_clock(text).ok_or("write a time of day in UTC: 14:05, 14:05:30, 2026-11-20T14:05".to_owned());
    }
    let (digits, of): (&str, fn(Duration) -> Moment) = match text.strip_prefix('-') {
        Some(rest) => (rest, Moment::BeforeEnd),
        None => (text, Moment::AfterBegin),
    };
    let seconds = parts(digits)
        .ok_or("write a time from the begin (90s, 1m30s, 1h5m), one from the end (-30s), or a time of day (14:05)")?;
    match (0.0..=RECORDING).contains(&seconds) {
        true => Ok(of(Duration::from_secs_f64(seconds))),
        false => Err("no recording is that long".to_owned()),
    }
}

/// "14:05", "14:05:30", each with or without a date in front and a Z behind, as reports write them.
fn by_the_clock(text: &str) -> Option<Moment> {
    let text = text.strip_suffix('Z').unwrap_or(text);
    let (date, time) = text.split_once(['T', ' ']).map_or((None, text), |(date, time)| (Some(date), time));
    let [hour, minute, second] = numbers(time, ':').or_else(|| numbers(&format!("{time}:00"), ':'))?;
    let time = (hour, minute, second);
    let is_time = hour < 24 && minute < 60 && second < 60;
    let moment = match date {
        None => Moment::TimeOfDay(hour * 3_600 + minute * 60 + second),
        Some(date) => {
            let [year, month, day] = numbers(date, '-')?;
            Moment::At(Calendar { year, month, day, time }.unix_s()?)
        }
    };
    is_time.then_some(moment)
}

/// Three numbers of a few digits.
fn numbers(text: &str, between: char) -> Option<[u64; 3]> {
    let number = |part: &str| {
        let is_number = (1..=4).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| part.parse().ok())?
    };
    text.split(between).map(number).collect::<Option<Vec<u64>>>()?.try_into().ok()
}

/// The sum of parts, each with its unit: "1h5m30s"; or one number of seconds.
fn parts(mut text: &str) -> Option<f64> {
    if text.starts_with(['+', '-']) || text.is_empty() {
        return None;
    }
    let mut sum = 0.0;
    while !text.is_empty() {
        let unit_at = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
        let end = text[unit_at..].find(|c: char| !c.is_ascii_alphabetic()).map_or(text.len(), |at| unit_at + at);
        let (part, rest) = text.split_at(end);
        sum += match part.strip_suffix('h') {
            Some(hours) => hours.parse::<f64>().ok().filter(|hours| *hours >= 0.0)? * 3_600.0,
            None => seconds(part).filter(|seconds| *seconds >= 0.0)?,
        };
        text = rest;
    }
    Some(sum)
}

/// A sampling interval.
pub(crate) fn interval(text: &str) -> Result<Duration, String> {
    within(text, INTERVAL)
}

/// How long a report watches.
pub(crate) fn watch(text: &str) -> Result<Duration, String> {
    within(text, WATCH)
}

fn within(text: &str, (shortest, longest): (f64, f64)) -> Result<Duration, String> {
    let seconds = seconds(text).ok_or("write seconds (1, 0.5, 1s), milliseconds (500ms) or minutes (2m)")?;
    if !(shortest..=longest).contains(&seconds) {
        return Err(format!("must be between {shortest} s and {longest} s"));
    }
    Ok(Duration::from_secs_f64(seconds))
}

fn seconds(text: &str) -> Option<f64> {
    let text = text.trim();
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let scale = match unit {
        "" | "s" => 1.0,
        "ms" => 1e-3,
        "m" => 60.0,
        _ => return None,
    };
    let number: f64 = number.trim_end().parse().ok()?;
    Some(number * scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_understood() {
        let spans = [("1", 1_000), ("1s", 1_000), ("500ms", 500), ("0.5", 500), ("1m", 60_000), (" 2 s", 2_000)];
        for (text, milliseconds) in spans {
            assert_eq!(interval(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        assert_eq!(watch("10m"), Ok(Duration::from_secs(600)));
    }

    #[test]
    fn a_moment_counts_from_the_begin_or_from_the_end_or_goes_by_the_clock() {
        let after = |seconds| Ok(Moment::AfterBegin(Duration::from_secs(seconds)));
        for (text, seconds) in [("90s", 90), ("90", 90), ("1m30s", 90), ("1h1m1s", 3_661), ("0", 0), (" 2m ", 120)] {
            assert_eq!(moment(text), after(seconds), "{text}");
        }
        assert_eq!(moment("-30s"), Ok(Moment::BeforeEnd(Duration::from_secs(30))));
        let clock = |text: &str| moment(text);
        for (text, hour, minute, second) in [("14:05", 14, 5, 0), ("14:05:30", 14, 5, 30), ("0:00:09Z", 0, 0, 9)] {
            assert_eq!(clock(text), Ok(Moment::TimeOfDay(hour * 3_600 + minute * 60 + second)), "{text}");
        }
        for text in ["2026-11-20T14:05:12Z", "2026-11-20 14:05:12"] {
            assert_eq!(clock(text), Ok(Moment::At(1_795_183_512)), "{text}");
        }
        for text in
            ["24:00", "14:60", "14:", ":05", "14:05:", "-14:05", "2026-13-01T14:05", "2026-02-30T14:05", "1:2:3:4"]
        {
            assert!(clock(text).is_err(), "{text}");
        }
        assert_eq!(moment("1m500ms"), Ok(Moment::AfterBegin(Duration::from_millis(60_500))));
        for text in ["", "-", "--3s", "-+3", "1x", "s", "1m-3s", "nan", "inf", "1e99", "1m30x", "h", "ü"] {
            assert!(moment(text).is_err(), "{text}");
        }
    }

    #[test]
    fn nonsense_and_extremes_are_refused() {
        for text in ["", "s", "x", "1h", "-1", "nan", "inf", "1e999", "1 1", "0x1", "1s1"] {
            assert!(interval(text).is_err(), "{text}");
        }
        assert_eq!(interval("99ms"), Err("must be between 0.1 s and 60 s".to_owned()));
        assert!(interval("61").is_err() && watch("2000m").is_err());
    }
}
