//! The sliding window every rate is taken over, and totals that remember what they were at its marks. Memory is bounded:
//! a few marks, however short the interval.

use std::array;

/// Two seconds, less the jitter of a tick: at one second the error of run-queue waiting reached 13 % (it is credited when
/// a thread next runs).
const SHORTEST_NS: u64 = 1_960_000_000;
/// Marks stand at least this far apart, so that all of them together always reach back further than the window.
const STEP_NS: u64 = 290_000_000;
const MARKS: usize = 8;

/// Which earlier instant the newest one is compared with.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    shortest_ns: u64,
    step_ns: u64,
    marks_ns: [u64; MARKS],
    /// Marks ever made: mark number n stands at `n % MARKS` until a later one takes its place.
    made: usize,
    now_ns: u64,
    tick_ns: u64,
    /// The number of the mark that the newest instant is compared with.
    from: Option<usize>,
    /// The number of the mark that is made at the newest instant.
    due: Option<usize>,
}

impl Default for Window {
    /// The window of all rates on screen.
    fn default() -> Self {
        Self::new(SHORTEST_NS, STEP_NS)
    }
}

impl Window {
    /// A window of at least `shortest_ns`; its marks stand `step_ns` apart, at least a seventh of it.
    fn new(shortest_ns: u64, step_ns: u64) -> Self {
        Self { shortest_ns, step_ns, marks_ns: [0; MARKS], made: 0, now_ns: 0, tick_ns: 0, from: None, due: None }
    }

    /// A window of at least this many seconds, less the jitter of a tick.
    pub fn of_seconds(seconds: f64) -> Self {
        let shortest_ns = (seconds * 0.98e9) as u64;
        Self::new(shortest_ns, shortest_ns * 148 / 1000)
    }

    /// From the first instant on, for a report on everything that was seen.
    pub fn whole() -> Self {
        Self::new(u64::MAX, u64::MAX)
    }

    /// Whether it is this long, less the jitter of a tick.
    pub fn covers(&self, seconds: f64) -> bool {
        self.span_ns() as f64 >= seconds * 0.98e9
    }

    /// Moves to a later instant; one that is not later changes nothing but the length of the tick, which is 0.
    pub fn advance(&mut self, now_ns: u64) {
        let first = !self.begun();
        self.tick_ns = if first { 0 } else { now_ns.saturating_sub(self.now_ns) };
        self.due = None;
        if !first && self.tick_ns == 0 {
            return;
        }
        self.now_ns = now_ns;
        let newest_first = (1..=self.made.min(MARKS)).map(|back| self.made - back);
        let far_enough = |mark: &usize| now_ns - self.marks_ns[*mark % MARKS] >= self.shortest_ns;
        self.from = newest_first.clone().find(far_enough).or(newest_first.clone().next_back());
        if newest_first.take(1).all(|newest| now_ns - self.marks_ns[newest % MARKS] >= self.step_ns) {
            self.marks_ns[self.made % MARKS] = now_ns;
            self.due = Some(self.made);
            self.made += 1;
        }
    }

    /// Whether there was an instant yet.
    pub fn begun(&self) -> bool {
        self.made > 0
    }

    /// The newest instant, nanoseconds since boot.
    pub fn now_ns(&self) -> u64 {
        self.now_ns
    }

    /// Nanoseconds since the instant before; 0 at the first.
    pub fn tick_ns(&self) -> u64 {
        self.tick_ns
    }

    /// The first instant within it: what was counted at the one before is not in its rates.
    pub fn first_ns(&self) -> u64 {
        self.now_ns.saturating_sub(self.span_ns()).saturating_add(1)
    }

    /// Nanoseconds that rates cover; 0 at the first instant.
    pub fn span_ns(&self) -> u64 {
        self.from.map_or(0, |mark| self.now_ns - self.marks_ns[mark % MARKS])
    }
}

/// A total that only grows.
pub(crate) trait Total: Copy {
    /// What came since an earlier value of the same total; never below zero.
    fn since(self, earlier: Self) -> Self;
}

impl Total for u64 {
    fn since(self, earlier: Self) -> Self {
        self.saturating_sub(earlier)
    }
}

/// A total, and what it was at the window's marks. Whoever knows that it stood still need not call for every instant: see
/// [`catch_up`](Self::catch_up).
#[derive(Clone, Debug)]
pub(crate) struct Remembered<T> {
    /// The total now.
    pub now: T,
    marks: [T; MARKS],
    /// Marks that were made when it was last asked to remember: since then it has been what it is now.
    marked: usize,
}

