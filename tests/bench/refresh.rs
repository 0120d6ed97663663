//! The time of one frame, and CPU time of one refresh per thread of the target: tftop's sampler and model against htop, top -H and pidstat -t, all
//! measured in the same run by the kernel's count of their own CPU time. Prints a table; judges nothing.
//! `cargo bench --bench refresh -- 100 2000` measures these numbers of threads only.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/known_threads.rs"]
#[allow(dead_code)] // the tests also kill targets
mod known_threads;
#[path = "../support/stage.rs"]
mod stage;

use std::fs;
use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use known_threads::Target;
use rustix::process::{WaitId, WaitIdOptions, waitid};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use stage::Stage;
use tftop::data::sample::Interest;
use tftop::data::scene::Scene;
use tftop::data::{Pid, ThreadKey};
use tftop::model::build_scene::Model;
use tftop::model::origin::families::Families;
use tftop::probe::live::{Live, LiveOptions};
use tftop::tui::state::event::Event;

/// Idle threads of the targets, where none are asked for.
const SIZES: &[u32] = &[100, 2_000, 10_000];
/// Refreshes of each peer that are averaged.
const PEER_REFRESHES: u64 = 5;
/// Refreshes of tftop that are averaged: it needs more, because each costs less.
const OWN_REFRESHES: u32 = 50;
/// Samples in which new threads are still read more than once.
const YOUTH: u32 = 10;

fn main() {
    println!("CPU time of one refresh, per thread of an idle target, in microseconds\n");
    println!("{:>8}  {:<28}{:>12}{:>12}", "threads", "program", "us/thread", "times tftop");
    let asked: Vec<u32> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    for &size in if asked.is_empty() { SIZES } else { &asked } {
        let mut target = Target::start();
        target.say(&format!("idle {size}"));
        let own = tftop(target.pid());
        let threads = f64::from(size + 1);
        row(size, "tftop (sampler)", own.sampler_ns / threads, own.both());
        row(size, "tftop (sampler + model)", own.both() / threads, own.both());
        for (name, package, cost) in [
            ("htop", "htop", htop(target.pid())),
            ("top -H", "procps", top(target.pid())),
            ("pidstat -t", "sysstat", pidstat(target.pid())),
        ] {
            match cost {
                Some(cost_ns) => row(size, name, cost_ns / threads, own.both()),
                None => println!("{size:>8}  {name:<28}{:>12}   (apt-get install {package})", "missing"),
            }
        }
        let [draw_ns, take_ns] = own.frame_ns;
        println!(
            "{size:>8}  draw one frame, {size} threads: {:.2} ms; take a scene in and draw it: {:.2} ms",
            draw_ns / 1e6,
            take_ns / 1e6
        );
        let [first_ns, again_ns] = waits(target.pid(), size);
        println!(
            "{size:>8}  what threads wait for, on top: {:.2} us a thread at the first look, {:.2} while they sleep on",
            first_ns / 1e3,
            again_ns / 1e3
        );
        println!(
            "{size:>8}  first sample: {:.1} ms of CPU, {:.2} us a thread\n",
            own.first_ns / 1e6,
            own.first_ns / 1e3 / threads
        );
    }
}

fn row(size: u32, name: &str, thread_ns: f64, own_ns: f64) {
    let times = thread_ns * f64::from(size + 1) / own_ns;
    println!("{size:>8}  {name:<28}{:>12.2}{times:>12.1}", thread_ns / 1e3);
}

struct Own {
    first_ns: f64,
    sampler_ns: f64,
    model_ns: f64,
    /// Of drawing one frame of the flat list of threads, and of taking a scene in and drawing it.
    frame_ns: [f64; 2],
}

impl Own {
    fn both(&self) -> f64 {
        self.sampler_ns + self.model_ns
    }
}

fn tftop(pid: u32) -> Own {
    let began = thread_cpu_ns();
    let mut live = Live::attach(Pid(pid), LiveOptions::default()).unwrap();
    let mut model = Model::new(Families::builtin());
    let mut newest = Scene::default();
    let mut refresh = || {
        let before = thread_cpu_ns();
        let sample = Arc::new(live.next(&Interest::default(), Duration::ZERO));
        let between = thread_cpu_ns();
        newest = model.next(sample);
        ((between - before) as f64, (thread_cpu_ns() - between) as f64)
    };
    refresh();
    let first_ns = (thread_cpu_ns() - began) as f64;
    for _ in 1..YOUTH {
        refresh();
    }
    let mut own = Own { first_ns, sampler_ns: 0.0, model_ns: 0.0, frame_ns: [0.0; 2] };
    for _ in 0..OWN_REFRESHES {
        // As cold as between real ticks: the caches belong to others meanwhile.
        std::thread::sleep(Duration::from_millis(50));
        let (sampler_ns, model_ns) = refresh();
        own.sampler_ns += sampler_ns / f64::from(OWN_REFRESHES);
        own.model_ns += model_ns / f64::from(OWN_REFRESHES);
    }
    own.frame_ns = frames(newest);
    own
}

