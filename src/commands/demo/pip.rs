//! pip installs one package into a venv: one line of progress on a terminal, and pip's own last lines where it fails. Never
//! touches anything outside the venv but pip's own cache.

use std::collections::VecDeque;
use std::fs;
use std::io::{BufRead as _, BufReader, PipeReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::sync::mpsc::RecvTimeoutError;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::commands::own_process::progress::ProgressLine;
use crate::data::Text;

/// How often the line of progress is renewed.
const RENEWED: Duration = Duration::from_millis(500);
/// Lines of pip's that are shown where it fails.
const LAST_LINES: usize = 8;
/// Folders below each other that are looked into for what was downloaded.
const DEPTH: usize = 4;

/// What to install, and how much that is.
pub(super) struct Package {
    pub(super) name: &'static str,
    /// About so many megabytes are downloaded.
    pub(super) download_mb: u64,
}

/// How far pip is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Downloading,
    Unpacking,
}

/// Installs the package with the venv's Python.
pub(super) fn install(python: &Path, package: &Package, venv: &Path) -> anyhow::Result<()> {
    // pip keeps its downloads in a temporary folder until it unpacks them: in one of ours they can be measured.
    let downloads = venv.join("downloads");
    fs::create_dir(&downloads).with_context(|| format!("making {}", downloads.display()))?;
    let (reader, writer) = std::io::pipe().context("making a pipe for pip")?;
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "install", "--disable-pip-version-check", "--no-input", package.name]);
    pip.current_dir(venv).env("TMPDIR", &downloads).stdin(Stdio::null());
    pip.stdout(writer.try_clone().context("making a pipe for pip")?).stderr(writer);
    let mut child = pip.spawn().with_context(|| format!("starting pip of {}", python.display()))?;
    // Its ends of the pipe go with it: else the pipe would never end.
    drop(pip);
    let last = follow(reader, package, &downloads)?;
    let status = child.wait().context("waiting for pip")?;
    let _ = fs::remove_dir_all(&downloads);
    if status.success() {
        return Ok(());
    }
    let last: String = last.iter().map(|line| format!("\n  | {line}")).collect();
    bail!(
        "pip can't install {}:{last}\nOther Pythons: `tftop demo --python PATH` uses one that has TensorFlow. Run the demo again \
         to try once more; pip keeps finished downloads",
        package.name
    )
}

/// Shows how far pip is until it closes its output; its last lines.
fn follow(reader: PipeReader, package: &Package, downloads: &Path) -> anyhow::Result<VecDeque<Text>> {
    let (sender, lines) = mpsc::channel();
    let read = move || {
        for line in BufReader::new(reader).split(b'\n').map_while(Result::ok) {
            if sender.send(Text::from_bytes(line.trim_ascii_end())).is_err() {
                break;
            }
        }
    };
    thread::Builder::new().name("tftop-pip".to_owned()).spawn(read).context("starting the thread that reads pip")?;
    let (began, mut step, mut last) = (Instant::now(), Step::Downloading, VecDeque::new());
    let mut progress = ProgressLine::new();
    loop {
        match lines.recv_timeout(RENEWED) {
            Ok(line) if line.trim().is_empty() => continue,
            Ok(line) => {
                if line.starts_with("Installing collected packages") {
                    step = Step::Unpacking;
                }
                last.push_back(line);
                if last.len() > LAST_LINES {
                    last.pop_front();
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(last),
        }
        if progress.is_shown() {
            progress.show(&line(package, step, bytes_below(downloads, DEPTH), began.elapsed()));
        }
    }
}

fn line(package: &Package, step: Step, bytes: u64, after: Duration) -> String {
    let (name, seconds) = (package.name, after.as_secs());
    match step {
        Step::Downloading => {
            let (done, all) = (bytes / 1_000_000, package.download_mb);
            format!("installing {name}: downloaded {done} of about {all} MB, {seconds} s")
        }
        Step::Unpacking => format!("installing {name}: unpacking, {seconds} s"),
    }
}

fn bytes_below(folder: &Path, depth: usize) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let size = |entry: fs::DirEntry| match entry.metadata() {
        Ok(it) if it.is_dir() && depth > 0 => bytes_below(&entry.path(), depth - 1),
        Ok(it) if it.is_file() => it.len(),
        _ => 0,
    };
    entries.map(size).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_how_far_pip_is() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("pip-unpack")).unwrap();
        fs::write(folder.path().join("pip-unpack/a.whl"), vec![0; 2_500_000]).unwrap();
        fs::write(folder.path().join("b"), vec![0; 600_000]).unwrap();
        let package = Package { name: "tensorflow", download_mb: 335 };
        let bytes = bytes_below(folder.path(), DEPTH);
        let said = |step| line(&package, step, bytes, Duration::from_millis(12_900));
        assert_eq!(said(Step::Downloading), "installing tensorflow: downloaded 3 of about 335 MB, 12 s");
        assert_eq!(said(Step::Unpacking), "installing tensorflow: unpacking, 12 s");
    }
}
