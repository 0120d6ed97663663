//! The command line as a person or a script meets it: help, exit codes, the words of errors.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/command.rs"]
mod command;

use std::fs;
use std::fs::Permissions;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::command::{NOBODYS_PID, ended, tftop};

/// A process without TensorFlow and without a word; ends with the test.
struct Sleeper(Child);

impl Sleeper {
    fn start() -> Self {
        Self(Command::new("sleep").arg("1000").spawn().unwrap())
    }

    fn pid(&self) -> String {
        self.0.id().to_string()
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// A shell with children of its own in a process group of their own, which ends with the test.
struct Family(Child);

impl Family {
    fn start(script: &str) -> Self {
        Self(Command::new("bash").args(["-c", script]).process_group(0).spawn().unwrap())
    }

    fn pid(&self) -> String {
        self.0.id().to_string()
    }
}

impl Drop for Family {
    fn drop(&mut self) {
        signal_group(self.0.id());
        self.0.wait().unwrap();
    }
}

fn signal_group(leader: u32) {
    let group = format!("-{leader}");
    assert!(Command::new("kill").args(["-s", "KILL", "--", &group]).status().unwrap().success());
}

#[test]
fn runs_that_are_not_there_can_not_be_compared() {
    let home = tempfile::tempdir().unwrap();
    let compare = |sides: &[&str]| ended(tftop(&["compare"]).args(sides).env("XDG_STATE_HOME", home.path()));
    let (code, stdout, stderr) = compare(&["last", "261120-1"]);
    assert_eq!((code, stdout.as_str()), (Some(3), ""));
    assert!(stderr.contains("there is no such run"), "{stderr}");
    let (code, _, stderr) = compare(&["last"]);
    assert_eq!(code, Some(2), "{stderr}");
}

#[test]
fn help_is_short_and_says_how_it_ends() {
    let (code, stdout, stderr) = ended(&mut tftop(&["--help"]));
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    insta::assert_snapshot!("help", stdout);
    for subcommand in [
        "attach", "ps", "report", "stack", "explain", "doctor", "demo", "run", "rerun", "runs", "replay", "compare",
        "export",
    ] {
        let (code, stdout, _) = ended(&mut tftop(&[subcommand, "--help"]));
        assert_eq!(code, Some(0));
        insta::assert_snapshot!(format!("help_{subcommand}"), stdout);
        assert_eq!(ended(&mut tftop(&["help", subcommand])).1, stdout);
        // The short one has no examples; options of every command are listed by `tftop -h` alone.
        let (_, short, _) = ended(&mut tftop(&[subcommand, "-h"]));
        assert!(short.lines().count() <= 60 && !short.contains("Examples:"), "{short}");
        assert!(!short.contains("--interval <TIME>") && !stdout.contains("--interval <TIME>"), "{stdout}");
    }
    let (_, short, _) = ended(&mut tftop(&["-h"]));
    assert!(short.contains("--interval <TIME>") && short.contains("Commands:"), "{short}");
    insta::assert_snapshot!("help_short", short);
}

#[test]
fn version_is_one_line() {
    let expected = format!("tftop {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(ended(&mut tftop(&["--version"])), (Some(0), expected, String::new()));
}

#[test]
fn wrong_use_ends_with_2_and_says_what_is_right() {
    let wrong: &[(&[&str], &str)] = &[
        (&["zzz"], "neither a pid nor a command; `tftop attach NAME` finds a process by its name"),
        (&["reprot"], "no such command; did you mean `tftop report`?"),
        (&["report", "--jsn"], "a similar argument exists: '--json'"),
        (&["0"], "no process has this number"),
        (&["2430", "report", "2430"], "`tftop report 2430`, not `tftop 2430 report`"),
        (&["2430", "--interval", "99ms"], "must be between 0.1 s and 60 s"),
        (&["2430", "--interval", "1h"], "must be between 0.1 s and 60 s"),
        (&["2430", "--interval", "1x"], "write how long: 5, 0.5, 500ms, 2m, 1h30m"),
        (&["record"], "<PID|NAME|--wait <NAME>>"),
        (&["record", "2430", "--wait", "x"], "cannot be used with"),
        (&["record", "2430", "--for", "0"], "write how long: 90s, 30m, 8h, 1h30m"),
        (&["record", "2430", "--max-size", "0"], "0 is not in 1.."),
        (&["record", "2430", "--force"], "--output <FILE>"),
        (&["record", "2430", "-o", "/no/such/night.tape"], "no such directory: /no/such"),
        (&["report", "--at", "1m"], "--at, --from and --to need a recording"),
        (&["report", "2430", "--json", "--format", "text"], "cannot be used with"),
        (&["report", "2430", "--fail-on", "healthy"], "[possible values: notice, oversubscribed, severe]"),
        (&["report", "2430", "--fail-on", "notice", "--for", "9s"], "--fail-on needs a verdict, which takes 10 s"),
        (&["report", "2430", "--for", "0"], "must be between 0.1 s and 86400 s"),
        (&["2430", "--families", "/nonexistent/families.toml"], "--families /nonexistent/families.toml: No such file"),
        (&["demo", "--families", "/nonexistent/families.toml"], "--families /nonexistent/families.toml: No such file"),
    ];
    for (arguments, words) in wrong {
        let (code, stdout, stderr) = ended(&mut tftop(arguments));
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{arguments:?}: {stderr}");
        assert!(stderr.contains(words), "{arguments:?}: {stderr}");
    }
}

#[test]
fn a_target_that_is_not_there_ends_with_3() {
    let subcommands = ["attach", "record", "report", "explain", "doctor"].map(|subcommand| [subcommand, NOBODYS_PID]);
    for arguments in subcommands.iter().map(|arguments| &arguments[..]).chain([&[NOBODYS_PID][..]]) {
        let (code, stdout, stderr) = ended(&mut tftop(arguments));
        assert_eq!((code, stdout.as_str()), (Some(3), ""), "{arguments:?}: {stderr}");
        assert!(stderr.starts_with(&format!("tftop: no process {NOBODYS_PID} here")), "{stderr}");
    }
    // It stands in no command line but tftop's own, not even in one of these tests beside this.
    let name = format!("a-name-that-nobody-has-{}", std::process::id());
    for subcommand in ["attach", "report", "explain"] {
        let (code, _, stderr) = ended(&mut tftop(&[subcommand, &name]));
        assert_eq!(code, Some(3), "{stderr}");
        assert!(stderr.contains("no process matches") && stderr.contains("`tftop ps` lists"), "{stderr}");
    }
}

/// As some ways to change the user leave HOME.
#[test]
fn settings_that_another_user_keeps_closed_are_not_read_and_that_is_said() {
    let home = tempfile::tempdir().unwrap();
    let closed = home.path().join("tftop");
    fs::create_dir(&closed).unwrap();
    fs::write(closed.join("config.toml"), "nonsense").unwrap();
    let mut command = tftop(&["ps"]);
    if rustix::process::geteuid().is_root() {
        // A build folder may lie in a home that is closed to others.
        let copy = home.path().join("binary");
        fs::copy(env!("CARGO_BIN_EXE_tftop"), &copy).unwrap();
        [home.path(), &copy].iter().for_each(|path| fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap());
        fs::set_permissions(&closed, Permissions::from_mode(0o700)).unwrap();
        command = Command::new(copy);
        command.arg("ps").uid(65534).gid(65534);
    } else {
        fs::set_permissions(&closed, Permissions::from_mode(0o000)).unwrap();
    }
    let (code, _, stderr) = ended(command.env("XDG_CONFIG_HOME", home.path()));
    fs::set_permissions(&closed, Permissions::from_mode(0o700)).unwrap();
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.contains("no settings are read") && stderr.contains("config.toml"), "{stderr}");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    for arguments in [&["--help"][..], &["doctor"], &["ps", "--json"]] {
        let mut child = tftop(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert!(child.wait().unwrap().success(), "{arguments:?}: {stderr}");
        assert!(!stderr.contains("panicked") && !stderr.contains("Broken pipe"), "{arguments:?}: {stderr}");
    }
}

#[test]
fn a_process_without_tensorflow_has_a_report_too() {
    let sleeper = Sleeper::start();
    let arguments = ["report", &sleeper.pid(), "--for", "0.3s", "--interval", "0.1s", "--json"];
    let (code, stdout, stderr) = ended(&mut tftop(&arguments));
    assert_eq!(code, Some(0), "{stderr}");
    let report: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(report["schema"], "tftop.report/1");
    assert_eq!(report["target"]["pid"].to_string(), sleeper.pid());
    assert_eq!(report["target"]["tensorflow"], Value::Null);
    assert_eq!(report["threads"].as_array().unwrap().len(), 1);
    assert!(report["window_s"].as_f64().unwrap() > 0.2, "{stdout}");
    let (code, stdout, _) = ended(&mut tftop(&arguments[..6]));
    assert_eq!(code, Some(0));
    assert!(stdout.starts_with("TOO SOON  ") && stdout.contains("--for 12s` gives a verdict"), "{stdout}");
    assert!(stdout.contains("  sleep 1000\n") && stdout.contains("no TensorFlow"), "{stdout}");
    let (code, stdout, stderr) = ended(tftop(&arguments[..6]).args(["--format", "markdown"]));
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert!(stdout.starts_with("### tftop: TOO SOON\n"), "{stdout}");
}

#[test]
fn an_explanation_answers_every_cause() {
    let sleeper = Sleeper::start();
    let arguments = ["explain", &sleeper.pid(), "--for", "0.3s", "--interval", "0.1s", "--json"];
    let (code, stdout, stderr) = ended(&mut tftop(&arguments));
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    let explanation: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(explanation["schema"], "tftop.explain/1");
    assert!(explanation["judgements"].as_array().unwrap().len() > 10, "{stdout}");
    let (code, stdout, _) = ended(&mut tftop(&arguments[..6]));
    assert_eq!(code, Some(0));
    assert!(stdout.contains("\nTOO SOON (each still needs)\n") && stdout.contains("\nRULED OUT\n"), "{stdout}");
}

/// Threads that never rest, four for each CPU.
const BUSY: &str = "for i in $(seq $((4 * $(nproc)))); do (while :; do :; done) & done; wait";

#[test]
fn a_policy_fails_on_what_is_too_much_and_holds_for_what_is_not() {
    let sleeper = Sleeper::start();
    let report = |pid: &str, level| ended(&mut tftop(&["report", pid, "--fail-on", level, "--for", "10s", "--json"]));
    let (code, stdout, stderr) = report(&sleeper.pid(), "oversubscribed");
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    let verdict: Value = serde_json::from_str(&stdout).unwrap();
    assert_ne!(verdict["verdict"]["level"], Value::Null, "{stdout}");

    let busy = Family::start(BUSY);
    let (code, stdout, stderr) = report(&busy.pid(), "oversubscribed");
    assert_eq!(code, Some(8), "{stderr}{stdout}");
    assert!(stderr.starts_with("tftop: --fail-on oversubscribed: the verdict is "), "{stderr}");
    assert!(stdout.contains("tftop.report/1"), "the report is printed all the same");
}

#[test]
fn without_a_terminal_a_pid_alone_is_a_plain_report() {
    let sleeper = Sleeper::start();
    let (pid, arguments) = (sleeper.pid(), ["--interval", "0.1s"]);
    let (code, stdout, stderr) = terminated(&sleeper, tftop(&[&pid]).args(arguments));
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.contains("CPUs usable: ") && !stdout.contains('\x1b'), "{stdout:?}");
}

#[test]
fn an_interrupted_report_prints_what_was_seen() {
    let sleeper = Sleeper::start();
    let arguments = ["report", &sleeper.pid(), "--for", "1000s", "--interval", "0.1s", "--json"];
    let (code, stdout, stderr) = terminated(&sleeper, &mut tftop(&arguments));
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    let report: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(report["target"]["pid"].to_string(), sleeper.pid());
}

#[test]
fn a_policy_that_could_not_be_judged_does_not_pass() {
    let sleeper = Sleeper::start();
    let arguments = ["report", &sleeper.pid(), "--fail-on", "severe", "--interval", "0.1s"];
    let (code, stdout, stderr) = terminated(&sleeper, &mut tftop(&arguments));
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stdout.starts_with("TOO SOON  "), "{stdout}");
    assert!(stderr.starts_with("tftop: --fail-on severe can't be judged: stopped after "), "{stderr}");
}

/// Exit code, stdout and stderr of a watch that SIGTERM ends as soon as it has begun.
fn terminated(target: &Sleeper, command: &mut Command) -> (Option<i32>, String, String) {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let folder = format!("/proc/{}/", target.pid());
    wait_until(|| has_open(child.id(), &folder) && catches(child.id(), 15));
    signal(child.id(), "TERM");
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn the_listing_is_json_even_when_it_is_empty() {
    let (code, stdout, stderr) = ended(&mut tftop(&["ps", "--json", "--interval", "0.1s"]));
    assert_eq!(code, Some(0), "{stderr}");
    let listing: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(listing["schema"], "tftop.ps/1");
    assert!(listing["processes"].is_array());
}

#[test]
fn doctor_speaks_in_words() {
    let sleeper = Sleeper::start();
    let (code, stdout, stderr) = ended(&mut tftop(&["doctor", &sleeper.pid()]));
    assert!(code == Some(0) || code == Some(4), "{stderr}");
    assert!(stdout.contains(&format!("What tftop can read of process {}", sleeper.pid())), "{stdout}");
    assert!(stdout.contains("memory") && stdout.contains("schedstat"), "{stdout}");
}

fn signal(pid: u32, name: &str) {
    assert!(Command::new("kill").args(["-s", name, &pid.to_string()]).status().unwrap().success());
}

fn has_open(pid: u32, folder: &str) -> bool {
    let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    descriptors
        .filter_map(|descriptor| fs::read_link(descriptor.path()).ok())
        .any(|link| link.to_string_lossy().starts_with(folder))
}

/// Whether the process has a handler for the signal (`SigCgt` of proc_pid_status(5)).
fn catches(pid: u32, signal: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    caught
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & (1 << (signal - 1)) != 0)
}

fn wait_until(what: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !what() {
        assert!(Instant::now() < deadline, "waited for 30 s");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn what_the_readme_calls_exists() {
    let readme = include_str!("../README.md");
    let words = readme.split("tftop ").skip(1).filter_map(|rest| rest.split([' ', '`', '\n']).next());
    let known = ["attach", "ps", "report", "explain", "doctor", "demo", "run", "rerun", "runs", "compare"];
    let called: Vec<&str> = words.filter(|word| known.contains(word)).collect();
    for name in known.iter().filter(|name| **name != "demo") {
        assert!(called.contains(name), "the README never shows `tftop {name}`");
    }
    let (_, help, _) = ended(&mut tftop(&["--help"]));
    for name in known {
        assert!(help.contains(&format!("\n  {name} ")), "{name} is no subcommand\n{help}");
    }
    for option in ["--fail-on", "--format", "--json"] {
        assert!(readme.contains(option) && ended(&mut tftop(&["report", "--help"])).1.contains(option), "{option}");
    }
    let ci = include_str!("../.ci/run").trim_end().lines().last().unwrap();
    assert!(readme.contains(&format!("```sh\n{ci}\n```")), "CI ends with {ci:?}, the README says otherwise");
}

#[test]
fn what_stops_or_starts_is_refused_where_only_reading_is_allowed() {
    let sleeper = Sleeper::start();
    for arguments in [
        &["stack", &sleeper.pid(), "--stop", "--read-only"][..],
        &["--read-only", "run", "--", "true"][..],
        &["--read-only", "demo"][..],
    ] {
        let (code, stdout, stderr) = ended(&mut tftop(arguments));
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(stderr.contains("--read-only"), "{stderr}");
    }
    let (code, stdout, _) = ended(&mut tftop(&["--read-only", "stack", &sleeper.pid()]));
    assert_eq!(code, Some(0));
    assert!(stdout.contains("No thread was stopped."), "{stdout}");
}

#[test]
fn a_stack_is_printed_for_the_threads_asked_for_and_no_others() {
    let sleeper = Sleeper::start();
    let (code, stdout, _) = ended(&mut tftop(&["stack", &sleeper.pid(), "--tid", &sleeper.pid(), "--json"]));
    let stacks: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((code, &stacks["schema"]), (Some(0), &Value::from("tftop.stack/1")));
    assert_eq!(stacks["stacks"].as_array().unwrap().len(), 1);
    for (arguments, says) in [
        (&["--tid", NOBODYS_PID][..], "has no thread 4194999"),
        (&["--group", "tf-data"][..], "no thread of \"tf-data\"; its groups are main"),
    ] {
        let (code, stdout, stderr) = ended(tftop(&["stack", &sleeper.pid()]).args(arguments));
        assert_eq!((code, stdout.as_str()), (Some(3), ""));
        assert!(stderr.contains(says), "{stderr}");
    }
    let (code, _, stderr) = ended(&mut tftop(&["stack", NOBODYS_PID]));
    assert_eq!(code, Some(3), "{stderr}");
}
