//! The settings file from the command line: what `tftop config` prints, and that nothing in the file stops a command.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/command.rs"]
mod command;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use command::{NOBODYS_PID, ended, tftop};

const EXAMPLE: &str = include_str!("../assets/config.example.toml");

/// A home with this settings file, readable as `mode` has it.
fn home(text: &str, mode: u32) -> (tempfile::TempDir, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("tftop/config.toml");
    fs::create_dir(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    (home, path)
}

fn run(home: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    ended(tftop(arguments).env("XDG_CONFIG_HOME", home).env("XDG_STATE_HOME", home))
}

#[test]
fn without_a_file_the_example_is_printed_and_read_again_it_changes_nothing() {
    let nothing = tempfile::tempdir().unwrap();
    assert_eq!(run(nothing.path(), &["config"]), (Some(0), EXAMPLE.to_owned(), String::new()));
    let path = nothing.path().join("tftop/config.toml");
    assert_eq!(run(nothing.path(), &["config", "--path"]).1, format!("{}\n", path.display()));
    let (written, _) = home(EXAMPLE, 0o600);
    assert_eq!(run(written.path(), &["config"]), (Some(0), EXAMPLE.to_owned(), String::new()));
}

#[test]
fn what_is_set_is_printed_with_where_it_is_from() {
    let (home, path) = home("theme = \"light\"\n[keys]\nrerun = \"F9\"\n[profile.mine]\nintra = 3\n", 0o600);
    let (code, text, stderr) = run(home.path(), &["config", "--interval", "500ms"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    let path = path.display();
    for line in [
        format!("theme = \"light\"  # {path}:1"),
        format!("rerun = [\"F9\"]  # {path}:3"),
        "interval = \"500ms\"  # --interval".to_owned(),
        "[profile.mine]\nintra = 3".to_owned(),
        "# mouse = true".to_owned(),
    ] {
        assert!(text.contains(&format!("\n{line}\n")), "{line}: {text}");
    }
    assert!(!text.contains("profile.small"), "{text}");
}

#[test]
fn a_wrong_value_lists_the_valid_ones_and_stops_nothing() {
    let text = "interval = \"100ms\"\ntheme = \"blue\"\n[threads]\ncolumns = [\"FOO\"]\n[keys]\nrerun = \"q\"\n";
    let (home, path) = home(text, 0o600);
    let expected = [
        "line 2: theme = \"blue\": write default, colorblind, mono, light or high-contrast",
        "line 4: threads.columns = [\"FOO\"]: \"FOO\": no such column; there are TID, NAME, ORIGIN, STATE",
        "line 6: keys: q would be both quit and rerun; rerun keeps r",
    ];
    // `ps` has its list, or says that there is no such process; `report` finds nobody's pid missing.
    for (arguments, code) in [(&["ps"][..], 0), (&["report", NOBODYS_PID], 3), (&["config"], 0), (&["runs"], 0)] {
        let (ended, _, stderr) = run(home.path(), arguments);
        assert_eq!(ended, Some(code), "{arguments:?}: {stderr}");
        for problem in expected {
            let line = format!("tftop: {}, {problem}", path.display());
            assert_eq!(stderr.matches(&line).count(), 1, "{arguments:?}: {line}: {stderr}");
        }
    }
}

#[test]
fn a_file_that_makes_no_sense_or_that_others_may_write_stops_nothing_either() {
    for (text, mode, says) in
        [("theme = \"light\"\n[threads\n", 0o600, "line 2: "), ("theme = \"light\"\n", 0o666, "no settings are read: ")]
    {
        let (home, path) = home(text, mode);
        let (code, printed, stderr) = run(home.path(), &["config"]);
        assert_eq!((code, printed.as_str()), (Some(0), EXAMPLE), "{stderr}");
        assert!(stderr.contains(says) && stderr.contains("config.toml"), "{stderr}");
        assert_eq!(run(home.path(), &["ps"]).0, Some(0));
        // It was named.
        let named = run(home.path(), &["--config", path.to_str().unwrap(), "config"]);
        assert_eq!(named.0, Some(if mode == 0o666 { 2 } else { 0 }), "{named:?}");
    }
}

#[test]
fn a_wrong_profile_is_said_and_only_its_command_fails() {
    let (home, _) = home("[profile.bad]\nintra = 0\n[profile.good]\nintra = 1\n", 0o600);
    let run_with = |profile: &str| run(home.path(), &["run", "--no-ui", "--profile", profile, "--", "true"]);
    let (code, _, stderr) = run_with("bad");
    assert_eq!(code, Some(2), "{stderr}");
    assert!(stderr.contains("--profile bad: ") && stderr.contains("profile.bad.intra = 0"), "{stderr}");
    let (code, _, stderr) = run_with("good");
    assert!(code == Some(0) && stderr.contains("profile.bad.intra = 0: must be at least 1"), "{code:?}: {stderr}");
}
