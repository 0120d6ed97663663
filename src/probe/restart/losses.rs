//! What a new run can't have: streams, a terminal, inherited files, cgroups, rights. And namespaces in which only who
//! started it there can start it again.

use std::collections::BTreeSet;

use crate::data::{Pid, Text};
use crate::linux::proc::proc_dir::{FileReader, ProcDir};
use crate::linux::proc::stat::{Stat, status_field};
use crate::probe::restart::source::{LIMIT, ProcessSource, RestartError};

/// Descriptors that are looked at of one process.
const MOST_FILES: usize = 1024;

/// Refuses what lives in another file system, pid or user namespace: the same words mean something else there.
pub(crate) fn refuse_other_world(subject: &mut ProcessSource<'_>) -> Result<(), RestartError> {
    let own = ProcDir::open(&subject.proc_root.join("self"));
    let ours = |name: &str| own.as_ref().ok().and_then(|own| own.link(name).ok());
    for (name, what) in
        [("ns/mnt", "file systems (a container)"), ("ns/pid", "processes (a container)"), ("ns/user", "users")]
    {
        let theirs = match subject.link(name) {
            Ok(theirs) => Some(theirs),
            Err(RestartError::Gone(_)) => None,
            Err(refusal) => return Err(refusal),
        };
        if let (Some(theirs), Some(ours)) = (theirs, ours(name))
            && theirs != ours
        {
            return Err(RestartError::Impossible(format!(
                "process {} has its own view of {what}: run tftop in there (docker exec, kubectl exec, nsenter), or start \
                 the container anew",
                subject.pid
            )));
        }
    }
    match (subject.folder.link("root"), ours("root")) {
        (Ok(theirs), Some(ours)) if theirs != ours => Err(RestartError::Impossible(format!(
            "process {} runs in a root folder of its own ({}): run tftop in there (chroot)",
            subject.pid,
            Text::from_bytes(&theirs)
        ))),
        _ => Ok(()),
    }
}

/// In words, one loss each.
pub(crate) fn of(subject: &mut ProcessSource<'_>, stat: &Stat<'_>, status: &[u8]) -> Vec<Text> {
    let mut lost = Vec::new();
    lost.extend(streams(subject));
    lost.extend(terminal(stat.terminal));
    lost.extend(inherited(subject, stat.parent));
    lost.extend(cgroup(subject));
    lost.extend(other_namespaces(subject));
    lost.extend(rights(subject, status));
    lost.into_iter().map(Text::from).collect()
}

fn streams(subject: &ProcessSource<'_>) -> Vec<String> {
    let stream = |number: u8| subject.folder.link(&format!("fd/{number}")).ok();
    let mut lost = Vec::new();
    if let Some(stdin) = stream(0) {
        let shown = Text::from_bytes(&stdin);
        match stdin.as_slice() {
            b"/dev/null" => {}
            terminal if is_terminal(terminal) => {
                lost.push(format!("stdin was the terminal {shown}; keys go to tftop now"))
            }
            pipe if pipe.starts_with(b"pipe:") || pipe.starts_with(b"socket:") => {
                lost.push("stdin was a pipe: what came through it does not come again".to_owned());
            }
            _ => lost.push(format!("stdin was {shown}: it is not read again")),
        }
    }
    let (stdout, stderr) = (stream(1), stream(2));
    let same = stdout == stderr;
    let names: &[(&str, Option<Vec<u8>>)] =
        if same { &[("stdout and stderr", stdout)] } else { &[("stdout", stdout), ("stderr", stderr)] };
    for (name, link) in names {
        let Some(link) = link else { continue };
        let shown = Text::from_bytes(link);
        match link.as_slice() {
            b"/dev/null" => lost.push(format!("{name} went to /dev/null; now tftop takes it")),
            pipe if pipe.starts_with(b"pipe:") || pipe.starts_with(b"socket:") => {
                lost.push(format!("{name} went into a pipe, whose reader gets nothing more; now tftop takes it"));
            }
            _ => lost.push(format!("{name} went to {shown}; now tftop takes it")),
        }
    }
    lost
}

fn is_terminal(link: &[u8]) -> bool {
    link.starts_with(b"/dev/pts/") || link.starts_with(b"/dev/tty") || link == b"/dev/console"
}

