//! What may be typed to go to another time, and which moment is meant by it.

use std::time::Duration;

use crate::data::Calendar;
use crate::data::scene::{MarkKind, Timeline, TimelineLook, Verdict};
use crate::data::time::typed_time;
use crate::data::time::typed_time::{NoTime, TypedTime};
use crate::present::format;
use crate::tui::keys::TimeDirection;

/// What may be typed.
const VALID: &str = "write 3m ago, 14:05 (UTC), 90s after begin, or oversubscribed";
/// Letters of a word that are enough.
const LEAST_LETTERS: usize = 3;
const DAY_S: u64 = 86_400;

/// What was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Jump {
    /// A time.
    To(TypedTime),
    /// Whenever something was so.
    When(Sought),
}

/// What can be searched in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sought {
    /// The verdict was this one.
    Verdict(Verdict),
    /// A group had more threads than its limit, or a cap was exceeded.
    OverLimit,
    /// This happened.
    Mark(MarkKind),
}

/// From when to when there are looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TimeFrame {
    /// Nanoseconds since boot.
    pub(super) begin_ns: u64,
    pub(super) end_ns: u64,
    /// When that boot was, milliseconds after 1970.
    pub(super) boot_unix_ms: u64,
}

/// A time at which something began to be so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Nanoseconds since boot.
    pub(super) at_ns: u64,
    /// Of how many it is which, counted from 1.
    pub(super) number: usize,
    pub(super) of: usize,
    /// For how long it was so; none of a mark.
    pub(super) lasted_ns: Option<u64>,
}

/// Reads what was typed. A time without a word counts back from now where a target is live, else from the begin.
pub(super) fn parse(text: &str, live: bool) -> Result<Jump, String> {
    match typed_time::moment(text) {
        Ok(TypedTime::Plain(time)) if live => Ok(Jump::To(TypedTime::BeforeEnd(time))),
        Ok(time) => Ok(Jump::To(time)),
        Err(NoTime::Other) => sought(&text.trim().to_lowercase()).map(Jump::When).ok_or_else(|| VALID.to_owned()),
        Err(why) => Err(why.advice().to_owned()),
    }
}

/// Verdicts by the words on screen, and the other words; the first letters are enough.
fn sought(text: &str) -> Option<Sought> {
    const VERDICTS: [Verdict; 11] = [
        Verdict::Oversubscribed,
        Verdict::Severe,
        Verdict::Throttled,
        Verdict::Starved,
        Verdict::Misplaced,
        Verdict::Notice,
        Verdict::Undersubscribed,
        Verdict::Healthy,
        Verdict::Slower,
        Verdict::Stopped,
        Verdict::TooSoon,
    ];
    const MARKS: [MarkKind; 4] = [MarkKind::Epoch, MarkKind::Rerun, MarkKind::Pool, MarkKind::Verdict];
    let verdicts = VERDICTS.map(|verdict| (verdict.word(), Sought::Verdict(verdict)));
    let marks = MARKS.map(|kind| (kind.word(), Sought::Mark(kind)));
    let limits = ["over limit", "limit", "exceeded"].map(|word| (word, Sought::OverLimit));
    let mut words = verdicts.into_iter().chain(limits).chain(marks);
    let is = |word: &str| word == text || text.strip_suffix('s') == Some(word);
    let begins = |word: &str| text.len() >= LEAST_LETTERS && word.starts_with(text);
    words.clone().find(|(word, _)| is(word)).or_else(|| words.find(|(word, _)| begins(word))).map(|(_, sought)| sought)
}

impl Sought {
    /// In words.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Verdict(verdict) => verdict.word(),
            Self::OverLimit => "over limit",
            Self::Mark(kind) => kind.word(),
        }
    }

    /// Whether it was so at a look; marks are none of a look.
    fn is(self, look: &TimelineLook) -> bool {
        match self {
            Self::Verdict(verdict) => look.verdict == verdict,
            Self::OverLimit => look.over_limit,
            Self::Mark(_) => false,
        }
    }
}

impl TimeFrame {
    /// The instant that is meant by a time.
    pub(super) fn instant(&self, time: TypedTime) -> Result<u64, String> {
        let length = Duration::from_nanos(self.end_ns.saturating_sub(self.begin_ns));
        let nanoseconds = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let only = || format!("there are only {} before the end", format::duration(length.as_secs_f64()));
        match time {
            TypedTime::BeforeEnd(time) if time <= length => Ok(self.end_ns - nanoseconds(time)),
            TypedTime::Plain(time) | TypedTime::AfterBegin(time) if time <= length => {
                Ok(self.begin_ns + nanoseconds(time))
            }
            TypedTime::BeforeEnd(_) => Err(only()),
            TypedTime::Plain(_) | TypedTime::AfterBegin(_) => {
                Err(format!("it is only {} long", format::duration(length.as_secs_f64())))
            }
            TypedTime::TimeOfDay(second) => self.time_of_day(second),
            TypedTime::At(unix_s) => self.clock_time(Some(unix_s)),
        }
    }

