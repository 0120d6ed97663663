//! The thread that plays a recording: publishes its scenes as a live target's would come, and goes where it is told to.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::data::scene::Scene;
use crate::runs::player::Player;
use crate::runs::recording::reader::RecordingError;
use crate::tui::keys::TimeStep;
use crate::tui::messages::replay::{ReplayPane, ReplayState};

/// Seconds of a recording a second.
const SPEEDS: (f64, f64) = (0.5, 60.0);
/// How far one key goes.
const MINUTE: Duration = Duration::from_secs(60);
/// How often it is shown how far the way to another moment was come.
const SHOWN_EVERY: Duration = Duration::from_millis(100);
/// How often a thread that stands still looks whether anybody still shows its scenes.
const IDLE_CHECK: Duration = Duration::from_millis(500);
/// Longest wait for the next look: a machine that was suspended leaves hours without one.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// A recording that is played, until nobody holds a receiver of its scenes.
#[derive(Debug)]
pub(crate) struct Replayer {
    pub(crate) scenes: watch::Receiver<Arc<Scene>>,
    pub(crate) pane: ReplayPane,
}

impl Replayer {
    /// Begins to play at a look.
    ///
    /// # Errors
    /// That this look can't be read, or that there can be no thread.
    pub(crate) fn start(mut player: Player, look: usize) -> anyhow::Result<Self> {
        let (look, scene) = player.go(look, || false)?;
        let (publish, scenes) = watch::channel(scene);
        let (tell, state) = watch::channel(ReplayState { speed: 1.0, paused: false, seeking: false });
        let (requests, asked): (Sender<TimeStep>, _) = mpsc::channel();
        let mut playing = Playing { player, look, wanted: None, state: *state.borrow(), due: Instant::now() };
        playing.wait_for_next(Instant::now());
        let run = move || {
            // What can't be read on stays as it is.
            let _ = playing.run(&asked, &publish, &tell);
            while !publish.is_closed() {
                thread::sleep(IDLE_CHECK);
            }
        };
        thread::Builder::new().name("tftop-replay".to_owned()).spawn(run)?;
        Ok(Self { scenes, pane: ReplayPane { requests, state } })
    }
}

/// Where it is, and where it is going.
#[derive(Debug)]
struct Playing {
    player: Player,
    /// The look on screen.
    look: usize,
    /// The look that was asked for; none where it is on screen.
    wanted: Option<usize>,
    state: ReplayState,
    /// When the next look is to be shown.
    due: Instant,
}

impl Playing {
    fn run(
        &mut self,
        asked: &Receiver<TimeStep>,
        scenes: &watch::Sender<Arc<Scene>>,
        states: &watch::Sender<ReplayState>,
    ) -> Result<(), RecordingError> {
        while !scenes.is_closed() {
            match self.next_request(asked) {
                Ok(Some(step)) => self.take(step, Instant::now()),
                Ok(None) => {}
                Err(()) => return Ok(()),
            }
            if let Some(scene) = self.advance(Instant::now())? {
                scenes.send_replace(scene);
            }
            self.state.seeking = self.wanted.is_some();
            states.send_if_modified(|state| std::mem::replace(state, self.state) != self.state);
        }
        Ok(())
    }

