//! `tftop demo` as a person or a script meets it: what it asks, what it installs, how it fails, that it leaves nothing running.
//! Its Python is a script of the tests: nothing is downloaded.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/command.rs"]
#[allow(dead_code)] // other tests ask for more
mod command;
#[path = "support/deadline.rs"]
mod deadline;
#[path = "support/terminal.rs"]
mod terminal;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::command::{ended, tftop};
use crate::deadline::{LONG, wait_for};
use crate::terminal::Terminal;

const HAS_TENSORFLOW: (&str, &str) = ("STAND_IN_TENSORFLOW", "/site-packages/tensorflow/__init__.py");

/// A demo with a Python of the test's own, and folders of its own.
struct Demo {
    home: tempfile::TempDir,
}

impl Demo {
    fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap() }
    }

    fn python() -> String {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/stand-in-python").display().to_string()
    }

    fn command(&self, environment: &[(&str, &str)]) -> Command {
        let mut command = tftop(&["demo", "--interval", "0.1s", "--python", &Self::python()]);
        command.env("XDG_CACHE_HOME", self.cache()).env("XDG_STATE_HOME", self.home.path().join("state"));
        command.envs(environment.iter().copied());
        command
    }

    fn in_terminal(&self, environment: &[(&str, &str)]) -> Terminal {
        let (cache, state) = (self.cache(), self.home.path().join("state"));
        let home = [("XDG_CACHE_HOME", cache.to_str().unwrap()), ("XDG_STATE_HOME", state.to_str().unwrap())];
        let environment: Vec<(&str, &str)> = home.iter().chain(environment).copied().collect();
        let program = Path::new(env!("CARGO_BIN_EXE_tftop"));
        Terminal::start(24, 100, program, &["demo", "--python", &Self::python()], &environment)
    }

    fn cache(&self) -> PathBuf {
        self.home.path().join("cache")
    }

    fn venv(&self) -> PathBuf {
        self.cache().join("tftop/demo-venv")
    }

    /// What pip was asked for in the venv, where it succeeded.
    fn installed(&self) -> Option<String> {
        fs::read_to_string(self.venv().join("bin/installed")).ok()
    }
}

#[test]
fn without_a_terminal_it_reports_and_leaves_nothing_running() {
    let demo = Demo::new();
    let (code, stdout, stderr) = ended(demo.command(&[HAS_TENSORFLOW]).args(["--for", "0.3s"]));
    assert_eq!(code, Some(0), "{stderr}");
    assert_eq!(stderr, "tftop: starting a training run; the report follows 0.3 s after its first step\n");
    let pid = stdout.lines().find_map(|line| line.strip_prefix("pid ")).unwrap().split(' ').next().unwrap();
    assert!(!Path::new("/proc").join(pid).exists(), "the training run outlives the demo");
    assert!(!demo.venv().exists());
    let left: Vec<_> = fs::read_dir(demo.cache().join("tftop")).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(left, ["demo-train.py"]);
    let runs = fs::read_dir(demo.home.path().join("state/tftop/runs")).unwrap().count();
    assert_eq!(runs, 1, "it is kept as every run is");
}

