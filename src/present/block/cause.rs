//! A cause: whether it applies, why, and, when it is open, the numbers behind it and what would change it.

use crate::data::limits::Caps;
use crate::data::scene::{Answer, Finding, Level, RuleAnswer, Scene};
use crate::model::prediction::predict;
use crate::present::line::{Line, NARROW, Piece, Role, pad, wrap_beside};
use crate::present::{causes, format};

/// Where a cause's code begins, and its answer.
const CODE: u16 = 14;
const ANSWER: u16 = 35;
/// From this width on the grade stands in a column of its own.
const WIDE: u16 = 110;
const GRADE: u16 = 13;
/// Where the opened part begins; most cells of its labels, and most pieces of evidence.
const INDENT: u16 = 5;
const MOST_LABEL: u16 = 28;
const MOST_EVIDENCE: usize = 40;

/// One line for what is not found, the whole sentence for what is; the rest when open.
pub fn lines(scene: &Scene, cause: &RuleAnswer, open: bool, width: u16) -> Vec<Line> {
    let found = cause.finding();
    let sentence = match &cause.answer {
        Answer::TooSoon { needs } => format!("needs {needs}"),
        Answer::Found(finding) if width < WIDE => format!("{} ({})", finding.message, finding.grade.word()),
        _ => cause.message().to_owned(),
    };
    let mut line = state(&cause.answer);
    pad(&mut line, CODE);
    line.push((if found.is_some() { Role::Strong } else { Role::Plain }, cause.code.to_owned()));
    let role = if found.is_some() { Role::Plain } else { Role::Faint };
    let whole = open || found.is_some();
    let mut lines = match width {
        0..NARROW => {
            let below = if whole { wrap_beside(Line::new(), INDENT, role, &sentence, width) } else { Vec::new() };
            std::iter::once(line).chain(below).collect()
        }
        NARROW.. => {
            let room = if width >= WIDE { width - GRADE } else { width };
            let text = if whole { sentence } else { format::fit(&sentence, room - ANSWER - 1) };
            wrap_beside(line, ANSWER, role, &text, room)
        }
    };
    if let (Some(finding), Some(first), WIDE..) = (found, lines.first_mut(), width) {
        pad(first, width - GRADE);
        first.push((Role::Faint, finding.grade.word().to_owned()));
    }
    if open {
        lines.extend(opened(scene, cause, found, width));
    }
    lines
}

fn state(answer: &Answer) -> Line {
    let (mark, role) = match answer {
        Answer::Found(finding) if finding.level >= Level::Oversubscribed => ("✗", Role::Alarm),
        Answer::Found(finding) if finding.level == Level::Healthy => ("✓", Role::Live),
        Answer::Found(_) => ("✗", Role::Waiting),
        Answer::Clear { .. } => ("✓", Role::Live),
        Answer::TooSoon { .. } => ("…", Role::Faint),
        Answer::CantTell { .. } => ("?", Role::Waiting),
    };
    vec![(role, format!(" {mark} {}", causes::word(answer)))]
}

fn opened(scene: &Scene, cause: &RuleAnswer, found: Option<&Finding>, width: u16) -> Vec<Line> {
    let mut facts: Vec<(String, Piece)> = vec![("asked".into(), (Role::Plain, cause.question.to_owned()))];
    if let Some(finding) = found {
        facts.push(("level".into(), (Role::Plain, finding.level.word().to_owned())));
        let evidence = finding.evidence.iter().take(MOST_EVIDENCE);
        facts.extend(evidence.map(|it| (it.what.clone(), (Role::Strong, it.value.clone()))));
        facts.extend(remedy(scene, finding));
    }
    let longest = facts.iter().map(|(label, _)| format::width(label)).max().unwrap_or(0);
    let label_width = longest.min(MOST_LABEL).min(width / 3);
    let mut lines = Vec::new();
    for (label, (role, text)) in facts {
        let label = vec![(Role::Faint, format!("     {}", format::fit(&label, label_width)))];
        lines.extend(wrap_beside(label, INDENT + label_width + 2, role, &text, width));
    }
    lines.push(Line::new());
    lines
}

fn remedy(scene: &Scene, finding: &Finding) -> Vec<(String, Piece)> {
    let remedy = &finding.remedy;
    let mut facts = Vec::new();
    let mut say = |label: &str, role, text: String| facts.push((label.to_owned(), (role, text)));
    if !remedy.text.is_empty() {
        say("fix", Role::Plain, remedy.text.clone());
    }
    if let Some(export) = &remedy.export {
        say("in the shell", Role::Capacity, export.clone());
    }
    if let Some(python) = &remedy.python {
        say("in Python", Role::Capacity, python.clone());
    }
    if !remedy.caps.is_empty() {
        say("as caps", Role::Plain, format!("{} (w tries other numbers)", remedy.caps));
        if let Some(predicted) = predicted(scene, &remedy.caps) {
            say("predicted", Role::Plain, predicted);
        }
    }
    facts
}

/// "2.0 of 2.0 CPUs wanted, a prediction from the last 1m00s"
fn predicted(scene: &Scene, caps: &Caps) -> Option<String> {
    let prediction = predict(scene, caps)?;
    Some(format!(
        "{} of {} CPUs wanted, {} got, a prediction from the last {}",
        format::cpus_in_words(prediction.wanted),
        format::cpus_in_words(scene.capacity.effective_cpus),
        format::cpus_in_words(prediction.got),
        format::duration(prediction.from_s)
    ))
}
