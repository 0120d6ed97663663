//! Each cause on a real process that has it, wherever it can be made here. What other programs do to the machine at the same
//! time must not matter: a test waits until a finding is there, and asserts what no load can change.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use tftop::data::Pid;
use tftop::data::limits::{CapKind, Grade};
use tftop::data::sample::Interest;
use tftop::data::scene::{Answer, Finding, Level, Scene, Verdict};
use tftop::model::build_scene::Model;
use tftop::model::origin::families::Families;
use tftop::probe::live::{Live, LiveOptions};

use crate::deadline::wait_for;
use crate::target::{Target, script_command};
use crate::{NAMING, python};

/// As live watching has it.
const INTERVAL: Duration = Duration::from_secs(1);
/// Long enough for the judged window to fill, even where the machine is slow.
const PATIENCE: Duration = Duration::from_secs(60);

/// A target, seen as the dashboard sees it.
pub(crate) struct Watch {
    live: Live,
    model: Model,
    next: Instant,
    target: Target,
}

impl Watch {
    fn start(python: &Path, script: &str, arguments: &[&str]) -> Self {
        Self::of(Target::start(python, script, arguments))
    }

    pub(crate) fn of(target: Target) -> Self {
        let live = Live::attach(Pid(target.pid()), LiveOptions::default()).unwrap();
        Self { live, model: Model::new(Families::builtin()), next: Instant::now(), target }
    }

    /// The target's pid.
    pub(crate) fn pid(&self) -> u32 {
        self.target.pid()
    }

    /// The scene of the next second.
    fn scene(&mut self) -> Scene {
        std::thread::sleep(self.next.saturating_duration_since(Instant::now()));
        self.next += INTERVAL;
        self.model.next(Arc::new(self.live.next(&Interest::default(), Duration::ZERO)))
    }

    /// The first scene that is as wanted.
    pub(crate) fn until(&mut self, what: &str, wanted: impl Fn(&Scene) -> bool) -> Scene {
        let end = Instant::now() + PATIENCE;
        loop {
            let scene = self.scene();
            if wanted(&scene) {
                return scene;
            }
            assert!(Instant::now() < end, "{what}: not within {PATIENCE:?}\n{}", told(&scene));
        }
    }

    /// The scene in which a rule finds something.
    pub(crate) fn finds(&mut self, code: &str) -> (Scene, Finding) {
        let scene = self.until(code, |scene| found(scene, code).is_some());
        let finding = found(&scene, code).unwrap().clone();
        (scene, finding)
    }
}

/// Whether the headline says that more is wanted than there is, however much more: two threads on one CPU are a notice
/// or oversubscription, as the machine has it.
pub(crate) fn accused(scene: &Scene) -> bool {
    matches!(scene.headline.condition, Verdict::Notice | Verdict::Oversubscribed | Verdict::Severe)
}

fn verdict<'a>(scene: &'a Scene, code: &str) -> &'a Answer {
    &scene.judgements.iter().find(|judgement| judgement.code == code).expect(code).answer
}

pub(crate) fn found<'a>(scene: &'a Scene, code: &str) -> Option<&'a Finding> {
    match verdict(scene, code) {
        Answer::Found(finding) => Some(finding),
        _ => None,
    }
}

/// Everything a failed test needs to say.
pub(crate) fn told(scene: &Scene) -> String {
    let judgements: Vec<_> = scene.judgements.iter().map(|j| format!("{}: {:?}", j.code, j.answer)).collect();
    format!("{:#?}\n{}\n{:#?}", scene.headline, judgements.join("\n"), scene.groups)
}

pub(crate) fn cpus() -> usize {
    available_parallelism().unwrap().get()
}

/// Whether this machine has the CPUs a test needs; says so where not.
pub(crate) fn enough_cpus(needed: usize) -> bool {
    if cpus() < needed {
        python::say(&format!("{}: needs {needed} CPUs", python::test_name()));
    }
    cpus() >= needed
}

#[test]
fn a_setting_after_the_first_device_list_is_late() {
    let Some(python) = python::tensorflow(NAMING) else { return };
    let size = cpus() + 5;
    let (scene, late) = Watch::start(&python, "causes.py", &["late", &size.to_string()]).finds("late-setting");
    assert_eq!(late.grade, Grade::Corroborated, "{}", told(&scene));
    let says = format!("tf.config says intra = {size}, but the pool has {} threads, one a CPU", cpus());
    assert!(late.message.starts_with(&says), "{}", late.message);
    assert_eq!((late.level, *late.remedy.caps.get(CapKind::Intra)), (Level::Notice, Some(size as u32)));
}

