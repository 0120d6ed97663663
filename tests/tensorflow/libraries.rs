//! Pools that are not TensorFlow's: each copy of OpenBLAS and OpenMP by its own name, Python threads by theirs.

use std::thread::available_parallelism;

use crate::target::{Target, script_command};
use crate::watch::{Report, Thread, report};
use crate::{NAMING, python};

/// One process with all of them and without TensorFlow. The sizes are set, so that they are the same on every machine:
/// OpenBLAS keeps one worker less than OPENBLAS_NUM_THREADS and never more than CPUs; OpenMP teams are as large as told.
#[test]
fn each_copy_of_a_library_owns_its_threads_in_a_process_without_tensorflow() {
    let Some(python) = python::tensorflow(NAMING) else { return };
    let mut command = script_command(&python, "libraries.py", &[]);
    command.env("OPENBLAS_NUM_THREADS", "2").env("OMP_NUM_THREADS", "3");
    let target = Target::start_command(command);
    let report = report(target.pid());

    let cpus = target.facts()["cpus"].as_u64().unwrap();
    let workers = if cpus > 1 { 1 } else { 0 };
    if workers == 0 {
        python::say("one CPU: OpenBLAS makes no workers here, so its groups can't be tested");
    }
    assert_eq!(report.count_of("openblas", "numpy"), workers, "{:#?}", report.groups);
    assert_eq!(report.count_of("openblas", "scipy"), workers, "{:#?}", report.groups);
    assert_eq!(report.count("openblas"), 2 * workers, "{:#?}", report.groups);
    assert_eq!(report.count_of("openmp", "sklearn"), 2, "{:#?}", report.groups);
    assert_eq!(report.count("openmp"), 2, "{:#?}", report.groups);
    for (name, tid) in target.ids("feeders") {
        let thread = report.thread(tid);
        assert_eq!(thread.origin, "python", "{thread:#?}");
        is_pythons_name(&report, thread, &name);
    }
    assert_eq!(report.target.tensorflow, None);
    assert!(report.groups.iter().all(|group| !group.origin.starts_with("tf-")), "{:#?}", report.groups);
    assert!(report.threads.iter().all(|thread| thread.origin != "unknown"), "{:#?}", report.threads);
}

/// Nothing is set: NumPy's pool is one thread less than CPUs, beside a TensorFlow that does not use it.
#[test]
fn numpys_pool_stands_beside_tensorflows() {
    let Some(python) = python::tensorflow(NAMING) else { return };
    let cpus = available_parallelism().unwrap().get();
    if !(2..=64).contains(&cpus) {
        python::say(&format!("{cpus} CPUs: NumPy's OpenBLAS makes a worker a CPU only for 2 to 64; not tested here"));
        return;
    }
    let target = Target::start(&python, "caps.py", &["1", "1"]);
    let report = report(target.pid());
    assert_eq!(report.count_of("openblas", "numpy"), cpus - 1, "{:#?}", report.groups);
    assert_eq!((report.count("tf-intra-op"), report.count("tf-inter-op")), (1, 1), "{:#?}", report.groups);
}

#[test]
fn plain_python_is_a_target_like_any_other() {
    let target = Target::start(&python::plain(), "threads.py", &["3"]);
    let report = report(target.pid());
    assert_eq!((report.target.pid, &report.target.tensorflow), (target.pid(), &None));
    assert!(report.target.command.contains("threads.py"), "{}", report.target.command);
    assert!(report.target.started.starts_with("20"), "{}", report.target.started);
    assert_eq!(report.threads.len(), 4, "{:#?}", report.threads);
    let main = report.thread(target.pid());
    assert!(main.got.is_some_and(|got| got > 0.0) && main.waiting.is_some(), "{main:#?}");
    for (name, tid) in target.ids("threads") {
        let sleeper = report.thread(tid);
        is_pythons_name(&report, sleeper, &name);
        assert_eq!((sleeper.origin.as_str(), sleeper.state.as_str()), ("python", "S"), "{sleeper:#?}");
        assert_eq!(sleeper.got, Some(0.0), "it never ran: {sleeper:#?}");
    }
}

/// Python's own name, or a gap that says why it is missing: never another name, never silence.
fn is_pythons_name(report: &Report, thread: &Thread, name: &str) {
    match &thread.name {
        Some(found) => assert_eq!(found, name, "{thread:#?}"),
        None => {
            assert!(report.gaps.iter().any(|gap| gap.what.contains("Python")), "no name, no gap: {:#?}", report.gaps)
        }
    }
}
