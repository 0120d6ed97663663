//! What the shim says from inside the script, one JSON datagram a record. Nothing of it is believed where it can be seen
//! from outside. The sender is the script's process: every length is bounded, whatever is not understood is counted.

use std::collections::BTreeSet;
use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use serde::Deserialize;
use serde_json::Value;

use crate::fact::Text;

/// Longest record; the shim sends none that is longer.
const LONGEST: usize = 64 << 10;
/// How much is remembered of each kind.
const MOST: usize = 256;
/// Caps that one part of the shim holds: there are fewer kinds.
const MOST_CAPS: usize = 8;
/// Processes that are counted one by one.
const MOST_PROCESSES: usize = 65_536;
/// Records still taken in after the script ended, so that nobody can keep tftop from ending.
const MOST_AT_END: usize = 10_000;

/// A thread that takes records in as they come: a queue that is full makes the shim drop them.
#[derive(Debug)]
pub struct Inbox {
    path: PathBuf,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Heard>,
}

/// All that was heard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Processes the shim is in, by their own word.
    pub processes: BTreeSet<u32>,
    /// Settings that the script asked for and got otherwise, each once, in order.
    pub overruled: Vec<Overruled>,
    /// Parts of the shim that do not work in this script.
    pub failures: Vec<Failure>,
    /// Datagrams that are no record.
    pub not_understood: u64,
}

/// A part of the shim that does not work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its name.
    pub hook: Text,
    /// What it would hold, which is now held no longer: "intra", "data"; nothing where it only reports.
    pub caps: Vec<Text>,
    /// Why it does not work.
    pub why: Text,
}

/// The script's wish, and what it got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overruled {
    /// What was to be set: "intra", "data.private_threadpool_size", "env.OMP_NUM_THREADS".
    pub what: Text,
    /// The value asked for.
    pub asked: Text,
    /// The value it got.
    pub got: Text,
    /// `file:line`, where it is known.
    pub at: Option<Text>,
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
    #[serde(other)]
    Other,
}

impl Inbox {
    /// Listens on a new socket.
    pub fn open(path: &Path) -> io::Result<Self> {
        let socket = UnixDatagram::bind(path)?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = thread::Builder::new().name("tftop-inbox".to_owned()).spawn(move || listen(&socket, &stopped))?;
        Ok(Self { path: path.to_owned(), stop, thread })
    }

    /// Takes in what is still waiting; then all that was heard.
    pub fn close(self) -> Heard {
        self.stop.store(true, Ordering::Release);
        // An empty record wakes the thread; where the queue is full it is awake, where nobody listens it has ended.
        let woken = UnixDatagram::unbound().and_then(|end| {
            end.set_nonblocking(true)?;
            end.send_to(&[], &self.path)
        });
        let awake = match woken {
            Ok(_) => true,
            Err(error) => matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::ConnectionRefused),
        };
        // Somebody may have removed the socket: a thread that can't be woken is not waited for.
        if awake || self.thread.is_finished() { self.thread.join().unwrap_or_default() } else { Heard::default() }
    }
}

fn listen(socket: &UnixDatagram, stop: &AtomicBool) -> Heard {
    let mut heard = Heard::default();
    let mut buffer = vec![0; LONGEST + 1];
    let mut left = MOST_AT_END;
    while let Ok(length) = socket.recv(&mut buffer) {
        heard.take_in(buffer.get(..length).unwrap_or_default());
        if stop.load(Ordering::Acquire) {
            left = left.saturating_sub(1);
            if left == 0 || socket.set_nonblocking(true).is_err() {
                break;
            }
        }
    }
    heard
}

