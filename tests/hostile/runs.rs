//! The folder of runs is written by nobody but its owner: where another user could, tftop of root refuses it.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use crate::target::{NOBODY, is_root};
use crate::{Ended, ended};

fn run_with(state: &std::path::Path) -> Ended {
    let mut run = Command::new(env!("CARGO_BIN_EXE_tftop"));
    run.args(["run", "--no-ui", "--intra", "1", "--", "true"]);
    ended(run.env("XDG_STATE_HOME", state).env("XDG_CONFIG_HOME", "/nonexistent"))
}

#[test]
fn a_store_that_another_user_owns_or_may_write_is_refused() {
    if !is_root() {
        eprintln!("skipped: only root can make another user's folder");
        return;
    }
    for (owner, mode) in [(NOBODY, 0o700), (NOBODY, 0o755), (0, 0o777)] {
        let state = tempfile::tempdir().unwrap();
        let store = state.path().join("tftop");
        fs::create_dir(&store).unwrap();
        std::os::unix::fs::chown(&store, Some(owner), Some(owner)).unwrap();
        fs::set_permissions(&store, fs::Permissions::from_mode(mode)).unwrap();
        let run = run_with(state.path());
        assert_eq!(run.code, Some(0), "a run is never lost for its record: {run:?}");
        assert!(run.stderr.contains("another user"), "{owner} {mode:o}: {}", run.stderr);
        assert_eq!(fs::read_dir(&store).unwrap().count(), 0, "{owner} {mode:o}: something was written");
    }
}

#[test]
fn a_link_in_the_store_is_not_followed() {
    let state = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    symlink(elsewhere.path(), state.path().join("tftop")).unwrap();
    let run = run_with(state.path());
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0, "written through a link: {}", run.stderr);
}

#[test]
fn what_is_kept_is_closed_to_others_whatever_the_umask() {
    let state = tempfile::tempdir().unwrap();
    let mut run = Command::new("sh");
    run.args(["-c", "umask 000; exec \"$0\" run --no-ui --intra 1 -- true", env!("CARGO_BIN_EXE_tftop")]);
    let run = ended(run.env("XDG_STATE_HOME", state.path()).env("XDG_CONFIG_HOME", "/nonexistent"));
    assert_eq!(run.code, Some(0), "{run:?}");
    let mut seen = 0;
    let mut open = vec![state.path().join("tftop")];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let mode = fs::symlink_metadata(&path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode & 0o077, 0, "{}: {mode:o}", path.display());
            seen += 1;
            if path.is_dir() {
                open.push(path);
            }
        }
    }
    assert!(seen >= 4, "{seen} files and folders");
}
