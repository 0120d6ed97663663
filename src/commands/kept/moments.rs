//! Which moment or span of a recording is meant: from what stands on the command line to seconds from the first look.

use std::time::Duration;

use crate::commands::args::span::MomentArgs;
use crate::commands::own_process::exit::CommandError;
use crate::data::time::typed_time::TypedTime;
use crate::present::format;
use crate::runs::recorded::{Recorded, RecordedSpan};

const DAY_MS: u64 = 86_400_000;

/// What of a recording is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MomentChoice {
    /// No option says it.
    Unsaid,
    /// A moment, so long after the first look.
    Moment(Duration),
    /// A span.
    Span(RecordedSpan),
}

/// What the options mean of this recording.
///
/// # Errors
/// That the recording has no such moment, or that the span would end before it begins.
pub(crate) fn chosen(recorded: &Recorded, args: &MomentArgs) -> Result<MomentChoice, CommandError> {
    if let Some(at) = args.at {
        return moment(recorded, "--at", at).map(MomentChoice::Moment);
    }
    let MomentArgs { from, to, .. } = *args;
    match (from, to) {
        (None, None) => Ok(MomentChoice::Unsaid),
        _ => span(recorded, ("--from", from), ("--to", to)).map(MomentChoice::Span),
    }
}

/// A span; without a begin or an end that of the recording. The names are for complaints.
pub(crate) fn span(
    recorded: &Recorded,
    (from_name, from): (&str, Option<TypedTime>),
    (to_name, to): (&str, Option<TypedTime>),
) -> Result<RecordedSpan, CommandError> {
    let from = from.map_or(Ok(Duration::ZERO), |from| moment(recorded, from_name, from))?;
    let to = to.map_or(Ok(recorded.length()), |to| moment(recorded, to_name, to))?;
    match from < to {
        true => Ok(RecordedSpan { from, to }),
        false => {
            let [from, to] = [from, to].map(|moment| format::duration(moment.as_secs_f64()));
            Err(CommandError::usage(format!("{to_name}: the span would end at {to}, but begins at {from}")))
        }
    }
}

/// How long after the first look a moment is. The name is for complaints.
///
/// # Errors
/// That the recording has no such moment, or several.
pub(crate) fn moment(recorded: &Recorded, name: &str, moment: TypedTime) -> Result<Duration, CommandError> {
    let length = recorded.length();
    let (begun_ms, length_ms) = (recorded.begun_unix_ms(), u64::try_from(length.as_millis()).unwrap_or(u64::MAX));
    let found = match moment {
        TypedTime::Plain(time) | TypedTime::AfterBegin(time) => Some(time).filter(|&time| time <= length),
        TypedTime::BeforeEnd(time) => length.checked_sub(time),
        TypedTime::At(unix_s) => after_begin((begun_ms, length_ms), unix_s.saturating_mul(1000)),
        TypedTime::TimeOfDay(second) => {
            let days = on_days((begun_ms, length_ms), second);
            if days.len() > 1 {
                let (begun, _) = ends(begun_ms, length_ms);
                let why =
                    format!("the recording, from {begun} on, has this time on several days: put the date before it");
                return Err(CommandError::usage(format!("{name}: {why}")));
            }
            days.first().copied()
        }
    };
    found.ok_or_else(|| {
        CommandError::usage(match moment {
            TypedTime::Plain(_) | TypedTime::AfterBegin(_) | TypedTime::BeforeEnd(_) => {
                format!("{name}: the recording is only {} long", format::duration(length.as_secs_f64()))
            }
            TypedTime::At(_) | TypedTime::TimeOfDay(_) => {
                let (begun, ended) = ends(begun_ms, length_ms);
                format!("{name}: the recording is from {begun} to {ended}")
            }
        })
    })
}

