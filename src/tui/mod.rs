//! Floor 2: a Scene as a screen, events as effects. Reads nothing of the target itself.

pub(crate) mod ascii;
pub(crate) mod column;
pub(crate) mod cursor;
pub mod draw;
pub(crate) mod keys;
pub(crate) mod layout;
pub(crate) mod mouse;
pub mod picker;
pub mod rerun;
pub mod rows;
pub mod runs;
pub mod screen;
pub(crate) mod sort;
pub mod stacks;
pub mod state;
pub mod theme;
pub(crate) mod typing;
pub(crate) mod view;
pub(crate) mod watched;
pub(crate) mod what_if;

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{Event as Input, MouseEventKind};
use draw::draw;
use futures_util::{Stream, StreamExt};
use ratatui::Terminal;
use ratatui::backend::Backend;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use crate::data::limits::Caps;
use crate::data::run::{TerminalOutput, WindowSize};
use crate::data::sample::Interest;
use crate::data::scene::Scene;
pub use crate::present::block;
use crate::tui::runs::{RunsList, RunsRequest};
use crate::tui::state::output::Interrupt;
use crate::tui::state::{Dashboard, Event};
use crate::tui::theme::ThemeName;

/// Where scenes come from and where wishes for the next sample go.
#[derive(Debug)]
pub struct SceneFeed {
    /// The newest scene.
    pub scenes: watch::Receiver<Arc<Scene>>,
    /// Threads whose details are wanted.
    pub interest: watch::Sender<Interest>,
    /// Where it is asked what a rerun would do; none where there can be none.
    pub rerun: Option<rerun::RerunWorker>,
    /// Where stacks are asked for; none where there is no process to read.
    pub stacks: Option<stacks::StacksWorker>,
    /// The terminal of the command that tftop has started; none for a process that was attached to.
    pub console: Option<ConsolePane>,
    /// What is known of the kept runs.
    pub runs: watch::Receiver<Arc<RunsList>>,
    /// What is to be found out about them.
    pub runs_wish: watch::Sender<RunsRequest>,
}

/// The terminal of a command.
#[derive(Debug)]
pub struct ConsolePane {
    /// What the command has written.
    pub output: watch::Receiver<Arc<TerminalOutput>>,
    /// What is typed, and the size it should have.
    pub wishes: mpsc::UnboundedSender<ConsoleRequest>,
}

/// What the person wants of the command's terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConsoleRequest {
    /// These bytes are typed.
    Type(Vec<u8>),
    /// It should have this size.
    Resize(WindowSize),
}

/// How the screen looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Appearance {
    /// Whether colours may be used (NO_COLOR, --color).
    pub color: bool,
    /// Which palette.
    pub theme: ThemeName,
    /// Whether every glyph must be ASCII.
    pub ascii: bool,
}

/// What a key or event asks of the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The user wants to leave.
    Quit,
    /// The user wants to leave and to end the command as well.
    Abandon,
    /// Type this to the command; [`run`] does so itself and never returns it.
    Type(Vec<u8>),
    /// The user wants the target stopped and started again with these caps.
    Rerun(Caps),
    /// What would a rerun with these caps do; [`run`] asks and never returns it.
    AskRerun(Caps),
    /// Take these stacks; [`run`] asks and never returns it.
    AskStacks(stacks::StacksRequest),
    /// `stop` was resolved: a signal, or the caller's own reason.
    Stopped,
    /// The terminal sends no more events.
    InputClosed,
    /// Draw everything anew; [`run`] does so itself and never returns it.
    Redraw,
}

/// Most events that are taken in before the screen is drawn again: a burst of the wheel is one frame.
const BURST: usize = 256;
/// How long a second Ctrl-C is one that leaves.
const CALM: Duration = Duration::from_secs(5);

/// Shows the dashboard until the user leaves, `stop` resolves or the terminal is gone; returns which. Draws only after a
/// new scene, input or a new size. Fails when the terminal can't be read or drawn on.
pub async fn run<B, E>(
    terminal: &mut Terminal<B>,
    mut events: E,
    mut feed: SceneFeed,
    look: Appearance,
    stop: impl Future<Output = ()>,
) -> io::Result<Effect>
where
    B: Backend,
    E: Stream<Item = io::Result<Input>> + Unpin,
{
    let size = terminal.size().map_err(broken)?;
    let mut dashboard = Dashboard::new(look, size, feed.scenes.borrow_and_update().clone());
    let mut stop = pin!(stop);
    let (mut fed, mut told, mut window, mut calm) = (true, true, None, None);
    if let Some(console) = &feed.console {
        dashboard.update(Event::Output(console.output.borrow().clone()));
    }
    loop {
        let size = terminal.size().map_err(broken)?;
        if size != dashboard.size() {
            dashboard.update(Event::Input(Input::Resize(size.width, size.height)));
        }
        resize_console(&feed, &dashboard, &mut window);
        terminal.draw(|frame| draw(frame, &dashboard)).map_err(broken)?;
        feed.interest.send_if_modified(|interest| {
            let wanted = dashboard.interest();
            let changed = *interest != wanted;
            *interest = wanted;
            changed
        });
        let wish = dashboard.runs_wish();
        feed.runs_wish.send_if_modified(|wished| {
            let changed = *wished != wish;
            *wished = wish;
            changed
        });
        // A signal comes first, then scenes: there are few of them, so keys never wait long.
        let event = tokio::select! {
            biased;
            () = &mut stop => return Ok(Effect::Stopped),
            news = feed.scenes.changed(), if fed => {
                fed = news.is_ok();
                if fed { Event::Scene(feed.scenes.borrow_and_update().clone()) } else { Event::Silence }
            }
            output = next_output(&mut feed.console), if dashboard.wants_output() => Event::Output(output),
            () = at(calm), if calm.is_some() => Event::Calm,
            answer = next_answer(feed.rerun.as_mut().map(|desk| &mut desk.answers)) => Event::Rerun(answer),
            answer = next_answer(feed.stacks.as_mut().map(|desk| &mut desk.answers)) => Event::Stacks(answer),
            news = feed.runs.changed(), if told => {
                told = news.is_ok();
                let shelf = feed.runs.borrow_and_update().clone();
                Event::Runs(shelf)
            }
            input = next_input(&mut events) => match input {
                Some(input) => Event::Input(input?),
                None => return Ok(Effect::InputClosed),
            },
        };
        // Elsewhere output is no reason to draw; but how the command ended and how its log stands is news.
        if let (Event::Scene(_), Some(console)) = (&event, &mut feed.console) {
            dashboard.update(Event::Output(console.output.borrow_and_update().clone()));
        }
        if let Some(effect) = take_in(terminal, &mut dashboard, event, &mut events, &feed).await? {
            return Ok(effect);
        }
        calm = match dashboard.interrupt() {
            Interrupt::Sent => calm.or_else(|| Some(Instant::now() + CALM)),
            Interrupt::None => None,
        };
    }
}