#[test]
fn a_session_after_the_first_device_list_is_late_and_its_line_is_named() {
    if cpus() == 7 {
        return python::say("7 CPUs: the session asks for what it has");
    }
    let Some(python) = python::tensorflow(NAMING) else { return };
    let (scene, late) = Watch::start(&python, "late_session.py", &[]).finds("late-setting");
    assert_eq!(late.grade, Grade::Inferred, "{}", told(&scene));
    assert!(late.message.starts_with("late_session.py:8 asks for intra = 7"), "{}", late.message);
}

#[test]
fn a_call_overrules_a_variable_a_zero_means_all_and_a_variable_comes_too_late() {
    let Some(python) = python::tensorflow(NAMING) else { return };
    let size = cpus() + 5;
    let mut command = script_command(&python, "causes.py", &["overruled", &size.to_string()]);
    command.env("TF_NUM_INTRAOP_THREADS", "3");
    let mut watch = Watch::of(Target::start_command(command));
    let (scene, overridden) = watch.finds("env-overridden");
    let says = format!("TF_NUM_INTRAOP_THREADS=3 does nothing: tf.config says {size} and the pool has {size}");
    assert_eq!(overridden.message, says, "{}", told(&scene));
    assert!(matches!(verdict(&scene, "late-setting"), Answer::Clear { .. }), "{}", told(&scene));
    if enough_cpus(2) {
        let zero = found(&scene, "zero-means-all").unwrap_or_else(|| panic!("{}", told(&scene)));
        assert!(zero.message.starts_with("inter = 0 in tf.config means all CPUs"), "{}", zero.message);
        let late = found(&scene, "env-too-late").unwrap_or_else(|| panic!("{}", told(&scene)));
        assert!(
            late.message.starts_with("The program set OPENBLAS_NUM_THREADS=1 too late for OpenBLAS"),
            "{}",
            late.message
        );
        assert_eq!(late.grade, Grade::Corroborated, "{}", told(&scene));
    }
}

#[test]
fn an_openblas_that_nobody_capped_is_named_with_the_variable_that_would() {
    let (Some(python), true) = (python::tensorflow(NAMING), enough_cpus(2)) else { return };
    let mut command = script_command(&python, "causes.py", &["blas"]);
    command.env("MKL_NUM_THREADS", "1");
    let mut watch = Watch::of(Target::start_command(command));
    let scene = watch.until("too much is wanted", accused);
    assert!(scene.headline.message.contains("OpenBLAS numpy, no limit set"), "{}", told(&scene));
    assert!(scene.headline.advice.starts_with("OPENBLAS_NUM_THREADS=1: "), "{}", told(&scene));
    let other = found(&scene, "blas-other-variable").unwrap_or_else(|| panic!("{}", told(&scene)));
    assert!(other.message.starts_with("MKL_NUM_THREADS=1 does not control OpenBLAS numpy"), "{}", other.message);
}

#[test]
fn an_openmp_team_larger_than_the_machine_is_the_culprit() {
    let Some(python) = python::tensorflow(NAMING) else { return };
    let mut command = script_command(&python, "causes.py", &["openmp"]);
    command.env("OMP_NUM_THREADS", (4 * cpus()).to_string()).env("OPENBLAS_NUM_THREADS", "1");
    let mut watch = Watch::of(Target::start_command(command));
    let scene = watch.until("an accusation", accused);
    assert!(scene.headline.message.contains("OpenMP sklearn, limit"), "{}", told(&scene));
    assert!(scene.headline.advice.starts_with("OMP_NUM_THREADS="), "{}", told(&scene));
    assert!(matches!(verdict(&scene, "omp-does-the-work"), Answer::Clear { .. }), "{}", told(&scene));
}

#[test]
fn private_pools_of_tf_data_are_found_beside_limited_pools() {
    let Some(python) = python::tensorflow(NAMING) else { return };
    let mut watch = Watch::start(&python, "causes.py", &["data", "4"]);
    let (scene, uncapped) = watch.finds("tf-data-uncapped");
    assert!(uncapped.message.contains(&format!("private pools of {} threads", cpus())), "{}", told(&scene));
    assert_eq!(*uncapped.remedy.caps.get(CapKind::Data), Some(1));
    let other = found(&scene, "other-pool").unwrap_or_else(|| panic!("{}", told(&scene)));
    assert!(other.message.starts_with("tf.config limits intra-op to 1"), "{}", other.message);
}

