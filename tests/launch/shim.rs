//! The shim's own tests, in Python. Those on every kind of TensorFlow script are a suite of their own: tests/shim/matrix.py.

use std::fs;
use std::process::Command;

use crate::Launch;

#[test]
fn the_shims_own_tests_pass() {
    let output = Command::new("python3")
        .args(["-m", "unittest", "discover", "-s", "tests/shim"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .expect("python3");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("Ran ") && !said.contains("Ran 0 tests"), "{said}");
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
    assert!(ended.stderr.contains("not attached: no Python process was seen"), "{}", ended.stderr);
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
