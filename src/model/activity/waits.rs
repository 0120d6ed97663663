//! What threads do and wait for: each thread's own, and how many of a group do the same. That a pool's worker in a futex
//! waits for work is a conclusion from where it comes from; the kernel says only that it waits.

use std::collections::HashMap;

use crate::data::ThreadKey;
use crate::data::limits::Grade;
use crate::data::sample::{SyscallState, ThreadDetail, ThreadState};
use crate::data::scene::{Blocked, Confidence, Phrase, Scene, Thread, ThreadActivity, Waits, Worker};
use crate::model::activity::wait_words;

/// Threads of one group that are looked at, at most.
pub const MOST_OF_A_GROUP: usize = 64;

/// What a thread did; none where nothing says it.
fn doing(thread: &Thread, detail: &ThreadDetail) -> Option<ThreadActivity> {
    let waits = |phrase, grade| Some(ThreadActivity { phrase, activity: Blocked::Waits, grade });
    let stopped = match thread.state {
        ThreadState::Stopped => Some("stopped"),
        ThreadState::Tracing => Some("stopped by a debugger"),
        ThreadState::Zombie | ThreadState::Dead => Some("ended"),
        _ => None,
    };
    if let Some(words) = stopped {
        return waits(Phrase::same(words), Grade::Measured);
    }
    let running = || {
        let word = if thread.is_mostly_ready() { "ready" } else { "running" };
        ThreadActivity { phrase: Phrase::same(word), activity: Blocked::Runs, grade: Grade::Measured }
    };
    match (&detail.call, &detail.wait_channel) {
        (Some(SyscallState::Running), _) => Some(running()),
        (Some(SyscallState::Inside(call)), _) => Some(of_pool(thread, wait_words::call(call), Grade::Measured)),
        (Some(SyscallState::Outside), Some(function)) => {
            let place = format!("outside a system call ({function})");
            waits(Phrase::new(format!("waits {place}"), format!("wait {place}"), function.to_string()), Grade::Measured)
        }
        (Some(SyscallState::Outside), None) => {
            let place = "outside a system call";
            waits(Phrase::new(format!("waits {place}"), format!("wait {place}"), "fault".into()), Grade::Measured)
        }
        (Some(SyscallState::Refused(_)) | None, Some(function)) => {
            Some(of_pool(thread, wait_words::channel(function), Grade::Inferred))
        }
        (Some(SyscallState::Refused(_)) | None, None) => (thread.state == ThreadState::Running).then(running),
    }
}

/// A pool's worker in a futex has nothing to do, unless the operation it runs waits there itself: likely, not certain.
fn of_pool(thread: &Thread, phrase: Phrase, grade: Grade) -> ThreadActivity {
    let attribution = &thread.attribution;
    let sure = attribution.confidence > Confidence::Guess && attribution.worker == Worker::OfPool;
    if sure && wait_words::is_futex(&phrase) {
        return ThreadActivity { phrase: wait_words::for_work(), activity: Blocked::Waits, grade: Grade::Inferred };
    }
    ThreadActivity { phrase, activity: Blocked::Waits, grade }
}

/// Fills in what the scene's details say of its threads and groups, and nothing else of what stood there.
pub fn fill(scene: &mut Scene) {
    scene.activities.clear();
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
        waits.sampled += 1;
        if let Some(SyscallState::Refused(why)) = &detail.call {
            waits.refused.get_or_insert_with(|| why.clone());
        }
        match doing(thread, detail) {
            Some(doing) => {
                waits.count(&doing);
                scene.activities.push((thread.key, doing));
            }
            None => waits.unknown += 1,
        }
    }
    scene.activities.sort_by_key(|(key, _)| *key);
    for (group, mut waits) in scene.groups.iter_mut().zip(groups) {
        waits.counts.sort_by(|a, b| b.threads.cmp(&a.threads).then_with(|| a.phrase.cmp(&b.phrase)));
        group.waits = (waits.sampled > 0).then_some(waits);
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