#[test]
fn xlas_pools_that_compile_are_found_beside_a_limited_one() {
    let Some(python) = python::tensorflow(NAMING) else { return };
    let mut watch = Watch::start(&python, "causes.py", &["xla", "1"]);
    let (scene, xla) = watch.finds("xla-own-pool");
    assert!(xla.message.contains("only CPU affinity limits most of its pools"), "{}", told(&scene));
}

#[test]
fn a_quota_that_runs_out_comes_first() {
    let (Some(python), true) = (python::tensorflow(NAMING), enough_cpus(2)) else { return };
    let Some(quota) = QuotaCgroup::make() else {
        return python::say("no cgroup with a CPU quota can be made here (needs root and a cpu controller)");
    };
    let target = Target::start(&python, "caps.py", &["0", "0"]);
    fs::write(quota.0.join("cgroup.procs"), target.pid().to_string()).unwrap();
    let mut watch = Watch::of(target);
    let scene = watch.until("throttled", |scene| scene.headline.condition == Verdict::Throttled);
    let throttled = found(&scene, "throttled").unwrap_or_else(|| panic!("{}", told(&scene)));
    assert!(throttled.message.starts_with("The CPU quota of 0.30 CPUs ran out in "), "{}", throttled.message);
    assert!(throttled.level >= Level::Oversubscribed);
    let seen = found(&scene, "quota-not-seen").unwrap_or_else(|| panic!("{}", told(&scene)));
    assert!(seen.message.ends_with("the quota grants 0.30 CPUs"), "{}", seen.message);
    assert!(found(&scene, "starved").is_none(), "{}", told(&scene));
    drop(watch);
}

#[test]
fn one_thread_on_a_busy_machine_accuses_the_neighbours_and_not_itself() {
    // Only once it is this test's turn: neighbours would disturb the other tests' targets.
    let mut watch = Watch::start(&python::plain(), "causes.py", &["spin", "1"]);
    let _neighbours = Neighbours::start(4 * cpus());
    let scene = watch.until("starved", |scene| scene.headline.condition == Verdict::Starved);
    assert!(scene.headline.message.starts_with("neighbours take 0."), "{}", told(&scene));
    assert!(scene.headline.message.ends_with("your limits are fine"), "{}", told(&scene));
    assert!(found(&scene, "starved").is_some_and(|finding| finding.grade == Grade::Corroborated), "{}", told(&scene));
    nothing_above_notice(&scene);
}

#[test]
fn a_server_that_hardly_runs_is_healthy_on_a_busy_machine() {
    let Some(python) = python::tensorflow(NAMING) else { return };
    let mut watch = Watch::start(&python, "causes.py", &["server"]);
    let _neighbours = Neighbours::start(2 * cpus());
    let scene = watch.until("judged", |scene| scene.headline.condition != Verdict::TooSoon);
    assert_eq!(scene.headline.condition, Verdict::Healthy, "{}", told(&scene));
    assert!(found(&scene, "starved").is_none(), "{}", told(&scene));
}

#[test]
fn a_process_that_a_signal_stopped_is_stopped_until_it_goes_on() {
    let mut watch = Watch::start(&python::plain(), "causes.py", &["spin", "2"]);
    let pid = watch.target.pid().to_string();
    let signal = |name: &str| assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    watch.scene();
    signal("-STOP");
    let scene = watch.until("stopped", |scene| scene.headline.condition == Verdict::Stopped);
    assert_eq!(scene.headline.advice, format!("`kill -CONT {pid}` resumes it."), "{}", told(&scene));
    signal("-CONT");
    watch.until("going on", |scene| scene.headline.condition != Verdict::Stopped);
}

/// The other CPUs must idle for that, which nobody can promise: then the rule must stay silent.
#[test]
fn threads_that_their_masks_pile_up_are_found_where_other_cpus_idle() {
    if !enough_cpus(2) {
        return;
    }
    let mut watch = Watch::start(&python::plain(), "causes.py", &["piled", "3"]);
    let end = Instant::now() + Duration::from_secs(25);
    let mut idle_looks = 0;
    while Instant::now() < end {
        let scene = watch.scene();
        let idle = scene.cpus.iter().any(|cpu| cpu.allowed && 1.0 - cpu.ours - cpu.others > 0.2 && cpu.ours < 0.2);
        idle_looks = if idle { idle_looks + 1 } else { 0 };
        match found(&scene, "piled-affinity") {
            Some(piled) => {
                assert!(piled.message.starts_with("3 busy threads may run on CPU "), "{}", piled.message);
                assert!(idle, "{}", told(&scene));
                return;
            }
            None => assert!(idle_looks < 14, "{idle_looks} looks saw an idle CPU\n{}", told(&scene)),
        }
    }
    python::say("no CPU idled for ten seconds: piled threads can't be told from a busy machine here");
}

