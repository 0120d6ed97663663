//! The trace of the scheduler on real processes with known threads: every birth, run and exit, and what is said where it can't
//! be had.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[allow(dead_code)] // other tests ask for more
#[path = "support/known_threads.rs"]
mod known_threads;

use std::collections::{HashMap, HashSet};
use std::process::Command;
use std::time::Duration;

use known_threads::Target;
use serde_json::Value;
use tftop::data::sample::{Interest, Sample, SchedulerChange, SchedulerEvent, TraceState};
use tftop::data::{Pid, Tid};
use tftop::probe::live::{Live, LiveOptions};

/// A live target whose trace was begun, or the reason why it can't be had here, which is said.
fn traced(pid: u32) -> Option<Live> {
    let mut live = Live::attach(Pid(pid), LiveOptions::default()).unwrap();
    let first = look(&mut live).trace.unwrap();
    if let TraceState::Refused(why) = first.state {
        eprintln!("SKIPPED, no thread can be traced here: {why}");
        return None;
    }
    assert_eq!(first.state, TraceState::On);
    Some(live)
}

fn look(live: &mut Live) -> Sample {
    live.next(&Interest { trace: true, ..Interest::default() }, Duration::ZERO)
}

/// Looks until the target answers what it was told, and a moment longer; all events, and how many records were lost.
fn events_while(live: &mut Live, target: &mut Target, line: &str) -> (Vec<SchedulerEvent>, u64) {
    target.begin(line);
    let (mut events, mut lost) = (Vec::new(), 0);
    std::thread::scope(|scope| {
        let answered = scope.spawn(|| target.finish());
        let mut more = 3;
        while more > 0 {
            more -= usize::from(answered.is_finished());
            let trace = look(live).trace.unwrap();
            events.extend(trace.events.iter().copied());
            lost += trace.lost;
            std::thread::sleep(Duration::from_millis(30));
        }
    });
    (events, lost)
}

/// Nanoseconds each thread ran, by what the trace says, of those that it saw both begin and stop.
fn ran_ns(events: &[SchedulerEvent]) -> HashMap<Tid, u64> {
    let (mut since, mut ran) = (HashMap::new(), HashMap::new());
    for event in events {
        match event.change {
            SchedulerChange::Runs { .. } => drop(since.insert(event.tid, event.at_ns)),
            SchedulerChange::Blocks | SchedulerChange::Preempted | SchedulerChange::Exits => {
                if let Some(since) = since.remove(&event.tid) {
                    *ran.entry(event.tid).or_default() += event.at_ns - since;
                }
            }
            SchedulerChange::Born { .. } => {}
        }
    }
    ran
}

#[test]
fn every_birth_exit_and_run_of_threads_that_live_a_millisecond_is_there() {
    const THREADS: usize = 1_000;
    let mut target = Target::start();
    let Some(mut live) = traced(target.pid()) else { return };
    let (events, lost) = events_while(&mut live, &mut target, &format!("churn {THREADS}"));
    assert_eq!(lost, 0);
    let main = Tid(target.pid());
    let born: HashSet<Tid> = events
        .iter()
        .filter(|event| event.change == SchedulerChange::Born { by: main })
        .map(|event| event.tid)
        .collect();
    let exited: HashSet<Tid> =
        events.iter().filter(|event| event.change == SchedulerChange::Exits).map(|event| event.tid).collect();
    assert_eq!((born.len(), exited.len()), (THREADS, THREADS));
    assert_eq!(born, exited);
    assert!(events.is_sorted_by_key(|event| event.at_ns));
    assert!(events.iter().all(|event| event.pid == Pid(target.pid())));
    let ran = ran_ns(&events);
    assert!(born.iter().all(|tid| ran.contains_key(tid)), "each of them ran");
}

