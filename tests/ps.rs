//! What `tftop ps` lists: processes, jobs and the machine, and other machines (`--hosts`, `--slurm`) with a stand-in for ssh and for
//! Slurm's commands.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/command.rs"]
#[allow(dead_code)] // other tests ask for more
mod command;
#[path = "support/report_scene.rs"]
#[allow(dead_code)]
mod report_scene;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use command::{ended, tftop};
use report_scene::{scene, target};
use serde_json::{Value, json};
use tempfile::TempDir;
use tftop::data::job::rank::Rank;
use tftop::data::job::{Job, JobKey};
use tftop::data::limits::{CapKind, Caps};
use tftop::data::sample::FrameworkFact;
use tftop::data::scene::{Capacity, Demand, Headline, Scene, TargetState, TensorFlow, Term, TermKind, Thread, Verdict};
use tftop::data::{CpuSet, Framework, Gap, Pid};
use tftop::output;
use tftop::present::format::page::Page;

#[test]
fn a_listing_has_a_line_a_process_the_busiest_first() {
    let guessed = Scene {
        target: TargetState {
            pid: Pid(31),
            command: "python -m notebook".to_owned(),
            tensorflow: Some(TensorFlow { version: None, guessed: true }),
            uptime_s: 8.0,
            ..TargetState::default()
        },
        gaps: vec![Gap::new("thread names", "another user's process: run tftop with sudo")],
        ..Scene::default()
    };
    let expected = "\
2 TensorFlow processes want 4.60 of this machine's 64 CPUs and get 1.90; pid 2430 wants most: 4.60 CPUs; 1 seen only once and not counted

 PID  USER     UP  FRAMEWORK    PYTHON  THREADS  GOT CPUs  WANTED  COMMAND
2430  ana   3m12s  TF 2.21.0    3.11          3      1.90    4.60  python train.py
  31  -        8s  TF, guessed  -             0         -       -  python -m notebook

2430  missing: NumPy's thread names: the process's memory may not be read: run tftop with sudo
31  missing: thread names: another user's process: run tftop with sudo
";
    assert_eq!(output::ps_table(&[Arc::new(guessed), Arc::new(scene())], &[], Page::default()), expected);
}

#[test]
fn the_json_listing_has_its_own_schema() {
    let listing: Value = serde_json::from_str(&output::ps_json(&[Arc::new(scene())], &[]).unwrap()).unwrap();
    assert_eq!(listing["schema"], output::PS_SCHEMA);
    let process = &listing["processes"][0];
    assert_eq!(process["pid"], 2430);
    assert_eq!(process["framework"], json!({ "name": "TensorFlow", "version": "2.21.0" }));
    assert_eq!(process["tensorflow"], "2.21.0");
    assert_eq!(process["origins"][1]["library"], "numpy");
    assert_eq!(process["demand"]["wanted"], 4.6);
    let none: Value = serde_json::from_str(&output::ps_json(&[], &[]).unwrap()).unwrap();
    assert_eq!(none["processes"], Value::Array(Vec::new()));
    assert_eq!(none["host"]["demand"], Value::Null);
}

#[test]
fn a_listing_adds_up_all_processes_against_the_machine() {
    let other =
        Scene { target: TargetState { pid: Pid(99), ..target() }, demand: Some(Demand::new(3.0, 2.0)), ..scene() };
    let scenes = [Arc::new(scene()), Arc::new(other)];
    let first =
        |scenes: &[Arc<Scene>]| output::ps_table(scenes, &[], Page::default()).lines().next().unwrap().to_owned();
    assert_eq!(
        first(&scenes),
        "2 TensorFlow processes want 9.60 of this machine's 64 CPUs and get 4.90; pid 99 wants most: 5.00 CPUs"
    );
    let jax = FrameworkFact { framework: Framework::Jax, version: Some("0.10.2".into()) };
    let jax = TargetState { pid: Pid(98), tensorflow: None, frameworks: vec![jax], ..target() };
    let jax = Arc::new(Scene { target: jax, demand: Some(Demand::new(1.0, 0.0)), ..scene() });
    let mixed = [scenes[0].clone(), jax.clone()];
    assert!(first(&mixed).starts_with("2 processes want 5.60"), "{}", first(&mixed));
    assert!(
        first(std::slice::from_ref(&jax)).starts_with("1 JAX process wants 1.00"),
        "{}",
        first(std::slice::from_ref(&jax))
    );
    assert!(output::ps_table(&[jax], &[], Page::default()).contains("3m12s  JAX 0.10.2  3.11"));
    assert_eq!(first(&scenes[..1]), "1 TensorFlow process wants 4.60 of this machine's 64 CPUs and gets 1.90");
    let listing: Value = serde_json::from_str(&output::ps_json(&scenes, &[]).unwrap()).unwrap();
    let host = &listing["host"];
    assert_eq!((&host["cpus"], &host["wants_most"], &host["unmeasured"]), (&64.0.into(), &99.into(), &0.into()));
    assert_eq!(host["demand"]["wanted"], 9.6);
}

