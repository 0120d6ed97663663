//! No secret of a command line is shown or kept.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::target::Hostile;
use crate::{ended, tftop};

const SECRET: &str = "S3cr3tV4lue9x";

/// Ways to hand over a secret that people use.
const FORMS: &[&str] = &[
    "-H|Authorization: Bearer S3cr3tV4lue9x",
    "-u|me:S3cr3tV4lue9x",
    "-pS3cr3tV4lue9x",
    "https://host/x?token=S3cr3tV4lue9x",
    "https://host/x?sv=1&sig=S3cr3tV4lue9x",
    "AccountName=a;AccountKey=S3cr3tV4lue9x;x=y",
    "{\"password\": \"S3cr3tV4lue9x\"}",
    "hf_S3cr3tV4lue9xS3cr3tV4lue9x",
    "--bearer|S3cr3tV4lue9x",
    "--pat|S3cr3tV4lue9x",
    "--api-key|-S3cr3tV4lue9x",
    "--token=S3cr3tV4lue9x",
    "postgres://me:S3cr3tV4lue9x@host/db",
];

fn words() -> Vec<&'static str> {
    FORMS.iter().flat_map(|form| form.split('|')).collect()
}

#[test]
fn no_report_shows_a_secret_of_the_command_line() {
    let Some(hostile) = Hostile::start(&[&["nothing"], &words()[..]].concat()) else { return };
    let pid = hostile.pid();
    for arguments in [
        &["report", &pid, "--for", "0.3s", "--interval", "0.1s"][..],
        &["report", &pid, "--for", "0.3s", "--interval", "0.1s", "--json"],
        &["report", &pid, "--for", "0.3s", "--interval", "0.1s", "--format", "markdown"],
        &["explain", &pid, "--for", "0.3s", "--interval", "0.1s", "--json"],
        &["ps"],
        &["ps", "--json"],
        &["doctor", &pid],
        &["stack", &pid, "--json"],
        &["rerun", &pid, "--dry-run"],
    ] {
        let ended = tftop(arguments);
        for text in [&ended.stdout, &ended.stderr] {
            assert!(!text.contains(SECRET), "{arguments:?}: {text}");
        }
    }
}

#[test]
fn nothing_that_is_kept_of_a_run_holds_a_secret() {
    let state = tempfile::tempdir().unwrap();
    let mut run = Command::new(env!("CARGO_BIN_EXE_tftop"));
    run.args(["run", "--no-ui", "--intra", "1", "--", "sh", "-c", "sleep 1.5", "name"]).args(words());
    let run = ended(run.env("XDG_STATE_HOME", state.path()).env("XDG_CONFIG_HOME", "/nonexistent"));
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(!run.stderr.contains(SECRET), "{}", run.stderr);
    let mut files = 0;
    each_file(state.path(), &mut |path| {
        files += 1;
        let bytes = fs::read(path).unwrap();
        let mut text = String::from_utf8_lossy(&bytes).into_owned();
        if path.extension().is_some_and(|extension| extension == "tape") {
            text.clear();
            // The end may be missing: what was flushed is read.
            drop(std::io::Read::read_to_string(&mut flate2::read::MultiGzDecoder::new(&bytes[..]), &mut text));
            assert!(text.contains("sleep 1.5"), "the recording does not hold the command line");
        }
        assert!(!text.contains(SECRET), "{}", path.display());
    });
    assert!(files >= 4, "run.json, samples.tape, summary.json and summary.md, but there are {files} files");
    let mut show = Command::new(env!("CARGO_BIN_EXE_tftop"));
    let shown = ended(show.args(["runs", "show", "last"]).env("XDG_STATE_HOME", state.path()));
    assert!(shown.code == Some(0) && !shown.stdout.contains(SECRET), "{shown:?}");
}

fn each_file(folder: &Path, visit: &mut impl FnMut(&Path)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { each_file(&path, visit) } else { visit(&path) }
    }
}
