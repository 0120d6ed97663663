//! What could limit a process's threads, read from real processes that set it in every way there is.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/deadline.rs"]
mod deadline;
#[path = "support/python.rs"]
mod python;
#[path = "support/target.rs"]
mod target;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use deadline::{LONG, wait_for};
use target::{Target, script_command};
use tftop::data::Pid;
use tftop::data::sample::{
    Environment, Interest, ProcessFact, ScriptKnob, TfConfigFact, TfContextState, ThreadSettings,
};
use tftop::probe::live::{Live, LiveOptions};

/// The TensorFlow of these tests; its requirements name NumPy, SciPy and threadpoolctl too.
const TENSORFLOW: &str = "2.21.0";

/// A running `settings.py` and the eyes on it.
struct Watched {
    live: Live,
    target: Target,
    folder: tempfile::TempDir,
}

impl Watched {
    fn start(python: &Path, way: &str, variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = script_command(python, "settings.py", &[way, flag(folder.path()).to_str().unwrap()]);
        command.envs(variables.iter().copied());
        // The other program of the way "exec": it must be older than the process.
        fs::write(flag(folder.path()).with_extension("py"), "import sys\nsys.stdin.read()\n").unwrap();
        Self::of(command, folder)
    }

    fn of(command: Command, folder: tempfile::TempDir) -> Self {
        let target = Target::start_command(command);
        let live = Live::attach(Pid(target.pid()), LiveOptions::default()).unwrap();
        Self { live, target, folder }
    }

    /// Lets the second half of the way happen.
    fn go_on(&self) {
        fs::write(flag(self.folder.path()), "").unwrap();
    }

    fn fact(&mut self) -> Arc<ProcessFact> {
        let sample = self.live.next(&Interest::default(), Duration::ZERO);
        Arc::clone(&sample.processes[0].fact)
    }

    fn until(&mut self, what: &str, holds: impl Fn(&ThreadSettings) -> bool) -> Arc<ProcessFact> {
        wait_for(what, LONG, || Some(self.fact()).filter(|fact| holds(&fact.settings)))
    }
}

fn flag(folder: &Path) -> PathBuf {
    folder.join("flag")
}

fn config(state: TfContextState, intra: Option<i64>, inter: Option<i64>) -> Option<TfConfigFact> {
    Some(TfConfigFact { intra, inter, ..TfConfigFact::without_context(state) })
}

fn value<'a>(environment: &'a Option<Environment>, name: &str) -> Option<&'a str> {
    environment.as_ref().expect("an environment").get(name)
}

/// The line of `settings.py` that holds this text, counted from 1.
fn line(text: &str) -> u32 {
    let source = include_str!("targets/settings.py");
    source.lines().position(|line| line.contains(text)).unwrap() as u32 + 1
}

#[test]
fn what_tf_config_was_told_is_read_before_and_after_tensorflow_starts() {
    let Some(python) = python::tensorflow(TENSORFLOW) else { return };
    let mut watched = Watched::start(&python, "set", &[]);
    let fact = watched.fact();
    assert_eq!(fact.settings.tf_config, config(TfContextState::NotStarted, Some(3), Some(4)), "{:?}", fact.gaps);
    assert_eq!(fact.gaps, []);
    watched.go_on();
    let started = config(TfContextState::Started, Some(3), Some(4));
    watched.until("a started context", |settings| settings.tf_config == started);
}

#[test]
fn an_imported_tensorflow_without_settings_has_none() {
    let Some(python) = python::tensorflow(TENSORFLOW) else { return };
    let fact = Watched::start(&python, "import", &[]).fact();
    assert_eq!(fact.settings.tf_config, config(TfContextState::NotMade, None, None), "{:?}", fact.gaps);
}

#[test]
fn variables_that_the_program_set_or_removed_before_the_import_differ_from_those_at_its_start() {
    let Some(python) = python::tensorflow(TENSORFLOW) else { return };
    let variables = [("TF_NUM_INTEROP_THREADS", "2"), ("A_TOKEN", "hush"), ("MKL_NUM_THREADS", "1")];
    let fact = Watched::start(&python, "environ-before", &variables).fact();
    let (start, live) = (&fact.environment, &fact.settings.live_environment);
    let both = |name| (value(start, name), value(live, name));
    assert_eq!(both("TF_NUM_INTRAOP_THREADS"), (None, Some("5")));
    assert_eq!(both("TF_NUM_INTEROP_THREADS"), (Some("2"), None));
    assert_eq!(both("MKL_NUM_THREADS"), (Some("1"), Some("1")));
    assert!(!format!("{fact:?}").contains("hush"));
    assert_eq!(fact.settings.tf_config, config(TfContextState::Started, None, None), "getters see no variable");
}

#[test]
fn a_variable_that_changes_while_nothing_else_does_is_seen() {
    let Some(python) = python::tensorflow(TENSORFLOW) else { return };
    let mut watched = Watched::start(&python, "environ-after", &[("OMP_NUM_THREADS", "1")]);
    let fact = watched.fact();
    assert_eq!(value(&fact.environment, "OMP_NUM_THREADS"), Some("1"));
    assert_eq!(value(&fact.settings.live_environment, "OMP_NUM_THREADS"), Some("6"));
    watched.go_on();
    watched.until("the new value", |settings| value(&settings.live_environment, "OMP_NUM_THREADS") == Some("7"));
}