    /// The last such time of a day that is not after the end. A second counts as long as it lasts.
    fn time_of_day(&self, second: u64) -> Result<u64, String> {
        let end = self.unix_s(self.end_ns);
        let today = end - end % DAY_S + second;
        self.clock_time(if today > end { today.checked_sub(DAY_S) } else { Some(today) })
    }

    fn unix_s(&self, at_ns: u64) -> u64 {
        self.boot_unix_ms.saturating_add(at_ns / 1_000_000) / 1000
    }

    /// This second after 1970.
    fn clock_time(&self, unix_s: Option<u64>) -> Result<u64, String> {
        let (begin, end) = (self.unix_s(self.begin_ns), self.unix_s(self.end_ns));
        let inside = unix_s.filter(|unix_s| (begin..=end).contains(unix_s)).ok_or_else(|| {
            let [begin, end] = [begin, end].map(clock);
            format!("that is not between {begin} and {end}")
        })?;
        let at_ms = inside.saturating_mul(1000).saturating_sub(self.boot_unix_ms);
        Ok(at_ms.saturating_mul(1_000_000).clamp(self.begin_ns, self.end_ns))
    }
}

/// "14:05:12Z".
pub(crate) fn clock(unix_s: u64) -> String {
    let (hour, minute, second) = Calendar::of(unix_s).time;
    format!("{hour:02}:{minute:02}:{second:02}Z")
}

/// The nearest time before an instant, or after it, at which it began to be so.
pub(super) fn find(timeline: &Timeline, sought: Sought, from_ns: u64, direction: TimeDirection) -> Option<Found> {
    let begins = begins(timeline, sought);
    let at = match direction {
        TimeDirection::Before => begins.partition_point(|&(begin, _)| begin < from_ns).checked_sub(1)?,
        TimeDirection::After => begins.partition_point(|&(begin, _)| begin <= from_ns),
    };
    let &(at_ns, lasted_ns) = begins.get(at)?;
    Some(Found { at_ns, number: at + 1, of: begins.len(), lasted_ns })
}