    /// What was asked for, until the next look is due; an error when nobody can ask any more.
    fn next_request(&self, asked: &Receiver<TimeStep>) -> Result<Option<TimeStep>, ()> {
        if self.wanted.is_some() {
            return match asked.try_recv() {
                Ok(step) => Ok(Some(step)),
                Err(TryRecvError::Empty) => Ok(None),
                Err(TryRecvError::Disconnected) => Err(()),
            };
        }
        let due = self.due.saturating_duration_since(Instant::now());
        match asked.recv_timeout(if self.state.paused { IDLE_CHECK } else { due.min(IDLE_CHECK) }) {
            Ok(step) => Ok(Some(step)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(()),
        }
    }

    fn take(&mut self, step: TimeStep, now: Instant) {
        // Steps add up while it is still on its way.
        let from = self.wanted.unwrap_or(self.look);
        let last = self.player.last();
        let at = self.player.time(from);
        let wanted = match step {
            TimeStep::PlayOrPause => {
                self.state.paused = !self.state.paused;
                self.wait_for_next(now);
                if self.state.paused || from < last {
                    return;
                }
                0
            }
            TimeStep::Slower | TimeStep::Faster => {
                let factor = if step == TimeStep::Slower { 0.5 } else { 2.0 };
                self.state.speed = (self.state.speed * factor).clamp(SPEEDS.0, SPEEDS.1);
                return self.wait_for_next(now);
            }
            TimeStep::LookBack | TimeStep::LookForward => {
                self.state.paused = true;
                if step == TimeStep::LookBack { from.saturating_sub(1) } else { (from + 1).min(last) }
            }
            TimeStep::MinuteBack => self.player.look_at(at.saturating_sub(MINUTE)).min(from.saturating_sub(1)),
            TimeStep::MinuteForward => self.player.look_at(at.saturating_add(MINUTE)).max(from + 1).min(last),
            TimeStep::Begin => 0,
            TimeStep::End => last,
        };
        self.wanted = Some(wanted).filter(|&wanted| wanted != self.look);
    }

    /// Goes on where it was asked to, or to the next look where that is due: the scene to be shown then.
    fn advance(&mut self, now: Instant) -> Result<Option<Arc<Scene>>, RecordingError> {
        let scene = match self.wanted {
            Some(wanted) => {
                let (look, scene) = self.player.go(wanted, || now.elapsed() >= SHOWN_EVERY)?;
                self.look = look;
                self.wanted = Some(wanted.min(self.player.last())).filter(|&wanted| wanted != look);
                scene
            }
            None if !self.state.paused && now >= self.due && self.look < self.player.last() => {
                let (look, scene) = self.player.go(self.look + 1, || false)?;
                self.look = look;
                scene
            }
            None => {
                self.state.paused |= self.look >= self.player.last();
                return Ok(None);
            }
        };
        self.wait_for_next(now);
        Ok(Some(scene))
    }

    /// The next look is due as long after this one as it was taken, in the time of the recording.
    fn wait_for_next(&mut self, now: Instant) {
        let apart = self.player.time(self.look + 1).saturating_sub(self.player.time(self.look));
        let wait = Duration::try_from_secs_f64(apart.as_secs_f64() / self.state.speed);
        self.due = now + wait.unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT);
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;
    use crate::model::origin::families::Families;
    use crate::runs::recorded::Recorded;

    fn playing() -> Playing {
        let file = File::open("tests/data/tape/first.tape").unwrap();
        let recorded = Recorded::open(file, "last", false).unwrap();
        let player = Player::open(recorded, Families::builtin()).unwrap();
        let state = ReplayState { speed: 1.0, paused: false, seeking: false };
        Playing { player, look: 0, wanted: None, state, due: Instant::now() }
    }

    /// Goes where it was told to.
    fn after(playing: &mut Playing, step: TimeStep) -> usize {
        playing.take(step, Instant::now());
        while playing.wanted.is_some() {
            playing.advance(Instant::now()).unwrap();
        }
        playing.look
    }

    #[test]
    fn it_plays_as_fast_as_the_looks_were_taken_and_stands_still_at_its_end() {
        let mut playing = playing();
        let now = Instant::now();
        playing.wait_for_next(now);
        let apart = playing.player.time(1);
        assert_eq!(playing.due, now + apart);
        assert!(playing.advance(now).unwrap().is_none() && playing.look == 0, "it is too early");
        assert!(playing.advance(now + apart).unwrap().is_some() && playing.look == 1);
        playing.take(TimeStep::Faster, now);
        let apart = playing.player.time(2) - playing.player.time(1);
        assert!((playing.due - now).as_secs_f64() - apart.as_secs_f64() / 2.0 < 1e-6);
        while playing.advance(playing.due).unwrap().is_some() {}
        assert_eq!((playing.look, playing.state.paused), (playing.player.last(), true));
        assert_eq!(after(&mut playing, TimeStep::PlayOrPause), 0, "from the begin again");
        assert!(!playing.state.paused);
    }

    #[test]
    fn keys_move_in_time_and_never_beyond_an_end() {
        let mut playing = playing();
        let last = playing.player.last();
        assert!(last > 4, "{last}");
        assert_eq!(after(&mut playing, TimeStep::LookBack), 0);
        assert!(playing.state.paused, "a single look is looked at");
        assert_eq!(after(&mut playing, TimeStep::LookForward), 1);
        assert_eq!(after(&mut playing, TimeStep::End), last);
        assert_eq!(after(&mut playing, TimeStep::LookForward), last);
        assert_eq!(after(&mut playing, TimeStep::MinuteForward), last);
        assert_eq!(after(&mut playing, TimeStep::LookBack), last - 1);
        assert_eq!(after(&mut playing, TimeStep::MinuteBack), 0, "it is shorter than a minute");
        // Steps add up on the way.
        (0..3).for_each(|_| playing.take(TimeStep::LookForward, Instant::now()));
        assert_eq!(playing.wanted, Some(3));
        assert_eq!(after(&mut playing, TimeStep::Begin), 0);
    }

    #[test]
    fn speed_has_bounds() {
        let mut playing = playing();
        (0..20).for_each(|_| playing.take(TimeStep::Faster, Instant::now()));
        assert_eq!(playing.state.speed, 60.0);
        (0..20).for_each(|_| playing.take(TimeStep::Slower, Instant::now()));
        assert_eq!(playing.state.speed, 0.5);
    }

    #[test]
    fn scenes_come_until_nobody_shows_them() {
        let replayer = Replayer::start(playing().player, 0).unwrap();
        let (mut scenes, mut state) = (replayer.scenes, replayer.pane.state);
        replayer.pane.requests.send(TimeStep::End).unwrap();
        let runtime = crate::commands::own_process::event_loop::runtime().unwrap();
        let reached = |scene: &Arc<Scene>| scene.recorded.as_ref().is_some_and(|it| it.at_s == it.length_s);
        runtime.block_on(async {
            let late = Duration::from_secs(20);
            tokio::time::timeout(late, scenes.wait_for(reached)).await.unwrap().unwrap();
            tokio::time::timeout(late, state.wait_for(|state| state.paused && !state.seeking)).await.unwrap().unwrap();
            drop(scenes);
            // The thread's end of the channel goes with it.
            tokio::time::timeout(late, async { while state.changed().await.is_ok() {} }).await.unwrap();
        });
    }
}
