//! Who is watched: the process that was asked for, its descendants, and what is known of them apart from their threads.

use crate::data::Framework;
use crate::data::sample::{FrameworkFact, ProcessSample, Sample};
use crate::data::scene::{TargetState, TensorFlow};
use crate::model::rates::load::TickLength;
use crate::model::rates::processes::{ProcessRates, command_line};
use crate::model::rates::window::Window;

/// Processes that live; all of them once all have ended, for then the last state is what there is to show.
pub(crate) fn living(sample: &Sample) -> Vec<&ProcessSample> {
    let all_ended = all_ended(sample);
    sample.processes.iter().filter(|process| all_ended || !process.ended).collect()
}

/// Whether the target is gone: the process that was asked for and every descendant.
pub(crate) fn all_ended(sample: &Sample) -> bool {
    sample.processes.iter().all(|process| process.ended)
}

/// The header of a scene. Its uptime stands still when the target has ended.
pub(crate) fn target(sample: &Sample, processes: &ProcessRates, window: &Window) -> TargetState {
    let Some(first) = sample.processes.first() else { return TargetState::default() };
    let facts = || sample.processes.iter().map(|process| &process.fact);
    let tensorflow = facts().find_map(|fact| fact.tensorflow.as_ref());
    let python = facts().find_map(|fact| fact.python.as_ref());
    let start_ns = TickLength::of(&sample.host).ns(first.fact.key.start_ticks);
    TargetState {
        pid: first.fact.key.pid,
        namespaced_pid: first.fact.namespaced_pid,
        command: command_line(&first.fact),
        user: first.fact.user.clone(),
        tensorflow: tensorflow.map(|found| TensorFlow { version: found.version.clone(), guessed: found.guessed }),
        frameworks: frameworks(sample),
        python: python.and_then(|found| found.version.clone()),
        started_unix_s: sample.host.boot_unix_s.saturating_add(start_ns / 1_000_000_000),
        uptime_s: window.now_ns().saturating_sub(start_ns) as f64 / 1e9,
        ended: all_ended(sample),
        rank: first.fact.rank.clone(),
        container: first.fact.container.clone(),
        processes: processes
            .watched()
            .iter()
            .zip(&sample.processes)
            .map(|(p, sample)| p.scene(sample, window))
            .collect(),
    }
}

/// Frameworks beside TensorFlow: of each the first process that has it.
fn frameworks(sample: &Sample) -> Vec<FrameworkFact> {
    let found = || sample.processes.iter().flat_map(|process| &process.fact.frameworks);
    Framework::all().filter_map(|framework| found().find(|fact| fact.framework == framework).cloned()).collect()
}
