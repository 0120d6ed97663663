//! What the shim says from inside the script, one JSON datagram a record. Nothing of it is believed where it can be seen
//! from outside. The sender is the script's process: every length is bounded, whatever is not understood is counted.

use std::os::unix::net::UnixDatagram;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::{io, thread};

use rustix::time::ClockId;
use serde::Deserialize;
use serde_json::Value;

use crate::data::Text;
use crate::data::sample::{Epoch, HookFailure, OverruledSetting, ShimReport, StepMarks, StepSource, TfStarted};
use crate::launch::step_marks::PlausibleMarks;
use crate::linux::budget::now_ns;
use crate::linux::own_folder::OwnFolder;

/// Longest record; the shim sends none that is longer.
const LONGEST: usize = 64 << 10;
/// How much is remembered of each kind.
const MOST: usize = 256;
/// Caps that one part of the shim holds: there are fewer kinds.
const MOST_CAPS: usize = 8;
/// Processes that are counted one by one.
const MOST_PROCESSES: usize = 65_536;
/// Records of step marks that wait for somebody to take them: a stream sends about two a second.
const MOST_MARKS: usize = 4096;
/// A record that claims to be older than this was made by another clock: it counts for when it came.
const OLDEST_NS: u64 = 60_000_000_000;
/// Records still taken in after the script ended, so that nobody can keep tftop from ending.
const MOST_AT_END: usize = 10_000;

/// A thread that takes records in as they come: a queue that is full makes the shim drop them.
#[derive(Debug)]
pub struct ShimSocket {
    /// Where it is: kept open, so that its path leads there.
    folder: OwnFolder,
    name: String,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
    listener: ShimReader,
}

/// Gives out what was heard; any number of them hear the same, but each step mark is given out once.
#[derive(Clone, Debug, Default)]
pub struct ShimReader {
    state: Arc<Mutex<ShimState>>,
}

/// What was heard and not taken yet, and what it takes to tell whether more of it can be true.
#[derive(Debug, Default)]
pub(crate) struct ShimState {
    heard: ShimUpdate,
    plausible: PlausibleMarks,
}

/// What was heard.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShimUpdate {
    /// All there is of settings and processes.
    pub report: Arc<ShimReport>,
    /// Step marks that nobody has taken yet.
    pub marks: Vec<StepMarks>,
}

/// Records of the shim that mean something here (assets/shim/PROTOCOL.md); all others are skipped.
#[derive(Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Record {
    ProcessStart {
        pid: u32,
    },
    Wish {
        what: Text,
        value: Value,
        effective: Value,
        at: Option<Text>,
    },
    HookFailed {
        hook: Text,
        #[serde(default)]
        caps: Vec<Text>,
        why: Text,
    },
    TfStarted(TfStarted),
    Epoch(Epoch),
    Steps(Steps),
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Steps {
    pid: u32,
    source: StepSource,
    stream: u64,
    #[serde(default)]
    at: Option<Text>,
    first: u64,
    steps: u64,
    /// CLOCK_MONOTONIC.
    at_ns: u64,
    durations_us: Vec<u32>,
    #[serde(default)]
    name: Option<Text>,
    #[serde(default)]
    inside_us: Option<u64>,
}

impl ShimSocket {
    /// Listens on a new socket of this name in the folder.
    pub fn open(folder: &OwnFolder, name: &str) -> io::Result<Self> {
        let folder = folder.try_clone()?;
        let socket = UnixDatagram::bind(folder.kept_path(name))?;
        let stop = Arc::new(AtomicBool::new(false));
        let listener = ShimReader::default();
        // Whoever sends marks starts only now.
        listener.state().plausible = PlausibleMarks::since(now_ns(ClockId::Boottime));
        let (stopped, into) = (stop.clone(), listener.clone());
        let thread =
            thread::Builder::new().name("tftop-inbox".to_owned()).spawn(move || listen(&socket, &stopped, &into))?;
        Ok(Self { folder, name: name.to_owned(), stop, thread, listener })
    }

