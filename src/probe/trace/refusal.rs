//! Why the kernel traces no threads, in words, and the one step that would change it. Opens no event.

use std::fs;
use std::io;

use rustix::io::Errno;

use crate::linux::scheduler::perf::rings::{MOST_EVENTS, PerfError};

/// What perf_event_open(2) said.
pub fn why(error: &PerfError) -> String {
    match error {
        PerfError::Refused(error) => refused(error, paranoid()),
        PerfError::TooMany(events) => {
            format!("one event for each thread on each CPU makes {events}, and a trace may have {MOST_EVENTS}")
        }
        PerfError::NoThreads => "it has no threads any more".to_owned(),
        PerfError::NoCpus => "/sys/devices/system/cpu/online can't be read".to_owned(),
    }
}

fn refused(error: &io::Error, paranoid: Option<i64>) -> String {
    match (Errno::from_io_error(error), paranoid) {
        (Some(Errno::ACCESS | Errno::PERM), Some(level)) if level > 2 => format!(
            "kernel.perf_event_paranoid is {level}: `sudo sysctl kernel.perf_event_paranoid=2` allows it for one's own \
             processes, or run tftop as root"
        ),
        (Some(Errno::ACCESS), _) => {
            "the kernel does not allow it here, as for a process of another user: run tftop as root, or with CAP_PERFMON"
                .to_owned()
        }
        (Some(Errno::PERM), _) => {
            "perf_event_open is not allowed here, as in Docker by default: start the container with \
                                   `--cap-add PERFMON`, or run tftop outside of it"
                .to_owned()
        }
        (Some(Errno::NOENT | Errno::NOSYS | Errno::OPNOTSUPP), _) => "this kernel has no perf events".to_owned(),
        (Some(Errno::MFILE | Errno::NFILE), _) => {
            "one event for each thread on each CPU takes more descriptors than tftop may have (ulimit -n)".to_owned()
        }
        _ => format!("perf_event_open failed: {error}"),
    }
}

/// /proc/sys/kernel/perf_event_paranoid (Documentation/admin-guide/sysctl/kernel.rst); none where the kernel has none.
pub fn paranoid() -> Option<i64> {
    fs::read_to_string("/proc/sys/kernel/perf_event_paranoid").ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_names_its_step() {
        let why = |errno: Errno, paranoid| refused(&io::Error::from(errno), paranoid);
        assert!(why(Errno::ACCESS, Some(4)).contains("sysctl kernel.perf_event_paranoid=2"));
        assert!(why(Errno::ACCESS, Some(2)).contains("another user"));
        assert!(why(Errno::PERM, None).contains("--cap-add PERFMON"));
        assert!(why(Errno::NOSYS, None).contains("no perf events"));
        assert!(why(Errno::MFILE, Some(2)).contains("ulimit -n"));
        assert!(why(Errno::INVAL, Some(2)).contains("failed"));
    }
}
