//! A recording as a target that can be looked at again: its moments are found, and one of them, or a span of them, is judged as
//! a report would have judged it then.

mod held;
mod stacks;

use std::fs::File;
use std::io::BufReader;
use std::sync::Arc;
use std::time::Duration;

use crate::data::Text;
use crate::data::scene::{RecordedMoment, Scene};
use crate::model::build_scene::Model;
use crate::model::origin::families::Families;
use crate::runs::recorded::held::HeldVerdicts;
pub use crate::runs::recorded::stacks::StacksBefore;
use crate::runs::recording::format::RecordingHeader;
use crate::runs::recording::outline;
use crate::runs::recording::outline::RecordingOutline;
use crate::runs::recording::reader::{RecordingEnd, RecordingError, RecordingReader};

/// So long before a span verdicts are followed, that its first look has the one it had on screen: twice as long as anything
/// that they rest on.
const LEAD: Duration = Duration::from_secs(120);

/// A span of a recording, from one moment to a later one, both after its first look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordedSpan {
    /// Its begin.
    pub from: Duration,
    /// Its end.
    pub to: Duration,
}

/// Looks of a span, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpanLooks {
    /// Where whoever follows verdicts and rates begins, so that those of the first look are what they were on screen.
    pub lead: usize,
    /// The last look at its begin or before it: where whoever judges all of it begins.
    pub begin: usize,
    /// The first look within it; where there is none, the last one before its end.
    pub first: usize,
    /// The last look at its end or before it.
    pub last: usize,
}

/// A recording that was found to have a look at least.
#[derive(Debug)]
pub struct Recorded {
    file: File,
    name: Text,
    pub(super) outline: RecordingOutline,
    /// Whether its writer is still at work: then that it has no end says nothing.
    goes_on: bool,
}

impl Recorded {
    /// Reads it once, for its outline. `name` is what it is called on the command line.
    ///
    /// # Errors
    /// That it is no recording, or one without a single look.
    pub fn open(file: File, name: &str, goes_on: bool) -> Result<Self, RecordingError> {
        let outline = RecordingOutline::read(&file)?;
        Ok(Self { file, name: name.into(), outline, goes_on })
    }

    /// What it is called on the command line.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// From its first look to its last.
    pub fn length(&self) -> Duration {
        Duration::from_nanos(self.outline.time(usize::MAX) - self.outline.time(0))
    }

    /// Whether it makes no sense from somewhere on.
    pub fn is_broken(&self) -> bool {
        matches!(self.outline.end, RecordingEnd::Broken(_))
    }

    /// The scene at a moment, `at` after the first look, judged over `span` before it as a report judges what it has watched for
    /// so long: it begins with the last look before that. Where the recording can't be read as far, the last look that can.
    ///
    /// # Errors
    /// That not even its first look can be read.
    pub fn judged(&mut self, at: Duration, span: Duration, families: Families) -> Result<Scene, RecordingError> {
        let begin_ns = self.outline.time(0);
        let at_ns = begin_ns.saturating_add(nanoseconds(at));
        let last = self.outline.look_at(at_ns);
        let first = self.outline.look_at(at_ns.saturating_sub(nanoseconds(span)));
        let mut model = Model::of_whole_watch(families);
        let (begin, mut reader) = self.reader_before(first)?;
        let (mut judged, mut before) = (None, None);
        for look in begin..=last {
            match reader.next() {
                Some(sample) if look >= first => judged = Some((look, model.next(Arc::new(sample)))),
                Some(sample) => before = Some((look, sample)),
                None => {
                    self.outline.ends_before(look, reader.end().cloned().unwrap_or(RecordingEnd::Cut));
                    break;
                }
            }
        }
        let judged = judged.or_else(|| before.map(|(look, sample)| (look, model.next(Arc::new(sample)))));
        let (look, scene) = judged.ok_or(RecordingError::NoTape)?;
        Ok(Scene { recorded: Some(self.moment(look)), ..scene })
    }

