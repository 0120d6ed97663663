//! Identification of live processes: this test's own threads, a program that executes another one, a process whose memory
//! is closed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tftop::data::{Pid, Tid};
use tftop::probe::identify::identifier::{Identifier, NewThread};

const PATIENCE: Duration = Duration::from_secs(60);

fn this_process() -> Identifier {
    Identifier::new(Path::new("/proc"), Pid(std::process::id()))
}

fn newborn(tid: u32) -> NewThread {
    NewThread { tid: Tid(tid), namespaced_tid: tid }
}

fn own_tid() -> u32 {
    rustix::thread::gettid().as_raw_nonzero().get().cast_unsigned()
}

/// Threads that wait until this is dropped.
struct Sleepers {
    tids: Vec<u32>,
    wake: Vec<mpsc::Sender<()>>,
    threads: Vec<JoinHandle<()>>,
}

impl Sleepers {
    fn start(count: usize) -> Self {
        let (tell, told) = mpsc::channel();
        let mut sleepers = Self { tids: Vec::new(), wake: Vec::new(), threads: Vec::new() };
        for _ in 0..count {
            let (wake, woken) = mpsc::channel::<()>();
            let tell = tell.clone();
            sleepers.wake.push(wake);
            sleepers.threads.push(std::thread::spawn(move || {
                tell.send(own_tid()).unwrap();
                let _ = woken.recv();
            }));
        }
        sleepers.tids = told.iter().take(count).collect();
        sleepers
    }
}

impl Drop for Sleepers {
    fn drop(&mut self) {
        self.wake.clear();
        self.threads.drain(..).for_each(|thread| thread.join().unwrap());
    }
}

#[test]
fn every_thread_of_this_process_leads_to_the_symbol_it_started_at() {
    let sleepers = Sleepers::start(200);
    let wanted: Vec<NewThread> = sleepers.tids.iter().copied().map(newborn).collect();
    let evidence = this_process().identify(&wanted);
    assert_eq!(evidence.missing, None);
    assert_eq!(evidence.threads.len(), 200);
    let exe = std::env::current_exe().unwrap();
    for (entry, name) in evidence.threads.values() {
        let entry = entry.as_ref().unwrap();
        assert_eq!(Path::new(entry.library.as_ref().unwrap().as_str()), exe);
        assert!(entry.symbol.as_ref().unwrap().contains("thread_start"), "{entry:?}");
        assert_eq!(*name, None);
    }
}

#[test]
fn a_thread_born_later_is_found_by_the_same_identifier() {
    let mut identifier = this_process();
    let first = Sleepers::start(1);
    assert_eq!(identifier.identify(&[newborn(first.tids[0])]).threads.len(), 1);
    let second = Sleepers::start(1);
    assert_eq!(identifier.identify(&[newborn(second.tids[0])]).threads.len(), 1);
}

#[test]
fn a_thread_that_ended_is_no_error() {
    let mut identifier = this_process();
    let (kept, ended) = (Sleepers::start(1), Sleepers::start(1));
    let wanted = [newborn(kept.tids[0]), newborn(ended.tids[0])];
    drop(ended);
    let evidence = identifier.identify(&wanted);
    assert!(evidence.threads.contains_key(&wanted[0].tid));
    assert!(evidence.missing.unwrap().starts_with("not on glibc's thread list"));
}

#[test]
fn threads_that_come_and_go_meanwhile_hide_no_other() {
    let stop = Arc::new(AtomicBool::new(false));
    let churn: Vec<JoinHandle<()>> = (0..2)
        .map(|_| {
            let stop = Arc::clone(&stop);
            std::thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let born: Vec<JoinHandle<()>> = (0..8).map(|_| std::thread::spawn(|| ())).collect();
                    born.into_iter().for_each(|thread| thread.join().unwrap());
                }
            })
        })
        .collect();
    let sleepers = Sleepers::start(50);
    let wanted: Vec<NewThread> = sleepers.tids.iter().copied().map(newborn).collect();
    let mut identifier = this_process();
    let rounds: Vec<(usize, Option<String>)> = (0..300)
        .map(|_| identifier.identify(&wanted))
        .map(|evidence| (evidence.threads.len(), evidence.missing))
        .collect();
    stop.store(true, Ordering::Relaxed);
    churn.into_iter().for_each(|thread| thread.join().unwrap());
    let whole = rounds.iter().filter(|(found, _)| *found == 50).count();
    assert!(rounds.iter().all(|(found, missing)| *found == 50 || missing.is_some()), "{rounds:?}");
    assert!(whole >= 290, "only {whole} of 300 walks found every thread");
}

