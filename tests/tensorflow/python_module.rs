//! The Python module of `assets/python`: on a plain Python, in IPython, and as a Keras callback on Keras 3 and 2.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::{NAMING, python};

/// Runs a script of `tests/targets` to its end and returns what it printed last.
fn last_line(python: &Path, script: &str, arguments: &[&str]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/targets").join(script);
    let output = Command::new(python)
        .arg(script)
        .args(arguments)
        .env("TFTOP", env!("CARGO_BIN_EXE_tftop"))
        .env("KERAS_BACKEND", "tensorflow")
        .output()
        .unwrap();
    let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{error}");
    out.lines().last().unwrap_or_default().to_owned()
}

#[test]
fn python_reports_on_itself_and_others_and_watches_a_block() {
    assert_eq!(last_line(&python::plain(), "python_module.py", &[]), "OK");
}

#[test]
fn the_magic_works_in_a_real_ipython() {
    let Some(python) = python::libraries() else { return };
    assert_eq!(last_line(&python, "ipython_magic.py", &[]), "OK");
}

fn monitored(python: &Path, keras: &str) {
    let folder = tempfile::tempdir().unwrap();
    let csv = folder.path().join("log.csv");
    let line = last_line(python, "thread_monitor.py", &[csv.to_str().unwrap(), "1500"]);
    let logged: Value = serde_json::from_str(&line).unwrap();
    assert!(logged["keras"].as_str().unwrap().starts_with(keras), "{line}");
    let number = |name: &str| logged[name].as_f64().unwrap();
    assert!(number("tftop_got") > 0.02 && number("tftop_wanted") >= number("tftop_got"), "{line}");
    assert!(number("tftop_saturation") > 0.0 && number("tftop_steps_per_s") > 1.0, "{line}");
}

#[test]
fn the_keras_callback_logs_what_the_threads_want_on_keras_3() {
    let Some(python) = python::tensorflow(NAMING) else { return };
    monitored(&python, "3.");
}

#[test]
fn the_keras_callback_logs_what_the_threads_want_on_keras_2() {
    let Some(python) = python::openmp_tensorflow() else { return };
    monitored(&python, "2.");
}
