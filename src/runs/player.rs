//! Plays a recording: the scene of each of its looks, forwards, backwards and by jumps, as it was on screen. What was reached
//! once is reached again from the last checkpoint before it; scenes that were just shown are kept.

use std::collections::VecDeque;
use std::fs::File;
use std::io::BufReader;
use std::sync::Arc;
use std::time::Duration;

use crate::data::scene::Scene;
use crate::model::build_scene::Model;
use crate::model::origin::families::Families;
use crate::runs::recorded::Recorded;
use crate::runs::recording::reader::{RecordingEnd, RecordingError, RecordingPosition, RecordingReader};

/// Looks between two checkpoints at first; where there are too many, every other one goes.
const STRIDE: usize = 16;
/// Checkpoints that are kept, and threads of all of them together.
const MOST_CHECKPOINTS: usize = 64;
const CHECKPOINT_THREADS: usize = 200_000;
/// Scenes that are kept, and threads of all of them together.
const MOST_RECENT: usize = 64;
const RECENT_THREADS: usize = 100_000;

/// A recording that is played. Looks are counted from 0.
#[derive(Debug)]
pub struct Player {
    recorded: Recorded,
    reader: RecordingReader<BufReader<File>>,
    model: Model,
    /// The look that the reader gives next.
    next: usize,
    /// By rising look; the first stands before the first look.
    checkpoints: Vec<Checkpoint>,
    stride: usize,
    /// The scenes of the looks before `next`, the newest last.
    recent: VecDeque<Arc<Scene>>,
}

/// What it takes to go on from a look.
#[derive(Debug)]
struct Checkpoint {
    next: usize,
    model: Model,
    position: RecordingPosition,
}

impl Player {
    /// Opens it at its first look.
    ///
    /// # Errors
    /// That not even its first look can be read.
    pub fn open(recorded: Recorded, families: Families) -> Result<Self, RecordingError> {
        let (reader, model) = (recorded.reader()?, Model::new(families));
        let checkpoints = vec![Checkpoint { next: 0, model: model.clone(), position: reader.position() }];
        let mut player =
            Self { recorded, reader, model, next: 0, checkpoints, stride: STRIDE, recent: VecDeque::new() };
        match player.step() {
            true => Ok(player),
            false => Err(RecordingError::NoTape),
        }
    }

    /// Nanoseconds since boot of each look, never falling.
    pub(crate) fn looks_ns(&self) -> &[u64] {
        &self.recorded.outline.looks_ns
    }

    /// The last look.
    pub fn last(&self) -> usize {
        self.recorded.outline.looks_ns.len().saturating_sub(1)
    }

    /// The last look that is not later than this long after the first.
    pub fn look_at(&self, at: Duration) -> usize {
        let at_ns = u64::try_from(at.as_nanos()).unwrap_or(u64::MAX);
        self.recorded.outline.look_at(self.recorded.outline.time(0).saturating_add(at_ns))
    }

    /// How long after the first look another one was taken.
    pub fn time(&self, look: usize) -> Duration {
        Duration::from_nanos(self.recorded.outline.time(look) - self.recorded.outline.time(0))
    }

    /// Goes towards a look until it is reached or `enough` says so, which is asked after each look that is made. The look that
    /// was reached, and its scene. Where the recording turns out to make no sense before it, it ends there.
    ///
    /// # Errors
    /// That the file can't be read any more.
    pub fn go(&mut self, look: usize, mut enough: impl FnMut() -> bool) -> Result<(usize, Arc<Scene>), RecordingError> {
        let look = look.min(self.last());
        let back = self.next.checked_sub(look + 1).filter(|&back| back < self.recent.len());
        if let Some(scene) = back.and_then(|back| self.recent.get(self.recent.len() - 1 - back)) {
            return Ok((look, scene.clone()));
        }
        self.rewind_for(look)?;
        while self.next <= look && self.step() {
            if enough() {
                break;
            }
        }
        match self.recent.back() {
            Some(scene) => Ok((self.next - 1, scene.clone())),
            None => Err(RecordingError::NoTape),
        }
    }

    /// Goes to the last checkpoint before a look, unless going on from here is nearer.
    fn rewind_for(&mut self, look: usize) -> Result<(), RecordingError> {
        let at = self.checkpoints.partition_point(|checkpoint| checkpoint.next <= look).saturating_sub(1);
        let Some(checkpoint) = self.checkpoints.get(at) else { return Ok(()) };
        if self.next <= look && self.next >= checkpoint.next {
            return Ok(());
        }
        self.reader = self.recorded.reader()?;
        self.reader.go_to(&checkpoint.position)?;
        self.model = checkpoint.model.clone();
        self.next = checkpoint.next;
        self.recent.clear();
        Ok(())
    }

