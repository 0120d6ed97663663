//! Sections that the report and `tftop explain` have in common: the verdict, the causes that were found, what is missing.

use crate::data::scene::{Finding, Scene};
use crate::present::format::clean;
use crate::present::section;
use crate::present::section::{indented, paste, titled};
use crate::present::table::{Align, Table};
use crate::present::verdict::{
    HELD_TITLE, found, held, held_note, next_step, notes, pasteable, pasteable_advice, title,
};

/// The one sentence, and what to do about it.
pub(crate) fn verdict(scene: &Scene) -> Vec<String> {
    let message = clean(&scene.headline.message);
    let mut lines = vec![format!("{}  {message}", title(&scene.headline)).trim_end().to_owned()];
    let next = next_step(scene);
    lines.extend((!next.is_empty()).then(|| clean(&next)));
    lines.extend(paste(&pasteable_advice(&scene.headline), "  "));
    lines
}

/// How long each verdict held; nothing where a moment was judged and no span.
pub(crate) fn held_verdicts(scene: &Scene) -> Vec<String> {
    let Some(span) = scene.recorded.as_ref().and_then(|moment| moment.span.as_ref()) else { return Vec::new() };
    let lines = std::iter::once(held_note(span)).chain(held(span).lines());
    titled(&HELD_TITLE.to_uppercase(), indented(lines, "  "))
}

/// The causes that were found, the title above the first, then notes; nothing where there are none.
pub(crate) fn causes_found(scene: &Scene) -> Vec<Vec<String>> {
    let mut sections: Vec<Vec<String>> = found(scene).map(|(code, finding)| cause(code, finding)).collect();
    if let Some(first) = sections.first_mut() {
        first.insert(0, "CAUSES FOUND".to_owned());
    }
    sections.push(titled("NOTES", notes(scene).map(|note| format!("  {}", clean(note))).collect()));
    sections.retain(|section| !section.is_empty());
    sections
}

/// What is missing, and why.
pub(crate) fn gaps(scene: &Scene) -> Vec<String> {
    titled("MISSING", indented(section::gaps(&scene.gaps), "  "))
}

/// One cause with its evidence and its remedy.
fn cause(code: &str, finding: &Finding) -> Vec<String> {
    let mut lines = vec![
        format!("  {code} ({}, {})", finding.level.word(), finding.grade.word()),
        format!("    {}", clean(&finding.message)),
    ];
    let mut evidence = Table::untitled([Align::Left; 2]);
    for reading in &finding.evidence {
        evidence.row([reading.what.clone(), reading.value.clone()]);
    }
    lines.extend(indented(evidence.body(), "      "));
    if !finding.remedy.text.is_empty() {
        lines.push(format!("    What helps: {}", clean(&finding.remedy.text)));
    }
    lines.extend(paste(&pasteable(finding), "      "));
    lines
}
