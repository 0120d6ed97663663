//! How much CPU time threads that were not read may have used: a process's own clock less what its threads said they ran. An
//! upper bound, never an estimate.

/// CPU time of a process, in nanoseconds: what its known threads said they ran, and what others did at least.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KnownTime {
    /// Of the known threads, as of their last reads.
    known_ns: u64,
    /// Of threads that ended or are not known yet: never less than this, and it falls only when such a thread becomes known.
    elsewhere_ns: u64,
}

/// What a process's clock said before and after threads were read.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// Nanoseconds before the first of them.
    pub before_ns: u64,
    /// Nanoseconds after the last of them.
    pub after_ns: u64,
}

impl KnownTime {
    /// All threads were read, one after the other: before the first was read they had not run more than they say.
    pub fn all_read(&mut self, span: Span) {
        self.learn(span.before_ns.saturating_sub(self.known_ns));
    }

    /// Threads that ran lately were read, then all others, then those that ran lately once more, which ran `gained_ns` in
    /// between. `began_ns` is on the clock before all that, and `last` the span of the last round.
    ///
    /// Of what the process ran meanwhile, all that the busy threads did not is the others', who may have run it after they were
    /// read: before the last round, all had not run more than the sum and that.
    pub fn busy_read_twice(&mut self, began_ns: u64, last: Span, gained_ns: u64) {
        let others_ns = last.after_ns.saturating_sub(began_ns).saturating_sub(gained_ns);
        self.learn(last.before_ns.saturating_sub(self.known_ns).saturating_sub(others_ns));
    }

    /// A known thread was read.
    pub fn read(&mut self, before_ns: u64, run_ns: u64) {
        self.known_ns = self.known_ns.saturating_sub(before_ns).saturating_add(run_ns);
    }

    /// A known thread ended that had said it ran so long.
    pub fn ended(&mut self, run_ns: u64) {
        self.known_ns = self.known_ns.saturating_sub(run_ns);
        self.elsewhere_ns = self.elsewhere_ns.saturating_add(run_ns);
    }

    /// A thread was met that says it ran so long: until then that was others' time.
    pub fn met(&mut self, run_ns: u64) {
        self.known_ns = self.known_ns.saturating_add(run_ns);
        self.elsewhere_ns = self.elsewhere_ns.saturating_sub(run_ns);
    }

    /// What threads that were not read ran since they last were, at most: `after_ns` is on the clock once the others were read.
    pub fn unread_ns(self, after_ns: u64) -> u64 {
        after_ns.saturating_sub(self.known_ns).saturating_sub(self.elsewhere_ns)
    }

    fn learn(&mut self, elsewhere_ns: u64) {
        self.elsewhere_ns = self.elsewhere_ns.max(elsewhere_ns);
    }
}
