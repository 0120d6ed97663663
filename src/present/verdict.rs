//! The verdict in words: what stands first in every report, whatever its format.

use crate::data::scene::{
    Finding, Headline, HeldVerdict, JudgedSpan, Level, PastPredictions, RecordedMoment, Scene, Verdict,
};
use crate::model::advice;
use crate::model::verdict::levels::JUDGED_S;
use crate::present::format;
use crate::present::line::Role;
use crate::present::table::{Align, Table};

/// Seconds beyond the judged window that a watch should last: a second judgement confirms the first.
const CONFIRMED_S: f64 = 2.0;

/// "OVERSUBSCRIBED 2.3x", "HEALTHY": the factor where more is wanted than there is.
pub(crate) fn title(headline: &Headline) -> String {
    let word = headline.condition.word().to_uppercase();
    let excess = matches!(headline.condition, Verdict::Severe | Verdict::Oversubscribed | Verdict::Notice);
    match headline.pressure {
        Some(pressure) if excess => format!("{word} {:.1}x", pressure.saturation),
        _ => word,
    }
}

/// A condition as a role.
pub fn role(condition: Verdict) -> Role {
    match condition {
        Verdict::TooSoon => Role::Faint,
        Verdict::Healthy => Role::Healthy,
        _ => level_role(condition.level()),
    }
}

/// How bad something is, as a role.
pub fn level_role(level: Level) -> Role {
    match level {
        Level::Healthy => Role::Healthy,
        Level::Notice => Role::Paused,
        Level::Oversubscribed => Role::Alarm,
        Level::Severe => Role::Severe,
    }
}

/// What follows the sentence: what would fit, or what a verdict still takes. Empty when nothing is to be done.
pub(crate) fn next_step(scene: &Scene) -> String {
    let headline = &scene.headline;
    match (headline.condition, scene.target.ended) {
        (Verdict::TooSoon, _) if scene.recorded.as_ref().is_some_and(|moment| moment.span.is_some()) => {
            format!("A verdict takes {JUDGED_S:.0} s: judge a longer span.")
        }
        (Verdict::TooSoon, _) if scene.recorded.is_some() => {
            format!("A verdict takes {JUDGED_S:.0} s: judge a later moment with --at, or more before it with --for.")
        }
        (Verdict::TooSoon, true) => "It ended too soon for a verdict.".to_owned(),
        (Verdict::TooSoon, false) => {
            format!("`tftop report {} --for {:.0}s` gives a verdict.", scene.target.pid, JUDGED_S + CONFIRMED_S)
        }
        _ => headline.advice.clone(),
    }
}

/// "Recording 261120-161909 by tftop 0.1.0, as of 2026-11-20T16:21:19Z: 2m10s of 8m00s"; of a span "…: 1m30s to 2m10s of 8m00s".
pub(crate) fn recorded(moment: &RecordedMoment) -> String {
    let version = if moment.tftop.is_empty() { "(unknown)" } else { &*moment.tftop };
    let [at, length] = [moment.at_s, moment.length_s].map(format::age);
    let span = moment.span.as_ref().map_or(at, |span| [span.from_s, span.to_s].map(format::age).join(" to "));
    let name = format::clean(&moment.name);
    let line =
        format!("Recording {name} by tftop {version}, as of {}: {span} of {length}", format::instant(moment.unix_s()));
    line + &moment.trouble.as_ref().map_or(String::new(), |trouble| format!("; {trouble}"))
}

/// The title of what follows.
pub(crate) const HELD_TITLE: &str = "Verdicts within the span";

/// What the verdicts within a span are, beside the one on all of it.
pub(crate) fn held_note(span: &JudgedSpan) -> String {
    let length = format::age(span.seconds());
    let last = span.last.word();
    format!(
        "The rest of this report covers the whole {length}. Each verdict below is judged over the {JUDGED_S:.0} s before it; at the end: {last}."
    )
}

/// How long each verdict held within a span, the worst first.
pub(crate) fn held(span: &JudgedSpan) -> Table {
    let mut table = Table::new(&[
        ("VERDICT", Align::Left),
        ("HELD", Align::Right),
        ("SHARE", Align::Right),
        ("FIRST AT", Align::Right),
    ]);
    let share = |seconds: f64| format::percent_or_dash((span.seconds() > 0.0).then(|| seconds / span.seconds()));
    for HeldVerdict { verdict, seconds, first_s } in &span.held {
        table.row([verdict.word().to_owned(), format::age(*seconds), share(*seconds), format::age(*first_s)]);
    }
    if span.unknown_s > 0.0 {
        table.row(["no sample".to_owned(), format::age(span.unknown_s), share(span.unknown_s), String::new()]);
    }
    table
}

/// What names the target on the command line: its pid, or the recording.
pub(crate) fn target_argument(scene: &Scene) -> String {
    match &scene.recorded {
        Some(moment) => format::clean(&moment.name),
        None => scene.target.pid.to_string(),
    }
}

/// "3 predictions for this command so far: wanted off by 12 % (median)".
pub(crate) fn predictions(past: &PastPredictions) -> String {
    let count = format::count(past.count, "prediction", "predictions");
    let [wanted, got] = [past.wanted_off, past.got_off].map(|off| off * 100.0);
    format!("{count} for this command so far: wanted off by {wanted:.0} %, got by {got:.0} % (median)")
}

/// A remedy ready to be pasted: the language, and the line in it.
pub(crate) fn pasteable(finding: &Finding) -> Vec<(&'static str, String)> {
    lines(finding.remedy.export.clone(), finding.remedy.python.clone())
}

/// The caps that would fit, ready to be pasted: a shell line only for what the program does not set itself.
pub(crate) fn pasteable_advice(headline: &Headline) -> Vec<(&'static str, String)> {
    let mut by_variable = headline.caps;
    headline.in_program.iter().for_each(|(kind, _)| *by_variable.get_mut(*kind) = None);
    let calls = advice::python(&headline.caps).map(|line| match headline.in_program.as_slice() {
        [] => line,
        set => {
            let places: Vec<&str> = set.iter().map(|(_, place)| place.as_str()).collect();
            format!("{line}  # set now in {}", places.join(", "))
        }
    });
    lines(advice::export(&by_variable), calls)
}

fn lines(export: Option<String>, python: Option<String>) -> Vec<(&'static str, String)> {
    let shell = export.map(|line| ("shell", line));
    shell.into_iter().chain(python.map(|line| ("Python", line))).collect()
}

/// The causes that were found, each with its code.
pub(crate) fn found(scene: &Scene) -> impl Iterator<Item = (&'static str, &Finding)> {
    let causes = scene.judgements.iter().filter(|judgement| !judgement.is_note());
    causes.filter_map(|judgement| Some((judgement.code, judgement.finding()?)))
}

/// What was found that is no cause of anything.
pub(crate) fn notes(scene: &Scene) -> impl Iterator<Item = &str> {
    scene.judgements.iter().filter(|judgement| judgement.is_note()).map(|judgement| judgement.message())
}
