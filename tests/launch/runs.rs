//! What a run leaves behind, whatever happens to it, and `tftop runs`, which shows it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::deadline::{LONG, wait_for};
use crate::{Ended, Launch, TFTOP, files_below, python};

/// `tftop runs` of one state folder: exit code, stdout, stderr.
fn runs(state: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(TFTOP);
    command.arg("runs").args(arguments).env("XDG_STATE_HOME", state).stdin(Stdio::null());
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// Runs it in this state folder.
fn run(state: &Path, arguments: &[&str]) -> Ended {
    let mut launch = Launch::new(arguments);
    launch.command.env("XDG_STATE_HOME", state);
    launch.end()
}

/// The folders of all runs, the oldest first.
fn folders(state: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<_> =
        fs::read_dir(state.join("tftop/runs")).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn a_run_leaves_what_was_started_and_what_it_came_to() {
    let state = tempfile::tempdir().unwrap();
    let arguments = ["--cpus", "1", "--env", "API_TOKEN=hush", "--env", "OMP_WAIT_POLICY=PASSIVE", "--"];
    let ended = run(state.path(), &[&arguments[..], &["sh", "-c", "exit 3", "--password=hush"]].concat());
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    let folder = folders(state.path()).pop().unwrap();
    assert!(ended.stderr.contains(folder.to_str().unwrap()), "{}", ended.stderr);
    let names = ["run.json", "samples.tape", "steps.csv", "summary.json", "summary.md"];
    let mut left = files_below(&folder);
    left.sort();
    assert_eq!(left, names.map(|name| folder.join(name).display().to_string()));
    for name in names {
        assert!(!String::from_utf8_lossy(&fs::read(folder.join(name)).unwrap()).contains("hush"), "{name}");
    }
    let record = json(&folder.join("run.json"));
    assert_eq!(record["schema"], "tftop.run/1");
    assert_eq!(record["command"], serde_json::json!(["sh", "-c", "exit 3", "--password=(hidden)"]));
    assert_eq!(record["variables"]["OMP_WAIT_POLICY"], "PASSIVE");
    assert_eq!(record["variables"]["TF_NUM_INTRAOP_THREADS"], "1");
    assert_eq!(record["other_variables"], serde_json::json!(["API_TOKEN"]));
    let summary = json(&folder.join("summary.json"));
    assert_eq!(summary["schema"], "tftop.run-summary/1");
    assert_eq!((&summary["run"], &summary["ended"]), (&record, &serde_json::json!({"exit": 3})));

    let id = record["id"].as_str().unwrap();
    let (code, list, _) = runs(state.path(), &[]);
    assert_eq!(code, Some(0));
    let row = list.lines().nth(1).unwrap();
    assert!(
        row.starts_with(id) && row.split_whitespace().nth(3) == Some("3") && row.contains("--password=(hidden)"),
        "{list}"
    );
    let (_, listed, _) = runs(state.path(), &["--json"]);
    assert!(listed.contains("tftop.runs/1") && listed.contains("ended with exit code 3"), "{listed}");
    for name in [id, &id[..id.len() - 1], "last"] {
        let (code, shown, stderr) = runs(state.path(), &["show", name]);
        assert_eq!(code, Some(0), "{stderr}");
        assert!(shown.starts_with(&format!("{id} ended with exit code 3 after ")), "{shown}");
    }
    let (_, shown, _) = runs(state.path(), &["show", "last", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), summary);
    let (_, shown, _) = runs(state.path(), &["show", "last", "--format", "markdown"]);
    assert_eq!(shown, fs::read_to_string(folder.join("summary.md")).unwrap());
    let (code, _, stderr) = runs(state.path(), &["show", "nothing"]);
    assert_eq!(code, Some(3));
    assert!(stderr.contains("`tftop runs` lists those that are kept"), "{stderr}");
    let (code, said, _) = runs(state.path(), &["rm", id]);
    assert_eq!((code, said), (Some(0), format!("{id} removed\n")));
    assert!(folders(state.path()).is_empty());
}

#[test]
fn what_was_recorded_of_a_run_is_reported_by_its_name_its_folder_and_its_file() {
    let state = tempfile::tempdir().unwrap();
    let script = "end=$((SECONDS+2)); while [ $SECONDS -lt $end ]; do :; done";
    let ended = run(state.path(), &["--no-shim", "--interval", "100ms", "--", "bash", "-c", script]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let folder = folders(state.path()).pop().unwrap();
    let id = folder.file_name().unwrap().to_str().unwrap();
    let tape = folder.join("samples.tape");
    let report = |name: &str| -> Value {
        let mut report = Command::new(TFTOP);
        report.args(["report", name, "--json"]).env("XDG_STATE_HOME", state.path()).stdin(Stdio::null());
        let output = report.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{name}: {output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let last = report("last");
    assert_eq!((&last["recording"]["name"], &last["recording"]["trouble"]), (&Value::from(id), &Value::Null));
    assert_eq!((&last["target"]["ended"], &last["verdict"]["condition"]), (&true.into(), &"too_soon".into()));
    let got = last["demand"]["got"].as_f64().unwrap();
    let measured = json(&folder.join("summary.json"))["outcome"]["demand"]["got"].as_f64().unwrap();
    assert!(got > 0.1 && (got - measured).abs() < 0.5, "{got} against {measured}");
    for name in [id, folder.to_str().unwrap(), tape.to_str().unwrap()] {
        let other = report(name);
        assert_eq!((&other["demand"], &other["groups"]), (&last["demand"], &last["groups"]), "{name}");
    }
}

#[test]
fn two_runs_at_once_have_folders_of_their_own_and_a_running_one_is_not_removed() {
    let state = tempfile::tempdir().unwrap();
    let start = || {
        let mut launch = Launch::new(&["--no-shim", "--", "sh", "-c", "echo ready; read line"]);
        launch.command.env("XDG_STATE_HOME", state.path());
        launch.ready()
    };
    let running = [start(), start()];
    assert_eq!(folders(state.path()).len(), 2);
    let (_, list, _) = runs(state.path(), &[]);
    assert_eq!(list.matches("running").count(), 2, "{list}");
    let (_, shown, _) = runs(state.path(), &["show", "last"]);
    assert!(shown.contains(" is running, for "), "{shown}");
    let (code, _, stderr) = runs(state.path(), &["rm", "last"]);
    assert!(code == Some(2) && stderr.contains("is still running"), "{stderr}");
    assert_eq!(runs(state.path(), &["prune", "--keep", "0"]).1, "0 runs removed\n");
    for mut one in running {
        drop(one.child.stdin.take());
        assert_eq!(one.end().code, Some(1));
    }
    assert_eq!(runs(state.path(), &["prune", "--keep", "1"]).1, "1 runs removed\n");
    assert_eq!(folders(state.path()).len(), 1);
}

#[test]
fn a_killed_tftop_leaves_a_run_that_can_be_shown_and_removed() {
    let state = tempfile::tempdir().unwrap();
    let script = "import sys; print('ready', flush=True); sys.stdin.read()";
    let mut launch = Launch::new(&["--intra", "1", "--interval", "100ms", "--", "python3", "-c", script]);
    launch.command.env("XDG_STATE_HOME", state.path());
    let mut running = launch.ready();
    let tape = folders(state.path()).pop().unwrap().join("samples.tape");
    let begun = fs::metadata(&tape).unwrap().len();
    // Written again two seconds after the first looks.
    wait_for("samples on the tape", LONG, || (fs::metadata(&tape).unwrap().len() > begun + 500).then_some(()));
    running.child.kill().unwrap();
    running.child.wait().unwrap();
    let (code, shown, stderr) = runs(state.path(), &["show", "last"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(shown.contains("has no known end: tftop ended first; last seen after "), "{shown}");
    assert!(shown.contains("the tape was cut") && shown.contains("main thread"), "{shown}");
    assert!(runs(state.path(), &[]).1.contains("unknown"));
    assert_eq!(runs(state.path(), &["prune", "--keep", "0"]).1, "1 runs removed\n");
    assert!(folders(state.path()).is_empty(), "the shim was left as well");
}

/// A file system of a test's own; goes with the test.
struct Mounted<'a>(&'a Path);

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        assert!(Command::new("umount").arg(self.0).status().unwrap().success());
    }
}

#[test]
fn a_full_disk_costs_the_record_and_not_the_run() {
    let state = tempfile::tempdir().unwrap();
    let mount = |arguments: &[&str]| Command::new("mount").args(arguments).arg(state.path()).output();
    if !mount(&["-t", "tmpfs", "-o", "size=1m", "tmpfs"]).is_ok_and(|output| output.status.success()) {
        python::say(
            "a_full_disk_costs_the_record_and_not_the_run: SKIPPED, because no file system can be mounted here",
        );
        return;
    }
    let _mounted = Mounted(state.path());
    fs::write(state.path().join("big"), vec![0; 2 << 20]).unwrap_err();
    let ended = run(state.path(), &["--intra", "1", "--", "python3", "-c", "print('done')"]);
    // With room for the begin, but not for what comes.
    fs::write(state.path().join("big"), vec![0; (1 << 20) - 100_000]).unwrap();
    let script = "head -c 200000 /dev/zero > \"$0/more\" 2> /dev/null; exec sleep 1";
    let later = run(
        state.path(),
        &["--no-shim", "--interval", "100ms", "--", "sh", "-c", script, state.path().to_str().unwrap()],
    );
    assert_eq!((ended.code, ended.stdout.as_slice()), (Some(0), b"done\n".as_slice()), "{}", ended.stderr);
    assert!(ended.stderr.contains("No space left on device"), "{}", ended.stderr);
    assert!(ended.stderr.contains("shim     attached to 1 process"), "{}", ended.stderr);
    assert_eq!(later.code, Some(0), "{}", later.stderr);
    assert!(later.stderr.contains("missing  summary.json: No space left on device"), "{}", later.stderr);
}

#[test]
fn hostile_files_in_the_store_are_shown_without_harm() {
    let state = tempfile::tempdir().unwrap();
    assert_eq!(run(state.path(), &["--no-shim", "--", "true"]).code, Some(0));
    let folder = folders(state.path()).pop().unwrap();
    let path = folder.join("summary.json");
    let mut summary = json(&path);
    summary["outcome"]["checks"] = serde_json::json!([{"cap": "\u{1b}[2J", "value": "\u{1b}]0;x\u{7}", "outcome": "held", "says": "a\nb\u{202e}"}]);
    summary["missing"] = serde_json::json!(["\u{1b}[31m"]);
    fs::write(&path, summary.to_string()).unwrap();
    for arguments in
        [&[][..], &["show", "last"], &["show", "last", "--format", "markdown"], &["show", "last", "--json"]]
    {
        let (code, shown, _) = runs(state.path(), arguments);
        assert!(code == Some(0) && !shown.contains('\u{1b}'), "{shown:?}");
    }
    for garbage in [&b"{"[..], b"", b"[[[[", b"\xff\xff", b"null"] {
        fs::write(&path, garbage).unwrap();
        fs::write(folder.join("samples.tape"), garbage).unwrap();
        let (code, shown, stderr) = runs(state.path(), &["show", "last"]);
        assert_eq!(code, Some(0), "{stderr}");
        assert!(shown.contains("summary.json: ") && shown.contains("samples.tape: this is no tape"), "{shown}");
    }
}

#[test]
fn what_a_run_was_found_to_want_is_what_the_next_one_is_advised() {
    let state = tempfile::tempdir().unwrap();
    // Long enough to be judged.
    let command = ["--", "python3", "-c", "import time; time.sleep(13)"];
    let dry = |says: &str| {
        let mut arguments = vec!["--preset", "advised", "--dry-run"];
        arguments.extend(command);
        let ended = run(state.path(), &arguments);
        assert!(ended.stderr.contains(says), "{says}: {}", ended.stderr);
        String::from_utf8(ended.stdout).unwrap()
    };
    let by_rule = dry("estimated by a rule, not measured");
    assert!(by_rule.contains("TF_NUM_INTRAOP_THREADS="), "{by_rule}");

    assert_eq!(run(state.path(), &command).code, Some(0));
    let path = folders(state.path())[0].join("summary.json");
    let mut summary = json(&path);
    let asleep = summary["advised"].as_object().unwrap();
    assert!(asleep.values().all(Value::is_null), "{asleep:?}");
    assert!(!dry("needed no caps").contains("TF_NUM_INTRAOP_THREADS="));

    summary["advised"] = serde_json::json!({ "inter": 1 });
    fs::write(&path, summary.to_string()).unwrap();
    let id = summary["run"]["id"].as_str().unwrap();
    let learned = dry(&format!("run {id} of this command"));
    assert!(learned.contains("TF_NUM_INTEROP_THREADS=1") && !learned.contains("INTRAOP"), "{learned}");

    summary["capacity"]["effective_cpus"] = 1000.into();
    fs::write(&path, summary.to_string()).unwrap();
    assert_eq!(dry("had 1000 CPUs and says nothing of"), by_rule);
}
