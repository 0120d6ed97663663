//! The causes that were found, as text, each with its evidence and its remedy; and how many were not.

use crate::data::scene::{Answer, Finding, Scene};
use crate::output::verdict::{found, pasteable};
use crate::present::format::clean;
use crate::present::lines::paste;
use crate::present::table::{Align, Table};

/// The causes that were found, the title above the first; nothing where none was.
pub(crate) fn found_sections(scene: &Scene) -> Vec<Vec<String>> {
    let mut sections: Vec<Vec<String>> = found(scene).map(|(code, finding)| cause(code, finding)).collect();
    if let Some(first) = sections.first_mut() {
        first.insert(0, "CAUSES FOUND".to_owned());
    }
    sections
}

/// How many causes have which answer; none where nothing was judged.
pub(crate) fn tally(scene: &Scene) -> Option<String> {
    let count = |belongs: fn(&Answer) -> bool| scene.judgements.iter().filter(|j| belongs(&j.answer)).count();
    let found = match count(|v| matches!(v, Answer::Found(_))) {
        0 => "no cause was found".to_owned(),
        found => format!("{found} found"),
    };
    let tally = format!(
        "Of {} causes looked for: {found}, {} ruled out, {} too soon to tell, {} can't be told.",
        scene.judgements.len(),
        count(|v| matches!(v, Answer::Clear { .. })),
        count(|v| matches!(v, Answer::TooSoon { .. })),
        count(|v| matches!(v, Answer::CantTell { .. })),
    );
    (!scene.judgements.is_empty()).then_some(tally)
}

/// One cause with its evidence and its remedy.
fn cause(code: &str, finding: &Finding) -> Vec<String> {
    let mut lines = vec![
        format!("  {code} ({}, {})", finding.level.word(), finding.grade.word()),
        format!("    {}", clean(&finding.message)),
    ];
    let mut evidence = Table::new(&[("", Align::Left), ("", Align::Left)]);
    for reading in &finding.evidence {
        evidence.row([clean(&reading.what), clean(&reading.value)]);
    }
    lines.extend(evidence.lines().into_iter().skip(1).map(|line| format!("      {line}")));
    if !finding.remedy.text.is_empty() {
        lines.push(format!("    What helps: {}", clean(&finding.remedy.text)));
    }
    lines.extend(paste(&pasteable(finding), "      "));
    lines
}
