//! What stands for one run of a side of a comparison: a kept run or a recording in a file, all of it or a span: "last",
//! "261120-1619@1m..5m", "samples.tape@14:05..14:10".

use std::path::Path;

use anyhow::Context as _;

use crate::commands::args::span;
use crate::commands::kept::{lookup, moments, tape};
use crate::commands::own_process::exit::CommandError;
use crate::data::Gap;
use crate::data::time::typed_time::TypedTime;
use crate::model::build_scene::Model;
use crate::model::origin::families::Families;
use crate::present::format;
use crate::runs::recorded::{Recorded, RecordedSpan, SpanLooks};
use crate::runs::recording::reader::RecordingEnd;
use crate::runs::stats::run_stats::RunStats;
use crate::runs::stats::stats_builder::StatsBuilder;
use crate::runs::stats::warmup::Warmup;
use crate::runs::store::KeptRun;

/// What stands between a recording and its span, and between the two moments of a span.
const BEGINS_SPAN: char = '@';
const BETWEEN_MOMENTS: &str = "..";

/// Begin and end of a span, each of which may be left out.
type SpanMoments = (Option<TypedTime>, Option<TypedTime>);

/// A recording that was found.
pub(crate) struct SideRecording {
    /// The run's name, or the file's.
    name: String,
    /// None for a file.
    kept: Option<KeptRun>,
    /// Why it can't be read, where only its summary is left.
    recorded: anyhow::Result<Recorded>,
    /// None: all of it.
    span: Option<RecordedSpan>,
}

/// The recordings of one side, which are joined by commas.
pub(crate) fn side(text: &str) -> anyhow::Result<Vec<SideRecording>> {
    // A file may have a comma in its name.
    let names: Vec<&str> = if Path::new(text).exists() { vec![text] } else { text.split(',').collect() };
    names.into_iter().map(SideRecording::find).collect()
}

impl SideRecording {
    fn find(text: &str) -> anyhow::Result<Self> {
        let (name, moments) =
            parts(text).map_err(|why| CommandError::usage(format!("{}: {why}", format::clean(text))))?;
        let kept = tape::names_a_run(name).then(|| lookup::find(&lookup::store()?, name)).transpose()?;
        let recorded = kept.as_ref().map_or_else(|| tape::open(name), tape::of_kept);
        let name = kept.as_ref().map_or_else(|| name.to_owned(), |kept| kept.fact.id.to_string());
        // Only of a kept run, and of all of it, there may be a summary instead.
        if kept.is_some() && moments.is_none() {
            return Ok(Self { name, kept, recorded, span: None });
        }
        let recorded = recorded?;
        let span = moments.map(|(from, to)| moments::span(&recorded, (text, from), (text, to))).transpose()?;
        Ok(Self { name, kept, recorded: Ok(recorded), span })
    }

    /// As it is listed: "261120-161909", "261120-161909@1m00s..5m00s".
    pub(crate) fn words(&self) -> String {
        let words = |span: RecordedSpan| {
            let [from, to] = [span.from, span.to].map(|at| format::duration(at.as_secs_f64()));
            format!("{}{BEGINS_SPAN}{from}{BETWEEN_MOMENTS}{to}", self.name)
        };
        self.span.map_or_else(|| self.name.clone(), words)
    }

    /// Seconds from its first look to the begin and the end of the span; none for all of it.
    pub(crate) fn span_s(&self) -> Option<(f64, f64)> {
        self.span.map(|span| (span.from.as_secs_f64(), span.to.as_secs_f64()))
    }

    /// Whether both have some of their time in common.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        let apart = match (self.span, other.span) {
            (Some(one), Some(other)) => one.to <= other.from || other.to <= one.from,
            _ => false,
        };
        self.name == other.name && !apart
    }

    /// What it came to: from its samples, or of a kept run from its summary where they can't be read.
    pub(crate) fn measure(&self, families: Families, warmup: Warmup) -> anyhow::Result<RunStats> {
        let measured = match &self.recorded {
            Ok(recorded) => measured(recorded, self.span, families, warmup),
            Err(why) => Err(anyhow::anyhow!("{why:#}")),
        };
        let Some(kept) = &self.kept else { return measured };
        let mut stats = measured.or_else(|why| {
            anyhow::ensure!(self.span.is_none(), why);
            let id = &kept.fact.id;
            let mut stats =
                lookup::stored(kept).with_context(|| format!("run {id} has neither samples nor a summary"))?.outcome;
            stats.gaps.push(Gap::new("samples", format!("{why}; this is its summary, with the warm-up of that time")));
            anyhow::Ok(stats)
        })?;
        let words: Vec<&str> = kept.fact.command.iter().map(|word| word.as_str()).collect();
        stats.context.command = words.join(" ");
        Ok(stats)
    }
}

/// The recording's name and its span: "last@..5m".
fn parts(text: &str) -> Result<(&str, Option<SpanMoments>), String> {
    let split = text.rsplit_once(BEGINS_SPAN).filter(|_| !Path::new(text).exists());
    let Some((name, (from, to))) = split.and_then(|(name, span)| Some((name, span.split_once(BETWEEN_MOMENTS)?)))
    else {
        return Ok((text, None));
    };
    let moment = |text: &str| (!text.is_empty()).then(|| span::moment(text)).transpose();
    Ok((name, Some((moment(from)?, moment(to)?))))
}