fn terminal(device: i32) -> Option<String> {
    let device = Some(device).filter(|device| *device != 0)? as u32;
    // Bits 31-20 and 7-0 are the minor number, 15-8 the major one (proc_pid_stat(5)).
    let (major, minor) = ((device >> 8) & 0xff, (device & 0xff) | ((device >> 12) & 0xfff00));
    let name = match major {
        136..=143 => format!("/dev/pts/{}", (major - 136) * 256 + minor),
        4 => format!("/dev/tty{minor}"),
        _ => format!("device {major}:{minor}"),
    };
    Some(format!("its terminal was {name}: keys like Ctrl-C there no longer reach it"))
}

/// Pipes and sockets beyond the three streams that the parent holds as well: it opened them, and nobody can again.
fn inherited(subject: &ProcessSource<'_>, parent: u32) -> Option<String> {
    let ours = channels(&subject.folder)?;
    let theirs = channels(&ProcDir::open(&subject.proc_root.join(Pid(parent).to_string())).ok()?)?;
    let shared = ours.intersection(&theirs).count();
    (shared > 0).then(|| format!("pipes or sockets that its parent opened for it are not there: {shared}"))
}

fn channels(folder: &ProcDir) -> Option<BTreeSet<Vec<u8>>> {
    let files = folder.folder("fd").ok()?;
    let mut numbers = Vec::new();
    FileReader::default().numbers(&files, &mut numbers).ok()?;
    let beyond = numbers.iter().filter(|entry| entry.number > 2).take(MOST_FILES);
    let links = beyond.filter_map(|entry| files.link(&entry.number.to_string()).ok());
    Some(links.filter(|link| link.starts_with(b"pipe:") || link.starts_with(b"socket:")).collect())
}

fn cgroup(subject: &mut ProcessSource<'_>) -> Vec<String> {
    let own = ProcDir::open(&subject.proc_root.join("self"));
    let mut reader = FileReader::default();
    let ours = own.ok().and_then(|own| reader.read(&own, "cgroup", LIMIT).ok().map(<[u8]>::to_vec));
    let (Some(ours), Ok(theirs)) = (ours, subject.read("cgroup", LIMIT)) else { return Vec::new() };
    let lines = |text: &[u8]| {
        text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect::<BTreeSet<_>>()
    };
    let different: Vec<Vec<u8>> = lines(&theirs).difference(&lines(&ours)).cloned().collect();
    match different.as_slice() {
        [] => Vec::new(),
        [one] => vec![format!("its cgroup {}: the new run is in tftop's own", Text::from_bytes(one))],
        [one, more @ ..] => {
            vec![format!(
                "its cgroups {} and {} more: the new run is in tftop's own",
                Text::from_bytes(one),
                more.len()
            )]
        }
    }
}

fn other_namespaces(subject: &ProcessSource<'_>) -> Vec<String> {
    let own = ProcDir::open(&subject.proc_root.join("self"));
    let differs = |name: &&(&str, &str)| {
        let ours = own.as_ref().ok().and_then(|own| own.link(name.0).ok());
        let theirs = subject.folder.link(name.0).ok();
        matches!((ours, theirs), (Some(ours), Some(theirs)) if ours != theirs)
    };
    let all = [("ns/net", "network"), ("ns/ipc", "shared memory"), ("ns/uts", "host name"), ("ns/time", "clocks")];
    all.iter()
        .filter(differs)
        .map(|(_, what)| format!("its own {what} (a namespace): the new run has tftop's"))
        .collect()
}

/// Groups, capabilities and what a sandbox forbids are tftop's own in the new run.
fn rights(subject: &ProcessSource<'_>, status: &[u8]) -> Vec<String> {
    let own = ProcDir::open(&subject.proc_root.join("self"));
    let mut reader = FileReader::default();
    let Some(ours) = own.ok().and_then(|own| reader.read(&own, "status", LIMIT).ok().map(<[u8]>::to_vec)) else {
        return Vec::new();
    };
    let differs = |names: &[&str]| names.iter().any(|name| status_field(status, name) != status_field(&ours, name));
    let mut lost = Vec::new();
    if differs(&["Gid", "Groups"]) {
        lost.push("its groups: the new run has tftop's".to_owned());
    }
    if differs(&["CapPrm", "CapBnd", "CapAmb"]) {
        lost.push("its capabilities: the new run has tftop's".to_owned());
    }
    if differs(&["NoNewPrivs", "Seccomp"]) {
        lost.push("what a sandbox forbade it (seccomp, no_new_privs): the new run is as free as tftop".to_owned());
    }
    lost
}