fn frames(scene: Scene) -> [f64; 2] {
    let scene = Arc::new(scene);
    let mut stage = Stage::new(stage::COLOR, 160, 50, Scene::clone(&scene));
    stage.keys("2");
    assert!(stage.text().lines().filter(|line| line.contains("idle (one)")).count() > 20, "{}", stage.text());
    [Event::InterruptExpired, Event::Scene(scene)].map(|event| {
        let before = thread_cpu_ns();
        (0..OWN_REFRESHES).for_each(|_| drop(stage.tell(event.clone())));
        (thread_cpu_ns() - before) as f64 / f64::from(OWN_REFRESHES)
    })
}

/// Nanoseconds a thread that reading what it waits for adds to a look: at the first, and at later ones while it sleeps.
fn waits(pid: u32, size: u32) -> [f64; 2] {
    let mut live = Live::attach(Pid(pid), LiveOptions::default()).unwrap();
    let mut cost = |interest: &Interest| {
        std::thread::sleep(Duration::from_millis(50));
        let before = thread_cpu_ns();
        let sample = live.next(interest, Duration::ZERO);
        ((thread_cpu_ns() - before) as f64, sample)
    };
    let nothing = Interest::default();
    let threads = (0..YOUTH).map(|_| cost(&nothing).1).last().map(|sample| sample.processes[0].threads.clone());
    let waits: Vec<ThreadKey> = threads.unwrap().iter().map(|thread| thread.key).take(1000).collect();
    let read = waits.len().min(size as usize) as f64;
    let interest = Interest { waits, ..Interest::default() };
    let mut sums = [0.0; 2];
    for _ in 0..OWN_REFRESHES {
        // A look without the wish forgets what was read.
        let plain_ns = cost(&nothing).0;
        sums[0] += cost(&interest).0 - plain_ns;
        sums[1] += cost(&interest).0 - plain_ns;
    }
    sums.map(|sum_ns| sum_ns / f64::from(OWN_REFRESHES) / read)
}

fn thread_cpu_ns() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// CPU time of a process so far; also of one that ended and was not reaped. Right for programs of one thread.
fn cpu_ns(pid: u32) -> u64 {
    let line = fs::read_to_string(format!("/proc/{pid}/schedstat")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

fn top(pid: u32) -> Option<f64> {
    let pid = pid.to_string();
    counted(|refreshes| {
        let mut command = Command::new("top");
        command.args(["-b", "-H", "-p", &pid, "-d", "1", "-n", &refreshes.to_string()]);
        command
    })
}

fn pidstat(pid: u32) -> Option<f64> {
    let pid = pid.to_string();
    counted(|refreshes| {
        let mut command = Command::new("pidstat");
        command.args(["-t", "-p", &pid, "1", &refreshes.to_string()]);
        command
    })
}

/// A program that can be told how many refreshes to make: many less one, so that its start does not count.
fn counted(command: impl Fn(u64) -> Command) -> Option<f64> {
    let cost = |refreshes| {
        let mut child = command(refreshes).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
        let id = rustix::process::Pid::from_child(&child);
        waitid(WaitId::Pid(id), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).unwrap();
        let cost_ns = cpu_ns(child.id());
        child.wait().unwrap().success().then_some(cost_ns as f64)
    };
    Some((cost(1 + PEER_REFRESHES)? - cost(1)?) / PEER_REFRESHES as f64)
}

/// htop can't be told when to stop: it runs on a terminal of ours, and its updates are counted as bursts of output.
fn htop(pid: u32) -> Option<f64> {
    let (terminal, bursts, mut child) = on_a_terminal(&["htop", "-d", "10", "-p", &pid.to_string()])?;
    let settled = |wanted: u64| {
        let deadline = Instant::now() + Duration::from_secs(60);
        while bursts.load(Ordering::Relaxed) < wanted && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
        }
        std::thread::sleep(Duration::from_millis(300));
        (cpu_ns(child.id()), bursts.load(Ordering::Relaxed))
    };
    let (before_ns, first) = settled(3);
    let (after_ns, last) = settled(first + PEER_REFRESHES);
    child.kill().unwrap();
    child.wait().unwrap();
    drop(terminal);
    (last > first).then(|| (after_ns - before_ns) as f64 / (last - first) as f64)
}

fn on_a_terminal(command: &[&str]) -> Option<(OwnedFd, Arc<AtomicU64>, Child)> {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).ok()?;
    grantpt(&ours).ok()?;
    unlockpt(&ours).ok()?;
    let theirs = ioctl_tiocgptpeer(&ours, OpenptFlags::RDWR | OpenptFlags::NOCTTY).ok()?;
    tcsetwinsize(&ours, Winsize { ws_row: 50, ws_col: 160, ws_xpixel: 0, ws_ypixel: 0 }).ok()?;
    let mut program = Command::new(command[0]);
    program.args(&command[1..]).env("TERM", "xterm-256color").env("HTOPRC", "/dev/null");
    program.stdin(theirs.try_clone().ok()?).stdout(theirs.try_clone().ok()?).stderr(theirs);
    let child = program.spawn().ok()?;
    drop(program);
    let bursts = Arc::new(AtomicU64::new(0));
    let (counter, mut output) = (Arc::clone(&bursts), File::from(ours.try_clone().ok()?));
    std::thread::spawn(move || {
        let (mut buffer, mut last) = ([0; 1 << 16], Instant::now());
        while output.read(&mut buffer).is_ok_and(|read| read > 0) {
            if last.elapsed() > Duration::from_millis(200) {
                counter.fetch_add(1, Ordering::Relaxed);
            }
            last = Instant::now();
        }
    });
    Some((ours, bursts, child))
}
