//! `tftop tune --copies`: warm copies of a script take turns; all but one are stopped, and none is left.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use crate::deadline::{LONG, wait_for};

/// Says what the shim would of a loop and writes each step's pid down. With intra=1 a step takes half the time, with inter=1 too
/// a third less: candidates that are alike would take all turns there are. A process that it started lives as long as it does.
const SCRIPT: &str = "
import json, os, socket, subprocess, sys, time
child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(1000)', os.getcwd()])
shim = json.loads(os.environ['TFTOP_SHIM'])
pause = {1: 0.02, 2: 0.08}.get(shim.get('intra'), 0.04) * (1 if shim.get('inter') == 1 else 1.5)
end = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
end.connect(shim['socket'])
first = 0
log = open('steps', 'a', buffering=1)
while True:
    durations = []
    for _ in range(5):
        began = time.monotonic()
        time.sleep(pause)
        durations.append(int((time.monotonic() - began) * 1e6))
        log.write(f'{os.getpid()}\\n')
    end.send(json.dumps({'v': 1, 'event': 'steps', 'pid': os.getpid(), 'seq': first, 'at_ns': time.monotonic_ns(),
        'source': 'iterator', 'stream': 1, 'at': 'train.py:9', 'first': first, 'steps': 5,
        'durations_us': durations}).encode())
    first += 5
";

fn tune(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tftop"));
    command.args(["tune", "--copies", "--minutes", "100s", "--warmup", "5", "--seed", "4"]);
    command.args(["--", "python3", "-c", SCRIPT]);
    command.current_dir(folder).env("XDG_STATE_HOME", folder).env("TMPDIR", folder);
    command
}

/// Processes that work in the folder; a zombie works nowhere.
fn left_over(folder: &Path) -> usize {
    let works_there = |entry: &fs::DirEntry| fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd == folder);
    fs::read_dir("/proc").unwrap().flatten().filter(works_there).count()
}

fn said(output: &Output) -> (String, String) {
    (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn copies_take_turns_and_the_fastest_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    let output = tune(&folder).output().unwrap();
    let (stdout, stderr) = said(&output);
    assert_eq!(output.status.code(), Some(0), "{stdout}\n{stderr}");
    assert!(stdout.starts_with("tune: python3 -c "), "{stdout}");
    let order: Vec<&str> =
        stdout.lines().filter(|line| line.contains(" caps ") || line.starts_with("intra=1")).collect();
    assert!(order.first().is_some_and(|line| line.starts_with("intra=1")), "{stdout}");
    // Two that run at once would take turns hundreds of times, step by step.
    let steps = fs::read_to_string(folder.join("steps")).unwrap();
    let pids: Vec<&str> = steps.lines().collect();
    let changes = pids.windows(2).filter(|pair| pair[0] != pair[1]).count();
    let turns = stderr.matches(" ms a step").count() + stderr.matches("starts").count();
    assert!(pids.len() > 100 && changes <= 2 * turns, "{changes} changes in {} steps, {turns} turns", pids.len());
    if stdout.contains("no ranking: ") {
        println!("not ranked here: neighbours were not alike\n{stdout}");
    } else {
        assert!(stdout.contains("\n  tftop run --intra 1 --inter 1 "), "{stdout}");
    }
    wait_for("every copy is gone", Duration::from_secs(20), || (left_over(&folder) == 0).then_some(()));
    let left: Vec<_> = fs::read_dir(&folder).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left, ["steps"], "folders of copies stayed");
}

#[test]
fn a_race_that_is_interrupted_leaves_nothing_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    let tftop = tune(&folder).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_for("two copies", LONG, || {
        let steps = fs::read_to_string(folder.join("steps")).unwrap_or_default();
        (steps.lines().collect::<BTreeSet<_>>().len() >= 2).then_some(())
    });
    let pid = rustix::process::Pid::from_raw(tftop.id() as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let output = tftop.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{:?}", said(&output));
    wait_for("every copy is gone", Duration::from_secs(20), || (left_over(&folder) == 0).then_some(()));
}
