//! Stacks as they stand in a recording: with the first look behind them, each different frame once, and of each thread the
//! numbers of its frames. Both ends keep to the same bounds.

use std::collections::{HashMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::data::sample::{Frame, PythonFrame, Stack, StackEnd, StackMethod, Stacks, TakenStacks, ThreadState};
use crate::data::secrets::without_secrets;
use crate::data::{Gap, Pid, Text, Tid};

/// Most threads of one entry, and bytes that their stacks may take in memory once they are read.
const MOST_THREADS: usize = 4096;
const MOST_BYTES: usize = 32 << 20;
/// Most bytes of one entry before compression, and of all that go with one look.
const MOST_WRITTEN: u64 = 2 << 20;
/// Entries that may wait for the next look.
const MOST_WAITING: usize = 64;
/// What a stack and a frame take beside their texts.
const EACH: usize = 192;

/// Stacks that were taken together.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct StacksEntry {
    /// When the last of them was there, nanoseconds since boot.
    pub(crate) at_ns: u64,
    pid: Pid,
    /// Every different frame.
    frames: Vec<Frame>,
    threads: Vec<ThreadEntry>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    gaps: Vec<Gap>,
    wall_ns: u64,
    #[serde(default)]
    stopped_ns: u64,
    #[serde(default)]
    longest_stop_ns: u64,
    #[serde(default)]
    stop_count: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct ThreadEntry {
    /// tid.
    t: Tid,
    /// State.
    st: ThreadState,
    taken: StackMethod,
    /// Numbers of its frames, counted from 0, the innermost first.
    f: Vec<u32>,
    end: StackEnd,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    gaps: Vec<Gap>,
}

impl StacksEntry {
    /// As they are written; threads that there is no room for are left out, which a gap says. Of what the target's code is called
    /// only paths of Python files can hold a secret: as words of a command do.
    pub(crate) fn new(taken: &TakenStacks) -> Self {
        let Stacks { pid, stacks, gaps, wall_ns, stopped_ns, longest_stop_ns, stop_count } = &taken.stacks;
        let (mut frames, mut numbers) = (Vec::new(), HashMap::new());
        let (mut threads, mut bytes) = (Vec::new(), 0);
        for stack in stacks.iter().take(MOST_THREADS) {
            bytes += stack_bytes(stack);
            if bytes > MOST_BYTES {
                break;
            }
            let number = |frame| {
                *numbers.entry(frame).or_insert_with(|| {
                    frames.push(plain(frame));
                    (frames.len() - 1) as u32
                })
            };
            threads.push(ThreadEntry {
                t: stack.tid,
                st: stack.state,
                taken: stack.taken.clone(),
                f: stack.frames.iter().map(number).collect(),
                end: stack.end.clone(),
                gaps: stack.gaps.clone(),
            });
        }
        let left_out = stacks.len() - threads.len();
        let why = || Gap::new(format!("stacks of {left_out} threads"), "a recording has no room for so many at once");
        Self {
            at_ns: taken.at_ns,
            pid: *pid,
            frames,
            threads,
            gaps: gaps.iter().cloned().chain((left_out > 0).then(why)).collect(),
            wall_ns: *wall_ns,
            stopped_ns: *stopped_ns,
            longest_stop_ns: *longest_stop_ns,
            stop_count: *stop_count,
        }
    }

    /// The stacks as they were taken. An error where that makes no sense, or would take more memory than any that tftop writes.
    pub(crate) fn into_taken(self) -> Result<TakenStacks, String> {
        if self.threads.len() > MOST_THREADS {
            return Err("stacks of more threads than a recording may hold".to_owned());
        }
        let mut stacks = Vec::with_capacity(self.threads.len());
        let mut bytes = 0;
        for thread in self.threads {
            let mut frames = Vec::new();
            bytes += EACH;
            for number in thread.f {
                let frame = usize::try_from(number).ok().and_then(|number| self.frames.get(number));
                let frame = frame.ok_or_else(|| format!("a frame of thread {} was never described", thread.t))?;
                bytes += frame_bytes(frame);
                if bytes > MOST_BYTES {
                    return Err("larger stacks than a recording may hold".to_owned());
                }
                frames.push(frame.clone());
            }
            stacks.push(Stack {
                tid: thread.t,
                state: thread.st,
                taken: match thread.taken {
                    StackMethod::PythonOnly { why } => StackMethod::PythonOnly { why: cleaned(why) },
                    StackMethod::Not { why } => StackMethod::Not { why: cleaned(why) },
                    taken => taken,
                },
                frames,
                end: match thread.end {
                    StackEnd::NeedsStop { register } => StackEnd::NeedsStop { register: cleaned(register) },
                    StackEnd::Lost { why } => StackEnd::Lost { why: cleaned(why) },
                    end => end,
                },
                gaps: all_cleaned(thread.gaps),
            });
        }
        let stacks = Stacks {
            pid: self.pid,
            stacks,
            gaps: all_cleaned(self.gaps),
            wall_ns: self.wall_ns,
            stopped_ns: self.stopped_ns,
            longest_stop_ns: self.longest_stop_ns,
            stop_count: self.stop_count,
        };
        Ok(TakenStacks { at_ns: self.at_ns, stacks })
    }
}

/// A sentence of a foreign file.
fn cleaned(text: String) -> String {
    Text::from(text).as_str().to_owned()
}

fn all_cleaned(gaps: Vec<Gap>) -> Vec<Gap> {
    gaps.into_iter().map(|gap| Gap::new(cleaned(gap.what), cleaned(gap.why))).collect()
}

/// The frame without secrets.
fn plain(frame: &Frame) -> Frame {
    let python = frame.python.iter().map(|function| {
        let file = without_secrets([&function.file]).pop().unwrap_or_default();
        PythonFrame { file, ..function.clone() }
    });
    Frame { python: python.collect(), ..frame.clone() }
}

/// Bytes of memory that a stack takes, about.
pub(crate) fn stack_bytes(stack: &Stack) -> usize {
    EACH + stack.frames.iter().map(frame_bytes).sum::<usize>()
}

fn frame_bytes(frame: &Frame) -> usize {
    let python = frame.python.iter().map(|function| EACH + function.function.len() + function.file.len());
    EACH + frame.symbol.as_ref().map_or(0, |symbol| symbol.len()) + python.sum::<usize>()
}

/// Stacks on their way into a recording.
#[derive(Debug)]
pub(super) struct StacksQueue {
    /// With their bytes before compression.
    waiting: VecDeque<(StacksEntry, u64)>,
    /// Bytes before compression that the recording may still hold.
    left: u64,
    last_look_ns: Option<u64>,
    /// Times that stacks were taken and had no room.
    pub(super) left_out: u64,
}

impl StacksQueue {
    /// Of a recording of at most about so many bytes: they compress to a tenth and less, so all together take a twentieth of it at
    /// most.
    pub(super) fn new(limit: u64) -> Self {
        Self { waiting: VecDeque::new(), left: limit / 2, last_look_ns: None, left_out: 0 }
    }

    /// They go with the next look.
    pub(super) fn add(&mut self, taken: &TakenStacks) {
        let entry = StacksEntry::new(taken);
        let bytes = serde_json::to_vec(&entry).map_or(u64::MAX, |text| text.len() as u64);
        if bytes > MOST_WRITTEN || bytes > self.left || self.waiting.len() >= MOST_WAITING {
            self.left_out += 1;
            return;
        }
        self.left -= bytes;
        self.waiting.push_back((entry, bytes));
    }

    /// Those that go with the look that is written now.
    pub(super) fn next(&mut self) -> Vec<StacksEntry> {
        let mut together = 0;
        let fit = self.waiting.iter().take_while(|(_, bytes)| {
            together += bytes;
            together <= MOST_WRITTEN
        });
        let count = fit.count();
        self.waiting.drain(..count).map(|(entry, _)| entry).collect()
    }

    /// The last look that has stacks, nanoseconds since boot.
    pub(super) fn last_look_ns(&self) -> Option<u64> {
        self.last_look_ns
    }

    /// A look with stacks was written.
    pub(super) fn written(&mut self, at_ns: u64) {
        self.last_look_ns = Some(at_ns);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::data::Address;
    use crate::data::sample::FrameMethod;

    fn native(symbol: &str, at: u64) -> Frame {
        Frame {
            address: Some(Address(0x7f00_0000_0000 + at)),
            library: Some(Arc::new("/usr/lib/libtensorflow_cc.so.2".into())),
            in_file: Some(Address(at)),
            symbol: Some(symbol.into()),
            found: FrameMethod::CallFrameInformation,
            python: Vec::new(),
        }
    }

    fn python(function: &str, file: &str) -> Frame {
        let python = vec![PythonFrame { function: function.into(), file: file.into(), line: Some(41) }];
        Frame { found: FrameMethod::Python, python, ..Frame::default() }
    }

    /// Stacks of these threads: all wait at the same place, each in a function of its own.
    pub(crate) fn taken(at_ns: u64, tids: impl IntoIterator<Item = u32>) -> TakenStacks {
        let stack = |tid: u32| Stack {
            tid: Tid(tid),
            state: ThreadState::Sleeping,
            taken: StackMethod::WithoutStop,
            frames: vec![
                native("_ZN5Eigen15ThreadPoolTemplI3EnvE11WaitForWorkEv", 0x10),
                native(&format!("_Z6work{tid}v"), 0x20),
                python("augment", "/home/someone/train.py"),
            ],
            end: StackEnd::Outermost,
            gaps: vec![Gap::new("Python's frames", "they moved")],
        };
        let stacks = tids.into_iter().map(stack).collect();
        let gaps = vec![Gap::new("stacks", "some")];
        TakenStacks { at_ns, stacks: Stacks { pid: Pid(7), stacks, gaps, wall_ns: 5, ..Stacks::default() } }
    }

    fn through_json(entry: &StacksEntry) -> Result<TakenStacks, String> {
        let text = serde_json::to_string(entry).unwrap();
        serde_json::from_str::<StacksEntry>(&text).unwrap().into_taken()
    }

    #[test]
    fn stacks_come_back_as_they_were_and_each_frame_is_written_once() {
        let taken = taken(9, 100..300);
        let entry = StacksEntry::new(&taken);
        assert_eq!(entry.frames.len(), 202);
        assert_eq!(through_json(&entry), Ok(taken));
    }

    #[test]
    fn a_path_with_a_secret_is_written_without_it() {
        let mut taken = taken(9, [1]);
        taken.stacks.stacks[0].frames = vec![
            python("step", "/run/token=hf_abcdefghijklmnopqrst/train.py"),
            python("fit", "/usr/lib/python3.12/site-packages/keras/src/backend/tensorflow/trainer.py"),
            python("tf__loop", "/tmp/__autograph_generated_filex1y2z3ab.py"),
            python("<lambda>", "<string>"),
        ];
        let text = serde_json::to_string(&StacksEntry::new(&taken)).unwrap();
        assert!(!text.contains("hf_abcdef"), "{text}");
        for kept in ["site-packages/keras/src/backend", "__autograph_generated_filex1y2z3ab.py", "<string>", "tf__loop"]
        {
            assert!(text.contains(kept), "{kept} is not in {text}");
        }
    }

    #[test]
    fn what_there_is_no_room_for_is_left_out_and_said() {
        let many = MOST_THREADS as u32 + 7;
        let written = StacksEntry::new(&taken(9, 0..many)).into_taken().unwrap();
        assert_eq!(written.stacks.stacks.len(), MOST_THREADS);
        assert_eq!(written.stacks.gaps.last().unwrap().what, "stacks of 7 threads");
        let mut deep = taken(9, [1, 2, 3]);
        deep.stacks.stacks.iter_mut().for_each(|stack| stack.frames = vec![python("f", "g"); MOST_BYTES / EACH / 4]);
        let written = StacksEntry::new(&deep).into_taken().unwrap();
        assert!((1..3).contains(&written.stacks.stacks.len()), "{}", written.stacks.stacks.len());
        let mut queue = StacksQueue::new(40_000);
        (0..200).for_each(|at| queue.add(&taken(at, 0..10)));
        assert!(queue.left_out > 100 && queue.waiting.len() > 2, "{} {}", queue.left_out, queue.waiting.len());
    }

    #[test]
    fn what_no_tftop_writes_is_refused_and_drives_no_terminal() {
        let entry = |frames: &str, threads: &str| {
            let text = format!(r#"{{"at_ns":1,"pid":7,"wall_ns":0,"frames":[{frames}],"threads":[{threads}]}}"#);
            serde_json::from_str::<StacksEntry>(&text).map_err(|error| error.to_string())?.into_taken()
        };
        let thread = |f: &str, end: &str| {
            let taken = r#"{"how":"not","why":"\u001b[2J"}"#;
            format!(r#"{{"t":1,"st":"Sleeping","taken":{taken},"f":[{f}],"end":{end}}}"#)
        };
        let lost = r#"{"at":"lost","why":"\u001b]0;x\u0007"}"#;
        let good = entry(r#"{"found":"python"}"#, &thread("0", lost)).unwrap();
        assert!(!format!("{good:?}").contains("\\u{1b}") && !format!("{good:?}").contains('\u{1b}'), "{good:?}");
        assert!(entry("", &thread("0", lost)).unwrap_err().contains("never described"));
        let symbol = format!(r#"{{"found":"python","symbol":"{}"}}"#, "x".repeat(4_000));
        let numbers = vec!["0"; 20_000].join(",");
        assert!(entry(&symbol, &thread(&numbers, lost)).unwrap_err().contains("larger stacks"));
        let threads = vec![thread("", lost); MOST_THREADS + 1].join(",");
        assert!(entry("", &threads).unwrap_err().contains("more threads"));
        assert!(entry(r#"{"found":"magic"}"#, "").is_err());
    }
}
