//! Pythons that targets run on: the machine's own, and pinned virtual environments under `target/python`, made once.

#![allow(dead_code)] // each test binary uses its part

use std::ffi::OsString;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs, io};

use rustix::fs::{FlockOperation, flock};

/// Leaves out the tests that need TensorFlow; they say so on stderr.
const SKIP: &str = "TFTOP_SKIP_TENSORFLOW";
/// The interpreter to use instead of looking for one on PATH.
const CHOSEN: &str = "TFTOP_TEST_PYTHON";

/// A python3 with the standard library; every version tested does.
pub fn plain() -> PathBuf {
    let python = env::var_os(CHOSEN).unwrap_or_else(|| OsString::from("python3"));
    version_of(&python).unwrap_or_else(|why| panic!("the tests need python3: {why}"));
    python.into()
}

/// The interpreter of a virtual environment with this TensorFlow; none when the user asked to leave such tests out.
pub fn tensorflow(version: &str) -> Option<PathBuf> {
    left_in().then(|| environment(&format!("tensorflow-{version}"), base_python()))
}

/// The interpreter of a virtual environment with a TensorFlow whose operations run on OpenMP; none as above, and where the
/// only wheel of that kind can't be installed: it is for CPython 3.11 on x86-64.
pub fn openmp_tensorflow() -> Option<PathBuf> {
    if !left_in() {
        return None;
    }
    let candidates = env::var_os(CHOSEN).into_iter().chain(["python3.11", "python3"].map(OsString::from));
    let fits = |python: &OsString| version_of(python).is_ok_and(|version| version == "3.11") && has_venv(python);
    let base = candidates.filter(|_| cfg!(target_arch = "x86_64")).find(fits);
    if base.is_none() {
        let why = "intel-tensorflow 2.14.0 has a wheel for CPython 3.11 on x86-64 only, and no such python3.11 with venv is here";
        say(&format!("{}: SKIPPED, because {why}", test_name()));
    }
    base.map(|base| environment("openmp", (base, "3.11".to_owned())))
}

/// Whether tests that need wheels run; says so where they don't.
fn left_in() -> bool {
    let left_out = env::var_os(SKIP).is_some_and(|value| value == "1");
    if left_out {
        say(&format!("{}: SKIPPED, because {SKIP}=1", test_name()));
    }
    !left_out
}

/// The interpreter of a virtual environment with JAX, OpenCV and Polars and without TensorFlow; none as above.
pub fn libraries() -> Option<PathBuf> {
    left_in().then(|| environment("libraries", base_python()))
}

/// Where virtual environments and locks lie: shared by all profiles and test binaries of one target folder.
pub fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("python");
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Takes a lock that other test processes and threads respect; held until the file is dropped.
pub fn lock(name: &str) -> File {
    let file = File::create(folder().join(format!("{name}.lock"))).unwrap();
    flock(&file, FlockOperation::LockExclusive).unwrap();
    file
}

/// Writes past libtest's capture: progress and skipped tests are seen even when everything passes.
pub fn say(line: &str) {
    let _ = writeln!(io::stderr(), "tests: {line}");
}

/// The name of the running test, as libtest names its threads.
pub fn test_name() -> String {
    std::thread::current().name().unwrap_or("a test").to_owned()
}

/// Makes the environment unless it exists as these requirements and this Python want it. The marker is written last,
/// so an interrupted installation is made anew.
fn environment(name: &str, (base, base_version): (OsString, String)) -> PathBuf {
    let _lock = lock(name);
    let home = folder().join(name);
    let python = home.join("bin/python");
    let marker = home.join("made-of");
    let requirements = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/data/requirements-{name}.txt"));
    let wanted = format!("{base_version}\n{}", fs::read_to_string(&requirements).unwrap());
    if fs::read_to_string(&marker).is_ok_and(|made_of| made_of == wanted) {
        return python;
    }
    say(&format!("making {} (once; downloads 250 to 400 MB, takes up to 1.8 GB)", home.display()));
    if home.exists() {
        fs::remove_dir_all(&home).unwrap();
    }
    run(Command::new(base).args(["-m", "venv"]).arg(&home));
    let pip = ["-m", "pip", "--disable-pip-version-check", "install", "--no-input", "--progress-bar=off", "--quiet"];
    run(Command::new(&python).args(pip).arg("--only-binary=:all:").arg("-r").arg(&requirements));
    fs::write(&marker, wanted).unwrap();
    say(&format!("{} is ready", home.display()));
    python
}

/// The first interpreter that the pinned wheels exist for and that can make environments, with its version.
fn base_python() -> (OsString, String) {
    let candidates = match env::var_os(CHOSEN) {
        Some(chosen) => vec![chosen],
        None => ["python3", "python3.13", "python3.12", "python3.11", "python3.10"].map(OsString::from).to_vec(),
    };
    let mut refused = Vec::new();
    for python in candidates {
        match version_of(&python) {
            Ok(version) if ["3.10", "3.11", "3.12", "3.13"].contains(&version.as_str()) => match has_venv(&python) {
                true => return (python, version),
                false => refused.push(format!("{}: no venv or ensurepip module", python.display())),
            },
            Ok(version) => refused.push(format!("{} is Python {version}", python.display())),
            Err(why) => refused.push(why),
        }
    }
    panic!(
        "the TensorFlow tests need CPython 3.10 to 3.13 with venv (Debian, Ubuntu: apt install python3-venv). Found: {}. \
         Name one with {CHOSEN}=/path/to/python3, or leave these tests out with {SKIP}=1.",
        refused.join("; ")
    );
}

/// "3.11", or why there is no answer.
fn version_of(python: &OsString) -> Result<String, String> {
    let script = "import sys; print('%d.%d' % sys.version_info[:2])";
    let output = Command::new(python).args(["-c", script]).output();
    let output = output.map_err(|error| format!("{}: {error}", python.display()))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
        false => Err(format!("{}: {}", python.display(), output.status)),
    }
}

fn has_venv(python: &OsString) -> bool {
    let mut command = Command::new(python);
    command.args(["-c", "import venv, ensurepip"]).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn run(command: &mut Command) {
    let status = command.stdin(Stdio::null()).stdout(io::stderr()).status().unwrap();
    assert!(
        status.success(),
        "{command:?}: {status}. Its output stands above. The tests need PyPI once (or pip's own settings for a mirror); \
         leave them out with {SKIP}=1."
    );
}
