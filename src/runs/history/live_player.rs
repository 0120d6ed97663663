//! Shows the past of a live target: its looks in memory as they were on screen, and older ones from its recording.

use std::collections::VecDeque;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use crate::data::scene::Scene;
use crate::model::build_scene::Model;
use crate::model::origin::families::Families;
use crate::runs::history::live_history::SharedHistory;
use crate::runs::history::past::{Past, Reached, after, at, before};
use crate::runs::history::segment::{Segment, SegmentReader};
use crate::runs::player::Player;
use crate::runs::recorded::Recorded;

/// Scenes that are kept, and threads of all of them together.
const MOST_RECENT: usize = 32;
const RECENT_THREADS: usize = 50_000;

/// Where looks are that memory has no room for.
#[derive(Clone, Debug)]
pub enum OlderLooks {
    /// In the recording that is being written of the target.
    OnTape(PathBuf),
    /// Nowhere, and why: "--no-record".
    Nowhere(String),
}

/// The past of a live target.
#[derive(Debug)]
pub struct LivePlayer {
    history: SharedHistory,
    older: OlderLooks,
    families: Families,
    /// The recording, and the last look on it when it was opened.
    tape: Option<Player>,
    /// Why the recording can't be read.
    trouble: Option<String>,
    playing: Option<PlayingSegment>,
    recent: VecDeque<Reached>,
}

#[derive(Debug)]
struct PlayingSegment {
    segment: Segment,
    reader: SegmentReader,
    model: Model,
}

impl LivePlayer {
    /// Shows what is in this history, and what is older from there.
    pub fn new(history: SharedHistory, older: OlderLooks, families: Families) -> Self {
        Self { history, older, families, tape: None, trouble: None, playing: None, recent: VecDeque::new() }
    }

    /// The scene of the last look at an instant or before it; `at_ns` is nanoseconds since boot.
    ///
    /// # Errors
    /// Why it can't be shown, in words.
    pub fn show_at(&mut self, at_ns: u64) -> Result<Arc<Scene>, String> {
        self.go(at_ns, &mut || false).map(|reached| reached.scene)
    }

    /// Times of all looks that can be shown.
    fn looks_ns(&mut self) -> Vec<u64> {
        let (in_memory, forgot) = {
            let history = self.history.lock();
            (history.looks_ns(), history.forgot())
        };
        if !forgot {
            return in_memory;
        }
        let first = in_memory.first().copied().unwrap_or(u64::MAX);
        self.open_tape(first);
        let older = self.tape.as_ref().map(Player::looks_ns).unwrap_or_default();
        older.iter().copied().take_while(|&look| look < first).chain(in_memory).collect()
    }

    /// The recording, read anew where memory has forgotten looks that came behind its end.
    fn open_tape(&mut self, first_in_memory: u64) {
        let last = self.tape.as_ref().and_then(|tape| tape.looks_ns().last().copied());
        if self.trouble.is_some() || last.is_some_and(|last| last >= first_in_memory) {
            return;
        }
        let opened = match &self.older {
            OlderLooks::Nowhere(why) => Err(why.clone()),
            OlderLooks::OnTape(path) => File::open(path).map_err(|error| error.to_string()).and_then(|file| {
                let recorded = Recorded::open(file, "", true).map_err(|error| error.to_string())?;
                Player::open(recorded, self.families.clone()).map_err(|error| error.to_string())
            }),
        };
        match opened {
            Ok(player) => self.tape = Some(player),
            Err(why) => self.trouble = Some(why),
        }
    }

    fn show_older(&mut self, at_ns: u64, enough: &mut dyn FnMut() -> bool) -> Result<Reached, String> {
        self.playing = None;
        let tape = self.tape.as_mut().ok_or("that look is no longer in memory")?;
        let reached = Past::go(tape, at_ns, enough)?;
        // On screen it stands as a look at the target, not as a recording.
        let scene = Arc::new(Scene { recorded: None, ..Scene::clone(&reached.scene) });
        Ok(Reached { scene, ..reached })
    }

