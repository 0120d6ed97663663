//! `tftop stack --sample`: what threads did over a while, as a table a group, as JSON (schema tftop.profile/1), and as
//! folded stacks for a flame graph.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use crate::data::scene::{Scene, StopTotals};
use crate::data::{Pid, Text};
use crate::model::activity::meaning::StackActivity;
use crate::model::activity::profile::{GroupProfile, Profile};
use crate::present::format::page::{Page, PageRow};
use crate::present::format::{count, milliseconds, percent_or_dash, rounded};
use crate::present::line::Role;
use crate::present::table::{Align, LastColumn, Table};

/// Name and version of the JSON contract.
pub const SCHEMA: &str = "tftop.profile/1";

/// Columns before a group's table.
const INDENT: u16 = 2;
/// Operations and stages that a group's table lists.
const MOST_ROWS: usize = 15;
/// Looks below which a share is rough: with a hundred, half of them may be off by ten points by chance alone.
const FEW: u64 = 100;
/// The largest share of the time that threads may be stopped.
const LARGEST_SLOWDOWN: f64 = 0.01;

/// What the target's threads did within `wall_s` seconds.
pub fn text(scene: &Scene, pid: Pid, (profile, wall_s): (&Profile, f64), page: Page) -> String {
    let looks: u64 = profile.groups.values().map(|group| group.looks).sum();
    let took = percent_or_dash(Some(milliseconds(profile.taking_ns) / 1e3 / wall_s));
    let stops = profile.stop_totals(wall_s);
    let head = vec![
        PageRow::heading(format!("What threads of process {pid} do: {}", Text::from(scene.target.command.as_str()))),
        PageRow::text(format!(
            "{looks} looks at single threads within {wall_s:.1} s; looking took {took} of that time"
        )),
        PageRow::text(stops.map_or_else(|| "No thread was stopped.".to_owned(), |stops| stop_line(&stops))),
    ];
    let groups = profile.groups.iter().map(|(label, group)| group_rows(label, group, page));
    page.print(std::iter::once(head).chain(groups))
}

/// How often threads were stopped, and for how long.
pub(crate) fn stop_line(stops: &StopTotals) -> String {
    let total_ms = milliseconds(stops.total_ns);
    let slowdown = total_ms / 1e3 / stops.sampled_s;
    let median = stops.median_ns.map_or_else(String::new, |median| format!(", median {:.2} ms", milliseconds(median)));
    let over = match slowdown > LARGEST_SLOWDOWN {
        true => " More than the 1 % aimed at: a stop lasts longer where no CPU is free.",
        false => "",
    };
    format!(
        "Threads were stopped one at a time: {total_ms:.2} ms in all, {:.2} % of the time, {} stops{median}, longest {:.2} ms.{over}",
        slowdown * 100.0,
        stops.count,
        milliseconds(stops.longest_ns)
    )
}

fn group_rows(label: &str, group: &GroupProfile, page: Page) -> Vec<PageRow> {
    let looks = group.looks;
    let of = |count: u64| percent_or_dash((looks > 0).then(|| count as f64 / looks as f64));
    let threads = count(group.threads.len(), "thread", "threads");
    let mut rows = vec![PageRow::of(Role::Strong, format!("{}: {threads}, {looks} looks", Text::from(label)))];
    let mut parts: Vec<String> = Vec::new();
    for activity in StackActivity::ALL {
        let count = group.activities.get(&activity).copied().unwrap_or_default();
        if count > 0 || matches!(activity, StackActivity::Working | StackActivity::Spinning | StackActivity::Waiting) {
            parts.push(format!("{} {}", activity.word(), of(count)));
        }
    }
    for (count, what) in [(group.running, "running but not read"), (group.unreadable, "not readable")] {
        if count > 0 {
            parts.push(format!("{what} {}", of(count)));
        }
    }
    rows.push(PageRow::text(format!("  {}", parts.join(", "))));
    let why = group.why_running().map(|why| format!("  not read mostly because {}", Text::from(why)));
    rows.extend(why.map(PageRow::text));
    if looks < FEW {
        let points = 98.0 / (looks.max(1) as f64).sqrt();
        let few = format!("  few looks: a share may be off by {points:.0} points and more; sample longer");
        rows.push(PageRow::of(Role::Faint, few));
    }
    let doings = group.doings();
    let columns = [("SHARE", Align::Right), ("LOOKS", Align::Right), ("DOES", Align::Left), ("WHAT", Align::Left)];
    let mut table = Table::new(&columns);
    for (activity, at, count) in doings.iter().take(MOST_ROWS) {
        table.row([of(*count), count.to_string(), activity.word().to_owned(), (*at).to_owned()]);
    }
    if !doings.is_empty() {
        let beside = Page { width: page.beside(INDENT), ..page };
        rows.extend(table.fitted(beside, LastColumn::Wraps).into_iter().map(|row| row.indented(INDENT)));
    }
    if doings.len() > MOST_ROWS {
        rows.push(PageRow::text(format!("  and {} more", doings.len() - MOST_ROWS)));
    }
    rows
}

