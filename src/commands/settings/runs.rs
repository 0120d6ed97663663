//! How many runs are kept, by the settings.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::runs::store::Retention;

/// Runs that are kept unless told otherwise.
const KEEP: usize = 50;
/// Megabytes of a process that is only watched, unless told otherwise.
const WATCHED_MB: u32 = 20;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// How many runs are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RunsSettings {
    /// The newest so many.
    pub(crate) keep: Option<u32>,
    /// Of these the ones of the last so many days.
    pub(crate) keep_days: Option<u32>,
    /// Largest recording of a process that is only watched, in megabytes; 0: none is made.
    pub(crate) watched_mb: Option<u32>,
}

impl RunsSettings {
    /// Bytes that the recording of a process has that somebody asked to be recorded.
    pub(crate) fn watched_bytes(&self) -> u64 {
        self.watched_limit().unwrap_or(u64::from(WATCHED_MB) * 1_000_000)
    }

    /// Bytes that the recording of a process that is only watched may have; none: it is not recorded.
    pub(crate) fn watched_limit(&self) -> Option<u64> {
        Some(u64::from(self.watched_mb.unwrap_or(WATCHED_MB)) * 1_000_000).filter(|&bytes| bytes > 0)
    }

    /// Which runs stay, from now on.
    pub(crate) fn retention(&self) -> Retention {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now_ms = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        Retention {
            newest: self.keep.map_or(KEEP, |keep| keep as usize),
            since_unix_ms: self.keep_days.map(|days| now_ms.saturating_sub(u64::from(days) * DAY_MS)),
        }
    }
}
