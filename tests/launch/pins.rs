//! `tftop run --pin`: threads of a group are kept where they were put, and nobody else.

use crate::{Launch, python};

/// Threads of Python that say where they may run, one born late; the second leaves its CPU once.
const SCRIPT: &str = "import os, sys, threading, time
def wait_for_one(what):
    end = time.monotonic() + 60
    while len(os.sched_getaffinity(0)) > 1 and time.monotonic() < end: time.sleep(0.01)
    print(what, sorted(os.sched_getaffinity(0)), flush=True)
def worker(name):
    wait_for_one(name)
    if name == 'second':
        os.sched_setaffinity(0, everywhere)
        wait_for_one(name + ' again')
    stop.wait()
stop, everywhere = threading.Event(), os.sched_getaffinity(0)
print('ready', flush=True)
for name in 'first', 'second':
    threading.Thread(target=worker, args=(name,)).start()
    time.sleep(0.5)
sys.stdin.read()
print('main', sorted(os.sched_getaffinity(0)) == sorted(everywhere), flush=True)
stop.set()";

#[test]
fn threads_of_a_group_are_kept_on_their_cpus_and_nobody_else() {
    let allowed = rustix::thread::sched_getaffinity(None).unwrap();
    if allowed.count() < 2 {
        python::say(
            "threads_of_a_group_are_kept_on_their_cpus_and_nobody_else: SKIPPED, because there is one CPU only",
        );
        return;
    }
    let cpu = (0..rustix::thread::CpuSet::MAX_CPU).find(|&cpu| allowed.is_set(cpu)).unwrap();
    let pin = format!("python={cpu}-{cpu}");
    let arguments = ["--no-shim", "--pin", &pin, "--interval", "100ms", "--", "python3", "-c", SCRIPT];
    let mut running = Launch::new(&arguments).ready();
    let mut lines = Vec::new();
    while lines.len() < 3 {
        let mut line = String::new();
        std::io::BufRead::read_line(&mut running.stdout, &mut line).unwrap();
        assert!(!line.is_empty(), "it ended after {lines:?}");
        lines.push(line);
    }
    running.wait_for_looks();
    drop(running.child.stdin.take());
    let ended = running.end();
    let there = format!("[{cpu}]\n");
    assert!(lines.iter().all(|line| line.ends_with(&there)), "{lines:?}");
    assert_eq!(String::from_utf8(ended.stdout).unwrap(), "main True\n");
    assert!(ended.stderr.contains("2 threads pinned; put back 1 times"), "{}", ended.stderr);
    // It left and was seen there: that it was put back makes nothing undone.
    assert!(ended.stderr.contains("exceeded  1 thread of python in process"), "{}", ended.stderr);
}

#[test]
fn an_unknown_origin_is_refused_with_those_there_are() {
    let ended = Launch::new(&["--pin", "tfdata=0", "--", "echo", "started"]).end();
    assert_eq!((ended.code, ended.stdout.len()), (Some(2), 0), "{}", ended.stderr);
    assert!(ended.stderr.contains("--pin tfdata=0: no threads have this origin; there are "), "{}", ended.stderr);
    assert!(ended.stderr.contains("tf-intra-op") && ended.stderr.contains("tf-data"), "{}", ended.stderr);
}

#[test]
fn what_nobody_would_hold_is_not_detached() {
    let ended = Launch::new(&["--detach", "--pin", "python=0", "--", "echo", "started"]).end();
    assert_eq!((ended.code, ended.stdout.len()), (Some(2), 0), "{}", ended.stderr);
    assert!(ended.stderr.contains("holds only while tftop runs, so --detach excludes it"), "{}", ended.stderr);
}
