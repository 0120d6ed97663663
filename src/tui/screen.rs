//! The terminal as a guard: taken once, given back when dropped, on a panic, or by hand. Never left half taken.

use std::io::{Stdout, Write};
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once};
use std::task::{Context, Poll};
use std::time::Duration;
use std::{io, panic, thread};

use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableMouseCapture, Event, EventStream};
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use crossterm::{cursor, event, execute};
use futures_util::{Stream, StreamExt as _};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use rustix::process::{Signal, getpgrp, getsid, kill_current_process_group};

static TAKEN: AtomicBool = AtomicBool::new(false);
static RAW: AtomicBool = AtomicBool::new(false);
/// Whether clicks and the wheel come to tftop while the screen is taken.
static MOUSE: AtomicBool = AtomicBool::new(true);
/// Panics of other threads while the screen is taken: said when it is given back.
static UNSAID: Mutex<Vec<String>> = Mutex::new(Vec::new());
/// So many of them at most: what a command writes can bring the emulator's parser to panic as often as it likes.
const MOST_UNSAID: usize = 8;

/// Raw mode, alternate screen, mouse capture, for as long as it lives.
#[derive(Debug)]
pub struct Screen(());

impl Screen {
    /// Takes the terminal on stdout, with its mouse or without. Fails when stdout is none; whatever was taken until then is given back.
    pub fn enter(mouse: bool) -> io::Result<Self> {
        install_panic_hook();
        MOUSE.store(mouse, Ordering::SeqCst);
        enable_raw_mode()?;
        TAKEN.store(true, Ordering::SeqCst);
        // From here on dropping gives everything back, also when the next step fails.
        let screen = Self(());
        paint_over()?;
        Ok(screen)
    }

    /// The terminal to draw on. Never dropped: dropping shows the cursor, which this guard does itself, and where the
    /// terminal is gone ratatui would say so on stderr, which is gone as well, and panic.
    pub fn terminal(&self) -> io::Result<ManuallyDrop<Terminal<CrosstermBackend<Stdout>>>> {
        Terminal::new(CrosstermBackend::new(io::stdout())).map(ManuallyDrop::new)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

/// What is typed and clicked while the screen is taken, for as long as it lives; at most one lives at a time.
#[derive(Debug)]
pub struct Keyboard(Option<EventStream>);

impl Keyboard {
    /// From here on keys are read.
    #[must_use]
    pub fn open() -> Self {
        Self(Some(EventStream::new()))
    }
}

impl Stream for Keyboard {
    type Item = io::Result<Event>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().map_or(Poll::Ready(None), |events| events.poll_next_unpin(context))
    }
}

impl Drop for Keyboard {
    /// crossterm 0.29 (event/source/unix/mio.rs) wakes its reader when a stream is dropped. Left lying, that wake is
    /// taken together with the first key of the next stream, and the key is not read until there is another one.
    fn drop(&mut self) {
        drop(self.0.take());
        if !hung_up() {
            let _ = event::poll(Duration::ZERO);
        }
    }
}

/// Sends the terminal a sequence that moves nothing on the screen, while that is taken.
pub(crate) fn send(sequence: &str) -> io::Result<()> {
    if !TAKEN.load(Ordering::SeqCst) {
        return Ok(());
    }
    let mut out = io::stdout().lock();
    out.write_all(sequence.as_bytes())?;
    out.flush()
}

/// Whether the terminal is gone: reading and drawing may fail before the signal that says so comes.
#[must_use]
pub fn hung_up() -> bool {
    rustix::termios::tcgetattr(io::stdout()).is_err()
}

/// Gives the terminal back and stops this job, as Ctrl-Z does without a screen; takes the terminal again when the job goes on:
/// the screen, or the keyboard alone. Does nothing where no shell is there that could let the job go on.
pub fn suspend() -> io::Result<()> {
    // The first process of a session has nobody above it who controls jobs.
    if getpgrp() == getsid(None)? {
        return Ok(());
    }
    let (screen, keyboard) = (TAKEN.load(Ordering::SeqCst), RAW.load(Ordering::SeqCst));
    restore();
    // STOP and not TSTP, which this process catches.
    kill_current_process_group(Signal::STOP)?;
    if screen {
        return take_again();
    }
    if keyboard {
        enable_raw_mode()?;
        RAW.store(true, Ordering::SeqCst);
    }
    Ok(())
}

/// Takes the terminal again where another program may have used it, as after a stop that nobody announced (SIGSTOP).
pub fn resume() -> io::Result<()> {
    if TAKEN.load(Ordering::SeqCst) {
        return take_again();
    }
    if RAW.load(Ordering::SeqCst) {
        disable_raw_mode()?;
        enable_raw_mode()?;
    }
    Ok(())
}

fn take_again() -> io::Result<()> {
    // Raw mode is only set by crossterm when it takes it for unset.
    disable_raw_mode()?;
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    paint_over()
}

fn paint_over() -> io::Result<()> {
    execute!(io::stdout(), EnterAlternateScreen, DisableBracketedPaste, cursor::Hide)?;
    if MOUSE.load(Ordering::SeqCst) { execute!(io::stdout(), EnableMouseCapture) } else { Ok(()) }
}

/// From now on clicks and the wheel come to tftop, or are the terminal's own, while the screen is taken.
pub(crate) fn use_mouse(mouse: bool) -> io::Result<()> {
    let changed = MOUSE.swap(mouse, Ordering::SeqCst) != mouse;
    match changed && TAKEN.load(Ordering::SeqCst) {
        true if mouse => execute!(io::stdout(), EnableMouseCapture),
        true => execute!(io::stdout(), DisableMouseCapture),
        false => Ok(()),
    }
}

/// Raw mode alone, for as long as it lives: the keyboard's bytes are for somebody else.
#[derive(Debug)]
pub struct Raw(());

impl Raw {
    /// Takes the keyboard. Fails without a terminal.
    pub fn enter() -> io::Result<Self> {
        install_panic_hook();
        enable_raw_mode()?;
        RAW.store(true, Ordering::SeqCst);
        Ok(Self(()))
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        restore();
    }
}

/// Gives the terminal back. Safe to call at any time and any number of times; what can't be undone is left.
pub fn restore() {
    if RAW.swap(false, Ordering::SeqCst) {
        let _ = disable_raw_mode();
    }
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = io::stdout();
    // Each step on its own: one that fails must not keep the next from being taken.
    let _ = execute!(out, DisableMouseCapture);
    let _ = execute!(out, LeaveAlternateScreen);
    let _ = execute!(out, cursor::Show);
    let _ = disable_raw_mode();
    let unsaid = UNSAID.lock().map(|mut unsaid| std::mem::take(&mut *unsaid)).unwrap_or_default();
    for panic in unsaid {
        let _ = writeln!(io::stderr(), "{panic}");
    }
}

/// A panic of this thread gives the terminal back before it is said; one of another thread is said later, because the
/// screen is still in use.
fn install_panic_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let face = thread::current().id();
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if TAKEN.load(Ordering::SeqCst) && thread::current().id() != face {
                if let Ok(mut unsaid) = UNSAID.lock()
                    && unsaid.len() < MOST_UNSAID
                {
                    unsaid.push(panic.to_string());
                }
            } else {
                restore();
                before(panic);
            }
        }));
    });
}