    /// The scene at the end of a span, judged over all of it, and which verdict held for how long within it. Where the recording
    /// can't be read as far, up to the last look that can.
    ///
    /// # Errors
    /// That not even its first look can be read.
    pub fn judged_span(&mut self, span: RecordedSpan, families: Families) -> Result<Scene, RecordingError> {
        let begin_ns = self.outline.time(0);
        let [from_ns, to_ns] = [span.from, span.to].map(|at| begin_ns.saturating_add(nanoseconds(at)));
        let SpanLooks { lead, begin, last, .. } = self.looks(span);
        let (mut live, mut whole) = (Model::new(families.clone()), Model::of_whole_watch(families));
        let mut held = HeldVerdicts::new((begin_ns, from_ns, to_ns));
        let (readable, mut reader) = self.reader_before(lead.min(begin))?;
        let (mut judged, mut before) = (None, None);
        for look in readable..=last {
            let Some(sample) = reader.next_shared() else {
                self.outline.ends_before(look, reader.end().cloned().unwrap_or(RecordingEnd::Cut));
                break;
            };
            if look >= lead {
                held.add(&live.next(sample.clone()));
            }
            match look >= begin {
                true => judged = Some((look, whole.next(sample))),
                false => before = Some((look, sample)),
            }
        }
        let judged = judged.or_else(|| before.map(|(look, sample)| (look, whole.next(sample))));
        let (look, scene) = judged.ok_or(RecordingError::NoTape)?;
        let moment = RecordedMoment { span: Some(held.end()), ..self.moment(look) };
        Ok(Scene { recorded: Some(moment), ..scene })
    }

    /// Which looks a span is made of.
    pub fn looks(&self, span: RecordedSpan) -> SpanLooks {
        let look_at = |at: Duration| self.outline.look_at(self.outline.time(0).saturating_add(nanoseconds(at)));
        let (begin, last) = (look_at(span.from), look_at(span.to));
        let begins_there = self.outline.time(begin) - self.outline.time(0) >= nanoseconds(span.from);
        let first = if begins_there { begin } else { begin + 1 };
        SpanLooks { lead: look_at(span.from.saturating_sub(LEAD)), begin, first: first.min(last), last }
    }

    /// How it ends.
    pub fn end(&self) -> &RecordingEnd {
        &self.outline.end
    }

    /// When its first look was taken, milliseconds after 1970.
    pub fn begun_unix_ms(&self) -> u64 {
        self.moment(0).begun_unix_ms
    }

    /// The same in nanoseconds since boot.
    pub fn begun_ns(&self) -> u64 {
        self.outline.time(0)
    }

    /// What its header says.
    pub fn header(&self) -> &RecordingHeader {
        &self.outline.header
    }

    /// Whether its writer is still at work.
    pub fn goes_on(&self) -> bool {
        self.goes_on
    }

    /// Its samples, from the first on.
    ///
    /// # Errors
    /// That it can't be read any more.
    pub fn reader(&self) -> Result<RecordingReader<BufReader<File>>, RecordingError> {
        RecordingReader::open(BufReader::new(outline::from(&self.file, 0)?))
    }

    /// The last place from which on samples can be read without those before it, at this look or before it: its look, and a
    /// reader. One reader at a time: they share their place in the file.
    ///
    /// # Errors
    /// That it can't be read any more.
    pub fn reader_before(&self, look: usize) -> Result<(usize, RecordingReader<BufReader<File>>), RecordingError> {
        let member = self.outline.member_of(look);
        if member.offset == 0 {
            return Ok((0, self.reader()?));
        }
        let (file, header) = (outline::from(&self.file, member.offset)?, self.outline.header.clone());
        Ok((member.first_look, RecordingReader::open_member(BufReader::new(file), header, member.first_look)))
    }

