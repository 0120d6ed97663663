//! Looking never touches the target: no debugger, no stop, no signal, no new thread.

use std::fs;
use std::process::Stdio;

use crate::target::{Target, states};
use crate::{NAMING, python, watch};

#[test]
fn no_thread_is_traced_or_stopped_while_its_process_is_looked_at() {
    let Some(python) = python::tensorflow(NAMING) else { return };
    let target = Target::start(&python, "caps.py", &["2", "2"]);
    let pid = target.pid();
    let signals = status(pid, "SigQ");
    let threads = status(pid, "Threads");
    let mut looked = 0;
    for _ in 0..3 {
        let mut command = watch::command(pid, &["--for", "1s", "--interval", "0.1s"]);
        let mut tftop = command.stdout(Stdio::null()).spawn().unwrap();
        while tftop.try_wait().unwrap().is_none() {
            assert_eq!(status(pid, "TracerPid"), "0");
            let states = states(pid).expect("the target lives");
            assert!(!states.iter().any(|state| ['T', 't'].contains(state)), "{states:?}");
            looked += 1;
        }
        assert!(tftop.wait().unwrap().success());
    }
    assert!(looked > 50, "only {looked} looks: a stop could have been missed");
    assert_eq!((status(pid, "SigQ"), status(pid, "Threads")), (signals, threads));
    assert_eq!((status(pid, "SigPnd"), status(pid, "ShdPnd")), ("0".repeat(16), "0".repeat(16)));
}

/// A line of /proc/PID/status.
fn status(pid: u32, field: &str) -> String {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    line.unwrap_or_else(|| panic!("no {field}")).trim().to_owned()
}
