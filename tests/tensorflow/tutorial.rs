//! The tutorial, followed to the letter: its script, its commands in their order, and every line of output it shows. Numbers are
//! those of the machine it was written on; all the rest has to be so here, too.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::{NAMING, ONE_TRAIN_PY, python};

const TUTORIAL: &str = include_str!("../../assets/tutorial.md");

/// A fence of the tutorial: its language and what stands in it.
fn fences() -> Vec<(&'static str, String)> {
    let mut fences = Vec::new();
    let mut lines = TUTORIAL.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let inside: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            fences.push((language, inside.join("\n") + "\n"));
        }
    }
    fences
}

/// The commands of the tutorial, each with the lines of output that it shows.
fn commands() -> Vec<(String, Vec<String>)> {
    let mut commands: Vec<(String, Vec<String>)> = Vec::new();
    for (_, text) in fences().into_iter().filter(|(language, _)| *language == "console") {
        for line in text.lines() {
            match (line.strip_prefix("$ "), commands.last_mut()) {
                (Some(command), _) => commands.push((command.to_owned(), Vec::new())),
                (None, Some((_, output))) => output.push(line.to_owned()),
                (None, None) => panic!("output before the first command: {line}"),
            }
        }
    }
    commands
}

/// A line without its numbers and without its columns.
fn normal(line: &str) -> String {
    let mut text = String::new();
    for character in line.chars() {
        match character {
            '0'..='9' | '.' if text.ends_with('#') => {}
            '0'..='9' => text.push('#'),
            ' ' if text.is_empty() || text.ends_with(' ') => {}
            other => text.push(other),
        }
    }
    text.trim_end().to_owned()
}

/// Whether a line is as shown; `…` stands for anything.
fn is_as_shown(line: &str, shown: &str) -> bool {
    let (line, shown) = (normal(line), normal(shown));
    let mut rest = line.as_str();
    let mut pieces = shown.split('…');
    let Some(after_first) = rest.strip_prefix(pieces.next().unwrap_or_default()) else { return false };
    rest = after_first;
    for piece in pieces {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.is_empty() || shown.ends_with('…')
}

/// Ends what the tutorial leaves running, whatever happens.
struct Background(Vec<Child>);

impl Drop for Background {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let group = format!("-{}", child.id());
            let _ = Command::new("kill").args(["-s", "KILL", "--", &group]).status();
            let _ = child.wait();
        }
    }
}

/// The command with the first run's name in place of the one that the tutorial has.
fn of_this_run(command: &str, folder: &Path) -> String {
    let is_run = |word: &str| word.len() == 13 && word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let mut runs: Vec<String> = fs::read_dir(folder.join("state/tftop/runs"))
        .map(|entries| entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect())
        .unwrap_or_default();
    runs.sort();
    let word = |word: &str| if is_run(word) { runs[0].clone() } else { word.to_owned() };
    command.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

fn shell(folder: &Path, command: &str) -> Command {
    let tools = folder.join("bin");
    let path = std::env::join_paths([tools, "/usr/bin".into(), "/bin".into()]).unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).current_dir(folder).env("PATH", path).env("XDG_STATE_HOME", folder.join("state"));
    shell.env("TF_CPP_MIN_LOG_LEVEL", "3").env("CUDA_VISIBLE_DEVICES", "").stdin(Stdio::null()).process_group(0);
    shell
}

#[test]
fn the_tutorial_is_true() {
    let Some(python) = python::tensorflow(NAMING) else { return };
    let _one = ONE_TRAIN_PY.lock();
    let folder = tempfile::tempdir().unwrap();
    let tools = folder.path().join("bin");
    fs::create_dir(&tools).unwrap();
    symlink(env!("CARGO_BIN_EXE_tftop"), tools.join("tftop")).unwrap();
    fs::write(tools.join("python"), format!("#!/bin/sh\nexec {} \"$@\"\n", python.display())).unwrap();
    assert!(Command::new("chmod").arg("+x").arg(tools.join("python")).status().unwrap().success());
    let (_, script) = fences().into_iter().find(|(language, _)| *language == "python").unwrap();
    fs::write(folder.path().join("train.py"), script).unwrap();
    let mut background = Background(Vec::new());
    let commands = commands();
    assert!(commands.len() >= 6, "{commands:?}");
    for (command, shown) in &commands {
        if let Some(started) = command.strip_suffix(" &") {
            let log = fs::File::create(folder.path().join("train.log")).unwrap();
            background
                .0
                .push(shell(folder.path(), started).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap());
            // The shell says the number of what it has started, and nothing else.
            assert!(shown.iter().all(|line| line.starts_with('[')), "{command}: {shown:?}");
            continue;
        }
        let ended = shell(folder.path(), &of_this_run(command, folder.path())).output().unwrap();
        let output = String::from_utf8_lossy(&ended.stdout).into_owned() + &String::from_utf8_lossy(&ended.stderr);
        let mut lines = output.lines();
        for line in shown.iter().filter(|line| line.trim() != "…" && !line.is_empty()) {
            assert!(lines.any(|found| is_as_shown(found, line)), "{command}\nlacks: {line}\nin:\n{output}");
        }
        if command.starts_with("kill") || command.starts_with("pkill") {
            background = Background(Vec::new());
        }
    }
}

#[test]
fn a_line_is_compared_without_its_numbers() {
    assert!(is_as_shown("  TF intra-op   1    0.98  3 %", "TF intra-op  16  12.4  58 %"));
    assert!(is_as_shown("OVERSUBSCRIBED  4.6 threads want 2.0 CPUs", "…threads want 2.0 CPUs"));
    assert!(is_as_shown("intra 1 held at most 1 thread", "intra 1 held…"));
    assert!(!is_as_shown("intra 1 exceeded", "intra 1 held…"));
    assert!(!is_as_shown("tf.data wants 3.1 CPUs, and more", "tf.data wants 2.0 CPUs"));
}
