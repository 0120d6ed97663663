//! `tftop rerun` on processes of our own: what is shown, what the new run has, how the old one is stopped, what is refused.
//! A secret of the environment reaches the new run and nothing else.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/deadline.rs"]
mod deadline;
#[path = "support/dispositions.rs"]
mod dispositions;
#[path = "support/terminal.rs"]
mod terminal;

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use deadline::{LONG, wait_for};
use tempfile::TempDir;
use terminal::Terminal;

const TFTOP: &str = env!("CARGO_BIN_EXE_tftop");
const SECRET: &str = "hush-4711-hush";

/// Writes what it was started with to `seen.PID`, then leaves its folder and stays; the second one ends by itself.
const SCRIPT: &str = "import json, os, signal, sys, time
again = os.path.exists('first')
open('first', 'w').close()
umask = os.umask(0o022)
os.umask(umask)
seen = dict(prefix=sys.prefix, folder=os.getcwd(), argv=sys.argv, secret=os.environ.get('TOKEN'), umask=umask,
    intra=os.environ.get('TF_NUM_INTRAOP_THREADS'), gone=os.environ.get('NOT_OF_TFTOP'), nice=os.nice(0))
with open('seen.part', 'w') as file:
    json.dump(seen, file)
os.rename('seen.part', 'seen.second' if again else 'seen.first')
if again:
    sys.exit(7)
if 'deaf' in sys.argv:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.chdir('/')
home = os.environ['HOME_OF_TEST']
open(home + '/ready', 'w').close()
try:
    time.sleep(1000)
except KeyboardInterrupt:
    open(home + '/saved', 'w').close()
";

/// A process that can be rerun, and its folder.
struct Old {
    child: Child,
    home: TempDir,
}

impl Old {
    fn start(words: &[&str]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), words)
    }

    fn start_in(home: TempDir, words: &[&str]) -> Self {
        dispositions::like_a_terminals();
        fs::write(home.path().join("train.py"), SCRIPT).unwrap();
        // A shell, as a person would have it: it sets PWD and the umask.
        let line = format!("umask 027; exec nice -n 3 {}", words.join(" "));
        let mut command = Command::new("bash");
        command.args(["-c", &line]).current_dir(home.path()).process_group(0).stdin(Stdio::null());
        command.env("TOKEN", SECRET).env("HOME_OF_TEST", home.path()).env_remove("TF_NUM_INTRAOP_THREADS");
        let child = command.stdout(Stdio::null()).spawn().unwrap();
        let old = Self { child, home };
        wait_for("the old run", LONG, || old.path("ready").exists().then_some(()));
        old
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn pid(&self) -> String {
        self.child.id().to_string()
    }

    fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    fn seen(&self, which: &str) -> serde_json::Value {
        serde_json::from_slice(&fs::read(self.path(which)).unwrap()).unwrap()
    }
}

impl Drop for Old {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What tftop said and left.
struct Said {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

fn rerun(pid: &str, arguments: &[&str]) -> Said {
    let state = tempfile::tempdir().unwrap();
    let mut command = Command::new(TFTOP);
    command.args(["rerun", pid]).args(arguments).process_group(0).stdin(Stdio::null());
    command.env("XDG_STATE_HOME", state.path()).env("NOT_OF_TFTOP", "of tftop").current_dir(state.path());
    let output = command.output().unwrap();
    assert_no_secret_below(state.path());
    let said = Said {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    };
    assert!(!said.stdout.contains(SECRET) && !said.stderr.contains(SECRET), "{}{}", said.stdout, said.stderr);
    said
}

fn assert_no_secret_below(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => assert_no_secret_below(&path),
            false => {
                let bytes = fs::read(&path).unwrap_or_default();
                assert!(!String::from_utf8_lossy(&bytes).contains(SECRET), "{}", path.display());
            }
        }
    }
}

/// What python3 calls itself: it may have been started by a wrapper.
fn python_of(pid: &str) -> String {
    let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap();
    line.split('\0').next().unwrap().to_owned()
}

