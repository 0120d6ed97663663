//! Scripts whose marks are sent as the shim sends them, seen look by look.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::data::sample::{Epoch, LaunchFact, TfStarted};
use crate::data::scene::{EpochNow, LoopSteps, STEP_BOUNDS_S};

const MS: u64 = 1_000_000;
const SECOND_NS: u64 = 1000 * MS;
const PERIOD_NS: u64 = 500 * MS;

/// Records of one stream, made and sent by the rules of the shim (assets/shim/PROTOCOL.md).
struct Stream {
    record: StepMarks,
    due_ns: u64,
    now_ns: u64,
    steps_a_mark: u64,
    sent: Vec<StepMarks>,
}

impl Stream {
    fn new(source: StepSource, pid: u32, stream: u64, at: &str, from_ms: u64) -> Self {
        let record = StepMarks { pid, source, stream, at: Some(at.into()), ..StepMarks::default() };
        Self { record, due_ns: 0, now_ns: from_ms * MS, steps_a_mark: 1, sent: Vec::new() }
    }

    fn steps(mut self, count: usize, each_ms: u64) -> Self {
        for _ in 0..count {
            self.now_ns += each_ms * MS;
            self.record.durations_us.push(each_ms as u32 * 1000);
            if self.now_ns >= self.due_ns {
                self.flush();
                self.due_ns = self.now_ns + PERIOD_NS;
            }
        }
        self
    }

    /// A validation: no mark covers it, and what is left of the epoch is sent at its end.
    fn pause(mut self, for_ms: u64) -> Self {
        self.now_ns += for_ms * MS;
        self.flush();
        self
    }

    fn end(mut self) -> Vec<StepMarks> {
        self.flush();
        self.sent
    }

    fn flush(&mut self) {
        let count = self.record.durations_us.len() as u64;
        if count > 0 {
            (self.record.at_ns, self.record.steps) = (self.now_ns, count * self.steps_a_mark);
            self.sent.push(self.record.clone());
            self.record.first += count;
            self.record.durations_us.clear();
        }
    }
}

fn keras(from_ms: u64) -> Stream {
    Stream::new(StepSource::Keras, 7, 1, "train.py:9", from_ms)
}

fn iterator(pid: u32, stream: u64, at: &str, from_ms: u64) -> Stream {
    Stream::new(StepSource::Iterator, pid, stream, at, from_ms)
}

/// What is known at each look, `every_ms` apart, when nothing but these records is sent.
fn looks(records: &[StepMarks], every_ms: u64, until_ms: u64) -> Vec<Steps> {
    looks_with(records, every_ms, until_ms, |_| ShimReport::default())
}

fn looks_with(records: &[StepMarks], every_ms: u64, until_ms: u64, report: impl Fn(u64) -> ShimReport) -> Vec<Steps> {
    let mut marked = MarkedLoops::default();
    let look = |at_ms: u64| {
        let since = |record: &&StepMarks| {
            record.at_ns <= at_ms * MS && (record.at_ns > at_ms.saturating_sub(every_ms) * MS || at_ms == 0)
        };
        let launch = LaunchSample {
            fact: Arc::new(LaunchFact { shim: ShimUse::Enforce, ..LaunchFact::default() }),
            report: Arc::new(report(at_ms)),
            marks: records.iter().filter(since).cloned().collect(),
            replaced: None,
        };
        marked.update(at_ms * MS, &launch);
        marked.scene(ShimUse::Enforce, &launch.report)
    };
    (0..=until_ms / every_ms).map(|at| at * every_ms).map(look).collect()
}

fn speed(steps: &Steps) -> &Speed {
    steps.speed.as_ref().unwrap()
}

fn is_near(value: Option<f64>, expected: f64) -> bool {
    value.is_some_and(|value| (value / expected - 1.0).abs() < 0.01)
}

/// Begins that are not there yet at the left, then values, then what is not there yet at the right.
fn known(steps: &Steps) -> Vec<f32> {
    let until = steps.history.iter().rposition(Option::is_some).map_or(0, |at| at + 1);
    steps.history[..until].iter().skip_while(|it| it.is_none()).map(|it| it.unwrap_or(f32::NAN)).collect()
}

