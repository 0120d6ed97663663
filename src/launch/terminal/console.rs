//! A command's terminal while tftop stands between it and the person: all output is read at once, goes to the log and onto
//! a screen that is shown, and at the end straight to the real terminal. Whoever looks never makes the command wait.

use std::io::Write as _;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use std::{io, mem, thread};

use rustix::process::{Signal, kill_process_group};
use rustix::termios::tcgetpgrp;
use tokio::sync::watch;

use crate::data::run::{LogFact, TerminalOutput, WindowSize};
use crate::launch::terminal::emulator::Emulator;
use crate::launch::terminal::log::OutputLog;
use crate::linux::pty::{PtyMaster, PtySlave};

/// Bytes read at once.
const READ: usize = 64 << 10;
/// Bytes that wait for the screen at most; older ones are skipped: nobody can read so fast.
const WAITING: usize = 1 << 20;
/// Between two pictures of the screen.
const PAUSE: Duration = Duration::from_millis(40);
/// Longest work on one picture.
const LONGEST: Duration = Duration::from_millis(50);
/// Pieces of typing that wait for the command at most.
const TYPED: usize = 256;
/// How long the rest of the output may take after the command's end.
const REST: Duration = Duration::from_secs(2);

/// A command's terminal.
#[derive(Debug)]
pub struct Console {
    shared: Arc<Shared>,
    pty: PtyMaster,
    /// The command's end, kept open so that it may close and open it as it likes.
    line: Option<PtySlave>,
    typed: SyncSender<Vec<u8>>,
    output: watch::Receiver<Arc<TerminalOutput>>,
    reader: JoinHandle<()>,
}

/// What the threads tell each other.
#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    changed: bool,
    waiting: Vec<u8>,
    skipped: usize,
    size: Option<WindowSize>,
    log: LogFact,
    ended: Option<String>,
    sink: Sink,
    /// Whether the console is still there.
    held: bool,
}

/// Where output goes beside the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sink {
    /// Onto the emulated screen.
    Screen,
    /// The same; when the screen is up to date so many of its last lines are written on the real terminal, and all that
    /// comes then.
    Leaving(u16),
    /// Straight to the real terminal.
    Terminal,
}

impl Console {
    /// Opens the terminal and begins to read it.
    pub fn open(size: WindowSize, log: OutputLog) -> io::Result<Self> {
        let (pty, line) = PtyMaster::open(size)?;
        let state = State {
            changed: false,
            waiting: Vec::new(),
            skipped: 0,
            size: None,
            log: log.fact().clone(),
            ended: None,
            sink: Sink::Screen,
            held: true,
        };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let mut first = TerminalOutput::default();
        first.log.clone_from(log.fact());
        let (publish, output) = watch::channel(Arc::new(first));
        let (typed, keys) = mpsc::sync_channel::<Vec<u8>>(TYPED);
        let (ours, mut keyboard) = (pty.try_clone()?, pty.try_clone()?);
        let spawn = |name: &str| thread::Builder::new().name(name.to_owned());
        let reading = shared.clone();
        let reader = spawn("tftop-output").spawn(move || read(ours, log, &reading))?;
        let showing = shared.clone();
        spawn("tftop-screen").spawn(move || show(&showing, Emulator::new(size), &publish))?;
        spawn("tftop-typing").spawn(move || while keys.recv().is_ok_and(|bytes| keyboard.write(&bytes).is_ok()) {})?;
        Ok(Self { shared, pty, line: Some(line), typed, output, reader })
    }

    /// The command's end: its stdin, stdout and stderr.
    pub fn line(&self) -> Option<&PtySlave> {
        self.line.as_ref()
    }

    /// What it has written, as of now and then.
    pub fn output(&self) -> watch::Receiver<Arc<TerminalOutput>> {
        self.output.clone()
    }

    /// Gives the terminal another size.
    pub fn resize(&self, size: WindowSize) {
        // Fails only once the command's end is closed.
        let _ = self.pty.resize(size);
        self.shared.change(|state| state.size = Some(size));
    }

    /// Types from another thread.
    pub fn typist(&self) -> ConsoleInput {
        ConsoleInput(self.typed.clone())
    }

    /// Types; what a command that doesn't read can't take any more is dropped, as terminals do.
    pub fn type_in(&self, bytes: Vec<u8>) {
        self.typist().type_in(bytes);
    }

    /// Sends a signal to the processes in the terminal's foreground; false when there are none.
    pub fn signal_foreground(&self, signal: Signal) -> bool {
        tcgetpgrp(&self.pty).is_ok_and(|group| kill_process_group(group, signal).is_ok())
    }

    /// Takes in that the command has ended, and how.
    pub fn end(&mut self, how: &str) {
        // With the last of the command's ends open the reader would wait for ever.
        self.line = None;
        self.shared.change(|state| state.ended = Some(how.to_owned()));
    }

