//! Properties of a process that a new one can be given: umask, niceness, resource limits.

use crate::data::run::{ProcessAttributes, ResourceLimit};
use crate::linux::proc::process::resource_limit;
use crate::linux::proc::stat::{Stat, status_field};
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
        limits: LIMITS.iter().filter_map(|row| limit(&limits, row)).collect(),
    }
}

fn limit(limits: &[u8], (label, name): &(&str, &str)) -> Option<ResourceLimit> {
    let (soft, hard) = resource_limit(limits, label)?;
    Some(ResourceLimit { name: (*name).to_owned(), soft, hard })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_by_their_names() {
        let text = b"Max open files            1024                 524288               files     \n\
            Max cpu time              unlimited            unlimited            seconds   \nMax stack size x y";
        let soft = limit(text, &("Max open files", "nofile"));
        assert_eq!(soft, Some(ResourceLimit { name: "nofile".into(), soft: Some(1024), hard: Some(524_288) }));
        let endless = limit(text, &("Max cpu time", "cpu"));
        assert_eq!(endless, Some(ResourceLimit { name: "cpu".into(), soft: None, hard: None }));
        for bad in ["Max stack size", "Max fun", ""] {
            assert_eq!(limit(text, &(bad, "x")), None);
        }
    }
}
