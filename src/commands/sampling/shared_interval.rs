//! The time between two looks, which may change while a target is watched.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The time between two looks. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct SharedInterval(Arc<AtomicU64>);

impl SharedInterval {
    /// This time.
    pub(crate) fn of(interval: Duration) -> Self {
        let pace = Self(Arc::default());
        pace.set(interval);
        pace
    }

    /// The time from now on.
    pub(crate) fn set(&self, interval: Duration) {
        self.0.store(u64::try_from(interval.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// The time.
    pub(crate) fn interval(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }
}
