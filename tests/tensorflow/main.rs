//! The binary on real TensorFlow, NumPy, scikit-learn and Python processes: what it says of every thread must be what
//! the process itself was told to make. Needs python3 with venv and, the first time, PyPI.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/deadline.rs"]
mod deadline;
#[path = "../support/prometheus.rs"]
mod prometheus;
#[path = "../support/python.rs"]
mod python;
#[path = "../support/target.rs"]
mod target;
#[path = "../support/terminal.rs"]
mod terminal;
#[path = "../support/watch.rs"]
mod watch;

mod advice;
mod causes;
mod children;
mod endings;
mod faces;
mod first_minute;
mod libraries;
mod namespaces;
mod openmp;
mod permissions;
mod pools;
mod python_module;
mod ranks;
mod recording;
mod samples;
mod serving;
mod stacks;
mod stages;
mod trace;
mod tutorial;
mod untouched;

/// Held by tests whose targets are found by the name train.py, or have it in theirs.
static ONE_TRAIN_PY: std::sync::Mutex<()> = std::sync::Mutex::new(());

/// The two TensorFlows of the tests. Up to 2.20 no thread has a kernel name of its own; 2.21 names some of them.
const NAMELESS: &str = "2.20.0";
const NAMING: &str = "2.21.0";