    fn show(&mut self, at_ns: u64, enough: &mut dyn FnMut() -> bool) -> Result<Reached, String> {
        self.find(at_ns)?;
        let playing = self.playing.as_mut().ok_or("that look is no longer in memory")?;
        let target = playing.segment.looks_ns.partition_point(|&look| look <= at_ns).saturating_sub(1);
        while playing.reader.next <= target {
            let sample = playing.reader.next().ok_or("that look can't be read from memory: this is a bug in tftop")?;
            let reached = Reached { at_ns: sample.at_ns, scene: Arc::new(playing.model.next(Arc::new(sample))) };
            let most = MOST_RECENT.min(RECENT_THREADS / reached.scene.threads.len().max(1)).max(1);
            self.recent.push_back(reached);
            self.recent.drain(..self.recent.len().saturating_sub(most));
            if enough() {
                break;
            }
        }
        self.recent.back().cloned().ok_or_else(|| "there is no look yet".to_owned())
    }

    /// Has the look's segment ready, at that look or before it.
    fn find(&mut self, at_ns: u64) -> Result<(), String> {
        if let Some(playing) = &self.playing {
            let (looks, next) = (&playing.segment.looks_ns, playing.reader.next);
            let target = looks.partition_point(|&look| look <= at_ns);
            if (next + 1..looks.len()).contains(&target) {
                return Ok(());
            }
        }
        let found = self.history.lock().segment_at(at_ns);
        let segment = found.ok_or("that look is no longer in memory")?;
        let target = segment.looks_ns.partition_point(|&look| look <= at_ns).saturating_sub(1);
        let before = self.playing.take().filter(|playing| {
            Arc::ptr_eq(&playing.segment.checkpoint, &segment.checkpoint) && playing.reader.next <= target
        });
        let on = before.and_then(|playing| Some((playing.reader.go_on_in(&segment)?, playing.model)));
        let (reader, model) = on.unwrap_or_else(|| (segment.reader(), segment.checkpoint.model.clone()));
        self.playing = Some(PlayingSegment { segment, reader, model });
        Ok(())
    }
}

impl Past for LivePlayer {
    fn is_live(&self) -> bool {
        true
    }

    fn bounds(&mut self) -> (u64, u64) {
        let looks = self.looks_ns();
        (looks.first().copied().unwrap_or_default(), looks.last().copied().unwrap_or_default())
    }

    fn look_before(&mut self, at_ns: u64) -> u64 {
        before(&self.looks_ns(), at_ns)
    }

    fn look_after(&mut self, at_ns: u64) -> u64 {
        after(&self.looks_ns(), at_ns)
    }

    fn look_at(&mut self, at_ns: u64) -> u64 {
        at(&self.looks_ns(), at_ns)
    }

    fn missing_before(&self) -> Option<String> {
        let history = self.history.lock();
        let looks = history.looks_ns();
        let [first, last] = [looks.first(), looks.last()].map(|look| look.copied().unwrap_or_default());
        let minutes = last.saturating_sub(first) / 60_000_000_000;
        self.trouble
            .as_ref()
            .filter(|_| history.forgot())
            .map(|why| format!("memory holds the last {minutes} min; what was before is not to be had: {why}"))
    }

    fn go(&mut self, at_ns: u64, enough: &mut dyn FnMut() -> bool) -> Result<Reached, String> {
        if let Some(reached) = self.recent.iter().find(|reached| reached.at_ns == at_ns) {
            return Ok(reached.clone());
        }
        let (first, forgot) = {
            let history = self.history.lock();
            (history.looks_ns().first().copied(), history.forgot())
        };
        match first {
            Some(first) if forgot && at_ns < first => {
                self.open_tape(first);
                self.show_older(at_ns, enough)
            }
            _ => self.show(at_ns, enough),
        }
    }

