//! What the kernel says a thread is doing: its system call, where it sleeps in the kernel. As read, without a meaning.

use serde::{Deserialize, Serialize};

use crate::data::Text;

/// What `/proc/PID/task/TID/syscall` said (proc_pid_syscall(5)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SyscallState {
    /// "running": on a CPU or waiting for one.
    Running,
    /// "-1": blocked, but in no system call: a page fault, a stop, throttling.
    Outside,
    /// Blocked in a system call.
    Inside(Syscall),
    /// It may not be read: why, and the one step that helps.
    Refused(Text),
}

/// A system call in which a thread is blocked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Syscall {
    /// Its number on the target's architecture.
    pub number: u64,
    /// Its name, where tftop knows the number.
    pub name: Option<Text>,
    /// Its arguments as they lie in registers; a call that takes fewer leaves rests of earlier ones behind.
    pub arguments: [u64; 6],
    /// For calls whose first argument is a descriptor: what it stands for (`/proc/PID/fd/N`): a path, "socket:[7]",
    /// "pipe:[7]", "anon_inode:[eventfd]". None where it may not be read or was closed meanwhile.
    pub file: Option<Text>,
}

/// What `/proc/PID/task/TID/stack` said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KernelStack {
    /// Names of kernel functions, the innermost first.
    Frames(Vec<Text>),
    /// It may not be read: why, and the one step that helps.
    Refused(Text),
}
