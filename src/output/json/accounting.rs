//! How threads are accounted for that lived and died between two looks, in JSON.

use serde::Serialize;

use crate::data::sample::{AccountingSource, MissingSource, ThreadAccounting};

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ThreadAccountingJson<'a> {
    /// The highest source in use. `process-clock`: their CPU time, all together; `exit-records`: how many they were and what they
    /// waited, too; `trace`: when each ran and waited, too.
    source: AccountingSource,
    /// Higher sources that are not in use though they were wanted, each with the reason.
    missing: &'a [MissingSource],
    /// Exit records of the whole machine that were lost so far; then `wait_s` of a group may be null.
    lost_records: u64,
}

impl<'a> ThreadAccountingJson<'a> {
    pub(crate) fn new(accounting: &'a ThreadAccounting) -> Self {
        let ThreadAccounting { source, missing, lost_records } = accounting;
        Self { source: *source, missing, lost_records: *lost_records }
    }
}
