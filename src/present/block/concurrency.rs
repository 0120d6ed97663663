//! How many threads were running or preempted at once, in words: shares of the time that a trace covers.

use crate::data::scene::{Concurrency, Trace};
use crate::present::format;

/// Numbers of threads told apart; more stand together.
const LEVELS: usize = 8;

/// "none 5 %, 1 40 %, 2 50 %, more 5 %" of the time.
pub(crate) fn shares(concurrency: &Concurrency) -> String {
    let number = |threads: usize| if threads == 0 { "none".to_owned() } else { threads.to_string() };
    let named = concurrency.shares.iter().enumerate().take(LEVELS);
    let mut parts: Vec<String> = named
        .filter(|(_, share)| **share >= 0.005)
        .map(|(threads, share)| format!("{} {} %", number(threads), format::percent(*share)))
        .collect();
    let more = concurrency.beyond(LEVELS - 1);
    if more >= 0.005 {
        parts.push(format!("{LEVELS} and more {} %", format::percent(more)));
    }
    parts.join(", ")
}

/// How many threads of a group were; none where it had no such thread.
pub(crate) fn of_group(trace: &Trace, group: usize) -> Option<String> {
    let of = &trace.groups.iter().find(|other| other.group == group)?.concurrency;
    Some(format!("{}; ran {:.2}, preempted {:.2}", shares(of), of.running, of.preempted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_levels_stand_together() {
        let many = Concurrency { shares: vec![0.01; 100], ..Concurrency::default() };
        assert!(shares(&many).ends_with("7 1 %, 8 and more 92 %"), "{}", shares(&many));
    }
}
