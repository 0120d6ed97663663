//! The stacks of the past as the dashboard shows them: those last taken at the moment on screen or before it, of a live target from
//! memory, of a recording from its file.

use std::sync::Arc;

use crate::commands::kept::tape;
use crate::commands::workers::worker;
use crate::data::scene::Scene;
use crate::output;
use crate::output::IdleThreads;
use crate::present::format::page::Page;
use crate::runs::history::live_stacks::{LiveStacks, PastStacks, last_stacks};
use crate::tui::messages::stacks::{ShownStacks, StacksAnswer, StacksMoment, StacksRequest, StacksWorker};

/// Starts the worker of a recording of this name; it ends with the dashboard.
pub(crate) fn start(name: String) -> std::io::Result<StacksWorker> {
    let (requests, answers) = worker::start("tftop-stacks", move |request: StacksRequest| {
        let taken = of_recording(&name, &request);
        StacksAnswer { request, taken }
    })?;
    Ok(StacksWorker { requests, answers })
}

/// Those of a recording. It is opened anew: it may have grown, and whoever plays it has its place in the file.
fn of_recording(name: &str, request: &StacksRequest) -> Result<ShownStacks, String> {
    let StacksMoment::Past(scene) = &request.at else {
        return Err("this is a recording: stacks are only taken of a live process".to_owned());
    };
    let recorded = tape::open(name).map_err(|why| why.to_string())?;
    let mut stacks = recorded.stacks_before(scene.at_ns);
    let past = last_stacks(scene, &request.tids, stacks.by_ref().map(Arc::new));
    let missing = stacks.trouble().map(|why| format!("some can't be read: {why}"));
    Ok(shown(scene, request, &past, missing))
}

/// Those of a live target.
pub(crate) fn of_live(kept: &LiveStacks, scene: &Scene, request: &StacksRequest) -> ShownStacks {
    let past = last_stacks(scene, &request.tids, kept.newest_first());
    let missing =
        kept.forgot().then(|| "the oldest are no longer in memory; a replay of this session has them".to_owned());
    shown(scene, request, &past, missing)
}

fn shown(scene: &Scene, request: &StacksRequest, past: &[PastStacks], missing: Option<String>) -> ShownStacks {
    let aged: Vec<_> = past.iter().map(|past| (past.age_ns as f64 / 1e9, past.stacks.clone())).collect();
    let (mut lines, mut unfolded) =
        both_ways(|idle| lines_of(&output::past_stacks_text(scene, &aged, Page::default(), idle)));
    let found: usize = past.iter().map(|past| past.stacks.stacks.len()).sum();
    let notes: Vec<String> = none_of(found, request.tids.len()).into_iter().chain(missing).collect();
    for lines in std::iter::once(&mut lines).chain(Some(&mut unfolded).filter(|lines| !lines.is_empty())) {
        if !lines.is_empty() && !notes.is_empty() {
            lines.push(String::new());
        }
        lines.extend(notes.iter().cloned());
    }
    ShownStacks { lines, unfolded, need_stop: 0, stopped_ns: 0, refused: Some("this is the past".to_owned()) }
}

/// Lines without the title, which the box has.
pub(super) fn lines_of(text: &str) -> Vec<String> {
    text.lines().skip(1).map(str::to_owned).collect()
}

/// The lines with idle threads folded, and with their stacks where that is not the same.
pub(super) fn both_ways(lines: impl Fn(IdleThreads<'_>) -> Vec<String>) -> (Vec<String>, Vec<String>) {
    let (folded, unfolded) = (lines(IdleThreads::Folded("+ shows their stacks")), lines(IdleThreads::Shown));
    let same = folded == unfolded;
    (folded, if same { Vec::new() } else { unfolded })
}

/// That there are none of some threads, or of all.
pub(crate) fn none_of(found: usize, asked: usize) -> Option<String> {
    const HOW: &str = "`b` in the live dashboard takes them";
    match asked.saturating_sub(found) {
        0 => None,
        1 if found > 0 => Some(format!("1 of the {asked} threads has no stack from before this moment.")),
        missing if found > 0 => {
            Some(format!("{missing} of the {asked} threads have no stack from before this moment."))
        }
        _ if asked == 1 => Some(format!("No stack of this thread was taken before this moment: {HOW}.")),
        _ => Some(format!("No stacks of these threads were taken before this moment: {HOW}.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::sample::{Stack, StackEnd, StackMethod, Stacks, TakenStacks, ThreadState};
    use crate::data::{Pid, Tid};
    use crate::model::build_scene::Model;
    use crate::model::origin::families::Families;
    use crate::runs::recorded::tests::watch;
    use crate::tui::messages::stacks::{SampleTimes, StopPermission};

    const SECOND: u64 = 1_000_000_000;

    fn request(scene: &Arc<Scene>, tids: &[u32]) -> StacksRequest {
        let tids = tids.iter().map(|&tid| Tid(tid)).collect();
        let at = StacksMoment::Past(scene.clone());
        StacksRequest { pid: Pid(7), tids, at, stops: StopPermission::Never, times: SampleTimes::Once }
    }

    fn taken(at_ns: u64, tid: u32) -> Arc<TakenStacks> {
        let stack = Stack {
            tid: Tid(tid),
            state: ThreadState::Sleeping,
            taken: StackMethod::WithoutStop,
            frames: Vec::new(),
            end: StackEnd::Nothing,
            gaps: Vec::new(),
        };
        Arc::new(TakenStacks { at_ns, stacks: Stacks { pid: Pid(7), stacks: vec![stack], ..Stacks::default() } })
    }

    #[test]
    fn it_says_when_they_were_taken_and_plainly_where_none_were() {
        let scene = Arc::new(Model::new(Families::builtin()).next(Arc::new(watch(0).remove(0))));
        let kept = LiveStacks::default();
        let lines = |tids: &[u32]| of_live(&kept, &scene, &request(&scene, tids)).lines;
        assert_eq!(
            lines(&[7]),
            ["No stack of this thread was taken before this moment: `b` in the live dashboard takes them."]
        );
        kept.add(taken(scene.at_ns - 12 * SECOND, 7));
        kept.add(taken(scene.at_ns + SECOND, 8));
        let both = lines(&[7, 8]);
        assert_eq!(both[..2], ["Taken 12s before this moment", "1 thread: 1 taken without a stop"]);
        assert_eq!(both.last().unwrap(), "1 of the 2 threads has no stack from before this moment.");
        assert!(lines(&[8])[0].starts_with("No stack of this thread was taken before"), "{:?}", lines(&[8]));
    }

    #[test]
    fn of_a_recording_nothing_is_taken() {
        let scene = Arc::new(Scene::default());
        let now = StacksRequest { at: StacksMoment::Now, ..request(&scene, &[7]) };
        assert!(of_recording("no/such.tape", &now).unwrap_err().contains("only taken of a live process"));
        assert!(of_recording("no/such.tape", &request(&scene, &[7])).unwrap_err().contains("no such file"));
        let old = of_recording("tests/data/tape/first.tape", &request(&scene, &[7])).unwrap();
        assert!(old.lines[0].starts_with("No stack of this thread"), "{:?}", old.lines);
    }
}