#[test]
fn a_dry_run_shows_everything_and_touches_nothing() {
    let mut old = Old::start(&["python3", "train.py", "--lr", "'a b'"]);
    let said = rerun(&old.pid(), &["--intra", "1", "--env", "TOKEN=other", "--dry-run"]);
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{}", said.stdout);
    let home = fs::canonicalize(old.home.path()).unwrap();
    for line in [
        format!("rerun of process {}", old.pid()),
        format!("  command  {} train.py --lr 'a b'", python_of(&old.pid())),
        format!("  folder   {} (PWD of its environment; the command does not fit /, where it is now)", home.display()),
        "  TF_NUM_INTRAOP_THREADS  not set -> 1".to_owned(),
        "  TOKEN                   set, value not shown -> set, value not shown".to_owned(),
        "  PYTHONPATH              not set -> with tftop's shim in front".to_owned(),
        "  stdout went to /dev/null; now tftop takes it".to_owned(),
    ] {
        assert!(said.stdout.lines().any(|shown| shown == line), "no {line:?} in\n{}", said.stdout);
    }
    // nice(1) adds to the niceness of whoever runs the tests.
    let nice = rustix::process::getpriority_process(None).unwrap() + 3;
    let kept = format!("the other variables, umask 0027, niceness {nice}");
    assert!(said.stdout.contains(&kept), "{}", said.stdout);
    assert!(old.runs() && !old.path("saved").exists());
}

#[test]
fn the_new_run_has_what_the_old_one_had_and_the_caps() {
    let home = tempfile::tempdir().unwrap();
    let made = Command::new("python3").args(["-m", "venv", "--without-pip", "venv"]).current_dir(home.path()).status();
    assert!(made.unwrap().success());
    let old = Old::start_in(home, &["venv/bin/python", "train.py", "x"]);
    let said = rerun(&old.pid(), &["--intra", "1", "--yes"]);
    assert_eq!(said.code, Some(7), "{}{}", said.stdout, said.stderr);
    assert!(old.path("saved").exists(), "the old run could clean up");
    assert!(said.stderr.contains(&format!("tftop: INT is sent to process {}", old.pid())), "{}", said.stderr);
    let (first, second) = (old.seen("seen.first"), old.seen("seen.second"));
    for name in ["prefix", "folder", "argv", "secret", "umask", "nice", "gone"] {
        assert_eq!(first[name], second[name], "{name}");
    }
    let venv = fs::metadata(old.path("venv")).unwrap().ino();
    assert_eq!(fs::metadata(second["prefix"].as_str().unwrap()).unwrap().ino(), venv, "it left the venv");
    assert_eq!((second["secret"].as_str(), second["umask"].as_u64()), (Some(SECRET), Some(0o27)));
    assert_eq!((first["intra"].as_str(), second["intra"].as_str(), second["gone"].as_str()), (None, Some("1"), None));
}

#[test]
fn without_a_yes_nothing_is_touched() {
    let mut old = Old::start(&["python3", "train.py"]);
    let said = rerun(&old.pid(), &["--intra", "1"]);
    assert_eq!(said.code, Some(2), "{}", said.stderr);
    assert!(said.stderr.contains("--yes gives it, --dry-run shows"), "{}", said.stderr);
    let read_only = rerun(&old.pid(), &["--read-only", "--yes"]);
    assert_eq!(read_only.code, Some(2), "{}", read_only.stderr);
    assert!(read_only.stderr.starts_with("tftop: --read-only: nothing is stopped"), "{}", read_only.stderr);
    assert_eq!(rerun(&old.pid(), &["--read-only", "--dry-run"]).code, Some(0));
    let refused = rerun(&old.pid(), &["--intra", "9999", "--yes"]);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    assert!(old.runs() && !old.path("saved").exists());
}

#[test]
fn who_ignores_int_and_term_goes_on_unless_kill_was_agreed_to() {
    let mut old = Old::start(&["python3", "train.py", "deaf"]);
    let said = rerun(&old.pid(), &["--patience", "500ms", "--yes"]);
    assert_eq!(said.code, Some(1), "{}", said.stderr);
    assert!(said.stderr.contains("keeps running; nothing was started; --kill ends it"), "{}", said.stderr);
    assert!(old.runs() && !old.path("seen.second").exists());
    let said = rerun(&old.pid(), &["--patience", "500ms", "--yes", "--kill"]);
    assert_eq!(said.code, Some(7), "{}", said.stderr);
    assert!(said.stderr.contains("KILL is sent") && old.path("seen.second").exists(), "{}", said.stderr);
    assert!(!old.runs());
}

#[test]
fn the_old_run_may_stay() {
    let mut old = Old::start(&["python3", "train.py"]);
    let said = rerun(&old.pid(), &["--keep-old", "--yes", "--no-shim"]);
    assert_eq!(said.code, Some(7), "{}", said.stderr);
    assert!(old.runs() && old.path("seen.second").exists() && !old.path("saved").exists());
}

