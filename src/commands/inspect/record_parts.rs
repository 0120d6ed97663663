//! What `tftop record` writes, one recording after the other: files of its own, or runs in the store. Each is whole and can be
//! read alone; a new one begins where the target was started again, or where one is as large as it may be.

use std::collections::VecDeque;
use std::fs;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context as _;

use crate::commands::inspect::watch_record::describe;
use crate::commands::kept::lookup;
use crate::commands::own_process::exit::CommandError;
use crate::commands::own_process::stdio;
use crate::commands::sampling::sampler::SampleObserver;
use crate::data::run::RunEnd;
use crate::data::run::run_files::TAPE;
use crate::data::scene::Scene;
use crate::launch::shell;
use crate::output;
use crate::present::format;
use crate::runs::recording::taken_look::TakenLook;
use crate::runs::run_record::{RunRecord, RunRecording, TAPE_LIMIT};

/// Parts of the size that all may have together: when the newest is as large as one, the oldest goes.
const PARTS: u64 = 4;
/// Numbers of names that are tried for a file.
const MOST_NAMES: usize = 1_000_000;

/// Where recordings go.
#[derive(Clone, Debug)]
pub(super) enum RecordPlace {
    /// Among the runs, as those of watched processes: at most about so many bytes each.
    Store {
        /// Bytes.
        limit: u64,
    },
    /// A file of this name; the next ones have a number behind it.
    File {
        /// The first one's.
        path: PathBuf,
        /// Whether one that is there is overwritten.
        force: bool,
    },
}

/// The recordings of one command, shared by the sampler's thread and the command's.
#[derive(Clone, Debug)]
pub(super) struct RecordParts(Arc<Mutex<PartsState>>);

/// Writes what is seen of one target.
pub(super) struct RecordObserver {
    parts: RecordParts,
    target: u64,
}

#[derive(Debug)]
struct PartsState {
    place: RecordPlace,
    /// Counts the targets: a last look at one that was left belongs to none.
    target: u64,
    /// Bytes of all together.
    most: Option<u64>,
    begun: usize,
    open: Option<OpenPart>,
    /// The oldest first.
    closed: VecDeque<ClosedPart>,
    /// What was recorded in all parts, removed ones too.
    looks: u64,
    seconds: f64,
    /// Why no part could be begun.
    trouble: Option<String>,
}

/// The part that is being written.
#[derive(Debug)]
struct OpenPart {
    name: String,
    path: PathBuf,
    record: RunRecord,
    recording: RunRecording,
    described: bool,
    looks: u64,
}

#[derive(Debug)]
struct ClosedPart {
    name: String,
    path: PathBuf,
    in_store: bool,
    bytes: u64,
}

impl RecordParts {
    /// Nothing is written before the first sample, but a name that can't be used is refused.
    pub(super) fn new(place: RecordPlace, most: Option<u64>) -> anyhow::Result<Self> {
        if let RecordPlace::File { path, force } = &place {
            may_be_made(path, *force)?;
        }
        Ok(Self(Arc::new(Mutex::new(PartsState {
            place,
            target: 0,
            most,
            begun: 0,
            open: None,
            closed: VecDeque::new(),
            looks: 0,
            seconds: 0.0,
            trouble: None,
        }))))
    }

    /// What it is called that is written now; none before the first sample.
    pub(super) fn name(&self) -> Option<String> {
        self.locked().open.as_ref().map(|part| part.name.clone())
    }

    /// Why nothing more can be written.
    pub(super) fn trouble(&self) -> Option<String> {
        let state = self.locked();
        let of_open = state.open.as_ref().and_then(|part| {
            part.recording.progress().trouble.map(|why| format!("{}: {why}", format::clean(&part.name)))
        });
        of_open.or_else(|| state.trouble.clone())
    }

    /// What sees the samples of the next target.
    pub(super) fn observer(&self) -> RecordObserver {
        RecordObserver { parts: self.clone(), target: self.locked().target }
    }

    /// Ends the recording of this target.
    pub(super) fn end(&self, end: RunEnd) {
        let mut state = self.locked();
        state.target += 1;
        state.end(end);
    }

    /// What there is now, in a line; none where nothing was recorded.
    pub(super) fn summary(&self) -> Option<String> {
        let state = self.locked();
        let newest = state.closed.back()?;
        let bytes = state.closed.iter().map(|part| part.bytes).sum();
        let several = match state.closed.len() {
            1 => String::new(),
            parts => format!(" in {parts} recordings, the newest"),
        };
        Some(format!(
            "{} in {}, {}{several}: `tftop replay {}`",
            format::count(usize::try_from(state.looks).unwrap_or(usize::MAX), "look", "looks"),
            format::duration(state.seconds),
            format::bytes(bytes),
            shell::quoted(newest.name.as_ref())
        ))
    }

