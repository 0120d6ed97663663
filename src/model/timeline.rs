//! From scenes to their course over time, in bounded memory: a number of each look, and marks where something happened.

use std::collections::HashSet;
use std::sync::Arc;

use crate::data::Pid;
use crate::data::scene::{CheckOutcome, GroupKey, MarkKind, Scene, Timeline, TimelineLook, TimelineMark, Verdict};

/// Entries that are kept: where there are more, two become one and the newest, one more than this, stays alone. Nine hours
/// at a second, some 1.3 MB.
const MOST_LOOKS: usize = 32_768;
/// Marks that are kept, the newest.
const MOST_MARKS: usize = 2_000;
/// Epochs that come faster are no events: from one mark of an epoch to the next it takes so long at least.
const EPOCH_MARKED_NS: u64 = 10_000_000_000;
/// Groups that are remembered, so that their birth is told once.
const MOST_GROUPS: usize = 4_096;

/// Makes a timeline of scenes, one after another.
#[derive(Clone, Debug)]
pub struct TimelineBuilder {
    timeline: Timeline,
    /// Looks that the newest entry stands for.
    in_newest: u32,
    seen: Option<SeenBefore>,
}

/// What the look before showed.
#[derive(Clone, Debug)]
struct SeenBefore {
    at_ns: u64,
    verdict: Verdict,
    /// The newest epoch that was marked, and when.
    epoch: Option<(u64, u64)>,
    pid: Pid,
    ended: bool,
    groups: HashSet<GroupKey>,
}

impl TimelineBuilder {
    /// Nothing was seen yet. `boot_unix_ms` is when the machine was started, in milliseconds after 1970.
    pub fn new(boot_unix_ms: u64) -> Self {
        let timeline = Timeline { boot_unix_ms, looks_each: 1, known: 1.0, ..Timeline::default() };
        Self { timeline, in_newest: 0, seen: None }
    }

    /// What is known so far.
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// Takes the next scene in; one that is not later than the one before is none.
    pub fn add(&mut self, scene: &Scene) {
        if self.seen.as_ref().is_some_and(|seen| scene.at_ns <= seen.at_ns) {
            return;
        }
        self.mark(scene);
        self.push(of(scene));
    }

    fn push(&mut self, look: TimelineLook) {
        let looks = &mut self.timeline.looks;
        if !looks.is_empty() && self.in_newest < self.timeline.looks_each {
            looks.add_to_last(look);
            self.in_newest += 1;
            return;
        }
        looks.push(look);
        self.in_newest = 1;
        if looks.len() > MOST_LOOKS {
            let all: Vec<TimelineLook> = looks.iter().copied().collect();
            let pairs = all.chunks(2);
            *looks = pairs.filter_map(|pair| pair.iter().copied().reduce(TimelineLook::with)).collect();
            self.timeline.looks_each = self.timeline.looks_each.saturating_mul(2);
        }
    }

    fn mark(&mut self, scene: &Scene) {
        let epoch = scene.launch.as_ref().and_then(|launch| launch.steps.speed.as_ref()?.epoch.as_ref());
        let epoch = epoch.map(|epoch| epoch.number);
        let living = scene.groups.iter().filter(|group| group.threads > 0);
        let (verdict, pid, ended) = (scene.headline.condition, scene.target.pid, scene.target.ended);
        let Some(mut seen) = self.seen.take() else {
            let replaced = scene.launch.as_ref().is_some_and(|launch| launch.replaced.is_some());
            if replaced {
                self.put(scene.at_ns, MarkKind::Rerun, "rerun: the run before was replaced by this one".to_owned());
            }
            let groups = living.map(|group| group.key.clone()).take(MOST_GROUPS).collect();
            let epoch = epoch.map(|epoch| (epoch, scene.at_ns));
            self.seen = Some(SeenBefore { at_ns: scene.at_ns, verdict, epoch, pid, ended, groups });
            return;
        };
        if pid != seen.pid {
            self.put(scene.at_ns, MarkKind::Rerun, format!("started again as process {pid}"));
        }
        if verdict != seen.verdict {
            self.put(scene.at_ns, MarkKind::Verdict, verdict.word().to_owned());
        }
        let is_due =
            |(marked, at_ns): (u64, u64)| Some(marked) != epoch && scene.at_ns >= at_ns.saturating_add(EPOCH_MARKED_NS);
        if let Some(epoch) = epoch.filter(|_| seen.epoch.is_none_or(is_due)) {
            self.put(scene.at_ns, MarkKind::Epoch, format!("epoch {epoch}"));
            seen.epoch = Some((epoch, scene.at_ns));
        }
        for group in living {
            if seen.groups.len() < MOST_GROUPS && seen.groups.insert(group.key.clone()) {
                let threads = if group.threads == 1 { "thread" } else { "threads" };
                let text = format!("{} {threads} of {}", group.threads, group.label);
                self.put(scene.at_ns, MarkKind::Pool, text);
            }
        }
        if ended && !seen.ended {
            self.put(scene.at_ns, MarkKind::End, "the target ended".to_owned());
        }
        (seen.at_ns, seen.verdict, seen.pid, seen.ended) = (scene.at_ns, verdict, pid, ended);
        self.seen = Some(seen);
    }

    fn put(&mut self, at_ns: u64, kind: MarkKind, text: String) {
        // Shared with those who have the timeline: there are few marks.
        let marks = Arc::make_mut(&mut self.timeline.marks);
        if marks.len() >= MOST_MARKS {
            marks.drain(..MOST_MARKS / 4);
        }
        marks.push(TimelineMark { at_ns, kind, text: text.into() });
    }
}