/// How long after its begin that is. A clock is read in whole seconds or minutes: the minute in which it begins and the second
/// in which it ends belong to it.
fn after_begin((begun_ms, length_ms): (u64, u64), unix_ms: u64) -> Option<Duration> {
    let same_minute = unix_ms / 60_000 == begun_ms / 60_000;
    let after_ms = match unix_ms.checked_sub(begun_ms) {
        None if same_minute => 0,
        after_ms => after_ms?,
    };
    (after_ms < length_ms.saturating_add(1000)).then(|| Duration::from_millis(after_ms.min(length_ms)))
}

/// A time of day on the first days that have it.
fn on_days((begun_ms, length_ms): (u64, u64), second: u64) -> Vec<Duration> {
    let midnight_ms = begun_ms - begun_ms % DAY_MS;
    let on_day = |day: u64| {
        let unix_ms = midnight_ms.saturating_add(day * DAY_MS + second * 1000);
        after_begin((begun_ms, length_ms), unix_ms)
    };
    (0..3).filter_map(on_day).collect()
}

/// Its first and last look by the clock.
fn ends(begun_ms: u64, length_ms: u64) -> (String, String) {
    let at = |unix_ms: u64| format::instant(unix_ms / 1000);
    (at(begun_ms), at(begun_ms.saturating_add(length_ms)))
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;
    use crate::commands::args::span;

    fn recorded() -> Recorded {
        Recorded::open(File::open("tests/data/tape/first.tape").unwrap(), "first.tape", false).unwrap()
    }

    fn at(text: &str) -> Result<f64, String> {
        let found = moment(&recorded(), "--at", span::moment(text).unwrap());
        found.map(|at| at.as_secs_f64()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_time_of_day_is_a_moment_where_the_recording_has_it_once() {
        // It was begun at 19:56:14.649 and is some 15 s long.
        let length = recorded().length().as_secs_f64();
        assert!((14.0..16.0).contains(&length), "{length}");
        for (text, seconds) in [("19:56:20", 5.351), ("2026-11-20T19:56:20Z", 5.351), ("19:56", 0.0), ("19:56:14", 0.0)]
        {
            assert!((at(text).unwrap() - seconds).abs() < 2e-3, "{text}: {:?}", at(text));
        }
        for text in ["19:57", "19:55", "2026-11-21T19:56:20"] {
            let says = at(text).unwrap_err();
            assert!(
                says.starts_with("--at: the recording is from 2026-11-20T19:56:14Z to 2026-11-20T19:56:"),
                "{says}"
            );
        }
        assert_eq!(at("90m").unwrap_err(), "--at: the recording is only 14s long");
        assert_eq!(at("-0s").unwrap(), length);
    }

    #[test]
    fn a_recording_of_several_days_has_a_time_more_than_once() {
        let recording = (10 * DAY_MS + 3_600_000, 2 * DAY_MS);
        let hours = |hour: u64| -> Vec<u64> {
            on_days(recording, hour * 3_600).iter().map(|at| at.as_secs() / 3_600).collect()
        };
        assert_eq!((hours(0), hours(1), hours(2)), (vec![23, 47], vec![0, 24, 48], vec![1, 25]));
        assert_eq!(on_days((10 * DAY_MS, 1000), 7), [] as [Duration; 0]);
    }

    #[test]
    fn a_span_has_a_begin_before_its_end() {
        let parse = |text: &str| Some(span::moment(text).unwrap());
        let of = |from: &str, to: &str| super::span(&recorded(), ("--from", parse(from)), ("--to", parse(to)));
        assert_eq!(of("2s", "5s").unwrap(), RecordedSpan { from: Duration::from_secs(2), to: Duration::from_secs(5) });
        for (from, to) in [("5s", "2s"), ("5s", "5s")] {
            assert!(of(from, to).unwrap_err().to_string().starts_with("--to: the span would end at "));
        }
        let to = super::span(&recorded(), ("--from", None), ("--to", parse("-1s"))).unwrap();
        assert_eq!((to.from, to.to), (Duration::ZERO, recorded().length() - Duration::from_secs(1)));
    }
}
