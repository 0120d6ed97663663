//! The sampler on real processes with known threads.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/known_threads.rs"]
mod known_threads;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use known_threads::Target;
use tftop::data::sample::{
    CounterSource, Counters, Interest, KernelStack, ProcessSample, Sample, SyscallState, ThreadDetail, ThreadState,
};
use tftop::data::scene::Scene;
use tftop::data::{Pid, ThreadKey};
use tftop::model::build_scene::Model;
use tftop::model::origin::families::Families;
use tftop::probe::live::{AttachError, Live, LiveOptions};

/// Longer than anything here takes on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn attach(pid: u32) -> Live {
    Live::attach(Pid(pid), LiveOptions::default()).unwrap()
}

fn next(live: &mut Live) -> Sample {
    live.next(&Interest::default(), Duration::ZERO)
}

/// Samples until the condition holds.
fn until(live: &mut Live, what: &str, holds: impl Fn(&Sample) -> bool) -> Sample {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let sample = next(live);
        if holds(&sample) {
            return sample;
        }
        assert!(Instant::now() < deadline, "never saw: {what}; last: {sample:#?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn named<'a>(process: &'a ProcessSample, comm: &'a str) -> impl Iterator<Item = &'a tftop::data::sample::ThreadFact> {
    process.threads.iter().filter(move |thread| *thread.identity.comm == *comm)
}

fn pids(sample: &Sample) -> Vec<u32> {
    sample.processes.iter().filter(|process| !process.ended).map(|process| process.fact.key.pid.0).collect()
}

#[test]
fn every_thread_is_there_with_its_name_and_state_and_only_the_busy_ones_move() {
    let mut target = Target::start();
    target.say("idle 7");
    target.say("spin 2");
    let mut live = attach(target.pid());
    // A thread names itself a moment after it was born.
    let first = until(&mut live, "all names", |sample| {
        let process = &sample.processes[0];
        process.threads.len() == 10
            && named(process, "idle (one) x").count() == 7
            && named(process, "spin").count() == 2
    });
    assert_eq!(first.source, CounterSource::Schedstat);
    assert_eq!(first.processes[0].threads.iter().filter(|thread| thread.identity.main).count(), 1);
    let idle =
        |sample: &Sample| -> u64 { named(&sample.processes[0], "idle (one) x").map(|t| t.counters.run_ns).sum() };
    let spun = |sample: &Sample| -> u64 { named(&sample.processes[0], "spin").map(|t| t.counters.run_ns).sum() };
    let second = until(&mut live, "the spinning ones run", |sample| spun(sample) > spun(&first) + 50_000_000);
    assert_eq!(idle(&first), idle(&second));
    let process = &second.processes[0];
    assert!(named(process, "spin").all(|thread| thread.state == ThreadState::Running && thread.last_cpu.is_some()));
    assert!(named(process, "idle (one) x").all(|thread| thread.state == ThreadState::Sleeping));
    let allowed = process.fact.cpus_allowed.as_ref().unwrap();
    assert!(process.threads.iter().all(|thread| thread.affinity.as_deref() == Some(allowed)));
    assert_eq!(process.fact.uid, rustix::process::geteuid().as_raw());
}

#[test]
fn births_and_deaths_are_seen_at_the_next_sample() {
    let mut target = Target::start();
    let mut live = attach(target.pid());
    assert_eq!(next(&mut live).processes[0].threads.len(), 1);
    target.say("idle 5");
    assert_eq!(next(&mut live).processes[0].threads.len(), 6);
    target.say("end");
    // A joined thread may still be leaving the kernel.
    until(&mut live, "one thread", |sample| sample.processes[0].threads.len() == 1);
    target.say("idle 300");
    let sample = next(&mut live);
    let tids: Vec<_> = sample.processes[0].threads.iter().map(|thread| thread.key.tid).collect();
    assert!(tids.is_sorted() && tids.len() == 301);
}

#[test]
fn a_thousand_threads_a_second_make_no_wrong_total() {
    let mut target = Target::start();
    let mut live = attach(target.pid());
    let mut last: HashMap<ThreadKey, Counters> = HashMap::new();
    let (mut seen, mut ticks) = (std::collections::HashSet::new(), 0);
    target.begin("churn 4000");
    let finished = std::thread::spawn(move || {
        target.finish();
        target
    });
    let deadline = Instant::now() + PATIENCE;
    while !finished.is_finished() {
        let sample = next(&mut live);
        let process = &sample.processes[0];
        assert!(process.cpu_ticks >= ticks, "a process total went back");
        ticks = process.cpu_ticks;
        assert!(process.threads.iter().any(|thread| thread.identity.main));
        for thread in &process.threads {
            seen.insert(thread.key);
            let before = last.insert(thread.key, thread.counters).unwrap_or_default();
            let now = thread.counters;
            assert!(now.run_ns >= before.run_ns && now.wait_ns >= before.wait_ns && now.slices >= before.slices);
        }
        assert!(Instant::now() < deadline, "sampling never let the target finish");
    }
    assert!(seen.len() > 10, "only {} threads seen", seen.len());
    let _target = finished.join().unwrap();
    until(&mut live, "one thread again", |sample| sample.processes[0].threads.len() == 1);
}

/// Threads that are never seen make up nearly all of what the target uses; its own clock knows of each of them.
#[test]
fn what_threads_used_that_ended_between_looks_is_counted_to_the_millisecond() {
    const THREADS: u32 = 500;
    let mut target = Target::start();
    target.say("spin 1");
    let mut live = attach(target.pid());
    let mut model = Model::new(Families::builtin());
    model.next(Arc::new(next(&mut live)));
    let clock = |sample: &Sample| sample.processes[0].clock.unwrap().cpu_ns as f64 / 1e9;
    let before_s = clock(&next(&mut live));
    target.begin(&format!("burn {THREADS}"));
    let finished = std::thread::spawn(move || {
        target.finish();
        target
    });
    let ended = |scene: &Scene| -> f64 {
        scene.groups.iter().filter(|group| *group.key.origin == *"ended").map(|group| group.total_run_s).sum()
    };
    let (mut seen_s, deadline) = (0.0, Instant::now() + PATIENCE);
    while !finished.is_finished() {
        std::thread::sleep(Duration::from_millis(100));
        seen_s = ended(&model.next(Arc::new(next(&mut live))));
        assert!(Instant::now() < deadline, "the target never finished");
    }
    let _target = finished.join().unwrap();
    let sample = Arc::new(next(&mut live));
    let used_s = clock(&sample) - before_s;
    let scene = model.next(sample);
    seen_s = ended(&scene).max(seen_s);
    let burnt_s = f64::from(THREADS) * 0.003;
    // What a thread did before it was last seen is its group's, and what may be inaccuracy is left out.
    assert!((burnt_s * 0.85..=burnt_s * 1.2).contains(&seen_s), "{seen_s} s of {burnt_s} s");
    let total_s: f64 = scene.groups.iter().map(|group| group.total_run_s).sum();
    assert!((total_s - used_s).abs() < 0.1, "{total_s} s in groups, {used_s} s on the clock");
}

#[test]
fn a_target_may_die_at_any_moment() {
    for moment in 0..40u64 {
        let mut target = Target::start();
        target.say("idle 30");
        let mut live = attach(target.pid());
        next(&mut live);
        let killer = std::thread::spawn(move || {
            // Spread over the time that a sample takes.
            let until = Instant::now() + Duration::from_micros(moment * 13);
            while Instant::now() < until {}
            if moment % 2 == 0 {
                target.kill()
            } else {
                target.kill_unreaped()
            }
            target
        });
        let sample = until(&mut live, "the end", |sample| sample.processes[0].ended);
        assert_eq!(sample.processes.len(), 1);
        drop(killer.join().unwrap());
        let after = next(&mut live);
        assert!(after.processes[0].ended);
        assert_eq!(after.processes[0].threads, sample.processes[0].threads);
    }
}

#[test]
fn a_process_that_is_gone_is_not_found() {
    let mut target = Target::start();
    let pid = target.pid();
    target.kill();
    assert!(matches!(Live::attach(Pid(pid), LiveOptions::default()), Err(AttachError::NotFound(_))));
}

#[test]
fn exec_makes_another_program_of_the_same_process() {
    let mut target = Target::start();
    target.say("idle 4");
    let mut live = attach(target.pid());
    let before = next(&mut live);
    assert_eq!((before.processes[0].threads.len(), before.processes[0].fact.command.len()), (5, 1));
    target.begin("exec");
    assert!(target.answer().starts_with("ready"));
    let after = until(&mut live, "one thread", |sample| sample.processes[0].threads.len() == 1);
    assert_eq!(after.processes[0].fact.key, before.processes[0].fact.key);
    assert_eq!(after.processes[0].fact.command.last().unwrap().as_str(), "again");
    target.say("idle 2");
    assert_eq!(next(&mut live).processes[0].threads.len(), 3);
}

#[test]
fn a_grandchild_stays_when_its_parent_dies_and_somebody_else_adopts_it() {
    let mut target = Target::start();
    let mut live = attach(target.pid());
    assert_eq!(pids(&next(&mut live)).len(), 1);
    let [child, grandchild] = target.say("fork")[..] else { panic!("two pids") };
    let mut family = vec![child, grandchild];
    family.sort_unstable();
    family.insert(0, target.pid());
    let sample = next(&mut live);
    assert_eq!(pids(&sample), family);
    let parent = |pid: u32| sample.processes.iter().find(|p| p.fact.key.pid.0 == pid).unwrap().fact.parent.0;
    assert_eq!((parent(child), parent(grandchild)), (target.pid(), child));
    target.say("orphan");
    let once = next(&mut live);
    assert_eq!(pids(&once), [target.pid(), grandchild]);
    assert_eq!(once.processes.len(), 3, "the one that ended is shown once");
    assert_eq!(next(&mut live).processes.len(), 2);
    target.kill();
    let alone = next(&mut live);
    assert_eq!(pids(&alone), [grandchild]);
    assert!(alone.processes[0].ended && alone.processes[0].fact.key.pid.0 == target.pid());
    rustix::process::kill_process(
        rustix::process::Pid::from_raw(grandchild as i32).unwrap(),
        rustix::process::Signal::KILL,
    )
    .unwrap();
    until(&mut live, "nobody left", |sample| pids(sample).is_empty());
}

#[test]
fn a_process_in_a_pid_namespace_has_the_number_it_knows_itself_by() {
    let wrapper = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"];
    if !permitted(&wrapper) {
        return eprintln!("skipped: unshare --pid is not permitted here (needs root)");
    }
    let mut target = Target::start_below(&wrapper);
    assert_eq!(target.own_pid, 1);
    target.say("idle 2");
    let mut live = attach(target.pid());
    let sample = until(&mut live, "the process below unshare", |sample| sample.processes.len() == 2);
    let inner = &sample.processes[1];
    assert_eq!((inner.fact.namespaced_pid, sample.processes[0].fact.namespaced_pid), (Some(1), None));
    assert_eq!(inner.threads.len(), 3);
    assert_ne!(inner.fact.key.pid.0, 1);
}

#[test]
fn another_users_counters_are_read_and_what_is_closed_is_said_with_one_step() {
    if !is_root() {
        return eprintln!("skipped: only root can become another user");
    }
    let mut target = Target::start();
    target.say("spin 1");
    target.say("idle 1");
    let pid = target.pid();
    // Credentials belong to a thread in the kernel: only this one becomes nobody.
    let watcher = std::thread::spawn(move || {
        let (gid, uid) = (rustix::process::Gid::from_raw(65534), rustix::process::Uid::from_raw(65534));
        rustix::thread::set_thread_res_gid(gid, gid, gid).unwrap();
        rustix::thread::set_thread_res_uid(uid, uid, uid).unwrap();
        let mut live = attach(pid);
        let first = next(&mut live);
        let run = |sample: &Sample| -> u64 { sample.processes[0].threads.iter().map(|t| t.counters.run_ns).sum() };
        let details = doing(&mut live, "idle (one) x");
        (until(&mut live, "the spinning thread runs", |sample| run(sample) > run(&first)), details)
    });
    let (sample, details) = watcher.join().unwrap();
    let Some(SyscallState::Refused(why)) = &details[0].call else { panic!("{details:?}") };
    assert!(why.contains("belongs to another user (uid 0); run tftop"), "{why}");
    let fact = &sample.processes[0].fact;
    assert_eq!((sample.processes[0].threads.len(), fact.uid, fact.environment.is_none()), (3, 0, true));
    assert!(sample.processes[0].threads.iter().all(|thread| thread.affinity.is_some()));
    let memory = fact.gaps.iter().find(|gap| gap.what == "thread names and start routines").expect("a gap");
    assert!(memory.why.contains("belongs to another user (uid 0)"), "{}", memory.why);
}

#[test]
fn a_quota_is_found_and_its_throttling_counted() {
    let Some(cgroup) = QuotaCgroup::make() else {
        return eprintln!("skipped: no cgroup with a CPU quota can be made here (needs root and a cpu controller)");
    };
    let mut target = Target::start();
    cgroup.take(target.pid());
    target.say("spin 2");
    let mut live = attach(target.pid());
    let throttled = |sample: &Sample| sample.processes[0].throttle.first().copied().flatten();
    let sample = until(&mut live, "throttling", |sample| throttled(sample).is_some_and(|t| t.throttled_periods > 2));
    let process = &sample.processes[0];
    assert_eq!(process.fact.cgroups[0].quota.cpus(), 0.2);
    assert!(process.fact.cgroups[0].path.ends_with(&cgroup.name));
    let now = throttled(&sample).unwrap();
    assert!(now.periods >= now.throttled_periods && now.throttled_ns > 0);
    drop(target);
    assert!(next(&mut live).processes[0].ended);
}

#[test]
fn a_quota_that_comes_later_is_noticed() {
    let Some(cgroup) = QuotaCgroup::make() else {
        return eprintln!("skipped: no cgroup with a CPU quota can be made here (needs root and a cpu controller)");
    };
    let target = Target::start();
    let mut live = attach(target.pid());
    assert!(next(&mut live).processes[0].fact.cgroups.iter().all(|found| !found.path.ends_with(&cgroup.name)));
    cgroup.take(target.pid());
    until(&mut live, "the quota", |sample| {
        sample.processes[0].fact.cgroups.first().is_some_and(|c| c.quota.cpus() == 0.2)
    });
}

/// What each thread of this name is doing, by the words of its call; samples until all of them are blocked.
fn doing(live: &mut Live, comm: &str) -> Vec<ThreadDetail> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let keys: Vec<ThreadKey> = named(&next(live).processes[0], comm).map(|thread| thread.key).collect();
        let sample = live.next(&Interest { waits: keys.clone(), ..Interest::default() }, Duration::ZERO);
        let details: Vec<ThreadDetail> = sample.details.into_iter().map(|(_, detail)| detail).collect();
        let blocked =
            |detail: &ThreadDetail| matches!(detail.call, Some(SyscallState::Inside(_) | SyscallState::Refused(_)));
        if !keys.is_empty() && details.len() == keys.len() && details.iter().all(blocked) {
            return details;
        }
        assert!(Instant::now() < deadline, "{comm} never blocked; last: {details:#?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn call(detail: &ThreadDetail) -> (&str, [u64; 6], Option<&str>) {
    let Some(SyscallState::Inside(call)) = &detail.call else { panic!("{detail:?}") };
    (call.name.as_deref().unwrap(), call.arguments, call.file.as_deref())
}

#[test]
fn what_a_thread_waits_for_is_read_from_its_system_call() {
    let mut target = Target::start();
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("train.tfrecord");
    let name = std::ffi::CString::new(fifo.to_str().unwrap()).unwrap();
    let kind = rustix::fs::FileType::Fifo;
    rustix::fs::mknodat(rustix::fs::CWD, &name, kind, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR, 0).unwrap();
    for line in ["idle 3", "sleep 1", "poll 1", &format!("fifo {}", fifo.display())] {
        target.say(line);
    }
    let mut live = attach(target.pid());
    for detail in doing(&mut live, "idle (one) x") {
        assert_eq!(call(&detail).0, "futex");
    }
    assert_eq!(call(&doing(&mut live, "nap")[0]).0, "clock_nanosleep");
    // An architecture without poll(2) has ppoll(2); the count stands in the same place.
    let polling = &doing(&mut live, "poll")[0];
    assert!(call(polling).0.ends_with("poll") && call(polling).1[1] == 3, "{polling:?}");
    let reading = &doing(&mut live, "fifo")[0];
    assert_eq!((call(reading).0, call(reading).2), ("read", fifo.to_str()));
    let main: Vec<ThreadKey> = next(&mut live).processes[0].threads.iter().take(1).map(|thread| thread.key).collect();
    let sample = live.next(&Interest { waits: main, ..Interest::default() }, Duration::ZERO);
    let (name, _, file) = call(&sample.details[0].1);
    assert!(name == "read" && file.is_some_and(|file| file.starts_with("pipe:")), "{name} {file:?}");
}

#[test]
fn a_blocked_thread_costs_no_second_read() {
    let mut target = Target::start();
    target.say("idle 500");
    let mut live = attach(target.pid());
    doing(&mut live, "idle (one) x");
    // Threads that have their name may still run, or wait long for a CPU to run on: their counters stand still then, too.
    let counters =
        |sample: &Sample| sample.processes[0].threads.iter().map(|it| (it.key, it.counters)).collect::<Vec<_>>();
    let end = Instant::now() + PATIENCE;
    let (mut before, mut since) = (Vec::new(), Instant::now());
    while before.len() != 501 || since.elapsed() < Duration::from_secs(1) {
        assert!(Instant::now() < end, "they never settle");
        std::thread::sleep(Duration::from_millis(50));
        let now = counters(&next(&mut live));
        if now != before {
            (before, since) = (now, Instant::now());
        }
    }
    let interest = Interest { waits: before.iter().map(|(key, _)| *key).collect(), ..Interest::default() };
    // Counters are read in any case, so only what the waits add is compared; at some looks more is read than at others.
    let plain = (0..5).map(|_| next(&mut live).cost.bytes_read).min().unwrap();
    let first = live.next(&interest, Duration::ZERO);
    let later: Vec<Sample> = (0..5).map(|_| live.next(&interest, Duration::ZERO)).collect();
    assert_eq!(first.details.len(), 501);
    assert!(later.iter().all(|sample| sample.details == first.details));
    assert!(first.cost.bytes_read > plain + 500 * 40, "{} {plain}", first.cost.bytes_read);
    let least = later.iter().map(|sample| sample.cost.bytes_read).min().unwrap();
    // On a full machine a few are still on their way to sleep, and are read again until they are there.
    assert!(least < plain + 500 * 40 / 4, "{least} {plain}");
}

#[test]
fn a_kernel_stack_is_read_of_one_thread_or_it_is_said_why_not() {
    let mut target = Target::start();
    target.say("idle 2");
    let mut live = attach(target.pid());
    doing(&mut live, "idle (one) x");
    let keys: Vec<ThreadKey> = next(&mut live).processes[0].threads.iter().map(|thread| thread.key).collect();
    let interest = Interest { details: keys.clone(), waits: Vec::new(), stack: Some(keys[1]), trace: false };
    // A thread that has its name may still run; a running one has no stack.
    let end = Instant::now() + PATIENCE;
    let details = loop {
        let details = live.next(&interest, Duration::ZERO).details;
        if details.iter().any(|(_, detail)| detail.kernel_stack.is_some()) || Instant::now() > end {
            break details;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let stacks: Vec<&KernelStack> = details.iter().filter_map(|(_, detail)| detail.kernel_stack.as_ref()).collect();
    match stacks[..] {
        [KernelStack::Frames(frames)] => assert!(frames.iter().any(|name| name.contains("futex")), "{frames:?}"),
        [KernelStack::Refused(why)] => assert!(why.contains("CAP_SYS_ADMIN") || !is_root(), "{why}"),
        _ => panic!("one stack: {details:?}"),
    }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn permitted(wrapper: &[&str]) -> bool {
    let mut command = std::process::Command::new(wrapper[0]);
    let quiet = std::process::Stdio::null;
    command.args(&wrapper[1..]).arg("true").stdout(quiet()).stderr(quiet());
    command.status().is_ok_and(|status| status.success())
}

/// A cgroup of our own with 0.2 CPUs, removed when dropped; its processes must be gone by then.
struct QuotaCgroup {
    place: PathBuf,
    name: String,
}

impl QuotaCgroup {
    fn make() -> Option<Self> {
        static NUMBER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let name = format!("tftop-test-{}-{number}", std::process::id());
        let files = [("cpu.cfs_period_us", "100000"), ("cpu.cfs_quota_us", "20000"), ("cpu.max", "20000 100000")];
        for parent in ["/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup"] {
            let cgroup = Self { place: Path::new(parent).join(&name), name: name.clone() };
            if fs::create_dir(&cgroup.place).is_err() {
                continue;
            }
            let set = |(file, value): &(&str, &str)| {
                let file = cgroup.place.join(file);
                file.exists() && fs::write(file, value).is_ok()
            };
            if files.iter().filter(|file| set(file)).count() > 0 {
                return Some(cgroup);
            }
        }
        None
    }

    fn take(&self, pid: u32) {
        fs::write(self.place.join("cgroup.procs"), pid.to_string()).unwrap();
    }
}

impl Drop for QuotaCgroup {
    fn drop(&mut self) {
        // A cgroup can be removed once the kernel has let go of its last process.
        let deadline = Instant::now() + PATIENCE;
        while fs::remove_dir(&self.place).is_err() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