/// Folded stacks, one a line with its count: what flame graph programs read.
pub fn folded(profile: &Profile) -> String {
    let (lines, _) = profile.folded();
    lines.iter().fold(String::new(), |mut text, (stack, looks)| {
        let _ = writeln!(text, "{stack} {looks}");
        text
    })
}

/// Whether folded stacks are a part of the JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folded {
    /// They are.
    Within,
    /// They are not: nobody asked for them, or they are written to a file of their own.
    Apart,
}

/// The same as one JSON object, without a newline at its end.
pub fn json(scene: &Scene, pid: Pid, profile: &Profile, wall_s: f64, folded: Folded) -> serde_json::Result<String> {
    let line = |(stack, looks)| FoldedJson { stack, looks };
    serde_json::to_string_pretty(&ProfileJson {
        schema: SCHEMA,
        pid: pid.0,
        command: &scene.target.command,
        wall_s: rounded(wall_s),
        rounds: profile.rounds,
        taking_ms: milliseconds(profile.taking_ns),
        stops: StopsJson::new(profile, wall_s),
        groups: profile.groups.iter().map(|(label, group)| ProfileGroupJson::new(label, group)).collect(),
        folded: (folded == Folded::Within).then(|| profile.folded().0.into_iter().map(line).collect()),
    })
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ProfileJson<'a> {
    schema: &'static str,
    pid: u32,
    command: &'a str,
    wall_s: f64,
    /// Times that stacks were taken; of each thread or of some.
    rounds: u64,
    /// Time of taking them.
    taking_ms: f64,
    stops: StopsJson,
    groups: Vec<ProfileGroupJson<'a>>,
    /// Null where they were not asked for.
    folded: Option<Vec<FoldedJson<'a>>>,
}

/// Threads are stopped one at a time.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct StopsJson {
    /// Stops that gave a stack.
    count: usize,
    /// Of those; null where there was none.
    median_ms: Option<f64>,
    /// Of all stops, those that gave no stack included.
    longest_ms: f64,
    stopped_ms: f64,
    /// Of `wall_s`.
    stopped_share: f64,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ProfileGroupJson<'a> {
    label: &'a str,
    /// Null where it is not known.
    origin: Option<&'a str>,
    library: Option<&'a str>,
    /// Threads that were there at least once.
    threads: usize,
    looks: u64,
    /// Looks by what the thread did: "working", "spinning", "waiting", "unknown".
    activities: BTreeMap<&'static str, u64>,
    /// Looks at threads that ran and could not be read: only a stop reads them.
    running_not_read: u64,
    /// Looks that failed for another reason.
    not_readable: u64,
    /// The most seen first.
    doings: Vec<DoingJson<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct DoingJson<'a> {
    activity: &'static str,
    /// At which operation, stage or wait.
    at: &'a str,
    looks: u64,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct FoldedJson<'a> {
    /// Outermost first, with semicolons between.
    stack: &'a str,
    looks: u64,
}

impl StopsJson {
    fn new(profile: &Profile, wall_s: f64) -> Self {
        let stops = profile.stops();
        let stopped_ms = milliseconds(profile.stopped_ns);
        Self {
            count: stops.map_or(0, |(count, _)| count),
            median_ms: stops.map(|(_, median)| milliseconds(median)),
            longest_ms: milliseconds(profile.longest_stop_ns),
            stopped_ms,
            stopped_share: rounded(stopped_ms / 1e3 / wall_s),
        }
    }
}

