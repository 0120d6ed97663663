//! `tftop ps --hosts` and `--slurm`, with a stand-in for ssh and for Slurm's commands: what is asked, in which words, and what becomes
//! of answers that are none.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/command.rs"]
#[allow(dead_code)] // other tests ask for more
mod command;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use command::{ended, tftop};
use serde_json::Value;
use tempfile::TempDir;

/// An answer of a machine with one process.
const ANSWER: &str = r#"{"schema":"tftop.ps/1","host":{"cpus":16,"demand":{"got":7.5,"wanted":9.25}},
  "jobs":[{"launcher":"slurm","name":"4711","user":"ada","ranks":4,"ranks_here":[0,1],"effective_cpus":16,
           "demand":{"got":7.5,"wanted":9.25}}],
  "processes":[{"pid":2430,"user":"ada","command":"python train.py","threads":40,"demand":{"got":7.5,"wanted":9.25}}]}"#;

/// Programs of these names that are found before all others.
fn programs(all: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, script) in all {
        let path = folder.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    fs::write(folder.path().join("answer"), ANSWER).unwrap();
    folder
}

fn asked(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    ended(tftop(arguments).env("PATH", path).env("FOLDER", folder))
}

/// Answers as the machine's name says, and writes down what it was asked.
const SSH: &str = r#"echo "$@" >> "$FOLDER/asked"
while [ "$1" != -- ]; do shift; done
case $2 in
  good*) cat "$FOLDER/answer" ;;
  refused) echo "banner" >&2; printf 'Permission denied (publickey).\033[2J\n' >&2; exit 255 ;;
  garbage) echo "Welcome to $2" ;;
  newer) echo '{"schema":"tftop.ps/9"}' ;;
  flood) yes ;;
esac"#;

#[test]
fn machines_are_asked_at_once_and_each_has_its_answer_or_a_reason() {
    let folder = programs(&[("ssh", SSH)]);
    let (code, text, stderr) = asked(
        folder.path(),
        &["ps", "--hosts", "good1,refused,garbage,newer,good2", "--for", "1s", "--remote-tftop", "/opt/tftop"],
    );
    assert_eq!(code, Some(0), "{stderr}");
    for line in [
        "2 hosts: 2 processes want 18.5 of 32 CPUs and get 15.0",
        "Slurm job 4711: 4 ranks on 2 hosts want 18.5 of 32.0 CPUs and get 15.0",
        "good1  2430  ada",
        "refused  Permission denied (publickey).^[[2J",
        "garbage  its answer is no JSON",
        "newer  it speaks tftop.ps/9, this tftop tftop.ps/1",
    ] {
        assert!(text.contains(line), "{line}:\n{text}");
    }
    assert!(!text.contains('\x1b'), "{text}");
    let asked = fs::read_to_string(folder.path().join("asked")).unwrap();
    let expected = "-oBatchMode=yes -oConnectTimeout=10 -- good1 /opt/tftop ps --json --for 1000ms";
    assert!(asked.lines().any(|line| line == expected) && asked.lines().count() == 5, "{asked}");
}

#[test]
fn json_has_every_machine_and_nobody_who_answers_is_a_failure() {
    let folder = programs(&[("other-ssh", SSH)]);
    let ssh = ["--ssh", "other-ssh -p 2222"];
    let (code, text, _) = asked(folder.path(), &[&["ps", "--json", "--hosts", "good,garbage"], &ssh[..]].concat());
    let hosts: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, &hosts["schema"]), (Some(0), &"tftop.ps-hosts/1".into()));
    assert_eq!(hosts["hosts"][0]["listing"]["processes"][0]["pid"], 2430);
    assert!(hosts["hosts"][1]["error"].as_str().unwrap().contains("no JSON") && hosts["hosts"][1]["listing"].is_null());
    assert!(fs::read_to_string(folder.path().join("asked")).unwrap().starts_with("-p 2222 -oBatchMode=yes"));
    let (code, text, _) = asked(folder.path(), &[&["ps", "--hosts", "refused,garbage"], &ssh[..]].concat());
    assert!(code == Some(1) && text.contains("refused") && text.contains("garbage"), "{code:?} {text}");
    let (code, text, _) = asked(folder.path(), &["ps", "--hosts", "good", "--ssh", "/nowhere/ssh"]);
    assert!(code == Some(1) && text.contains("/nowhere/ssh can't be started"), "{text}");
}

#[test]
fn a_machine_that_never_stops_talking_is_cut() {
    let folder = programs(&[("ssh", SSH)]);
    let (code, text, _) = asked(folder.path(), &["ps", "--hosts", "flood,good", "--for", "1s"]);
    assert!(code == Some(0) && text.contains("good  2430") && text.contains("\nflood  "), "{code:?} {text}");
}

#[test]
fn every_node_of_a_slurm_job_is_asked_by_a_step_of_its_own() {
    let folder = programs(&[
        ("squeue", r#"echo "squeue $@" >> "$FOLDER/asked"; [ "$5" = 4711 ] && echo 'node[1-2]'; exit 0"#),
        ("scontrol", r#"echo "scontrol $@" >> "$FOLDER/asked"; printf 'node1\nnode2\n'"#),
        ("srun", r#"echo "srun $@" >> "$FOLDER/asked"; cat "$FOLDER/answer""#),
    ]);
    let (code, text, stderr) = asked(folder.path(), &["ps", "--slurm", "4711", "--for", "2s"]);
    assert!(
        code == Some(0) && text.starts_with("2 hosts: 2 processes") && text.contains("node2  2430"),
        "{text} {stderr}"
    );
    let steps = fs::read_to_string(folder.path().join("asked")).unwrap();
    assert!(steps.contains("scontrol show hostnames node[1-2]\n"), "{steps}");
    let step =
        "srun --overlap --quiet --nodes=1 --ntasks=1 --jobid=4711 --nodelist=node2 tftop ps --json --for 2000ms\n";
    assert!(steps.contains(step), "{steps}");
    let (code, _, stderr) = asked(folder.path(), &["ps", "--slurm", "12"]);
    assert!(code == Some(3) && stderr.contains("Slurm job 12 does not run"), "{code:?} {stderr}");
    let (code, _, stderr) = ended(tftop(&["ps", "--slurm", "12"]).env("PATH", "/nowhere"));
    assert!(code == Some(1) && stderr.contains("--slurm needs Slurm's commands"), "{code:?} {stderr}");
}

#[test]
fn what_would_start_a_program_or_name_an_option_is_refused() {
    for (arguments, said) in [
        (&["ps", "--hosts=-oProxyCommand=touch x"][..], "must be the name of a machine"),
        (&["ps", "--slurm", "4711;id"], "must be a job's number"),
        (&["ps", "--hosts", "a", "--slurm", "1"], "cannot be used with"),
        (&["ps", "--hosts", "a", "--read-only"], "--read-only starts no process"),
        (&["ps", "--ssh", "x"], "--hosts"),
    ] {
        let (code, _, stderr) = ended(&mut tftop(arguments));
        assert!(code == Some(2) && stderr.contains(said), "{arguments:?}: {code:?} {stderr}");
    }
}