    /// Where a look stands.
    pub(super) fn moment(&self, look: usize) -> RecordedMoment {
        let (header, begin_ns) = (&self.outline.header, self.outline.time(0));
        let since_header_ms = begin_ns.saturating_sub(header.started_ns) / 1_000_000;
        let trouble = match &self.outline.end {
            RecordingEnd::Cut if self.goes_on => None,
            RecordingEnd::Finished(stats) if !stats.full => None,
            end => Some(end.to_string().into()),
        };
        RecordedMoment {
            name: self.name.clone(),
            tftop: header.tftop.clone(),
            begun_unix_ms: header.started_unix_ms.saturating_add(since_header_ms),
            at_s: Duration::from_nanos(self.outline.time(look) - begin_ns).as_secs_f64(),
            length_s: self.length().as_secs_f64(),
            judged_from_s: None,
            trouble,
            span: None,
        }
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;
    use crate::data::sample::{Counters, ProcessFact, ProcessSample, Sample, ThreadFact};
    use crate::data::{Pid, ProcessKey, ThreadKey, Tid};
    use crate::runs::recording::format::{RecordingHeader, SCHEMA};
    use crate::runs::recording::writer::RecordingWriter;

    const SECOND: u64 = 1_000_000_000;
    const ANY: Duration = Duration::from_secs(12);

    /// Two threads that run, one look a second.
    pub(crate) fn watch(seconds: u64) -> Vec<Sample> {
        let key = ProcessKey { pid: Pid(7), start_ticks: 5 };
        let fact = Arc::new(ProcessFact { key, command: vec!["python".into()], ..ProcessFact::default() });
        let thread = |second: u64, tid: u32| ThreadFact {
            key: ThreadKey { tid: Tid(tid), start_ticks: 5 },
            counters: Counters { run_ns: second * SECOND / 2, wait_ns: second * second * 1_000_000, slices: second },
            cpu_ticks: 0,
            state: Default::default(),
            last_cpu: None,
            affinity: None,
            identity: Arc::default(),
        };
        let look = |second: u64| Sample {
            at_ns: 100 * SECOND + second * SECOND,
            interval_ns: SECOND,
            processes: vec![ProcessSample {
                fact: fact.clone(),
                threads: vec![thread(second, 7), thread(second, 8)].into(),
                ..ProcessSample::default()
            }],
            ..Sample::default()
        };
        (0..=seconds).map(look).collect()
    }

    pub(in crate::runs) fn written(samples: &[Sample]) -> Vec<u8> {
        let mut tape = Vec::new();
        let header = RecordingHeader::new(1_000_000, 100 * SECOND - SECOND / 2);
        let mut writer = RecordingWriter::new(&mut tape, header, u64::MAX).unwrap();
        samples.iter().for_each(|sample| writer.write(sample.clone()).unwrap());
        writer.finish().unwrap();
        tape
    }

    pub(in crate::runs) fn opened(tape: &[u8]) -> Result<Recorded, RecordingError> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(tape).unwrap();
        Recorded::open(file, "last", false)
    }

    fn compressed(lines: &[&str]) -> Vec<u8> {
        let mut out = GzEncoder::new(Vec::new(), Compression::fast());
        lines.iter().for_each(|line| out.write_all(format!("{line}\n").as_bytes()).unwrap());
        out.finish().unwrap()
    }

    /// What can be said of any bytes: no panic, and a moment within its length.
    fn judged_somewhere(tape: &[u8]) -> Option<Scene> {
        let mut recorded = opened(tape).ok()?;
        for at in [Duration::ZERO, recorded.length() / 2, Duration::MAX] {
            let Ok(scene) = recorded.judged(at, ANY, Families::builtin()) else { continue };
            let moment = scene.recorded.unwrap();
            assert!(moment.at_s <= moment.length_s, "{moment:?}");
        }
        recorded.judged(Duration::MAX, ANY, Families::builtin()).ok()
    }

