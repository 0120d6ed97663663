//! What is kept of a run: what was started before it starts, every sample while it goes on. A folder that can't be written
//! costs the record, never the run.

use std::ffi::OsString;
use std::fs::File;
use std::os::unix::ffi::OsStrExt as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};

use crate::data::Text;
use crate::data::limits::Caps;
use crate::data::run::run_files::{RUN, STEPS, SUMMARY, SUMMARY_MARKDOWN, TAPE};
use crate::data::run::{RUN_SCHEMA, RunEnd, RunFact};
use crate::data::sample::{ProcessFact, TakenStacks};
use crate::data::scene::Scene;
use crate::data::secrets::without_secrets;
use crate::runs::history::live_player::OlderLooks;
use crate::runs::recording::format::RecordingHeader;
use crate::runs::recording::recorder::{Recorder, RecorderFiles, RecordingProgress};
use crate::runs::recording::taken_look::TakenLook;
use crate::runs::run_dir;
use crate::runs::run_dir::RunDir;
use crate::runs::stats::run_stats::RunStats;
use crate::runs::stats::warmup::Warmup;
use crate::runs::summary::{RunSummary, SummaryBuilder};

/// Words of a command that are kept.
const MOST_WORDS: usize = 1000;
/// Why there is no recording where nothing went wrong.
const NOT_RECORDED: &str = "nothing is recorded (--no-record, --read-only or the settings)";
/// Largest recording of a run, in bytes.
pub(crate) const TAPE_LIMIT: u64 = 256 << 20;

/// A run's record.
#[derive(Debug, Default)]
pub(crate) struct RunRecord {
    /// None: it can't be kept.
    pub(crate) folder: Option<RunDir>,
    pub(crate) fact: RunFact,
    /// What is missing of it, and why.
    pub(crate) missing: Vec<String>,
}

/// Where every sample goes; the sampler's end and the run's.
#[derive(Clone, Debug, Default)]
pub(crate) struct RunRecording(Arc<Mutex<RecordingState>>);

#[derive(Debug, Default)]
struct RecordingState {
    tape: Option<Recorder>,
    builder: SummaryBuilder,
}

impl RunRecord {
    /// Of a run that nothing is kept of.
    pub(crate) fn none() -> Self {
        let fact = RunFact { started_unix_ms: unix_ms(now()), ..RunFact::default() };
        Self { fact, ..Self::default() }
    }

    /// A folder for the run, or why there is none.
    pub(crate) fn begin() -> Self {
        let started = now();
        let made = run_dir::home().and_then(|home| RunDir::make(&home, started.as_secs()));
        let (folder, missing) = match made {
            Ok(folder) => (Some(folder), Vec::new()),
            Err(error) => (None, vec![format!("everything: its folder can't be made: {error}")]),
        };
        let fact = RunFact {
            schema: RUN_SCHEMA.into(),
            id: folder.as_ref().map(|folder| folder.id().into()).unwrap_or_default(),
            tftop: env!("CARGO_PKG_VERSION").into(),
            started_unix_ms: unix_ms(started),
            ..RunFact::default()
        };
        Self { folder, fact, missing }
    }

    /// Seconds after 1970 at which it began.
    pub(crate) fn started_unix_s(&self) -> u64 {
        self.fact.started_unix_ms / 1000
    }

    /// Writes down what will be started and how.
    pub(crate) fn write_fact(&mut self) {
        let text = serde_json::to_string_pretty(&self.fact).unwrap_or_default() + "\n";
        self.write(RUN, &text);
    }

    /// Begins with the samples of a command that was started, its step times beside them.
    pub(crate) fn recording(&mut self) -> RunRecording {
        self.recording_of(&[TAPE, STEPS], TAPE_LIMIT)
    }

    /// Begins with the samples of a process that is only watched: at most about so many bytes.
    pub(crate) fn recording_of_watched(&mut self, tape_limit: u64) -> RunRecording {
        self.recording_of(&[TAPE], tape_limit)
    }

