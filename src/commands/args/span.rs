//! Spans of time on the command line: "1", "1s", "500ms", "2m". One parser for every option.

use std::time::Duration;

/// Shortest and longest sampling interval.
const INTERVAL: (f64, f64) = (0.1, 60.0);

/// Shortest and longest time a report may watch: one interval, one day.
const WATCH: (f64, f64) = (0.1, 86_400.0);

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
    fn nonsense_and_extremes_are_refused() {
        for text in ["", "s", "x", "1h", "-1", "nan", "inf", "1e999", "1 1", "0x1", "1s1"] {
            assert!(interval(text).is_err(), "{text}");
        }
        assert_eq!(interval("99ms"), Err("must be between 0.1 s and 60 s".to_owned()));
        assert!(interval("61").is_err() && watch("2000m").is_err());
    }
}
