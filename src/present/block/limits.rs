//! What limits a group: every source with its number, the one that counts marked, and the knob.

use crate::data::limits::{Knob, Limit, Limits};
use crate::data::scene::{CapCheck, Group};
use crate::present::block::caps;
use crate::present::format;
use crate::present::line::{Line, NARROW, Role, pad, wrap_beside};

/// Most sources that are listed.
const MOST_SOURCES: usize = 64;
/// Where a source's name begins, and the words on it.
const SOURCE: u16 = 11;
const WORDS: u16 = 36;
/// From this width on the words on a source stand in columns.
const WIDE: u16 = 146;
/// Cells of those columns.
const STATE: u16 = 45;
const BOUNDS: u16 = 14;
const KNOWN: u16 = 14;

/// The group, its sources the strongest first, and how to change it.
pub fn lines(group: &Group, check: Option<&CapCheck>, width: u16) -> Vec<Line> {
    let limits = &group.limits;
    let mut lines = vec![head(group)];
    if let Some(check) = check {
        let (glyph, role) = caps::mark(check.outcome);
        let mut line = vec![(role, format!(" {glyph} {:>6}", check.value))];
        pad(&mut line, SOURCE);
        line.push((Role::Strong, "cap at its start".to_owned()));
        lines.extend(wrap_beside(line, WORDS, role, &format!("{}: {}", check.outcome.word(), check.message), width));
    }
    for (at, limit) in limits.all.iter().enumerate().take(MOST_SOURCES) {
        lines.extend(source(limit, limits.effective == Some(at), width));
    }
    if limits.all.is_empty() {
        let why = match limits.knob {
            Knob::NotRead => "not known: the settings of its process were not read",
            Knob::OwnSetting(_) => "its library has its own setting, whose value is not read",
            Knob::AsCoded => "set by the program; only CPU affinity limits them",
            _ => "no limit configured",
        };
        lines.extend(wrap_beside(
            vec![(Role::Faint, format!("   {:>6}", format::MISSING))],
            SOURCE,
            Role::Plain,
            why,
            width,
        ));
    }
    if limits.knob.is_known() {
        let label = vec![(Role::Faint, "     knob".to_owned())];
        lines.extend(wrap_beside(label, SOURCE, Role::Faint, limits.knob.text(), width));
    }
    lines.push(Line::new());
    lines
}

/// "TF intra-op  3 threads, limit 2 per process ! 1 beyond it, wanted 2.60 CPUs"
fn head(group: &Group) -> Line {
    let threads = format::count(group.threads as usize, "thread", "threads");
    let wants = group.demand.map_or(String::new(), |it| format!(", wanted {} CPUs", format::cpus(it.wanted)));
    let limits = &group.limits;
    let limit = match limits.effective() {
        Some(limit) => format!("limit {} {}", limit.value, limit.applies_to.word()),
        None => limits.absence().to_owned(),
    };
    let mut line = vec![
        (Role::Strong, format!(" {}", format::fit(&group.label, 40))),
        (Role::Plain, format!("  {threads}, {limit}")),
    ];
    if limits.exceeded_by > 0 {
        line.push((Role::Alarm, format!(" ! {} beyond it", limits.exceeded_by)));
    }
    line.push((Role::Plain, wants));
    line
}

fn source(limit: &Limit, counts: bool, width: u16) -> Vec<Line> {
    let (mark, role) = if counts { ("◄", Role::Capacity) } else { (" ", Role::Plain) };
    let mut line = vec![(role, format!(" {mark} {:>6}", limit.value))];
    pad(&mut line, SOURCE);
    line.push((if counts { Role::Strong } else { Role::Plain }, format::fit(limit.source.text(), WORDS - SOURCE - 1)));
    let state = match (counts, &limit.overruled) {
        (true, _) => "counts",
        (false, Some(why)) => why,
        (false, None) => "does not count",
    };
    if width >= WIDE {
        let mut x = WORDS;
        for (text, room) in [(state, STATE), (limit.applies_to.word(), BOUNDS), (limit.grade.word(), KNOWN)] {
            pad(&mut line, x);
            line.push((Role::Plain, format::fit(text, room - 1)));
            x += room;
        }
        return wrap_beside(line, x, Role::Plain, &limit.place, width);
    }
    let facts = [state, limit.applies_to.word(), limit.grade.word(), &limit.place];
    let facts: Vec<&str> = facts.into_iter().filter(|fact| !fact.is_empty()).collect();
    let facts = facts.join(" · ");
    if width >= NARROW {
        return wrap_beside(line, WORDS, Role::Plain, &facts, width);
    }
    let mut lines = vec![line];
    lines.extend(wrap_beside(Line::new(), SOURCE, Role::Faint, &facts, width));
    lines
}

/// The limit that counts in a word or two: "3", "no limit", "as coded".
pub fn short(limits: &Limits) -> String {
    match limits.effective() {
        Some(limit) if limit.value > 99_999 => ">99999".to_owned(),
        Some(limit) => limit.value.to_string(),
        None if !limits.knob.is_known() => format::MISSING.to_owned(),
        None => limits.absence().to_owned(),
    }
}
