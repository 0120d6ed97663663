//! When something that hardly ever changes is looked at next: soon after news, ever more rarely while there are none.

/// Nanoseconds between two looks at least.
pub const SHORTEST_NS: u64 = 2_000_000_000;
/// Nanoseconds between two looks grow to this while nothing new appears.
const LONGEST_NS: u64 = 32_000_000_000;

/// When to look again. The first look is due at once.
#[derive(Clone, Copy, Debug, Default)]
pub struct Backoff {
    last_ns: Option<u64>,
    pause_ns: u64,
}

impl Backoff {
    /// Whether it is time for a look.
    pub fn is_due(&self, at_ns: u64) -> bool {
        self.last_ns.is_none_or(|last_ns| at_ns >= last_ns.saturating_add(self.pause_ns))
    }

    /// Notes a look and whether it found anything new: if not, the next pause is twice as long.
    pub fn looked(&mut self, at_ns: u64, changed: bool) {
        let pause_ns = if changed { SHORTEST_NS } else { self.pause_ns.saturating_mul(2) };
        self.pause_ns = pause_ns.clamp(SHORTEST_NS, LONGEST_NS);
        self.last_ns = Some(at_ns);
    }

    /// Something else has changed on which this may depend.
    pub fn shorten(&mut self) {
        self.pause_ns = SHORTEST_NS;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn pauses_double_up_to_the_longest_and_news_bring_the_next_look_near() {
        let mut pace = Backoff::default();
        let mut looks = Vec::new();
        for second in 0..100 {
            if pace.is_due(second * SECOND) {
                looks.push(second);
                pace.looked(second * SECOND, false);
            }
        }
        assert_eq!(looks, [0, 2, 6, 14, 30, 62, 94]);
        assert!(!pace.is_due(100 * SECOND));
        pace.shorten();
        assert!(pace.is_due(100 * SECOND));
        pace.looked(100 * SECOND, true);
        pace.shorten();
        assert!(!pace.is_due(101 * SECOND), "news never bring two looks within the shortest pause");
        assert!(pace.is_due(102 * SECOND));
    }
}