#[test]
fn workers_with_pools_of_their_own_are_counted_together() {
    let (Some(python), true) = (python::tensorflow(NAMING), (2..=16).contains(&cpus())) else { return };
    let workers = cpus() + 1;
    let mut watch = Watch::start(&python, "causes.py", &["workers", &workers.to_string()]);
    let (scene, many) = watch.finds("many-processes");
    assert!(many.message.ends_with("each has its own pools"), "{}", told(&scene));
    let blas = scene.groups.iter().find(|group| group.key.origin.as_ref() == "openblas").unwrap();
    assert!(blas.limits.processes.len() >= 2, "{}", told(&scene));
    assert!(blas.limits.processes.iter().all(|process| process.threads as usize == cpus() - 1), "{}", told(&scene));
    assert_eq!(blas.limits.exceeded_by, 0, "a default is nobody's limit");
}

/// One minute: a run under its limits with many threads asleep is never accused, and its leak is found, but not too soon.
#[test]
fn a_capped_run_with_sleeping_threads_is_healthy_for_a_minute_and_its_leak_is_found() {
    let Some(python) = python::tensorflow(NAMING) else { return };
    let many = 6 * cpus();
    let mut watch = Watch::start(&python, "causes.py", &["capped", &many.to_string()]);
    let (begun, mut healthy, mut asleep) = (Instant::now(), 0, 0);
    let leak = loop {
        let scene = watch.scene();
        nothing_above_notice(&scene);
        for code in
            ["late-setting", "env-overridden", "env-too-late", "zero-means-all", "other-pool", "tf-data-uncapped"]
        {
            assert!(found(&scene, code).is_none(), "{code}\n{}", told(&scene));
        }
        healthy += u32::from(scene.headline.condition == Verdict::Healthy);
        asleep += u32::from(found(&scene, "asleep-is-fine").is_some());
        if let Some(leak) = found(&scene, "thread-leak") {
            break leak.clone();
        }
        let watched = begun.elapsed();
        assert!(watched < PATIENCE + Duration::from_secs(30), "{watched:?}\n{}", told(&scene));
    };
    assert!(begun.elapsed() >= Duration::from_secs(55), "too soon to say");
    assert!(
        leak.message.starts_with("Python grew from ") && leak.message.contains("does not shrink, most of them Thread-"),
        "{}",
        leak.message
    );
    assert_eq!(asleep, 0, "threads that keep coming are not fine");
    python::say(&format!("healthy in {healthy} scenes of a minute; the others had busy neighbours"));
}

fn nothing_above_notice(scene: &Scene) {
    let above = |judgement: &&tftop::data::scene::RuleAnswer| matches!(&judgement.answer, Answer::Found(finding) if finding.level > Level::Notice);
    assert!(!scene.judgements.iter().any(|judgement| above(&judgement)), "{}", told(scene));
    assert!(scene.headline.condition.level() <= Level::Notice, "{}", told(scene));
}

/// Processes that are none of the target's and want CPUs all the time; killed when dropped.
struct Neighbours(Vec<Child>);

impl Neighbours {
    fn start(count: usize) -> Self {
        let busy = || Command::new("sh").args(["-c", "while :; do :; done"]).stdin(Stdio::null()).spawn().unwrap();
        Self((0..count).map(|_| busy()).collect())
    }
}

impl Drop for Neighbours {
    fn drop(&mut self) {
        for neighbour in &mut self.0 {
            let _ = neighbour.kill();
            let _ = neighbour.wait();
        }
    }
}

/// A cgroup of our own with three tenths of a CPU, removed when dropped; its processes must be gone by then.
struct QuotaCgroup(PathBuf);

impl QuotaCgroup {
    fn make() -> Option<Self> {
        let name = format!("tftop-test-{}", std::process::id());
        let (v1, v2) = (Path::new("/sys/fs/cgroup/cpu"), Path::new("/sys/fs/cgroup"));
        for (parent, file, quota) in [(v1, "cpu.cfs_quota_us", "30000"), (v2, "cpu.max", "30000 100000")] {
            let cgroup = Self(parent.join(&name));
            let made = fs::create_dir(&cgroup.0).is_ok();
            if made && cgroup.0.join(file).exists() && fs::write(cgroup.0.join(file), quota).is_ok() {
                return Some(cgroup);
            }
        }
        None
    }
}

impl Drop for QuotaCgroup {
    fn drop(&mut self) {
        if self.0.exists() {
            wait_for("the cgroup can be removed", PATIENCE, || fs::remove_dir(&self.0).ok());
        }
    }
}
