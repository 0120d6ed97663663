//! The loop of the dashboard: draws, waits for the next event, updates, and does what that asks for.

use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crossterm::event::Event as Input;
use futures_util::Stream;
use ratatui::Terminal;
use ratatui::backend::Backend;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::data::limits::Caps;
use crate::data::run::{TerminalOutput, WindowSize};
use crate::tui::keys::Action;
use crate::tui::messages::effect::{ConsoleRequest, Effect};
use crate::tui::messages::feed::{ConsolePane, SceneFeed};
use crate::tui::messages::replay::{ReplayPane, TimeRequest};
use crate::tui::messages::restart::{RestartWorker, StopStage};
use crate::tui::messages::{rerun, stacks};
use crate::tui::run::clip::clip;
use crate::tui::run::clipboard::copy;
use crate::tui::run::input::{blank, broken, next_input};
use crate::tui::run::job::JobControl;
use crate::tui::run::save::save;
use crate::tui::run::update::{event_of, update};
use crate::tui::screen;
use crate::tui::state::Dashboard;
use crate::tui::state::event::{Event, MouseTarget, OverdueLook};
use crate::tui::state::parts::Mode;
use crate::tui::state::parts::transcript::Interrupt;
use crate::tui::tabs::View;
use crate::tui::theme::Appearance;
use crate::tui::view::frame::draw;

/// Most events between two frames: a burst of the wheel is one frame.
const BURST: usize = 256;
/// A scene is overdue after so many intervals, and after this time at least.
const OVERDUE: f64 = 2.0;
const LEAST_OVERDUE: Duration = Duration::from_secs(1);
/// How often the age of an overdue scene is told.
const AGE_TOLD: Duration = Duration::from_secs(1);
/// How long a second Ctrl-C is one that leaves.
const INTERRUPT_TIME: Duration = Duration::from_secs(5);

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
    let scene = feed.scenes.borrow_and_update().clone();
    let mut dashboard = Dashboard::with_settings(look, size, scene, &feed.settings.in_force());
    update(&mut dashboard, Event::SettingsProblems(feed.settings.take_unsaid()));
    if feed.read_only {
        update(&mut dashboard, Event::ReadOnly);
    }
    if feed.interest.borrow().trace {
        update(&mut dashboard, Event::Click(MouseTarget::Button(Action::Trace)));
    }
    feed.notice.take().into_iter().for_each(|notice| drop(update(&mut dashboard, Event::Notice(notice))));
    feed.replay.iter_mut().for_each(|replay| {
        let (moment, timeline) =
            (replay.moments.borrow_and_update().clone(), replay.timeline.borrow_and_update().clone());
        update(&mut dashboard, Event::Timeline(timeline));
        update(&mut dashboard, Event::Moment(moment));
    });
    let mut stop = pin!(stop);
    let mut job = JobControl::listen()?;
    let (mut more_scenes, mut more_runs, mut window, mut interrupt_ends) = (true, true, None, None);
    if let Some(console) = &feed.console {
        update(&mut dashboard, Event::Output(console.output.borrow().clone()));
        if dashboard.settings().view == View::Output {
            update(&mut dashboard, Event::Click(MouseTarget::Button(Action::Show(View::Output))));
        }
    }
    let (mut newest, mut age_told) = (Instant::now(), Instant::now() + overdue_after(&feed));
    loop {
        let size = terminal.size().map_err(broken)?;
        if size != dashboard.size() {
            update(&mut dashboard, Event::Resize(size));
        }
        resize_console(&feed, &dashboard, &mut window);
        terminal.draw(|frame| draw(frame, &dashboard)).map_err(broken)?;
        follow_settings(&feed, &dashboard)?;
        // What is read of the target is what was wanted when its newest look was on screen.
        if !dashboard.is_past() {
            send_changed(&feed.interest, dashboard.interest());
        }
        send_changed(&feed.runs_request, dashboard.runs_request());
        // A signal comes first, then scenes: there are few of them, so keys never wait long.
        let event = tokio::select! {
            biased;
            () = &mut stop => return Ok(Effect::Stopped),
            went_on = job.went_on() => {
                went_on?;
                blank(terminal)?;
                None
            }
            news = feed.scenes.changed(), if more_scenes => {
                more_scenes = news.is_ok();
                let scene = feed.scenes.borrow_and_update().clone();
                newest = Instant::now();
                age_told = newest + overdue_after(&feed);
                Some(if more_scenes { Event::Scene(scene) } else { Event::NoMoreScenes })
            }
            output = next_output(&mut feed.console), if dashboard.wants_output() => Some(Event::Output(output)),
            news = next_of_past(&mut feed.replay, dashboard.is_recording()) => Some(news),
            () = sleep_until(age_told), if more_scenes && !dashboard.is_recording() => {
                age_told = Instant::now() + AGE_TOLD;
                Some(Event::Overdue(OverdueLook { age: newest.elapsed(), reading: feed.reading.words() }))
            }
            () = at(interrupt_ends), if interrupt_ends.is_some() => Some(Event::InterruptExpired),
            stage = next_stage(feed.restart.as_mut()) => Some(Event::Stopping(stage)),
            answer = next_answer(feed.rerun.as_mut().map(|worker| &mut worker.answers)) => Some(Event::Rerun(answer)),
            answer = next_answer(feed.stacks.as_mut().map(|worker| &mut worker.answers)) => Some(Event::Stacks(answer)),
            news = feed.runs.changed(), if more_runs => {
                more_runs = news.is_ok();
                Some(Event::Runs(feed.runs.borrow_and_update().clone()))
            }
            input = next_input(&mut events) => match input {
                Some(input) => event_of(&dashboard, &input?),
                None => return Ok(Effect::InputClosed),
            },
        };
        // The course of a live target is newer with each scene, and no reason to draw by itself.
        if let (Some(Event::Scene(_) | Event::Moment(_)), Some(replay)) = (&event, &mut feed.replay) {
            update(&mut dashboard, Event::Timeline(replay.timeline.borrow_and_update().clone()));
        }
        // Elsewhere output is no reason to draw; but how the command ended and how its log stands is news.
        if let (Some(Event::Scene(_) | Event::Overdue(_)), Some(console)) = (&event, &mut feed.console) {
            update(&mut dashboard, Event::Output(console.output.borrow_and_update().clone()));
        }
        if let Some(effect) = handle(terminal, &mut dashboard, event, &mut events, &feed).await? {
            return Ok(effect);
        }
        interrupt_ends = match dashboard.interrupt() {
            Interrupt::Sent => interrupt_ends.or_else(|| Some(Instant::now() + INTERRUPT_TIME)),
            Interrupt::None => None,
        };
    }
}

