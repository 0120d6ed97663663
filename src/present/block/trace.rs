//! What a trace of the scheduler shows all together: what it costs, how many threads were running or preempted at once, which
//! groups worked at the same time.

use crate::data::sample::TraceState;
use crate::data::scene::{GroupConcurrency, Scene, Trace};
use crate::present::block::concurrency::{of_group, shares};
use crate::present::block::lanes::LEGEND;
use crate::present::format;
use crate::present::line::{Line, Role, wrapped};

/// Pairs of groups that are named, and groups that made short-lived threads.
const MOST_PAIRS: usize = 3;
/// Shares below it are no pair.
const LEAST_SHARE: f64 = 0.01;

/// Whether it goes on, and what it costs.
pub(crate) fn state(trace: &Trace) -> (Role, String) {
    let cost = || {
        format!(
            "{} switches/s, {:.2} % of a CPU to read them, about {:.1} % (estimated) for the target",
            format::rate(trace.switches_per_s),
            trace.own_cpu * 100.0,
            trace.target_cpu * 100.0
        )
    };
    match &trace.state {
        TraceState::On if trace.window_s == 0.0 && trace.lost == 0 => (Role::Live, "trace begins".to_owned()),
        TraceState::On => (Role::Live, format!("trace on for {}: {}", format::duration(trace.seconds), cost())),
        TraceState::Stopped(why) => (Role::Alarm, format!("trace stopped by itself: {}", format::clean(why))),
        TraceState::Refused(why) => (Role::Alarm, format!("no trace: {}", format::clean(why))),
    }
}

/// How many threads of the target were running or preempted at once; none before there is any time.
fn all(scene: &Scene, trace: &Trace) -> Option<String> {
    let cpus = format::cpus_in_words(scene.capacity.effective_cpus);
    let (shares, span) = (shares(&trace.all), format::duration(trace.window_s));
    (trace.window_s > 0.0).then(|| format!("running or preempted at once, on {cpus} CPUs: {shares} of {span}"))
}

/// What ran at the same time, what was born and exited, what is missing.
fn notes(scene: &Scene, trace: &Trace) -> Vec<String> {
    let mut all = Vec::new();
    let label = |at: usize| label(scene, at);
    for pair in trace.together.iter().filter(|pair| pair.share >= LEAST_SHARE).take(MOST_PAIRS) {
        all.push(format!(
            "{} and {} worked at once for {} % of the time, beyond the CPUs for {} %",
            label(pair.groups.0),
            label(pair.groups.1),
            format::percent(pair.share),
            format::percent(pair.crowded)
        ));
    }
    let number = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    if trace.births + trace.exits > 0 {
        let born = format::count(number(trace.births), "thread was born", "threads were born");
        all.push(format!("{born} since it began, {} exited", trace.exits));
    }
    for made in trace.short_lived.iter().take(MOST_PAIRS) {
        let threads = format::count(number(made.threads), "thread lived", "threads lived");
        all.push(format!("{threads} between two looks, made by {}; they ran {:.2} s", made.made_by, made.run_s));
    }
    if trace.lost > 0 {
        all.push(format!("{} records were lost: what happened around them is not counted", trace.lost));
    }
    all
}

fn label(scene: &Scene, group: usize) -> &str {
    scene.groups.get(group).map_or("", |group| group.label.as_str())
}

/// All of it in sentences, the most important first; nothing without a trace.
pub(crate) fn told(scene: &Scene) -> Vec<String> {
    let Some(trace) = &scene.trace else { return Vec::new() };
    let group = |group: &GroupConcurrency| {
        of_group(trace, group.group).map(|of| format!("{}: {of}", label(scene, group.group)))
    };
    let groups = trace.groups.iter().filter_map(group);
    std::iter::once(state(trace).1).chain(all(scene, trace)).chain(groups).chain(notes(scene, trace)).collect()
}

/// The lines above the lanes: what stands in most of them.
pub fn lines(scene: &Scene, trace: &Trace, seconds: u8, width: u16) -> Vec<Line> {
    let (role, text) = state(trace);
    let mut lines = wrapped(role, &text, " ", width);
    lines.extend(all(scene, trace).iter().flat_map(|all| wrapped(Role::Plain, all, " ", width)));
    if !trace.lanes.threads.is_empty() {
        let mut legend: Line = vec![(Role::Plain, format!(" last {seconds} s  "))];
        for (role, text) in LEGEND {
            let used: u16 = legend.iter().map(|(_, text)| format::width(text)).sum();
            if used + format::width(text) + 2 <= width {
                legend.push((role, format!("{text}  ")));
            }
        }
        lines.push(legend);
    }
    lines
}

/// The lines below the lanes.
pub fn more(scene: &Scene, trace: &Trace, width: u16) -> Vec<Line> {
    notes(scene, trace).iter().flat_map(|note| wrapped(Role::Plain, note, " ", width)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::scene::{Capacity, Concurrency, Group, ShortLived, Together};

    #[test]
    fn a_trace_is_told_in_sentences() {
        let of = |shares: &[f64]| Concurrency { shares: shares.to_vec(), running: 1.2, preempted: 0.3 };
        let group = |label: &str| Group { label: label.to_owned(), ..Group::default() };
        let trace = Trace {
            seconds: 12.0,
            window_s: 12.0,
            switches_per_s: 4_812.0,
            own_cpu: 0.0034,
            target_cpu: 0.0048,
            births: 1,
            exits: 2,
            lost: 3,
            all: of(&[0.05, 0.25, 0.5, 0.2]),
            groups: vec![GroupConcurrency { group: 1, concurrency: of(&[0.4, 0.6]) }],
            together: vec![Together { groups: (0, 1), share: 0.34, crowded: 0.12 }],
            short_lived: vec![ShortLived { made_by: "tf.data".to_owned(), threads: 40, run_s: 0.5 }],
            ..Trace::default()
        };
        let scene = Scene {
            groups: vec![group("intra"), group("tf.data")],
            capacity: Capacity { effective_cpus: 2.0, ..Capacity::default() },
            trace: Some(trace),
            ..Scene::default()
        };
        assert_eq!(
            told(&scene),
            [
                "trace on for 12s: 4812 switches/s, 0.34 % of a CPU to read them, about 0.5 % (estimated) for the target",
                "running or preempted at once, on 2.0 CPUs: none 5 %, 1 25 %, 2 50 %, 3 20 % of 12s",
                "tf.data: none 40 %, 1 60 %; ran 1.20, preempted 0.30",
                "intra and tf.data worked at once for 34 % of the time, beyond the CPUs for 12 %",
                "1 thread was born since it began, 2 exited",
                "40 threads lived between two looks, made by tf.data; they ran 0.50 s",
                "3 records were lost: what happened around them is not counted",
            ]
        );
    }
}
