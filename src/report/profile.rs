//! `tftop stack --sample`: what threads did over a while, as a table a group, and as folded stacks for a flame graph.

use std::fmt::Write as _;

use super::figure::{milliseconds, share};
use super::table::{Side, Table};
use crate::fact::{Pid, Text};
use crate::model::frames::Activity;
use crate::model::profile::{GroupProfile, Profile};
use crate::model::scene::Scene;

/// Operations and stages that a group's table lists.
const MOST_ROWS: usize = 15;
/// Looks below which a share is rough: with a hundred, half of them may be off by ten points by chance alone.
const FEW: u64 = 100;
/// The largest share of the time that threads may be stopped.
const LARGEST_SLOWDOWN: f64 = 0.01;

/// Whether threads were stopped.
#[derive(Clone, Copy)]
enum Stops {
    None,
    Some,
}

/// What the target's threads did within `wall_s` seconds.
pub fn text(scene: &Scene, pid: Pid, profile: &Profile, wall_s: f64) -> String {
    let mut text = format!("What threads of process {pid} do: {}\n", Text::from(scene.target.command.as_str()));
    let looks: u64 = profile.groups.values().map(|group| group.looks).sum();
    let took = share(Some(milliseconds(profile.taking_ns) / 1e3 / wall_s));
    let _ = writeln!(text, "{looks} looks at single threads within {wall_s:.1} s; looking took {took} of that time");
    let _ = writeln!(text, "{}", stop_line(profile, wall_s));
    let stops = if profile.stopped_ns == 0 { Stops::None } else { Stops::Some };
    for (label, group) in &profile.groups {
        add_group(&mut text, label, group, stops);
    }
    text
}

fn stop_line(profile: &Profile, wall_s: f64) -> String {
    if profile.stopped_ns == 0 {
        return "No thread was stopped.".to_owned();
    }
    let total_ms = milliseconds(profile.stopped_ns);
    let slowdown = total_ms / 1e3 / wall_s;
    let stops = profile
        .stops()
        .map_or_else(String::new, |(count, median)| format!(", {count} stacks; median {:.2} ms", milliseconds(median)));
    let over = match slowdown > LARGEST_SLOWDOWN {
        true => " More than the 1 % aimed at: a stop lasts longer where no CPU is free.",
        false => "",
    };
    format!(
        "Threads were stopped one at a time: {total_ms:.2} ms in all, {:.2} % of the time{stops}, longest {:.2} ms.{over}",
        slowdown * 100.0,
        milliseconds(profile.longest_stop_ns)
    )
}

fn add_group(text: &mut String, label: &str, group: &GroupProfile, stops: Stops) {
    let looks = group.looks;
    let of = |count: u64| share((looks > 0).then(|| count as f64 / looks as f64));
    let threads = group.threads.len();
    let noun = if threads == 1 { "thread" } else { "threads" };
    let _ = writeln!(text, "\n{}: {threads} {noun}, {looks} looks", Text::from(label));
    let mut parts: Vec<String> = Vec::new();
    for activity in Activity::ALL {
        let count = group.activities.get(&activity).copied().unwrap_or_default();
        if count > 0 || matches!(activity, Activity::Working | Activity::Spinning | Activity::Waiting) {
            parts.push(format!("{} {}", activity.word(), of(count)));
        }
    }
    for (count, what) in [(group.running, "running but not read"), (group.unreadable, "not readable")] {
        if count > 0 {
            parts.push(format!("{what} {}", of(count)));
        }
    }
    let _ = writeln!(text, "  {}", parts.join(", "));
    if group.running > 0 {
        let hint = match stops {
            Stops::None => {
                "a thread that runs is read only while it is stopped: --stop shows whether it works or spins"
            }
            Stops::Some => "threads that ran are missing where the time for stops was used up: sample longer",
        };
        let _ = writeln!(text, "  {hint}");
    }
    if looks < FEW {
        let points = 98.0 / (looks.max(1) as f64).sqrt();
        let _ = writeln!(text, "  few looks: a share may be off by {points:.0} points and more; sample longer");
    }
    let doings = group.doings();
    let columns = [("SHARE", Side::Right), ("LOOKS", Side::Right), ("DOES", Side::Left), ("WHAT", Side::Left)];
    let mut table = Table::new(&columns);
    for (activity, at, count) in doings.iter().take(MOST_ROWS) {
        table.row([of(*count), count.to_string(), activity.word().to_owned(), (*at).to_owned()]);
    }
    if !doings.is_empty() {
        for line in table.lines() {
            let _ = writeln!(text, "  {line}");
        }
    }
    if doings.len() > MOST_ROWS {
        let _ = writeln!(text, "  and {} more", doings.len() - MOST_ROWS);
    }
}

