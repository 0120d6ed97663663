//! The last step before the command: a process of ours that puts itself where the command belongs and then becomes it. It
//! keeps its pid, so the command is tftop's own child.
//!
//! Between fork and exec only unsafe code may run, and what is set here can only be set by a process for itself. A
//! process that starts as tftop and executes the command needs none.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};
use rustix::thread::{CpuSet as RawSet, sched_setaffinity};

use crate::fact::CpuSet;

/// The hidden subcommand that calls [`become_command`].
pub const SUBCOMMAND: &str = "__start";

/// Becomes the command; returns only when that failed.
///
/// The kernel kills the command when the thread that started it dies, tftop's main thread, however that happens
/// (PR_SET_PDEATHSIG of prctl(2)). That does not reach processes the command starts, nor a command that changes its user.
pub fn become_command(parent: u32, cpus: Option<&CpuSet>, words: &[OsString]) -> io::Error {
    match prepared(parent, cpus) {
        Ok(()) => match words.split_first() {
            Some((program, arguments)) => Command::new(program).args(arguments).exec(),
            None => io::ErrorKind::InvalidInput.into(),
        },
        Err(error) => error,
    }
}

fn prepared(parent: u32, cpus: Option<&CpuSet>) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // The parent may have died before the kernel was asked.
    if getppid().map(Pid::as_raw_nonzero).and_then(|pid| u32::try_from(pid.get()).ok()) != Some(parent) {
        return Err(io::Error::other("tftop ended before the command began"));
    }
    if let Some(cpus) = cpus {
        let mut raw = RawSet::new();
        cpus.iter().filter(|&cpu| (cpu as usize) < RawSet::MAX_CPU).for_each(|cpu| raw.set(cpu as usize));
        sched_setaffinity(None, &raw)?;
    }
    Ok(())
}
