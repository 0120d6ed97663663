//! A Python that can import TensorFlow: the one that was named, or a virtual environment made for the demo.

use std::ffi::OsStr;
use std::fs::File;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::{fs, io};

use anyhow::{Context as _, bail};
use rustix::fs::FlockOperation;

use crate::commands::demo::pip;
use crate::commands::demo::pip::Package;
use crate::commands::own_process::exit::CommandError;
use crate::commands::own_process::stdio::{ask, say};
use crate::data::Text;

/// tensorflow-cpu has wheels for x86-64 only; elsewhere the plain package is the one without GPU libraries.
const PACKAGE: Package = Package {
    name: if cfg!(target_arch = "x86_64") { "tensorflow-cpu==2.21.0" } else { "tensorflow==2.21.0" },
    download_mb: 335,
};
/// Versions of CPython (3.x) that the package has wheels for.
const MINORS: std::ops::RangeInclusive<u32> = 10..=13;
/// Written last: a folder without it is an installation that was interrupted.
const MARKER: &str = "tftop-installed";

/// What was found.
pub(crate) enum DemoPython {
    /// One that can `import tensorflow`.
    Ready(PathBuf),
    /// None, and a person does not want one installed.
    Declined,
}

/// A Python that can `import tensorflow`. Nothing is downloaded without a yes.
pub(crate) fn with_tensorflow(asked: &Path, cache: &Path, agreed: bool) -> anyhow::Result<DemoPython> {
    let asked = absolute(asked)?;
    if has_tensorflow(&asked, cache)? {
        return Ok(DemoPython::Ready(asked));
    }
    let venv = cache.join("demo-venv");
    if !is_complete(&venv) {
        check_version(&asked, cache)?;
        if !agreed && !may_install(&asked, &venv)? {
            return Ok(DemoPython::Declined);
        }
        install(&asked, &venv, cache)?;
    }
    Ok(DemoPython::Ready(python_of(&venv)))
}

/// Asks the person where there is one.
fn may_install(python: &Path, venv: &Path) -> anyhow::Result<bool> {
    let (name, mb) = (PACKAGE.name, PACKAGE.download_mb);
    let (python, venv) = (python.display(), venv.display());
    if !io::stdin().is_terminal() {
        return Err(CommandError::usage(format!(
            "{python} can't import TensorFlow. --yes installs {name} (downloads about {mb} MB, takes about 1.6 GB in \
             {venv}); --python PATH uses a Python that has TensorFlow"
        ))
        .into());
    }
    ask(&format!(
        "{python} can't import TensorFlow.\nInstall {name} for the demo? Downloads about {mb} MB, takes about 1.6 GB in {venv}; \
         delete that directory at any time. [y/N] "
    ))
}

/// A name without a slash is left to PATH. Links are not resolved: a virtual environment's Python is one.
fn absolute(python: &Path) -> anyhow::Result<PathBuf> {
    match python.components().count() {
        1 => Ok(python.to_owned()),
        _ => std::path::absolute(python).with_context(|| format!("finding {}", python.display())),
    }
}

fn python_of(venv: &Path) -> PathBuf {
    venv.join("bin").join("python")
}

fn is_complete(venv: &Path) -> bool {
    fs::read_to_string(venv.join(MARKER)).is_ok_and(|package| package.trim() == PACKAGE.name)
}

/// Whether this Python would find TensorFlow. Found, not imported: importing takes seconds, and the training run does it
/// anyway. A folder without `__init__.py`, as an uninstall leaves behind, does not count.
fn has_tensorflow(python: &Path, cache: &Path) -> anyhow::Result<bool> {
    const FIND: &str = "import importlib.util as u; s = u.find_spec('tensorflow'); print(s and s.origin or '')";
    let output = ask_python(python, cache, FIND)?;
    Ok(output.status.success() && !output.stdout.trim_ascii().is_empty())
}

/// Runs one line of Python in a folder of ours, so that no `tensorflow.py` of the working directory is imported.
fn ask_python(python: &Path, cache: &Path, line: &str) -> anyhow::Result<Output> {
    let mut command = Command::new(python);
    command.args(["-c", line]).current_dir(cache).env("TF_CPP_MIN_LOG_LEVEL", "3").stdin(Stdio::null());
    command.output().with_context(|| {
        format!("{} can't be started: install Python 3, or name one with --python PATH", python.display())
    })
}

fn install(base: &Path, venv: &Path, cache: &Path) -> anyhow::Result<()> {
    let _lock = lock(cache)?;
    if is_complete(venv) {
        return Ok(());
    }
    let name = PACKAGE.name;
    say(&format!("tftop: installing {name} into {}", venv.display()));
    // --clear: what an interrupted installation left behind is not worth trusting; pip keeps finished downloads itself.
    let made = ask_module(base, cache, &["venv".as_ref(), "--clear".as_ref(), venv.as_os_str()])?;
    if !made.status.success() {
        bail!(
            "{} -m venv failed: {}\nOn Debian and Ubuntu, `apt install python3-venv` helps; --python PATH uses a Python that \
             has TensorFlow",
            base.display(),
            Text::from_bytes(last_line(&made))
        );
    }
    pip::install(&python_of(venv), &PACKAGE, venv)?;
    let imported = ask_python(&python_of(venv), cache, "import tensorflow")?;
    if !imported.status.success() {
        let why = Text::from_bytes(last_line(&imported));
        bail!("{name} is installed but can't be imported: {why}; --python PATH uses another Python");
    }
    fs::write(venv.join(MARKER), name).with_context(|| format!("writing {}", venv.join(MARKER).display()))
}

/// Two demos must not install into one folder at the same time. Held until the file is closed, by the kernel even if
/// tftop is killed.
fn lock(cache: &Path) -> anyhow::Result<File> {
    let path = cache.join("demo-venv.lock");
    let file = File::create(&path).with_context(|| format!("writing {}", path.display()))?;
    if rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        say("tftop: another tftop is installing TensorFlow; waiting for it");
        rustix::fs::flock(&file, FlockOperation::LockExclusive)
            .with_context(|| format!("locking {}", path.display()))?;
    }
    Ok(file)
}

fn check_version(python: &Path, cache: &Path) -> anyhow::Result<()> {
    let output = ask_python(python, cache, "import sys; print(sys.version_info[0], sys.version_info[1])")?;
    let version = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut parts = version.split_whitespace().map(|part| part.parse::<u32>().ok());
    match (parts.next().flatten(), parts.next().flatten()) {
        (Some(3), Some(minor)) if MINORS.contains(&minor) => Ok(()),
        (Some(major), Some(minor)) => bail!(
            "{} is Python {major}.{minor}, but {} is built for Python 3.{} to 3.{}: name one of those with --python PATH",
            python.display(),
            PACKAGE.name,
            MINORS.start(),
            MINORS.end()
        ),
        _ => bail!("{} does not answer like Python 3: name one with --python PATH", python.display()),
    }
}

fn ask_module(python: &Path, cache: &Path, arguments: &[&OsStr]) -> anyhow::Result<Output> {
    let mut command = Command::new(python);
    command.arg("-m").args(arguments).current_dir(cache).stdin(Stdio::null());
    command.output().with_context(|| format!("starting {}", python.display()))
}

fn last_line(output: &Output) -> &[u8] {
    let written = if output.stderr.trim_ascii().is_empty() { &output.stdout } else { &output.stderr };
    let lines = written.trim_ascii().rsplit(|&byte| byte == b'\n');
    lines.map(<[u8]>::trim_ascii).find(|line| !line.is_empty()).unwrap_or_default()
}