/// Folded stacks, one a line with its count: what flame graph programs read.
pub fn folded(profile: &Profile) -> String {
    let (lines, _) = profile.folded();
    lines.iter().fold(String::new(), |mut text, (stack, looks)| {
        let _ = writeln!(text, "{stack} {looks}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::{Address, End, Frame, Stack, Stacks, State, Taken, Tid};
    use crate::model::frames::Meanings;

    fn profile() -> Profile {
        let stack = |tid: u32, state, taken, names: &[&str]| {
            let frame =
                |name: &&str| Frame { address: Some(Address(1)), symbol: Some((*name).into()), ..Frame::default() };
            let frames = names.iter().map(frame).collect();
            Stack { tid: Tid(tid), state, taken, frames, end: End::Outermost, gaps: Vec::new() }
        };
        let worker = "Eigen::ThreadPoolTempl::WorkerLoop";
        let stacks = Stacks {
            stacks: vec![
                stack(
                    8,
                    State::Running,
                    Taken::Stopped { stop_ns: 180_000 },
                    &["tensorflow::MatMulOp::Compute", worker],
                ),
                stack(9, State::Sleeping, Taken::WithoutStop, &["Eigen::ThreadPoolTempl::WaitForWork", worker]),
                stack(10, State::Running, Taken::Not { why: "it is running".to_owned() }, &[]),
            ],
            wall_ns: 4_000_000,
            stopped_ns: 180_000,
            longest_stop_ns: 180_000,
            ..Stacks::default()
        };
        let mut profile = Profile::default();
        for _ in 0..2 {
            profile.add(&stacks, &mut Meanings::builtin(), |_| "TF intra-op");
        }
        profile
    }

    #[test]
    fn a_group_is_told_apart_and_few_looks_are_said() {
        let expected = "\
What threads of process 7 do: 
6 looks at single threads within 0.1 s; looking took 8 % of that time
Threads were stopped one at a time: 0.36 ms in all, 0.36 % of the time, 2 stacks; median 0.18 ms, longest 0.18 ms.

TF intra-op: 3 threads, 6 looks
  working 33 %, spinning 0 %, waiting 33 %, running but not read 33 %
  threads that ran are missing where the time for stops was used up: sample longer
  few looks: a share may be off by 40 points and more; sample longer
  SHARE  LOOKS  DOES     WHAT
   33 %      2  working  MatMulOp
   33 %      2  waiting  waits for work (Eigen)
";
        assert_eq!(text(&Scene::default(), Pid(7), &profile(), 0.1), expected);
    }

    #[test]
    fn a_slowdown_beyond_what_was_aimed_at_is_said() {
        let text = text(&Scene::default(), Pid(7), &profile(), 0.02);
        assert!(text.contains("1.80 % of the time") && text.contains("More than the 1 % aimed at"), "{text}");
    }

    #[test]
    fn folded_stacks_end_with_their_count() {
        let expected = "\
TF intra-op;waiting;Eigen::ThreadPoolTempl::WorkerLoop;Eigen::ThreadPoolTempl::WaitForWork 2
TF intra-op;working;Eigen::ThreadPoolTempl::WorkerLoop;tensorflow::MatMulOp::Compute 2
";
        assert_eq!(folded(&profile()), expected);
    }
}
