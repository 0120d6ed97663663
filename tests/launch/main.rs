//! `tftop run` as the command and its caller meet it: exit codes, bytes, signals, environment, CPUs, the shim, the summary.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cgroups;
#[path = "../support/deadline.rs"]
mod deadline;
mod detach;
mod in_terminal;
mod output;
mod pins;
#[path = "../support/python.rs"]
mod python;
mod runs;
mod shim;
mod steps;
mod sweep;
#[path = "../support/terminal.rs"]
mod terminal;

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};

use deadline::{LONG, wait_for};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

const TFTOP: &str = env!("CARGO_BIN_EXE_tftop");

/// What a run leaves.
const LEFT: &[&str] = &["run.json", "samples.tape", "steps.csv", "output.log", "summary.json", "summary.md"];

/// `tftop run` with folders of its own, away from the terminal of whoever runs the tests.
struct Launch {
    command: Command,
    state: TempDir,
}

/// How a run ended.
struct Ended {
    code: Option<i32>,
    stdout: Vec<u8>,
    stderr: String,
}

impl Launch {
    fn new(arguments: &[&str]) -> Self {
        let state = tempfile::tempdir().unwrap();
        let mut command = Command::new(TFTOP);
        // A group of its own is not the foreground of any terminal.
        command.arg("run").args(arguments).process_group(0).stdin(Stdio::null());
        command
            .env("XDG_STATE_HOME", state.path())
            .env("XDG_CONFIG_HOME", "/nonexistent")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env_remove("PYTHONPATH");
        tftop::fact::KEPT_VARIABLES.iter().for_each(|variable| {
            command.env_remove(variable);
        });
        Self { command, state }
    }

    fn end(mut self) -> Ended {
        let output = self.command.output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        for file in files_below(self.state.path()) {
            let name = Path::new(&file).file_name().unwrap().to_str().unwrap();
            assert!(LEFT.contains(&name), "the run left {file}: {stderr}");
        }
        Ended { code: output.status.code(), stdout: output.stdout, stderr }
    }

    /// Starts it and waits for the command's first line.
    fn ready(mut self) -> Running {
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        Running { child, stdout, line: line.trim().to_owned(), _state: self.state }
    }
}

struct Running {
    child: Child,
    stdout: BufReader<std::process::ChildStdout>,
    line: String,
    _state: TempDir,
}

impl Running {
    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits until tftop has looked at the command twice at least, from now on. Each look adds to what its sampler thread
    /// has read (rchar of /proc/PID/task/TID/io), in one go that is over long before the next.
    fn wait_for_looks(&self) {
        let sampler = wait_for("the sampler thread", LONG, || {
            let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
            let paths = tasks.map(|task| task.unwrap().path());
            paths
                .into_iter()
                .find(|path| fs::read_to_string(path.join("comm")).is_ok_and(|comm| comm == "tftop-sampler\n"))
        });
        // A voluntary switch is a wait for the next tick.
        let waits = || {
            let status = fs::read_to_string(sampler.join("status")).unwrap();
            let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:")).unwrap();
            line.trim().parse::<u64>().unwrap()
        };
        let before = waits();
        wait_for("more looks of tftop", LONG, || (waits() >= before + 10).then_some(()));
    }

    /// Waits for its end; one that does not come is made, so that the test fails with what was said.
    fn end(mut self) -> Ended {
        let pid = Pid::from_child(&self.child);
        let (ended, wait) = mpsc::channel::<()>();
        let watchdog = std::thread::spawn(move || {
            if wait.recv_timeout(LONG) == Err(RecvTimeoutError::Timeout) {
                kill_process(pid, Signal::KILL).unwrap();
            }
        });
        let (mut stdout, mut stderr) = (Vec::new(), String::new());
        self.stdout.read_to_end(&mut stdout).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        drop(ended);
        watchdog.join().unwrap();
        Ended { code: self.child.wait().unwrap().code(), stdout, stderr }
    }
}

