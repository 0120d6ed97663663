//! CPU time of one refresh per thread of the target: tftop's sampler and model against htop, top -H and pidstat -t, all measured
//! in the same run by the kernel's count of their own CPU time; and the time of one frame. Prints tables; judges nothing.
//! `cargo bench --bench refresh -- 100 2000` measures these numbers of threads only, `-- busy` busy ones, `-- ours` tftop only.

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
use nix::time::{clock_getcpuclockid, clock_gettime};
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
const OWN_REFRESHES: u32 = 60;
/// Between two refreshes.
const PAUSE: Duration = Duration::from_millis(250);
/// Threads of a target that run now and then.
const WAKING: u32 = 24;
/// Threads of a target that all compute.
const BUSY: u32 = 300;
/// Samples in which new threads are still read more than once.
const YOUTH: u32 = 10;

/// A target: how many of its threads sleep, run now and then, and compute all the time.
struct Case {
    idle: u32,
    wake: u32,
    spin: u32,
}

impl Case {
    fn threads(&self) -> u32 {
        self.idle + self.wake + self.spin + 1
    }

    fn about(&self) -> String {
        match (self.wake, self.spin) {
            (0, 0) => "asleep".to_owned(),
            (wake, 0) => format!("{wake} wake"),
            _ => "busy".to_owned(),
        }
    }

    fn start(&self) -> Target {
        let mut target = Target::start();
        for (word, number) in [("idle", self.idle), ("wake", self.wake), ("spin", self.spin)] {
            if number > 0 {
                target.say(&format!("{word} {number}"));
            }
        }
        target
    }
}

fn main() {
    println!(
        "CPU time of one refresh, per thread of the target, in microseconds; `read` is the share of threads that were read\n"
    );
    println!(
        "{:>8}  {:<8}{:<26}{:>9}{:>9}{:>9}{:>9}{:>13}",
        "threads", "", "program", "median", "mean", "p99", "read", "times tftop"
    );
    let peers = !std::env::args().any(|argument| argument == "ours");
    let busy = std::env::args().any(|argument| argument == "busy");
    let asked: Vec<u32> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let sizes = if asked.is_empty() && !busy { SIZES } else { &asked };
    for &size in sizes {
        refreshes(&Case { idle: size, wake: 0, spin: 0 }, peers);
        if size > WAKING {
            refreshes(&Case { idle: size - WAKING, wake: WAKING, spin: 0 }, peers);
        }
    }
    if asked.is_empty() || busy {
        refreshes(&Case { idle: 0, wake: 0, spin: BUSY }, peers);
    }
    for &size in sizes {
        others(&Case { idle: size, wake: 0, spin: 0 });
    }
}

fn refreshes(case: &Case, peers: bool) {
    let target = case.start();
    let own = tftop(target.pid());
    let whole = own.both().mean_ns;
    let row = |name: &str, spread: Spread, rest: String| {
        let (threads, about) = (case.threads(), case.about());
        let each = |ns: Option<f64>| ns.map_or(String::new(), |ns| format!("{:.3}", ns / f64::from(threads) / 1e3));
        let [median, mean, p99] = [spread.median_ns, Some(spread.mean_ns), spread.p99_ns].map(each);
        let times = spread.mean_ns / whole;
        println!("{threads:>8}  {about:<8}{name:<26}{median:>9}{mean:>9}{p99:>9}{rest:>9}{times:>13.1}");
    };
    row("tftop (sampler)", Spread::of(own.sampler_ns.iter().copied()), format!("{:.0} %", own.read * 100.0));
    row("tftop (sampler + model)", own.both(), String::new());
    row("  of it, the kernel's clock", Spread::of(process_clock(target.pid()).into_iter()), String::new());
    println!("{:>8}  first sample: {:.1} ms of CPU\n", case.threads(), own.first_ns / 1e6);
    if !peers {
        return;
    }
    for (name, package, cost) in [
        ("htop", "htop", htop(target.pid())),
        ("top -H", "procps", top(target.pid())),
        ("pidstat -t", "sysstat", pidstat(target.pid())),
    ] {
        match cost {
            Some(mean_ns) => row(name, Spread { mean_ns, median_ns: None, p99_ns: None }, String::new()),
            None => println!("{:>8}  {:<8}{name:<26}  missing (apt-get install {package})", "", ""),
        }
    }
    println!();
}

