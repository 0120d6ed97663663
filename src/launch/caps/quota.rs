//! `--quota CPUS`: CPU time as a number of CPUs, "1.5".

use crate::data::CpuSet;
use crate::data::sample::Quota;

/// The kernel's default period (sched-bwc.rst): a smaller one throttles more often, for a shorter time.
const PERIOD_US: u64 = 100_000;
/// A quota may not be shorter than a millisecond (sched/core.c, min_cfs_quota_period).
const SHORTEST_US: u64 = 1_000;

/// "1.5" is one and a half CPUs: 150 ms in every 100 ms.
pub fn parse(text: &str) -> Result<Quota, String> {
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if whole.is_empty() || fraction.is_empty() || !digits(whole) || !digits(fraction) {
        return Err("write a number of CPUs: 2, 1.5".to_owned());
    }
    // Digits and a point only: neither a sign nor an exponent.
    let cpus: f64 = text.parse().map_err(|_| "write a number of CPUs: 2, 1.5".to_owned())?;
    let (shortest, largest) = (SHORTEST_US as f64 / PERIOD_US as f64, f64::from(CpuSet::LARGEST));
    if !(shortest..=largest).contains(&cpus) {
        return Err(format!("must be between {shortest} and {largest}"));
    }
    Ok(Quota { quota_us: (cpus * PERIOD_US as f64).round() as u64, period_us: PERIOD_US })
}

/// As it is written on the command line.
pub fn text(quota: Quota) -> String {
    quota.cpus().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_cpus_is_time_in_a_period() {
        for (written, quota_us) in [("1.5", 150_000), ("2", 200_000), ("0.01", 1_000), ("0.333333", 33_333)] {
            assert_eq!(parse(written), Ok(Quota { quota_us, period_us: PERIOD_US }), "{written}");
        }
        assert_eq!(text(parse("1.50").unwrap()), "1.5");
    }

    #[test]
    fn nonsense_is_no_quota() {
        for bad in ["", "0", "0.0", "0.001", "-1", "+1", "nan", "inf", "1e3", "1.", ".5", "1.5.5", "9000", "1,5", " 1"]
        {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert!(parse(&"9".repeat(400)).is_err());
    }
}
