//! Stops one thread for a moment: the only place in tftop that does, and only when it was asked to. Never PTRACE_ATTACH,
//! never a signal. The thread that traces lives for one stop: whatever happens to it, or to tftop, its end makes the
//! kernel release the tracee, with any signal that was on its way to it.

use std::num::NonZeroU64;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::ptrace;
use nix::sys::signal::Signal;
use rustix::process::{WaitId, WaitIdOptions, waitid};
use thread_priority::{
    RealtimeThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy, set_thread_priority_and_policy,
    thread_native_id,
};

use crate::data::Tid;
use crate::probe::stack::asleep::TaskDir;
use crate::probe::stack::registers::Registers;

/// How long a thread may take to stop: one that sits in the kernel (state D) does not, and is let go. One that waits for a
/// CPU takes until it gets one, and is not held up by this.
const LONGEST_WAIT: Duration = Duration::from_millis(10);
/// A thread on a CPU stops within microseconds: until then nothing is slept.
const IMPATIENT: Duration = Duration::from_micros(100);
const NAP: Duration = Duration::from_micros(50);

/// `__WALL`: threads, too (linux/wait.h).
const ALL_KINDS: u32 = 0x4000_0000;
/// `PTRACE_EVENT_STOP` in the upper byte of a trace stop's status (linux/ptrace.h).
const EVENT_STOP: i32 = 128;

/// What came of a stop.
#[derive(Debug)]
pub struct StopResult<T> {
    /// What was read meanwhile, or why nothing was.
    pub read: Result<T, String>,
    /// How long it was stopped at most: from the last look at which it was not yet, to its release. Zero when it never was.
    pub lasted: Duration,
}

/// Stops the thread, reads, and lets it run on. `read` should take microseconds.
pub fn stopped<T: Send>(
    task: &TaskDir,
    tid: Tid,
    start_ticks: u64,
    read: impl FnOnce(&Registers) -> T + Send,
) -> StopResult<T> {
    std::thread::scope(|scope| {
        let tracer = std::thread::Builder::new().name("tftop-stop".to_owned());
        let nothing = |why: &str| StopResult { read: Err(why.to_owned()), lasted: Duration::ZERO };
        match tracer.spawn_scoped(scope, || stop_and_read(task, tid, start_ticks, read)) {
            Ok(tracer) => tracer.join().unwrap_or_else(|_| nothing("reading it failed")),
            Err(error) => nothing(&format!("no thread could be made to stop it: {error}")),
        }
    })
}

/// Runs in a thread of its own. Every way out leaves the tracee released: by PTRACE_DETACH, or by this thread's end.
fn stop_and_read<T>(task: &TaskDir, tid: Tid, start_ticks: u64, read: impl FnOnce(&Registers) -> T) -> StopResult<T> {
    let unstopped = |why: String| StopResult { read: Err(why), lasted: Duration::ZERO };
    let (Some(waited), Ok(number)) = (rustix_pid(tid), i32::try_from(tid.0)) else {
        return unstopped("it has no sensible number".to_owned());
    };
    // Sleeps of 50 us last 100 us by default (prctl(2), PR_SET_TIMERSLACK); refused, it only takes longer.
    let _ = rustix::thread::set_current_timer_slack(NonZeroU64::new(1));
    run_first();
    let traced = nix::unistd::Pid::from_raw(number);
    if let Err(error) = ptrace::seize(traced, ptrace::Options::empty()) {
        return unstopped(refusal(task, error));
    }
    // The number could have gone to another thread since it was read: then nothing is stopped.
    if !task.look().is_ok_and(|look| look.start_ticks == start_ticks) {
        return unstopped("it has ended".to_owned());
    }
    let began = Instant::now();
    if ptrace::interrupt(traced).is_err() {
        return unstopped("it has ended".to_owned());
    }
    let (signal, since) = match wait_for_stop(waited, began) {
        Ok(stopped) => stopped,
        Err(why) => return unstopped(why.to_owned()),
    };
    let registers = ptrace::getregs(traced).map(|registers| Registers::of_stopped(&registers));
    let read = registers.map(|registers| read(&registers)).map_err(|error| format!("its registers: {}", error.desc()));
    match signal {
        Pending::None => drop(ptrace::detach(traced, None)),
        Pending::Known(signal) => drop(ptrace::detach(traced, Some(signal))),
        // A real-time signal can't be named here: the end of this thread releases the tracee and delivers it.
        Pending::Unknown => {}
    }
    StopResult { read, lasted: since.elapsed() }
}

