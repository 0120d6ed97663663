//! Advice on a real training that is crowded by its own pools, and the script that measures what following it does. Speeds
//! are not asserted here: they are measured on a quiet machine (`tests/corpus/measure.py`).

use std::path::Path;
use std::process::Command;
use std::thread::available_parallelism;

use serde_json::Value;

use crate::{NAMING, python};

/// One operation at a time on a pool of 16: as many threads as CPUs, not the single one that would halve its speed.
#[test]
fn a_pool_that_does_the_work_alone_is_advised_one_thread_a_cpu() {
    let cpus = available_parallelism().unwrap().get() as u64;
    if !(2..=8).contains(&cpus) {
        python::say(&format!("{}: SKIPPED, because pools of 16 crowd 2 to 8 CPUs, not {cpus}", python::test_name()));
        return;
    }
    let Some(python) = python::tensorflow(NAMING) else { return };
    let folder = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/measure.py");
    let mut command = Command::new(&python);
    command.arg(script).arg("--python").arg(&python).args(["--tftop", env!("CARGO_BIN_EXE_tftop")]);
    command.args(["--rounds", "1", "--final", "1"]);
    let output = command.arg("--out").arg(folder.path()).arg("matmul").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.lines().any(|line| line.starts_with("| matmul | ")), "{table}");
    let result = std::fs::read(folder.path().join("matmul.json")).unwrap();
    let result: Value = serde_json::from_slice(&result).unwrap();
    assert_eq!(result["advised"]["caps"]["intra"], cpus, "{result:#}");
    assert!(result["speeds"].as_object().unwrap().values().all(|speed| speed.as_f64().unwrap() > 0.0), "{result:#}");
}
