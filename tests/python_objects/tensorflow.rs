//! Real TensorFlow: the thread settings of live processes, on every interpreter of TFTOP_TF_PYTHONS (paths, separated by
//! colons, each with TensorFlow).

use std::env;
use std::path::{Path, PathBuf};

use tftop::data::Pid;
use tftop::data::sample::{TfConfigFact, TfContextState};
use tftop::linux::memory::LiveMemory;
use tftop::probe::cpython::{Python, version_at};
use tftop::probe::process::environ::live_environment;

use crate::program::Program;

#[test]
#[ignore = "TFTOP_TF_PYTHONS names interpreters with TensorFlow"]
fn the_settings_of_real_tensorflow_are_read_in_every_state() {
    for python in env::var("TFTOP_TF_PYTHONS").unwrap().split(':').map(PathBuf::from) {
        let bare = TfConfigFact::without_context(TfContextState::NotStarted);
        let unmade = TfConfigFact { state: TfContextState::NotMade, ..bare };
        assert_eq!(settings(&python, "unset"), (unmade, None));
        assert_eq!(settings(&python, "set"), (TfConfigFact { intra: Some(3), inter: Some(0), ..bare }, None));
        let started = TfConfigFact { state: TfContextState::Started, ..bare };
        assert_eq!(settings(&python, "started"), (TfConfigFact { intra: Some(3), ..started }, None));
        assert_eq!(settings(&python, "environment"), (started, Some("3".to_owned())));
        assert_eq!(settings(&python, "proto"), (TfConfigFact { from_proto: true, ..started }, None));
    }
}

/// What tf.config holds, and the live value of TF_NUM_INTRAOP_THREADS.
fn settings(python: &Path, mode: &str) -> (TfConfigFact, Option<String>) {
    let program = Program::start(python, include_str!("../data/python/settings.py"), mode);
    let memory = LiveMemory::open(Path::new("/proc"), Pid(program.pid())).unwrap();
    let version = program.symbol("Py_Version").map_or((3, 10), |address| version_at(&memory, address).unwrap());
    let interpreter = Python::open(&memory, program.symbol("_PyRuntime").unwrap(), Some(version)).unwrap();
    assert_eq!(interpreter.thread_names().unwrap()[&program.pid()].as_str(), "MainThread");
    assert!(interpreter.main_script().unwrap().unwrap().ends_with("program.py"));
    let environment = live_environment(&memory, program.symbol("environ").unwrap()).unwrap();
    (interpreter.tf_config().unwrap(), environment.get("TF_NUM_INTRAOP_THREADS").map(str::to_owned))
}
