//! Live interpreters: `python3`, or those of TFTOP_TEST_PYTHONS (paths, separated by colons).
//! With TFTOP_RECORD_IMAGES set, what was read becomes the image of that version. An image holds the bytes that were read
//! and no others: when the code reads differently, all images are recorded anew.

use std::path::{Path, PathBuf};
use std::{env, fs};

use tftop::data::Pid;
use tftop::data::sample::{Environment, TfConfigFact, TfContextState};
use tftop::linux::memory::LiveMemory;
use tftop::probe::cpython::{Python, version_at};
use tftop::probe::process::environ::live_environment;

use crate::image::{Image, Recording};
use crate::program::Program;
use crate::recorded;
use crate::recorded::MODES;

/// How often a moving program is read.
const ROUNDS: usize = 300;

#[test]
fn a_live_interpreter_is_read_in_every_state() {
    for python in pythons() {
        for mode in MODES {
            read(&python, mode);
        }
    }
}

#[test]
fn a_variable_that_the_program_set_itself_is_in_its_live_environment_only() {
    let source = r#"
import os, sys
os.environ["OMP_NUM_THREADS"] = "7"
os.environ["A_TOKEN"] = "hush"
for number in range(1000):
    os.environ[f"VARIABLE_{number}"] = "x" * number
print("ready", flush=True)
sys.stdin.read()
"#;
    for python in pythons() {
        let program = Program::start(&python, source, "");
        let memory = LiveMemory::open(Path::new("/proc"), Pid(program.pid())).unwrap();
        let live = live_environment(&memory, program.symbol("environ").unwrap()).unwrap();
        assert_eq!(live.get("OMP_NUM_THREADS"), Some("7"), "{python:?}");
        assert_eq!(live.get("A_TOKEN"), None);
        let first = fs::read(format!("/proc/{}/environ", program.pid())).unwrap();
        assert_eq!(Environment::from_block(&first).get("OMP_NUM_THREADS"), None);
    }
}

#[test]
fn what_is_read_of_a_program_in_motion_is_never_wrong() {
    let expected = TfConfigFact { state: TfContextState::NotStarted, intra: Some(3), inter: None, from_proto: false };
    for python in pythons() {
        let program = Program::start(&python, include_str!("../data/python/churn.py"), "");
        let memory = LiveMemory::open(Path::new("/proc"), Pid(program.pid())).unwrap();
        let runtime = program.symbol("_PyRuntime").unwrap();
        let version = version_of(&program, &memory);
        let (mut read, mut churned) = (0, 0);
        for _ in 0..ROUNDS {
            let Ok(interpreter) = Python::open(&memory, runtime, Some(version)) else { continue };
            if let Ok(config) = interpreter.tf_config() {
                assert_eq!(config, expected, "{python:?}");
                read += 1;
            }
            for name in interpreter.thread_names().unwrap_or_default().into_values() {
                assert!(name.as_str() == "MainThread" || name.starts_with("churn-"), "{python:?}: {name}");
                churned += usize::from(name.starts_with("churn-"));
            }
        }
        assert!(read > ROUNDS / 2, "{python:?}: only {read} of {ROUNDS} settings could be read");
        assert!(churned > 0, "{python:?}: no thread was caught alive");
    }
}

fn version_of(program: &Program, memory: &LiveMemory) -> (u8, u8) {
    // Py_Version came with 3.11.
    program.symbol("Py_Version").map_or((3, 10), |address| version_at(memory, address).unwrap())
}

fn pythons() -> Vec<PathBuf> {
    let named = env::var("TFTOP_TEST_PYTHONS").unwrap_or_else(|_| "python3".to_owned());
    named.split(':').map(PathBuf::from).collect()
}

fn read(python: &Path, mode: &str) {
    let program = Program::start(python, include_str!("../data/python/program.py"), mode);
    let memory = LiveMemory::open(Path::new("/proc"), Pid(program.pid())).unwrap();
    let runtime = program.symbol("_PyRuntime").unwrap();
    let version = version_of(&program, &memory);
    let recording = Recording::new(&memory);
    let empty = Recording::new(&memory).into_image(version, runtime, program.pid());
    recorded::check(&recording, &empty, mode);
    for wrong in [(3, 10), (3, 11), (3, 12)].into_iter().filter(|wrong| version < (3, 13) && *wrong != version) {
        assert!(Python::open(&memory, runtime, Some(wrong)).is_err(), "{version:?} was read as {wrong:?}");
    }
    if env::var_os("TFTOP_RECORD_IMAGES").is_some() && recorded::is_kept(version, mode) {
        let image = recording.into_image(version, runtime, program.pid());
        fs::write(Image::path(version, mode), image.to_text()).unwrap();
    }
}
