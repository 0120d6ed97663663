//! How tftop ends: the exit codes of `tftop --help`, and the errors that have one of their own.

use std::process::ExitCode;
use std::time::Duration;
use std::{fmt, io};

use rustix::io::Errno;

use crate::data::Pid;
use crate::launch::program::ProgramError;
use crate::linux::proc::proc_dir::{has_no_descriptors, why_unread};
use crate::probe::live::AttachError;

/// Wrong use of the command line.
pub(crate) const USAGE: u8 = 2;
const NOT_FOUND: u8 = 3;
const PERMISSION: u8 = 4;
const FINDINGS: u8 = 8;
const OTHER: u8 = 1;
/// A command that can't be executed, and one that does not exist, as shells have it.
pub(crate) const NOT_EXECUTABLE: u8 = 126;
const NO_COMMAND: u8 = 127;

/// An end without an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All that was asked for.
    Clean,
    /// The target ended before the report was complete; what was seen is printed.
    Gone,
    /// Printed, but thread names could not be read for want of permission.
    Partial,
    /// Printed; what was found is at or above `--fail-on`.
    Findings,
    /// Printed, but the recording makes no sense behind the moment that was judged.
    Broken,
    /// Printed: why none of the machines that were asked answered.
    Unanswered,
    /// A command that tftop started ended with this code.
    Of(u8),
}

impl Exit {
    pub(crate) fn code(self) -> ExitCode {
        ExitCode::from(match self {
            Self::Clean => 0,
            Self::Gone => NOT_FOUND,
            Self::Partial => PERMISSION,
            Self::Findings => FINDINGS,
            Self::Broken | Self::Unanswered => OTHER,
            Self::Of(code) => code,
        })
    }
}

/// An error with an exit code of its own.
#[derive(Debug)]
pub(crate) struct CommandError {
    code: u8,
    message: String,
}

impl CommandError {
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { code: USAGE, message: message.into() }
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self { code: NOT_FOUND, message: message.into() }
    }

    /// Whether it is that there is no such process, run or file.
    pub(crate) fn is_not_found(&self) -> bool {
        self.code == NOT_FOUND
    }

    /// A file that is no recording, or one that can't be read.
    pub(crate) fn no_recording(message: impl Into<String>) -> Self {
        Self { code: OTHER, message: message.into() }
    }

    pub(crate) fn permission(message: impl Into<String>) -> Self {
        Self { code: PERMISSION, message: message.into() }
    }

    /// A process that holds up whoever reads it.
    pub(crate) fn held_up(what: Option<&str>, waited: Duration) -> Self {
        let what = what.unwrap_or("it");
        let message = format!("reading {what} has not returned for {} s", waited.as_secs());
        Self { code: OTHER, message }
    }

    /// A command that can't be started.
    pub(crate) fn command(missing: &ProgramError) -> Self {
        let code = match missing {
            ProgramError::NotFound(_) => NO_COMMAND,
            ProgramError::NotExecutable(_) => NOT_EXECUTABLE,
        };
        Self { code, message: missing.to_string() }
    }

    /// A process whose stacks can't be read.
    pub(crate) fn stacks(pid: Pid, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::not_found(format!("process {pid} has ended")),
            _ => Self::permission(format!(
                "stacks of process {pid} can't be read: {error}; `tftop doctor {pid}` says why, and what would help"
            )),
        }
    }

    /// A process that can't be watched at all.
    pub(crate) fn attach(pid: Pid, error: &AttachError) -> Self {
        match error {
            AttachError::NotFound(_) => Self::not_found(format!(
                "no process {pid} here; `tftop ps` lists the TensorFlow, JAX and PyTorch processes"
            )),
            AttachError::NotReadable(_, cause) if Errno::from_io_error(cause).is_some_and(has_no_descriptors) => {
                Self { code: OTHER, message: format!("process {pid} can't be read: {}", why_unread(Errno::MFILE)) }
            }
            AttachError::NotReadable(_, cause) => Self::permission(format!(
                "process {pid} can't be read: {cause}; `tftop doctor {pid}` says why, and what would help"
            )),
        }
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CommandError {}

/// The exit code of an error: that of the [`CommandError`] in its chain, else 1.
pub(crate) fn code_of(error: &anyhow::Error) -> ExitCode {
    let problem = error.chain().find_map(|cause| cause.downcast_ref::<CommandError>());
    ExitCode::from(problem.map_or(OTHER, |problem| problem.code))
}