/// The sooner this thread gets a CPU back, the shorter the stop: it is before everybody's usual threads until it ends.
/// Niceness would not do, it counts within a session only (sched(7), autogroup). Refused to all but root, a stop only takes
/// longer.
fn run_first() {
    let first = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::RoundRobin);
    let _ = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, first);
}

/// A signal that was about to be delivered when the thread stopped: it must get it.
enum Pending {
    None,
    Known(Signal),
    Unknown,
}

/// Waits without taking the report away (WNOWAIT), so that the kernel still knows the signal when the tracer ends. Says
/// since when it has been stopped at most.
fn wait_for_stop(tid: rustix::process::Pid, began: Instant) -> Result<(Pending, Instant), &'static str> {
    let options = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    let options = WaitIdOptions::from_bits_retain(options.bits() | ALL_KINDS);
    let mut since = began;
    loop {
        let now = Instant::now();
        match waitid(WaitId::Pid(tid), options) {
            Ok(Some(status)) => {
                let Some(status) = status.trapping_signal() else { return Err("it has ended") };
                let signal = match (status >> 8, Signal::try_from(status & 0xff)) {
                    (EVENT_STOP, _) => Pending::None,
                    (0, Ok(signal)) => Pending::Known(signal),
                    _ => Pending::Unknown,
                };
                return Ok((signal, since));
            }
            Err(rustix::io::Errno::CHILD) => return Err("it has ended"),
            Ok(None) | Err(_) => since = now,
        }
        let waited = began.elapsed();
        if waited > LONGEST_WAIT {
            return Err("it did not stop within 10 ms (in the kernel, or waiting for a CPU) and was let go");
        }
        if waited > IMPATIENT { std::thread::sleep(NAP) } else { std::thread::yield_now() }
    }
}

/// The name of a system call that returns early after a stop, with EINTR, even though no signal was delivered (signal(7)):
/// a thread that sleeps in one is not stopped.
pub fn returns_early(number: u32) -> Option<&'static str> {
    EARLY.iter().find(|(early, _)| *early == number).map(|(_, name)| *name)
}

#[cfg(target_arch = "x86_64")]
const EARLY: &[(u32, &str)] = &[
    (65, "semop"),
    (128, "rt_sigtimedwait"),
    (208, "io_getevents"),
    (220, "semtimedop"),
    (232, "epoll_wait"),
    (281, "epoll_pwait"),
    (333, "io_pgetevents"),
    (441, "epoll_pwait2"),
];
#[cfg(target_arch = "aarch64")]
const EARLY: &[(u32, &str)] = &[
    (4, "io_getevents"),
    (22, "epoll_pwait"),
    (137, "rt_sigtimedwait"),
    (192, "semtimedop"),
    (193, "semop"),
    (292, "io_pgetevents"),
    (441, "epoll_pwait2"),
];

fn refusal(task: &TaskDir, error: Errno) -> String {
    let tracer = task.numbers().map_or(0, |(_, tracer)| tracer);
    match error {
        _ if tracer != 0 => format!("process {tracer} traces it already (a debugger?)"),
        Errno::ESRCH => "it has ended".to_owned(),
        Errno::EPERM => {
            "stopping it is not allowed: run tftop as its user or with sudo, or see `tftop doctor`".to_owned()
        }
        error => format!("it can't be stopped: {}", error.desc()),
    }
}

fn rustix_pid(tid: Tid) -> Option<rustix::process::Pid> {
    i32::try_from(tid.0).ok().and_then(rustix::process::Pid::from_raw)
}

#[cfg(test)]
#[path = "tests/stop.rs"]
mod tests;