impl<'a> ProfileGroupJson<'a> {
    fn new(label: &'a str, group: &'a GroupProfile) -> Self {
        let of = |activity| group.activities.get(&activity).copied().unwrap_or_default();
        let doing =
            |(activity, at, looks): (StackActivity, &'a str, u64)| DoingJson { activity: activity.word(), at, looks };
        Self {
            label,
            origin: group.key.as_ref().map(|key| &*key.origin),
            library: group.key.as_ref().and_then(|key| key.library.as_deref()),
            threads: group.threads.len(),
            looks: group.looks,
            activities: StackActivity::ALL.into_iter().map(|activity| (activity.word(), of(activity))).collect(),
            running_not_read: group.running,
            not_readable: group.unreadable,
            doings: group.doings().into_iter().map(doing).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::sample::{Frame, Stack, StackEnd, StackMethod, Stacks, ThreadState};
    use crate::data::scene::GroupKey;
    use crate::data::{Address, Tid};
    use crate::model::activity::meaning::MeaningCache;
    use crate::model::activity::profile::ProfiledGroup;

    fn profile() -> Profile {
        let stack = |tid: u32, state, taken, names: &[&str]| {
            let frame =
                |name: &&str| Frame { address: Some(Address(1)), symbol: Some((*name).into()), ..Frame::default() };
            let frames = names.iter().map(frame).collect();
            Stack { tid: Tid(tid), state, taken, frames, end: StackEnd::Outermost, gaps: Vec::new() }
        };
        let worker = "Eigen::ThreadPoolTempl::WorkerLoop";
        let stacks = Stacks {
            stacks: vec![
                stack(
                    8,
                    ThreadState::Running,
                    StackMethod::Stopped { stop_ns: 180_000 },
                    &["tensorflow::MatMulOp::Compute", worker],
                ),
                stack(
                    9,
                    ThreadState::Sleeping,
                    StackMethod::WithoutStop,
                    &["Eigen::ThreadPoolTempl::WaitForWork", worker],
                ),
                stack(10, ThreadState::Running, StackMethod::Not { why: "it is running".to_owned() }, &[]),
            ],
            wall_ns: 4_000_000,
            stopped_ns: 180_000,
            longest_stop_ns: 180_000,
            stop_count: 1,
            ..Stacks::default()
        };
        let mut profile = Profile::default();
        let key = GroupKey { origin: "tf-intra-op".into(), library: None };
        for _ in 0..2 {
            profile.add(&stacks, &mut MeaningCache::builtin(), |_| ProfiledGroup {
                label: "TF intra-op",
                key: Some(&key),
            });
        }
        profile
    }

    #[test]
    fn a_group_is_told_apart_and_few_looks_are_said() {
        let expected = "\
What threads of process 7 do: 
6 looks at single threads within 0.1 s; looking took 8 % of that time
Threads were stopped one at a time: 0.36 ms in all, 0.36 % of the time, 2 stops, median 0.18 ms, longest 0.18 ms.

TF intra-op: 3 threads, 6 looks
  working 33 %, spinning 0 %, waiting 33 %, running but not read 33 %
  not read mostly because it is running
  few looks: a share may be off by 40 points and more; sample longer
  SHARE  LOOKS  DOES     WHAT
   33 %      2  working  MatMulOp
   33 %      2  waiting  waits for work (Eigen)
";
        assert_eq!(text(&Scene::default(), Pid(7), (&profile(), 0.1), Page::default()), expected);
    }

    #[test]
    fn a_slowdown_beyond_what_was_aimed_at_is_said() {
        let text = text(&Scene::default(), Pid(7), (&profile(), 0.02), Page::default());
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

    #[test]
    fn json_says_the_same_in_names_that_stay() {
        let json = |profile: &Profile, folded| -> serde_json::Value {
            serde_json::from_str(&json(&Scene::default(), Pid(7), profile, 0.1, folded).unwrap()).unwrap()
        };
        let expected = serde_json::json!({
            "schema": "tftop.profile/1",
            "pid": 7,
            "command": "",
            "wall_s": 0.1,
            "rounds": 2,
            "taking_ms": 8.0,
            "stops": {
                "count": 2,
                "median_ms": 0.18,
                "longest_ms": 0.18,
                "stopped_ms": 0.36,
                "stopped_share": 0.0036,
            },
            "groups": [{
                "label": "TF intra-op",
                "origin": "tf-intra-op",
                "library": null,
                "threads": 3,
                "looks": 6,
                "activities": { "working": 2, "spinning": 0, "waiting": 2, "unknown": 0 },
                "running_not_read": 2,
                "not_readable": 0,
                "doings": [
                    { "activity": "working", "at": "MatMulOp", "looks": 2 },
                    { "activity": "waiting", "at": "waits for work (Eigen)", "looks": 2 },
                ],
            }],
            "folded": null,
        });
        assert_eq!(json(&profile(), Folded::Apart), expected);
        let folded = json(&profile(), Folded::Within)["folded"].clone();
        let worker = "TF intra-op;waiting;Eigen::ThreadPoolTempl::WorkerLoop;Eigen::ThreadPoolTempl::WaitForWork";
        assert_eq!(folded[0], serde_json::json!({ "stack": worker, "looks": 2 }));
        assert_eq!(folded.as_array().unwrap().len(), 2);
        assert_eq!(json(&Profile::default(), Folded::Within)["stops"]["median_ms"], serde_json::Value::Null);
    }
}