/// What else is done now and then.
fn others(case: &Case) {
    let (target, size) = (case.start(), case.idle);
    let [draw_ns, take_ns] = frames(tftop(target.pid()).newest);
    println!(
        "{size:>8}  draw one frame: {:.2} ms; take a scene in and draw it: {:.2} ms",
        draw_ns / 1e6,
        take_ns / 1e6
    );
    let [first_ns, again_ns] = waits(target.pid(), size);
    println!(
        "{size:>8}  what threads wait for, on top: {:.2} us a thread at the first look, {:.2} while they sleep on",
        first_ns / 1e3,
        again_ns / 1e3
    );
}

struct Own {
    first_ns: f64,
    /// One figure a refresh, the model's beside the sampler's.
    sampler_ns: Vec<f64>,
    model_ns: Vec<f64>,
    /// Share of the threads that a refresh read.
    read: f64,
    newest: Scene,
}

impl Own {
    fn both(&self) -> Spread {
        Spread::of(self.sampler_ns.iter().zip(&self.model_ns).map(|(sampler, model)| sampler + model))
    }
}

/// CPU time of refreshes; of peers only the mean is known.
struct Spread {
    median_ns: Option<f64>,
    mean_ns: f64,
    p99_ns: Option<f64>,
}

impl Spread {
    fn of(refreshes_ns: impl Iterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = refreshes_ns.collect();
        sorted.sort_by(f64::total_cmp);
        let percentile = |percent: usize| Some(sorted[(sorted.len() * percent).div_ceil(100) - 1]);
        let mean_ns = sorted.iter().sum::<f64>() / sorted.len() as f64;
        Self { median_ns: percentile(50), mean_ns, p99_ns: percentile(99) }
    }
}

fn tftop(pid: u32) -> Own {
    let began = thread_cpu_ns();
    let mut live = Live::attach(Pid(pid), LiveOptions::default()).unwrap();
    let mut model = Model::new(Families::builtin());
    let mut own =
        Own { first_ns: 0.0, sampler_ns: Vec::new(), model_ns: Vec::new(), read: 0.0, newest: Scene::default() };
    for refresh in 0..YOUTH + OWN_REFRESHES {
        let before = thread_cpu_ns();
        let sample = Arc::new(live.next(&Interest::default(), Duration::ZERO));
        let between = thread_cpu_ns();
        let process = &sample.processes[0];
        let unread = process.clock.map_or(0, |clock| clock.unread_threads);
        let read = 1.0 - f64::from(unread) / process.threads.len().max(1) as f64;
        own.newest = model.next(sample);
        if refresh == 0 {
            own.first_ns = (thread_cpu_ns() - began) as f64;
        }
        if refresh >= YOUTH {
            own.sampler_ns.push((between - before) as f64);
            own.model_ns.push((thread_cpu_ns() - between) as f64);
            own.read += read / f64::from(OWN_REFRESHES);
        }
        // As cold as between real ticks: the caches belong to others meanwhile.
        std::thread::sleep(PAUSE);
    }
    own
}

/// What the kernel takes to add up the process's CPU time over its threads: each refresh asks for it once at least.
fn process_clock(pid: u32) -> Vec<f64> {
    let clock = clock_getcpuclockid(nix::unistd::Pid::from_raw(pid as i32)).unwrap();
    let cost = || {
        std::thread::sleep(PAUSE);
        let before = thread_cpu_ns();
        clock_gettime(clock).unwrap();
        (thread_cpu_ns() - before) as f64
    };
    (0..OWN_REFRESHES).map(|_| cost()).collect()
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
