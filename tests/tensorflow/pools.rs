//! TensorFlow's own pools: their sizes are what tf.config, tf.data options and XLA were told.

use crate::target::Target;
use crate::watch::{Report, report};
use crate::{NAMELESS, NAMING, python};

#[test]
fn pools_of_tensorflow_without_kernel_names_are_as_large_as_their_caps() {
    pools_are_as_large_as_their_caps(NAMELESS);
}

#[test]
fn pools_of_tensorflow_with_some_kernel_names_are_as_large_as_their_caps() {
    pools_are_as_large_as_their_caps(NAMING);
}

#[test]
fn private_pools_of_tf_data_are_tf_data_on_tensorflow_without_kernel_names() {
    let Some(report) = pipeline(NAMELESS) else { return };
    assert!(report.threads.iter().all(|thread| thread.comm.starts_with("python")), "{:#?}", report.threads);
}

#[test]
fn private_pools_of_tf_data_are_tf_data_whatever_the_kernel_calls_them() {
    let Some(report) = pipeline(NAMING) else { return };
    let liars = report.by_origin()["tf-data"].iter().filter(|thread| thread.comm == "tf_Compute").count();
    assert!(liars > 0, "no tf.data thread inherited tf_Compute, so this run proves nothing: {:#?}", report.threads);
}

#[test]
fn pools_of_xla_are_told_from_tensorflows_on_both_versions() {
    for version in [NAMELESS, NAMING] {
        let Some(python) = python::tensorflow(version) else { return };
        let target = Target::start(&python, "xla.py", &[]);
        let report = report(target.pid());
        everything_is_known(&report);
        assert_eq!((report.count("tf-intra-op"), report.count("tf-inter-op")), (2, 1), "{:#?}", report.groups);
        let xla = &report.by_origin()["xla"];
        let names: Vec<&str> = xla.iter().filter_map(|thread| thread.name.as_deref()).collect();
        let eigen = names.iter().filter(|name| **name == "tf_XLAEigen").count();
        assert_eq!(eigen, 2, "it follows the intra-op cap: {names:?}");
        assert!(names.iter().any(|name| name.starts_with("tf_xla-cpu-") && name.ends_with("codegen")), "{names:?}");
    }
}

#[test]
fn idle_workers_wait_for_work_in_a_futex_on_both_versions() {
    for version in [NAMELESS, NAMING] {
        let Some(python) = python::tensorflow(version) else { return };
        let target = Target::start(&python, "caps.py", &["3", "2", "idle"]);
        let report = report(target.pid());
        for (origin, threads) in [("tf-intra-op", 3), ("tf-inter-op", 2)] {
            let group = report.groups.iter().find(|group| group.origin == origin).unwrap();
            let waits = group.waits.as_ref().expect("looked at");
            assert_eq!((waits.looked_at, waits.of, waits.unknown, &waits.refused), (threads, threads, 0, &None));
            let counts: Vec<(usize, &str, &str)> =
                waits.counts.iter().map(|count| (count.threads, &*count.doing, &*count.grade)).collect();
            assert_eq!(counts, [(threads, "waits for work (futex)", "inferred")], "{version}: {}", waits.says);
        }
        let main = report.groups.iter().find(|group| group.origin == "main").and_then(|group| group.waits.as_ref());
        assert_eq!(main.expect("looked at").says, "1 reads a pipe", "{version}: it waits for its standard input");
    }
}

/// Both pools get every size of 1, 2, 3, never the same one: an exchange of the two would be seen.
fn pools_are_as_large_as_their_caps(version: &str) {
    let Some(python) = python::tensorflow(version) else { return };
    for (intra, inter) in [(1, 2), (2, 3), (3, 1)] {
        let target = Target::start(&python, "caps.py", &[&intra.to_string(), &inter.to_string()]);
        let report = report(target.pid());
        everything_is_known(&report);
        let counted = (report.count("tf-intra-op"), report.count("tf-inter-op"));
        assert_eq!(counted, (intra, inter), "{version}: {:#?}", report.groups);
        assert_eq!(report.target.tensorflow.as_deref(), Some(version));
        assert!(!report.target.tensorflow_guessed);
        sums_add_up(&report);
    }
}

fn pipeline(version: &str) -> Option<Report> {
    const POOL: usize = 3;
    let target = Target::start(&python::tensorflow(version)?, "pipeline.py", &[&POOL.to_string()]);
    let report = report(target.pid());
    everything_is_known(&report);
    assert_eq!((report.count("tf-intra-op"), report.count("tf-inter-op")), (1, 2), "{:#?}", report.groups);
    let private = |name: &Option<String>| name.as_deref() == Some("tf_data_private_threadpool");
    let pool: Vec<_> = report.threads.iter().filter(|thread| private(&thread.name)).collect();
    assert_eq!(pool.len(), POOL, "{:#?}", report.threads);
    assert!(pool.iter().all(|thread| thread.origin == "tf-data"), "{pool:#?}");
    assert!(report.count("tf-data") > POOL, "the stages have threads of their own: {:#?}", report.groups);
    Some(report)
}

/// With memory readable nothing stays unknown and nothing is guessed.
fn everything_is_known(report: &Report) {
    assert_eq!(report.schema, "tftop.report/1");
    let doubtful = |origin: &str, confidence: &str| origin.is_empty() || origin == "unknown" || confidence == "guess";
    for thread in &report.threads {
        assert!(!doubtful(&thread.origin, &thread.confidence), "{thread:#?}");
        assert!(!thread.because.is_empty(), "{thread:#?}");
    }
}

/// A target that computes without pause gets time, and its threads, groups and processes are the same threads.
fn sums_add_up(report: &Report) {
    let demand = report.demand.as_ref().expect("two samples");
    assert!(demand.got > 0.0, "{demand:?}");
    assert!((demand.got + demand.waiting - demand.wanted).abs() < 0.01, "{demand:?}");
    assert!(demand.wait_share.is_some_and(|share| (0.0..=1.0).contains(&share)), "{demand:?}");
    let groups: f64 = report.groups.iter().filter_map(|group| group.got).sum();
    let rounding = 0.01 * report.groups.len() as f64;
    assert!((groups - demand.got).abs() < rounding, "groups got {groups}, the target {demand:?}");
    let grouped: usize = report.groups.iter().map(|group| group.threads).sum();
    let in_processes: usize = report.target.processes.iter().map(|process| process.threads).sum();
    assert_eq!((grouped, in_processes), (report.threads.len(), report.threads.len()));
    assert!(report.window_s > 0.0 && report.cost.cpu_ms > 0.0 && report.cost.bytes_read > 0);
    let binding = report.capacity.terms.iter().find(|term| term.binds).expect("a term binds");
    assert_eq!(report.capacity.binding.as_ref(), Some(&binding.kind));
    assert!((report.capacity.effective_cpus - binding.cpus).abs() < 0.001, "{:?}", report.capacity);
}
