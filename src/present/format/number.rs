//! Numbers as people and JSON read them. Formats only: every value was worked out below. Of a missing number the list of
//! gaps says why.

use std::time::Duration;

use crate::data::Calendar;

/// Stands on screen where a value is missing.
pub const MISSING: &str = "–";
/// Stands in reports where a value is missing.
pub(crate) const MISSING_ASCII: &str = "-";

/// CPUs in a report: "1.31", "-".
pub(crate) fn cpus_or_dash(value: Option<f64>) -> String {
    value.map_or_else(|| MISSING_ASCII.to_owned(), |value| format!("{value:.2}"))
}

/// A share of one in a report: "58 %", "-".
pub(crate) fn percent_or_dash(share: Option<f64>) -> String {
    share.map_or_else(|| MISSING_ASCII.to_owned(), |share| format!("{:.0} %", share * 100.0))
}

/// Three digits that count: "9.99", "41.2", "412".
pub(crate) fn three_digits(value: f64) -> String {
    match value {
        small if small < 9.995 => format!("{small:.2}"),
        middling if middling < 99.95 => format!("{middling:.1}"),
        large => format!("{large:.0}"),
    }
}

/// CPUs in a column of the screen: "1.31".
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

/// How long something has lasted so far; none of it where a clock went back.
pub(crate) fn age(seconds: f64) -> String {
    duration(seconds.max(0.0))
}

/// A short span with its unit, for intervals: "1s", "0.1s".
pub fn interval(seconds: f64) -> String {
    if seconds.fract() == 0.0 { format!("{}s", number(seconds, 0)) } else { format!("{}s", number(seconds, 1)) }
}

/// "1 thread", "16 threads".
pub fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// Bytes in decimal units: "812 B", "120 kB", "3.4 MB", "80.0 GB".
pub(crate) fn bytes(count: u64) -> String {
    match count {
        0..=999 => format!("{count} B"),
        1_000..=999_999 => format!("{:.0} kB", count as f64 / 1e3),
        1_000_000..=999_949_999 => format!("{:.1} MB", count as f64 / 1e6),
        _ => format!("{:.1} GB", count as f64 / 1e9),
    }
}

/// Nanoseconds as milliseconds.
pub(crate) fn milliseconds(nanoseconds: u64) -> f64 {
    rounded(Duration::from_nanos(nanoseconds).as_secs_f64() * 1e3)
}

/// Six decimals are more than any counter here can tell, and keep 1.1 from becoming 1.1000000000000003.
pub(crate) fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

/// Seconds after 1970 as an instant of ISO 8601 in UTC: "2026-11-20T16:19:09Z".
pub(crate) fn instant(unix_s: u64) -> String {
    let Calendar { year, month, day, time: (hour, minute, second) } = Calendar::of(unix_s);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_shows_its_two_largest_units() {
        let spans = [(-1.0, "0s"), (8.9, "8s"), (192.0, "3m12s"), (3_840.0, "1h04m"), (183_700.0, "2d03h")];
        for (seconds, shown) in spans {
            assert_eq!(age(seconds), shown);
        }
    }

    #[test]
    fn an_instant_is_right_on_leap_days_and_bounded() {
        let instants = [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (1_795_191_549, "2026-11-20T16:19:09Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ];
        for (unix_s, shown) in instants {
            assert_eq!(instant(unix_s), shown);
        }
        assert!(instant(u64::MAX).ends_with('Z'));
    }

    #[test]
    fn a_missing_number_is_a_dash() {
        assert_eq!((cpus_or_dash(None).as_str(), percent_or_dash(None).as_str()), ("-", "-"));
        assert_eq!((cpus_or_dash(Some(1.305)).as_str(), percent_or_dash(Some(0.58)).as_str()), ("1.30", "58 %"));
    }

    #[test]
    fn sizes_change_unit_where_they_should() {
        assert_eq!([999, 1_000, 3_400_000].map(bytes), ["999 B", "1 kB", "3.4 MB"]);
        assert_eq!(milliseconds(3_400_000), 3.4);
        assert_eq!(rounded(0.1 + 0.2), 0.3);
    }

    #[test]
    fn no_number_is_wider_than_its_column() {
        for value in [0.0, -0.0, 0.004, 1.305, 99.999, 1e3, 8192.0, 1e300, -1e300, f64::NAN, f64::INFINITY] {
            assert!(cpus(value).chars().count() <= 7, "{value}: {}", cpus(value));
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
}
