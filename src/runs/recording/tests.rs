//! What was written comes back, whatever it is; what was not written by tftop harms nobody.

use std::io::{Read as _, Write as _};
use std::sync::Arc;

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::data::limits::CapKind;
use crate::data::sample::{ClockReading, ExitRecords, GpuSample, ThreadAccounting, TraceSample};
use crate::data::*;
use crate::runs::recording::delta::SampleDelta;
use crate::runs::recording::format::{LONGEST_LINE, RecordingHeader, RecordingLine, RecordingStats};
use crate::runs::recording::reader::{RecordingEnd, RecordingReader};
use crate::runs::recording::writer::RecordingWriter;

pub(super) fn written(samples: &[Sample], limit: u64) -> (Vec<u8>, RecordingStats) {
    let mut tape = Vec::new();
    let mut writer = RecordingWriter::new(&mut tape, RecordingHeader::new(1_000, 7), limit).unwrap();
    samples.iter().for_each(|sample| writer.write(sample.clone()).unwrap());
    let stats = writer.finish().unwrap();
    (tape, stats)
}

fn read(tape: &[u8]) -> (Vec<Sample>, RecordingEnd) {
    let mut reader = RecordingReader::open(tape).unwrap();
    let samples = reader.by_ref().collect();
    (samples, reader.end().unwrap().clone())
}

fn compressed(lines: &[&str]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::fast());
    lines.iter().for_each(|line| out.write_all(format!("{line}\n").as_bytes()).unwrap());
    out.finish().unwrap()
}

fn header() -> String {
    serde_json::to_string(&RecordingLine::Tape(RecordingHeader::new(1_000, 7))).unwrap()
}

/// A recording of these lines behind a good header.
fn broken_by(lines: &[&str]) -> (usize, RecordingEnd) {
    let header = header();
    let lines: Vec<&str> = std::iter::once(header.as_str()).chain(lines.iter().copied()).collect();
    let (samples, end) = read(&compressed(&lines));
    (samples.len(), end)
}

fn thread(tid: u32, run_ns: u64, comm: &str) -> ThreadFact {
    ThreadFact {
        key: ThreadKey { tid: Tid(tid), start_ticks: 5 },
        counters: Counters { run_ns, wait_ns: run_ns / 2, slices: 1 },
        cpu_ticks: 3,
        state: ThreadState::Sleeping,
        last_cpu: Some(1),
        affinity: Some(Arc::new("0-3".parse().unwrap())),
        identity: Arc::new(Identity { comm: comm.into(), ..Identity::default() }),
    }
}

fn sample(at_ns: u64, threads: Vec<ThreadFact>) -> Sample {
    let threads = threads.into();
    let key = ProcessKey { pid: Pid(7), start_ticks: 5 };
    let fact = Arc::new(ProcessFact { key, command: vec!["python".into()], ..ProcessFact::default() });
    Sample { at_ns, processes: vec![ProcessSample { fact, threads, ..Default::default() }], ..Default::default() }
}

/// One thread that runs and many that don't, for so many seconds.
pub(super) fn watch(seconds: u64) -> Vec<Sample> {
    let idle = |n: u32| thread(10 + n, 5, "tf_Compute");
    let threads = |second| std::iter::once(thread(7, second * 1_000, "python")).chain((0..20).map(idle)).collect();
    (0..seconds).map(|second| sample(second * 1_000_000_000, threads(second))).collect()
}

fn text(tape: &[u8]) -> String {
    let mut text = String::new();
    MultiGzDecoder::new(tape).read_to_string(&mut text).unwrap();
    text
}

