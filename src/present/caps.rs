//! The caps a command was started with.

use crate::data::run::RunFact;
use crate::data::scene::CapCheck;
use crate::present::table::{Align, Table};

/// Whether each cap held, and how that is known. The first column is `least` characters wide at least.
pub(crate) fn checks(checks: &[CapCheck], least: usize) -> Table {
    let columns = ["CAP", "VALUE", "ANSWER", "WHAT WAS SEEN"].map(|title| (title, Align::Left));
    let mut table = Table::new(&columns);
    for check in checks {
        let cap = format!("{:<least$}", check.cap);
        table.row([cap, check.value.clone(), check.outcome.word().to_owned(), check.message.clone()]);
    }
    table
}

/// Caps as they were asked for: "intra=1 inter=1 on CPUs 0-1"; "none".
pub(crate) fn asked(run: &RunFact) -> String {
    let caps = run.launch.caps.without_cpus().to_string();
    let on = run.launch.cpus.as_ref().map(|cpus| format!("on CPUs {cpus}"));
    let quota = run.launch.quota.map(|quota| format!("quota {:.2} CPUs", quota.cpus()));
    let parts: Vec<String> = Some(caps).filter(|caps| !caps.is_empty()).into_iter().chain(on).chain(quota).collect();
    if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }
}
