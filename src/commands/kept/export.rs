//! `tftop export`: a recording for other programs. Reads it look by look and writes as it reads; changes nothing but the
//! file it is told to write.

use std::iter;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};

use crate::commands::args::export::ExportArgs;
use crate::commands::args::global::GlobalArgs;
use crate::commands::kept::destination::Destination;
use crate::commands::kept::recording;
use crate::commands::kept::recording::NamedRecording;
use crate::commands::own_process::exit::{CommandError, Exit};
use crate::commands::own_process::stdio;
use crate::commands::sampling::attach::families;
use crate::model::build_scene::Model;
use crate::model::origin::families::Families;
use crate::output;
use crate::output::{ExportEnd, ExportFormat, ExportSource};
use crate::present::format;
use crate::runs::recording::format::RecordingStats;
use crate::runs::recording::reader::RecordingEnd;

/// Writes the recording as it was wished for, and says what is not in it.
pub(crate) fn export(args: &ExportArgs, options: &GlobalArgs) -> anyhow::Result<Exit> {
    let mut recording = recording::open(&args.recording)?;
    let families = families(options)?;
    if args.format() == ExportFormat::Html && args.output.is_none() && stdio::is_terminal() {
        return Err(CommandError::usage("a page is for a browser, not for a terminal: add -o FILE.html").into());
    }
    let mut out = Destination::new(args.output.as_deref(), args.force);
    let written = write(args.format(), &mut recording, families, &mut out);
    let left_out = match out.close(written) {
        Ok(Some(left_out)) => left_out,
        // Whoever read it has what it wanted.
        Ok(None) => return Ok(Exit::Clean),
        Err(error) => return Err(error),
    };
    left_out.iter().for_each(|sentence| stdio::say(&format!("tftop: {sentence}")));
    match recording.reader.end() {
        Some(RecordingEnd::Broken(_)) => Err(anyhow!("only what stands before that was exported")),
        _ => Ok(Exit::Clean),
    }
}

/// Writes look by look; what is left out then.
fn write(
    format: ExportFormat,
    recording: &mut NamedRecording,
    families: Families,
    out: &mut Destination,
) -> anyhow::Result<Vec<String>> {
    let mut model = Model::new(families.clone());
    let (mut not_later, mut after_end) = (0, 0);
    let mut newest_ns = None;
    // A file is made once it is known that there is something to write.
    let first = recording.reader.next().with_context(|| format!("there are no looks on {}", recording.name))?;
    let mut export = output::export(format, source(recording, first.at_ns));
    let mut whole = export.wants_whole().then(|| (Model::of_whole_watch(families), None));
    out.write(&export.begin()?)?;
    for sample in iter::once(first).chain(recording.reader.by_ref()) {
        if newest_ns.is_some_and(|newest_ns| sample.at_ns <= newest_ns) {
            not_later += 1;
            continue;
        }
        newest_ns = Some(sample.at_ns);
        let sample = Arc::new(sample);
        let scene = model.next(sample.clone());
        if let Some((model, scene)) = &mut whole {
            *scene = Some(model.next(sample));
        }
        match scene.target.ended {
            true => after_end += 1,
            false => out.write(&export.look(&scene)?)?,
        }
    }
    let mut left_out = missing(recording.reader.end(), recording.goes_on);
    left_out.extend(several(not_later, "is not later than the one before", "are not later than the one before"));
    left_out.extend(several(after_end, "came after the target had ended", "came after the target had ended"));
    out.write(
        &export.end(&ExportEnd { whole: whole.as_ref().and_then(|(_, scene)| scene.as_ref()), left_out: &left_out })?,
    )?;
    Ok(left_out)
}

/// What the recording says of itself, and when its first look was taken.
fn source(recording: &NamedRecording, first_ns: u64) -> ExportSource {
    let header = recording.reader.header();
    let later_ms = first_ns.saturating_sub(header.started_ns) / 1_000_000;
    ExportSource {
        name: recording.name.clone(),
        tftop: header.tftop.clone(),
        begun_unix_ms: header.started_unix_ms.saturating_add(later_ms),
        begun_ns: first_ns,
    }
}

/// What is not on a recording that ends so.
fn missing(end: Option<&RecordingEnd>, goes_on: bool) -> Vec<String> {
    match end {
        Some(RecordingEnd::Finished(RecordingStats { thinned, lost, full, .. })) => {
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
        Some(RecordingEnd::Cut) | None if goes_on => {
            vec!["the run goes on: only what was recorded so far is in it".to_owned()]
        }
        Some(end) => vec![end.to_string()],
        None => Vec::new(),
    }
}

fn several(looks: u64, one: &str, many: &str) -> Option<String> {
    let words = if looks == 1 { one } else { many };
    (looks > 0).then(|| format!("{} {words}", format::count(looks as usize, "look", "looks")))
}
