//! Every way to look at a hostile process comes to an end, and says what it could not read.

use serde_json::Value;

use crate::target::Hostile;
use crate::tftop;

/// Looks at a process in every way that the command line has; gives the report.
pub fn looked_at(hostile: &Hostile) -> Value {
    let pid = hostile.pid();
    let allowed = [Some(0), Some(4)];
    for arguments in [
        &["explain", &pid, "--for", "0.3s", "--interval", "0.1s"][..],
        &["stack", &pid],
        &["doctor", &pid],
        &["rerun", &pid, "--dry-run"],
        &["ps", "--json"],
    ] {
        let ended = tftop(arguments);
        assert!(!ended.stderr.contains("panicked"), "{arguments:?}: {}", ended.stderr);
        assert!(allowed.contains(&ended.code) || arguments[0] == "rerun", "{arguments:?}: {ended:?}");
    }
    let report = tftop(&["report", &pid, "--for", "0.5s", "--interval", "0.1s", "--json"]);
    assert!(allowed.contains(&report.code), "{report:?}");
    serde_json::from_str(&report.stdout).unwrap_or_else(|why| panic!("{why}: {report:?}"))
}

/// Gaps of a report, one a line.
pub fn gaps(report: &Value) -> String {
    let gaps = report["gaps"].as_array().unwrap().iter();
    gaps.map(|gap| format!("{}: {}\n", gap["what"].as_str().unwrap(), gap["why"].as_str().unwrap())).collect()
}

#[test]
fn a_script_that_leads_to_a_file_that_blocks_or_acts_is_not_read() {
    for to in
        ["/proc/kmsg", "/dev/zero", "/dev/tty", "/", "/proc/self/mem", "/sys/kernel/tracing/trace_pipe", "/etc/shadow"]
    {
        let Some(hostile) = Hostile::start(&["script_is_a_link", to]) else { return };
        let report = looked_at(&hostile);
        let gaps = gaps(&report);
        assert!(gaps.contains("what the main script asks for"), "{to}: {gaps}");
    }
}

#[test]
fn a_script_that_is_a_pipe_is_not_read() {
    let Some(hostile) = Hostile::start(&["script_is_a_fifo"]) else { return };
    assert!(gaps(&looked_at(&hostile)).contains("not a regular file"));
}

#[test]
fn a_lease_on_a_file_is_not_waited_for() {
    // A mapped library can't be leased: whoever maps it holds it open.
    let Some(hostile) = Hostile::start(&["script_is_leased"]) else { return };
    looked_at(&hostile);
}

#[test]
fn objects_without_end_are_read_up_to_a_budget() {
    for (entries, attributes) in [("10000", "1000"), ("1000", "60000")] {
        let Some(hostile) = Hostile::start(&["active_threads", entries, attributes]) else { return };
        let report = looked_at(&hostile);
        let cpu_s = report["cost"]["cpu_ms"].as_f64().map_or(0.0, |ms| ms / 1e3);
        assert!(cpu_s < 1.0, "the newest look took {cpu_s} s of CPU");
        assert!(!report["threads"].as_array().unwrap().is_empty(), "{report:#}");
    }
}

#[test]
fn libraries_without_end_are_read_up_to_a_budget() {
    let Some(hostile) = Hostile::start(&["sparse_libraries", "20"]) else { return };
    looked_at(&hostile);
    let Some(hostile) = Hostile::start(&["device_is_mapped"]) else { return };
    looked_at(&hostile);
}

#[test]
fn a_forged_interpreter_gives_gaps() {
    let Some(hostile) = Hostile::start(&["forged_runtime"]) else { return };
    looked_at(&hostile);
}

#[test]
fn many_threads_many_children_and_threads_that_never_stay_are_watched() {
    for mode in [&["many_threads", "1500"][..], &["many_children", "400"], &["births_and_deaths"]] {
        let Some(hostile) = Hostile::start(mode) else { return };
        let report = looked_at(&hostile);
        assert!(!report["threads"].as_array().unwrap().is_empty(), "{mode:?}");
    }
}

#[test]
fn a_process_that_is_stopped_and_one_that_executes_itself_again_and_again_are_watched() {
    for mode in [&["stopped"][..], &["exec_in_a_loop", "100000"]] {
        let Some(hostile) = Hostile::start(mode) else { return };
        looked_at(&hostile);
    }
}

#[test]
fn twenty_that_execute_themselves_again_and_again_do_not_change_what_is_shown_of_others() {
    let Some(good) = Hostile::start(&["many_threads", "3"]) else { return };
    let Some(parent) = Hostile::start(&["exec_loops", "20"]) else { return };
    let report = looked_at(&good);
    assert_eq!(origins(&report, &good.pid()), ["main", "python", "python", "python"], "{report:#}");
    assert_eq!(gaps(&report).matches("ran out").count(), 0, "{}", gaps(&report));
    // Their parent is shown as it is, too, and a look stays within what it may take.
    let report = looked_at(&parent);
    assert_eq!(origins(&report, &parent.pid()), ["main"], "{report:#}");
    assert!(report["target"]["processes"].as_array().unwrap().len() > 1, "{report:#}");
    let cpu_ms = report["cost"]["cpu_ms"].as_f64().unwrap();
    // A look's budget in a build for debugging, and the machine's own counters.
    assert!(cpu_ms < 3_000.0, "the newest look took {cpu_ms} ms of CPU");
}

/// Origins of a process's own threads.
fn origins(report: &Value, pid: &str) -> Vec<String> {
    let threads = report["threads"].as_array().unwrap().iter();
    let own = threads.filter(|thread| thread["pid"].as_u64() == pid.parse().ok());
    let mut origins: Vec<String> = own.map(|thread| thread["origin"].as_str().unwrap().to_owned()).collect();
    origins.sort();
    origins
}

#[test]
fn twenty_hostile_processes_do_not_change_what_is_shown_of_another_one() {
    let Some(good) = Hostile::start(&["nothing"]) else { return };
    let bad: Vec<_> = (0..20).map_while(|_| Hostile::start(&["active_threads", "3000", "1000"])).collect();
    assert_eq!(bad.len(), 20);
    let report = looked_at(&good);
    assert_eq!(report["threads"].as_array().unwrap().len(), 1, "{report:#}");
    assert_eq!(gaps(&report).matches("ran out").count(), 0);
}