#[test]
fn killed_it_takes_its_training_run_with_it() {
    let demo = Demo::new();
    let mut command = demo.command(&[HAS_TENSORFLOW]);
    let mut child = command.args(["--for", "1000s"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let tasks = format!("/proc/{0}/task/{0}/children", child.id());
    let training = wait_for("the training run", LONG, || {
        let children = fs::read_to_string(&tasks).ok()?;
        let runs = |pid: &&str| fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.starts_with(b"sleep"));
        children.split_whitespace().find(runs).map(str::to_owned)
    });
    child.kill().unwrap();
    child.wait().unwrap();
    wait_for("the training run's end", LONG, || {
        let stat = fs::read_to_string(format!("/proc/{training}/stat")).unwrap_or_default();
        stat.rsplit(')').next().is_none_or(|rest| rest.is_empty() || rest.trim_start().starts_with('Z')).then_some(())
    });
}

#[test]
fn on_a_terminal_it_is_a_run_and_ends_with_the_dashboard() {
    let demo = Demo::new();
    let mut terminal = demo.in_terminal(&[HAS_TENSORFLOW]);
    terminal.wait_until("the dashboard", |screen| screen.contents().contains("main thread"));
    terminal.press("o");
    terminal.wait_for_text("training has begun");
    terminal.press("r");
    terminal.wait_for_text("y restarts it");
    terminal.press("\x1bq");
    assert_eq!(terminal.wait_for_end().code(), Some(0), "{}", terminal.text());
    terminal.assert_restored();
    let text = terminal.text();
    assert!(text.contains("ending the command") && text.contains("signal 15"), "{text}");
}

#[test]
fn it_asks_before_it_downloads() {
    let demo = Demo::new();
    let mut terminal = demo.in_terminal(&[("STAND_IN_SCRIPT", "7")]);
    terminal.wait_for_text("[y/N]");
    assert!(terminal.text().contains("Downloads about 335 MB"), "{}", terminal.text());
    terminal.press("\r");
    assert_eq!(terminal.wait_for_end().code(), Some(0));
    assert!(terminal.text().contains("nothing was installed"), "{}", terminal.text());
    assert!(!demo.venv().exists());

    let mut terminal = demo.in_terminal(&[]);
    terminal.wait_for_text("[y/N]");
    terminal.press("y\r");
    terminal.wait_until("the dashboard", |screen| screen.contents().contains("main thread"));
    terminal.press("q");
    assert_eq!(terminal.wait_for_end().code(), Some(0), "{}", terminal.text());
    assert!(demo.installed().is_some());
    assert!(!terminal.text().contains("Collecting"), "{}", terminal.text());

    let mut terminal = demo.in_terminal(&[]);
    terminal.wait_until("the dashboard, and no question", |screen| screen.contents().contains("main thread"));
}

#[test]
fn a_training_run_that_fails_shows_the_end_of_its_output() {
    let demo = Demo::new();
    let (code, stdout, stderr) = ended(&mut demo.command(&[HAS_TENSORFLOW, ("STAND_IN_SCRIPT", "7")]));
    assert_eq!((code, stdout.as_str()), (Some(1), ""), "{stderr}");
    assert!(stderr.contains("tftop: the command ended with exit code 7. The end of its output, "), "{stderr}");
    assert!(stderr.ends_with(":\n  | Traceback\n  | ^[[31mno luck\n"), "{stderr}");
}

#[test]
fn where_it_can_not_ask_it_says_what_to_do() {
    let demo = Demo::new();
    let (code, stdout, stderr) = ended(&mut demo.command(&[]));
    assert_eq!((code, stdout.as_str()), (Some(2), ""), "{stderr}");
    for words in ["can't import TensorFlow", "--yes installs tensorflow", "335 MB", "--python PATH"] {
        assert!(stderr.contains(words), "{stderr}");
    }
    assert!(!demo.venv().exists());
}

#[test]
fn an_installation_that_fails_shows_pips_last_lines_and_one_that_was_interrupted_begins_anew() {
    let demo = Demo::new();
    let (code, stdout, stderr) = ended(demo.command(&[("STAND_IN_PIP", "1")]).arg("--yes"));
    assert_eq!((code, stdout.as_str()), (Some(1), ""), "{stderr}");
    assert!(stderr.contains("  | Collecting package-9\n  | ^[[31mERROR: no network\n"), "{stderr}");
    assert!(!stderr.contains("Collecting package-1\n"), "{stderr}");
    assert!(stderr.contains("--python PATH"), "{stderr}");

    fs::write(demo.venv().join("half-a-package"), "").unwrap();
    let stops_at_training = [("STAND_IN_SCRIPT", "7")];
    let (_, _, stderr) = ended(demo.command(&stops_at_training).arg("--yes"));
    assert!(stderr.contains("ended with exit code 7") && !stderr.contains("Collecting"), "{stderr}");
    assert!(stderr.contains(&format!("into {}", demo.venv().display())), "{stderr}");
    assert!(demo.installed().is_some_and(|package| package.starts_with("tensorflow")));
    let left: Vec<_> = fs::read_dir(demo.venv()).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name == "half-a-package" || name == "downloads"), "{left:?}");

    let (_, _, stderr) = ended(&mut demo.command(&stops_at_training));
    assert!(stderr.contains("ended with exit code 7") && !stderr.contains("installing"), "{stderr}");
}

#[test]
fn each_obstacle_to_an_installation_has_its_own_words() {
    let demo = Demo::new();
    let obstacles = [
        ("STAND_IN_VERSION", "3 14", "is Python 3.14, but tensorflow"),
        ("STAND_IN_VERSION", "2 7", "is Python 2.7, but tensorflow"),
        ("STAND_IN_VERSION", "what?", "does not answer like Python 3"),
        ("STAND_IN_VENV", "ensurepip is not available", "apt install python3-venv"),
    ];
    for (variable, value, words) in obstacles {
        let (code, _, stderr) = ended(demo.command(&[(variable, value)]).arg("--yes"));
        assert_eq!(code, Some(1), "{stderr}");
        assert!(stderr.contains(words) && stderr.contains("--python PATH"), "{stderr}");
        assert!(demo.installed().is_none());
    }
    let mut none = tftop(&["demo", "--python", "/nonexistent/python"]);
    let (code, _, stderr) = ended(none.env("XDG_CACHE_HOME", demo.cache()));
    assert_eq!(code, Some(1));
    assert!(stderr.contains("/nonexistent/python can't be started"), "{stderr}");
}
