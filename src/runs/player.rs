//! Plays a recording: the scene of each of its looks, forwards, backwards and by jumps, as it was on screen. What was reached
//! once is reached again from the last checkpoint before it; scenes that were just shown are kept.

use std::cmp::Reverse;
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

/// Looks between two checkpoints at first; where they take too much memory, every other one goes.
const STRIDE: usize = 16;
/// Checkpoints that are kept, and bytes of all of them together.
const MOST_CHECKPOINTS: usize = 64;
const CHECKPOINT_BYTES: usize = 48 << 20;
/// Scenes that are kept, and bytes of all of them together.
const MOST_RECENT: usize = 64;
const RECENT_BYTES: usize = 32 << 20;
/// What a checkpoint and a scene take, about: by themselves, and for each thread (`cargo bench --bench tape -- memory`).
const EACH: usize = 96 << 10;
const CHECKPOINT_THREAD: usize = 480;
const SCENE_THREAD: usize = 160;
/// A look that is farther ahead than this is not judged from all before it, but from some looks before it: as many, and as
/// long, as verdicts, causes and rates rest on.
const FAR: usize = 600;
const LEAD_LOOKS: usize = 64;
const LEAD_NS: u64 = 12_000_000_000;

/// A recording that is played. Looks are counted from 0.
#[derive(Debug)]
pub struct Player {
    recorded: Recorded,
    reader: RecordingReader<BufReader<File>>,
    model: Model,
    /// The look that the reader gives next.
    next: usize,
    /// The look that the model began with.
    since: usize,
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
    since: usize,
    bytes: usize,
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
        let first = Checkpoint { next: 0, since: 0, bytes: EACH, model: model.clone(), position: reader.position() };
        let mut player = Self {
            recorded,
            reader,
            model,
            next: 0,
            since: 0,
            checkpoints: vec![first],
            stride: STRIDE,
            recent: VecDeque::new(),
        };
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
        let mut look = look.min(self.last());
        let back = self.next.checked_sub(look + 1).filter(|&back| back < self.recent.len());
        if let Some(scene) = back.and_then(|back| self.recent.get(self.recent.len() - 1 - back)) {
            return Ok((look, scene.clone()));
        }
        while !self.rewind_for(look)? {
            look = look.min(self.last());
        }
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

    /// Goes to where a look can be reached from: here or a checkpoint, whichever saw most and is nearest; where all are far from
    /// it, the looks that it can be judged from. False where the recording turned out to end before that.
    fn rewind_for(&mut self, look: usize) -> Result<bool, RecordingError> {
        let near = |next: usize| next <= look && look - next <= FAR;
        let kept = self.checkpoints.iter().filter(|checkpoint| near(checkpoint.next));
        let best = kept.min_by_key(|checkpoint| (checkpoint.since, Reverse(checkpoint.next)));
        let here = (self.since, Reverse(self.next));
        let is_here_best = best.is_none_or(|best| here <= (best.since, Reverse(best.next)));
        if near(self.next) && is_here_best {
            return Ok(true);
        }
        let Some(checkpoint) = best else { return self.begin_before(look) };
        (_, self.reader) = self.recorded.reader_before(checkpoint.next.saturating_sub(1))?;
        self.reader.go_to(&checkpoint.position)?;
        (self.next, self.since) = (checkpoint.next, checkpoint.since);
        self.model = checkpoint.model.clone();
        self.recent.clear();
        Ok(true)
    }

    /// Begins anew as far before a look as it takes to judge it.
    fn begin_before(&mut self, look: usize) -> Result<bool, RecordingError> {
        let outline = &self.recorded.outline;
        let since = outline.look_at(outline.time(look).saturating_sub(LEAD_NS)).min(look.saturating_sub(LEAD_LOOKS));
        let Some(fresh) = self.checkpoints.first() else { return Ok(true) };
        self.model = fresh.model.clone();
        (self.next, self.reader) = self.recorded.reader_before(since)?;
        self.since = since;
        self.recent.clear();
        while self.next < since {
            if self.reader.next_shared().is_none() {
                self.end_here();
                return Ok(false);
            }
            self.next += 1;
        }
        Ok(true)
    }