#[test]
fn even_steps_have_one_speed_whenever_their_marks_come() {
    for every_ms in [100, 250, 1000, 3000] {
        let records = keras(0).steps(600, 41).end();
        let looks = looks(&records, every_ms, 24_000);
        for (at, steps) in looks.iter().enumerate().skip((1200 / every_ms).max(1) as usize) {
            let speed = speed(steps);
            assert!(is_near(speed.per_s, 1000.0 / 41.0), "{every_ms} ms, look {at}: {speed:?}");
            assert!((speed.p50_ms, speed.silent_s) == (41.0, None), "{every_ms} ms, look {at}: {speed:?}");
            let unknown = steps.history.iter().rev().take_while(|it| it.is_none()).count() as u64;
            assert!(unknown * every_ms <= 600 + every_ms, "{every_ms} ms, look {at}: {unknown} ticks are not known");
        }
        let last = looks.last().unwrap();
        assert!(known(last).iter().all(|&per_s| is_near(Some(per_s.into()), 1000.0 / 41.0)), "{:?}", known(last));
        assert_eq!((speed(last).p95_ms, speed(last).count), (Some(41.0), MarkCount::Exact));
    }
}

#[test]
fn every_step_of_every_loop_is_counted_by_its_time() {
    let records = [keras(0).steps(600, 41).steps(3, 250).end(), iterator(9, 1, "input.py:3", 0).steps(50, 2).end()];
    let looks = looks(&records.concat(), 1000, 30_000);
    let loops = &looks.last().unwrap().loops;
    let [fit, input] = loops.as_slice() else { panic!("{loops:?}") };
    let filled = |it: &LoopSteps| -> Vec<(usize, u64)> {
        it.bins.iter().copied().enumerate().filter(|(_, steps)| *steps > 0).collect()
    };
    // 41 ms is above 25 and at most 50 ms; a bound belongs to the bin below it.
    assert_eq!((filled(fit), STEP_BOUNDS_S[5], STEP_BOUNDS_S[7]), (vec![(5, 600), (7, 3)], 0.05, 0.25));
    assert!((fit.seconds - 25.35).abs() < 1e-9 && fit.lost == 0, "{fit:?}");
    assert_eq!((filled(input), input.pid, input.at.as_deref()), (vec![(1, 50)], 9, Some("input.py:3")));
    // Several steps a mark: each took its part of the time, and none is left out.
    let mut marked = MarkedLoops::default();
    let record = StepMarks { steps: 7, at_ns: SECOND_NS, durations_us: vec![8_000, 8_000], ..StepMarks::default() };
    marked.update(SECOND_NS, &LaunchSample { marks: vec![record], ..LaunchSample::default() });
    let loops = marked.scene(ShimUse::Enforce, &ShimReport::default()).loops;
    assert_eq!(filled(&loops[0]), [(1, 4), (2, 3)]);
}

#[test]
fn steps_that_take_longer_than_a_tick_never_stop() {
    let records = keras(0).steps(20, 5000).end();
    let looks = looks(&records, 1000, 100_000);
    for (at, steps) in looks.iter().enumerate().skip(5) {
        assert!(is_near(speed(steps).per_s, 0.2), "look {at}: {:?}", speed(steps));
        assert_eq!((speed(steps).silent_s, speed(steps).p50_ms), (None, 5000.0), "look {at}");
    }
    let known = known(&looks[100]);
    assert_eq!(known.len(), 100);
    assert!(known.iter().all(|&per_s| (per_s - 0.2).abs() < 0.001), "{known:?}");
    assert_eq!((speed(&looks[30]).p95_ms, speed(&looks[100]).p95_ms), (None, Some(5000.0)), "of 6 marks, of 20");
}

#[test]
fn a_validation_is_a_pause_and_not_a_slow_step() {
    let records = keras(0).steps(250, 40).pause(8000).steps(250, 40).end();
    let looks = looks(&records, 1000, 27_000);
    for (at, steps) in looks.iter().enumerate().skip(2) {
        assert!(is_near(speed(steps).per_s, 25.0), "look {at}: {:?}", speed(steps));
    }
    assert_eq!(speed(&looks[12]).silent_s, None);
    let silent_s = speed(&looks[17]).silent_s.unwrap();
    assert!((7.0..=7.6).contains(&silent_s), "{silent_s}");
    assert_eq!(looks[17].history[12..], [None; 5], "whether a step is on its way can't be told yet");
    let after = known(&looks[27]);
    assert!(after[11..17].iter().all(|&per_s| per_s == 0.0), "{after:?}");
    assert!(after[..9].iter().chain(&after[19..]).all(|&per_s| is_near(Some(per_s.into()), 25.0)), "{after:?}");
    assert_eq!(speed(&looks[27]).silent_s, None);
}

