//! A thread that writes: whoever samples hands a sample over and goes on, however slow or full the disk is.

use std::fs::File;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use crate::data::sample::{StepMarks, TakenStacks};
use crate::runs::recording::format::{RecordingHeader, RecordingStats};
use crate::runs::recording::steps::StepWriter;
use crate::runs::recording::taken_look::TakenLook;
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

/// How far the recording is that is being written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordingProgress {
    /// Looks on it; none yet where the disk keeps the writer waiting.
    pub looks: u64,
    /// Its bytes.
    pub bytes: u64,
    /// Why it was given up.
    pub trouble: Option<String>,
}

/// Writes the samples of one target.
#[derive(Debug)]
pub struct Recorder {
    messages: SyncSender<RecorderMessage>,
    done: Receiver<RecordingResult>,
    progress: SharedProgress,
    /// Looks that found the queue full, and their marks.
    lost: u64,
    late: Vec<StepMarks>,
    /// Times that stacks found it full.
    lost_stacks: u64,
}

type SharedProgress = Arc<Mutex<RecordingProgress>>;

/// What is on its way to the disk.
enum RecorderMessage {
    Look {
        look: Arc<TakenLook>,
        /// Marks of samples before it that found the queue full.
        late: Vec<StepMarks>,
    },
    Stacks(Arc<TakenStacks>),
}

impl Recorder {
    /// Begins both files and the thread.
    pub fn start(files: RecorderFiles, header: RecordingHeader) -> std::io::Result<Self> {
        let (messages, come) = mpsc::sync_channel(MOST_WAITING);
        let (tell, done) = mpsc::channel();
        let progress = SharedProgress::default();
        let shown = progress.clone();
        let write = move || {
            let _ = tell.send(record(files, header, &come, &shown));
        };
        thread::Builder::new().name("tftop-recorder".to_owned()).spawn(write)?;
        Ok(Self { messages, done, progress, lost: 0, late: Vec::new(), lost_stacks: 0 })
    }

    /// How far it is.
    pub fn progress(&self) -> RecordingProgress {
        locked(&self.progress).clone()
    }

    /// Takes a look. Never waits: what comes faster than the disk takes it is left out and counted, but for its marks.
    pub fn take(&mut self, look: Arc<TakenLook>) {
        let look = RecorderMessage::Look { look, late: std::mem::take(&mut self.late) };
        if let Err(TrySendError::Full(RecorderMessage::Look { look, mut late })) = self.messages.try_send(look) {
            self.lost += 1;
            late.extend(look.sample.launch.iter().flat_map(|launch| launch.marks.iter().cloned()));
            self.late = late;
        }
    }

    /// Takes stacks, which go with the next sample. Never waits either.
    pub fn take_stacks(&mut self, taken: Arc<TakenStacks>) {
        let sent = self.messages.try_send(RecorderMessage::Stacks(taken));
        self.lost_stacks += u64::from(matches!(sent, Err(TrySendError::Full(_))));
    }

    /// Waits until everything is written, but not for ever.
    pub fn finish(self) -> RecordingResult {
        drop(self.messages);
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
        if self.lost_stacks > 0 {
            recorded
                .missing
                .push(format!("stacks, {} times: they came faster than the disk took them", self.lost_stacks));
        }
        recorded
    }
}

/// Writes what comes until nobody sends any more. A file that fails is given up; the other goes on.
fn record(
    files: RecorderFiles,
    header: RecordingHeader,
    messages: &Receiver<RecorderMessage>,
    progress: &Mutex<RecordingProgress>,
) -> RecordingResult {
    let mut recorded = RecordingResult::default();
    let started_ns = header.started_ns;
    let mut tape = files.tape.map(|file| RecordingWriter::new(file, header, files.tape_limit)).and_then(|begun| {
        locked(progress).trouble = begun.as_ref().err().map(ToString::to_string);
        recorded.kept("samples", begun)
    });
    let mut steps =
        files.steps.and_then(|file| recorded.kept("step times", StepWriter::new(file, started_ns, STEPS_LIMIT)));
    for message in messages {
        let (look, late) = match message {
            RecorderMessage::Look { look, late } => (look, late),
            RecorderMessage::Stacks(taken) => {
                tape.iter_mut().for_each(|writer| writer.add_stacks(&taken));
                continue;
            }
        };
        let marks = look.sample.launch.as_ref().map(|launch| launch.marks.as_slice()).unwrap_or_default();
        if let Some(writer) = &mut steps
            && recorded.kept("step times", writer.write(&late).and_then(|()| writer.write(marks))).is_none()
        {
            steps = None;
        }
        if let Some(writer) = &mut tape {
            writer.add_marks(late);
            let written = writer.write_taken(look);
            let trouble = written.as_ref().err().map(ToString::to_string);
            *locked(progress) = RecordingProgress { looks: writer.stats().looks, bytes: writer.bytes(), trouble };
            if recorded.kept("samples", written).is_none() {
                tape = None;
            }
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
    if let Some(times) = recorded.tape.as_ref().map(|stats| stats.stacks_left_out).filter(|&times| times > 0) {
        recorded.missing.push(format!("stacks, {times} times: the tape had no room for them"));
    }
    recorded
}

/// What a panic left is still what was written.
fn locked(progress: &Mutex<RecordingProgress>) -> MutexGuard<'_, RecordingProgress> {
    progress.lock().unwrap_or_else(PoisonError::into_inner)
}

impl RecordingResult {
    fn kept<T>(&mut self, what: &str, result: std::io::Result<T>) -> Option<T> {
        result.map_err(|error| self.missing.push(format!("{what} from here on: {error}"))).ok()
    }
}
