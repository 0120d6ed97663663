//! Waiting for a condition, never for luck: every wait has a deadline and says what did not happen.

#![allow(dead_code)] // each test binary uses its part

use std::time::{Duration, Instant};

/// Long enough for a loaded machine of two CPUs; a passing test never waits for it.
pub const LONG: Duration = Duration::from_secs(120);

/// Asks again and again until there is an answer. Panics with `what` when the limit is over.
pub fn wait_for<T>(what: &str, limit: Duration, mut ask: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + limit;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < end, "{what}: not within {limit:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
