//! The command while it runs: started in its environment and on its CPUs, signalled, waited for. It never outlives this
//! process: dropped or killed with SIGKILL, tftop takes the command with it (but not what the command itself started).
//! Only one that is detached does.

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;
use std::{fs, io};

use rustix::process::{Signal, kill_process};

use crate::data::{CpuSet, Pid};
use crate::launch::caps::environment::EnvironmentChanges;
use crate::launch::exec_wrapper::SessionKind;
use crate::launch::start_context::StartContext;
use crate::launch::{exec_wrapper, process_attributes};
use crate::linux::proc::process::arguments;
use crate::linux::pty::PtySlave;

/// How often the process that becomes the command is looked at: it takes a few milliseconds.
const POLL: Duration = Duration::from_millis(2);

/// A command that was started and not waited for yet.
#[derive(Debug)]
pub struct Child {
    child: tokio::process::Child,
    pid: Pid,
}

/// What to start.
#[derive(Debug)]
pub struct ChildSpec<'a> {
    /// The command's words; the first is looked for on PATH.
    pub words: &'a [OsString],
    /// Where it starts; none: in this process's own surroundings.
    pub origin: Option<&'a StartContext>,
    /// What is different in its environment.
    pub changes: &'a EnvironmentChanges,
    /// CPUs it may run on; none: those of this process.
    pub cpus: Option<&'a CpuSet>,
    /// Cgroups it comes into.
    pub cgroups: &'a [PathBuf],
    /// What it reads and writes.
    pub streams: Streams<'a>,
}

/// A command's stdin, stdout and stderr.
#[derive(Debug)]
pub enum Streams<'a> {
    /// Those of this process. The command stays in its group, so that the terminal's keys reach it as they would without
    /// tftop.
    Own,
    /// A terminal made for it, which it owns; but what of this process's is no terminal (a file, a pipe) it gets as well.
    Terminal(&'a PtySlave),
    /// Nothing to read, and this file to write; in this process's group.
    File(fs::File),
    /// Nothing to read, and this file to write, in a session of its own: it outlives this process.
    Detached(fs::File),
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChildExit {
    /// It said so itself.
    Exit(u8),
    /// A signal ended it.
    Signal(u8),
}

impl ChildExit {
    /// The exit code that stands for it, as shells have it: 128 + n for signal n.
    pub fn code(self) -> u8 {
        match self {
            Self::Exit(code) => code,
            Self::Signal(number) => number.saturating_add(128),
        }
    }
}

impl Child {
    /// Starts the command. Call it from the main thread, inside the runtime: the command dies with the thread that
    /// started it, unless it is detached.
    ///
    /// Fails when no process can be made. That the command itself can't be executed shows as exit code 126.
    pub fn start(start: ChildSpec) -> io::Result<Self> {
        // Not by name: the file of a tftop that was replaced meanwhile would be another program.
        let mut command = Command::new("/proc/self/exe");
        command.arg0("tftop").arg(exec_wrapper::SUBCOMMAND);
        let place = match &start.streams {
            Streams::Own | Streams::File(_) => SessionKind::Beside,
            Streams::Terminal(_) => SessionKind::Terminal,
            Streams::Detached(_) => SessionKind::Detached,
        };
        command.arg("--parent").arg(std::process::id().to_string()).arg("--place").arg(place.word());
        let attributes = start.origin.and_then(|origin| process_attributes::word(&origin.attributes));
        command.args(attributes.map(|attributes| format!("--manner={attributes}")));
        command.args(start.cpus.map(|cpus| format!("--cpus={cpus}")));
        start.cgroups.iter().for_each(|folder| {
            command.arg("--cgroup").arg(folder);
        });
        command.arg("--").args(start.words);
        if let Some(origin) = start.origin {
            origin.apply(&mut command);
        }
        start.changes.apply(&mut command);
        match start.streams {
            Streams::Own => {}
            Streams::Terminal(line) => terminal_streams(&mut command, line)?,
            Streams::File(log) | Streams::Detached(log) => {
                command.stdin(Stdio::null()).stderr(log.try_clone()?).stdout(log);
            }
        }
        let mut command = tokio::process::Command::from(command);
        let child = command.kill_on_drop(place != SessionKind::Detached).spawn()?;
        let pid = Pid(child.id().unwrap_or_default());
        Ok(Self { child, pid })
    }

    /// Its pid; after its end nobody's, or another process's.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Waits until the process has become the command; sooner when it ended.
    pub async fn begun(&mut self) {
        while !self.has_ended() && self.is_staged() {
            tokio::time::sleep(POLL).await;
        }
    }

    /// Whether its end was seen.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// The second argument is still ours; in the middle of exec there is none.
    fn is_staged(&self) -> bool {
        let line = fs::read(format!("/proc/{}/cmdline", self.pid)).unwrap_or_default();
        let second = arguments(&line).nth(1);
        line.is_empty() || second == Some(exec_wrapper::SUBCOMMAND.as_bytes())
    }

    /// Sends a signal, unless it was waited for already.
    pub fn signal(&self, signal: Signal) {
        let pid = self.child.id().and_then(|pid| i32::try_from(pid).ok()).and_then(rustix::process::Pid::from_raw);
        if let Some(pid) = pid {
            // Fails only for a command that changed its user: then the signal is not ours to send.
            let _ = kill_process(pid, signal);
        }
    }

    /// Waits for its end; the same answer when asked again. Safe to give up and to call again.
    pub async fn ended(&mut self) -> io::Result<ChildExit> {
        self.child.wait().await.map(ended)
    }
}

fn terminal_streams(command: &mut Command, line: &PtySlave) -> io::Result<()> {
    command.stdout(line.try_clone()?);
    if io::stdin().is_terminal() {
        command.stdin(line.try_clone()?);
    }
    if io::stderr().is_terminal() {
        command.stderr(line.try_clone()?);
    }
    Ok(())
}

fn ended(status: ExitStatus) -> ChildExit {
    let byte = |number: i32| u8::try_from(number).unwrap_or(u8::MAX);
    match (status.code(), status.signal()) {
        (Some(code), _) => ChildExit::Exit(byte(code)),
        (None, signal) => ChildExit::Signal(byte(signal.unwrap_or_default())),
    }
}