    #[test]
    fn a_moment_is_judged_as_a_watch_that_ended_there() {
        let samples = watch(40);
        let mut recorded = opened(&written(&samples)).unwrap();
        assert_eq!(recorded.length(), Duration::from_secs(40));
        let judged = recorded.judged(Duration::from_millis(20_900), ANY, Families::builtin()).unwrap();
        let mut live = Model::of_whole_watch(Families::builtin());
        let seen = samples[8..=20].iter().map(|sample| live.next(Arc::new(sample.clone()))).last().unwrap();
        assert!(seen.demand.is_some_and(|demand| demand.wanted > 1.0), "{:?}", seen.demand);
        let moment = judged.recorded.clone().unwrap();
        assert_eq!(Scene { recorded: None, ..judged }, seen);
        assert_eq!((moment.at_s, moment.length_s, moment.begun_unix_ms), (20.0, 40.0, 1_000_500));
        assert_eq!((moment.unix_s(), moment.trouble), (1_020, None));
    }

    #[test]
    fn a_recording_that_was_cut_is_judged_at_its_last_look_and_says_so() {
        let tape = written(&watch(30));
        let cut = judged_somewhere(&tape[..tape.len() - 30]).unwrap().recorded.unwrap();
        assert!(cut.trouble.unwrap().contains("was cut"));
        assert!(cut.length_s >= 26.0, "{}", cut.length_s);
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&tape[..tape.len() - 30]).unwrap();
        let mut growing = Recorded::open(file, "last", true).unwrap();
        let scene = growing.judged(growing.length(), ANY, Families::builtin()).unwrap();
        assert_eq!(scene.recorded.unwrap().trouble, None, "its writer is at work");
    }

    #[test]
    fn whatever_happened_to_its_bytes_it_is_judged_or_refused() {
        let tape = include_bytes!("../../../tests/data/tape/first.tape");
        let mut random = fastrand::Rng::with_seed(7);
        let mut judged = 0;
        for _ in 0..50 {
            judged += u32::from(judged_somewhere(&tape[..random.usize(..tape.len())]).is_some());
            let mut flipped = tape.to_vec();
            (0..random.usize(1..4)).for_each(|_| flipped[random.usize(..tape.len())] ^= 1 << random.u32(..8));
            judged += u32::from(judged_somewhere(&flipped).is_some());
        }
        assert!(judged > 20, "only {judged} of 100 could be judged: nothing was tried");
    }

    #[test]
    fn a_recording_that_claims_anything_is_judged_or_refused() {
        let header = format!(
            r#"{{"tape":{{"schema":"{SCHEMA}","tftop":"\u001b[2J","started_unix_ms":{0},"started_ns":{0}}}}}"#,
            u64::MAX
        );
        let looks = [0, u64::MAX, 5].map(|at| format!(r#"{{"look":{{"at_ns":{at},"interval_ns":{}}}}}"#, u64::MAX));
        let moment = judged_somewhere(&compressed(&[&header, &looks[0], &looks[1], &looks[2]])).unwrap().recorded;
        let moment = moment.unwrap();
        assert!(!moment.tftop.contains('\u{1b}') && moment.unix_s() > 0, "{moment:?}");
        // A look whose time can be read and nothing else of it.
        let bad = r#"{"look":{"at_ns":9,"processes":[{"key":{"pid":7,"start_ticks":5}}]}}"#;
        let broken = judged_somewhere(&compressed(&[&header, &looks[0], bad])).unwrap().recorded.unwrap();
        assert!(broken.trouble.unwrap().contains("process 7 was never described"));
        assert!(judged_somewhere(&compressed(&[&header, bad])).is_none());
        assert!(judged_somewhere(&compressed(&[&header])).is_none());
        let newer = compressed(&[r#"{"tape":{"schema":"tftop.tape/99"}}"#]);
        assert!(opened(&newer).unwrap_err().to_string().contains("tftop.tape/99"));
    }
}
