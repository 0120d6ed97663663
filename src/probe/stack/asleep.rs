//! What the kernel says of a thread that is asleep, without stopping it: its instruction and stack pointer
//! (`/proc/PID/task/TID/syscall`, proc_pid_syscall(5)), and whether it ran in between two looks.

use std::fs::File;
use std::io;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::data::sample::ThreadState;
use crate::data::{Pid, Tid};

/// The folder of one thread in /proc.
#[derive(Clone, Debug)]
pub struct TaskDir {
    folder: PathBuf,
}

/// A thread at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadSnapshot {
    /// Field 3 of stat.
    pub state: ThreadState,
    /// Field 22 of stat: with the tid, which thread this is.
    pub start_ticks: u64,
    /// Time run, time waited, slices (schedstat) and the context switches (status): any run changes one of them.
    runs: String,
    /// The line of `syscall`.
    syscall: String,
}

/// Where a thread stands in its own code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodePosition {
    /// On a CPU, or waiting for one.
    Running,
    /// Asleep in the kernel.
    Asleep {
        /// The system call; none where it is in the kernel for another reason (a page fault).
        syscall: Option<u32>,
        /// The instruction it goes on with; of its registers only this and the next are known.
        pc: u64,
        /// Its stack pointer.
        sp: u64,
    },
}

/// Longest file of a task that is read.
const LONGEST: u64 = 16 << 10;

impl TaskDir {
    /// A thread of a process.
    pub fn new(proc_root: &Path, pid: Pid, tid: Tid) -> Self {
        Self { folder: proc_root.join(pid.to_string()).join("task").join(tid.to_string()) }
    }

    /// Looks once. Fails where the thread has ended, and where `syscall` may not be read (as `mem`).
    pub fn look(&self) -> io::Result<ThreadSnapshot> {
        let stat = self.read("stat")?;
        let (_, fields) = stat.rsplit_once(") ").ok_or(io::ErrorKind::InvalidData)?;
        let mut fields = fields.split(' ');
        let state =
            fields.next().and_then(|state| state.bytes().next()).map_or(ThreadState::Unknown, ThreadState::from_letter);
        // Field 22, counted from field 4 on.
        let start_ticks = fields.nth(18).and_then(|ticks| ticks.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
        let status = self.read("status")?;
        let switches = status.lines().filter(|line| line.contains("ctxt_switches"));
        let schedstat = self.read("schedstat").unwrap_or_default();
        let runs = [schedstat.as_str()].into_iter().chain(switches).collect();
        Ok(ThreadSnapshot { state, start_ticks, runs, syscall: self.read("syscall")? })
    }

    /// The thread's number in the innermost pid namespace (`NSpid`), and who traces it (`TracerPid`; 0 is nobody).
    pub fn numbers(&self) -> io::Result<(u32, u32)> {
        let status = self.read("status")?;
        let last = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().last()?.parse().ok()
        };
        let tracer = last("TracerPid:").ok_or(io::ErrorKind::InvalidData)?;
        // Kernels without pid namespaces have no such line.
        let own = last("NSpid:").or_else(|| last("Pid:")).ok_or(io::ErrorKind::InvalidData)?;
        Ok((own, tracer))
    }

    fn read(&self, name: &str) -> io::Result<String> {
        let mut bytes = Vec::new();
        File::open(self.folder.join(name))?.take(LONGEST).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

impl ThreadSnapshot {
    /// Where it stands; none where the line is not what the kernel writes.
    pub fn standing(&self) -> Option<CodePosition> {
        standing(&self.syscall)
    }
}

/// "running", or "number arguments... sp pc", or "-1 sp pc" (collect_syscall in lib/syscall.c).
pub fn standing(line: &str) -> Option<CodePosition> {
    let fields: Vec<&str> = line.split_whitespace().take(10).collect();
    let hex = |text: &str| u64::from_str_radix(text.strip_prefix("0x")?, 16).ok();
    match fields.as_slice() {
        ["running"] => Some(CodePosition::Running),
        ["-1", sp, pc] => Some(CodePosition::Asleep { syscall: None, pc: hex(pc)?, sp: hex(sp)? }),
        [number, _, _, _, _, _, _, sp, pc] => {
            Some(CodePosition::Asleep { syscall: Some(number.parse().ok()?), pc: hex(pc)?, sp: hex(sp)? })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_kernels_three_forms_are_understood() {
        let (pc, sp) = (0x7f01, 0x7ffc);
        let futex = "202 0x1 0x189 0x0 0x0 0x0 0xffffffff 0x7ffc 0x7f01\n";
        assert_eq!(standing(futex), Some(CodePosition::Asleep { syscall: Some(202), pc, sp }));
        assert_eq!(standing("-1 0x7ffc 0x7f01\n"), Some(CodePosition::Asleep { syscall: None, pc, sp }));
        assert_eq!(standing("running\n"), Some(CodePosition::Running));
    }

    #[test]
    fn a_sleeping_thread_looks_the_same_twice_and_a_running_one_does_not() {
        let (tell, wait) = std::sync::mpsc::channel::<()>();
        let (number, receive) = std::sync::mpsc::channel();
        let sleeper = std::thread::spawn(move || {
            number.send(rustix::thread::gettid()).unwrap();
            wait.recv().unwrap();
        });
        let tid = Tid(receive.recv().unwrap().as_raw_nonzero().get().cast_unsigned());
        let task = TaskDir::new(Path::new("/proc"), Pid(std::process::id()), tid);
        let asleep =
            |look: &ThreadSnapshot| matches!(look.standing(), Some(CodePosition::Asleep { syscall: Some(_), .. }));
        // On its way into the kernel it already has a system call to show, and still runs.
        let begun = std::time::Instant::now();
        let stays = || {
            let look = task.look().unwrap();
            asleep(&look) && task.look().unwrap() == look
        };
        while !stays() {
            assert!(begun.elapsed().as_secs() < 60, "it never sleeps: {:?}", task.look());
        }
        assert_eq!(task.numbers().unwrap().1, 0, "nobody traces it");
        tell.send(()).unwrap();
        sleeper.join().unwrap();
        assert!(task.look().is_err(), "it has ended");
    }

    proptest! {
        #[test]
        fn any_line_is_read_without_panic(line in "([0-9a-fx-]{0,20} ?){0,12}") {
            standing(&line);
        }
    }
}
