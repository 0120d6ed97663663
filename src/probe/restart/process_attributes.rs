//! Properties of a process that a new one can be given: umask, niceness, resource limits.

use crate::data::run::{ProcessAttributes, ResourceLimit};
use crate::linux::proc::stat::{number, status_field, words};
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
pub(crate) fn of(subject: &mut ProcessSource<'_>, stat: &[u8], status: &[u8]) -> ProcessAttributes {
    let umask = status_field(status, "Umask").and_then(|mask| std::str::from_utf8(mask).ok());
    let limits = subject.read("limits", LIMIT).unwrap_or_default();
    ProcessAttributes {
        umask: umask.and_then(|mask| u32::from_str_radix(mask, 8).ok()).filter(|mask| *mask <= 0o777),
        nice: signed_field(stat, 19).filter(|nice| (-20..=19).contains(nice)),
        limits: limits.split(|&byte| byte == b'\n').filter_map(limit).collect(),
    }
}

/// A field of stat behind the name that may be negative; fields count from 1 as in proc_pid_stat(5).
pub(crate) fn signed_field(stat: &[u8], field: usize) -> Option<i32> {
    let close = memchr::memrchr(b')', stat)?;
    let word = words(stat.get(close + 1..)?).nth(field.checked_sub(3)?)?;
    std::str::from_utf8(word).ok()?.parse().ok()
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

    #[test]
    fn niceness_may_be_negative_and_a_name_may_hold_anything() {
        let stat = b"7 (a) b) S 1 7 7 0 -1 4194560 100 0 0 0 31 11 0 0 25 -5 7 0 123456 9\n";
        assert_eq!((signed_field(stat, 19), signed_field(stat, 4), signed_field(stat, 90)), (Some(-5), Some(1), None));
    }
}