impl Heard {
    fn take_in(&mut self, datagram: &[u8]) {
        if datagram.is_empty() {
            return;
        }
        let record = if datagram.len() > LONGEST { None } else { serde_json::from_slice(datagram).ok() };
        match record {
            None => self.not_understood = self.not_understood.saturating_add(1),
            Some(Record::ProcessStart { pid }) if self.processes.len() < MOST_PROCESSES => {
                self.processes.insert(pid);
            }
            Some(Record::Wish { what, value, effective, at }) if value != effective => {
                let overruled = Overruled { asked: asked(&what, &value), what, got: shown(&effective), at };
                remember(&mut self.overruled, overruled);
            }
            Some(Record::HookFailed { hook, mut caps, why }) => {
                caps.truncate(MOST_CAPS);
                remember(&mut self.failures, Failure { hook, caps, why });
            }
            Some(_) => {}
        }
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
    use super::*;
    use proptest::prelude::*;

    fn heard(records: &[&[u8]]) -> Heard {
        let mut heard = Heard::default();
        records.iter().for_each(|record| heard.take_in(record));
        heard
    }

    #[test]
    fn who_began_and_what_was_overruled_is_remembered_once() {
        let start = br#"{"v":1,"event":"process_start","pid":7,"seq":0,"how":"exec"}"#;
        let wish =
            br#"{"v":1,"event":"wish","what":"intra","value":8,"effective":1,"at":"train.py:3","started":false}"#;
        let autotune = br#"{"event":"wish","what":"data.num_parallel_calls","value":-1,"effective":2,"at":null}"#;
        let granted = br#"{"event":"wish","what":"inter","value":1,"effective":1,"at":null}"#;
        let heard = heard(&[start, start, wish, wish, autotune, granted, br#"{"event":"epoch","epoch":1}"#]);
        assert_eq!(heard.processes, BTreeSet::from([7]));
        let at = Some(Text::from("train.py:3"));
        let overruled = |what: &str, asked: &str, got: &str, at| Overruled {
            what: what.into(),
            asked: asked.into(),
            got: got.into(),
            at,
        };
        let both = [overruled("intra", "8", "1", at), overruled("data.num_parallel_calls", "AUTOTUNE", "2", None)];
        assert_eq!(heard.overruled, both);
        assert_eq!(heard.not_understood, 0);
    }

    #[test]
    fn a_flood_fills_nothing() {
        let mut heard = Heard::default();
        for n in 0..100_000_u32 {
            heard.take_in(format!(r#"{{"event":"process_start","pid":{n}}}"#).as_bytes());
            heard.take_in(format!(r#"{{"event":"hook_failed","hook":"{n}","why":"x"}}"#).as_bytes());
        }
        assert_eq!((heard.processes.len(), heard.failures.len()), (MOST_PROCESSES, MOST));
    }

    #[test]
    fn an_escape_sequence_never_gets_through() {
        let heard = heard(&[b"{\"event\":\"hook_failed\",\"hook\":\"\\u001b[2J\",\"why\":\"\\u202e\"}"]);
        let failure = Failure { hook: Text::from("^[[2J"), caps: Vec::new(), why: Text::from("<202e>") };
        assert_eq!(heard.failures, [failure]);
    }

    proptest! {
        #[test]
        fn garbage_is_counted(bytes in proptest::collection::vec(any::<u8>(), 1..200)) {
            prop_assert_eq!(heard(&[&bytes]).not_understood, 1);
        }
    }

    #[test]
    fn too_much_is_no_record_and_deep_nesting_is_none_either() {
        let long = format!(r#"{{"event":"hook_failed","hook":"a","why":"{}"}}"#, "x".repeat(LONGEST));
        let deep = "[".repeat(10_000);
        assert_eq!(heard(&[long.as_bytes(), deep.as_bytes()]).not_understood, 2);
    }

    #[test]
    fn what_waits_at_the_end_is_still_heard() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let inbox = Inbox::open(&path).unwrap();
        let end = UnixDatagram::unbound().unwrap();
        for pid in 1..=5 {
            end.send_to(format!(r#"{{"event":"process_start","pid":{pid}}}"#).as_bytes(), &path).unwrap();
        }
        assert_eq!(inbox.close().processes.len(), 5);
    }

    #[test]
    fn a_socket_that_was_removed_keeps_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let inbox = Inbox::open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(inbox.close(), Heard::default());
    }
}