#[test]
fn a_slow_first_step_is_left_behind() {
    let records = keras(0).steps(1, 4000).steps(600, 20).end();
    let looks = looks(&records, 1000, 16_000);
    assert_eq!(speed(&looks[4]).per_s, Some(0.25));
    assert!(is_near(speed(&looks[16]).per_s, 50.0), "{:?}", speed(&looks[16]));
    assert_eq!(speed(&looks[6]).p50_ms, 20.0);
}

#[test]
fn the_epochs_of_a_python_loop_are_one_loop() {
    let mut records = Vec::new();
    for epoch in 0..5 {
        records.extend(iterator(7, 1 + 2 * epoch, "train.py:20", epoch * 10_000).steps(80, 100).end());
        records.extend(iterator(7, 2 + 2 * epoch, "train.py:31", epoch * 10_000 + 8000).steps(200, 10).end());
    }
    let looks = looks(&records, 1000, 50_000);
    for (at, steps) in looks.iter().enumerate().skip(2) {
        let speed = speed(steps);
        assert_eq!(speed.at.as_deref(), Some("train.py:20"), "look {at}: most time is spent there");
        assert!(is_near(speed.per_s, 10.0), "look {at}: {speed:?}");
    }
    assert_eq!((speed(&looks[50]).total, speed(&looks[50]).count), (400, MarkCount::Exact));
}

#[test]
fn processes_of_one_training_are_not_added_up() {
    let mut records = iterator(7, 1, "train.py:20", 0).steps(900, 33).end();
    records.extend(iterator(8, 1, "train.py:20", 3).steps(890, 33).steps(30, 32).end());
    records.sort_by_key(|record| record.at_ns);
    let looks = looks(&records, 1000, 29_000);
    for (at, steps) in looks.iter().enumerate().skip(2) {
        let speed = speed(steps);
        assert_eq!((speed.pid, speed.processes), (speed_pid(&looks), 2), "look {at}");
        assert!(is_near(speed.per_s, 1000.0 / 33.0), "look {at}: {speed:?}");
    }
}

fn speed_pid(looks: &[Steps]) -> u32 {
    speed(&looks[2]).pid
}

#[test]
fn a_fit_comes_before_what_it_does_itself_and_a_loop_after_it() {
    let mut records = keras(0).steps(400, 50).end();
    records.extend(iterator(7, 2, "train.py:9", 0).steps(4000, 5).end());
    records.extend(iterator(7, 3, "callbacks.py:3", 10).steps(10, 500).end());
    records.extend(iterator(7, 4, "train.py:30", 20_000).steps(600, 25).end());
    records.sort_by_key(|record| record.at_ns);
    let looks = looks(&records, 1000, 35_000);
    for (at, steps) in looks.iter().enumerate().skip(1) {
        let expected = if at <= 30 { StepSource::Keras } else { StepSource::Iterator };
        assert_eq!(speed(steps).source, expected, "look {at}");
    }
    assert!(is_near(speed(&looks[31]).per_s, 40.0), "{:?}", speed(&looks[31]));
}

/// Calls of a tf.function, of which so many hundredths of each turn are within them.
fn calls(name: &str, stream: u64, hundredths: u64, from_ms: u64, count: usize) -> Vec<StepMarks> {
    let mut records = Stream::new(StepSource::Function, 7, stream, "train.py:12", from_ms).steps(count, 50).end();
    for record in &mut records {
        let all_us: u64 = record.durations_us.iter().map(|&us| u64::from(us)).sum();
        (record.name, record.inside_us) = (Some(name.into()), Some(all_us * hundredths / 100));
    }
    records
}