    /// Writes the last `rows` lines on the real terminal, and all that comes then. Nothing is lost and nothing is written
    /// twice.
    pub fn pass_through(&self, rows: u16) {
        let (state, changed) = (&self.shared.state, &self.shared.changed);
        self.shared.change(|state| state.sink = Sink::Leaving(rows));
        let passed = |state: &mut State| matches!(state.sink, Sink::Leaving(_));
        let _ = changed.wait_timeout_while(unpoisoned(state.lock()), REST, passed);
    }

    /// Waits for the rest of the output; how the log stands then.
    pub fn finish(mut self) -> LogFact {
        self.line = None;
        let end = Instant::now() + REST;
        // A process that the command left behind may hold the terminal open.
        while !self.reader.is_finished() && Instant::now() < end {
            thread::sleep(Duration::from_millis(2));
        }
        unpoisoned(self.shared.state.lock()).log.clone()
    }
}

/// Types to a command.
#[derive(Clone, Debug)]
pub struct ConsoleInput(SyncSender<Vec<u8>>);

impl ConsoleInput {
    /// Types; what a command that doesn't read can't take any more is dropped, as terminals do.
    pub fn type_in(&self, bytes: Vec<u8>) {
        let _ = self.0.try_send(bytes);
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        self.shared.change(|state| state.held = false);
    }
}

impl Shared {
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = unpoisoned(self.state.lock());
        state.changed = true;
        let answer = change(&mut state);
        self.changed.notify_all();
        answer
    }
}

impl State {
    fn take_in(&mut self, bytes: &[u8]) {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() > WAITING {
            // Half of it at once, up to the end of a line: not a little with every read.
            let half = self.waiting.len() / 2;
            let line = self.waiting.iter().skip(half).position(|&byte| byte == b'\n').map_or(half, |at| half + at + 1);
            self.waiting.drain(..line);
            self.skipped += line;
        }
    }

    /// What the screen itself can't know.
    fn fill(&self, output: &mut TerminalOutput) {
        output.log.clone_from(&self.log);
        output.ended = self.ended.as_deref().map(Into::into);
    }
}

/// A thread that panicked leaves nothing half done here.
fn unpoisoned<'a, T>(lock: Result<MutexGuard<'a, T>, PoisonError<MutexGuard<'a, T>>>) -> MutexGuard<'a, T> {
    lock.unwrap_or_else(PoisonError::into_inner)
}

fn read(mut pty: PtyMaster, mut log: OutputLog, shared: &Shared) {
    let mut room = vec![0; READ];
    while let Some(bytes) = pty.read(&mut room) {
        log.write(bytes);
        let sink = shared.change(|state| {
            state.log.clone_from(log.fact());
            if state.sink != Sink::Terminal {
                state.take_in(bytes);
            }
            state.sink
        });
        if sink == Sink::Terminal {
            // A terminal that is gone takes nothing; the log goes on.
            let _ = on_terminal(bytes);
        }
    }
}

fn show(shared: &Shared, mut emulator: Emulator, publish: &watch::Sender<Arc<TerminalOutput>>) {
    loop {
        let mut state = unpoisoned(shared.changed.wait_while(unpoisoned(shared.state.lock()), |state| !state.changed));
        state.changed = false;
        if state.sink == Sink::Terminal || !state.held {
            return;
        }
        let todo = Todo {
            size: state.size.take(),
            skipped: mem::take(&mut state.skipped),
            bytes: mem::take(&mut state.waiting),
        };
        let Sink::Leaving(rows) = state.sink else {
            // Nobody waits while the screen is worked on.
            drop(state);
            todo.apply(&mut emulator);
            let mut output = emulator.output().clone();
            unpoisoned(shared.state.lock()).fill(&mut output);
            publish.send_replace(Arc::new(output));
            thread::sleep(PAUSE);
            continue;
        };
        // Nothing may come in between while the screen is handed over.
        todo.apply(&mut emulator);
        let mut output = emulator.output().clone();
        state.fill(&mut output);
        let _ = on_terminal(last_lines(&output, rows).as_bytes());
        publish.send_replace(Arc::new(output));
        state.sink = Sink::Terminal;
        shared.changed.notify_all();
    }
}

/// What the screen has to take in.
struct Todo {
    size: Option<WindowSize>,
    skipped: usize,
    bytes: Vec<u8>,
}

impl Todo {
    fn apply(self, emulator: &mut Emulator) {
        if let Some(size) = self.size {
            emulator.resize(size);
        }
        emulator.skip(self.skipped);
        emulator.take_in(&self.bytes, LONGEST);
    }
}

/// The last lines as bytes for a terminal, with the cursor where it was.
fn last_lines(output: &TerminalOutput, rows: u16) -> String {
    let first = output.end().saturating_sub(u64::from(rows)).max(output.dropped);
    let lines = (first..output.end()).filter_map(|number| output.line(number));
    let mut text = lines.map(crate::data::run::OutputLine::text).collect::<Vec<_>>().join("\r\n");
    match output.cursor {
        _ if text.is_empty() => {}
        (0, _) => text.push('\r'),
        (column, _) => text.push_str(&format!("\r\x1b[{column}C")),
    }
    if output.ended.is_some() && output.cursor.0 > 0 {
        text.push_str("\r\n");
    }
    text
}

fn on_terminal(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}
