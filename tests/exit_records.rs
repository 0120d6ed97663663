//! Threads that live and die between two looks, by the kernel's exit records: as root all of them are there, with what they waited;
//! whoever may not have them is told why. The target itself says what is true.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/known_threads.rs"]
#[allow(dead_code)] // each test binary uses its part
mod known_threads;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use known_threads::Target;
use serde_json::Value;
use tftop::data::Pid;
use tftop::data::sample::{AccountingSource, Interest, Sample};
use tftop::data::scene::{Group, Scene};
use tftop::model::build_scene::Model;
use tftop::model::origin::families::Families;
use tftop::probe::live::{Live, LiveOptions};

/// Longer than anything here takes on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// The user and group ids of nobody, by convention.
const NOBODY: u32 = 65534;

/// Looks at a target twice a second.
struct Watch {
    target: Option<Target>,
    live: Live,
    model: Model,
}

impl Watch {
    /// None where exit records are not to be had: the reason is printed.
    fn begin(target: Target) -> Option<Self> {
        let mut live = Live::attach(Pid(target.pid()), LiveOptions::default()).unwrap();
        let mut model = Model::of_whole_watch(Families::builtin());
        let sample = live.next(&Interest::default(), Duration::ZERO);
        if let Some(why) = sample.accounting.why_not(AccountingSource::ExitRecords) {
            println!("skipped: {why}");
            return None;
        }
        model.next(Arc::new(sample));
        Some(Self { target: Some(target), live, model })
    }

    fn look(&mut self) -> (Arc<Sample>, Scene) {
        let sample = Arc::new(self.live.next(&Interest::default(), Duration::ZERO));
        (sample.clone(), self.model.next(sample))
    }

    /// Looks until the target has done what it was told, and once more.
    fn during(&mut self, line: &str) -> (Arc<Sample>, Scene) {
        let (mut target, deadline) = (self.target.take().unwrap(), Instant::now() + PATIENCE);
        target.begin(line);
        let done = std::thread::spawn(move || {
            target.finish();
            target
        });
        while !done.is_finished() {
            std::thread::sleep(Duration::from_millis(500));
            self.look();
            assert!(Instant::now() < deadline, "{line} never ended");
        }
        self.target = Some(done.join().unwrap());
        self.look()
    }
}

fn ended(scene: &Scene) -> &Group {
    scene.groups.iter().find(|group| group.key.is_of_ended()).expect("the row of threads that ended between looks")
}

#[test]
fn of_a_thousand_births_a_second_every_end_is_counted() {
    let mut target = Target::start();
    target.say("idle 5");
    let Some(mut watch) = Watch::begin(target) else { return };
    watch.during("churn 1000");
    let (sample, scene) = watch.during("burn 1");
    assert_eq!(sample.accounting.lost_records, 0);
    assert_eq!(sample.processes[0].exits.threads, 1001);
    assert_eq!(scene.groups.iter().map(|group| group.died).sum::<u64>(), 1001, "{:#?}", scene.groups);
    // The five that looks know end with their own group.
    let (sample, scene) = watch.during("end");
    assert_eq!(sample.processes[0].exits.threads, 1006);
    assert_eq!(scene.groups.iter().map(|group| group.died).sum::<u64>(), 1006, "{:#?}", scene.groups);
}

#[test]
fn what_they_ran_is_within_a_hundredth_of_the_clock_and_nothing_is_counted_twice() {
    let Some(mut watch) = Watch::begin(Target::start()) else { return };
    let clock_s = |sample: &Sample| sample.processes[0].clock.unwrap().cpu_ns as f64 / 1e9;
    let (before, scene) = watch.look();
    let total_s = |scene: &Scene| scene.groups.iter().map(|group| group.total_run_s).sum::<f64>();
    let (began_s, counted_s) = (clock_s(&before), total_s(&scene));
    let (after, scene) = watch.during("burn 1500");
    let (used_s, seen_s) = (clock_s(&after) - began_s, total_s(&scene) - counted_s);
    assert!(used_s > 4.5, "{used_s}");
    assert!((seen_s - used_s).abs() <= used_s / 100.0, "{seen_s} s counted, {used_s} s on the clock");
    // Whom a look sees is of another group: on a crowded machine one of them may live for a fifth of the time between two looks.
    assert!(ended(&scene).total_run_s > used_s / 2.0, "{:#?}", ended(&scene));
}