fn files_below(folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files.extend(files_below(&path)),
            false => files.push(path.display().to_string()),
        }
    }
    files
}

fn shell(script: &str) -> Ended {
    Launch::new(&["--no-shim", "--", "sh", "-c", script]).end()
}

#[test]
fn the_exit_code_is_the_commands() {
    for (script, code, words) in [
        ("exit 0", 0, "ended with exit code 0"),
        ("exit 3", 3, "ended with exit code 3"),
        ("exit 255", 255, "ended with exit code 255"),
        ("kill -TERM $$", 143, "was ended by signal 15"),
        ("kill -KILL $$", 137, "was ended by signal 9"),
    ] {
        let ended = shell(script);
        assert_eq!(ended.code, Some(code), "{script}: {}", ended.stderr);
        assert!(ended.stderr.contains(words) && ended.stdout.is_empty(), "{}", ended.stderr);
    }
}

#[test]
fn what_can_not_be_started_is_said_before_anything_starts() {
    let not_there = Launch::new(&["--", "no-command-of-this-name"]).end();
    assert_eq!(not_there.code, Some(127));
    assert_eq!(not_there.stderr, "tftop: there is no command \"no-command-of-this-name\" on PATH\n");
    let no_program = Launch::new(&["--", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")]).end();
    assert_eq!(no_program.code, Some(126), "{}", no_program.stderr);
    // Its interpreter is missing: only the kernel can tell.
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken");
    fs::write(&broken, "#!/nonexistent/interpreter\n").unwrap();
    fs::set_permissions(&broken, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let refused = Launch::new(&["--", broken.to_str().unwrap()]).end();
    assert_eq!(refused.code, Some(126), "{}", refused.stderr);
    assert!(refused.stderr.contains("can't be executed: "), "{}", refused.stderr);
}

#[test]
fn nonsense_ends_with_2_and_names_the_option() {
    let wrong: &[(&[&str], &str)] = &[
        (&["--intra", "0", "--", "true"], "--intra"),
        (&["--intra", "9999", "--force", "--", "true"], "--intra 9999: must be between 1 and 8192"),
        (&["--cpus", "0", "--", "true"], "no CPU is left to run on"),
        (&["--cpus", ",", "--", "true"], "the list names no CPU"),
        (&["--cpus", "8000", "--", "true"], "--cpus 8000 is more than the"),
        (&["--cpus", "1", "--intra", "2", "--", "true"], "--intra 2 contradicts --cpus, which leaves 1"),
        (&["--data", "1", "--no-shim", "--", "true"], "--data is held by the shim alone"),
        (&["--quota", "0", "--", "true"], "must be between 0.01 and 8192"),
        (&["--quota", "1.5x", "--", "true"], "write a number of CPUs: 2, 1.5"),
        (&["--quota", "8000", "--", "true"], "--quota 8000 is more than the"),
        (&["--quota", "1.5", "--cpus", "1", "--", "true"], "--quota 1.5 contradicts --cpus, which leaves 1"),
        (&["--env", "X", "--", "true"], "write NAME=VALUE"),
        (
            &["--intra", "1", "--env", "TF_NUM_INTRAOP_THREADS=2", "--", "true"],
            "--env TF_NUM_INTRAOP_THREADS=2 contradicts",
        ),
        (&["--intra", "1"], "<COMMAND>"),
        (&["--intro", "1", "--", "true"], "--intro"),
    ];
    for (arguments, words) in wrong {
        let ended = Launch::new(arguments).end();
        assert_eq!((ended.code, ended.stdout.len()), (Some(2), 0), "{arguments:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(words), "{arguments:?}: {}", ended.stderr);
    }
}

#[test]
fn every_byte_goes_through() {
    let bytes: Vec<u8> = (0..=255).cycle().take(1 << 20).collect();
    let mut launch = Launch::new(&["--", "cat"]);
    let mut child = launch.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let written = bytes.clone();
    let writer = std::thread::spawn(move || stdin.write_all(&written));
    let mut read = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut read).unwrap();
    writer.join().unwrap().unwrap();
    assert!(read == bytes, "{} bytes of {}", read.len(), bytes.len());
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_hundred_megabytes_of_output_pass_and_stderr_stays_apart() {
    let ended = shell("head -c 100000000 /dev/zero; echo to stderr >&2");
    assert_eq!((ended.code, ended.stdout.len()), (Some(0), 100_000_000));
    assert!(ended.stderr.starts_with("to stderr\ntftop: "), "{}", ended.stderr);
}

#[test]
fn words_of_the_command_arrive_as_they_are() {
    let words = ["--intra", "--", "", "a b", "-h", "$x"];
    let mut arguments = vec!["--no-shim", "--", "printf", "%s|"];
    arguments.extend(words);
    let ended = Launch::new(&arguments).end();
    assert_eq!(String::from_utf8(ended.stdout).unwrap(), words.map(|word| format!("{word}|")).concat());
    // Without the two dashes as well: options of tftop come before the command only.
    let ended = Launch::new(&["--no-shim", "printf", "%s|", "--intra", "--"]).end();
    assert_eq!(String::from_utf8(ended.stdout).unwrap(), "--intra|--|", "{}", ended.stderr);
}

#[test]
fn signals_reach_the_command() {
    for (signal, name) in [
        (Signal::TERM, "TERM"),
        (Signal::INT, "INT"),
        (Signal::HUP, "HUP"),
        (Signal::QUIT, "QUIT"),
        (Signal::USR1, "USR1"),
        (Signal::USR2, "USR2"),
        (Signal::WINCH, "WINCH"),
    ] {
        let script = format!(
            "import os, signal
def got(*_):
    os.write(1, b'got {name}\\n')
    os._exit(42)
signal.signal(signal.SIG{name}, got)
print('ready', flush=True)
while True: signal.pause()"
        );
        let running = Launch::new(&["--no-shim", "--", "python3", "-c", &script]).ready();
        assert_eq!(running.line, "ready");
        running.signal(signal);
        let ended = running.end();
        let got = format!("got {name}\n").into_bytes();
        assert_eq!((ended.code, ended.stdout), (Some(42), got), "{name}: {}", ended.stderr);
    }
}

#[test]
fn a_command_that_ignores_sigterm_goes_on_and_tftop_with_it() {
    let script = "trap '' TERM; echo ready; read line; echo \"$line\"; exit 7";
    let mut running = Launch::new(&["--no-shim", "--", "sh", "-c", script]).ready();
    running.signal(Signal::TERM);
    running.child.stdin.take().unwrap().write_all(b"still here\n").unwrap();
    let ended = running.end();
    assert_eq!((ended.code, ended.stdout.as_slice()), (Some(7), b"still here\n".as_slice()), "{}", ended.stderr);
}

#[test]
fn what_nohup_ignores_stays_ignored() {
    let script = "import signal, sys
ignored = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
print('ready', ignored, flush=True)
sys.stdin.read()";
    let mut launch = Launch::new(&["--no-shim", "--", "python3", "-c", script]);
    let arguments: Vec<_> = launch.command.get_args().map(ToOwned::to_owned).collect();
    launch.command = Command::new("sh");
    launch.command.args(["-c", "trap '' HUP; exec \"$0\" \"$@\"", TFTOP]).args(arguments).process_group(0);
    let mut running = launch.ready();
    assert_eq!(running.line, "ready True");
    running.signal(Signal::HUP);
    drop(running.child.stdin.take());
    assert_eq!(running.end().code, Some(0));
}

#[test]
fn the_command_does_not_outlive_a_tftop_that_is_killed() {
    let mut running = Launch::new(&["--no-shim", "--", "sh", "-c", "trap '' TERM; echo $$; exec sleep 1000"]).ready();
    let stat = format!("/proc/{}/stat", running.line);
    assert!(Path::new(&stat).exists());
    running.child.kill().unwrap();
    running.child.wait().unwrap();
    // Reaped by whoever adopts orphans, or left a zombie where nobody does.
    wait_for("the command's end", LONG, || {
        let text = fs::read_to_string(&stat).unwrap_or_default();
        text.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with('Z')).then_some(())
    });
}

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
fn the_shim_says_that_it_is_there_or_why_it_is_not() {
    let attached =
        Launch::new(&["--intra", "1", "--", "python3", "-c", "import os; print(os.environ['PYTHONPATH'])"]).end();
    assert!(attached.stderr.contains("shim     attached to 1 process"), "{}", attached.stderr);
    assert!(String::from_utf8(attached.stdout).unwrap().trim().ends_with("/shim"));
    for (option, why) in [
        ("-I", "not attached: python3 -I reads no PYTHONPATH"),
        ("-E", "not attached: python3 -E reads no PYTHONPATH"),
        ("-S", "not attached: python3 -S imports no sitecustomize"),
    ] {
        let ended = Launch::new(&["--", "python3", option, "-c", "pass"]).end();
        assert_eq!(ended.code, Some(0));
        assert!(ended.stderr.contains(why), "{}", ended.stderr);
    }
    let ended = Launch::new(&["--", "true"]).end();
    assert!(ended.stderr.contains("not attached: no Python was seen"), "{}", ended.stderr);
    let ended = Launch::new(&["--no-shim", "--", "python3", "-c", "pass"]).end();
    assert!(!ended.stderr.contains("shim"), "{}", ended.stderr);
}

#[test]
fn children_of_the_script_have_the_shim_too() {
    let script = "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'pass'], check=True)";
    let ended = Launch::new(&["--", "python3", "-c", script]).end();
    assert!(ended.stderr.contains("shim     attached to 2 processes"), "{}", ended.stderr);
}

#[test]
fn an_own_pythonpath_stays_behind_the_shim() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("own_module.py"), "print('own')").unwrap();
    let mut launch = Launch::new(&["--", "python3", "-c", "import own_module"]);
    launch.command.env("PYTHONPATH", folder.path());
    let ended = launch.end();
    assert_eq!((ended.code, ended.stdout.as_slice()), (Some(0), b"own\n".as_slice()), "{}", ended.stderr);
}

#[test]
fn what_the_script_sends_to_the_socket_can_not_hurt() {
    let script = "import json, os, socket
end = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
path = json.loads(os.environ['TFTOP_SHIM'])['socket']
for record in [b'', b'{', b'\\xff' * 60000, b'[' * 60000,
               b'{\"event\":\"hook_failed\",\"hook\":\"\\\\u001b[2J\",\"why\":\"x\"}']:
    end.sendto(record, path)
os.remove(path)";
    let ended = Launch::new(&["--", "python3", "-c", script]).end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(!ended.stderr.contains('\u{1b}') && !ended.stderr.contains("panicked"), "{}", ended.stderr);
}

#[test]
fn a_run_that_can_not_be_kept_goes_on_and_says_so() {
    let mut launch = Launch::new(&["--intra", "1", "--", "python3", "-c", "print('started')"]);
    launch.command.env("XDG_STATE_HOME", "/dev/null");
    let ended = launch.end();
    assert_eq!((ended.code, ended.stdout.as_slice()), (Some(0), b"started\n".as_slice()), "{}", ended.stderr);
    assert!(ended.stderr.contains("missing  everything: its folder can't be made"), "{}", ended.stderr);
    // The shim is then put among temporary files.
    assert!(ended.stderr.contains("shim     attached to 1 process"), "{}", ended.stderr);
    let mut launch = Launch::new(&["--data", "1", "--", "echo", "started"]);
    launch.command.env("XDG_STATE_HOME", "/dev/null").env("TMPDIR", "/dev/null");
    let ended = launch.end();
    assert_eq!((ended.code, ended.stdout.as_slice()), (Some(0), b"started\n".as_slice()), "{}", ended.stderr);
    assert!(ended.stderr.contains("shim     none: its folder can't be made"), "{}", ended.stderr);
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
