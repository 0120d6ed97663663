//! The rows of a scene's threads: those of the tick before but for what changed. A group's rows are made anew where its threads are
//! others or it stands elsewhere; else only those of threads that ran within the window. It computes no rate.

use crate::data::sample::CounterSource;
use crate::data::scene::Thread;
use crate::data::{Pid, SharedList};
use crate::model::rates::processes::ProcessRates;
use crate::model::rates::threads::ThreadRate;
use crate::model::rates::window::Window;

/// The rows as of the last scene.
#[derive(Clone, Debug, Default)]
pub(crate) struct ThreadRows {
    /// In the order of the model's groups.
    groups: Vec<GroupRows>,
}

#[derive(Clone, Debug, Default)]
struct GroupRows {
    /// How often threads had come to the group or left it.
    moves: u64,
    /// Where the group stood in the scene.
    place: usize,
    /// By rising key.
    rows: SharedList<Thread>,
}

impl ThreadRows {
    /// Every thread, by its group's place in the scene, then by tid. `groups` are the model's: how often threads came to each or
    /// left it, and its place.
    pub fn update(
        &mut self,
        processes: &mut ProcessRates,
        groups: impl Iterator<Item = (u64, usize)>,
        window: &Window,
        source: CounterSource,
    ) -> SharedList<Thread> {
        let mut stale = Vec::new();
        for (at, (moves, place)) in groups.enumerate() {
            if at == self.groups.len() {
                self.groups.push(GroupRows::default());
            }
            let known = &mut self.groups[at];
            stale.push(known.moves != moves || (known.place != place && !known.rows.is_empty()));
            (known.moves, known.place) = (moves, place);
        }
        if stale.contains(&true) {
            self.make(processes, &stale, window, source);
        }
        for process in processes.watched() {
            for thread in process.threads.changed().filter(|thread| !stale[thread.group]) {
                let group = &mut self.groups[thread.group];
                group.rows[thread.row] = thread.scene(process.key.pid, group.place, window, source);
            }
        }
        let mut order: Vec<&GroupRows> = self.groups.iter().filter(|group| !group.rows.is_empty()).collect();
        order.sort_by_key(|group| group.place);
        let mut all = SharedList::default();
        order.into_iter().for_each(|group| all.append(&group.rows));
        all
    }

    /// Makes the rows of these groups anew.
    fn make(&mut self, processes: &mut ProcessRates, stale: &[bool], window: &Window, source: CounterSource) {
        let mut members: Vec<Vec<(Pid, &mut ThreadRate)>> = stale.iter().map(|_| Vec::new()).collect();
        for process in processes.watched_mut() {
            let pid = process.key.pid;
            for thread in process.threads.watched_mut().iter_mut().filter(|thread| stale[thread.group]) {
                members[thread.group].push((pid, thread));
            }
        }
        for (group, mut members) in
            self.groups.iter_mut().zip(members).zip(stale).filter(|(_, stale)| **stale).map(|it| it.0)
        {
            members.sort_by_key(|(_, thread)| thread.key);
            let rows = members.into_iter().enumerate().map(|(row, (pid, thread))| {
                thread.row = row;
                thread.scene(pid, group.place, window, source)
            });
            group.rows = rows.collect();
        }
    }
}