/// On one CPU, beside a thread that spins, each of them waits about as long as it runs.
#[test]
fn what_they_waited_for_a_busy_cpu_is_what_they_say_themselves() {
    let mut target = Target::start_below(&["taskset", "--cpu-list", "0"]);
    target.say("spin 1");
    let Some(mut watch) = Watch::begin(target) else { return };
    let living_s = |sample: &Sample| {
        sample.processes[0].threads.iter().map(|thread| thread.counters.wait_ns).sum::<u64>() as f64 / 1e9
    };
    let total_s = |scene: &Scene| scene.groups.iter().map(|group| group.total_wait_s).sum::<f64>();
    let (first, scene) = watch.look();
    let (living_before_s, total_before_s) = (living_s(&first), total_s(&scene));
    let (sample, scene) = watch.during("burn 300");
    let [run_us, wait_us] = watch.target.as_mut().unwrap().say("waited")[..] else { panic!("two numbers") };
    let (run_s, wait_s) = (f64::from(run_us) / 1e6, f64::from(wait_us) / 1e6);
    assert!(run_s >= 0.9 && wait_s > 0.3, "ran {run_s} s, waited {wait_s} s");
    let counters = sample.processes[0].exits.counters;
    let near = |ns: u64, truth_s: f64| (ns as f64 / 1e9 - truth_s).abs() < truth_s / 20.0;
    assert!(near(counters.run_ns, run_s) && near(counters.wait_ns, wait_s), "{counters:?}: {run_s} s, {wait_s} s");
    let group = ended(&scene);
    let share = group.demand.unwrap().wait_share.expect("known by the records");
    assert!(!group.waits_uncounted && share > 0.1, "{group:#?}");
    // Those that a look saw are of other groups, to their last moment: all groups together waited for what all threads did.
    let (waited_s, counted_s) = (wait_s + living_s(&sample) - living_before_s, total_s(&scene) - total_before_s);
    assert!((counted_s - waited_s).abs() < waited_s / 50.0, "{counted_s} s counted, {waited_s} s waited: {group:#?}");
    assert!(group.total_wait_s > wait_s / 4.0, "{} s of {wait_s} s", group.total_wait_s);
}

/// A copy of the binary that any user can execute: a build folder may lie in a home that is closed to others.
fn reachable_binary(folder: &Path) -> PathBuf {
    let copy = folder.join("tftop");
    fs::copy(env!("CARGO_BIN_EXE_tftop"), &copy).unwrap();
    for path in [folder, &copy] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    copy
}

fn said(command: &mut Command) -> String {
    let output = command.env("XDG_CONFIG_HOME", "/nonexistent").current_dir("/").output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn who_is_not_root_has_the_process_clock_and_the_step_that_would_give_more() {
    let mut target = Target::start();
    let folder = tempfile::tempdir().unwrap();
    let binary = reachable_binary(folder.path());
    let as_nobody = || {
        let mut command = Command::new(&binary);
        if rustix::process::geteuid().is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    };
    let doctor = said(as_nobody().arg("doctor"));
    let at = doctor.find("!   thread accounting by exit-records: ").unwrap_or_else(|| panic!("{doctor}"));
    assert!(doctor.contains("ok  thread accounting by process-clock"), "{doctor}");
    assert!(doctor[at..].lines().nth(1).unwrap().starts_with("      fix: run tftop with sudo"), "{doctor}");
    target.begin("burn 400");
    let report = said(as_nobody().args(["report", &target.pid().to_string(), "--json", "--for", "1s", "--trace"]));
    target.finish();
    let report: Value = serde_json::from_str(&report).unwrap_or_else(|error| panic!("{error}: {report}"));
    let accounting = &report["thread_accounting"];
    assert_eq!(accounting["source"], "process-clock", "{accounting}");
    assert_eq!(accounting["missing"][0]["source"], "exit-records", "{accounting}");
    assert!(accounting["missing"][0]["why"].as_str().unwrap().contains("root or CAP_NET_ADMIN"), "{accounting}");
    if rustix::process::geteuid().is_root() {
        // The target is root's.
        assert_eq!(
            (&report["trace"]["state"], &accounting["missing"][1]["source"]),
            (&"refused".into(), &"trace".into())
        );
        let why = report["trace"]["why"].as_str().unwrap();
        assert!(why.contains("run tftop as root"), "{why}");
    }
    let groups = report["groups"].as_array().unwrap();
    let ended = groups.iter().find(|group| group["origin"] == "ended").unwrap_or_else(|| panic!("{groups:#?}"));
    assert!(ended["run_s"].as_f64().unwrap() > 0.0 && ended["wait_s"].is_null() && ended["died"] == 0, "{ended:#}");
}

/// As in containers: namespaces of its own.
#[test]
fn in_namespaces_of_its_own_it_says_which() {
    for (unshare, why) in [(&["--net"][..], "network namespace"), (&["--pid", "--fork"], "pid and user namespaces")] {
        let mut command = Command::new("unshare");
        command.args(unshare).arg(env!("CARGO_BIN_EXE_tftop")).arg("doctor");
        let doctor = said(&mut command);
        if !doctor.contains("thread accounting") {
            println!("skipped: no namespaces of one's own here: {doctor}");
            continue;
        }
        let line = doctor.lines().find(|line| line.contains("exit-records")).unwrap();
        assert!(line.starts_with("  !   ") && line.contains(why), "{unshare:?}: {doctor}");
    }
}
