//! `tftop doctor`: what may be read here, in words, with the step that would show more.

use std::path::Path;

use crate::commands::own_process::exit::{CommandError, Exit};
use crate::commands::own_process::stdio;
use crate::commands::sampling::attach::PROC;
use crate::data::sample::AccountingSource;
use crate::data::{Pid, Text, Tid};
use crate::linux::access;
use crate::linux::access::ReadAccess;
use crate::linux::scheduler::perf::rings::Rings;
use crate::probe::reading::{Reading, ReadingPart};
use crate::probe::trace::refusal;

/// Describes one process, or tftop itself: what is refused even there is refused everywhere.
pub(crate) fn doctor(pid: Option<Pid>, reading: &Reading) -> anyhow::Result<Exit> {
    let root = Path::new(PROC);
    let asked = pid.unwrap_or(Pid(std::process::id()));
    if !root.join(asked.to_string()).exists() {
        return Err(CommandError::not_found(format!("no process {asked} here")).into());
    }
    let title = match pid {
        Some(pid) => format!("What tftop can read of process {pid}"),
        None => "What tftop can read here, of itself (`tftop doctor PID` checks another process)".to_owned(),
    };
    reading.begin(asked, ReadingPart::Memory);
    let refused = access::memory_refusal(root, asked).is_some();
    let mut findings = access::describe(root, pid);
    // Beside the other sources.
    findings.insert(findings.len().min(3), trace(asked));
    let names = match (refused, access::files_refusal(root, asked)) {
        (true, _) => KERNEL_NAMES,
        (false, Some(_)) => NO_FILES,
        (false, None) => ALL_NAMES,
    };
    reading.end();
    stdio::print(&described(&title, &findings, names))?;
    Ok(if refused { Exit::Partial } else { Exit::Clean })
}

/// Whether the scheduler can be traced: tried on the main thread, for a moment.
fn trace(pid: Pid) -> ReadAccess {
    let what = "thread accounting by trace";
    let gives = AccountingSource::Trace.gives();
    match Rings::open(&[Tid(pid.0)]) {
        Ok(_) => ReadAccess { what, ok: true, why: format!("{gives}; asked for with --trace"), remedy: None },
        Err(error) => {
            let why = format!("{}; missing is {gives}", refusal::why(&error));
            ReadAccess { what, ok: false, why, remedy: None }
        }
    }
}

/// What that comes to for the names of threads.
const ALL_NAMES: &str = "Every thread's origin and own name can be read.\n";
const NO_FILES: &str = "Threads that only their library names stay unknown: no symbol can be looked up.\n";
const KERNEL_NAMES: &str =
    "Threads have only the kernel's names for them, which often mislead: origins are marked as guesses.\n";

fn described(title: &str, findings: &[ReadAccess], names: &str) -> String {
    let mut text = format!("{title}\n");
    for finding in findings {
        let mark = if finding.ok { "ok" } else { "! " };
        text += &format!("  {mark}  {}: {}\n", finding.what, Text::from(finding.why.as_str()));
        if let Some(remedy) = &finding.remedy {
            text += &format!("      fix: {}\n", Text::from(remedy.as_str()));
        }
    }
    text + names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(what: &'static str, ok: bool, remedy: Option<&str>) -> ReadAccess {
        ReadAccess { what, ok, why: "because".to_owned(), remedy: remedy.map(str::to_owned) }
    }

    #[test]
    fn what_is_refused_comes_with_what_helps() {
        let findings = [finding("scheduler counters", true, None), finding("memory", false, Some("run it with sudo"))];
        let text = described("Here", &findings, KERNEL_NAMES);
        let expected = "Here\n  ok  scheduler counters: because\n  !   memory: because\n      fix: run it with sudo\n";
        assert!(text.starts_with(expected) && text.ends_with("marked as guesses.\n"), "{text}");
        assert!(described("Here", &findings[..1], ALL_NAMES).ends_with("can be read.\n"));
    }
}
