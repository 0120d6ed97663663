//! Numbers as people and JSON read them. A missing number is "-"; the report's list of gaps says why.

use std::time::Duration;

use crate::data::Calendar;

/// What stands where a number is missing.
pub(crate) const MISSING: &str = "-";

/// CPUs with two decimals: "1.31".
pub fn cpus(value: Option<f64>) -> String {
    value.map_or_else(|| MISSING.to_owned(), |value| format!("{value:.2}"))
}

/// A share of one as a percentage: "58 %".
pub(crate) fn share(value: Option<f64>) -> String {
    value.map_or_else(|| MISSING.to_owned(), |value| format!("{:.0} %", value * 100.0))
}

/// A span of time in its two largest units: "8s", "3m12s", "1h04m", "2d03h".
pub fn span(seconds: f64) -> String {
    let seconds = seconds.max(0.0) as u64;
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m{:02}s", seconds % 60),
        (0, _, _) => format!("{hours}h{:02}m", minutes % 60),
        _ => format!("{days}d{:02}h", hours % 24),
    }
}

/// Bytes in decimal units: "812 B", "120 kB", "3.4 MB".
pub(crate) fn bytes(count: u64) -> String {
    match count {
        0..=999 => format!("{count} B"),
        1_000..=999_999 => format!("{:.0} kB", count as f64 / 1e3),
        _ => format!("{:.1} MB", count as f64 / 1e6),
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
            assert_eq!(span(seconds), shown);
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
        assert_eq!((cpus(None).as_str(), share(None).as_str()), ("-", "-"));
        assert_eq!((cpus(Some(1.305)).as_str(), share(Some(0.58)).as_str()), ("1.30", "58 %"));
    }

    #[test]
    fn sizes_change_unit_where_they_should() {
        assert_eq!([999, 1_000, 3_400_000].map(bytes), ["999 B", "1 kB", "3.4 MB"]);
        assert_eq!(milliseconds(3_400_000), 3.4);
        assert_eq!(rounded(0.1 + 0.2), 0.3);
    }
}
