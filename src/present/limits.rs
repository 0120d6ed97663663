//! What limits each group: every source, which one counts, and what would change it.

use crate::data::limits::{AppliesTo, Knob, Limit, Limits};
use crate::data::scene::{Group, Scene};
use crate::present::format::{MISSING_ASCII, clean};
use crate::present::table::{Align, Table};

const COLUMNS: [(&str, Align); 6] = [
    ("ORIGIN", Align::Left),
    ("THREADS", Align::Right),
    ("LIMIT", Align::Right),
    ("SOURCE", Align::Left),
    ("WHERE", Align::Left),
    ("COUNTS?", Align::Left),
];

/// One row a source, the strongest first; groups that nothing limits have one row, too. Groups without threads have none.
pub(crate) fn table(scene: &Scene) -> Table {
    let mut table = Table::new(&COLUMNS);
    living(scene).flat_map(group_rows).for_each(|row| table.row(row));
    table
}

/// How each group can be capped: "TF intra-op: tf.config or …". Groups with the same words stand together.
pub(crate) fn knobs(scene: &Scene) -> Vec<String> {
    let mut knobs: Vec<(String, String)> = Vec::new();
    for group in living(scene).filter(|group| group.limits.knob.is_known()) {
        let label = clean(&group.label);
        match knobs.iter_mut().find(|(_, knob)| *knob == group.limits.knob.text()) {
            Some((labels, _)) => labels.extend([", ", &label]),
            None => knobs.push((label, clean(group.limits.knob.text()))),
        }
    }
    knobs.into_iter().map(|(labels, knob)| format!("{labels}: {knob}")).collect()
}

fn living(scene: &Scene) -> impl Iterator<Item = &Group> {
    scene.groups.iter().filter(|group| group.threads > 0)
}

fn group_rows(group: &Group) -> Vec<[String; 6]> {
    let limits = &group.limits;
    let mut rows = Vec::new();
    if limits.effective().is_none() {
        let known = limits.knob.is_known() && !matches!(limits.knob, Knob::OwnSetting(_));
        let remark = if known { "no limit configured" } else { limits.absence() };
        rows.push(
            [if known { "none" } else { MISSING_ASCII }, MISSING_ASCII, MISSING_ASCII, remark].map(str::to_owned),
        );
    }
    for (at, limit) in limits.all.iter().enumerate() {
        let counts = limits.effective == Some(at);
        let remark = if counts { remark(limit, limits) } else { overruled(limit) };
        rows.push([limit.value.to_string(), limit.source.text().to_owned(), limit.place.clone(), remark]);
    }
    let named = |(at, [limit, source, place, remark]): (usize, [String; 4])| {
        let first = at == 0;
        let label = if first { group.label.clone() } else { String::new() };
        let threads = if first { group.threads.to_string() } else { String::new() };
        [label, threads, limit, source, place, remark]
    };
    rows.into_iter().enumerate().map(named).collect()
}

/// What the limit that counts bounds, how it is known, and whether reality exceeds it.
fn remark(limit: &Limit, limits: &Limits) -> String {
    let mut remark = format!("yes, {}", limit.grade.word());
    match (limit.applies_to, limits.processes.len()) {
        (AppliesTo::Pool, 0 | 1) => {}
        (applies_to, 0 | 1) => remark.extend([", ", applies_to.word()]),
        (AppliesTo::Pool, processes) => remark += &format!(", in each of {processes} processes"),
        (applies_to, processes) => remark += &format!(", {} in each of {processes} processes", applies_to.word()),
    }
    if limits.exceeded_by > 0 {
        remark += &format!("; exceeded by {}", limits.exceeded_by);
    }
    remark
}

fn overruled(limit: &Limit) -> String {
    format!("no, {}", limit.overruled.as_deref().unwrap_or("another counts"))
}
