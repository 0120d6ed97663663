//! When each thread of a group ran, a cell for a stretch of time: of the group how many ran, of each thread what it did most.

use crate::data::scene::{Lane, Lanes, Scene};
use crate::present::block::concurrency;
use crate::present::format;
use crate::present::line::{Line, Role, wrapped};

/// Columns of names, at least and at most.
const NAMES: (u16, u16) = (18, 34);
/// Behind the name of a group whose threads no look saw.
const UNSEEN: &str = "ended between looks";
/// Most threads of one group that stand there.
const MOST_LANES: usize = 512;

/// What the glyphs mean.
pub(crate) const LEGEND: [(Role, &str); 4] = [
    (Role::Got, "▁▄█ ran"),
    (Role::Waiting, "░▒ preempted, waited for a CPU"),
    (Role::Faint, "· blocked, or just woken"),
    (Role::Plain, "2 so many of the group ran"),
];

/// Nanoseconds since boot of the first and of the last cell.
fn shown_span(lanes: &Lanes, seconds: u8) -> (u64, u64) {
    (lanes.to_ns.saturating_sub(u64::from(seconds) * 1_000_000_000), lanes.to_ns)
}

fn ran(lane: &Lane, (from_ns, to_ns): (u64, u64)) -> bool {
    let [running, preempted, _] = lane.times(from_ns, to_ns);
    running + preempted > 0
}

/// The groups with a thread that ran in the last seconds, in their order; none: threads that no look saw.
pub(crate) fn groups(lanes: &Lanes, seconds: u8) -> Vec<Option<usize>> {
    let span = shown_span(lanes, seconds);
    let mut groups: Vec<_> = lanes.threads.iter().filter(|lane| ran(lane, span)).map(|lane| lane.group).collect();
    groups.dedup();
    groups
}

/// The lanes of a group, or of threads that no look saw; none where none of its threads ran in the seconds shown.
pub fn lines(scene: &Scene, group: Option<usize>, seconds: u8, width: u16) -> Vec<Line> {
    let Some(trace) = &scene.trace else { return Vec::new() };
    let (from_ns, to_ns) = shown_span(&trace.lanes, seconds);
    let of_group = trace.lanes.threads.iter().filter(|lane| lane.group == group);
    let lanes: Vec<&Lane> = of_group.filter(|lane| ran(lane, (from_ns, to_ns))).collect();
    if lanes.is_empty() {
        return Vec::new();
    }
    let names = (width / 4).clamp(NAMES.0, NAMES.1);
    let cells = width.saturating_sub(names + 1).max(1);
    let cell = |at: u16| {
        let edge = |at: u16| from_ns + (to_ns - from_ns) * u64::from(at) / u64::from(cells);
        (edge(at), edge(at + 1))
    };
    let label = group.and_then(|at| scene.groups.get(at)).map_or(UNSEEN, |group| group.label.as_str());
    let mut head = vec![(Role::Strong, name(&format!("{label} ({})", lanes.len()), names))];
    for at in 0..cells {
        let (from_ns, to_ns) = cell(at);
        let ran: u64 = lanes.iter().map(|lane| lane.times(from_ns, to_ns)[0]).sum();
        push(&mut head, many(ran as f64 / to_ns.saturating_sub(from_ns).max(1) as f64));
    }
    let mut lines = vec![head];
    let concurrency = group.and_then(|group| concurrency::of_group(trace, group));
    lines.extend(concurrency.iter().flat_map(|words| wrapped(Role::Faint, words, "  ", width)));
    for lane in lanes.iter().take(MOST_LANES) {
        let mut line = vec![(Role::Plain, name(&format!("  {} {}", lane.tid, format::clean(&lane.name)), names))];
        for at in 0..cells {
            push(&mut line, glyph(lane, cell(at)));
        }
        lines.push(line);
    }
    if lanes.len() > MOST_LANES {
        lines.push(vec![(Role::Faint, format!("  and {} more", lanes.len() - MOST_LANES))]);
    }
    lines
}

fn name(text: &str, columns: u16) -> String {
    let text = format::fit(text, columns);
    let blanks = usize::from(columns.saturating_sub(format::width(&text)) + 1);
    text + &" ".repeat(blanks)
}

/// Pieces of one role grow together.
fn push(line: &mut Line, (role, glyph): (Role, &str)) {
    match line.last_mut() {
        Some((last, text)) if *last == role => text.push_str(glyph),
        _ => line.push((role, glyph.to_owned())),
    }
}

/// How many threads ran, rounded; a little is not nothing.
fn many(ran: f64) -> (Role, &'static str) {
    const DIGITS: [&str; 10] = ["·", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
    match ran {
        none if none <= 0.0 => (Role::Faint, " "),
        little if little < 0.5 => (Role::Faint, "·"),
        many => (Role::Got, DIGITS.get(many.round() as usize).copied().unwrap_or("+")),
    }
}

/// How long a thread ran, by height; or that it was preempted longer than it ran, most of the time or less.
fn glyph(lane: &Lane, (from_ns, to_ns): (u64, u64)) -> (Role, &'static str) {
    const HEIGHTS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
    let [running, preempted, blocked] = lane.times(from_ns, to_ns);
    let share = |ns: u64| ns as f64 / to_ns.saturating_sub(from_ns).max(1) as f64;
    match (running, preempted) {
        (0, 0) if blocked > 0 => (Role::Faint, "·"),
        (0, 0) => (Role::Faint, " "),
        (running, preempted) if preempted > running => (Role::Waiting, if share(preempted) > 0.5 { "▒" } else { "░" }),
        (running, _) => (Role::Got, HEIGHTS[((share(running) * 8.0).round() as usize).clamp(1, 8) - 1]),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::data::Tid;
    use crate::data::scene::{Group, LaneSpan, LaneState, Trace};

    fn scene() -> Scene {
        let second = 1_000_000_000;
        let spans = |spans: &[(u64, LaneState)]| {
            spans.iter().map(|&(at, state)| LaneSpan { from_ns: at * second / 10, state }).collect()
        };
        let lane =
            |tid, spans| Lane { tid: Tid(tid), group: Some(0), name: "pool".to_owned(), spans, ..Lane::default() };
        let threads = vec![
            lane(7, spans(&[(0, LaneState::Running), (5, LaneState::Preempted), (7, LaneState::Blocked)])),
            lane(8, spans(&[(0, LaneState::Blocked), (5, LaneState::Running), (9, LaneState::Gone)])),
            lane(9, spans(&[(0, LaneState::Blocked)])),
        ];
        let lanes = Lanes { from_ns: 0, to_ns: second, threads };
        let group = Group { label: "intra-op".to_owned(), ..Group::default() };
        let trace = Trace { lanes: Arc::new(lanes), ..Trace::default() };
        Scene { groups: vec![group], trace: Some(trace), ..Scene::default() }
    }

    #[test]
    fn threads_that_ran_have_a_lane_and_the_group_says_how_many() {
        let text = |line: &Line| line.iter().map(|(_, text)| text.as_str()).collect::<String>();
        let lines: Vec<String> = lines(&scene(), Some(0), 1, 29).iter().map(text).collect();
        assert_eq!(
            lines,
            ["intra-op (2)       111111111 ", "  7 pool           █████▒▒···", "  8 pool           ·····████ "]
        );
    }

    #[test]
    fn a_group_without_a_thread_that_ran_has_no_lines() {
        assert!(super::lines(&scene(), None, 1, 80).is_empty());
        assert!(super::lines(&Scene::default(), Some(0), 1, 80).is_empty());
    }
}