    /// For those who want to know meanwhile.
    pub fn listener(&self) -> ShimReader {
        self.listener.clone()
    }

    /// Takes in what is still waiting, and nothing after that.
    pub fn close(self) -> ShimReader {
        self.stop.store(true, Ordering::Release);
        // An empty record wakes the thread; where the queue is full it is awake, where nobody listens it has ended.
        let woken = UnixDatagram::unbound().and_then(|end| {
            end.set_nonblocking(true)?;
            end.send_to(&[], self.folder.kept_path(&self.name))
        });
        let awake = match woken {
            Ok(_) => true,
            Err(error) => matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::ConnectionRefused),
        };
        // Somebody may have removed the socket: a thread that can't be woken is not waited for.
        if awake || self.thread.is_finished() {
            let _ = self.thread.join();
        }
        self.listener
    }
}

impl ShimReader {
    /// What was heard so far, and the step marks since the last call.
    pub fn take(&self) -> ShimUpdate {
        let heard = &mut self.state().heard;
        ShimUpdate { report: heard.report.clone(), marks: std::mem::take(&mut heard.marks) }
    }

    /// Nothing that is done while the lock is held can leave the state half changed.
    fn state(&self) -> MutexGuard<'_, ShimState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn listen(socket: &UnixDatagram, stop: &AtomicBool, into: &ShimReader) {
    let mut buffer = vec![0; LONGEST + 1];
    let mut left = MOST_AT_END;
    while let Ok(length) = socket.recv(&mut buffer) {
        into.state().take_in(buffer.get(..length).unwrap_or_default());
        if stop.load(Ordering::Acquire) {
            left = left.saturating_sub(1);
            if left == 0 || socket.set_nonblocking(true).is_err() {
                break;
            }
        }
    }
}

impl ShimState {
    pub(crate) fn take_in(&mut self, datagram: &[u8]) {
        if datagram.is_empty() {
            return;
        }
        let record = if datagram.len() > LONGEST { None } else { serde_json::from_slice(datagram).ok() };
        if let Some(Record::Steps(steps)) = record {
            return self.take_steps(steps);
        }
        let report = Arc::make_mut(&mut self.heard.report);
        match record {
            None => report.not_understood = report.not_understood.saturating_add(1),
            Some(Record::ProcessStart { pid }) if report.processes.len() < MOST_PROCESSES => {
                report.processes.insert(pid);
            }
            Some(Record::Wish { what, value, effective, at }) if value != effective => {
                let overruled = OverruledSetting { asked: asked(&what, &value), what, got: shown(&effective), at };
                remember(&mut report.overruled, overruled);
            }
            Some(Record::HookFailed { hook, mut caps, why }) => {
                caps.truncate(MOST_CAPS);
                remember(&mut report.failures, HookFailure { hook, caps, why });
            }
            Some(Record::TfStarted(started)) => remember(&mut report.started, started),
            Some(Record::Epoch(epoch)) => report.epoch = Some(epoch),
            Some(_) => {}
        }
    }

    fn take_steps(&mut self, steps: Steps) {
        let Steps { pid, source, stream, at, first, steps, at_ns, durations_us, name, inside_us } = steps;
        let at_ns = since_boot(at_ns);
        let record = StepMarks { pid, source, stream, at, name, first, steps, at_ns, durations_us, inside_us };
        let plausible = self.plausible.take(&record);
        if plausible && self.heard.marks.len() < MOST_MARKS {
            return self.heard.marks.push(record);
        }
        let report = Arc::make_mut(&mut self.heard.report);
        report.not_understood = report.not_understood.saturating_add(u64::from(!plausible));
        report.marks_dropped = report.marks_dropped.saturating_add(record.durations_us.len() as u64);
    }
}

