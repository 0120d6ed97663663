//! `tftop run --detach`: the command goes on in a session of its own, with its caps, and its output goes to its log.

use std::fs;

use rustix::process::{Pid, Signal, getsid, kill_process};

use crate::deadline::{LONG, wait_for};
use crate::{Launch, files_below};

#[test]
fn a_detached_command_goes_on_with_its_caps() {
    let script = "import os, time
print(os.environ['TF_NUM_INTRAOP_THREADS'], os.environ['OMP_NUM_THREADS'], len(os.sched_getaffinity(0)), flush=True)
time.sleep(1000)";
    let arguments = ["--detach", "--cpus", "0-0", "--", "python3", "-c", script];
    let mut launch = Launch::new(&arguments);
    let output = launch.command.output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said} {}", String::from_utf8_lossy(&output.stderr));
    let line = |word: &str| said.lines().find_map(|line| line.trim().strip_prefix(word)).unwrap().trim().to_owned();
    let pid = Pid::from_raw(line("pid").parse().unwrap()).unwrap();
    let log = line("output");
    assert!(said.contains(&format!("tftop {}", pid.as_raw_nonzero())) && said.contains("not verified"), "{said}");
    let text =
        wait_for("its output", LONG, || Some(fs::read_to_string(&log).unwrap()).filter(|text| text.ends_with('\n')));
    assert_eq!(text, "1 1 1\n");
    assert_eq!(getsid(Some(pid)).unwrap(), pid, "its session is its own");
    let files = files_below(launch.state.path());
    assert!(files.iter().any(|file| file.ends_with("shim/sitecustomize.py")), "{files:?}");
    kill_process(pid, Signal::KILL).unwrap();
}

#[test]
fn a_detached_command_that_can_not_be_executed_is_no_success() {
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken");
    fs::write(&broken, "#!/nonexistent/interpreter\n").unwrap();
    fs::set_permissions(&broken, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut launch = Launch::new(&["--detach", "--", broken.to_str().unwrap()]);
    let output = launch.command.output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(126), "{said}");
    assert!(said.contains("has ended already"), "{said}");
}