impl<T: Total> Remembered<T> {
    /// A total that was the same all the time until now.
    pub fn new(first: T) -> Self {
        Self { now: first, marks: array::from_fn(|_| first), marked: 0 }
    }

    /// Remembers the total if the window set a mark at this instant. To be called once an instant, when `now` is right.
    pub fn mark(&mut self, window: &Window) {
        if let Some(mark) = window.due {
            self.marks[mark % MARKS] = self.now;
        }
        self.marked = window.made;
    }

    /// Remembers the total at the marks of all instants for which [`mark`](Self::mark) was not called because the total stood
    /// still. To be called before it grows again.
    pub fn catch_up(&mut self, window: &Window) {
        let before = window.due.unwrap_or(window.made);
        for mark in self.marked.max(before.saturating_sub(MARKS))..before {
            self.marks[mark % MARKS] = self.now;
        }
        self.marked = self.marked.max(before);
    }

    /// What came within the window.
    pub fn over(&self, window: &Window) -> T {
        let from = window.from.filter(|&mark| mark < self.marked);
        self.now.since(from.map_or(self.now, |mark| self.marks[mark % MARKS]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Spans of the window at each of many ticks, and the growth seen of a total that grows by one a nanosecond.
    fn spans(interval_ns: u64, ticks: u64) -> Vec<u64> {
        let (mut window, mut total) = (Window::default(), Remembered::new(5 * interval_ns));
        (5..5 + ticks)
            .map(|tick| {
                window.advance(tick * interval_ns);
                total.now = tick * interval_ns;
                total.mark(&window);
                assert_eq!(total.over(&window), window.span_ns());
                window.span_ns()
            })
            .collect()
    }

    #[test]
    fn the_window_grows_to_two_seconds_and_stays_near_them() {
        for (interval_ms, longest_ms) in
            [(100, 2400), (130, 2600), (250, 2500), (290, 2320), (1000, 2000), (1500, 3000)]
        {
            let spans = spans(interval_ms * 1_000_000, 300);
            assert_eq!(spans[0], 0);
            assert_eq!(spans[1], interval_ms * 1_000_000);
            let settled = &spans[30..];
            assert!(settled.iter().all(|&span| (SHORTEST_NS..=longest_ms * 1_000_000).contains(&span)), "{settled:?}");
        }
    }

    #[test]
    fn a_total_that_stands_still_need_not_be_marked() {
        let mut window = Window::default();
        let (mut each, mut late) = (Remembered::new(7_u64), Remembered::new(7_u64));
        for tick in 1..200_u64 {
            window.advance(tick * 250_000_000);
            // Bursts of several ticks, and pauses shorter and longer than all marks together.
            let grows = tick < 5 || (20..23).contains(&tick) || tick % 31 < 2 || tick > 180;
            if grows {
                late.catch_up(&window);
                late.now += tick;
                each.now += tick;
                late.mark(&window);
            }
            each.mark(&window);
            assert_eq!(late.over(&window), each.over(&window), "tick {tick}");
        }
    }

    #[test]
    fn a_window_of_ten_seconds_is_full_after_ten() {
        for interval_ms in [100, 250, 1000, 3000] {
            let mut window = Window::of_seconds(10.0);
            let mut full_at = None;
            for tick in 0..600 {
                window.advance(1 + tick * interval_ms * 1_000_000);
                if window.covers(10.0) {
                    full_at.get_or_insert(tick * interval_ms);
                    assert!(window.span_ns() <= 13_000_000_000, "{interval_ms}: {}", window.span_ns());
                }
            }
            let full_at = full_at.unwrap();
            assert!((9800..=13_000).contains(&full_at), "{interval_ms} ms: full at {full_at}");
        }
    }

    #[test]
    fn a_long_interval_is_a_window_of_its_own() {
        assert_eq!(spans(60_000_000_000, 4)[3], 60_000_000_000);
    }

    #[test]
    fn an_instant_that_is_not_later_is_no_tick() {
        let mut window = Window::default();
        window.advance(5_000_000_000);
        window.advance(7_000_000_000);
        window.advance(6_000_000_000);
        assert_eq!((window.now_ns(), window.tick_ns(), window.span_ns()), (7_000_000_000, 0, 2_000_000_000));
    }
}