    fn locked(&self) -> MutexGuard<'_, PartsState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SampleObserver for RecordObserver {
    fn see(&mut self, look: &Arc<TakenLook>, scene: &Scene) {
        let mut state = self.parts.locked();
        if state.target == self.target {
            state.take(look, scene);
        }
    }
}

impl PartsState {
    fn take(&mut self, look: &Arc<TakenLook>, scene: &Scene) {
        if self.trouble.is_some() {
            return;
        }
        if self.open.is_none() {
            match self.begin() {
                Ok(part) => self.open = Some(part),
                Err(why) => self.trouble = Some(format!("{why:#}")),
            }
        }
        let Some(part) = &mut self.open else { return };
        part.take(look, scene);
        let progress = part.recording.progress();
        let most = self.most.map_or(u64::MAX, |most| most / PARTS);
        if progress.bytes >= most && progress.trouble.is_none() && !scene.target.ended {
            self.end(RunEnd::Left);
        }
    }

    fn begin(&mut self) -> anyhow::Result<OpenPart> {
        self.begun += 1;
        let whole = self.most.is_some();
        let part = match &self.place {
            RecordPlace::Store { limit } => {
                let mut record = RunRecord::begin();
                let recording = record.recording_of_watched(if whole { u64::MAX } else { *limit });
                let folder = record.folder.as_ref().with_context(|| record.missing.join("; "))?;
                let (name, path) = (folder.id().to_owned(), folder.path().join(TAPE));
                OpenPart { name, path, record, recording, described: false, looks: 0 }
            }
            RecordPlace::File { path, force } => {
                let (path, file) = self.file(path, *force)?;
                let recording = RunRecording::to_file(file, if whole { u64::MAX } else { TAPE_LIMIT })?;
                let name = path.to_string_lossy().into_owned();
                OpenPart { name, path, record: RunRecord::none(), recording, described: false, looks: 0 }
            }
        };
        if self.begun > 1 {
            let run = if part.record.folder.is_some() { "run " } else { "" };
            stdio::say(&format!("tftop: continues in {run}{}", format::clean(&part.name)));
        }
        Ok(part)
    }

    /// A file for the next part: the name that was given, or the next number behind it that is free.
    fn file(&self, path: &Path, force: bool) -> anyhow::Result<(PathBuf, File)> {
        if self.begun == 1 {
            let file = made(path, force).with_context(|| format!("making {}", path.display()))?;
            return Ok((path.to_owned(), file));
        }
        for number in self.begun..MOST_NAMES {
            let path = numbered(path, number);
            match made(&path, false) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                file => return Ok((path.clone(), file.with_context(|| format!("making {}", path.display()))?)),
            }
        }
        anyhow::bail!("no name is free for a file beside {}", path.display())
    }

    fn end(&mut self, end: RunEnd) {
        let Some(mut part) = self.open.take() else { return };
        let seconds = part.recording.watched_s();
        (self.looks, self.seconds) = (self.looks + part.looks, self.seconds + seconds);
        let in_store = part.record.folder.is_some();
        let missing = match in_store {
            true => {
                let end = (end, Duration::from_secs_f64(seconds));
                part.record.end(&part.recording, end, output::run_summary_markdown);
                std::mem::take(&mut part.record.missing)
            }
            false => part.recording.finish().0,
        };
        let name = format::clean(&part.name);
        missing.iter().for_each(|what| stdio::say(&format!("tftop: {name}: missing: {what}")));
        let bytes = fs::metadata(&part.path).map_or(0, |about| about.len());
        self.closed.push_back(ClosedPart { name: part.name, path: part.path, in_store, bytes });
        self.keep_small();
    }

    /// Removes the oldest parts, so that the next one has room.
    fn keep_small(&mut self) {
        let Some(most) = self.most.map(|most| most - most / PARTS) else { return };
        while self.closed.len() > 1 && self.closed.iter().map(|part| part.bytes).sum::<u64>() > most {
            let Some(oldest) = self.closed.pop_front() else { return };
            let name = format::clean(&oldest.name);
            match oldest.remove() {
                Ok(()) => stdio::say(&format!("tftop: {name} is removed as the oldest, to stay within --max-size")),
                Err(why) => stdio::say(&format!("tftop: {name} can't be removed: {why:#}")),
            }
        }
    }
}

impl OpenPart {
    fn take(&mut self, look: &Arc<TakenLook>, scene: &Scene) {
        let process = look.sample.processes.first().filter(|process| !self.described && !process.ended);
        if let (Some(process), true) = (process, self.record.folder.is_some()) {
            self.described = true;
            describe(&mut self.record, &process.fact, &look.sample);
        }
        self.looks += 1;
        self.recording.take(look, scene);
    }
}

