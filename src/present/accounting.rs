//! How threads are accounted for that lived and died between two looks, in words.

use crate::data::sample::{AccountingSource, ThreadAccounting};

/// What the source in use gives, and why the next one is not had.
pub(crate) fn sentence(accounting: &ThreadAccounting) -> String {
    let source = accounting.source;
    let mut text = format!("{}: {}", source.word(), source.gives());
    if accounting.lost_records > 0 {
        text += &format!("; {} records were lost", accounting.lost_records);
    }
    if let Some(why) = accounting.why_not(AccountingSource::ExitRecords) {
        text += &format!(". No {}: {why}", AccountingSource::ExitRecords.word());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::sample::MissingSource;

    #[test]
    fn it_says_what_is_had_and_why_not_more() {
        let missing = vec![MissingSource { source: AccountingSource::ExitRecords, why: "not root".to_owned() }];
        let by_clock = ThreadAccounting { missing, ..ThreadAccounting::default() };
        assert_eq!(
            sentence(&by_clock),
            "process-clock: the CPU time of threads that ended between two looks, all together. No exit-records: not root"
        );
        let by_records =
            ThreadAccounting { source: AccountingSource::ExitRecords, lost_records: 3, missing: Vec::new() };
        assert!(sentence(&by_records).ends_with("what they waited for a CPU; 3 records were lost"));
    }
}
