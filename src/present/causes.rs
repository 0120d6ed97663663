//! Causes by their answers: how many have which, and in which order they are read.

use crate::data::scene::{Answer, Level, Scene};

/// How many causes have which answer; none where nothing was judged.
pub(crate) fn tally(scene: &Scene) -> Option<String> {
    let count =
        |belongs: fn(&Answer) -> bool| scene.judgements.iter().filter(|j| !j.is_note() && belongs(&j.answer)).count();
    let notes = scene.judgements.iter().filter(|judgement| judgement.is_note()).count();
    let found = match count(|v| matches!(v, Answer::Found(_))) {
        0 => "no cause was found".to_owned(),
        found => format!("{found} found"),
    };
    let tally = format!(
        "Of {} causes looked for: {found}, {} ruled out, {} too soon to tell, {} can't be told.",
        scene.judgements.len(),
        notes + count(|v| matches!(v, Answer::Clear { .. })),
        count(|v| matches!(v, Answer::TooSoon { .. })),
        count(|v| matches!(v, Answer::CantTell { .. })),
    );
    (!scene.judgements.is_empty()).then_some(tally)
}

/// An answer in two words.
pub(crate) fn word(answer: &Answer) -> &'static str {
    match answer {
        Answer::Found(finding) if finding.level == Level::Healthy => "note",
        Answer::Found(_) => "found",
        Answer::Clear { .. } => "ruled out",
        Answer::TooSoon { .. } => "too soon",
        Answer::CantTell { .. } => "can't tell",
    }
}

/// In which order causes are read: found ones first, then what is open, then what is ruled out.
pub(crate) fn rank(answer: &Answer) -> u8 {
    match answer {
        Answer::Found(finding) if finding.level == Level::Healthy => 3,
        Answer::Found(_) => 0,
        Answer::CantTell { .. } => 1,
        Answer::TooSoon { .. } => 2,
        Answer::Clear { .. } => 3,
    }
}