#[test]
fn of_functions_that_are_called_by_turns_the_one_with_most_time_within_is_the_loop() {
    let mut records = calls("normalize", 1, 10, 0, 200);
    records.extend(calls("train_step", 2, 80, 3, 200));
    records.sort_by_key(|record| record.at_ns);
    let looks = looks(&records, 1000, 10_000);
    let last = speed(&looks[9]);
    assert_eq!((last.source, last.name.as_deref()), (StepSource::Function, Some("train_step")));
    assert!(is_near(last.per_s, 20.0), "{last:?}");
}

#[test]
fn every_other_mark_comes_before_calls_of_a_function() {
    let mut records = calls("train_step", 1, 90, 0, 400);
    records.extend(iterator(7, 2, "train.py:30", 5000).steps(100, 50).end());
    records.sort_by_key(|record| record.at_ns);
    let looks = looks(&records, 1000, 20_000);
    assert_eq!(speed(&looks[4]).source, StepSource::Function);
    assert!(
        looks[7..].iter().all(|steps| speed(steps).source == StepSource::Iterator),
        "for as long as it may only pause"
    );
}

#[test]
fn lost_marks_are_said_and_not_replaced() {
    let mut records = keras(0).steps(500, 40).end();
    records.drain(12..20);
    let looks = looks(&records, 1000, 20_000);
    let last = speed(&looks[20]);
    assert_eq!(last.count, MarkCount::AtLeast);
    assert!(last.total < 500 && last.total > 300, "{}", last.total);
    let known = known(&looks[20]);
    assert!(known.iter().filter(|per_s| per_s.is_nan()).count() >= 3, "{known:?}");
    let seen = known.iter().filter(|per_s| !per_s.is_nan());
    assert!(seen.clone().all(|&per_s| is_near(Some(per_s.into()), 25.0)), "{known:?}");
    assert!(looks.iter().skip(2).all(|steps| is_near(speed(steps).per_s, 25.0)));
    let dropped = looks_with(&keras(0).steps(50, 40).end(), 1000, 2000, |_| ShimReport {
        marks_dropped: 1,
        ..ShimReport::default()
    });
    assert_eq!(speed(&dropped[2]).count, MarkCount::AtLeast);
}

#[test]
fn several_steps_a_mark_are_several_steps() {
    let mut stream = keras(0);
    stream.steps_a_mark = 5;
    let looks = looks(&stream.steps(100, 100).end(), 1000, 10_000);
    let last = speed(&looks[10]);
    assert!(is_near(last.per_s, 50.0), "{last:?}");
    assert_eq!((last.p50_ms, last.total), (20.0, 500));
}

#[test]
fn an_epoch_is_as_far_as_its_marks() {
    for first_epoch in [0, 4] {
        let records = keras(0).steps(100, 100).pause(2000).steps(100, 100).pause(2000).steps(100, 100).end();
        let report = |at_ms: u64| {
            let epoch = first_epoch + at_ms / 12_000;
            let epoch = Epoch { epoch, epochs: Some(9), steps: Some(100) };
            ShimReport { epoch: Some(epoch), ..ShimReport::default() }
        };
        let looks = looks_with(&records, 1000, 34_000, report);
        for (at, expected) in [(5, 0.5), (8, 0.8), (11, 0.95), (17, 0.5), (30, 0.6)] {
            let epoch = speed(&looks[at]).epoch.unwrap();
            assert_eq!((epoch.number, epoch.of), (1 + first_epoch + at as u64 / 12, Some(9)), "look {at}");
            let done = epoch.done.unwrap_or(f64::NAN);
            assert!((done - expected).abs() <= 0.06, "from epoch {first_epoch}, look {at}: {done}");
        }
    }
}

#[test]
fn the_epoch_of_the_next_fit_is_not_that_far() {
    let records = keras(0).steps(300, 100).end();
    let report = |at_ms: u64| {
        let epoch = if at_ms < 30_000 { at_ms / 10_000 } else { 0 };
        ShimReport { epoch: Some(Epoch { epoch, epochs: Some(3), steps: Some(100) }), ..ShimReport::default() }
    };
    let looks = looks_with(&records, 1000, 32_000, report);
    assert_eq!(speed(&looks[32]).epoch, Some(EpochNow { number: 1, of: Some(3), done: None }));
}

