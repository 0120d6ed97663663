//! The thread that shows the past, of a recording or of a live target: publishes its looks, plays them, and goes where it is
//! told to.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::data::scene::{Scene, Timeline};
use crate::runs::history::past::{Past, Reached};
use crate::tui::keys::TimeStep;
use crate::tui::messages::replay::{ReplayPane, ReplayState, ShownMoment, TimeRequest};

/// Seconds of the past a second.
const SPEEDS: (f64, f64) = (0.5, 60.0);
/// How far one key goes.
const MINUTE_NS: u64 = 60_000_000_000;
/// How often it is shown how far the way to another moment was come.
const SHOWN_EVERY: Duration = Duration::from_millis(100);
/// How often a thread that stands still looks whether anybody still shows its scenes.
const IDLE_CHECK: Duration = Duration::from_millis(500);
/// Longest wait for the next look: a machine that was suspended leaves hours without one.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Begins to play a recording at the last look that is not later than this instant, until nobody holds a receiver of its
/// moments. That look's scene, and the other end.
///
/// # Errors
/// That this look can't be read, or that there can be no thread.
pub(crate) fn play(
    mut moments: impl Past,
    at_ns: u64,
    timeline: watch::Receiver<Arc<Timeline>>,
) -> anyhow::Result<(Arc<Scene>, ReplayPane)> {
    let Reached { at_ns, scene } = moments.go(at_ns, &mut || false).map_err(anyhow::Error::msg)?;
    let state = ReplayState { paused: false, ..ReplayState::recorded() };
    let first = ShownMoment { scene: Some(scene.clone()), state };
    Ok((scene, start(moments, Some(at_ns), first, timeline)?))
}

/// Has the past of a live target ready: nothing of it is shown before it is asked for.
///
/// # Errors
/// That there can be no thread.
pub(crate) fn follow(moments: impl Past, timeline: watch::Receiver<Arc<Timeline>>) -> anyhow::Result<ReplayPane> {
    start(moments, None, ShownMoment { scene: None, state: ReplayState::live() }, timeline)
}

fn start(
    moments: impl Past,
    shown: Option<u64>,
    first: ShownMoment,
    timeline: watch::Receiver<Arc<Timeline>>,
) -> anyhow::Result<ReplayPane> {
    let state = first.state.clone();
    let (publish, receiver) = watch::channel(first);
    let (requests, asked): (Sender<TimeRequest>, _) = mpsc::channel();
    let mut playing = Playing { moments, shown, wanted: None, state, due: Instant::now() };
    playing.wait_for_next(Instant::now());
    let run = move || playing.run(&asked, &publish);
    thread::Builder::new().name("tftop-replay".to_owned()).spawn(run)?;
    Ok(ReplayPane { requests, moments: receiver, timeline })
}

/// Where it is, and where it is going. Looks are named by their time, nanoseconds since boot.
#[derive(Debug)]
struct Playing<M> {
    moments: M,
    /// The look on screen; none where that is the newest of a live target.
    shown: Option<u64>,
    /// The look that was asked for; none where it is on screen.
    wanted: Option<u64>,
    state: ReplayState,
    /// When the next look is to be shown.
    due: Instant,
}

impl<M: Past> Playing<M> {
    fn run(&mut self, asked: &Receiver<TimeRequest>, publish: &watch::Sender<ShownMoment>) {
        while !publish.is_closed() {
            match self.next_request(asked) {
                Ok(Some(request)) => self.take(request, Instant::now()),
                Ok(None) => {}
                Err(()) => return,
            }
            let scene = self.advance(Instant::now());
            self.state.seeking = self.wanted.is_some();
            publish.send_if_modified(|moment| {
                let left = self.shown.is_none() && moment.scene.take().is_some();
                let changed = left || scene.is_some() || moment.state != self.state;
                moment.scene = scene.or_else(|| moment.scene.take());
                moment.state = self.state.clone();
                changed
            });
        }
    }