#[test]
fn what_a_thread_ran_by_the_trace_is_what_its_counters_say() {
    let mut target = Target::start();
    let cpus = std::thread::available_parallelism().unwrap().get();
    let spinning = cpus + 2;
    let Some(mut live) = traced(target.pid()) else { return };
    let mut all = Vec::new();
    target.say(&format!("spin {spinning}"));
    for _ in 0..40 {
        all.extend(look(&mut live).trace.unwrap().events.iter().copied());
        std::thread::sleep(Duration::from_millis(50));
    }
    target.say("end");
    // Ended threads have stopped running: the trace knows all of their time, their counters went with them.
    std::thread::sleep(Duration::from_millis(50));
    let last = look(&mut live);
    all.extend(last.trace.as_ref().unwrap().events.iter().copied());
    let clock_ns = last.processes[0].clock.unwrap().cpu_ns;
    let ran = ran_ns(&all);
    let preempted = all.iter().filter(|event| event.change == SchedulerChange::Preempted).count();
    assert!(preempted > spinning, "more threads than CPUs take turns: {preempted}");
    let traced_ns: u64 = ran.values().sum();
    let share = traced_ns as f64 / clock_ns as f64;
    // The clock also has what the process ran before the trace. A virtual machine's own pauses count as running here.
    assert!((0.9..1.1).contains(&share), "{traced_ns} of {clock_ns}");
}

#[test]
fn a_trace_that_loses_records_says_how_many_or_stops_itself_and_the_clock_goes_on() {
    let mut target = Target::start();
    let Some(mut live) = traced(target.pid()) else { return };
    target.begin("ping 400000");
    let (mut switches, mut lost, mut stopped, mut clock_ns) = (0, 0, None, 0);
    for _ in 0..200 {
        let sample = look(&mut live);
        let trace = sample.trace.unwrap();
        switches += trace.events.iter().filter(|event| event.change == SchedulerChange::Blocks).count() as u64;
        lost += trace.lost;
        clock_ns = sample.processes[0].clock.map_or(clock_ns, |clock| clock.cpu_ns);
        if let TraceState::Stopped(why) = trace.state {
            stopped = Some(why);
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    eprintln!("{switches} switches, {lost} records lost, {stopped:?}, {clock_ns} ns by the clock");
    match stopped {
        Some(why) => assert!(why.contains("switches a second"), "{why}"),
        None => assert!(switches + lost >= 800_000, "{switches} switches and {lost} lost records of 800,000"),
    }
    assert!(clock_ns > 0);
    target.finish();
}

#[test]
fn nobody_s_interest_ends_it_and_begins_it_anew() {
    let mut target = Target::start();
    let Some(mut live) = traced(target.pid()) else { return };
    assert!(live.next(&Interest::default(), Duration::ZERO).trace.is_none());
    target.say("churn 8");
    let again = look(&mut live).trace.unwrap();
    assert!(again.events.is_empty(), "what happened meanwhile was not traced");
    assert_eq!(again.state, TraceState::On);
}

/// As under Docker's filter of system calls (EPERM), where a security module forbids it (EACCES), and in a kernel without perf
/// events (ENOSYS).
#[test]
fn where_perf_events_are_refused_the_next_source_stays_and_the_reason_is_said() {
    let target = Target::start();
    let without_perf = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/targets/without_perf.py");
    let said = |errno: &str, arguments: &[&str]| {
        let mut command = Command::new("python3");
        command.args([without_perf, errno, env!("CARGO_BIN_EXE_tftop")]).args(arguments);
        let output = command.env("XDG_CONFIG_HOME", "/nonexistent").output().unwrap();
        (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    for (errno, reason) in [("EPERM", "--cap-add PERFMON"), ("EACCES", "perf"), ("ENOSYS", "no perf events")] {
        let (report, errors) = said(errno, &["report", &target.pid().to_string(), "--json", "--for", "1s", "--trace"]);
        if errors.contains("NO SECCOMP") {
            eprintln!("SKIPPED, no system call can be filtered here: {errors}");
            return;
        }
        let report: Value = serde_json::from_str(&report).unwrap_or_else(|error| panic!("{error}: {report}{errors}"));
        let (trace, accounting) = (&report["trace"], &report["thread_accounting"]);
        assert_eq!(trace["state"], "refused", "{trace:#}");
        let why = trace["why"].as_str().unwrap();
        assert!(why.to_lowercase().contains(&reason.to_lowercase()), "{errno}: {why}");
        assert!(["process-clock", "exit-records"].map(Value::from).contains(&accounting["source"]), "{accounting:#}");
        let missing = accounting["missing"].as_array().unwrap();
        assert!(missing.iter().any(|missing| missing["source"] == "trace" && missing["why"] == why), "{accounting:#}");
        let (doctor, _) = said(errno, &["doctor"]);
        let at = doctor.find("!   thread accounting by trace: ").unwrap_or_else(|| panic!("{doctor}"));
        assert!(doctor[at..].to_lowercase().contains(&reason.to_lowercase()), "{doctor}");
    }
}