/// An instant of CLOCK_MONOTONIC on CLOCK_BOOTTIME, which goes on while the machine sleeps. What can't be is now.
fn since_boot(monotonic_ns: u64) -> u64 {
    let (now, boot) = (now_ns(ClockId::Monotonic), now_ns(ClockId::Boottime));
    match now.checked_sub(monotonic_ns) {
        Some(age_ns) if age_ns < OLDEST_NS => boot.saturating_sub(age_ns),
        _ => boot,
    }
}

fn remember<T: PartialEq>(kept: &mut Vec<T>, one: T) {
    if kept.len() < MOST && !kept.contains(&one) {
        kept.push(one);
    }
}

/// tf.data.AUTOTUNE is -1.
fn asked(what: &str, value: &Value) -> Text {
    match what == "data.num_parallel_calls" && value.as_i64() == Some(-1) {
        true => Text::from("AUTOTUNE"),
        false => shown(value),
    }
}

fn shown(value: &Value) -> Text {
    match value {
        Value::Null => Text::from("nothing"),
        Value::String(text) => Text::from(text.as_str()),
        other => Text::from(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::launch::step_marks::MOST_DURATIONS;

    fn update(records: &[&[u8]]) -> ShimUpdate {
        let mut state = ShimState::default();
        records.iter().for_each(|record| state.take_in(record));
        state.heard
    }

    fn report(records: &[&[u8]]) -> ShimReport {
        ShimReport::clone(&update(records).report)
    }

    #[test]
    fn who_began_and_what_was_overruled_is_remembered_once() {
        let start = br#"{"v":1,"event":"process_start","pid":7,"seq":0,"how":"exec"}"#;
        let request =
            br#"{"v":1,"event":"wish","what":"intra","value":8,"effective":1,"at":"train.py:3","started":false}"#;
        let autotune = br#"{"event":"wish","what":"data.num_parallel_calls","value":-1,"effective":2,"at":null}"#;
        let granted = br#"{"event":"wish","what":"inter","value":1,"effective":1,"at":null}"#;
        let report =
            report(&[start, start, request, request, autotune, granted, br#"{"event":"unheard_of","epoch":1}"#]);
        assert_eq!(report.processes, BTreeSet::from([7]));
        let at = Some(Text::from("train.py:3"));
        let overruled = |what: &str, asked: &str, got: &str, at| OverruledSetting {
            what: what.into(),
            asked: asked.into(),
            got: got.into(),
            at,
        };
        let both = [overruled("intra", "8", "1", at), overruled("data.num_parallel_calls", "AUTOTUNE", "2", None)];
        assert_eq!(report.overruled, both);
        assert_eq!(report.not_understood, 0);
    }

    #[test]
    fn marks_are_given_out_once_and_count_for_when_they_were_made() {
        let made_ns = now_ns(ClockId::Monotonic) - 1_000_000_000;
        let steps = format!(
            r#"{{"event":"steps","pid":7,"source":"iterator","stream":2,"first":4,"steps":3,"at_ns":{made_ns},"durations_us":[9,8,7]}}"#
        );
        let epoch = br#"{"event":"epoch","pid":7,"at_ns":1,"epoch":1,"epochs":5,"steps":null}"#;
        let started = br#"{"event":"tf_started","pid":7,"by":"eager","at":null,"intra":2,"inter":0,"tensorflow":"2.21.0","keras":null}"#;
        let listener = ShimReader::default();
        for record in [steps.as_bytes(), epoch, started] {
            listener.state().take_in(record);
        }
        let update = listener.take();
        let age_ns = now_ns(ClockId::Boottime) - update.marks[0].at_ns;
        assert!((900_000_000..30_000_000_000).contains(&age_ns), "{age_ns}");
        assert_eq!((update.marks[0].stream, update.marks[0].durations_us.as_slice()), (2, &[9, 8, 7][..]));
        assert_eq!(update.report.epoch, Some(Epoch { epoch: 1, epochs: Some(5), steps: None }));
        assert_eq!((update.report.started[0].intra, update.report.not_understood), (Some(2), 0));
        let again = listener.take();
        assert_eq!((again.marks.len(), again.report), (0, update.report));
    }

    #[test]
    fn a_flood_fills_nothing() {
        let mut state = ShimState::default();
        for n in 0..100_000_u32 {
            state.take_in(format!(r#"{{"event":"process_start","pid":{n}}}"#).as_bytes());
            state.take_in(format!(r#"{{"event":"hook_failed","hook":"{n}","why":"x"}}"#).as_bytes());
        }
        assert_eq!((state.heard.report.processes.len(), state.heard.report.failures.len()), (MOST_PROCESSES, MOST));
        let marks = vec!["1"; MOST_DURATIONS].join(",");
        let record = format!(
            r#"{{"event":"steps","pid":1,"source":"keras","stream":1,"first":0,"steps":1,"at_ns":0,"durations_us":[{marks}]}}"#
        );
        (0..MOST_MARKS + 2).for_each(|_| state.take_in(record.as_bytes()));
        let ShimUpdate { report, marks } = state.heard;
        assert_eq!((marks.len(), report.marks_dropped), (MOST_MARKS, 2 * MOST_DURATIONS as u64));
    }

    #[test]
    fn marks_that_can_not_be_are_counted_and_given_to_nobody() {
        let steps = |first: &str, steps: &str, durations: &str| {
            format!(
                r#"{{"event":"steps","pid":1,"source":"keras","stream":1,"first":{first},"steps":{steps},"at_ns":0,"durations_us":[{durations}]}}"#
            )
        };
        let absurd = [
            steps("0", "1", "NaN"),
            steps("0", "1", "-1"),
            steps("0", "1", "1e400"),
            steps("0", "1", "4294967296"),
            steps("-1", "1", "1"),
            steps("0", "99999999999999999999", "1"),
            steps("0", "18446744073709551615", "1"),
            steps("1000000000000000000", "1", "1"),
        ];
        let records: Vec<&[u8]> = absurd.iter().map(String::as_bytes).collect();
        let update = update(&records);
        assert_eq!((update.marks.len(), update.report.not_understood), (0, 8));
        assert!(update.report.marks_dropped > 0, "counts of steps are known to be too low");
    }

    #[test]
    fn an_escape_sequence_never_gets_through() {
        let report = report(&[b"{\"event\":\"hook_failed\",\"hook\":\"\\u001b[2J\",\"why\":\"\\u202e\"}"]);
        let failure = HookFailure { hook: Text::from("^[[2J"), caps: Vec::new(), why: Text::from("<202e>") };
        assert_eq!(report.failures, [failure]);
    }

    proptest! {
        #[test]
        fn garbage_is_counted(bytes in proptest::collection::vec(any::<u8>(), 1..200)) {
            prop_assert_eq!(report(&[&bytes]).not_understood, 1);
        }
    }

    #[test]
    fn too_much_is_no_record_and_deep_nesting_is_none_either() {
        let long = format!(r#"{{"event":"hook_failed","hook":"a","why":"{}"}}"#, "x".repeat(LONGEST));
        let deep = "[".repeat(10_000);
        assert_eq!(report(&[long.as_bytes(), deep.as_bytes()]).not_understood, 2);
    }

    fn opened(folder: &std::path::Path) -> ShimSocket {
        ShimSocket::open(&OwnFolder::open(folder, 1, "TMPDIR").unwrap(), "socket").unwrap()
    }

    #[test]
    fn what_waits_at_the_end_is_still_heard() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let inbox = opened(folder.path());
        let end = UnixDatagram::unbound().unwrap();
        for pid in 1..=5 {
            end.send_to(format!(r#"{{"event":"process_start","pid":{pid}}}"#).as_bytes(), &path).unwrap();
        }
        assert_eq!(inbox.close().take().report.processes.len(), 5);
    }

    #[test]
    fn a_socket_that_was_removed_keeps_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let inbox = opened(folder.path());
        std::fs::remove_file(folder.path().join("socket")).unwrap();
        assert_eq!(inbox.close().take(), ShimUpdate::default());
    }
}