    fn rest(&mut self) {
        (self.tape, self.trouble, self.playing) = (None, None, None);
        self.recent.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::data::sample::Sample;
    use crate::model::activity::profile::Profile;
    use crate::runs::history::live_history::LiveHistory;
    use crate::runs::recorded::tests::{watch, written};
    use crate::runs::recording::reader::RecordingReader;

    /// What was on screen when these samples came, and a history of them.
    fn lived(samples: &[Sample], limit: usize) -> (Vec<Scene>, SharedHistory) {
        let history = SharedHistory::of(LiveHistory::new(limit));
        let mut model = Model::new(Families::builtin());
        let live = samples.iter().cloned().map(Arc::new).enumerate().map(|(at, sample)| {
            // Now and then a person lets stacks be sampled.
            let learnt = at % 97 == 50;
            if learnt {
                model.use_profile(Arc::new(Profile::default()));
            }
            history.lock().keep(&model, &sample, learnt);
            model.next(sample)
        });
        (live.collect(), history)
    }

    fn nowhere() -> OlderLooks {
        OlderLooks::Nowhere("nothing is recorded".to_owned())
    }

    fn equals(player: &mut LivePlayer, scene: &Scene) {
        assert_eq!(*player.show_at(scene.at_ns).unwrap(), *scene, "the look at {}", scene.at_ns);
    }

    #[test]
    fn what_was_on_screen_is_what_is_shown_when_one_goes_back() {
        let samples = watch(600);
        let (live, history) = lived(&samples, usize::MAX);
        let mut player = LivePlayer::new(history, nowhere(), Families::builtin());
        live.iter().chain(live.iter().rev()).for_each(|scene| equals(&mut player, scene));
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..200 {
            let at = random.usize(1..live.len());
            equals(&mut player, &live[at]);
            equals(&mut player, &live[at - 1]);
        }
        assert!(player.recent.len() <= MOST_RECENT);
        player.rest();
        assert!(player.recent.is_empty() && player.playing.is_none());
    }

    #[test]
    fn a_recorded_session_of_tensorflow_is_the_same_when_one_goes_back() {
        let tape = include_bytes!("../../../tests/data/tape/first.tape");
        let samples: Vec<Sample> = RecordingReader::open(&tape[..]).unwrap().collect();
        let (live, history) = lived(&samples, usize::MAX);
        assert!(live.len() > 5 && live.iter().any(|scene| !scene.groups.is_empty()));
        let mut player = LivePlayer::new(history, nowhere(), Families::builtin());
        live.iter().rev().chain(&live).for_each(|scene| equals(&mut player, scene));
    }

    #[test]
    fn one_goes_back_while_looks_go_on_to_come() {
        let samples = watch(300);
        let history = SharedHistory::new();
        let mut model = Model::new(Families::builtin());
        let mut player = LivePlayer::new(history.clone(), nowhere(), Families::builtin());
        let mut live: Vec<Scene> = Vec::new();
        for sample in samples.iter().cloned().map(Arc::new) {
            history.lock().keep(&model, &sample, false);
            live.push(model.next(sample));
            // Always two looks behind: the segment grows under its reader.
            if let Some(scene) = live.iter().rev().nth(2) {
                equals(&mut player, scene);
            }
        }
        assert_eq!(player.bounds(), (live[0].at_ns, live[300].at_ns));
    }

    #[test]
    fn what_memory_has_no_room_for_is_on_the_recording() {
        let samples = watch(2_000);
        let (live, history) = lived(&samples, 1 << 20);
        let first = history.lock().looks_ns()[0];
        assert!(first > samples[200].at_ns, "too little was forgotten to try this");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("samples.tape");
        File::create_new(&path).unwrap().write_all(&written(&samples)).unwrap();
        let mut player = LivePlayer::new(history.clone(), OlderLooks::OnTape(path), Families::builtin());
        assert_eq!(player.bounds(), (live[0].at_ns, live[2_000].at_ns));
        assert_eq!(player.look_before(first), first - 1_000_000_000, "no gap between both");
        assert_eq!(player.missing_before(), None);
        // Stacks that were sampled are not on it: the looks before the first of them.
        live[..50].iter().for_each(|scene| equals(&mut player, scene));
        equals(&mut player, &live[1_990]);
        for older in [nowhere(), OlderLooks::OnTape(folder.path().join("none.tape"))] {
            let mut player = LivePlayer::new(history.clone(), older, Families::builtin());
            assert_eq!(player.bounds().0, first);
            let why = player.missing_before().unwrap();
            assert!(why.starts_with("memory holds the last "), "{why}");
            assert!(why.ends_with("nothing is recorded") || why.contains("No such file"), "{why}");
            assert!(player.show_at(live[3].at_ns).is_err());
            equals(&mut player, &live[2_000]);
        }
    }
}