fn of(scene: &Scene) -> TimelineLook {
    let cap = scene.launch.iter().flat_map(|launch| &launch.checks).any(|it| it.outcome == CheckOutcome::Exceeded);
    let over_limit = cap || scene.groups.iter().any(|group| group.limits.exceeded_by > 0);
    let look = TimelineLook::new(scene.at_ns, scene.demand, scene.capacity.effective_cpus);
    TimelineLook { verdict: scene.headline.condition, over_limit, ..look }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::scene::{Demand, Group, Headline};

    fn scene(second: u64, verdict: Verdict, groups: &[&str]) -> Scene {
        let group = |origin: &&str| Group {
            key: GroupKey { origin: (*origin).into(), library: None },
            label: (*origin).to_owned(),
            threads: 2,
            ..Group::default()
        };
        Scene {
            at_ns: second * 1_000_000_000,
            demand: Some(Demand { wanted: second as f64, got: 1.0, ..Demand::default() }),
            headline: Headline { condition: verdict, ..Headline::default() },
            groups: groups.iter().map(group).collect(),
            ..Scene::default()
        }
    }

    fn marks(builder: &TimelineBuilder) -> Vec<(u64, &str)> {
        builder.timeline.marks.iter().map(|mark| (mark.at_ns / 1_000_000_000, &*mark.text)).collect()
    }

    #[test]
    fn what_happened_is_marked_where_it_was_first_seen() {
        let mut builder = TimelineBuilder::new(1_000);
        builder.add(&scene(1, Verdict::TooSoon, &["python"]));
        builder.add(&scene(2, Verdict::TooSoon, &["python"]));
        builder.add(&scene(3, Verdict::Healthy, &["python", "tf-intra-op"]));
        builder.add(&scene(4, Verdict::Severe, &["python"]));
        builder.add(&scene(5, Verdict::Severe, &["python", "tf-intra-op"]));
        let mut ended = scene(6, Verdict::Severe, &[]);
        (ended.target.ended, ended.target.pid) = (true, Pid(9));
        builder.add(&ended);
        let expected = [
            (3, "healthy"),
            (3, "2 threads of tf-intra-op"),
            (4, "severe"),
            (6, "started again as process 9"),
            (6, "the target ended"),
        ];
        assert_eq!(marks(&builder), expected);
        let timeline = builder.timeline();
        assert_eq!(timeline.marks_beside(4_000_000_000, false).len(), 2);
        assert_eq!(timeline.marks_beside(4_000_000_000, true)[0].kind, MarkKind::Rerun);
        assert!(timeline.marks_beside(6_000_000_000, true).is_empty());
        assert_eq!((timeline.look_at(0), timeline.look_at(4_500_000_000)), (None, Some(3)));
        assert_eq!(timeline.unix_s(3_000_000_000), 4);
    }

    #[test]
    fn epochs_that_fly_by_are_marked_now_and_then() {
        use crate::data::scene::{EpochNow, LaunchState, Speed, Steps};
        let epochs = |apart: u64| {
            let mut builder = TimelineBuilder::new(0);
            for second in 1..=60 {
                let epoch = Some(EpochNow { number: 1 + second / apart, ..EpochNow::default() });
                let steps = Steps { speed: Some(Speed { epoch, ..Speed::default() }), ..Steps::default() };
                let launch = Some(LaunchState { steps, ..LaunchState::default() });
                builder.add(&Scene { launch, ..scene(second, Verdict::Healthy, &[]) });
            }
            marks(&builder).into_iter().map(|(at, text)| (at, text.to_owned())).collect::<Vec<_>>()
        };
        assert_eq!(epochs(25), [(25, "epoch 2".to_owned()), (50, "epoch 3".to_owned())]);
        assert_eq!(epochs(1).iter().map(|(at, _)| *at).collect::<Vec<_>>(), [11, 21, 31, 41, 51]);
    }

    #[test]
    fn a_look_that_comes_twice_counts_once() {
        let mut builder = TimelineBuilder::new(0);
        (0..3).for_each(|_| builder.add(&scene(1, Verdict::Healthy, &[])));
        assert_eq!(builder.timeline().looks.len(), 1);
    }

    #[test]
    fn memory_is_bounded_and_nothing_bad_is_lost() {
        let mut builder = TimelineBuilder::new(0);
        let count = MOST_LOOKS as u64 * 5;
        for second in 1..=count {
            let verdict = if second == 1_001 { Verdict::Severe } else { Verdict::Healthy };
            builder.add(&scene(second, verdict, &[]));
        }
        let timeline = builder.timeline();
        assert!((MOST_LOOKS / 2..=MOST_LOOKS).contains(&timeline.looks.len()), "{}", timeline.looks.len());
        assert_eq!(timeline.looks_each, 8);
        assert!(timeline.looks.iter().is_sorted_by(|a, b| a.at_ns < b.at_ns));
        let severe = timeline.looks.iter().filter(|look| look.verdict == Verdict::Severe).count();
        assert_eq!(severe, 1);
        let last = timeline.looks.last().unwrap();
        assert_eq!(last.demand, Some((1.0, count as f32)), "the newest is there");
        for flip in 0..MOST_MARKS as u64 * 2 {
            let verdict = if flip % 2 == 0 { Verdict::Severe } else { Verdict::Healthy };
            builder.add(&scene(count + 1 + flip, verdict, &[]));
        }
        assert!(builder.timeline().marks.len() <= MOST_MARKS);
    }
}
