//! What goes through `tftop run` untouched: exit codes, bytes, words, signals; and what is refused before a start.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::Signal;

use crate::deadline::{LONG, wait_for};
use crate::{Launch, TFTOP, shell};

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
        (&["--env", "X", "--", "true"], "must be NAME=VALUE"),
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
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' HUP; exec \"$0\" \"$@\"", TFTOP]).args(launch.command.get_args()).process_group(0);
    shell.env("XDG_STATE_HOME", launch.state.path());
    launch.command = shell;
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
    assert!(ended.stderr.contains("shim     none: its directory can't be made"), "{}", ended.stderr);
}
