//! Seconds after 1970 as a date and a time of day, in UTC.

/// A civil date and time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// Year.
    pub year: u64,
    /// Month, from 1.
    pub month: u64,
    /// Day, from 1.
    pub day: u64,
    /// Hour, minute, second.
    pub time: (u64, u64, u64),
}

impl Calendar {
    /// The date of an instant; instants some thousand years ahead have the last date that fits.
    pub fn of(unix_s: u64) -> Self {
        let (mut days, second) = (unix_s / 86_400, unix_s % 86_400);
        // Days to a civil date in eras of 400 years that begin on the first of March, so that leap days come last.
        days = days.min(3_000_000) + 719_468;
        let (era, day_of_era) = (days / 146_097, days % 146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let year = year_of_era + era * 400 + u64::from(month <= 2);
        Self { year, month, day, time: (second / 3_600, second / 60 % 60, second % 60) }
    }

    /// Seconds after 1970; none for what is no date from 1970 on.
    pub fn unix_s(&self) -> Option<u64> {
        let &Self { year, month, day, time: (hour, minute, second) } = self;
        let in_years = (1970..=9_999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
        if !in_years {
            return None;
        }
        // As above, the other way round.
        let (year_from_march, month_from_march) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
        let (era, year_of_era) = (year_from_march / 400, year_from_march % 400);
        let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        let days = (era * 146_097 + day_of_era).checked_sub(719_468)?;
        let unix_s = days * 86_400 + hour * 3_600 + minute * 60 + second;
        Some(unix_s).filter(|&unix_s| Self::of(unix_s) == *self)
    }

    /// "261120-161909": short, sorts by time, and a person can read it.
    pub fn compact(&self) -> String {
        let Self { year, month, day, time: (hour, minute, second) } = self;
        format!("{:02}{month:02}{day:02}-{hour:02}{minute:02}{second:02}", year % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_the_instant_it_was_made_of() {
        for unix_s in (0..200_000_u64).map(|at| at * 86_399).chain([1_795_183_512, 951_782_400, 4_102_444_799]) {
            assert_eq!(Calendar::of(unix_s).unix_s(), Some(unix_s));
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        let at = |year, month, day, time| Calendar { year, month, day, time }.unix_s();
        assert_eq!(at(2024, 2, 29, (0, 0, 0)), Some(1_709_164_800));
        for (year, month, day) in [(2026, 2, 29), (2026, 13, 1), (2026, 0, 1), (2026, 4, 31), (1969, 1, 1), (0, 1, 1)] {
            assert_eq!(at(year, month, day, (0, 0, 0)), None, "{year}-{month}-{day}");
        }
        assert_eq!(at(2026, 1, 1, (24, 0, 0)), None);
    }
}
