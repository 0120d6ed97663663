//! Sections that the report and `tftop explain` have in common: the verdict, the causes that were found, what is missing.

use crate::data::scene::{Finding, Scene};
use crate::present::block::trace;
use crate::present::format::page;
use crate::present::format::page::{Page, PageRow, rows};
use crate::present::format::{clean, command_of_many};
use crate::present::line::Role;
use crate::present::section;
use crate::present::section::{indented, paste};
use crate::present::table::{Align, Table};
use crate::present::verdict::{
    HELD_TITLE, found, held, held_note, next_step, notes, pasteable, pasteable_advice, role, title,
};

/// The one sentence, and what to do about it.
pub(crate) fn verdict(scene: &Scene) -> Vec<PageRow> {
    let message = clean(&scene.headline.message);
    let message = if message.is_empty() { message } else { format!("  {message}") };
    let mut lines = vec![PageRow::led(role(scene.headline.condition), title(&scene.headline), message)];
    let next = next_step(scene);
    lines.extend((!next.is_empty()).then(|| PageRow::text(clean(&next))));
    lines.extend(copyable(&pasteable_advice(&scene.headline), "  "));
    lines
}

/// "pid 2430  python train.py", in one line.
pub(crate) fn process(scene: &Scene, page: Page) -> PageRow {
    let pid = format!("pid {}  ", scene.target.pid);
    let command = clean(&scene.target.command);
    let room = page.beside(u16::try_from(pid.len()).unwrap_or(u16::MAX));
    let command = room.map_or_else(|| command.clone(), |room| command_of_many(&command, room));
    PageRow::whole(Role::Plain, pid + &command)
}

fn copyable(lines: &[(&'static str, String)], indent: &str) -> Vec<PageRow> {
    paste(lines, indent).into_iter().map(|line| PageRow::whole(Role::Capacity, line)).collect()
}

/// How long each verdict held; nothing where a moment was judged and no span.
pub(crate) fn held_verdicts(scene: &Scene) -> Vec<PageRow> {
    let Some(span) = scene.recorded.as_ref().and_then(|moment| moment.span.as_ref()) else { return Vec::new() };
    let lines = std::iter::once(held_note(span)).chain(held(span).lines());
    page::section(&HELD_TITLE.to_uppercase(), rows(indented(lines, "  ")))
}

/// The causes that were found, the title above the first, then notes; nothing where there are none.
pub(crate) fn causes_found(scene: &Scene) -> Vec<Vec<PageRow>> {
    let mut sections: Vec<Vec<PageRow>> = found(scene).map(|(code, finding)| cause(code, finding)).collect();
    if let Some(first) = sections.first_mut() {
        first.insert(0, PageRow::heading("CAUSES FOUND"));
    }
    sections
        .push(page::section("NOTES", notes(scene).map(|note| PageRow::text(format!("  {}", clean(note)))).collect()));
    sections.retain(|section| !section.is_empty());
    sections
}

/// What the trace of the scheduler shows; nothing without one.
pub(crate) fn trace(scene: &Scene) -> Vec<PageRow> {
    page::section("TRACE", trace::told(scene).iter().map(|line| PageRow::text(format!("  {}", clean(line)))).collect())
}

/// What is missing, and why.
pub(crate) fn gaps(scene: &Scene) -> Vec<PageRow> {
    page::section("MISSING", rows(indented(section::gaps(&scene.gaps), "  ")))
}

/// One cause with its evidence and its remedy.
fn cause(code: &str, finding: &Finding) -> Vec<PageRow> {
    let mut lines = vec![
        PageRow::led(
            Role::Strong,
            format!("  {code}"),
            format!(" ({}, {})", finding.level.word(), finding.grade.word()),
        ),
        PageRow::text(format!("    {}", clean(&finding.message))),
    ];
    let mut evidence = Table::untitled([Align::Left; 2]);
    for reading in &finding.evidence {
        evidence.row([reading.what.clone(), reading.value.clone()]);
    }
    lines.extend(rows(indented(evidence.body(), "      ")));
    if !finding.remedy.text.is_empty() {
        lines.push(PageRow::text(format!("    Fix: {}", clean(&finding.remedy.text))));
    }
    lines.extend(copyable(&pasteable(finding), "      "));
    lines
}
