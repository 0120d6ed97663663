//! The caps a target was started with: whether each holds and how that is known, what the script asked for instead, and
//! whether the shim is in it.

use crate::data::sample::{HookFailure, OverruledSetting, ShimUse};
use crate::data::scene::{CapCheck, CheckOutcome, LaunchState};
use crate::present::format;
use crate::present::line::{Line, Role, pad, wrap_beside};

/// Most lines of one kind.
const MOST: usize = 32;
/// Where an outcome begins, and what is said of it.
const OUTCOME: u16 = 20;
const MESSAGE: u16 = 32;

/// The glyph of an outcome.
pub fn mark(outcome: CheckOutcome) -> (&'static str, Role) {
    match outcome {
        CheckOutcome::Held => ("✓", Role::Healthy),
        CheckOutcome::Exceeded => ("✗", Role::Alarm),
        CheckOutcome::Unverified => ("?", Role::Paused),
    }
}

/// "1 held ✓", or without room for words "1 ✓".
pub fn short(check: &CapCheck, words: WordRoom) -> (Role, String) {
    let (glyph, role) = mark(check.outcome);
    match words {
        WordRoom::Fit => (role, format!("{} {} {glyph}", check.value, check.outcome.word())),
        WordRoom::DoNot => (role, format!("{} {glyph}", check.value)),
    }
}

/// Whether there is room for words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WordRoom {
    /// There is.
    Fit,
    /// Marks alone.
    DoNot,
}

/// Caps that did not hold, in one line; none where all did as far as is known.
pub fn exceeded(launch: &LaunchState) -> Option<String> {
    let caps = launch.checks.iter().filter(|check| check.outcome == CheckOutcome::Exceeded);
    let caps: Vec<String> = caps.map(|check| format!("{} {}", check.cap, check.value)).collect();
    (!caps.is_empty()).then(|| format!("✗ cap exceeded: {}", caps.join(", ")))
}

/// Caps first, then the script's own wishes, then the shim.
pub fn lines(launch: &LaunchState, width: u16) -> Vec<Line> {
    let mut lines = vec![vec![(Role::Strong, " caps it was started with".to_owned())]];
    for check in &launch.checks {
        let (glyph, role) = mark(check.outcome);
        let mut line = vec![(role, format!(" {glyph} ")), (Role::Strong, format!("{:<8}", check.cap))];
        line.push((Role::Plain, format::fit(&check.value, OUTCOME - 12)));
        pad(&mut line, OUTCOME);
        line.push((role, check.outcome.word().to_owned()));
        lines.extend(wrap_beside(line, MESSAGE, Role::Plain, &check.message, width));
    }
    if launch.checks.is_empty() {
        lines.push(vec![(Role::Faint, "   none".to_owned())]);
    }
    let report = &launch.report;
    lines.extend(report.overruled.iter().take(MOST).flat_map(|it| fact("asked", &overruled(it), Role::Plain, width)));
    if let Some(more) = report.overruled.len().checked_sub(MOST + 1) {
        lines.extend(fact("", &format!("and {} settings more", more + 1), Role::Faint, width));
    }
    let (role, shim) = shim(launch);
    lines.extend(fact("shim", &shim, role, width));
    lines.extend(report.failures.iter().take(MOST).flat_map(|it| fact("", &failure(it), Role::Alarm, width)));
    lines.push(Line::new());
    lines
}

fn fact(label: &str, text: &str, role: Role, width: u16) -> Vec<Line> {
    wrap_beside(vec![(Role::Faint, format!("   {label}"))], 11, role, text, width)
}

/// "intra=8 at train.py:3, got 1"
fn overruled(it: &OverruledSetting) -> String {
    let at = it.at.as_ref().map_or_else(String::new, |at| format!(" at {at}"));
    format!("{}={}{at}, got {}", it.what, it.asked, it.got)
}

fn shim(launch: &LaunchState) -> (Role, String) {
    let does = match launch.fact.shim {
        ShimUse::Off => {
            return (Role::Faint, "none: what the script itself sets is not held, and not known".to_owned());
        }
        ShimUse::Record => "only reports what the script itself sets",
        ShimUse::Enforce => "holds the caps against what the script itself sets",
    };
    match launch.report.processes.len() {
        0 => (Role::Alarm, "not attached so far: what the environment and the CPUs hold still holds".to_owned()),
        count => (Role::Plain, format!("in {}, {does}", format::count(count, "process", "processes"))),
    }
}

fn failure(it: &HookFailure) -> String {
    let caps: Vec<&str> = it.caps.iter().map(|cap| cap.as_str()).collect();
    let held = if caps.is_empty() { String::new() } else { format!(" and no longer holds {}", caps.join(", ")) };
    format!("its part {} does not work here{held}: {}", it.hook, it.why)
}
