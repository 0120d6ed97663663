//! Live interpreters: `python3`, or those of TFTOP_TEST_PYTHONS (paths, separated by colons).
//! With TFTOP_RECORD_IMAGES set, what was read becomes the image of that version.

use std::path::{Path, PathBuf};
use std::{env, fs};

use tftop::fact::{Environment, Pid};
use tftop::probe::environ::live_environment;
use tftop::probe::memory::LiveMemory;
use tftop::probe::python::{Python, version_at};

use crate::image::{Image, Recording};
use crate::program::Program;
use crate::recorded::{self, MODES};

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

fn pythons() -> Vec<PathBuf> {
    let named = env::var("TFTOP_TEST_PYTHONS").unwrap_or_else(|_| "python3".to_owned());
    named.split(':').map(PathBuf::from).collect()
}

fn read(python: &Path, mode: &str) {
    let program = Program::start(python, include_str!("../data/python/program.py"), mode);
    let memory = LiveMemory::open(Path::new("/proc"), Pid(program.pid())).unwrap();
    let runtime = program.symbol("_PyRuntime").unwrap();
    // Py_Version came with 3.11; before, the version is the one of the file's name.
    let version = program.symbol("Py_Version").map_or((3, 10), |address| version_at(&memory, address).unwrap());
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