fn measured(
    recorded: &Recorded,
    span: Option<RecordedSpan>,
    families: Families,
    warmup: Warmup,
) -> anyhow::Result<RunStats> {
    let all = SpanLooks { lead: 0, begin: 0, first: 0, last: usize::MAX };
    let looks = span.map_or(all, |span| recorded.looks(span));
    let (mut model, mut stats) = (Model::new(families), StatsBuilder::default());
    let (begin, mut reader) = recorded.reader_before(looks.lead)?;
    for (look, sample) in (begin..=looks.last).zip(reader.by_ref()).skip(looks.lead - begin) {
        let scene = model.next(sample.clone().into());
        if look >= looks.first {
            stats.add(&sample, &scene);
        }
    }
    let end = reader.end().filter(|end| !matches!(end, RecordingEnd::Finished(stats) if !stats.full));
    let cut = end.filter(|end| !(recorded.goes_on() && **end == RecordingEnd::Cut));
    let mut stats = stats.outcome(warmup);
    stats.gaps.extend(cut.map(|end| Gap::new("rest of its samples", end.to_string())));
    Ok(stats)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::runs::recorded::tests::watch;
    use crate::runs::recording::format::RecordingHeader;
    use crate::runs::recording::member::BEGIN;
    use crate::runs::recording::writer::RecordingWriter;

    #[test]
    fn a_span_stands_behind_the_name() {
        let after = |seconds| Some(TypedTime::AfterBegin(Duration::from_secs(seconds)));
        assert_eq!(parts("last"), Ok(("last", None)));
        assert_eq!(parts("last@1m..5m"), Ok(("last", Some((after(60), after(300))))));
        assert_eq!(parts("a@b.tape@..90s"), Ok(("a@b.tape", Some((None, after(90))))));
        assert_eq!(parts("last@14:05.."), Ok(("last", Some((Some(TypedTime::TimeOfDay(50_700)), None)))));
        // No span at all: a name with a sign in it.
        assert_eq!(parts("user@host.tape"), Ok(("user@host.tape", None)));
        assert!(parts("last@x..5m").is_err());
    }

    #[test]
    fn of_one_recording_two_spans_may_be_compared_that_have_no_time_in_common() {
        const TAPE: &str = "tests/data/tape/first.tape";
        let of = |text: &str| SideRecording::find(text).unwrap();
        let (all, begin, end) = (of(TAPE), of(&format!("{TAPE}@..7s")), of(&format!("{TAPE}@7s..")));
        assert!(all.overlaps(&all) && all.overlaps(&begin) && begin.overlaps(&of(&format!("{TAPE}@6s..8s"))));
        assert!(!begin.overlaps(&end) && !end.overlaps(&begin));
        assert_eq!((begin.words(), begin.span_s()), (format!("{TAPE}@0s..7s"), Some((0.0, 7.0))));
        let measured = |side: &SideRecording| side.measure(Families::builtin(), Warmup::Steps(0)).unwrap();
        let (all, begin, end) = (measured(&all), measured(&begin), measured(&end));
        // All steps were made after the eighth second.
        let steps = |stats: &RunStats| stats.steps.as_ref().map(|steps| steps.count);
        assert_eq!((steps(&all), steps(&begin), steps(&end)), (Some(40), None, Some(40)));
        assert!((6.0..=7.0).contains(&begin.seconds) && begin.demand.is_some(), "{}", begin.seconds);
        assert!(end.began_unix_s - begin.began_unix_s >= 7, "{} {}", begin.began_unix_s, end.began_unix_s);
        assert!(end.context.command.contains("tiny.py"), "{}", end.context.command);
    }

    #[test]
    fn a_span_comes_to_the_same_by_the_index_and_without_one() {
        let folder = tempfile::tempdir().unwrap();
        let mut tape = Vec::new();
        let mut writer = RecordingWriter::new(&mut tape, RecordingHeader::new(0, 0), u64::MAX).unwrap();
        watch(900).into_iter().for_each(|sample| writer.write(sample).unwrap());
        writer.finish().unwrap();
        let came_to = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            let side = SideRecording::find(&format!("{}@12m..14m", path.display())).unwrap();
            let Ok(recorded) = &side.recorded else { panic!("{:?}", side.recorded) };
            let (first, _) = recorded.reader_before(700).unwrap();
            (first, format!("{:?}", side.measure(Families::builtin(), Warmup::Steps(0)).unwrap()))
        };
        let (first, indexed) = came_to("indexed.tape", &tape);
        let second = memchr::memmem::find_iter(&tape, &BEGIN).nth(1).unwrap();
        tape[second + 12..second + 14].copy_from_slice(b"XX");
        assert_eq!(came_to("whole.tape", &tape), (0, indexed));
        assert!(first > 500, "{first}");
    }

    #[test]
    fn names_may_be_joined_and_files_may_have_commas() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a,b.tape");
        std::fs::copy("tests/data/tape/first.tape", &file).unwrap();
        let file = file.to_str().unwrap();
        assert_eq!(side(file).unwrap().len(), 1);
        let two = side("tests/data/tape/first.tape@..3s,tests/data/tape/first.tape@3s..6s").unwrap();
        assert_eq!(two.len(), 2);
        for (text, says) in [("no/such.tape", "no such file"), ("x.tape@1..y", "write a time from the begin")] {
            let error = side(text).err().unwrap().to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
