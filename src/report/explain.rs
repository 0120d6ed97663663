//! `tftop explain`: every cause with its answer, as text.

use super::causes::found_sections;
use super::lines::{clean, joined};
use super::text::gaps;
use super::verdict;
use crate::model::Scene;
use crate::model::finding::{Judgement, Verdict};

/// The page: the verdict, then every cause. What was found comes first, what was ruled out last.
pub fn explain(scene: &Scene) -> String {
    let mut sections = vec![verdict::section(scene), vec![about(scene)]];
    sections.extend(found_sections(scene));
    let others: [(&str, fn(&Verdict) -> bool); 3] = [
        ("CAN'T TELL: evidence is missing that more time will not bring", |v| matches!(v, Verdict::CantTell { .. })),
        ("TOO SOON: each needs", |v| matches!(v, Verdict::TooSoon { .. })),
        ("RULED OUT", |v| matches!(v, Verdict::Clear { .. })),
    ];
    for (title, belongs) in others {
        let those = scene.judgements.iter().filter(|judgement| belongs(&judgement.verdict));
        let lines: Vec<String> = those.flat_map(answer).collect();
        sections.extend((!lines.is_empty()).then(|| [vec![title.to_owned()], lines].concat()));
    }
    sections.push(gaps(scene));
    joined(sections)
}

/// Who is explained.
fn about(scene: &Scene) -> String {
    format!("pid {}  {}", scene.target.pid, clean(&scene.target.command))
}

/// One cause that was not found: its question and the answer.
fn answer(judgement: &Judgement) -> [String; 2] {
    [format!("  {}: {}", judgement.code, judgement.asks), format!("    {}", clean(judgement.because()))]
}
