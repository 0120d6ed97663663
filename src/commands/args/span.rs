//! Times on the command line: how long ("1", "1s", "500ms", "1h30m"), moments of a recording ("1m30s", "-30s", "14:05"), and the
//! span between two of them.

use std::time::Duration;

use clap::Args;

use crate::data::time::typed_time;
use crate::data::time::typed_time::TypedTime;

const DAY: Duration = Duration::from_secs(86_400);
/// Shortest and longest sampling interval.
const INTERVAL: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(60));
/// Shortest and longest time a report may watch: one interval, one day.
const WATCH: (Duration, Duration) = (Duration::from_millis(100), DAY);
/// Shortest and longest time in which runs may begin.
const MINUTES: (Duration, Duration) = (Duration::from_secs(60), DAY);

/// Which moment of a recording, or which span of it. Without any of the options it is for each command to say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Args)]
pub(crate) struct MomentArgs {
    /// A moment of a recording: 90s or 1m30s from its start, -30s from its end, or 14:05 UTC
    #[arg(long, value_name = "TIME", value_parser = moment, allow_hyphen_values = true, conflicts_with_all = ["from", "to"])]
    pub(crate) at: Option<TypedTime>,
    /// Start of a span of a recording [default: its start]
    #[arg(long, value_name = "TIME", value_parser = moment, allow_hyphen_values = true)]
    pub(crate) from: Option<TypedTime>,
    /// End of a span of a recording [default: its end]
    #[arg(long, value_name = "TIME", value_parser = moment, allow_hyphen_values = true)]
    pub(crate) to: Option<TypedTime>,
}

/// A moment of a recording; a time without a word counts from its begin.
pub(crate) fn moment(text: &str) -> Result<TypedTime, String> {
    match typed_time::moment(text).map_err(|why| why.advice().to_owned())? {
        TypedTime::Plain(time) => Ok(TypedTime::AfterBegin(time)),
        moment => Ok(moment),
    }
}

/// A sampling interval.
pub(crate) fn interval(text: &str) -> Result<Duration, String> {
    within(text, 's', INTERVAL)
}

/// How long a report watches.
pub(crate) fn watch(text: &str) -> Result<Duration, String> {
    within(text, 's', WATCH)
}

/// In which time runs begin; a number alone is of minutes.
pub(crate) fn minutes(text: &str) -> Result<Duration, String> {
    within(text, 'm', MINUTES)
}

/// How long is recorded.
pub(crate) fn length(text: &str) -> Result<Duration, String> {
    let time = typed_time::span(text, 's').ok().filter(|time| !time.is_zero());
    time.ok_or_else(|| "write how long: 90s, 30m, 8h, 1h30m".to_owned())
}

fn within(text: &str, unit: char, (shortest, longest): (Duration, Duration)) -> Result<Duration, String> {
    let time = typed_time::span(text, unit).map_err(|_| "write how long: 5, 0.5, 500ms, 2m, 1h30m")?;
    if !(shortest..=longest).contains(&time) {
        let [shortest, longest] = [shortest, longest].map(|bound| bound.as_secs_f64());
        return Err(format!("must be between {shortest} s and {longest} s"));
    }
    Ok(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_understood_and_each_option_has_its_bounds() {
        let spans = [("1", 1_000), ("1s", 1_000), ("500ms", 500), ("0.5", 500), ("1m", 60_000), (" 2 s", 2_000)];
        for (text, milliseconds) in spans {
            assert_eq!(interval(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        assert_eq!((watch("10m"), watch("1h30m")), (Ok(Duration::from_secs(600)), Ok(Duration::from_secs(5_400))));
        assert_eq!((minutes("10"), minutes("1h")), (Ok(Duration::from_secs(600)), Ok(Duration::from_secs(3_600))));
        assert_eq!(length("8h"), Ok(Duration::from_secs(28_800)));
        assert_eq!(interval("99ms"), Err("must be between 0.1 s and 60 s".to_owned()));
        for text in ["", "s", "x", "-1", "nan", "inf", "1e999", "1 1", "0x1", "61", "1h"] {
            assert!(interval(text).is_err(), "{text}");
        }
        assert!(watch("2000m").is_err() && minutes("30s").is_err() && length("0").is_err() && length("-3s").is_err());
    }

    #[test]
    fn a_moment_without_a_word_counts_from_the_begin() {
        assert_eq!(moment("90"), Ok(TypedTime::AfterBegin(Duration::from_secs(90))));
        assert_eq!(moment("-30s"), Ok(TypedTime::BeforeEnd(Duration::from_secs(30))));
        assert!(moment("24:00").unwrap_err().starts_with("write a time of day in UTC"));
        assert!(moment("x").unwrap_err().starts_with("write a time from the begin"));
    }
}
