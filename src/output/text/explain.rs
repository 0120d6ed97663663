//! `tftop explain`: every cause with its answer, as text.

use crate::data::scene::{Answer, RuleAnswer, Scene};
use crate::output::text::sections::{causes_found, gaps, held_verdicts, verdict};
use crate::present::format::clean;
use crate::present::section::{joined, titled};
use crate::present::verdict::recorded;

/// The page: the verdict, then every cause. What was found comes first, what was ruled out last.
pub fn explain(scene: &Scene) -> String {
    let mut sections = vec![verdict(scene), about(scene), held_verdicts(scene)];
    sections.extend(causes_found(scene));
    let missing = "CAN'T TELL: evidence is missing that more time will not bring";
    sections.push(section(scene, missing, |answer| matches!(answer, Answer::CantTell { .. })));
    sections.push(section(scene, "TOO SOON: each needs", |answer| matches!(answer, Answer::TooSoon { .. })));
    sections.push(section(scene, "RULED OUT", |answer| matches!(answer, Answer::Clear { .. })));
    sections.push(gaps(scene));
    joined(sections)
}

/// The causes with one kind of answer; nothing where there are none.
fn section(scene: &Scene, title: &str, belongs: fn(&Answer) -> bool) -> Vec<String> {
    let those = scene.judgements.iter().filter(|judgement| belongs(&judgement.answer));
    titled(title, those.flat_map(answer).collect())
}

/// Who is explained.
fn about(scene: &Scene) -> Vec<String> {
    let process = format!("pid {}  {}", scene.target.pid, clean(&scene.target.command));
    scene.recorded.iter().map(recorded).chain([process]).collect()
}

/// One cause that was not found: its question and the answer.
fn answer(judgement: &RuleAnswer) -> [String; 2] {
    [format!("  {}: {}", judgement.code, judgement.question), format!("    {}", clean(judgement.message()))]
}