/// How long after the newest scene the next one is overdue.
fn overdue_after(feed: &SceneFeed) -> Duration {
    let intervals = Duration::try_from_secs_f64(feed.scenes.borrow().interval_s * OVERDUE);
    intervals.unwrap_or(LEAST_OVERDUE).max(LEAST_OVERDUE)
}

/// Sends what is wanted when it is something else than before.
fn send_changed<T: PartialEq>(channel: &watch::Sender<T>, wanted: T) {
    channel.send_if_modified(|sent| {
        let changed = *sent != wanted;
        *sent = wanted;
        changed
    });
}

/// Lets what was set count: for the mouse, for whoever looks, and for the dashboard of the next process.
fn follow_settings(feed: &SceneFeed, dashboard: &Dashboard) -> io::Result<()> {
    let settings = dashboard.settings();
    if let Some(interval) = &feed.interval {
        send_changed(interval, settings.interval);
    }
    screen::use_mouse(settings.mouse)?;
    feed.settings.set(settings);
    Ok(())
}

/// Gives the command's terminal the size there is room for, when that has changed.
fn resize_console(feed: &SceneFeed, dashboard: &Dashboard, sent: &mut Option<WindowSize>) {
    let window = dashboard.window();
    if let (Some(console), true) = (&feed.console, *sent != Some(window)) {
        *sent = Some(window);
        let _ = console.requests.send(ConsoleRequest::Resize(window));
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

/// Another moment that is shown from now on or, of a recording, what is known of all its looks; never where there is no past.
async fn next_of_past(replay: &mut Option<ReplayPane>, recording: bool) -> Event {
    if let Some(replay) = replay {
        tokio::select! {
            Ok(()) = replay.moments.changed() => return Event::Moment(replay.moments.borrow_and_update().clone()),
            Ok(()) = replay.timeline.changed(), if recording => {
                return Event::Timeline(replay.timeline.borrow_and_update().clone());
            }
            else => {}
        }
    }
    std::future::pending().await
}

async fn at(when: Option<Instant>) {
    match when {
        Some(when) => sleep_until(when).await,
        None => std::future::pending().await,
    }
}

/// Sends the question, or answers that there can be no rerun.
fn request_rerun(dashboard: &mut Dashboard, worker: Option<&rerun::RerunWorker>, caps: Caps) {
    if worker.is_none_or(|worker| worker.requests.send(caps).is_err()) {
        let why =
            "this one is not rerun from here: end it and start it again with other caps by `tftop run`".to_owned();
        update(dashboard, Event::Rerun(Arc::new(rerun::RerunAnswer { caps, plan: Err(why) })));
    }
}

/// Sends the request, or answers that there is no process to read.
fn request_stacks(dashboard: &mut Dashboard, worker: Option<&stacks::StacksWorker>, request: stacks::StacksRequest) {
    if worker.is_none_or(|worker| worker.requests.send(request.clone()).is_err()) {
        let taken = Err("there is no process to read here: stacks are only taken of one that runs".to_owned());
        update(dashboard, Event::Stacks(Arc::new(stacks::StacksAnswer { request, taken })));
    }
}

/// How far the stop of the old run is by now; never where nobody stops one.
async fn next_stage(restart: Option<&mut RestartWorker>) -> StopStage {
    if let Some(restart) = restart
        && restart.stages.changed().await.is_ok()
    {
        return restart.stages.borrow_and_update().clone();
    }
    std::future::pending().await
}

/// Whether the old run is being stopped from now on.
fn begins_stop(dashboard: &mut Dashboard, restart: Option<&RestartWorker>, caps: Caps) -> bool {
    let is_new = !matches!(dashboard.mode(), Mode::Stopping(..));
    let begins = is_new && restart.is_some_and(|restart| restart.requests.send(caps).is_ok());
    if begins {
        update(dashboard, Event::Stopping(StopStage::Begins));
    }
    begins
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

/// Updates the dashboard by an event and, before anything is drawn, by the input that is already waiting behind it.
async fn handle<B, E>(
    terminal: &mut Terminal<B>,
    dashboard: &mut Dashboard,
    mut event: Option<Event>,
    events: &mut E,
    feed: &SceneFeed,
) -> io::Result<Option<Effect>>
where
    B: Backend,
    E: Stream<Item = io::Result<Input>> + Unpin,
{
    for left in (0..BURST).rev() {
        match event.take().and_then(|event| update(dashboard, event)) {
            Some(Effect::Redraw) => blank(terminal)?,
            Some(Effect::Suspend) => {
                screen::suspend()?;
                blank(terminal)?;
            }
            Some(Effect::Type(bytes)) => {
                if let Some(console) = &feed.console {
                    let _ = console.requests.send(ConsoleRequest::Type(bytes));
                }
            }
            Some(Effect::Rerun(caps)) if begins_stop(dashboard, feed.restart.as_ref(), caps) => {}
            Some(Effect::RequestRerun(caps)) => request_rerun(dashboard, feed.rerun.as_ref(), caps),
            Some(Effect::RequestStacks(request)) => request_stacks(dashboard, feed.stacks.as_ref(), request),
            Some(Effect::SaveScreen) => {
                let unix_s = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
                let saved = save(dashboard, Path::new(""), unix_s);
                update(dashboard, Event::Saved(saved));
            }
            Some(Effect::SaveSettings) => {
                feed.settings.set(dashboard.settings());
                let saved = feed.settings.save();
                update(dashboard, Event::SettingsSaved(saved));
            }
            Some(Effect::Copy(part)) => {
                let copied = clip(dashboard, part).and_then(|it| Ok(format!("{} {}", it.what, copy(&it.text)?)));
                update(dashboard, Event::Copied(copied));
            }
            Some(Effect::Time(step)) => {
                // Refused only when whoever plays it has ended.
                if let Some(replay) = &feed.replay {
                    let _ = replay.requests.send(TimeRequest { step, from_ns: dashboard.scene().at_ns });
                }
            }
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
                Some(input) => event_of(dashboard, &input?),
                None => return Ok(Some(Effect::InputClosed)),
            },
            () = std::future::ready(()) => return Ok(None),
        };
    }
    Ok(None)
}
