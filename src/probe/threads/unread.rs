//! How much CPU time threads that were not read may have used: a process's own clock less what its threads said they ran. An
//! upper bound, never an estimate.

/// CPU time of a process that none of its known threads used, in nanoseconds: what threads used that ended, or that are not
/// known yet. At least this much; it never falls but when such a thread becomes known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Elsewhere {
    least_ns: u64,
}

/// What a process's clock said before and after threads were read.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// Nanoseconds before the first of them.
    pub before_ns: u64,
    /// Nanoseconds after the last of them.
    pub after_ns: u64,
}

impl Elsewhere {
    /// All threads were read, one after the other: `known_ns` is the sum of what they ran. Before the first was read they had
    /// not run more than that.
    pub fn all_read(&mut self, span: Span, known_ns: u64) {
        self.learn(span.before_ns.saturating_sub(known_ns));
    }

    /// Threads that ran lately were read, then all others, then those that ran lately once more, which ran `gained_ns` in
    /// between. `began_ns` is on the clock before all that, and `last` the span of the last round.
    ///
    /// Of what the process ran meanwhile, all that the busy threads did not is the others', who may have run it after they were
    /// read: before the last round, all had not run more than the sum and that.
    pub fn busy_read_twice(&mut self, began_ns: u64, last: Span, gained_ns: u64, known_ns: u64) {
        let others_ns = last.after_ns.saturating_sub(began_ns).saturating_sub(gained_ns);
        self.learn(last.before_ns.saturating_sub(known_ns).saturating_sub(others_ns));
    }

    /// A thread ended that had said it ran so long.
    pub fn ended(&mut self, run_ns: u64) {
        self.least_ns = self.least_ns.saturating_add(run_ns);
    }

    /// A thread was met that says it ran so long: that was counted here.
    pub fn met(&mut self, run_ns: u64) {
        self.least_ns = self.least_ns.saturating_sub(run_ns);
    }

    /// What threads that were not read ran since they last were, at most: `after_ns` is on the clock once the others were read,
    /// and `known_ns` the sum of what all of them said last.
    pub fn unread_ns(self, after_ns: u64, known_ns: u64) -> u64 {
        after_ns.saturating_sub(known_ns).saturating_sub(self.least_ns)
    }

    fn learn(&mut self, least_ns: u64) {
        self.least_ns = self.least_ns.max(least_ns);
    }
}
