//! Whether a process is still the one that was seen: its number and its start time name it together. Also the words of its
//! command line and its limits.

use std::fs;
use std::path::Path;

use crate::data::{Pid, ProcessKey};
use crate::linux::proc::stat::{Stat, number, words};

/// When a process started, in clock ticks after boot; none for one that is gone, and for a zombie.
pub fn start_ticks(proc_root: &Path, pid: Pid) -> Option<u64> {
    let line = fs::read(proc_root.join(pid.to_string()).join("stat")).ok()?;
    Stat::parse(&line).filter(|stat| !stat.has_ended()).map(|stat| stat.start_ticks)
}

/// Whether this very process still runs.
pub fn is_running(proc_root: &Path, key: ProcessKey) -> bool {
    start_ticks(proc_root, key.pid) == Some(key.start_ticks)
}

/// The words of a command line, each ended by a NUL (proc_pid_cmdline(5)); none where it is empty or not shown.
pub fn arguments(cmdline: &[u8]) -> impl Iterator<Item = &[u8]> {
    let words = cmdline.strip_suffix(b"\0").unwrap_or(cmdline);
    words.split(|&byte| byte == 0).filter(move |_| !words.is_empty())
}

/// Soft and hard limit of a line of /proc/PID/limits (proc_pid_limits(5)); none in place of "unlimited".
pub(crate) fn resource_limit(limits: &[u8], label: &str) -> Option<(Option<u64>, Option<u64>)> {
    let rest = limits.split(|&byte| byte == b'\n').find_map(|line| line.strip_prefix(label.as_bytes()))?;
    let mut values = words(rest).map(|word| if word == b"unlimited" { Some(None) } else { number(word).map(Some) });
    Some((values.next()??, values.next()??))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_counts_and_unlimited_is_none() {
        let table =
            |line: &str| format!("Limit  Soft Limit  Hard Limit  Units\nMax cpu time  unlimited  unlimited\n{line}\n");
        let soft = |line: &str| resource_limit(table(line).as_bytes(), "Max processes").and_then(|(soft, _)| soft);
        assert_eq!(
            soft("Max processes             96365                200000                processes "),
            Some(96365)
        );
        assert_eq!(soft("Max processes             unlimited            unlimited            processes "), None);
        assert_eq!(soft("Max processes"), None);
        assert_eq!(resource_limit(b"\xff\xfe", "Max processes"), None);
    }

    #[test]
    fn an_empty_argument_is_one_and_an_empty_line_has_none() {
        let words = |line: &'static [u8]| arguments(line).collect::<Vec<_>>();
        assert_eq!(words(b"a\0\0b\0"), [&b"a"[..], b"", b"b"]);
        assert_eq!(words(b"a b"), [b"a b"]);
        assert!(words(b"").is_empty() && words(b"\0").is_empty());
    }

    #[test]
    fn a_process_runs_until_it_has_ended_even_if_nobody_waits_for_it() {
        let root = Path::new("/proc");
        let mut child = std::process::Command::new("sleep").arg("1000").spawn().unwrap();
        let pid = Pid(child.id());
        let key = ProcessKey { pid, start_ticks: start_ticks(root, pid).unwrap() };
        assert!(is_running(root, key));
        assert!(!is_running(root, ProcessKey { start_ticks: key.start_ticks + 1, ..key }));
        child.kill().unwrap();
        while is_running(root, key) {
            std::thread::yield_now();
        }
        child.wait().unwrap();
        assert_eq!(start_ticks(root, pid), None);
    }
}
