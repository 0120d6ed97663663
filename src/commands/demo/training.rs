//! The demo's child: a training run in a process group of its own, which never outlives the demo. The script also ends by
//! itself when its stdin closes, so that it ends even if tftop is killed.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use anyhow::{Context as _, anyhow};
use rustix::process::Signal;

use crate::data::{Pid, Text};

const SCRIPT: &str = include_str!("../../../assets/demo/train.py");
/// The script prints it after its first batch.
const BEGUN: &str = "training has begun";
/// Longest start: a cold import of TensorFlow from a slow disk takes a minute.
const START_LIMIT: Duration = Duration::from_secs(300);
const POLL: Duration = Duration::from_millis(50);
/// From SIGTERM to SIGKILL.
const GRACE: Duration = Duration::from_secs(3);
/// How much of the log's end is looked at, and shown when training fails.
const TAIL_BYTES: u64 = 64 * 1024;
const TAIL_LINES: usize = 15;

/// A running training script; dropping it ends the script.
pub(crate) struct Training {
    child: Child,
    log: PathBuf,
}

impl Training {
    /// Starts the script. Its output goes to a log of its own.
    pub(crate) fn start(python: &Path, contended: bool, cache: &Path) -> anyhow::Result<Self> {
        let script = cache.join("demo-train.py");
        // Written beside and renamed: a demo that starts at the same time never reads half a script.
        let fresh = cache.join(format!("demo-train.{}.py", std::process::id()));
        fs::write(&fresh, SCRIPT)
            .and_then(|()| fs::rename(&fresh, &script))
            .with_context(|| format!("writing {}", script.display()))?;
        let log = cache.join(format!("demo-train.{}.log", std::process::id()));
        let writer = File::create(&log).with_context(|| format!("writing {}", log.display()))?;
        let also = writer.try_clone().with_context(|| format!("writing {}", log.display()))?;
        let mut command = Command::new(python);
        command.arg(&script).arg("--end-with-stdin").args(contended.then_some("--contended"));
        command.stdin(Stdio::piped()).stdout(writer).stderr(also).process_group(0).current_dir(cache);
        let child = command.spawn().with_context(|| format!("starting {}", python.display()))?;
        Ok(Self { child, log })
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid(self.child.id())
    }

    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    /// Waits until the first batch is done. Fails with the log's tail when the script ends before, or never gets there.
    pub(crate) async fn begun(&mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + START_LIMIT;
        while !self.tail().contains(BEGUN) {
            self.check()?;
            if Instant::now() > deadline {
                return Err(self.failure(&format!("has not begun within {} s", START_LIMIT.as_secs())));
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// Fails with the log's tail if the script has ended.
    pub(crate) fn check(&mut self) -> anyhow::Result<()> {
        match self.ended() {
            Some(status) => Err(self.failure(&format!("ended by itself ({status})"))),
            None => Ok(()),
        }
    }

    fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    fn failure(&self, what: &str) -> anyhow::Error {
        let tail = self.tail();
        let lines: Vec<&str> = tail.lines().filter(|line| !line.trim().is_empty()).collect();
        let last = lines.iter().skip(lines.len().saturating_sub(TAIL_LINES));
        let shown: String = last.map(|line| format!("\n  | {}", Text::from(*line))).collect();
        anyhow!(
            "the demo's training {what}; another Python can be named with --python PATH. The end of its log {}:{shown}",
            self.log.display()
        )
    }

    /// The log's end; empty while there is none.
    fn tail(&self) -> String {
        let read = || -> std::io::Result<Vec<u8>> {
            let mut log = File::open(&self.log)?;
            let length = log.metadata()?.len();
            log.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
            let mut bytes = Vec::new();
            log.take(TAIL_BYTES).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        String::from_utf8_lossy(&read().unwrap_or_default()).into_owned()
    }

    fn signal(&self, signal: Signal) {
        let group = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw);
        if let Some(group) = group {
            // Not reaped yet, so the number is still the child's own.
            let _ = rustix::process::kill_process_group(group, signal);
        }
    }
}

impl Drop for Training {
    /// SIGTERM, some grace, SIGKILL. The log goes with a run that ended as it should; that of a failure stays.
    fn drop(&mut self) {
        if self.ended().is_some() {
            return;
        }
        drop(self.child.stdin.take());
        self.signal(Signal::TERM);
        let deadline = Instant::now() + GRACE;
        while self.ended().is_none() && Instant::now() < deadline {
            thread::sleep(POLL);
        }
        if self.ended().is_none() {
            self.signal(Signal::KILL);
            let _ = self.child.wait();
        }
        let _ = fs::remove_file(&self.log);
    }
}