/// When it began to be so, and for how long it was.
fn begins(timeline: &Timeline, sought: Sought) -> Vec<(u64, Option<u64>)> {
    if let Sought::Mark(kind) = sought {
        let mut marks: Vec<u64> = timeline.marks.iter().filter(|it| it.kind == kind).map(|it| it.at_ns).collect();
        marks.dedup();
        return marks.into_iter().map(|at_ns| (at_ns, None)).collect();
    }
    let mut begins: Vec<(u64, Option<u64>)> = Vec::new();
    let mut goes_on = false;
    for (look, next) in timeline.looks.iter().zip(timeline.looks.iter().skip(1).chain(timeline.looks.last())) {
        let is = sought.is(look);
        let lasted_ns = next.at_ns.saturating_sub(look.at_ns);
        match begins.last_mut() {
            Some((_, Some(lasted))) if is && goes_on => *lasted += lasted_ns,
            _ if is => begins.push((look.at_ns, Some(lasted_ns))),
            _ => {}
        }
        goes_on = is;
    }
    begins
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::data::scene::TimelineMark;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn a_time_without_a_word_counts_from_where_one_looks() {
        let (ago, after) = (TypedTime::BeforeEnd(Duration::from_secs(180)), Duration::from_secs(180));
        assert_eq!((parse("3m", true), parse("3m", false)), (Ok(Jump::To(ago)), Ok(Jump::To(TypedTime::Plain(after)))));
        assert_eq!((parse("3m ago", true), parse(" 3M ago ", false)), (Ok(Jump::To(ago)), Ok(Jump::To(ago))));
    }

    #[test]
    fn words_are_those_on_screen_and_their_first_letters_are_enough() {
        for (text, expected) in [
            ("oversubscribed", Sought::Verdict(Verdict::Oversubscribed)),
            ("over", Sought::Verdict(Verdict::Oversubscribed)),
            ("Healthy", Sought::Verdict(Verdict::Healthy)),
            ("too soon", Sought::Verdict(Verdict::TooSoon)),
            ("over limit", Sought::OverLimit),
            ("exceeded", Sought::OverLimit),
            ("epochs", Sought::Mark(MarkKind::Epoch)),
            ("pool", Sought::Mark(MarkKind::Pool)),
            ("rerun", Sought::Mark(MarkKind::Rerun)),
        ] {
            assert_eq!(parse(text, true), Ok(Jump::When(expected)), "{text}");
        }
    }

    #[test]
    fn whatever_else_is_typed_hears_what_would_be_valid() {
        for text in ["", " ", "ago", "x ago", "3m after", "ov", "--3m", "\u{1b}[2J", "日本"] {
            assert_eq!(parse(text, true), Err(VALID.to_owned()), "{text:?}");
        }
        for text in [":", "14:", ":05", "14:05:30:1", "a:b", "-1:05", "014:05"] {
            assert!(parse(text, false).is_err(), "{text:?}");
        }
        assert!(parse("24:00", true).unwrap_err().starts_with("write a time of day in UTC"));
        assert!(parse("14:60", true).is_err() && parse("14:00:60", true).is_err());
    }

    /// Ten minutes from 2026-11-20 23:55:00 UTC, on a machine that was started an hour before.
    const FRAME: TimeFrame =
        TimeFrame { begin_ns: 3_600 * SECOND, end_ns: 4_200 * SECOND, boot_unix_ms: (1_795_219_200 - 3_900) * 1000 };

    #[test]
    fn a_time_is_an_instant_or_says_why_not() {
        let at = |text: &str| match parse(text, true).unwrap() {
            Jump::To(time) => FRAME.instant(time),
            Jump::When(sought) => panic!("{sought:?}"),
        };
        assert_eq!(at("1m"), Ok(4_140 * SECOND));
        assert_eq!((at("10m"), at("begin"), at("now")), (Ok(FRAME.begin_ns), Ok(FRAME.begin_ns), Ok(FRAME.end_ns)));
        assert_eq!(at("90s after begin"), Ok(3_690 * SECOND));
        assert_eq!(at("11m"), Err("there are only 10m00s before the end".to_owned()));
        assert_eq!(at("11m after begin"), Err("it is only 10m00s long".to_owned()));
        // Before midnight and after it.
        assert_eq!(at("23:56"), Ok(3_660 * SECOND));
        assert_eq!(at("0:01:30"), Ok(3_990 * SECOND));
        assert_eq!(at("23:54"), Err("that is not between 23:55:00Z and 00:05:00Z".to_owned()));
        assert!(at("0:05:01").is_err());
        assert_eq!(at("2026-11-20T23:56"), Ok(3_660 * SECOND));
        assert!(at("2026-11-19T23:56").is_err() && at("2026-11-21T00:06").is_err());
    }

    #[test]
    fn extremes_are_no_panic() {
        let huge = TimeFrame { begin_ns: u64::MAX, end_ns: 0, boot_unix_ms: u64::MAX };
        for text in ["now", "begin", "9d ago", "14:05", "1s after begin"] {
            let _ = huge.instant(typed_time::moment(text).unwrap());
        }
    }

    #[test]
    fn what_was_so_is_found_where_it_began() {
        let verdicts = "hhoohhhoooh";
        let look = |(second, verdict): (usize, char)| TimelineLook {
            at_ns: second as u64 * SECOND,
            verdict: if verdict == 'o' { Verdict::Oversubscribed } else { Verdict::Healthy },
            ..TimelineLook::default()
        };
        let looks = verdicts.chars().enumerate().map(look).collect();
        let mark = |second: u64| TimelineMark { at_ns: second * SECOND, kind: MarkKind::Pool, text: "".into() };
        let timeline = Timeline { looks, marks: Arc::new(vec![mark(3), mark(3), mark(6)]), ..Timeline::default() };
        let search = |sought, from: u64, direction| {
            let found = find(&timeline, sought, from * SECOND, direction)?;
            let lasted = found.lasted_ns.map(|ns| ns / SECOND);
            Some((found.at_ns / SECOND, lasted, found.number, found.of))
        };
        use TimeDirection::{After, Before};
        let over = Sought::Verdict(Verdict::Oversubscribed);
        assert_eq!(search(over, 10, Before), Some((7, Some(3), 2, 2)));
        assert_eq!(search(over, 8, Before), Some((7, Some(3), 2, 2)), "inside of it, to its begin");
        assert_eq!(search(over, 7, Before), Some((2, Some(2), 1, 2)));
        assert_eq!((search(over, 2, Before), search(over, 7, After)), (None, None));
        assert_eq!(search(over, 2, After), Some((7, Some(3), 2, 2)));
        assert_eq!(search(Sought::Mark(MarkKind::Pool), 6, Before), Some((3, None, 1, 2)));
        assert_eq!(search(Sought::Mark(MarkKind::Epoch), 6, Before), None);
        assert_eq!(search(Sought::OverLimit, 6, Before), None);
    }
}
