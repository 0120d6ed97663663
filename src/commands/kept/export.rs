//! `tftop export`: a recording for other programs. Reads it look by look and writes as it reads; changes nothing but the
//! file it is told to write.

use std::sync::Arc;

use anyhow::anyhow;

use crate::commands::args::export::ExportArgs;
use crate::commands::args::global::GlobalArgs;
use crate::commands::kept::destination::Destination;
use crate::commands::kept::moments::MomentChoice;
use crate::commands::kept::{moments, picture, tape};
use crate::commands::own_process::exit::{CommandError, Exit};
use crate::commands::own_process::stdio;
use crate::commands::sampling::attach::families;
use crate::model::build_scene::Model;
use crate::model::origin::families::Families;
use crate::output;
use crate::output::{ExportEnd, ExportFormat, ExportSource};
use crate::present::format;
use crate::runs::recorded::{Recorded, RecordedSpan, SpanLooks};
use crate::runs::recording::format::RecordingStats;
use crate::runs::recording::reader::RecordingEnd;

/// Writes the recording as it was wished for, and says what is not in it.
pub(crate) fn export(args: &ExportArgs, options: &GlobalArgs) -> anyhow::Result<Exit> {
    let recorded = tape::open(&args.recording)?;
    let choice = moments::chosen(&recorded, &args.moment)?;
    let is_page = !args.svg && args.format() == ExportFormat::Html;
    if (args.svg || is_page) && args.output.is_none() && stdio::is_terminal() {
        let what = if is_page {
            "page is for a browser, not for a terminal: add -o FILE.html"
        } else {
            "picture is for a browser, not for a terminal: add -o FILE.svg"
        };
        return Err(CommandError::usage(format!("a {what}")).into());
    }
    let is_broken = recorded.is_broken();
    let mut out = Destination::new(args.output.as_deref(), args.force);
    let written = match args.svg {
        true => picture::picture(recorded, choice, args, options)
            .and_then(|(svg, left_out)| out.write(&svg).map(|()| (left_out, is_broken))),
        false => write(args.format(), &recorded, choice, families(options)?, &mut out),
    };
    let (left_out, is_broken) = match out.close(written) {
        Ok(Some(written)) => written,
        // Whoever read it has what it wanted.
        Ok(None) => return Ok(Exit::Clean),
        Err(error) => return Err(error),
    };
    left_out.iter().for_each(|sentence| stdio::say(&format!("tftop: {sentence}")));
    if is_broken { Err(anyhow!("only what stands before that was exported")) } else { Ok(Exit::Clean) }
}

/// Writes look by look; what is left out then, and whether it makes no sense from somewhere on.
fn write(
    format: ExportFormat,
    recorded: &Recorded,
    choice: MomentChoice,
    families: Families,
    out: &mut Destination,
) -> anyhow::Result<(Vec<String>, bool)> {
    let span = match choice {
        MomentChoice::Unsaid => None,
        MomentChoice::Moment(at) => Some(RecordedSpan { from: at, to: at }),
        MomentChoice::Span(span) => Some(span),
    };
    let all = SpanLooks { lead: 0, begin: 0, first: 0, last: usize::MAX };
    let looks = span.map_or(all, |span| recorded.looks(span));
    let mut model = Model::new(families.clone());
    let (mut not_later, mut after_end) = (0, 0);
    let mut newest_ns = None;
    let (begin, mut reader) =
        recorded.reader_before(looks.lead).map_err(|why| tape::unreadable(recorded.name(), &why))?;
    let mut export = output::export(format, source(recorded));
    let mut whole = export.wants_whole().then(|| (Model::of_whole_watch(families), None));
    out.write(&export.begin()?)?;
    for (look, sample) in (begin..=looks.last).zip(reader.by_ref()).skip(looks.lead - begin) {
        if newest_ns.is_some_and(|newest_ns| sample.at_ns <= newest_ns) {
            not_later += u64::from(look >= looks.first);
            continue;
        }
        newest_ns = Some(sample.at_ns);
        let sample = Arc::new(sample);
        let scene = model.next(sample.clone());
        if let Some((model, scene)) = whole.as_mut().filter(|_| look >= looks.begin) {
            *scene = Some(model.next(sample));
        }
        match scene.target.ended {
            _ if look < looks.first => {}
            true => after_end += 1,
            false => out.write(&export.look(&scene)?)?,
        }
    }
    let end = reader.end().unwrap_or(recorded.end());
    let mut left_out = Vec::from_iter(span.map(|span| only(span, recorded)));
    left_out.extend(missing(end, recorded.goes_on()));
    left_out.extend(several(not_later, "is not later than the one before", "are not later than the one before"));
    left_out.extend(several(after_end, "came after the target had ended", "came after the target had ended"));
    out.write(
        &export.end(&ExportEnd { whole: whole.as_ref().and_then(|(_, scene)| scene.as_ref()), left_out: &left_out })?,
    )?;
    Ok((left_out, matches!(end, RecordingEnd::Broken(_))))
}

/// That it is no more than a span, or a moment.
fn only(span: RecordedSpan, recorded: &Recorded) -> String {
    let [from, to, length] = [span.from, span.to, recorded.length()].map(|time| format::duration(time.as_secs_f64()));
    match span.from == span.to {
        true => format!("only the look at {from} of {length} is in it"),
        false => format!("only {from} to {to} of {length} is in it"),
    }
}

/// What the recording says of itself.
fn source(recorded: &Recorded) -> ExportSource {
    ExportSource {
        name: recorded.name().to_owned(),
        tftop: recorded.header().tftop.clone(),
        begun_unix_ms: recorded.begun_unix_ms(),
        begun_ns: recorded.begun_ns(),
    }
}

/// What is not on a recording that ends so.
fn missing(end: &RecordingEnd, goes_on: bool) -> Vec<String> {
    match end {
        RecordingEnd::Finished(RecordingStats { thinned, lost, full, .. }) => {
            let thinned = several(
                *thinned,
                "was left out to keep the recording small",
                "were left out to keep the recording small",
            );
            let lost = several(
                *lost,
                "was too large or came too fast to be recorded",
                "were too large or came too fast to be recorded",
            );
            let full = full.then(|| "the recording was full before the target ended".to_owned());
            [thinned, lost, full].into_iter().flatten().collect()
        }
        // While it goes on it has no end yet.
        RecordingEnd::Cut if goes_on => vec!["the run goes on: only what was recorded so far is in it".to_owned()],
        end => vec![end.to_string()],
    }
}

fn several(looks: u64, one: &str, many: &str) -> Option<String> {
    let words = if looks == 1 { one } else { many };
    (looks > 0).then(|| format!("{} {words}", format::count(looks as usize, "look", "looks")))
}
