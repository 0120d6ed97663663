//! A target whose memory may not be read: everything is a guess, and says so.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;

use rustix::process::getuid;

use crate::target::Target;
use crate::watch::Report;
use crate::{NAMING, python, watch};

/// The user and group ids of nobody, by convention.
const NOBODY: u32 = 65534;

#[test]
fn without_the_right_to_read_memory_every_origin_is_a_guess_with_one_remedy() {
    let Some(python) = python::tensorflow(NAMING) else { return };
    // Root may read everything, so root looks as nobody; anybody else is refused by a process that is not dumpable.
    let root = getuid().is_root();
    let target = Target::start(&python, "caps.py", if root { &["2", "3"] } else { &["2", "3", "undumpable"] });
    let folder = tempfile::tempdir().unwrap();
    let mut command = watch::command_of(&reachable_binary(folder.path()), target.pid(), &["--for", "1s"]);
    if root {
        command.uid(NOBODY).gid(NOBODY).current_dir("/").env("HOME", "/nonexistent").env_remove("XDG_CACHE_HOME");
    }
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(4), "partial: {}", String::from_utf8_lossy(&output.stderr));
    degraded(&watch::parse(&output));
}

fn degraded(report: &Report) {
    assert!(report.demand.as_ref().is_some_and(|demand| demand.got > 0.0), "counters need no memory: {report:#?}");
    assert!(report.target.tensorflow_guessed, "only names suggest TensorFlow: {:#?}", report.target);
    for thread in report.threads.iter().filter(|thread| thread.tid != report.target.pid) {
        assert_eq!(thread.confidence, "guess", "{thread:#?}");
        assert_eq!(thread.name, None, "{thread:#?}");
    }
    // 2.21 names this pool for the kernel; its three threads are found, though only as a guess.
    let by_name = report.threads.iter().filter(|thread| thread.comm == "tf_Compute" && thread.origin == "tf-inter-op");
    assert_eq!(by_name.count(), 3, "{:#?}", report.threads);
    let names: Vec<_> = report.gaps.iter().filter(|gap| gap.what.contains("thread names")).collect();
    let [names] = names[..] else { panic!("one gap about names: {:#?}", report.gaps) };
    let steps = ["same user", "sudo", "setcap", "SYS_PTRACE", "ptrace_scope"];
    assert!(steps.iter().any(|step| names.why.contains(step)), "a step that helps: {names:#?}");
}

/// A copy of the binary that any user can execute: a build folder may lie in a home that is closed to others.
fn reachable_binary(folder: &Path) -> std::path::PathBuf {
    let copy = folder.join("tftop");
    fs::copy(env!("CARGO_BIN_EXE_tftop"), &copy).unwrap();
    for path in [folder, &copy] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    copy
}
