//! Pools that are not TensorFlow's: each copy of OpenBLAS and OpenMP by its own name, JAX's, OpenCV's, Polars' and TensorFlow
//! Lite's as theirs, Python threads by their names.

use std::process::Command;
use std::thread::available_parallelism;

use serde_json::Value;

use crate::target::{Target, script_command};
use crate::watch::{Report, Thread, report};
use crate::{NAMING, python};

const TFTOP: &str = env!("CARGO_BIN_EXE_tftop");

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

#[test]
fn jax_is_listed_and_no_thread_of_it_is_tensorflows() {
    let Some(python) = python::libraries() else { return };
    let target = Target::start(&python, "jax_alone.py", &[]);
    let report = report(target.pid());
    let facts = target.facts();
    let cpus = facts["cpus"].as_u64().unwrap() as usize;
    let named = |name: &str| report.threads.iter().filter(|t| t.name.as_deref() == Some(name)).count();
    assert_eq!(report.target.tensorflow, None);
    assert_eq!((named("tf_XLAEigen"), named("tf_XLAPjRtCpuClient")), (cpus, cpus), "{:#?}", report.threads);
    let foreign = |origin: &str| origin.starts_with("tf-") || origin == "unknown";
    assert!(report.threads.iter().all(|thread| !foreign(&thread.origin)), "{:#?}", report.threads);
    assert!(report.threads.iter().all(|thread| !thread.because.contains("TensorFlow")), "{:#?}", report.threads);

    let output = Command::new(TFTOP).args(["ps", "--json"]).output().unwrap();
    let listing: Value = serde_json::from_slice(&output.stdout).unwrap();
    let processes = listing["processes"].as_array().unwrap();
    let listed = processes.iter().find(|process| process["pid"] == target.pid()).unwrap();
    assert_eq!((&listed["framework"]["name"], &listed["framework"]["version"]), (&"JAX".into(), &facts["version"]));
}

#[test]
fn a_librarys_pool_is_that_librarys() {
    let Some(python) = python::libraries() else { return };
    let target = Target::start(&python, "beside.py", &[]);
    let report = report(target.pid());
    assert_eq!(report.count_of("library", "OpenCV"), 3, "{:#?}", report.groups);
    let pool = target.facts()["polars"].as_u64().unwrap() as usize;
    assert!(report.count_of("library", "Polars") >= pool, "{:#?}", report.groups);
    assert!(report.threads.iter().all(|thread| thread.origin != "unknown"), "{:#?}", report.threads);
}

#[test]
fn tensorflow_lites_threads_are_not_tensorflows() {
    let Some(python) = python::tensorflow(NAMING) else { return };
    let target = Target::start(&python, "lite.py", &[]);
    let report = report(target.pid());
    assert_eq!(report.count_of("library", "TFLite"), 2, "{:#?}", report.groups);
    assert!(report.threads.iter().all(|thread| thread.origin != "unknown"), "{:#?}", report.threads);
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