impl ClosedPart {
    fn remove(&self) -> anyhow::Result<()> {
        if !self.in_store {
            return Ok(fs::remove_file(&self.path)?);
        }
        let store = lookup::store()?;
        let kept = lookup::find(&store, &self.name)?;
        store.remove(&kept)?;
        Ok(())
    }
}

/// "night.tape" is followed by "night-2.tape".
fn numbered(path: &Path, number: usize) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let end = path.extension().map_or(String::new(), |end| format!(".{}", end.to_string_lossy()));
    path.with_file_name(format!("{stem}-{number}{end}"))
}

/// Whether a file of this name can be made, as far as that can be told before.
fn may_be_made(path: &Path, force: bool) -> Result<(), CommandError> {
    let shown = path.display();
    match fs::metadata(path) {
        Ok(about) if !about.is_file() => Err(CommandError::usage(format!("{shown} is not a file"))),
        Ok(_) if !force => Err(CommandError::usage(format!("{shown} exists; --force overwrites it"))),
        Ok(_) => Ok(()),
        Err(_) => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            match folder.is_dir() {
                true => Ok(()),
                false => Err(CommandError::usage(format!("{shown}: no such directory: {}", folder.display()))),
            }
        }
    }
}

/// Only its owner may read it, as what it tells of a process.
fn made(path: &Path, force: bool) -> io::Result<File> {
    let new = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match new {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && force => {
            OpenOptions::new().write(true).truncate(true).open(path)
        }
        made => made,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::sample::Sample;

    #[test]
    fn later_parts_have_a_number_before_the_ending() {
        for (path, second) in
            [("night.tape", "night-2.tape"), ("a.b/night", "a.b/night-2"), ("/x/n.1.gz", "/x/n.1-2.gz")]
        {
            assert_eq!(numbered(Path::new(path), 2), Path::new(second));
        }
    }

    #[test]
    fn together_they_stay_below_what_they_may_have_and_the_newest_stay() {
        let folder = tempfile::tempdir().unwrap();
        let place = RecordPlace::File { path: folder.path().join("night.tape"), force: false };
        let parts = RecordParts::new(place, Some(40_000)).unwrap();
        let mut observer = parts.observer();
        // A host's name that can't be compressed and changes at each look.
        let mut random = fastrand::Rng::with_seed(1);
        for second in 0..400 {
            let name: String = (0..400).map(|_| random.alphanumeric()).collect();
            let host = crate::data::sample::HostFact { name: Some(name.as_str().into()), ..Default::default() };
            let sample = Sample { at_ns: second * 1_000_000_000, host: Arc::new(host), ..Sample::default() };
            observer.see(&Arc::new(TakenLook::new(Arc::default(), sample)), &Scene::default());
            // The disk's thread is another one.
            while parts.locked().open.as_ref().is_some_and(|part| part.recording.progress().looks < part.looks) {
                std::thread::yield_now();
            }
        }
        parts.end(RunEnd::Left);
        observer.see(&Arc::default(), &Scene::default());
        assert_eq!(parts.name(), None, "the target was left");
        let names: Vec<String> = parts.locked().closed.iter().map(|part| part.name.clone()).collect();
        let bytes: u64 = names.iter().map(|name| fs::metadata(name).unwrap().len()).sum();
        assert!((10_000..=40_000).contains(&bytes), "{bytes}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), names.len());
        assert!(names.len() > 1 && !names[0].ends_with("night.tape"), "{names:?}");
        let newest = File::open(names.last().unwrap()).unwrap();
        let newest = crate::runs::recorded::Recorded::open(newest, "newest", false).unwrap();
        assert!(!newest.is_broken());
        let says = parts.summary().unwrap();
        assert!(
            says.starts_with("400 looks in ") && says.contains(" recordings, the newest: `tftop replay "),
            "{says}"
        );
    }

    #[test]
    fn a_name_that_can_not_be_used_is_refused_before_anything_is_recorded() {
        let folder = tempfile::tempdir().unwrap();
        let new = |path: PathBuf, force| RecordParts::new(RecordPlace::File { path, force }, None).map(drop);
        let there = folder.path().join("there.tape");
        fs::write(&there, "theirs").unwrap();
        assert!(new(there.clone(), false).unwrap_err().to_string().contains("--force overwrites it"));
        new(there, true).unwrap();
        assert!(new(folder.path().to_owned(), true).unwrap_err().to_string().contains("is not a file"));
        assert!(new(folder.path().join("no/such.tape"), false).unwrap_err().to_string().contains("no such directory"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
