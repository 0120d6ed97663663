//! Caps of `tftop run`: what the command gets, what its dry run says, who is outside them, and real TensorFlow within.

use std::process::Command;

use crate::{Launch, python};

/// Prints arguments, environment and CPUs; what a shell adds is left out.
const DESCRIBE: &str = "import json, os, sys
own = ('_', 'SHLVL', 'PWD', 'OLDPWD')
environment = {k: v for k, v in sorted(os.environ.items()) if k not in own}
print(json.dumps([sys.argv[1:], environment, sorted(os.sched_getaffinity(0))]))";

fn described(stdout: &[u8]) -> serde_json::Value {
    serde_json::from_slice(stdout).unwrap_or_else(|error| panic!("{error}: {:?}", String::from_utf8_lossy(stdout)))
}

#[test]
fn caps_arrive_as_variables_and_cpus() {
    let allowed = rustix::thread::sched_getaffinity(None).unwrap();
    let first = (0..rustix::thread::CpuSet::MAX_CPU).find(|&cpu| allowed.is_set(cpu)).unwrap();
    let arguments = ["--no-shim", "--cpus", "1", "--env", "GREETING=hello world", "--", "python3", "-c", DESCRIBE];
    let mut launch = Launch::new(&arguments);
    launch.command.env("TF_OVERRIDE_GLOBAL_THREADPOOL", "1").env("OMP_NUM_THREADS", "64").env("KEPT", "as it is");
    let ended = launch.end();
    let told = described(&ended.stdout);
    for variable in [
        "TF_NUM_INTRAOP_THREADS",
        "TF_NUM_INTEROP_THREADS",
        "OMP_NUM_THREADS",
        "OMP_THREAD_LIMIT",
        "MKL_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "BLIS_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "NUMEXPR_MAX_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NUMBA_NUM_THREADS",
    ] {
        assert_eq!(told[1][variable], "1", "{variable}");
    }
    assert_eq!((&told[1]["GREETING"], &told[1]["KEPT"]), (&"hello world".into(), &"as it is".into()));
    assert!(told[1].get("TF_OVERRIDE_GLOBAL_THREADPOOL").is_none() && told[1].get("TFTOP_SHIM").is_none());
    assert_eq!(told[2], serde_json::json!([first]));
}

#[test]
fn the_line_of_a_dry_run_does_the_same() {
    let words = ["a b", "it's", "$HOME", "", "-x", "*", "größer", "tab\there", "two\nlines", "\u{1b}[31m"];
    let mut arguments = vec!["--intra", "1", "--cpus", "1", "--no-shim", "--env", "GREETING=it's \"me\"", "--"];
    arguments.extend(["python3", "-c", DESCRIBE]);
    arguments.extend(words);
    let run = described(&Launch::new(&arguments).end().stdout);
    assert_eq!(run[0], serde_json::json!(words));

    arguments.insert(0, "--dry-run");
    let dry = Launch::new(&arguments);
    let state = dry.state.path().to_owned();
    let dry = dry.end();
    assert_eq!(dry.code, Some(0));
    let line = String::from_utf8(dry.stdout).unwrap();
    assert_eq!(line.matches('\n').count(), 1, "not one line: {line}");
    // The same surroundings that the run had.
    let mut pasted = Launch::new(&[]).command;
    let variables: Vec<_> =
        pasted.get_envs().map(|(name, value)| (name.to_owned(), value.map(ToOwned::to_owned))).collect();
    pasted = Command::new("bash");
    pasted.args(["-c", &line]);
    for (name, value) in variables {
        match value {
            Some(value) => pasted.env(name, value),
            None => pasted.env_remove(name),
        };
    }
    let output = pasted.output().unwrap();
    let mut again = described(&output.stdout);
    let mut run = run;
    for told in [&mut run, &mut again] {
        // Each test run has a folder of its own.
        told[1].as_object_mut().unwrap().remove("XDG_STATE_HOME");
    }
    assert_eq!(again, run, "{line}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(!state.join("tftop").exists(), "a dry run made a folder");
}

#[test]
fn threads_that_leave_their_cpus_are_the_culprits() {
    let allowed = rustix::thread::sched_getaffinity(None).unwrap();
    if allowed.count() < 2 {
        python::say("threads_that_leave_their_cpus_are_the_culprits: SKIPPED, because there is one CPU only");
        return;
    }
    // Root can leave the cpuset, where there is one.
    let script = "import os, sys
try: open('/sys/fs/cgroup/cpuset/cgroup.procs', 'w').write('0')
except OSError: pass
os.sched_setaffinity(0, range(1024)); print('ready', flush=True); sys.stdin.read()";
    let arguments = ["--cpus", "1", "--interval", "100ms", "--", "python3", "-c", script];
    let mut running = Launch::new(&arguments).ready();
    // A mask is looked at again every tenth look.
    (0..3).for_each(|_| running.wait_for_looks());
    drop(running.child.stdin.take());
    let ended = running.end();
    assert!(ended.stderr.contains("exceeded") && ended.stderr.contains("1 thread of process"), "{}", ended.stderr);
}

#[test]
fn caps_hold_on_real_tensorflow_against_the_scripts_own_calls() {
    let Some(python) = python::tensorflow("2.21.0") else { return };
    let _turn = python::lock("turn");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/targets/caps.py");
    let arguments = ["--intra", "1", "--inter", "1", "--no-ui", "--interval", "200ms", "--"];
    let mut launch = Launch::new(&arguments);
    launch.command.arg(python).args([script, "2", "2"]).env("TF_CPP_MIN_LOG_LEVEL", "3");
    let mut running = launch.ready();
    assert!(running.line.starts_with("READY"), "{}", running.line);
    running.wait_for_looks();
    drop(running.child.stdin.take());
    let ended = running.end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    for line in ["intra    1  held  at most 1 thread", "inter    1  held  at most 1 thread"] {
        assert!(ended.stderr.contains(line), "{}", ended.stderr);
    }
    assert!(
        ended.stderr.contains("asked    intra=2 at ") && ended.stderr.contains("caps.py:9, got 1"),
        "{}",
        ended.stderr
    );
}