/// Tells the command's terminal how much room there is, when that has changed.
fn resize_console(feed: &SceneFeed, dashboard: &Dashboard, told: &mut Option<WindowSize>) {
    let window = dashboard.window();
    if let (Some(console), true) = (&feed.console, *told != Some(window)) {
        *told = Some(window);
        let _ = console.wishes.send(ConsoleRequest::Resize(window));
    }
}

/// The next output; never where there is none, or no more.
async fn next_output(console: &mut Option<ConsolePane>) -> Arc<TerminalOutput> {
    if let Some(console) = console
        && console.output.changed().await.is_ok()
    {
        return console.output.borrow_and_update().clone();
    }
    std::future::pending().await
}

async fn at(when: Option<Instant>) {
    match when {
        Some(when) => sleep_until(when).await,
        None => std::future::pending().await,
    }
}

/// Asks, or says that nobody is there to ask.
fn ask_rerun(dashboard: &mut Dashboard, desk: Option<&rerun::RerunWorker>, caps: Caps) {
    if desk.is_none_or(|desk| desk.ask.send(caps).is_err()) {
        let why =
            "this one is not rerun from here: end it and start it again with other caps by `tftop run`".to_owned();
        dashboard.update(Event::Rerun(Arc::new(rerun::RerunAnswer { caps, plan: Err(why) })));
    }
}

/// Asks for stacks, or says that nobody is there to take them.
fn ask_stacks(dashboard: &mut Dashboard, desk: Option<&stacks::StacksWorker>, wish: stacks::StacksRequest) {
    if desk.is_none_or(|desk| desk.ask.send(wish.clone()).is_err()) {
        let taken = Err("there is no process to read here: stacks are only taken of one that runs".to_owned());
        dashboard.update(Event::Stacks(Arc::new(stacks::StacksAnswer { wish, taken })));
    }
}

/// The next answer; never where nobody answers.
async fn next_answer<T>(answers: Option<&mut watch::Receiver<Option<Arc<T>>>>) -> Arc<T> {
    if let Some(answers) = answers {
        while answers.changed().await.is_ok() {
            if let Some(answer) = answers.borrow_and_update().clone() {
                return answer;
            }
        }
    }
    std::future::pending().await
}

/// Takes an event in and, before anything is drawn, the input that is already waiting behind it.
async fn take_in<B, E>(
    terminal: &mut Terminal<B>,
    dashboard: &mut Dashboard,
    event: Event,
    events: &mut E,
    feed: &SceneFeed,
) -> io::Result<Option<Effect>>
where
    B: Backend,
    E: Stream<Item = io::Result<Input>> + Unpin,
{
    let mut event = event;
    for left in (0..BURST).rev() {
        match dashboard.update(event) {
            Some(Effect::Redraw) => terminal.clear().map_err(broken)?,
            Some(Effect::Type(bytes)) => {
                if let Some(console) = &feed.console {
                    let _ = console.wishes.send(ConsoleRequest::Type(bytes));
                }
            }
            Some(Effect::AskRerun(caps)) => ask_rerun(dashboard, feed.rerun.as_ref(), caps),
            Some(Effect::AskStacks(wish)) => ask_stacks(dashboard, feed.stacks.as_ref(), wish),
            Some(effect) => return Ok(Some(effect)),
            None => {}
        }
        if left == 0 {
            break;
        }
        // Polled with this task's own waker: crossterm's stream keeps the first waker it is polled with.
        event = tokio::select! {
            biased;
            input = next_input(events) => match input {
                Some(input) => Event::Input(input?),
                None => return Ok(Some(Effect::InputClosed)),
            },
            () = std::future::ready(()) => return Ok(None),
        };
    }
    Ok(None)
}

/// The next event that can change anything: a mouse that only moves does not.
pub(crate) async fn next_input<E>(events: &mut E) -> Option<io::Result<Input>>
where
    E: Stream<Item = io::Result<Input>> + Unpin,
{
    loop {
        match events.next().await {
            Some(Ok(Input::Mouse(mouse))) if mouse.kind == MouseEventKind::Moved => {}
            other => return other,
        }
    }
}

/// The backend's error as one of I/O: ratatui's backends each have their own.
pub(crate) fn broken(error: impl std::error::Error) -> io::Error {
    io::Error::other(format!("the terminal can't be drawn on: {error}"))
}
