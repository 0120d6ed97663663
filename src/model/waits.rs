//! What threads do and wait for: each thread's own, and how many of a group do the same. That a pool's worker in a futex
//! waits for work is a conclusion from where it comes from; the kernel says only that it waits.

use std::collections::HashMap;

use serde::Serialize;

use super::limit::Grade;
use super::scene::{Confidence, Scene, Thread, Worker};
use super::wait_words;
use crate::fact::{Call, State, Text, ThreadDetail, ThreadKey};

/// Threads of one group that are looked at, at most.
pub const MOST_OF_A_GROUP: usize = 64;
/// Kinds of doing that a sentence names; the rest are counted together.
const MOST_KINDS: usize = 4;

/// What a thread does, as words for one and for several.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Phrase {
    /// "reads train.tfrecord".
    pub one: String,
    /// "read train.tfrecord".
    pub many: String,
    /// Few letters for a cell: "read train.tfrecord", "futex".
    pub short: String,
}

impl Phrase {
    pub(super) fn new(one: String, many: String, short: String) -> Self {
        Self { one, many, short }
    }

    fn same(words: &str) -> Self {
        Self::new(words.to_owned(), words.to_owned(), words.to_owned())
    }
}

/// What one thread did when it was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Doing {
    /// In words.
    pub phrase: Phrase,
    /// Whether it ran or could have: it waited for nothing but a CPU.
    pub activity: Activity,
    /// How it is known: measured where the system call says it.
    pub grade: Grade,
}

/// Whether a thread waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Activity {
    /// On a CPU or waiting for one.
    Runs,
    /// Blocked.
    #[default]
    Waits,
}

/// What the threads of a group did when they were looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Waits {
    /// Threads looked at.
    pub looked_at: u32,
    /// Threads of the group.
    pub of: u32,
    /// How many did what, the most frequent first.
    pub counts: Vec<WaitCount>,
    /// Of those looked at, how many say nothing.
    pub unknown: u32,
    /// Why system calls may not be read, and the one step that helps; the words then come from the wait channel.
    pub refused: Option<Text>,
}

/// Threads that do the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WaitCount {
    /// How many.
    pub threads: u32,
    /// What.
    pub phrase: Phrase,
    /// How it is known.
    pub grade: Grade,
}

impl WaitCount {
    /// "3 wait for work (futex)", "1 reads train.tfrecord".
    pub fn says(&self) -> String {
        let words = if self.threads == 1 { &self.phrase.one } else { &self.phrase.many };
        format!("{} {words}", self.threads)
    }
}

impl Waits {
    /// "3 wait for work (futex), 1 reads train.tfrecord, 2 running; 64 of 200 looked at".
    pub fn says(&self) -> String {
        let shown = if self.counts.len() > MOST_KINDS { MOST_KINDS - 1 } else { self.counts.len() };
        let mut parts: Vec<String> = self.counts[..shown].iter().map(WaitCount::says).collect();
        let others: u32 = self.counts[shown..].iter().map(|count| count.threads).sum();
        if others > 0 {
            parts.push(format!("{others} in {} other ways", self.counts.len() - shown));
        }
        if self.unknown > 0 {
            parts.push(format!("{} not known", self.unknown));
        }
        let cut = if self.looked_at < self.of {
            format!("; {} of {} looked at", self.looked_at, self.of)
        } else {
            String::new()
        };
        parts.join(", ") + &cut
    }
}