/// A child that is killed when the test ends, however it ends.
struct Shell(Child);

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_program_that_executes_another_one_is_read_on() {
    let mut command = Command::new("sh");
    command.args(["-c", "read line; exec sleep 1000"]).stdin(Stdio::piped());
    let mut shell = Shell(command.spawn().unwrap());
    let pid = shell.0.id();
    let exe = || std::fs::read_link(format!("/proc/{pid}/exe")).unwrap();
    wait_for(|| exe() != std::env::current_exe().unwrap());
    let mut identifier = Identifier::new(Path::new("/proc"), Pid(pid));
    wait_for(|| identifier.identify(&[newborn(pid)]).threads.contains_key(&Tid(pid)));
    let before = identifier.libraries();
    let old = exe();
    shell.0.stdin.take().unwrap().write_all(b"go\n").unwrap();
    wait_for(|| exe() != old);
    wait_for(|| identifier.identify(&[newborn(pid)]).threads.contains_key(&Tid(pid)));
    assert_ne!(identifier.libraries(), before);
}

#[test]
fn a_process_that_ended_keeps_what_it_was() {
    let mut command = Command::new("sh");
    let mut shell = Shell(command.args(["-c", "read line"]).stdin(Stdio::piped()).spawn().unwrap());
    let pid = shell.0.id();
    let mut identifier = Identifier::new(Path::new("/proc"), Pid(pid));
    wait_for(|| identifier.identify(&[newborn(pid)]).threads.contains_key(&Tid(pid)));
    let before = identifier.libraries();
    shell.0.kill().unwrap();
    // Killed and not yet waited for, it is a zombie: maps and memory are empty.
    wait_for(|| std::fs::read(format!("/proc/{pid}/maps")).is_ok_and(|maps| maps.is_empty()));
    let evidence = identifier.identify(&[newborn(pid)]);
    assert!(evidence.threads.is_empty() && evidence.missing.is_some());
    identifier.identify(&[]);
    assert_eq!(identifier.libraries(), before);
}

fn wait_for(mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < PATIENCE, "it did not happen");
        std::thread::yield_now();
    }
}

#[test]
fn a_process_whose_memory_is_closed_still_tells_its_libraries() {
    let proc_root = tempfile::tempdir().unwrap();
    let folder = proc_root.path().join("7");
    std::fs::create_dir(&folder).unwrap();
    let maps = "1000-2000 r-xp 00000000 00:00 7 /v/site-packages/tensorflow/libtensorflow_framework.so.2\n\
                3000-4000 r-xp 00000000 00:00 8 /usr/lib/libpython3.12.so.1.0\n";
    std::fs::write(folder.join("maps"), maps).unwrap();
    let packages = folder.join("root/v/site-packages");
    std::fs::create_dir_all(packages.join("tensorflow_cpu-2.20.0.dist-info")).unwrap();
    let mut identifier = Identifier::new(proc_root.path(), Pid(7));
    identifier.read_maps();
    assert!(identifier.memory_error().is_some());
    assert_eq!(identifier.tensorflow().unwrap().version.as_deref(), Some("2.20.0"));
    assert_eq!(identifier.python().unwrap().version.as_deref(), Some("3.12"));
    assert_eq!(identifier.libraries().len(), 2);
    let evidence = identifier.identify(&[newborn(7)]);
    assert!(evidence.threads.is_empty());
    assert!(evidence.missing.unwrap().starts_with("memory can't be read: "));
}

#[test]
fn a_process_that_is_gone_is_no_error() {
    let proc_root = tempfile::tempdir().unwrap();
    let mut identifier = Identifier::new(proc_root.path(), Pid(7));
    assert!(identifier.identify(&[newborn(7)]).missing.unwrap().starts_with("its maps can't be read"));
    assert!(identifier.tensorflow().is_none() && identifier.libraries().is_empty());
}

#[test]
fn a_pipe_in_place_of_a_library_is_never_opened() {
    let proc_root = tempfile::tempdir().unwrap();
    let folder = proc_root.path().join("7");
    std::fs::create_dir_all(folder.join("root/lib")).unwrap();
    let pipe = folder.join("root/lib/libc.so.6");
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    std::fs::write(folder.join("maps"), "1000-2000 r-xp 00000000 00:00 7 /lib/libc.so.6\n").unwrap();
    std::fs::write(folder.join("mem"), [0; 100]).unwrap();
    let answer = Arc::new(Mutex::new(None));
    let (root, told) = (proc_root.path().to_owned(), Arc::clone(&answer));
    std::thread::spawn(move || {
        *told.lock().unwrap() = Identifier::new(&root, Pid(7)).identify(&[newborn(7)]).missing;
    });
    wait_for(|| answer.lock().unwrap().is_some());
    assert!(answer.lock().unwrap().as_ref().unwrap().contains("can't be read"));
}