    /// What was asked for, until the next look is due; an error when nobody can ask any more.
    fn next_request(&self, asked: &Receiver<TimeRequest>) -> Result<Option<TimeRequest>, ()> {
        if self.wanted.is_some() {
            return match asked.try_recv() {
                Ok(request) => Ok(Some(request)),
                Err(TryRecvError::Empty) => Ok(None),
                Err(TryRecvError::Disconnected) => Err(()),
            };
        }
        let due = self.due.saturating_duration_since(Instant::now());
        match asked.recv_timeout(if self.state.paused { IDLE_CHECK } else { due.min(IDLE_CHECK) }) {
            Ok(request) => Ok(Some(request)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(()),
        }
    }

    fn take(&mut self, request: TimeRequest, now: Instant) {
        self.state.says = None;
        let (first, last) = self.moments.bounds();
        // Steps add up while it is still on its way.
        let from = self.wanted.or(self.shown).unwrap_or(request.from_ns).min(last);
        let wanted = match request.step {
            TimeStep::PlayOrPause => {
                self.state.paused = !self.state.paused || self.shown.is_none();
                self.wait_for_next(now);
                if self.state.paused || from < last {
                    return;
                }
                first
            }
            TimeStep::Slower | TimeStep::Faster => {
                let factor = if request.step == TimeStep::Slower { 0.5 } else { 2.0 };
                self.state.speed = (self.state.speed * factor).clamp(SPEEDS.0, SPEEDS.1);
                return self.wait_for_next(now);
            }
            TimeStep::LookBack => self.moments.look_before(from),
            TimeStep::LookForward => self.moments.look_after(from),
            TimeStep::MinuteBack => {
                self.moments.look_at(from.saturating_sub(MINUTE_NS)).min(self.moments.look_before(from))
            }
            TimeStep::MinuteForward => {
                self.moments.look_at(from.saturating_add(MINUTE_NS)).max(self.moments.look_after(from))
            }
            TimeStep::Begin => first,
            TimeStep::End => last,
            TimeStep::To(at_ns) => self.moments.look_at(at_ns),
        };
        let stands = matches!(request.step, TimeStep::LookBack | TimeStep::LookForward | TimeStep::To(_));
        // Who goes back from now wants to see a moment, not to lag behind.
        self.state.paused |= stands || self.shown.is_none();
        if wanted == first {
            self.state.says = self.moments.missing_before().map(Into::into);
        }
        if self.moments.is_live() && wanted >= last {
            return self.go_live();
        }
        self.wanted = Some(wanted).filter(|&wanted| Some(wanted) != self.shown);
    }

    fn go_live(&mut self) {
        (self.shown, self.wanted) = (None, None);
        self.state = ReplayState { says: self.state.says.take(), ..ReplayState::live() };
        self.moments.rest();
    }

    /// Goes on where it was asked to, or to the next look where that is due: the scene to be shown then.
    fn advance(&mut self, now: Instant) -> Option<Arc<Scene>> {
        let wanted = match (self.wanted, self.shown) {
            (Some(wanted), _) => wanted,
            (None, Some(shown)) if !self.state.paused && now >= self.due => {
                let (next, (_, last)) = (self.moments.look_after(shown), self.moments.bounds());
                if self.moments.is_live() && next >= last {
                    self.go_live();
                    return None;
                }
                self.state.paused = next <= shown;
                if self.state.paused {
                    return None;
                }
                next
            }
            _ => return None,
        };
        let mut left = false;
        let reached = self.moments.go(wanted, &mut || {
            left |= now.elapsed() >= SHOWN_EVERY;
            left
        });
        match reached {
            Ok(Reached { at_ns, scene }) => {
                self.shown = Some(at_ns);
                self.wanted = Some(wanted).filter(|&wanted| left && wanted > at_ns);
                self.wait_for_next(now);
                Some(scene)
            }
            Err(why) => {
                (self.wanted, self.state.paused, self.state.says) = (None, true, Some(why.into()));
                None
            }
        }
    }

    /// The next look is due as long after this one as it was taken, in the time of the past.
    fn wait_for_next(&mut self, now: Instant) {
        let Some(shown) = self.shown else { return };
        let apart = Duration::from_nanos(self.moments.look_after(shown).saturating_sub(shown));
        let wait = Duration::try_from_secs_f64(apart.as_secs_f64() / self.state.speed);
        self.due = now + wait.unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT);
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;
    use crate::model::build_scene::Model;
    use crate::model::origin::families::Families;
    use crate::runs::history::live_history::SharedHistory;
    use crate::runs::history::live_player::{LivePlayer, OlderLooks};
    use crate::runs::player::Player;
    use crate::runs::recorded::Recorded;

    const SECOND: u64 = 1_000_000_000;

    fn player() -> Player {
        let file = File::open("tests/data/tape/first.tape").unwrap();
        let recorded = Recorded::open(file, "last", false).unwrap();
        Player::open(recorded, Families::builtin()).unwrap()
    }

    fn playing() -> Playing<Player> {
        let mut moments = player();
        let shown = Some(moments.bounds().0);
        let state = ReplayState { paused: false, ..ReplayState::recorded() };
        Playing { moments, shown, wanted: None, state, due: Instant::now() }
    }

    /// The past of a target that was watched for 200 seconds.
    fn following() -> (Playing<LivePlayer>, SharedHistory) {
        let history = SharedHistory::new();
        let mut model = Model::new(Families::builtin());
        for sample in crate::runs::recorded::tests::watch(200).into_iter().map(Arc::new) {
            history.lock().keep(&model, &sample, false);
            model.next(sample);
        }
        let older = OlderLooks::Nowhere("--no-record".to_owned());
        let moments = LivePlayer::new(history.clone(), older, Families::builtin());
        let state = ReplayState::live();
        (Playing { moments, shown: None, wanted: None, state, due: Instant::now() }, history)
    }

    /// Goes where it was told to.
    fn after<M: Past>(playing: &mut Playing<M>, step: TimeStep) -> Option<u64> {
        let (_, last) = playing.moments.bounds();
        playing.take(TimeRequest { step, from_ns: last }, Instant::now());
        while playing.wanted.is_some() {
            playing.advance(Instant::now()).unwrap();
        }
        playing.shown
    }

    /// The number of the look that is shown.
    fn look(playing: &Playing<Player>) -> usize {
        playing.moments.looks_ns().binary_search(&playing.shown.unwrap()).unwrap()
    }

    #[test]
    fn it_plays_as_fast_as_the_looks_were_taken_and_stands_still_at_its_end() {
        let mut playing = playing();
        let now = Instant::now();
        playing.wait_for_next(now);
        let apart = playing.moments.time(1);
        assert_eq!(playing.due, now + apart);
        assert!(playing.advance(now).is_none() && look(&playing) == 0, "it is too early");
        assert!(playing.advance(now + apart).is_some() && look(&playing) == 1);
        playing.take(TimeRequest { step: TimeStep::Faster, from_ns: 0 }, now);
        let apart = playing.moments.time(2) - playing.moments.time(1);
        assert!((playing.due - now).as_secs_f64() - apart.as_secs_f64() / 2.0 < 1e-6);
        while playing.advance(playing.due).is_some() {}
        assert_eq!((look(&playing), playing.state.paused), (playing.moments.last(), true));
        after(&mut playing, TimeStep::PlayOrPause);
        assert_eq!(look(&playing), 0, "from the begin again");
        assert!(!playing.state.paused);
    }

    #[test]
    fn keys_move_in_time_and_never_beyond_an_end() {
        let mut playing = playing();
        let last = playing.moments.last();
        assert!(last > 4, "{last}");
        let mut reach = |step, expected, why: &str| {
            after(&mut playing, step);
            assert_eq!(look(&playing), expected, "{why}");
            playing.state.paused
        };
        assert!(reach(TimeStep::LookBack, 0, "the begin"), "a single look is looked at");
        reach(TimeStep::LookForward, 1, "the next");
        reach(TimeStep::End, last, "the end");
        reach(TimeStep::LookForward, last, "behind the end");
        reach(TimeStep::MinuteForward, last, "behind the end");
        reach(TimeStep::LookBack, last - 1, "before the end");
        reach(TimeStep::MinuteBack, 0, "it is shorter than a minute");
        let third = playing.moments.looks_ns()[3];
        let request = TimeRequest { step: TimeStep::LookForward, from_ns: 0 };
        // Steps add up on the way.
        (0..3).for_each(|_| playing.take(request, Instant::now()));
        assert_eq!(playing.wanted, Some(third));
        assert_eq!(after(&mut playing, TimeStep::To(third + 1)), Some(third));
        assert_eq!(after(&mut playing, TimeStep::Begin), Some(playing.moments.looks_ns()[0]));
    }

    #[test]
    fn speed_has_bounds() {
        let mut playing = playing();
        let mut press = |step| {
            (0..20).for_each(|_| playing.take(TimeRequest { step, from_ns: 0 }, Instant::now()));
            playing.state.speed
        };
        assert_eq!((press(TimeStep::Faster), press(TimeStep::Slower)), (60.0, 0.5));
    }

    #[test]
    fn a_live_target_has_the_same_keys_and_ends_now() {
        let (mut playing, history) = following();
        let at = |second: u64| Some((100 + second) * SECOND);
        assert_eq!(after(&mut playing, TimeStep::LookForward), None, "nothing comes after now");
        assert_eq!(after(&mut playing, TimeStep::PlayOrPause), None);
        assert_eq!(after(&mut playing, TimeStep::LookBack), at(199));
        assert!(playing.state.paused);
        assert_eq!(after(&mut playing, TimeStep::MinuteBack), at(139));
        assert_eq!(after(&mut playing, TimeStep::To(150 * SECOND + 7)), at(50));
        assert_eq!(after(&mut playing, TimeStep::Begin), at(0));
        assert_eq!(playing.state.says, None, "it was the first look there ever was");
        after(&mut playing, TimeStep::PlayOrPause);
        assert!(playing.advance(playing.due).is_some());
        assert_eq!(playing.shown, at(1));
        assert_eq!(after(&mut playing, TimeStep::End), None);
        assert!(playing.state == ReplayState::live() && playing.advance(Instant::now()).is_none());
        // Played on until it catches up with now.
        after(&mut playing, TimeStep::MinuteBack);
        after(&mut playing, TimeStep::PlayOrPause);
        for second in 141..200 {
            assert!(playing.advance(playing.due).is_some());
            assert_eq!(playing.shown, at(second));
        }
        assert!(playing.advance(playing.due).is_none());
        assert_eq!(playing.shown, None);
        drop(history);
    }

    #[test]
    fn moments_come_until_nobody_shows_them() {
        let (_, timeline) = watch::channel(Arc::default());
        let (_, pane) = play(player(), 0, timeline).unwrap();
        let mut moments = pane.moments;
        pane.requests.send(TimeRequest { step: TimeStep::End, from_ns: 0 }).unwrap();
        let runtime = crate::commands::own_process::event_loop::runtime().unwrap();
        let is_end = |scene: &Arc<Scene>| scene.recorded.as_ref().is_some_and(|it| it.at_s == it.length_s);
        runtime.block_on(async {
            let late = Duration::from_secs(20);
            let reached =
                |it: &ShownMoment| it.scene.as_ref().is_some_and(is_end) && it.state.paused && !it.state.seeking;
            tokio::time::timeout(late, moments.wait_for(reached)).await.unwrap().unwrap();
            drop(pane.requests);
            // The thread's end of the channel goes with it.
            tokio::time::timeout(late, async { while moments.changed().await.is_ok() {} }).await.unwrap();
        });
    }
}