#[test]
fn each_openblas_tells_what_threadpoolctl_says_and_what_it_set() {
    let Some(python) = python::tensorflow(TENSORFLOW) else { return };
    let mut watched = Watched::start(&python, "openblas", &[("OPENBLAS_NUM_THREADS", "1")]);
    let numbers = |settings: &ThreadSettings| -> BTreeMap<String, i64> {
        settings.library_pools.iter().map(|pool| (pool.library.to_string(), pool.value)).collect()
    };
    let said: BTreeMap<String, i64> = serde_json::from_value(watched.target.facts()["pools"].clone()).unwrap();
    assert_eq!(said.len(), 2, "one of NumPy, one of SciPy: {said:?}");
    assert_eq!(numbers(&watched.fact().settings), said);
    watched.go_on();
    watched.until("three threads in both", |settings| numbers(settings).values().eq(&[3, 3]));
}

#[test]
fn a_library_that_is_loaded_late_and_starts_no_thread_is_seen() {
    let Some(python) = python::tensorflow(TENSORFLOW) else { return };
    let mut watched = Watched::start(&python, "openblas-late", &[("OPENBLAS_NUM_THREADS", "1")]);
    assert_eq!(watched.fact().settings.library_pools, []);
    watched.go_on();
    let fact = watched.until("NumPy's OpenBLAS", |settings| settings.library_pools.len() == 1);
    let pool = &fact.settings.library_pools[0];
    assert_eq!((pool.symbol.as_str(), pool.value), ("blas_cpu_number", 1));
    assert!(fact.libraries.iter().any(|library| library.path == pool.library));
}

#[test]
fn the_settings_in_the_main_script_are_found_with_their_lines_by_a_relative_path() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(python::plain());
    command.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/targets")).args(["../targets/settings.py", "none"]);
    let fact = Watched::of(command, folder).fact();
    let script = fact.settings.script.as_ref().unwrap_or_else(|| panic!("no script: {:?}", fact.gaps));
    assert!(script.path.ends_with("targets/settings.py"), "{}", script.path);
    let at =
        |knob: ScriptKnob| script.settings.iter().find(|wish| wish.knob == knob).map(|wish| (wish.line, wish.value));
    assert_eq!(at(ScriptKnob::Intra), Some((line("set_intra_op"), 3)));
    assert_eq!(at(ScriptKnob::Inter), Some((line("set_inter_op"), 4)));
    assert_eq!(at(ScriptKnob::Variable("OMP_NUM_THREADS".into())), Some((line("\"OMP_NUM_THREADS\"] = \"6\""), 6)));
    assert_eq!(fact.settings.tf_config, None, "no TensorFlow in it");
    assert_eq!(fact.gaps, [], "and nothing is missing");
}

#[test]
fn another_program_has_other_settings() {
    let mut watched = Watched::start(&python::plain(), "exec", &[]);
    let script =
        |settings: &ThreadSettings, name: &str| settings.script.as_ref().is_some_and(|s| s.path.ends_with(name));
    let fact = watched.fact();
    assert!(script(&fact.settings, "settings.py"), "{:?}", fact.gaps);
    assert_eq!(value(&fact.environment, "OMP_NUM_THREADS"), None);
    watched.go_on();
    let fact = watched.until("the other script", |settings| script(settings, "flag.py"));
    assert_eq!(value(&fact.environment, "OMP_NUM_THREADS"), Some("8"), "given to it at exec");
    assert!(fact.settings.script.as_ref().unwrap().settings.is_empty());
}

#[test]
fn the_limit_of_the_users_threads_is_the_soft_one() {
    let fact = Watched::start(&python::plain(), "limited", &[]).fact();
    assert_eq!((fact.settings.user_threads_max, fact.uid != 0), (Some(512), true));
}

#[test]
fn a_cgroup_that_limits_threads_tells_how_many_there_are() {
    let Some(cgroup) = PidsCgroup::make() else {
        return eprintln!("skipped: no cgroup that limits threads can be made here (needs root and a pids controller)");
    };
    let folder = tempfile::tempdir().unwrap();
    let target = Target::start(&python::plain(), "threads.py", &["3"]);
    fs::write(cgroup.0.join("cgroup.procs"), target.pid().to_string()).unwrap();
    let live = Live::attach(Pid(target.pid()), LiveOptions::default()).unwrap();
    let mut watched = Watched { live, target, folder };
    let pids = watched.fact().settings.pids.clone().expect("a limit");
    assert_eq!((pids.current, pids.max), (4, 40));
    assert!(cgroup.0.ends_with(pids.path.trim_start_matches('/')), "{pids:?}");
    drop(watched);
}

/// A cgroup of our own for 40 threads, removed when dropped; its processes must be gone by then.
struct PidsCgroup(PathBuf);

impl PidsCgroup {
    fn make() -> Option<Self> {
        for parent in ["/sys/fs/cgroup/pids", "/sys/fs/cgroup"] {
            let cgroup = Self(Path::new(parent).join(format!("tftop-test-{}", std::process::id())));
            let made = fs::create_dir(&cgroup.0).is_ok();
            if made && cgroup.0.join("pids.max").exists() && fs::write(cgroup.0.join("pids.max"), "40").is_ok() {
                return Some(cgroup);
            }
        }
        None
    }
}

impl Drop for PidsCgroup {
    fn drop(&mut self) {
        if self.0.exists() {
            wait_for("the cgroup can be removed", LONG, || fs::remove_dir(&self.0).ok());
        }
    }
}