#[test]
fn a_thread_that_does_nothing_is_written_once() {
    let (tape, stats) = written(&watch(20), u64::MAX);
    assert_eq!((read(&tape).0, stats.looks), (watch(20), 20));
    let text = text(&tape);
    assert_eq!(text.matches("tf_Compute").count(), 20);
    assert_eq!(text.matches(r#""t":20,"#).count(), 1);
    assert_eq!(text.matches(r#"["python"]"#).count(), 1, "{text}");
    assert_eq!(text.lines().nth(5).unwrap().matches(r#"{"t":"#).count(), 1);
}

#[test]
fn threads_come_and_go_between_two_looks() {
    let samples = [
        sample(1, vec![thread(7, 1, "a"), thread(8, 1, "b"), thread(9, 1, "c")]),
        sample(2, vec![thread(6, 1, "z"), thread(9, 1, "c"), thread(10, 1, "d")]),
        sample(3, Vec::new()),
        sample(4, vec![thread(7, 1, "a")]),
    ];
    assert_eq!(read(&written(&samples, u64::MAX).0).0, samples);
}

#[test]
fn a_tape_cut_anywhere_is_read_up_to_its_last_seconds() {
    let samples = watch(12);
    let (tape, _) = written(&samples, u64::MAX);
    let mut most = 0;
    for cut in 0..tape.len() {
        let Ok(mut reader) = RecordingReader::open(&tape[..cut]) else { continue };
        let seen: Vec<Sample> = reader.by_ref().collect();
        assert_eq!(seen, samples[..seen.len()]);
        // Only gzip's own length and checksum come after the last line.
        let finished = matches!(reader.end(), Some(RecordingEnd::Finished(_)));
        assert!(
            reader.end() == Some(&RecordingEnd::Cut) || (finished && seen.len() == 12),
            "{cut}: {:?}",
            reader.end()
        );
        assert!(seen.len() >= most, "a longer tape holds no less");
        most = seen.len();
    }
    assert_eq!(most, 12);
}

#[test]
fn a_killed_writer_loses_two_seconds_at_most() {
    let mut tape = Vec::new();
    let mut writer = RecordingWriter::new(&mut tape, RecordingHeader::new(0, 0), u64::MAX).unwrap();
    watch(9).into_iter().for_each(|sample| writer.write(sample).unwrap());
    // Nothing of it is run any more.
    std::mem::forget(writer);
    let (samples, end) = read(&tape);
    assert!(samples.len() >= 8, "{}", samples.len());
    assert_eq!(end, RecordingEnd::Cut);
}

#[test]
fn a_long_run_is_thinned_and_keeps_its_marks_and_its_last_look() {
    let mut samples = watch(4_000);
    for (at, sample) in samples.iter_mut().enumerate() {
        let marks = vec![StepMarks { first: at as u64, durations_us: vec![at as u32], ..StepMarks::default() }];
        sample.launch = Some(LaunchSample { marks, ..LaunchSample::default() });
    }
    let limit = 100_000;
    let (tape, stats) = written(&samples, limit);
    assert!(tape.len() as u64 <= limit + 10_000, "{}", tape.len());
    let (read, end) = read(&tape);
    assert_eq!((end, stats.looks + stats.thinned), (RecordingEnd::Finished(stats.clone()), 4_000));
    assert!(stats.thinned > 0 && stats.looks == read.len() as u64 && !stats.full, "{stats:?}");
    assert_eq!(read.last().unwrap().at_ns, samples.last().unwrap().at_ns);
    let marks: Vec<u64> =
        read.iter().flat_map(|sample| &sample.launch.as_ref().unwrap().marks).map(|marks| marks.first).collect();
    assert_eq!(marks, (0..4_000).collect::<Vec<u64>>());
}

#[test]
fn a_comparison_with_the_run_before_is_read_back_at_every_sample_from_its_first_on() {
    use crate::data::sample::{ReplacedRun, SpeedChange};
    let mut samples = watch(5);
    let compared = |change| Some(Arc::new(ReplacedRun { change, ..ReplacedRun::default() }));
    let each = [None, None, Some(SpeedChange::TooSoon), Some(SpeedChange::TooSoon), Some(SpeedChange::Slower)];
    for (sample, change) in samples.iter_mut().zip(each) {
        sample.launch = Some(LaunchSample { replaced: change.and_then(compared), ..LaunchSample::default() });
    }
    let (tape, _) = written(&samples, 1 << 20);
    assert_eq!(read(&tape).0, samples);
}

#[test]
fn a_full_tape_says_so() {
    let (tape, stats) = written(&watch(5_000), 2_000);
    let (samples, end) = read(&tape);
    assert!(stats.full && stats.lost > 0 && tape.len() < 20_000, "{stats:?} {}", tape.len());
    assert_eq!((samples.len() as u64, end), (stats.looks, RecordingEnd::Finished(stats)));
}

#[test]
fn what_is_no_tape_is_refused_with_the_reason() {
    let refused = |bytes: &[u8]| RecordingReader::open(bytes).map(drop).unwrap_err().to_string();
    assert!(refused(b"").contains("no tape") && refused(b"garbage").contains("no tape"));
    assert!(refused(&compressed(&["{}"])).contains("no tape"));
    let newer = compressed(&[r#"{"tape":{"schema":"tftop.tape/99"}}"#]);
    assert!(refused(&newer).contains("tftop.tape/99, and this version of tftop reads tftop.tape/1 and tftop.tape/2"));
}

#[test]
fn wrong_references_end_the_tape_with_the_reason() {
    let new = r#"{"look":{"at_ns":1,"processes":[{"key":{"pid":7,"start_ticks":5}}]}}"#;
    assert_eq!(broken_by(&[new]), (0, RecordingEnd::Broken("process 7 was never described".to_owned())));
    let sample = serde_json::to_string(&RecordingLine::Look(Box::new(SampleDelta::between(
        &Sample::default(),
        &sample(1, vec![thread(7, 1, "a"), thread(9, 1, "b")]),
    ))))
    .unwrap();
    for (threads, why) in [
        (r#""threads":[{"t":8,"b":5}]"#, "thread 8 was never described"),
        (r#""threads":[{"t":9,"b":5},{"t":7,"b":5}]"#, "thread 7 was never described"),
        (r#""gone":[{"tid":8,"start_ticks":5}]"#, "thread 8 ends and was not there"),
        (r#""gone":[{"tid":9,"start_ticks":5},{"tid":7,"start_ticks":5}]"#, "thread 7 ends and was not there"),
        (r#""threads":[{"t":6,"b":5,"id":null}]"#, "thread 6 was never described"),
    ] {
        let next = format!(r#"{{"look":{{"at_ns":2,"processes":[{{"key":{{"pid":7,"start_ticks":5}},{threads}}}]}}}}"#);
        assert_eq!(broken_by(&[&sample, &next]), (1, RecordingEnd::Broken(why.to_owned())), "{threads}");
    }
    let ticks = r#"{"look":{"at_ns":2,"ticks":[[1,2,3]]}}"#;
    assert_eq!(broken_by(&[ticks]), (0, RecordingEnd::Broken("it counts other CPUs than before".to_owned())));
    assert!(matches!(broken_by(&[&sample, &header()]), (1, RecordingEnd::Broken(why)) if why.contains("second time")));
}

#[test]
fn a_line_that_unpacks_to_gigabytes_is_not_unpacked() {
    let mut bomb = GzEncoder::new(Vec::new(), Compression::fast());
    writeln!(bomb, "{}", header()).unwrap();
    let spaces = vec![b' '; 1 << 20];
    (0..64).for_each(|_| bomb.write_all(&spaces).unwrap());
    let bomb = bomb.finish().unwrap();
    let mut reader = RecordingReader::open(bomb.as_slice()).unwrap();
    assert_eq!(reader.next(), None);
    assert!(matches!(reader.end(), Some(RecordingEnd::Broken(why)) if why.contains("more than any tftop writes")));
    assert!(reader.line.capacity() <= 4 * LONGEST_LINE, "{}", reader.line.capacity());
}

#[test]
fn threads_that_never_end_do_not_fill_the_memory() {
    let identity = serde_json::to_string(&thread(1, 1, &"x".repeat(4_000)).identity).unwrap();
    let lines: Vec<String> = (0..60_u32)
        .map(|look| {
            let thread = |n: u32| format!(r#"{{"t":{},"b":1,"id":{identity}}}"#, look * 500 + n);
            let threads: Vec<String> = (0..500).map(thread).collect();
            let fact = serde_json::to_string(&sample(1, vec![]).processes[0].fact).unwrap();
            let process =
                format!(r#"{{"key":{{"pid":7,"start_ticks":5}},"fact":{fact},"threads":[{}]}}"#, threads.join(","));
            format!(r#"{{"look":{{"at_ns":{look},"processes":[{process}]}}}}"#)
        })
        .collect();
    let (looks, end) = broken_by(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(looks > 10 && looks < 40, "{looks}");
    assert!(matches!(end, RecordingEnd::Broken(why) if why.contains("more processes and threads")));
}

#[test]
fn a_sample_too_large_for_a_tape_is_left_out_and_counted() {
    let many = |comm: &str| (0..20_000).map(|n| thread(n, 1, comm)).collect();
    let samples = [sample(1, vec![]), sample(2, many(&"x".repeat(4_000))), sample(3, vec![])];
    let (tape, stats) = written(&samples, u64::MAX);
    assert_eq!((stats.looks, stats.lost), (2, 1));
    assert_eq!(read(&tape).0, [samples[0].clone(), samples[2].clone()]);
}

/// A run with several members, recorded by `tftop record`; never changed again.
#[test]
fn a_tape_of_the_second_version_still_loads() {
    let (samples, end) = read(include_bytes!("../../../tests/data/tape/second.tape"));
    assert!(end.is_complete(), "{end}");
    let (first, last) = (samples.first().unwrap(), samples.last().unwrap());
    assert_eq!(last.processes[0].fact.tensorflow.as_ref().unwrap().version, Some("2.21.0".into()));
    assert!(last.processes[0].threads.len() > 5 && last.cpus.len() == first.cpus.len());
    assert!(last.processes[0].fact.command.iter().all(|word| !word.contains("hush")));
    assert!(last.at_ns - first.at_ns > 10_000_000_000 && samples.len() > 256, "{}", samples.len());
}

/// Written by version 0.1.0; never changed again.
#[test]
fn a_tape_of_the_first_version_still_loads() {
    let (samples, end) = read(include_bytes!("../../../tests/data/tape/first.tape"));
    assert_eq!(
        end,
        RecordingEnd::Finished(RecordingStats { looks: samples.len() as u64, ..RecordingStats::default() })
    );
    let last = samples.last().unwrap();
    assert_eq!(last.processes[0].fact.tensorflow.as_ref().unwrap().version, Some("2.21.0".into()));
    assert_eq!(last.launch.as_ref().unwrap().fact.caps.get(CapKind::Intra), &Some(1));
    assert!(samples.iter().any(|sample| sample.processes[0].threads.len() > 5));
    let steps: usize = samples
        .iter()
        .flat_map(|sample| &sample.launch.as_ref().unwrap().marks)
        .map(|marks| marks.durations_us.len())
        .sum();
    assert!(steps > 10, "{steps}");
}

fn texts() -> impl Strategy<Value = Text> {
    ".{0,12}".prop_map(Text::from)
}

fn thread_facts() -> impl Strategy<Value = ThreadFact> {
    let affinity = proptest::option::of(any::<u64>().prop_map(|word| Arc::new(CpuSet::from(vec![word]))));
    let state = (0..11_usize).prop_map(|n| ThreadState::from_letter(b"RSDTtZXIP?x"[n]));
    (0..6_u32, 0..2_u64, any::<[u64; 3]>(), any::<u64>(), state, any::<Option<u32>>(), affinity, texts()).prop_map(
        |(tid, start_ticks, [run_ns, wait_ns, slices], cpu_ticks, state, last_cpu, affinity, comm)| ThreadFact {
            key: ThreadKey { tid: Tid(tid), start_ticks },
            counters: Counters { run_ns, wait_ns, slices },
            cpu_ticks,
            state,
            last_cpu,
            affinity,
            identity: Arc::new(Identity { comm, ..Identity::default() }),
        },
    )
}

fn process_samples() -> impl Strategy<Value = ProcessSample> {
    let clock = proptest::option::of(any::<(u64, u32, u64)>());
    let numbers = (any::<u64>(), clock, 0..3_u64);
    (0..3_u32, texts(), any::<(bool, bool)>(), numbers, vec(thread_facts(), 0..8)).prop_map(
        |(pid, comm, (ended, sorted), (cpu_ticks, clock, exits), mut threads)| {
            let clock =
                clock.map(|(cpu_ns, unread_threads, unread_ns)| ClockReading { cpu_ns, unread_threads, unread_ns });
            if sorted {
                threads.sort_by_key(|thread| thread.key);
                threads.dedup_by_key(|thread| thread.key);
            }
            let key = ProcessKey { pid: Pid(pid), start_ticks: 1 };
            let environment = Some(Environment::from_block(b"OMP_NUM_THREADS=2\0TOKEN=hush"));
            let fact = Arc::new(ProcessFact { key, comm, environment, ..ProcessFact::default() });
            let last = Counters { run_ns: cpu_ticks, wait_ns: exits, slices: 1 };
            ProcessSample {
                fact,
                ended,
                cpu_ticks,
                clock,
                ended_threads: threads.iter().take(exits as usize).map(|thread| (thread.key, last)).collect(),
                threads: threads.into(),
                exits: ExitRecords { threads: exits, counters: last },
                throttle: vec![None, Some(Throttle::default())],
            }
        },
    )
}

fn samples() -> impl Strategy<Value = Sample> {
    let marks = (any::<u64>(), vec(any::<u32>(), 0..4)).prop_map(|(at_ns, durations_us)| StepMarks {
        at_ns,
        durations_us,
        ..StepMarks::default()
    });
    let launch = (any::<Option<u32>>(), any::<u64>(), vec(marks, 0..3)).prop_map(|(intra, not_understood, marks)| {
        let fact = Arc::new(LaunchFact {
            caps: intra.map_or_else(Caps::default, |intra| Caps::of([(CapKind::Intra, intra)])),
            ..LaunchFact::default()
        });
        let report = Arc::new(ShimReport { not_understood, ..ShimReport::default() });
        LaunchSample { fact, report, marks, replaced: None }
    });
    let gaps = vec((".{0,8}", ".{0,8}").prop_map(|(what, why)| Gap { what, why }), 0..2);
    (any::<[u64; 3]>(), texts(), vec(process_samples(), 0..4), gaps, proptest::option::of(launch), any::<bool>())
        .prop_map(|([at_ns, interval_ns, late_ns], host, processes, gaps, launch, ticks)| Sample {
            at_ns,
            interval_ns,
            late_ns,
            host: Arc::new(HostFact { name: Some(host), ..HostFact::default() }),
            cpus: vec![CpuTime { cpu: u32::from(ticks), busy_ticks: at_ns, idle_ticks: 2, steal_ticks: 3 }],
            gpus: (0..u32::from(ticks))
                .map(|index| GpuSample { index, busy_percent: Some(at_ns as u8), ..GpuSample::default() })
                .collect(),
            processes,
            details: vec![(ThreadKey::default(), ThreadDetail::default())],
            source: if ticks { CounterSource::StatTicks } else { CounterSource::Schedstat },
            accounting: ThreadAccounting { lost_records: interval_ns, ..ThreadAccounting::default() },
            gaps,
            launch,
            trace: ticks.then(|| TraceSample { began_ns: at_ns, lost: late_ns, ..TraceSample::default() }),
            cost: Cost { cpu_ns: late_ns, wall_ns: 2, bytes_read: 3 },
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_was_written_is_what_is_read(samples in vec(samples(), 0..6)) {
        let (tape, stats) = written(&samples, u64::MAX);
        prop_assert_eq!(read(&tape), (samples, RecordingEnd::Finished(stats)));
    }

    #[test]
    fn garbage_in_a_tape_only_ends_it(at in any::<prop::sample::Index>(), bytes in vec(any::<u8>(), 1..40)) {
        let (mut tape, _) = written(&watch(6), u64::MAX);
        let at = at.index(tape.len());
        let end = tape.len().min(at + bytes.len());
        tape[at..end].copy_from_slice(&bytes[..end - at]);
        if let Ok(reader) = RecordingReader::open(tape.as_slice()) {
            prop_assert!(reader.count() <= 64);
        }
    }

    #[test]
    fn a_line_of_garbage_only_ends_it(line in ".{0,60}", bytes in vec(any::<u8>(), 0..60)) {
        let (_, end) = broken_by(&[&line]);
        prop_assert!(matches!(end, RecordingEnd::Broken(_)), "{:?}", end);
        let mut out = GzEncoder::new(Vec::new(), Compression::fast());
        writeln!(out, "{}", header()).unwrap();
        out.write_all(&bytes).unwrap();
        prop_assert_eq!(RecordingReader::open(out.finish().unwrap().as_slice()).unwrap().count(), 0);
    }
}