    /// Makes the next scene; false at the end.
    fn step(&mut self) -> bool {
        if self.next > self.last() {
            return false;
        }
        self.keep_checkpoint();
        let Some(sample) = self.reader.next() else {
            let end = self.reader.end().cloned().unwrap_or(RecordingEnd::Cut);
            self.recorded.outline.ends_before(self.next.max(1), end);
            return false;
        };
        let scene = self.model.next(Arc::new(sample));
        let scene = Scene { recorded: Some(self.recorded.moment(self.next)), ..scene };
        let most = MOST_RECENT.min(RECENT_THREADS / scene.threads.len().max(1)).max(1);
        self.recent.push_back(Arc::new(scene));
        self.recent.drain(..self.recent.len().saturating_sub(most));
        self.next += 1;
        true
    }

    fn keep_checkpoint(&mut self) {
        let is_new = self.checkpoints.last().is_none_or(|last| last.next < self.next);
        if !is_new || !self.next.is_multiple_of(self.stride) {
            return;
        }
        let (next, model, position) = (self.next, self.model.clone(), self.reader.position());
        self.checkpoints.push(Checkpoint { next, model, position });
        let threads = self.recent.back().map_or(1, |scene| scene.threads.len().max(1));
        if self.checkpoints.len() > MOST_CHECKPOINTS.min(CHECKPOINT_THREADS / threads).max(2) {
            self.stride *= 2;
            let stride = self.stride;
            self.checkpoints.retain(|checkpoint| checkpoint.next.is_multiple_of(stride));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runs::recorded::tests::{opened, watch, written};

    fn player(tape: &[u8]) -> Player {
        Player::open(opened(tape).unwrap(), Families::builtin()).unwrap()
    }

    fn go(player: &mut Player, look: usize) -> Scene {
        let (reached, scene) = player.go(look, || false).unwrap();
        assert_eq!(reached, look);
        Scene { recorded: None, ..Scene::clone(&scene) }
    }

    #[test]
    fn every_look_is_as_it_was_on_screen_whatever_was_shown_before() {
        let samples = watch(400);
        let mut model = Model::new(Families::builtin());
        let live: Vec<Scene> = samples.iter().map(|sample| model.next(Arc::new(sample.clone()))).collect();
        let mut player = player(&written(&samples));
        assert_eq!((player.last(), player.time(400)), (400, Duration::from_secs(400)));
        for (look, shown) in live.iter().enumerate() {
            assert_eq!(go(&mut player, look), *shown, "look {look}");
        }
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..200 {
            let look = random.usize(..=400);
            assert_eq!(go(&mut player, look), live[look], "look {look}");
            let beside = if random.bool() { look.saturating_sub(1) } else { (look + 1).min(400) };
            assert_eq!(go(&mut player, beside), live[beside], "look {beside} beside {look}");
        }
        assert!(player.checkpoints.len() > 10 && player.checkpoints[0].next == 0, "{}", player.checkpoints.len());
        assert!(player.recent.len() <= MOST_RECENT && player.checkpoints.len() <= MOST_CHECKPOINTS);
        assert_eq!(player.look_at(Duration::from_millis(7_900)), 7);
        assert_eq!(player.look_at(Duration::MAX), 400);
    }

    #[test]
    fn a_long_way_can_be_left_and_taken_up_again() {
        let mut player = player(&written(&watch(100)));
        let mut looks = 0;
        let (reached, _) = player
            .go(100, || {
                looks += 1;
                looks == 30
            })
            .unwrap();
        assert_eq!(reached, 30);
        assert_eq!(player.go(100, || false).unwrap().0, 100);
        assert_eq!(player.go(usize::MAX, || false).unwrap().0, 100);
    }

    #[test]
    fn checkpoints_stay_few_however_long_it_is() {
        let mut player = player(&written(&watch(3_000)));
        assert_eq!(go(&mut player, 3_000).tick, 3_001);
        assert!((MOST_CHECKPOINTS / 4..=MOST_CHECKPOINTS).contains(&player.checkpoints.len()));
        assert_eq!(go(&mut player, 1).tick, 2);
    }

    #[test]
    fn whatever_happened_to_its_bytes_it_plays_to_an_end() {
        let tape = include_bytes!("../../tests/data/tape/first.tape");
        let mut random = fastrand::Rng::with_seed(3);
        let mut played = 0;
        for round in 0..50 {
            let mut bytes = tape.to_vec();
            match round % 2 {
                0 => bytes.truncate(random.usize(..tape.len())),
                _ => (0..3).for_each(|_| bytes[random.usize(..tape.len())] ^= 1 << random.u32(..8)),
            }
            let opened = opened(&bytes).and_then(|recorded| Player::open(recorded, Families::builtin()));
            let Ok(mut player) = opened else { continue };
            let (end, _) = player.go(usize::MAX, || false).unwrap();
            assert!(end <= player.last());
            for look in [0, end / 2, end, 0] {
                assert_eq!(player.go(look, || false).unwrap().0, look);
            }
            played += 1;
        }
        assert!(played > 10, "only {played} of 50 could be played: nothing was tried");
    }
}
