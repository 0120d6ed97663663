//! How threads are accounted for that live and die between two looks: by which sources, and what those said. No conclusions.

use serde::{Deserialize, Serialize};

use crate::data::sample::{Counters, TraceState};

/// A source of what threads ran and waited that no look saw. A later one says more than those before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum AccountingSource {
    /// The process's own CPU clock (clock_getcpuclockid(3)): what such threads ran, all together. For everybody.
    #[default]
    ProcessClock,
    /// The kernel's record of every thread that ended (taskstats): how many they were and what they waited, too. For root and
    /// CAP_NET_ADMIN.
    ExitRecords,
    /// The kernel's record of every switch between threads (perf_event_open(2)): when each ran and waited, too.
    Trace,
}

impl AccountingSource {
    /// Its name, the same on screen, in JSON and in documents.
    pub fn word(self) -> &'static str {
        match self {
            Self::ProcessClock => "process-clock",
            Self::ExitRecords => "exit-records",
            Self::Trace => "trace",
        }
    }

    /// What is known of such threads by it, in words.
    pub fn gives(self) -> &'static str {
        match self {
            Self::ProcessClock => "the CPU time of threads that ended between two looks, all together",
            Self::ExitRecords => "how many threads ended between two looks, and what they waited for a CPU",
            Self::Trace => "when each thread ran and waited",
        }
    }
}

/// By which sources threads are accounted for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadAccounting {
    /// The highest of those in use.
    pub source: AccountingSource,
    /// Higher ones that are not, and why. One that was not asked for is not among them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<MissingSource>,
    /// Exit records of the whole machine that were lost so far, because they came faster than they were read. Never falls.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lost_records: u64,
}

/// A source that is not in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MissingSource {
    /// Which.
    pub source: AccountingSource,
    /// Why, with the one step that would help where there is one.
    pub why: String,
}

impl ThreadAccounting {
    /// Why a higher source is not in use; none where it is, or was not asked for.
    pub fn why_not(&self, source: AccountingSource) -> Option<&str> {
        self.missing.iter().find(|missing| missing.source == source).map(|missing| missing.why.as_str())
    }

    /// The same with a trace that was asked for.
    pub fn with_trace(mut self, state: &TraceState) -> Self {
        match state {
            TraceState::On => self.source = AccountingSource::Trace,
            TraceState::Refused(why) | TraceState::Stopped(why) => {
                self.missing.push(MissingSource { source: AccountingSource::Trace, why: why.clone() });
            }
        }
        self
    }

    /// What the source in use gives, and why the next one is not had, in words.
    pub fn text(&self) -> String {
        let mut text = format!("{}: {}", self.source.word(), self.source.gives());
        if self.lost_records > 0 {
            text += &format!("; {} records of the machine were lost", self.lost_records);
        }
        for missing in &self.missing {
            text += &format!(". No {}: {}", missing.source.word(), missing.why);
        }
        text
    }

    /// Whether there was a record of every thread that ended since an earlier sample.
    pub fn has_records_since(&self, before: &Self) -> bool {
        let has_records = |it: &Self| {
            it.source >= AccountingSource::ExitRecords && it.why_not(AccountingSource::ExitRecords).is_none()
        };
        has_records(self) && has_records(before) && self.lost_records == before.lost_records
    }
}

/// What exit records say of one process, all together since it was first watched. Never falls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExitRecords {
    /// Its threads that ended, seen by a look or not.
    pub threads: u64,
    /// Their last counters, added up. Of what they ran, a little may be missing: a thread's counters move when the scheduler looks
    /// at it, once in 1 to 10 ms at least.
    pub counters: Counters,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_record_of_every_thread_where_they_come_and_none_is_lost() {
        let clock = ThreadAccounting::default();
        let records = ThreadAccounting { source: AccountingSource::ExitRecords, ..clock.clone() };
        assert!(records.has_records_since(&records));
        assert!(!records.has_records_since(&clock) && !clock.has_records_since(&clock));
        assert!(!ThreadAccounting { lost_records: 1, ..records.clone() }.has_records_since(&records));
        let missing = vec![MissingSource { source: AccountingSource::ExitRecords, why: "not root".to_owned() }];
        let traced = ThreadAccounting { missing, ..ThreadAccounting::default() }.with_trace(&TraceState::On);
        assert_eq!(traced.source, AccountingSource::Trace);
        assert!(!traced.has_records_since(&traced));
        assert!(records.clone().with_trace(&TraceState::On).has_records_since(&records));
        let refused = records.clone().with_trace(&TraceState::Refused("paranoid".to_owned()));
        assert!(refused.has_records_since(&records) && refused.why_not(AccountingSource::Trace) == Some("paranoid"));
        assert_eq!(traced.why_not(AccountingSource::ExitRecords), Some("not root"));
    }

    #[test]
    fn it_says_what_is_had_and_why_not_more() {
        let missing = vec![MissingSource { source: AccountingSource::ExitRecords, why: "not root".to_owned() }];
        let by_clock = ThreadAccounting { missing, ..ThreadAccounting::default() };
        let text = "process-clock: the CPU time of threads that ended between two looks, all together. No exit-records: not root";
        assert_eq!(by_clock.text(), text);
        let source = AccountingSource::ExitRecords;
        let by_records = ThreadAccounting { source, lost_records: 3, missing: Vec::new() };
        assert!(by_records.text().ends_with("waited for a CPU; 3 records of the machine were lost"));
    }

    #[test]
    fn one_word_a_source_also_in_json() {
        for source in [AccountingSource::ProcessClock, AccountingSource::ExitRecords, AccountingSource::Trace] {
            assert_eq!(serde_json::to_string(&source).unwrap(), format!("{:?}", source.word()));
        }
    }
}
