//! Properties of a process that a new one can be given: umask, niceness, resource limits.

use crate::data::run::{ProcessAttributes, ResourceLimit};
use crate::linux::proc::stat::{Stat, number, status_field, words};
use crate::probe::restart::source::{LIMIT, ProcessSource};

/// Lines of `/proc/PID/limits` and the names of getrlimit(2) for them.
const LIMITS: &[(&str, &str)] = &[
    ("Max cpu time", "cpu"),
    ("Max file size", "fsize"),
    ("Max data size", "data"),
    ("Max stack size", "stack"),
    ("Max core file size", "core"),
    ("Max resident set", "rss"),
    ("Max processes", "nproc"),
    ("Max open files", "nofile"),
    ("Max locked memory", "memlock"),
    ("Max address space", "as"),
    ("Max file locks", "locks"),
    ("Max pending signals", "sigpending"),
    ("Max msgqueue size", "msgqueue"),
    ("Max nice priority", "nice"),
    ("Max realtime priority", "rtprio"),
    ("Max realtime timeout", "rttime"),
];

/// What of them can be read.
pub(crate) fn of(subject: &mut ProcessSource<'_>, stat: &Stat<'_>, status: &[u8]) -> ProcessAttributes {
    let umask = status_field(status, "Umask").and_then(|mask| std::str::from_utf8(mask).ok());
    let limits = subject.read("limits", LIMIT).unwrap_or_default();
    ProcessAttributes {
        umask: umask.and_then(|mask| u32::from_str_radix(mask, 8).ok()).filter(|mask| *mask <= 0o777),
        nice: stat.nice.filter(|nice| (-20..=19).contains(nice)),
        limits: limits.split(|&byte| byte == b'\n').filter_map(limit).collect(),
    }
}

fn limit(line: &[u8]) -> Option<ResourceLimit> {
    let (name, rest) = LIMITS.iter().find_map(|(label, name)| Some((*name, line.strip_prefix(label.as_bytes())?)))?;
    let mut values = words(rest).map(|word| if word == b"unlimited" { Some(None) } else { number(word).map(Some) });
    Some(ResourceLimit { name: name.to_owned(), soft: values.next()??, hard: values.next()?? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_by_their_names() {
        let soft = limit(b"Max open files            1024                 524288               files     ");
        assert_eq!(soft, Some(ResourceLimit { name: "nofile".into(), soft: Some(1024), hard: Some(524_288) }));
        let endless = limit(b"Max cpu time              unlimited            unlimited            seconds   ");
        assert_eq!(endless, Some(ResourceLimit { name: "cpu".into(), soft: None, hard: None }));
        for bad in [&b"Max open files"[..], b"Max open files x y", b"", b"Max fun 1 2"] {
            assert_eq!(limit(bad), None);
        }
    }
}
