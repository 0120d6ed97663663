//! `tftop stack --sample` on real processes: what it says threads did, the stacks it writes, and that a target pays no
//! more than it says.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Output, Stdio};
use std::thread::available_parallelism;

use serde::Deserialize;

use crate::deadline::{LONG, wait_for};
use crate::stacks::cpu_ticks;
use crate::target::{Target, script_command, states};
use crate::{NAMING, python};

/// The promise of `--stop`.
const LARGEST_SHARE: f64 = 0.01;

#[derive(Debug, Deserialize)]
struct Profile {
    schema: String,
    rounds: u64,
    stops: Stops,
    groups: Vec<Group>,
    folded: Option<Vec<Folded>>,
}

#[derive(Debug, Deserialize)]
struct Stops {
    count: u64,
    longest_ms: f64,
    stopped_ms: f64,
    stopped_share: f64,
}

#[derive(Debug, Deserialize)]
struct Group {
    origin: Option<String>,
    threads: u64,
    looks: u64,
    activities: BTreeMap<String, u64>,
}

#[derive(Debug, Deserialize)]
struct Folded {
    stack: String,
}

impl Profile {
    fn of(output: &Output) -> Self {
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
    }

    /// The only group there is.
    fn group(&self) -> &Group {
        assert_eq!(self.groups.len(), 1, "{self:#?}");
        &self.groups[0]
    }
}

impl Group {
    fn share(&self, activity: &str) -> f64 {
        self.activities[activity] as f64 / self.looks as f64
    }
}

fn sampling(pid: u32, time: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tftop"));
    command.args(["stack", &pid.to_string(), "--sample", time]).args(arguments);
    command
}