    /// Makes the next scene; false at the end.
    fn step(&mut self) -> bool {
        if self.next > self.last() {
            return false;
        }
        self.keep_checkpoint();
        let Some(sample) = self.reader.next_shared() else {
            self.end_here();
            return false;
        };
        let scene = self.model.next(sample);
        let mut moment = self.recorded.moment(self.next);
        moment.judged_from_s = (self.since > 0).then(|| self.time(self.since).as_secs_f64());
        let most = MOST_RECENT.min(RECENT_BYTES / (EACH + scene.threads.len() * SCENE_THREAD)).max(1);
        self.recent.push_back(Arc::new(Scene { recorded: Some(moment), ..scene }));
        self.recent.drain(..self.recent.len().saturating_sub(most));
        self.next += 1;
        true
    }

    /// The recording turned out to end before the next look.
    fn end_here(&mut self) {
        let end = self.reader.end().cloned().unwrap_or(RecordingEnd::Cut);
        self.recorded.outline.ends_before(self.next.max(1), end);
    }

    fn keep_checkpoint(&mut self) {
        if !self.next.is_multiple_of(self.stride) {
            return;
        }
        let at = self.checkpoints.partition_point(|checkpoint| checkpoint.next < self.next);
        let known = self.checkpoints.get(at).filter(|checkpoint| checkpoint.next == self.next);
        if known.is_some_and(|known| known.since <= self.since) {
            return;
        }
        let replaced = at..at + usize::from(known.is_some());
        let bytes = EACH + self.recent.back().map_or(0, |scene| scene.threads.len()) * CHECKPOINT_THREAD;
        let (next, since, model, position) = (self.next, self.since, self.model.clone(), self.reader.position());
        self.checkpoints.splice(replaced, [Checkpoint { next, since, bytes, model, position }]);
        while self.checkpoints.len() > 2
            && (self.checkpoints.len() > MOST_CHECKPOINTS
                || self.checkpoints.iter().map(|checkpoint| checkpoint.bytes).sum::<usize>() > CHECKPOINT_BYTES)
        {
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
        (500..3_000).step_by(500).for_each(|look| drop(go(&mut player, look)));
        assert_eq!(go(&mut player, 3_000).tick, 3_001);
        assert!((MOST_CHECKPOINTS / 4..=MOST_CHECKPOINTS).contains(&player.checkpoints.len()));
        assert_eq!(go(&mut player, 1).tick, 2);
    }

    #[test]
    fn a_moment_far_away_is_judged_from_the_looks_before_it_and_says_so() {
        let samples = watch(4_000);
        let mut model = Model::new(Families::builtin());
        let live: Vec<Scene> = samples.iter().map(|sample| model.next(Arc::new(sample.clone()))).collect();
        let mut player = player(&written(&samples));
        for look in [3_900, 1_500, 2_700] {
            let (reached, scene) = player.go(look, || false).unwrap();
            let moment = scene.recorded.as_ref().unwrap();
            assert_eq!((reached, moment.at_s, moment.judged_from_s), (look, look as f64, Some(look as f64 - 64.0)));
            let live = &live[look];
            assert_eq!(
                (scene.headline.condition, &scene.headline.message),
                (live.headline.condition, &live.headline.message)
            );
            let rates =
                |scene: &Scene| (scene.demand, scene.groups.iter().map(|group| group.demand).collect::<Vec<_>>());
            assert_eq!(rates(&scene), rates(live));
            // The very first rate is of a shorter time.
            let newest = |scene: &Scene| scene.trend.wanted[scene.trend.wanted.len() - 60..].to_vec();
            assert_eq!(newest(&scene), newest(live));
        }
        // On the way from the begin everything was seen.
        for look in (0..=3_000).step_by(500) {
            assert_eq!(go(&mut player, look), live[look]);
        }
        assert_eq!(go(&mut player, 2_601), live[2_601], "what was judged of all before it is known now");
        assert_eq!(player.go(3_101, || false).unwrap().1.recorded.as_ref().unwrap().judged_from_s, None);
    }

    #[test]
    fn the_way_to_a_moment_far_away_may_be_broken() {
        let mut tape = written(&watch(3_000));
        let middle = tape.len() / 2;
        tape[middle..middle + 30].fill(0xff);
        let mut ended = 0;
        for look in (1_200..2_200).step_by(100) {
            let mut player = player(&tape);
            assert_eq!(player.last(), 3_000);
            assert_eq!(player.go(2_900, || false).unwrap().0, 2_900, "it is whole behind that");
            let (reached, scene) = player.go(look, || false).unwrap();
            if reached < look {
                assert_eq!(reached, player.last());
                assert!(scene.recorded.as_ref().unwrap().trouble.as_ref().unwrap().contains("broken"));
                ended += 1;
            }
        }
        assert!(ended > 0, "nothing was broken");
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