    fn recording_of(&mut self, names: &[&'static str], tape_limit: u64) -> RunRecording {
        let Some(folder) = &self.folder else { return RunRecording::default() };
        let mut file = |name| match names.contains(&name).then(|| folder.file(name))? {
            Ok((_, file)) => Some(file),
            Err(error) => {
                self.missing.push(format!("{name}: {error}"));
                None
            }
        };
        let files = RecorderFiles { tape: file(TAPE), steps: file(STEPS), tape_limit };
        let header = RecordingHeader::new(self.fact.started_unix_ms, boot_ns());
        match RunRecording::start(files, header) {
            Ok(recording) => recording,
            Err(error) => {
                self.missing.push(format!("samples: {error}"));
                RunRecording::default()
            }
        }
    }

    /// Ends it with what came of the run, for programs and, as `markdown` prints it, for people; gives that back.
    pub(crate) fn end(
        &mut self,
        recording: &RunRecording,
        (ended, after): (RunEnd, Duration),
        markdown: impl Fn(&RunSummary) -> String,
    ) -> SummaryBuilder {
        let (missing, builder) = recording.finish();
        self.missing.extend(missing);
        let summary = builder.summary(self.fact.clone(), (ended, after.as_secs_f64()), self.missing.clone());
        self.write(SUMMARY_MARKDOWN, &markdown(&summary));
        match serde_json::to_string_pretty(&summary) {
            Ok(text) => self.write(SUMMARY, &(text + "\n")),
            Err(error) => self.missing.push(format!("{SUMMARY}: {error}")),
        }
        builder
    }

    /// Where older looks are than a dashboard has in memory.
    pub(crate) fn older_looks(&self) -> OlderLooks {
        match &self.folder {
            Some(folder) => OlderLooks::OnTape(folder.path().join(TAPE)),
            None => OlderLooks::Nowhere(self.missing.first().cloned().unwrap_or_else(|| NOT_RECORDED.to_owned())),
        }
    }

    /// Leaves nothing: nobody writes to its files any more.
    pub(crate) fn discard(&mut self) {
        self.folder.take().into_iter().for_each(RunDir::discard);
    }

    /// A file of the run; where it can't be written, that is missing.
    pub(crate) fn write(&mut self, name: &str, text: &str) {
        let Some(folder) = &self.folder else { return };
        if let Err(error) = folder.write(name, text) {
            self.missing.push(format!("{name}: {error}"));
        }
    }
}

impl RunRecording {
    /// Into a file of its own, begun now: at most about so many bytes.
    pub(crate) fn to_file(tape: File, tape_limit: u64) -> std::io::Result<Self> {
        let files = RecorderFiles { tape: Some(tape), steps: None, tape_limit };
        Self::start(files, RecordingHeader::new(unix_ms(now()), boot_ns()))
    }

    fn start(files: RecorderFiles, header: RecordingHeader) -> std::io::Result<Self> {
        let tape = Some(Recorder::start(files, header)?);
        Ok(Self(Arc::new(Mutex::new(RecordingState { tape, ..RecordingState::default() }))))
    }

    /// Takes a look in, and what was concluded from it.
    pub(crate) fn take(&self, look: &Arc<TakenLook>, scene: &Scene) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.builder.add(&look.sample, scene);
        if let Some(tape) = seen.tape.as_mut() {
            tape.take(look.clone());
        }
    }

    /// Takes stacks that somebody let be taken.
    pub(crate) fn take_stacks(&self, taken: &Arc<TakenStacks>) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tape) = seen.tape.as_mut() {
            tape.take_stacks(taken.clone());
        }
    }

    /// How far its samples are written; nothing where they are not.
    pub(crate) fn progress(&self) -> RecordingProgress {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.tape.as_ref().map(Recorder::progress).unwrap_or_default()
    }

    /// What it came to so far, without the warm-up.
    pub(crate) fn outcome(&self) -> RunStats {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).builder.outcome(Warmup::default())
    }

    /// Steps so far, warm-up included.
    pub(crate) fn steps_so_far(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).builder.steps_so_far()
    }

    /// Seconds from the first sample to the last.
    pub(crate) fn watched_s(&self) -> f64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).builder.watched_s()
    }

    /// Caps that were advised so far; none where it was never judged.
    pub(crate) fn advised(&self) -> Option<Caps> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).builder.advised()
    }

    /// Waits until everything is written: what could not be, and what was gathered. What comes later is not recorded.
    pub(crate) fn finish(&self) -> (Vec<String>, SummaryBuilder) {
        let RecordingState { tape, builder } =
            std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        (tape.map_or_else(Vec::new, |tape| tape.finish().missing), builder)
    }
}

/// The words of a command as a run keeps them.
pub(crate) fn shown(words: &[OsString]) -> Vec<Text> {
    let words: Vec<Text> = words.iter().take(MOST_WORDS).map(|word| Text::from_bytes(word.as_bytes())).collect();
    without_secrets(&words)
}

/// The same of a process that is watched.
pub(crate) fn shown_of(process: &ProcessFact) -> Vec<Text> {
    without_secrets(&process.command[..process.command.len().min(MOST_WORDS)])
}

/// Time since 1970.
fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn unix_ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Now, in nanoseconds since boot, as samples count it.
pub(crate) fn boot_ns() -> u64 {
    let now = clock_gettime(ClockId::Boottime);
    (now.tv_sec.unsigned_abs() * 1_000_000_000).saturating_add(now.tv_nsec.unsigned_abs())
}
