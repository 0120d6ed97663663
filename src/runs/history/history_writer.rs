//! Fills the history of a live target on a thread of its own: whoever looks hands a look over and goes on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, mpsc};
use std::thread;
use std::thread::JoinHandle;

use crate::model::build_scene::Model;
use crate::runs::history::live_history::{LOOKS, SharedHistory};
use crate::runs::recording::taken_look::TakenLook;

/// Looks that may wait; what comes faster is not kept.
const MOST_WAITING: usize = 64;
/// Looks of a segment before it may be ended for its size.
const FEWEST_LOOKS: usize = 16;

/// A look, and the model before it where a new segment begins with it.
type NextLook = (Arc<TakenLook>, Option<Box<Model>>);

/// The end of whoever looks.
#[derive(Debug)]
pub struct HistoryWriter {
    looks: SyncSender<NextLook>,
    /// Whether the newest segment is as large as it should be.
    full: Arc<AtomicBool>,
    /// Looks since the newest segment was begun; none where the next look must begin one.
    since: Option<usize>,
    thread: JoinHandle<()>,
}

impl HistoryWriter {
    /// Begins to fill it.
    ///
    /// # Errors
    /// That there can be no thread.
    pub fn start(history: SharedHistory) -> std::io::Result<Self> {
        let (looks, come): (_, mpsc::Receiver<NextLook>) = mpsc::sync_channel(MOST_WAITING);
        let full = Arc::new(AtomicBool::new(false));
        let told = full.clone();
        let fill = move || {
            for (look, model) in come {
                let mut history = history.lock();
                history.take(&look, model.map(|model| *model));
                told.store(history.is_full(), Ordering::Relaxed);
            }
        };
        let thread = thread::Builder::new().name("tftop-history".to_owned()).spawn(fill)?;
        Ok(Self { looks, full, since: None, thread })
    }

    /// One more look, before `model` sees it. `learnt`: the model knows more since the look before than samples told it. Never waits.
    pub fn take(&mut self, model: &Model, look: &Arc<TakenLook>, learnt: bool) {
        let since = self
            .since
            .filter(|&since| since < LOOKS && !learnt && !(since >= FEWEST_LOOKS && self.full.load(Ordering::Relaxed)));
        let checkpoint = since.is_none().then(|| Box::new(model.clone()));
        let sent = self.looks.try_send((look.clone(), checkpoint));
        // What comes after a look that is not kept rests on nothing.
        self.since = sent.is_ok().then(|| since.unwrap_or(0) + 1);
    }

    /// Waits until all looks are there.
    pub fn finish(self) {
        drop(self.looks);
        // What a panic left is what was kept.
        let _ = self.thread.join();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::scene::Scene;
    use crate::model::origin::families::Families;
    use crate::runs::history::live_player::{LivePlayer, OlderLooks};
    use crate::runs::recorded::tests::watch;

    #[test]
    fn all_looks_are_kept_and_shown_as_they_were_and_those_that_find_no_room_leave_a_gap() {
        let history = SharedHistory::new();
        let mut writer = HistoryWriter::start(history.clone()).unwrap();
        let mut model = Model::new(Families::builtin());
        let (mut live, mut before): (Vec<Scene>, _) = (Vec::new(), Arc::default());
        let other = history.clone();
        let mut reads = Vec::new();
        for (number, sample) in watch(700).into_iter().map(Arc::new).enumerate() {
            let look = Arc::new(TakenLook::new(before, sample.clone()));
            match number {
                300 => reads.push(other.lock()),
                400 => reads.clear(),
                _ => {}
            }
            writer.take(&model, &look, number == 500);
            live.push(model.next(sample.clone()));
            before = sample;
            // As slowly as looks come, but where somebody reads it for too long.
            while !(300..=400).contains(&number)
                && writer.since.is_some()
                && history.lock().looks_ns().last() < Some(&before.at_ns)
            {
                thread::yield_now();
            }
        }
        writer.finish();
        let looks = history.lock().looks_ns();
        assert!((650..=690).contains(&looks.len()) && looks.is_sorted(), "{}", looks.len());
        let mut player = LivePlayer::new(history, OlderLooks::Nowhere(String::new()), Families::builtin());
        for scene in live.iter().rev().filter(|scene| looks.binary_search(&scene.at_ns).is_ok()) {
            assert_eq!(*player.show_at(scene.at_ns).unwrap(), *scene, "the look at {}", scene.at_ns);
        }
    }
}
