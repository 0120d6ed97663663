//! What a process runs and as whom: command line, executable, user, environment; read once per program it runs.

use std::path::Path;

use rustix::io::Errno;
use serde::Deserialize;

use crate::data::job::rank::Rank;
use crate::data::sample::{Environment, ProcessFact, ShimFact};
use crate::data::secrets::without_secrets;
use crate::data::{Gap, Pid, ProcessKey, Text};
use crate::linux::access;
use crate::linux::proc::host::UserNames;
use crate::linux::proc::proc_dir::{FileReader, ProcDir};
use crate::linux::proc::process::arguments;
use crate::linux::proc::stat::{Stat, status_field, status_last_number, user_ids, words};
use crate::linux::unanswered::unanswered_strings;

/// Limit for the command line that is kept; the kernel allows megabytes.
const COMMAND_LIMIT: usize = 128 << 10;
/// Arguments kept at most.
const MOST_ARGUMENTS: usize = 1024;
/// Limit for the environment, which is read once and mostly dropped.
const ENVIRONMENT_LIMIT: usize = 4 << 20;
/// Longest configuration of a shim that is read: tftop writes some hundred bytes.
const SHIM_LIMIT: usize = 16 << 10;
/// Limit for status.
const STATUS_LIMIT: usize = 64 << 10;

/// What of a process's fact its program decides. The rest is left as it is by default. `silent` is why nothing that lies in
/// its memory is read, if so.
pub fn describe(
    proc_root: &Path,
    folder: &ProcDir,
    stat: &Stat<'_>,
    pid: Pid,
    users: &mut UserNames,
    reader: &mut FileReader,
    silent: Option<&str>,
) -> ProcessFact {
    let unanswered = silent.map(str::to_owned).or_else(|| unanswered_strings(folder, reader));
    let mut fact = ProcessFact {
        key: ProcessKey { pid, start_ticks: stat.start_ticks },
        parent: Pid(stat.parent),
        comm: Text::from_bytes(stat.comm),
        command: if unanswered.is_none() { command_line(folder, reader) } else { Vec::new() },
        exe: folder.link("exe").ok().map(|path| Text::from_bytes(&path)),
        ..ProcessFact::default()
    };
    if let Ok(status) = reader.read(folder, "status", STATUS_LIMIT) {
        fact.namespaced_pid = namespaced_pid(status);
        fact.uid = user_ids(status).map(|[_, effective, _]| effective).unwrap_or_default();
        fact.user = Some(users.of(fact.uid));
    }
    if let Some(why) = unanswered {
        fact.gaps.push(Gap::new("command line and environment variables", why));
        return fact;
    }
    match reader.read(folder, "environ", ENVIRONMENT_LIMIT) {
        Ok(block) => {
            fact.environment = Some(Environment::from_block(block));
            fact.shim = shim(block);
            fact.rank = Rank::from_block(block);
        }
        Err(error) => fact.gaps.push(Gap::new("environment variables", why_unreadable(proc_root, pid, error))),
    }
    fact
}

/// The configuration of tftop's shim (assets/shim/PROTOCOL.md): of all that the environment holds beside thread settings,
/// nothing else is read.
fn shim(block: &[u8]) -> Option<ShimFact> {
    #[derive(Deserialize)]
    struct Config {
        mode: Option<String>,
        intra: Option<u32>,
        inter: Option<u32>,
        data: Option<u32>,
    }
    let value = block.split(|&byte| byte == 0).find_map(|line| line.strip_prefix(b"TFTOP_SHIM="))?;
    let Config { mode, intra, inter, data } = serde_json::from_slice(value.get(..value.len().min(SHIM_LIMIT))?).ok()?;
    // As the shim reads it: holding is what it does unless told otherwise, and a cap is 1 or more.
    let enforces = mode.is_none_or(|mode| mode == "enforce");
    let cap = |cap: Option<u32>| cap.filter(|&cap| cap > 0);
    Some(ShimFact { enforces, intra: cap(intra), inter: cap(inter), data: cap(data) })
}

/// The command line as far as it is kept, without its secrets; empty for a kernel thread, a zombie, or one that wiped it, and
/// for one of whom nobody knows whether it can be read.
pub fn command(folder: &ProcDir, reader: &mut FileReader) -> Vec<Text> {
    if unanswered_strings(folder, reader).is_some() { Vec::new() } else { command_line(folder, reader) }
}

fn command_line(folder: &ProcDir, reader: &mut FileReader) -> Vec<Text> {
    let line = reader.read(folder, "cmdline", COMMAND_LIMIT).unwrap_or_default();
    let words: Vec<Text> = arguments(line).take(MOST_ARGUMENTS).map(Text::from_bytes).collect();
    without_secrets(&words)
}

/// The innermost number of `NSpid`, where the process lives in a pid namespace below the one of this /proc.
fn namespaced_pid(status: &[u8]) -> Option<u32> {
    let nested = words(status_field(status, "NSpid")?).count() > 1;
    nested.then(|| status_last_number(status, "NSpid").and_then(|pid| u32::try_from(pid).ok())).flatten()
}

fn why_unreadable(proc_root: &Path, pid: Pid, error: Errno) -> String {
    let refused = matches!(error, Errno::ACCESS | Errno::PERM);
    let why = if refused { access::memory_refusal(proc_root, pid) } else { None };
    why.unwrap_or_else(|| format!("/proc/PID/environ can't be read: {error}"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn an_empty_command_line_has_no_arguments_and_an_empty_argument_is_one() {
        let dir = tempfile::tempdir().unwrap();
        let folder = ProcDir::open(dir.path()).unwrap();
        let words_of = |bytes: &[u8]| {
            fs::write(dir.path().join("cmdline"), bytes).unwrap();
            command(&folder, &mut FileReader::default()).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(words_of(b""), [""; 0]);
        assert_eq!(words_of(b"python\0-c\0\0x\x1b\0"), ["python", "-c", "", "x^["]);
        assert_eq!(words_of(&b"a\0".repeat(50_000)).len(), MOST_ARGUMENTS);
    }

    #[test]
    fn only_a_nested_process_has_a_number_of_its_own() {
        assert_eq!(namespaced_pid(b"NSpid:\t77\n"), None);
        assert_eq!(namespaced_pid(b"NSpid:\t77\t1\n"), Some(1));
        assert_eq!(namespaced_pid(b"Pid:\t77\n"), None);
    }

    #[test]
    fn of_the_shims_configuration_only_whole_caps_count() {
        let read = |text: &str| shim(format!("HOME=/\0TFTOP_SHIM={text}\0TOKEN=hush\0").as_bytes());
        let whole = read(r#"{"mode":"enforce","intra":2,"data":1,"libraries":{"OMP_NUM_THREADS":1},"socket":"/s"}"#);
        assert_eq!(whole, Some(ShimFact { enforces: true, intra: Some(2), inter: None, data: Some(1) }));
        assert_eq!(read(r#"{"intra":0}"#), Some(ShimFact { enforces: true, ..ShimFact::default() }));
        assert_eq!(read(r#"{"mode":"record","intra":2}"#).map(|shim| shim.enforces), Some(false));
        let long = format!(r#"{{"socket":"{}"}}"#, "x".repeat(SHIM_LIMIT));
        for garbage in ["", "{", "[]", r#"{"intra":-1}"#, r#"{"intra":"2"}"#, r#"{"intra":99999999999}"#, &long] {
            assert_eq!(read(garbage), None, "{garbage:.40}");
        }
        assert_eq!(shim(b"XTFTOP_SHIM={}\0"), None);
    }
}