#[test]
fn what_can_not_be_rebuilt_is_refused_with_the_reason() {
    let mut typed = Command::new("python3").arg("-").stdin(Stdio::piped()).spawn().unwrap();
    let pid = typed.id().to_string();
    // A wrapper may come first.
    wait_for("python", LONG, || {
        let exe = fs::read_link(format!("/proc/{pid}/exe")).ok()?;
        exe.file_name()?.to_str()?.starts_with("python").then_some(())
    });
    let said = rerun(&pid, &["--yes"]);
    assert_eq!(said.code, Some(1), "{}", said.stderr);
    assert!(said.stderr.starts_with("tftop: can't be rerun: its program came on stdin"), "{}", said.stderr);
    assert!(typed.try_wait().unwrap().is_none());
    typed.kill().unwrap();
    typed.wait().unwrap();
    let nobody = rerun("4194999", &["--yes"]);
    assert_eq!(nobody.code, Some(3), "{}", nobody.stderr);
    let own = rerun(&std::process::id().to_string(), &["--yes"]);
    assert!(own.stderr.contains("tftop runs below process"), "{}", own.stderr);
}

#[test]
fn on_a_terminal_it_asks_and_no_is_no() {
    let mut old = Old::start(&["python3", "train.py"]);
    let state = tempfile::tempdir().unwrap();
    let arguments = ["rerun", &old.pid(), "--intra", "1", "--no-ui"];
    let home = [("XDG_STATE_HOME", state.path().to_str().unwrap())];
    let mut terminal = Terminal::start(40, 120, Path::new(TFTOP), &arguments, &home);
    terminal.wait_for_text(&format!("Stop process {} and start it again?", old.pid()));
    terminal.press("\r");
    terminal.wait_for_text("nothing was changed");
    assert_eq!(terminal.wait_for_end().code(), Some(0));
    assert!(old.runs());
    let mut terminal = Terminal::start(40, 120, Path::new(TFTOP), &arguments, &home);
    terminal.wait_for_text("[y/N]");
    terminal.press("y\r");
    assert_eq!(terminal.wait_for_end().code(), Some(7));
    assert!(old.path("saved").exists() && !old.runs());
}

#[test]
fn from_the_dashboard_r_shows_y_does_and_the_new_run_has_the_screen() {
    let mut old = Old::start(&["python3", "train.py"]);
    let state = tempfile::tempdir().unwrap();
    let home = [("XDG_STATE_HOME", state.path().to_str().unwrap())];
    let mut terminal = Terminal::start(40, 120, Path::new(TFTOP), &[&old.pid()], &home);
    terminal.wait_for_text("main thread");
    terminal.press("r");
    terminal.wait_for_text("y restarts it");
    assert!(!terminal.text().contains(SECRET));
    terminal.press("\x1b");
    terminal.wait_for_no_text("y restarts it");
    assert!(old.runs());
    terminal.press("r");
    terminal.wait_for_text("y restarts it");
    terminal.press("y");
    wait_for("the new run", LONG, || {
        terminal.text();
        old.path("seen.second").exists().then_some(())
    });
    assert!(old.path("saved").exists() && !old.runs());
    terminal.wait_until("its dashboard", |screen| screen.alternate_screen() && screen.contents().contains("ended"));
    terminal.press("q");
    assert_eq!(terminal.wait_for_end().code(), Some(7), "{}", terminal.text());
    terminal.assert_restored();
    assert_no_secret_below(state.path());
    // It is put beside the one it replaced, of which only the CPUs are known: nothing is made up for the steps.
    let folders = fs::read_dir(state.path().join("tftop/runs")).unwrap();
    let summaries = folders.filter_map(|folder| fs::read(folder.unwrap().path().join("summary.json")).ok());
    let beside: Vec<serde_json::Value> = summaries
        .map(|text| serde_json::from_slice::<serde_json::Value>(&text).unwrap()["replaced"].clone())
        .filter(|replaced| !replaced.is_null())
        .collect();
    assert_eq!(beside.len(), 1, "{beside:?}");
    assert_eq!(
        (&beside[0]["change"]["verdict"], &beside[0]["before"]["steps_per_s"]),
        (&"too_soon".into(), &().into())
    );
}

#[test]
fn read_only_the_dashboard_says_why_there_is_no_rerun() {
    let mut old = Old::start(&["python3", "train.py"]);
    let mut terminal = Terminal::start(40, 120, Path::new(TFTOP), &["--read-only", &old.pid()], &[]);
    terminal.wait_for_text("main thread");
    terminal.press("r");
    terminal.wait_for_text("--read-only: nothing is stopped or started");
    terminal.press("yq");
    assert_eq!(terminal.wait_for_end().code(), Some(0));
    assert!(old.runs());
}
