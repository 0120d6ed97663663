//! Sweeps of a script that says how fast it goes: with the cap for intra-op it takes as many milliseconds a step.

use std::path::Path;
use std::process::{Command, Output};

/// Sends what the shim would send of a loop, as fast as it runs. Without a cap a step takes 40 ms.
const SCRIPT: &str = "
import json, os, socket, sys, time
if os.path.exists('broken'):
    sys.exit(3)
shim = json.loads(os.environ['TFTOP_SHIM'])
pause = {1: 0.02, 2: 0.08}.get(shim.get('intra'), 0.04)
end = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
end.connect(shim['socket'])
first = 0
while True:
    durations = []
    for _ in range(5):
        began = time.monotonic()
        time.sleep(pause)
        durations.append(int((time.monotonic() - began) * 1e6))
    end.send(json.dumps({'v': 1, 'event': 'steps', 'pid': os.getpid(), 'seq': first, 'at_ns': time.monotonic_ns(),
        'source': 'iterator', 'stream': 1, 'at': 'train.py:9', 'first': first, 'steps': 5,
        'durations_us': durations}).encode())
    first += 5
";

fn sweep(folder: &Path, arguments: &[&str], command: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tftop"))
        .arg("sweep")
        .args(arguments)
        .args(command)
        .current_dir(folder)
        .env("XDG_STATE_HOME", folder)
        .output()
        .unwrap()
}

const COMMAND: &[&str] = &["--", "python3", "-c", SCRIPT];
const QUICK: &[&str] = &[
    "--intra",
    "1,2",
    "--repeat",
    "3",
    "--warmup",
    "5",
    "--steps",
    "20",
    "--least",
    "1s",
    "--retries",
    "0",
    "--force",
    "--seed",
    "4",
];

fn said(output: &Output) -> (String, String) {
    (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Only what the comparison says of neighbours may differ from machine to machine.
fn is_ranked(stdout: &str) -> bool {
    !stdout.contains("no ranking: ")
}

#[test]
fn the_fastest_is_found_and_its_command_line_told() {
    let folder = tempfile::tempdir().unwrap();
    let output = sweep(folder.path(), QUICK, COMMAND);
    let (stdout, stderr) = said(&output);
    assert_eq!(output.status.code(), Some(0), "{stdout}\n{stderr}");
    let order: Vec<&str> = stdout.lines().filter_map(|line| line.split("  ").next()).skip(3).take(4).collect();
    assert_eq!(order, ["CAPS", "intra=1", "no caps", "intra=2"], "{stdout}");
    assert_eq!(stderr.matches(" ms a step (p95 ").count(), 9, "{stderr}");
    assert!(stderr.contains("[9/9] "), "{stderr}");
    if is_ranked(&stdout) {
        assert!(stdout.contains("best: intra=1; the next takes "), "{stdout}");
        assert!(stdout.contains("\n  tftop run --intra 1 -- python3 -c "), "{stdout}");
    } else {
        println!("not ranked here: neighbours were not alike\n{stdout}");
    }
    let runs = std::fs::read_dir(folder.path().join("tftop/runs")).unwrap().count();
    assert_eq!(runs, 9, "every run leaves its folder");
}

#[test]
fn an_interrupted_sweep_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    // The second run ends by itself, as if somebody had stopped it: what failed is not made again.
    let first = sweep(folder.path(), &["--dry-run", "--intra", "1", "--force", "--seed", "1"], COMMAND);
    assert_eq!(said(&first).0.lines().count(), 6, "two combinations, three blocks");
    let mut running = Command::new(env!("CARGO_BIN_EXE_tftop"))
        .arg("sweep")
        .args(QUICK)
        .args(COMMAND)
        .current_dir(folder.path())
        .env("XDG_STATE_HOME", folder.path())
        .stderr(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = std::io::BufReader::new(running.stderr.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("[2/9]") {
        line.clear();
        assert_ne!(std::io::BufRead::read_line(&mut stderr, &mut line).unwrap(), 0, "it ended before its second run");
    }
    let pid = rustix::process::Pid::from_raw(i32::try_from(running.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut stderr, &mut rest).unwrap();
    assert_eq!(running.wait().unwrap().code(), Some(130), "{rest}");
    let id = rest.split("--resume ").nth(1).and_then(|rest| rest.split('`').next()).unwrap().to_owned();
    let output = sweep(folder.path(), &["--resume", &id], &[]);
    let (stdout, stderr) = said(&output);
    assert_eq!(output.status.code(), Some(0), "{stdout}\n{stderr}");
    assert!(stderr.contains("[3/9] ") && !stderr.contains("[2/9] "), "{stderr}");
    assert!(stdout.contains("order by seed 4"), "{stdout}");
}

#[test]
fn a_script_that_only_fails_ends_the_sweep_early_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("broken"), "").unwrap();
    let output = sweep(folder.path(), QUICK, COMMAND);
    let (stdout, stderr) = said(&output);
    assert_eq!(output.status.code(), Some(1), "{stdout}\n{stderr}");
    assert!(stderr.contains("ended with exit code 3"), "{stderr}");
    assert!(stderr.contains("the first runs all failed"), "{stderr}");
}

#[test]
fn nonsense_is_refused_before_anything_starts() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, word) in [
        (vec!["--repeat", "3"], "no values: give some"),
        (vec!["--intra", "0"], "between 1 and"),
        (vec!["--intra", "1", "--steps", "3"], "--steps"),
        (vec!["--resume", "../x"], "can't be resumed"),
        (vec!["--intra", "1,2", "--read-only"], "--read-only"),
    ] {
        let command = if arguments.contains(&"--resume") { &[][..] } else { &["--", "true"][..] };
        let output = sweep(folder.path(), &arguments, command);
        let (_, stderr) = said(&output);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
        assert!(stderr.contains(word), "{arguments:?}: {stderr}");
    }
    assert!(!folder.path().join("tftop").exists(), "nothing was written");
}

#[test]
fn a_race_drops_what_is_slower_and_tells_the_winner() {
    let folder = tempfile::tempdir().unwrap();
    let options = ["--warmup", "5", "--steps", "20", "--least", "1s", "--seed", "4"];
    let output = Command::new(env!("CARGO_BIN_EXE_tftop"))
        .arg("tune")
        .args(options)
        .args(COMMAND)
        .current_dir(folder.path())
        .env("XDG_STATE_HOME", folder.path())
        .output()
        .unwrap();
    let (stdout, stderr) = said(&output);
    assert_eq!(output.status.code(), Some(0), "{stdout}\n{stderr}");
    let runs = |label: &str| stderr.lines().filter(|line| line.starts_with(&format!("{label}: "))).count();
    // The script takes half the time with intra=1, whatever else is set.
    assert!((1..=3).contains(&runs("no caps")) && (1..=3).contains(&runs("intra=1 inter=1")), "{stderr}");
    assert!(stdout.starts_with("tune: python3 -c "), "{stdout}");
    assert!(stdout.contains("\nnote: runs "), "{stdout}");
    if is_ranked(&stdout) {
        assert_eq!(runs("no caps"), 1, "it is shown to be slower after one run\n{stderr}");
        assert!(stdout.contains("\n  tftop run --intra 1 --inter "), "{stdout}");
    } else {
        println!("not ranked here: neighbours were not alike\n{stdout}");
    }
}