/// What a thread did; none where nothing says it.
fn doing(thread: &Thread, detail: &ThreadDetail) -> Option<Doing> {
    let waits = |phrase, grade| Some(Doing { phrase, activity: Activity::Waits, grade });
    let stopped = match thread.state {
        State::Stopped => Some("stopped"),
        State::Tracing => Some("stopped by a debugger"),
        State::Zombie | State::Dead => Some("ended"),
        _ => None,
    };
    if let Some(words) = stopped {
        return waits(Phrase::same(words), Grade::Measured);
    }
    let running = || Doing { phrase: Phrase::same("running"), activity: Activity::Runs, grade: Grade::Measured };
    match (&detail.call, &detail.wait_channel) {
        (Some(Call::Running), _) => Some(running()),
        (Some(Call::Inside(call)), _) => Some(of_pool(thread, wait_words::call(call), Grade::Measured)),
        (Some(Call::Outside), Some(function)) => {
            let place = format!("outside a system call ({function})");
            waits(Phrase::new(format!("waits {place}"), format!("wait {place}"), function.to_string()), Grade::Measured)
        }
        (Some(Call::Outside), None) => {
            let place = "outside a system call";
            waits(Phrase::new(format!("waits {place}"), format!("wait {place}"), "fault".into()), Grade::Measured)
        }
        (Some(Call::Refused(_)) | None, Some(function)) => {
            Some(of_pool(thread, wait_words::channel(function), Grade::Inferred))
        }
        (Some(Call::Refused(_)) | None, None) => (thread.state == State::Running).then(running),
    }
}

/// A pool's worker in a futex has nothing to do, unless the operation it runs waits there itself: likely, not certain.
fn of_pool(thread: &Thread, phrase: Phrase, grade: Grade) -> Doing {
    let attribution = &thread.attribution;
    let sure = attribution.confidence > Confidence::Guess && attribution.worker == Worker::OfPool;
    if sure && wait_words::is_futex(&phrase) {
        return Doing { phrase: wait_words::for_work(), activity: Activity::Waits, grade: Grade::Inferred };
    }
    Doing { phrase, activity: Activity::Waits, grade }
}

/// Fills in what the scene's details say of its threads and groups, and nothing else of what stood there.
pub fn fill(scene: &mut Scene) {
    scene.doings.clear();
    scene.groups.iter_mut().for_each(|group| group.waits = None);
    let details: HashMap<ThreadKey, &ThreadDetail> = scene.details.iter().map(|(key, detail)| (*key, detail)).collect();
    if details.is_empty() {
        return;
    }
    let mut groups: Vec<Waits> = vec![Waits::default(); scene.groups.len()];
    for thread in &scene.threads {
        let Some(waits) = groups.get_mut(thread.group) else { continue };
        waits.of += 1;
        let Some(detail) = details.get(&thread.key) else { continue };
        waits.looked_at += 1;
        if let Some(Call::Refused(why)) = &detail.call {
            waits.refused.get_or_insert_with(|| why.clone());
        }
        match doing(thread, detail) {
            Some(doing) => {
                waits.count(&doing);
                scene.doings.push((thread.key, doing));
            }
            None => waits.unknown += 1,
        }
    }
    scene.doings.sort_by_key(|(key, _)| *key);
    for (group, mut waits) in scene.groups.iter_mut().zip(groups) {
        waits.counts.sort_by(|a, b| b.threads.cmp(&a.threads).then_with(|| a.phrase.cmp(&b.phrase)));
        group.waits = (waits.looked_at > 0).then_some(waits);
    }
}

impl Waits {
    fn count(&mut self, doing: &Doing) {
        let same = |count: &&mut WaitCount| count.phrase == doing.phrase && count.grade == doing.grade;
        match self.counts.iter_mut().find(same) {
            Some(count) => count.threads += 1,
            None => {
                self.counts.push(WaitCount { threads: 1, phrase: doing.phrase.clone(), grade: doing.grade });
            }
        }
    }
}

/// Threads of these groups that should be looked at so that each group can say what it does: the first of each, by rising
/// key within a group, so that the choice stays the same from tick to tick.
pub fn to_look_at(scene: &Scene, of: impl Fn(usize) -> bool) -> Vec<ThreadKey> {
    let wanted: Vec<bool> = (0..scene.groups.len()).map(of).collect();
    let mut room: Vec<usize> = wanted.iter().map(|&wanted| if wanted { MOST_OF_A_GROUP } else { 0 }).collect();
    let mut keys = Vec::new();
    for thread in &scene.threads {
        if let Some(room) = room.get_mut(thread.group).filter(|room| **room > 0) {
            *room -= 1;
            keys.push(thread.key);
        }
    }
    keys
}

#[cfg(test)]
#[path = "waits_tests.rs"]
mod tests;
