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

    /// "261120-161909": short, sorts by time, and a person can read it.
    pub fn compact(&self) -> String {
        let Self { year, month, day, time: (hour, minute, second) } = self;
        format!("{:02}{month:02}{day:02}-{hour:02}{minute:02}{second:02}", year % 100)
    }
}