/// A rank of a job of four that gets and waits for so much, on these CPUs.
fn rank_of_job(rank: u32, got: f64, waiting: f64, cpus: &str) -> Scene {
    let environment = format!("SLURM_JOB_ID=7\0PMI_RANK={rank}\0PMI_SIZE=4\0MPI_LOCALRANKID={rank}\0MPI_LOCALNRANKS=4");
    let set: CpuSet = cpus.parse().unwrap();
    let term = |kind, set: CpuSet| Term { kind, cpus: 1.0, set: Some(set), place: None, throttled_share: None };
    let terms = vec![term(TermKind::Affinity, set), term(TermKind::Online, "0-3".parse().unwrap())];
    Scene {
        target: TargetState {
            pid: Pid(100 + rank),
            rank: Rank::from_block(environment.as_bytes()),
            processes: Vec::new(),
            ..target()
        },
        capacity: Capacity { effective_cpus: 4.0, terms, ..Capacity::default() },
        demand: Some(Demand::new(got, waiting)),
        gaps: Vec::new(),
        threads: scene().threads.iter().map(|thread| Thread { pid: Pid(100 + rank), ..thread.clone() }).collect(),
        ..scene()
    }
}

fn job_of(ranks: &[Arc<Scene>]) -> Job {
    let demand = Demand::new(4.0, 3.0);
    let headline = Headline {
        condition: Verdict::Oversubscribed,
        message: "7 threads want 4 CPUs".to_owned(),
        advice: "TF_NUM_INTRAOP_THREADS=1 would fit.".to_owned(),
        caps: Caps::of([(CapKind::Intra, 1)]),
        ..Headline::default()
    };
    Job {
        key: JobKey::of(&ranks[0].target).unwrap(),
        ranks_here: (0..ranks.len() as u32).collect(),
        share: 1.0,
        demand: Some(demand),
        scene: Arc::new(Scene { headline, ..Scene::clone(&ranks[0]) }),
    }
}

#[test]
fn ranks_of_a_job_stand_together_with_their_share_and_who_takes_from_whom() {
    let ranks = [(0, 2.4), (1, 0.9), (2, 0.4), (3, 0.3)];
    let mut scenes: Vec<Arc<Scene>> =
        ranks.iter().rev().map(|&(rank, got)| Arc::new(rank_of_job(rank, got, 0.6, "0-3"))).collect();
    scenes.push(Arc::new(Scene { demand: Some(Demand::new(0.5, 0.0)), ..scene() }));
    let job = job_of(&scenes[..4]);
    let expected = "\
5 TensorFlow processes want 6.90 of this machine's 64 CPUs and get 4.50; pid 100 wants most: 3.00 CPUs
Hydra job 7: 4 ranks want 7.0 of 4.0 CPUs and get 4.0
oversubscribed: 7 threads want 4 CPUs
TF_NUM_INTRAOP_THREADS=1 would fit.
rank 0 gets 2.40 CPUs, more than an equal share of 1.00; ranks 2, 3 get up to 0.40 CPUs each, less than they want

 PID  USER     UP  FRAMEWORK  PYTHON  RANK  THREADS  GOT CPUs  SHARE  MAY USE  INTRA  WANTED  COMMAND
 100  ana   3m12s  TF 2.21.0  3.11     0/4        3      2.40   1.00     4.00      1    3.00  python train.py
 101  ana   3m12s  TF 2.21.0  3.11     1/4        3      0.90   1.00     4.00      1    1.50  python train.py
 102  ana   3m12s  TF 2.21.0  3.11     2/4        3      0.40   1.00     4.00      1    1.00  python train.py
 103  ana   3m12s  TF 2.21.0  3.11     3/4        3      0.30   1.00     4.00      1    0.90  python train.py
2430  ana   3m12s  TF 2.21.0  3.11       -        3      0.50      -     2.00      1    0.50  python train.py

2430  missing: NumPy's thread names: the process's memory may not be read: run tftop with sudo
";
    assert_eq!(output::ps_table(&scenes, std::slice::from_ref(&job), Page::default()), expected);
    let listing: Value = serde_json::from_str(&output::ps_json(&scenes, &[job]).unwrap()).unwrap();
    let job = &listing["jobs"][0];
    assert_eq!((&job["launcher"], &job["name"], &job["ranks"]), (&json!("hydra"), &json!("7"), &json!(4)));
    assert_eq!((&job["pids"], &job["caps"]["intra"]), (&json!([103, 102, 101, 100]), &json!(1)));
    assert_eq!((&job["verdict"], &job["share"]), (&json!("oversubscribed"), &json!(1.0)));
    assert_eq!(listing["processes"][0]["rank"]["rank"], 3);
    assert_eq!(listing["processes"][4]["rank"], Value::Null);
}

#[test]
fn ranks_that_a_launcher_bound_to_one_cpu_are_told_and_those_with_cpus_of_their_own_are_not() {
    let text = |masks: [&str; 4]| {
        let scenes: Vec<Arc<Scene>> =
            (0..4).zip(masks).map(|(rank, mask)| Arc::new(rank_of_job(rank, 0.9, 0.1, mask))).collect();
        output::ps_table(&scenes, &[job_of(&scenes)], Page::default())
    };
    let bound = text(["0", "0", "0", "3"]);
    assert!(bound.contains("ranks 0, 1, 2 are bound to CPU 0 alone, of 4 that the machine grants"), "{bound}");
    for fine in [["0", "1", "2", "3"], ["0-1", "0-1", "2-3", "2-3"], ["0-3"; 4], ["0-1", "0-1", "2", "3"]] {
        assert!(!text(fine).contains("bound to"), "{fine:?}");
    }
}

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
