//! The last step before the command: a process of ours that puts itself where the command belongs and then becomes it. It
//! keeps its pid, so the command is tftop's own child.
//!
//! Between fork and exec only unsafe code may run, and what is set here can only be set by a process for itself. A
//! process that starts as tftop and executes the command needs none.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::{fs, io};

use rustix::process::{Pid, Signal, getppid, ioctl_tiocsctty, set_parent_process_death_signal, setsid};
use rustix::thread::sched_setaffinity;

use crate::data::CpuSet;
use crate::launch::caps::machine::kernel_set;
use crate::linux::cgroup::create;
use crate::linux::proc::stat::ignores_signal;

/// The hidden subcommand that calls [`become_command`].
pub const SUBCOMMAND: &str = "__start";

/// Where the command belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionKind {
    /// In tftop's session and group.
    Beside,
    /// In a session of its own, whose terminal is the one on stdout.
    Terminal,
    /// In a session of its own without a terminal, and it outlives tftop.
    Detached,
}

impl SessionKind {
    /// Every place.
    pub const ALL: [Self; 3] = [Self::Beside, Self::Terminal, Self::Detached];

    /// Its name on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Beside => "beside",
            Self::Terminal => "terminal",
            Self::Detached => "detached",
        }
    }
}

/// Becomes the command; returns only when that failed.
///
/// The kernel kills the command when the thread that started it dies, tftop's main thread, however that happens
/// (PR_SET_PDEATHSIG of prctl(2)), unless it is detached. That does not reach processes the command starts, nor a command
/// that changes its user.
pub fn become_command(
    parent: u32,
    place: SessionKind,
    cpus: Option<&CpuSet>,
    cgroups: &[PathBuf],
    words: &[OsString],
) -> io::Error {
    match prepared(parent, place, cpus, cgroups) {
        Ok(()) => match words.split_first() {
            Some((program, arguments)) => Command::new(program).args(arguments).exec(),
            None => io::ErrorKind::InvalidInput.into(),
        },
        Err(error) => error,
    }
}

fn prepared(parent: u32, place: SessionKind, cpus: Option<&CpuSet>, cgroups: &[PathBuf]) -> io::Result<()> {
    if place != SessionKind::Detached {
        set_parent_process_death_signal(Some(Signal::KILL))?;
    }
    // The parent may have died before the kernel was asked.
    if getppid().map(Pid::as_raw_nonzero).and_then(|pid| u32::try_from(pid.get()).ok()) != Some(parent) {
        return Err(io::Error::other("tftop ended before the command began"));
    }
    if place != SessionKind::Beside {
        setsid()?;
    }
    if place == SessionKind::Terminal {
        ioctl_tiocsctty(io::stdout())?;
        set_default_dispositions()?;
    }
    for folder in cgroups {
        let why = |error: io::Error| io::Error::other(format!("it can't enter cgroup {}: {error}", folder.display()));
        create::join(folder).map_err(why)?;
    }
    // Last: coming into a cpuset sets the mask anew.
    if let Some(cpus) = cpus {
        sched_setaffinity(None, &kernel_set(cpus))?;
    }
    Ok(())
}

/// Signals that somebody who starts tftop may have ignored: a script its background jobs' INT and QUIT, nohup(1) HUP.
const OFTEN_IGNORED: [Signal; 8] =
    [Signal::HUP, Signal::INT, Signal::QUIT, Signal::TERM, Signal::TSTP, Signal::TTIN, Signal::TTOU, Signal::USR1];

/// A program on a terminal of its own finds signals as a login shell would: else that terminal's keys do nothing to it.
/// Ignoring outlives execve(2), a handler is reset to the default there; so a handler is set, which needs no unsafe code.
fn set_default_dispositions() -> io::Result<()> {
    let status = fs::read("/proc/self/status")?;
    for signal in OFTEN_IGNORED.map(Signal::as_raw).into_iter().filter(|signal| ignores_signal(&status, *signal)) {
        signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false)))?;
    }
    Ok(())
}
