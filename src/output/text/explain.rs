//! `tftop explain`: every cause with its answer, as text.

use crate::data::scene::{Answer, RuleAnswer, Scene};
use crate::output::text::sections::{causes_found, gaps, held_verdicts, process, verdict};
use crate::present::format::clean;
use crate::present::format::page::{Page, PageRow, rows, section};
use crate::present::line::Role;
use crate::present::verdict::recorded;

/// The page: the verdict, then every cause. What was found comes first, what was ruled out last.
pub fn explain(scene: &Scene, page: Page) -> String {
    let mut sections = vec![verdict(scene), about(scene, page), held_verdicts(scene)];
    sections.extend(causes_found(scene));
    sections.push(answers(scene, "CAN'T TELL (watching longer won't help)", |answer| {
        matches!(answer, Answer::CantTell { .. })
    }));
    sections.push(answers(scene, "TOO SOON (each still needs)", |answer| matches!(answer, Answer::TooSoon { .. })));
    sections.push(answers(scene, "RULED OUT", |answer| matches!(answer, Answer::Clear { .. })));
    sections.push(gaps(scene));
    page.print(sections)
}

/// The causes with one kind of answer; nothing where there are none.
fn answers(scene: &Scene, title: &str, belongs: fn(&Answer) -> bool) -> Vec<PageRow> {
    let those = scene.judgements.iter().filter(|judgement| belongs(&judgement.answer));
    section(title, those.flat_map(answer).collect())
}

/// Who is explained.
fn about(scene: &Scene, page: Page) -> Vec<PageRow> {
    rows(scene.recorded.iter().map(recorded)).into_iter().chain([process(scene, page)]).collect()
}

/// One cause that was not found: its question and the answer.
fn answer(judgement: &RuleAnswer) -> [PageRow; 2] {
    let question = PageRow::led(Role::Strong, format!("  {}", judgement.code), format!(": {}", judgement.question));
    [question, PageRow::text(format!("    {}", clean(judgement.message())))]
}