fn sampled(pid: u32, arguments: &[&str]) -> Output {
    let output = sampling(pid, "2s", arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    output
}

#[test]
fn a_busy_pool_is_sampled_within_the_promised_slowdown_and_runs_on() {
    let Some(python) = python::tensorflow(NAMING) else { return };
    let target = Target::start(&python, "wide.py", &["2"]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("folded");
    let arguments = ["--group", "tf-intra-op", "--stop", "--folded", path.to_str().unwrap()];
    wait_for("a part of an operation in the table, and threads stopped for less than 1 % of the time", LONG, || {
        let text = String::from_utf8(sampled(target.pid(), &arguments).stdout).unwrap();
        // "Threads were stopped one at a time: 15.34 ms in all, 0.77 % of the time, …"
        let percent = text.split_once(" ms in all, ")?.1.split_once(" % of the time")?.0;
        let within = percent.parse::<f64>().unwrap() <= LARGEST_SHARE * 100.0;
        // Where the machine is too full to keep it, that is said.
        assert!(within || text.contains("More than the 1 % aimed at"), "{text}");
        // Which operation it is part of is not on a worker's stack; of what kind it is, mostly is.
        let works = |line: &str| {
            let what = line.split_once(" working ").map_or("", |(_, what)| what);
            ["(Eigen)", "oneDNN", "MatMul"].iter().any(|kind| what.contains(kind))
        };
        (within && text.lines().any(works)).then_some(())
    });
    wait_for("the same in JSON", LONG, || {
        let arguments = [&arguments[..], &["--json"]].concat();
        let profile = Profile::of(&sampled(target.pid(), &arguments));
        let (group, stops) = (profile.group(), &profile.stops);
        assert_eq!((profile.schema.as_str(), group.origin.as_deref()), ("tftop.profile/1", Some("tf-intra-op")));
        assert_eq!((group.threads, profile.folded.is_none()), (2, true), "{profile:#?}");
        assert!(profile.rounds > 0 && stops.longest_ms <= stops.stopped_ms, "{profile:#?}");
        let meant: u64 = group.activities.values().sum();
        assert_eq!(folded_looks(&fs::read_to_string(&path).unwrap()), meant, "{profile:#?}");
        (stops.count > 0 && stops.stopped_share <= LARGEST_SHARE && group.activities["working"] > 0).then_some(())
    });
    let states = states(target.pid()).unwrap();
    assert!(!states.iter().any(|state| ['T', 't'].contains(state)), "{states:?}");
    let before = cpu_ticks(target.pid());
    wait_for("it runs on", LONG, || (cpu_ticks(target.pid()) > before).then_some(()));
}

/// The counts of all lines together. Each is `group;activity;outermost;…;innermost COUNT`.
fn folded_looks(text: &str) -> u64 {
    let count = |line: &str| {
        let (stack, count) = line.rsplit_once(' ').unwrap();
        let parts: Vec<&str> = stack.split(';').collect();
        assert!(parts.len() > 2 && parts.iter().all(|part| !part.is_empty()), "{line}");
        assert!(["working", "spinning", "waiting", "unknown"].contains(&parts[1]), "{line}");
        count.parse::<u64>().unwrap()
    };
    text.lines().map(count).sum()
}

/// What OMP_WAIT_POLICY is for. libgomp spins only where it has no more threads than CPUs.
#[test]
fn idle_threads_of_libgomp_spin_or_wait_as_its_policy_says() {
    if available_parallelism().unwrap().get() < 2 {
        python::say(&format!("{}: SKIPPED, because libgomp does not spin on one CPU", python::test_name()));
        return;
    }
    let Some(python) = python::tensorflow(NAMING) else { return };
    for (policy, mostly, rarely) in [("active", "spinning", "waiting"), ("passive", "waiting", "spinning")] {
        let mut command = script_command(&python, "regions.py", &[]);
        command.env("OMP_WAIT_POLICY", policy).env("OMP_NUM_THREADS", "2").env("OPENBLAS_NUM_THREADS", "1");
        let target = Target::start_command(command);
        wait_for(&format!("threads of a policy that is {policy} mostly {mostly}"), LONG, || {
            let profile = Profile::of(&sampled(target.pid(), &["--group", "openmp", "--stop", "--json"]));
            let group = profile.group();
            (group.share(mostly) > 0.5 && group.share(rarely) < 0.5).then_some(())
        });
    }
}

/// Counters see a thread that is always runnable; stacks see that it has nothing to do.
#[test]
fn threads_that_spin_are_found_where_stacks_may_be_taken() {
    if available_parallelism().unwrap().get() < 2 {
        python::say(&format!("{}: SKIPPED, because libgomp does not spin on one CPU", python::test_name()));
        return;
    }
    let Some(python) = python::tensorflow(NAMING) else { return };
    let mut command = script_command(&python, "regions.py", &[]);
    command.env("OMP_WAIT_POLICY", "active").env("OMP_NUM_THREADS", "2").env("OPENBLAS_NUM_THREADS", "1");
    let target = Target::start_command(command);
    let explained = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tftop"));
        let output = command.args(["explain", &target.pid().to_string(), "--for", "11s"]).args(more).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(!explained(&[]).contains("OpenMP threads spin:"), "nobody let stacks be taken");
    wait_for("the finding", LONG, || {
        explained(&["--sample", "3s", "--stop"]).contains("OpenMP threads spin:").then_some(())
    });
}

#[test]
fn a_thread_born_while_stacks_are_taken_is_sampled_too() {
    let folder = tempfile::tempdir().unwrap();
    // A short time does on a machine with time to spare.
    let found = ["3s", "15s", "60s"].iter().enumerate().any(|(at, time)| {
        let flag = folder.path().join(at.to_string());
        let target = Target::start(&python::plain(), "births.py", &[flag.to_str().unwrap()]);
        let mut command = sampling(target.pid(), time, &["--group", "python", "--stop", "--json", "--folded", "-"]);
        let mut tftop = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // It is said that threads are stopped once it is known which.
        let mut said = String::new();
        BufReader::new(tftop.stderr.take().unwrap()).read_line(&mut said).unwrap();
        assert!(said.contains("stopping threads"), "{said}");
        fs::write(&flag, "").unwrap();
        let output = tftop.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let profile = Profile::of(&output);
        let has = |function: &str| profile.folded.iter().flatten().any(|folded| folded.stack.contains(function));
        // A thread that was seen may not have been read.
        assert!(profile.group().threads == 2 || !has(";late (births.py:"), "{profile:#?}");
        has(";early (births.py:") && has(";late (births.py:")
    });
    assert!(found, "it was never seen");
}
