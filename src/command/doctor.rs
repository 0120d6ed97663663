//! `tftop doctor`: what may be read here, in words, with the step that would show more.

use std::path::Path;

use super::attach::PROC;
use super::exit::{Exit, Problem};
use super::output;
use crate::fact::Pid;
use crate::probe::access::{self, Readable};

/// Describes one process, or tftop itself: what is refused even there is refused everywhere.
pub(super) fn doctor(pid: Option<Pid>) -> anyhow::Result<Exit> {
    if let Some(pid) = pid
        && !Path::new(PROC).join(pid.to_string()).exists()
    {
        return Err(Problem::not_found(format!("no process {pid} here")).into());
    }
    let asked = pid.unwrap_or(Pid(std::process::id()));
    let findings = access::describe(Path::new(PROC), asked);
    let title = match pid {
        Some(pid) => format!("What tftop may read of process {pid}"),
        None => "What tftop may read here (`tftop doctor PID` asks about one process)".to_owned(),
    };
    output::print(&described(&title, &findings))?;
    Ok(Exit::Clean)
}

fn described(title: &str, findings: &[Readable]) -> String {
    let mut text = format!("{title}\n");
    for finding in findings {
        let mark = if finding.ok { "yes" } else { "NO " };
        text += &format!("  {mark}  {}: {}\n", finding.what, finding.why);
        if let Some(remedy) = &finding.remedy {
            text += &format!("       what helps: {remedy}\n");
        }
    }
    let refused = findings.iter().filter(|finding| !finding.ok).count();
    text + &match refused {
        0 => "Everything can be read.\n".to_owned(),
        _ => format!("{refused} of {} can't be read; what depends on it is shown as missing.\n", findings.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(what: &str, ok: bool, remedy: Option<&str>) -> Readable {
        Readable { what: what.to_owned(), ok, why: "because".to_owned(), remedy: remedy.map(str::to_owned) }
    }

    #[test]
    fn what_is_refused_comes_with_what_helps() {
        let findings = [finding("scheduler counters", true, None), finding("memory", false, Some("run it with sudo"))];
        assert_eq!(
            described("Here", &findings),
            "Here\n  yes  scheduler counters: because\n  NO   memory: because\n       what helps: run it with sudo\n\
             1 of 2 can't be read; what depends on it is shown as missing.\n"
        );
        assert!(described("Here", &findings[..1]).ends_with("Everything can be read.\n"));
    }
}
