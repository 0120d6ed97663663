//! A thread that writes: whoever samples hands a sample over and goes on, however slow or full the disk is.

use std::fs::File;
use std::sync::mpsc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError};
use std::thread;
use std::time::Duration;

use crate::data::sample::{Sample, StepMarks};
use crate::runs::recording::format::{RecordingHeader, RecordingStats};
use crate::runs::recording::steps::StepWriter;
use crate::runs::recording::writer::RecordingWriter;

/// Looks that wait for the disk before any is left out.
const MOST_WAITING: usize = 64;
/// Largest file of step times, in bytes: more than a million steps.
const STEPS_LIMIT: u64 = 64 << 20;
/// How long the end waits for a disk that doesn't answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where it writes to; none: not at all.
#[derive(Debug, Default)]
pub struct RecorderFiles {
    /// The recording.
    pub tape: Option<File>,
    /// About how many bytes of it there may be.
    pub tape_limit: u64,
    /// The step times.
    pub steps: Option<File>,
}

/// What became of the recording.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordingResult {
    /// What is in the recording; none where there is none that is finished.
    pub tape: Option<RecordingStats>,
    /// What is missing, and why; each a sentence.
    pub missing: Vec<String>,
}

/// Writes the samples of one target.
#[derive(Debug)]
pub struct Recorder {
    looks: SyncSender<Sample>,
    done: Receiver<RecordingResult>,
    /// Looks that found the queue full, and their marks.
    lost: u64,
    late: Vec<StepMarks>,
}

impl Recorder {
    /// Begins both files and the thread.
    pub fn start(files: RecorderFiles, header: RecordingHeader) -> std::io::Result<Self> {
        let (looks, come) = mpsc::sync_channel(MOST_WAITING);
        let (tell, done) = mpsc::channel();
        let write = move || {
            let _ = tell.send(record(files, header, &come));
        };
        thread::Builder::new().name("tftop-recorder".to_owned()).spawn(write)?;
        Ok(Self { looks, done, lost: 0, late: Vec::new() })
    }

    /// Takes a sample. Never waits: what comes faster than the disk takes it is left out and counted, but for its marks.
    pub fn take(&mut self, mut sample: Sample) {
        if let Some(launch) = sample.launch.as_mut().filter(|_| !self.late.is_empty()) {
            self.late.append(&mut launch.marks);
            launch.marks = std::mem::take(&mut self.late);
        }
        if let Err(TrySendError::Full(sample)) = self.looks.try_send(sample) {
            self.lost += 1;
            self.late = sample.launch.map(|launch| launch.marks).unwrap_or_default();
        }
    }

    /// Waits until everything is written, but not for ever.
    pub fn finish(self) -> RecordingResult {
        drop(self.looks);
        let gave_up = || RecordingResult {
            tape: None,
            missing: vec![format!(
                "the end of the samples and step times: the disk did not answer for {} s",
                PATIENCE.as_secs()
            )],
        };
        let mut recorded = self.done.recv_timeout(PATIENCE).unwrap_or_else(|_| gave_up());
        if self.lost > 0 {
            recorded.missing.push(format!("{} samples: they came faster than the disk took them", self.lost));
        }
        recorded
    }
}

/// Writes what comes until nobody sends any more. A file that fails is given up; the other goes on.
fn record(files: RecorderFiles, header: RecordingHeader, looks: &Receiver<Sample>) -> RecordingResult {
    let mut recorded = RecordingResult::default();
    let started_ns = header.started_ns;
    let mut tape =
        files.tape.and_then(|file| recorded.kept("samples", RecordingWriter::new(file, header, files.tape_limit)));
    let mut steps =
        files.steps.and_then(|file| recorded.kept("step times", StepWriter::new(file, started_ns, STEPS_LIMIT)));
    for sample in looks {
        let marks = sample.launch.as_ref().map(|launch| launch.marks.as_slice()).unwrap_or_default();
        if let Some(writer) = &mut steps
            && recorded.kept("step times", writer.write(marks)).is_none()
        {
            steps = None;
        }
        if let Some(writer) = &mut tape
            && recorded.kept("samples", writer.write(sample)).is_none()
        {
            tape = None;
        }
    }
    recorded.tape = tape.and_then(|writer| recorded.kept("samples", writer.finish()));
    if let Some(left_out) = steps.map(|steps| steps.left_out()).filter(|&count| count > 0) {
        recorded.missing.push(format!("{left_out} step times in steps.csv: it is full; all are on the tape"));
    }
    if let Some(stats) = recorded.tape.as_ref().filter(|stats| stats.full) {
        recorded.missing.push(format!("the last {} samples: the tape is full", stats.lost));
    }
    if let Some(thinned) = recorded.tape.as_ref().map(|stats| stats.thinned).filter(|&thinned| thinned > 0) {
        let megabytes = files.tape_limit as f64 / 1e6;
        recorded.missing.push(format!(
            "{thinned} samples between others: the tape is kept below {megabytes:.0} MB, step marks are all there"
        ));
    }
    recorded
}

impl RecordingResult {
    fn kept<T>(&mut self, what: &str, result: std::io::Result<T>) -> Option<T> {
        result.map_err(|error| self.missing.push(format!("{what} from here on: {error}"))).ok()
    }
}
