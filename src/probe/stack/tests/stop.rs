use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Signal as Number, kill_process};

use super::*;
use crate::data::Pid;

/// A process that ends with its owner.
struct Program(Child);

impl Program {
    fn start(command: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(command);
        Self(command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap())
    }

    fn busy() -> Self {
        Self::start("sh", &["-c", "while :; do :; done"])
    }

    fn tid(&self) -> Tid {
        Tid(self.0.id())
    }

    fn task(&self) -> TaskDir {
        TaskDir::new(Path::new("/proc"), Pid(self.0.id()), self.tid())
    }

    fn stop<T: Send>(&self, read: impl FnOnce(&Registers) -> T + Send) -> StopResult<T> {
        stopped(&self.task(), self.tid(), self.task().look().unwrap().start_ticks, read)
    }

    /// The letter of its state, and the clock ticks it has used.
    fn state(&self) -> (String, u64) {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
        (fields[0].to_owned(), fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap())
    }

    fn signal(&self, signal: Number) {
        kill_process(rustix::process::Pid::from_child(&self.0), signal).unwrap();
    }

    fn runs_on(&self) {
        let (_, before) = self.state();
        wait_until("it runs on", || self.state().1 > before);
        assert!(["R", "S"].contains(&self.state().0.as_str()), "{:?}", self.state());
        assert_eq!(self.task().numbers().unwrap().1, 0, "nobody traces it");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn wait_until(what: &str, mut is: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is() {
        assert!(began.elapsed() < Duration::from_secs(60), "{what}: not within a minute");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// On a loaded machine a thread may not get to a CPU within the time it has to stop: that is no error.
fn stops_sooner_or_later(program: &Program) -> Registers {
    for _ in 0..200 {
        if let Ok(registers) = program.stop(|registers| *registers).read {
            return registers;
        }
    }
    panic!("it never stopped")
}

#[test]
fn a_busy_thread_is_stopped_read_and_runs_on() {
    let program = Program::busy();
    let registers = stops_sooner_or_later(&program);
    assert!(registers.pc != 0 && registers.sp != 0);
    program.runs_on();
}

#[test]
fn a_thread_that_is_traced_already_is_left_alone() {
    let program = Program::busy();
    wait_until("it was stopped twice at once", || {
        let inner = program.stop(|_| {
            assert_eq!(program.state().0, "t");
            program.stop(|_| ()).read.unwrap_err()
        });
        inner.read.is_ok_and(|why| {
            assert!(why.ends_with(" traces it already (a debugger?)"), "{why}");
            true
        })
    });
    program.runs_on();
}

#[test]
fn a_thread_killed_during_a_stop_is_no_harm() {
    let mut program = Program::busy();
    wait_until("it was killed while it was stopped", || program.stop(|_| program.signal(Number::KILL)).read.is_ok());
    program.0.wait().unwrap();
    let stop = stopped(&program.task(), program.tid(), 1, |_| ());
    assert_eq!(stop.read.unwrap_err(), "it has ended");
}

#[test]
fn a_number_that_went_to_another_thread_is_not_stopped() {
    let program = Program::busy();
    let stop = stopped(&program.task(), program.tid(), 1, |_| ());
    assert_eq!((stop.read.unwrap_err().as_str(), stop.lasted), ("it has ended", Duration::ZERO));
    program.runs_on();
}

#[test]
fn a_stopped_process_stays_stopped() {
    let program = Program::busy();
    program.signal(Number::STOP);
    wait_until("it is stopped", || program.state().0 == "T");
    stops_sooner_or_later(&program);
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(program.state().0, "T");
    program.signal(Number::CONT);
    program.runs_on();
}

/// Signals that arrive while a thread is being stopped: each must be delivered, the real-time ones, too.
#[test]
fn no_signal_is_lost_to_a_stop() {
    const ECHO: &str = "import os, signal, time\n\
        for number in (signal.SIGUSR1, signal.SIGRTMIN):\n    \
            signal.signal(number, lambda number, frame: os.write(1, b'x'))\n\
        os.write(1, b'x')\n\
        while True: pass\n";
    let mut program = Program::start("python3", &["-c", ECHO]);
    let mut said = program.0.stdout.take().unwrap();
    let mut byte = [0];
    said.read_exact(&mut byte).unwrap();
    for round in 0..100 {
        program.signal(Number::USR1);
        drop(program.stop(|_| ()));
        said.read_exact(&mut byte).unwrap();
        if round % 10 == 0 {
            // SIGRTMIN has no name in safe Rust.
            let mut sender = Command::new("kill").args(["-34", &program.0.id().to_string()]).spawn().unwrap();
            while sender.try_wait().unwrap().is_none() {
                drop(program.stop(|_| ()));
            }
        } else {
            continue;
        }
        // Where a signal is lost, this waits for ever, and the test's own deadline says so.
        said.read_exact(&mut byte).unwrap();
    }
    program.runs_on();
}

#[test]
fn a_thread_runs_on_when_its_tracer_is_killed_during_a_stop() {
    let program = Program::busy();
    let mut holder = Command::new(std::env::current_exe().unwrap());
    holder.args(["--exact", "probe::stack::stop::tests::hold", "--ignored", "--nocapture"]);
    holder.env("TFTOP_TEST_HOLD", program.0.id().to_string()).stdout(Stdio::piped());
    let mut holder = Program(holder.spawn().unwrap());
    let said = BufReader::new(holder.0.stdout.take().unwrap()).lines();
    assert!(said.map_while(Result::ok).any(|line| line.ends_with("held")), "the holder never held it");
    assert_eq!(program.state().0, "t", "it is stopped now");
    holder.0.kill().unwrap();
    holder.0.wait().unwrap();
    program.runs_on();
}

/// Not a test: the process that the one above kills.
#[test]
#[ignore = "holds a thread for the test above"]
fn hold() {
    let pid: u32 = std::env::var("TFTOP_TEST_HOLD").unwrap().parse().unwrap();
    let task = TaskDir::new(Path::new("/proc"), Pid(pid), Tid(pid));
    let start_ticks = task.look().unwrap().start_ticks;
    for _ in 0..200 {
        let _ = stopped(&task, Tid(pid), start_ticks, |_| {
            println!("held");
            std::thread::sleep(Duration::from_secs(600));
        });
    }
}