#[test]
fn without_marks_the_reason_is_said() {
    let none = |shim, report: &ShimReport| MarkedLoops::default().scene(shim, report).none;
    let mut report = ShimReport::default();
    assert_eq!(none(ShimUse::Off, &report), Some(NoMarks::WithoutShim));
    assert_eq!(none(ShimUse::Record, &report), Some(NoMarks::NotAttached));
    report.processes.insert(7);
    assert_eq!(none(ShimUse::Enforce, &report), Some(NoMarks::NotStarted));
    report.started.push(TfStarted::default());
    assert_eq!(none(ShimUse::Enforce, &report), Some(NoMarks::NoLoop));
    let seen = looks(&keras(0).steps(1, 40).end(), 1000, 1000);
    assert_eq!((seen[0].none, seen[1].none), (Some(NoMarks::NotAttached), None));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn garbage_is_bounded(
        records in prop::collection::vec(
            (any::<u8>(), any::<u16>(), any::<u64>(), any::<u64>(), any::<u64>(), prop::collection::vec(any::<u32>(), 0..40)),
            0..400,
        ),
        every_ns in prop::sample::select(vec![0, 1, 1000 * MS, u64::MAX / 3]),
    ) {
        let mut marked = MarkedLoops::default();
        for (look, records) in records.chunks(20).enumerate() {
            let record = |(kind, stream, first, steps, at_ns, durations_us): &(u8, u16, u64, u64, u64, Vec<u32>)| StepMarks {
                pid: u32::from(*stream),
                source: [StepSource::Keras, StepSource::Iterator, StepSource::Session, StepSource::Function]
                    [usize::from(kind % 4)],
                stream: u64::from(*stream),
                at: None,
                name: None,
                inside_us: (kind % 2 == 0).then_some(*steps),
                first: *first,
                steps: *steps,
                at_ns: *at_ns,
                durations_us: durations_us.clone(),
            };
            let epoch = records.first().map(|it| Epoch { epoch: it.2, epochs: Some(it.3), steps: Some(it.4) });
            let launch = LaunchSample {
                report: Arc::new(ShimReport { epoch, ..ShimReport::default() }),
                marks: records.iter().map(record).collect(),
                ..LaunchSample::default()
            };
            marked.update(every_ns.saturating_mul(look as u64), &launch);
            let steps = marked.scene(ShimUse::Enforce, &launch.report);
            prop_assert!(steps.history.iter().flatten().all(|per_s| per_s.is_finite()));
            prop_assert!(marked.loops.len() <= MOST_LOOPS && marked.streams.len() <= MOST_STREAMS);
            let done = steps.speed.and_then(|speed| speed.epoch).and_then(|epoch| epoch.done);
            prop_assert!(done.is_none_or(|done| (0.0..=1.0).contains(&done)));
        }
    }
}

/// A number as a script would send it, or any at all.
fn wild(usual: u64) -> impl Strategy<Value = u64> {
    prop_oneof![0..usual, any::<u64>()]
}

proptest! {
    #[test]
    fn absurd_marks_never_become_absurd_numbers(
        records in prop::collection::vec(
            (
                wild(2_000),
                wild(2_000),
                wild(20_000 * MS),
                prop::collection::vec(prop_oneof![0_u32..100_000, any::<u32>()], 1..8),
            ),
            0..60,
        ),
    ) {
        let mut loops = MarkedLoops::default();
        for (look, records) in (1_u64..).zip(records.chunks(3)) {
            let marks = records.iter().cloned().map(|(first, steps, at_ns, durations_us)| {
                StepMarks { pid: 7, first, steps, at_ns, durations_us, ..StepMarks::default() }
            });
            let launch = LaunchSample { marks: marks.collect(), ..LaunchSample::default() };
            loops.update(look * 1_000 * MS, &launch);
            let steps = loops.scene(ShimUse::Record, &launch.report);
            let speed = steps.speed.unwrap();
            let shown = [speed.per_s, Some(speed.p50_ms), speed.p95_ms, Some(speed.covers_s), speed.silent_s];
            prop_assert!(shown.iter().flatten().all(|number| number.is_finite() && *number >= 0.0), "{shown:?}");
            prop_assert!(steps.history.iter().flatten().all(|per_s| per_s.is_finite() && *per_s >= 0.0));
        }
    }
}
