//! A run that is kept, fact by fact and number by number.

use crate::data::Text;
use crate::data::run::{RunEnd, RunFact};
use crate::data::sample::StepSource;
use crate::data::scene::Capacity;
use crate::present::format::{MISSING_ASCII, cpus_or_dash, instant, percent_or_dash};
use crate::present::replaced::line;
use crate::present::table::{Align, Table};
use crate::present::{caps, demand};
use crate::runs::stats::run_stats::RunStats;
use crate::runs::stats::spread::Spread;
use crate::runs::summary::RunSummary;

/// Lines of a kind that are printed at most: more are counted.
const MOST_LINES: usize = 20;

/// "261120-161909 ended with exit code 0 after 14.2 s".
pub(crate) fn title(summary: &RunSummary, goes_on: bool) -> String {
    let after = format!("after {:.1} s", summary.seconds.max(0.0));
    let how = match (summary.ended, goes_on) {
        (_, true) if summary.run.watched.is_some() => {
            format!("is watched, for {:.1} s so far", summary.seconds.max(0.0))
        }
        (_, true) => format!("is running, for {:.1} s so far", summary.seconds.max(0.0)),
        (RunEnd::Left, _) => format!("was watched for {:.1} s, and the process continued", summary.seconds.max(0.0)),
        (RunEnd::Gone, _) => format!("was watched for {:.1} s, until the process ended", summary.seconds.max(0.0)),
        (RunEnd::Unseen, _) => format!("has no known end: tftop ended first; last seen {after}"),
        (end, _) => format!("{} {after}", ended(end)),
    };
    format!("{} {how}", summary.run.id)
}

/// "ended with exit code 0".
pub fn ended(end: RunEnd) -> String {
    match end {
        RunEnd::Exit(code) => format!("ended with exit code {code}"),
        RunEnd::Signal(number) => format!("was ended by signal {number}"),
        RunEnd::Unseen => "has no known end".to_owned(),
        RunEnd::Left => "was still running when watching ended".to_owned(),
        RunEnd::Gone => "ended while it was watched".to_owned(),
    }
}

pub(crate) fn command(run: &RunFact) -> String {
    let words: Vec<&str> = run.command.iter().map(|word| word.as_str()).collect();
    words.join(" ")
}

/// What was started, where and with what: each a name and a value.
pub(crate) fn facts(summary: &RunSummary) -> Vec<(&'static str, String)> {
    let run = &summary.run;
    let versions = &summary.outcome.context.versions;
    let named = |name: &str, version: &Option<Text>| version.as_ref().map(|version| format!("{name} {version}"));
    let made: Vec<String> = [
        named("TensorFlow", &versions.tensorflow),
        named("Keras", &versions.keras),
        named("Python", &versions.python),
        Some(format!("tftop {}", run.tftop)),
    ]
    .into_iter()
    .flatten()
    .collect();
    let begun = if run.watched.is_some() { "watched" } else { "started" };
    let caps =
        if run.watched.is_some() { "none by tftop, which did not start it".to_owned() } else { caps::asked(run) };
    let mut facts = vec![(begun, instant(run.started_unix_ms / 1000)), ("caps", caps), ("versions", made.join(", "))];
    facts.extend(run.folder.as_ref().map(|folder| ("directory", folder.to_string())));
    if let Some(host) = &run.host {
        let words = [&host.name, &host.cpu_model, &host.kernel];
        let mut words: Vec<String> = words.into_iter().flatten().map(ToString::to_string).collect();
        words.push(format!("{} CPUs online, {} allowed", host.online.count(), run.allowed.count()));
        facts.push(("machine", words.join(", ")));
    }
    facts.extend(bound(&summary.capacity).map(|bound| ("CPUs", bound)));
    facts
}

/// "2.00 to use, bound by affinity (0-1)".
fn bound(capacity: &Capacity) -> Option<String> {
    let term = capacity.binding_term()?;
    let set = term.set.as_ref().map_or(String::new(), |set| format!(" ({set})"));
    Some(format!("{:.2} usable, bound by {}{set}", capacity.effective_cpus, term.kind.word()))
}

/// What was measured, each a name and a value; what is missing stands among the gaps.
pub(crate) fn numbers(summary: &RunSummary) -> Vec<(&'static str, String)> {
    let outcome = &summary.outcome;
    let mut numbers = Vec::new();
    numbers.extend(summary.replaced.as_ref().map(|replaced| ("before", line(replaced))));
    if let Some(steps) = &outcome.steps {
        let source = outcome.marks.map_or("", |marks| source(marks.source));
        let spread =
            steps.spread_ms.map_or(String::new(), |spread| format!(", block by block {}", milliseconds(&spread)));
        numbers.push(("step time", format!("{:.2} ms median, {:.2} ms p95{spread}", steps.median_ms, steps.p95_ms)));
        numbers.push((
            "steps",
            format!(
                "{} measured in {:.1} s{source}, {:.2} a second; the first {} left out as warm-up",
                steps.count, outcome.seconds, steps.per_second, outcome.warmup.steps
            ),
        ));
    }
    numbers.extend(outcome.cpu_ms_per_step.map(|ms| ("CPU time", format!("{ms:.2} ms a step"))));
    if let Some(demand) = outcome.demand {
        let of = cpus_or_dash(outcome.effective_cpus);
        let waited = percent_or_dash(demand.wait_share);
        numbers.push((
            "demand",
            format!(
                "got {:.2}, wanted {:.2} of {of} CPUs, waited {waited} of the time it was runnable",
                demand.got, demand.wanted
            ),
        ));
    }
    if let Some(neighbours) = &outcome.neighbours {
        let Spread { low, median, high } = neighbours.allowed_cpus;
        numbers.push((
            "neighbours",
            format!("took {median:.2} ({low:.2} to {high:.2}) of its {} usable CPUs", neighbours.of_allowed),
        ));
    }
    numbers.extend(
        outcome
            .throttled_share
            .map(|ran_out| ("throttled", format!("{} of the periods", percent_or_dash(Some(ran_out))))),
    );
    numbers
}

fn milliseconds(spread: &Spread) -> String {
    format!("{:.2} to {:.2} ms", spread.low, spread.high)
}

fn source(source: StepSource) -> &'static str {
    match source {
        StepSource::Keras => " of Keras's fit",
        StepSource::Iterator => " of a loop over an iterator",
        StepSource::Session => " of Session.run",
        StepSource::Function => " of calls of a tf.function",
    }
}

/// What each group of threads got and wanted.
pub(crate) fn groups(outcome: &RunStats) -> Table {
    let [got, waiting, wanted, _] = demand::COLUMNS;
    let own = [("ORIGIN", Align::Left), ("MOST THREADS", Align::Right)];
    let mut table = Table::new(&[&own[..], &[got, waiting, wanted]].concat());
    for group in outcome.groups.iter().take(MOST_LINES) {
        let own = [group.label.clone(), group.most_threads.to_string()];
        table.row(own.into_iter().chain(demand::cells(Some(group.demand))));
    }
    table
}

/// Variables and settings that were seen, as lines.
pub(crate) fn settings(summary: &RunSummary) -> Vec<String> {
    let (run, seen) = (&summary.run, &summary.seen);
    let mut lines: Vec<String> = run.variables.iter().map(|(name, value)| format!("{name}={value} at start")).collect();
    let later = summary.outcome.context.environment.iter();
    let later = later.filter(|(name, value)| run.variables.get(name) != Some(*value));
    lines.extend(later.map(|(name, value)| format!("{name}={value} set by the program later")));
    lines.extend(run.other_variables.iter().map(|name| format!("{name} set by --env; its value is not stored")));
    let threads = |value: Option<i64>| value.map_or_else(|| MISSING_ASCII.to_owned(), |value| value.to_string());
    if let Some(config) = &seen.tf_config {
        lines.push(format!("tf.config: intra {}, inter {}", threads(config.intra), threads(config.inter)));
    }
    lines.extend(seen.started.iter().take(MOST_LINES).map(|started| {
        let at = started.at.as_ref().map_or_else(String::new, |at| format!(" at {at}"));
        let (intra, inter) = (threads(started.intra), threads(started.inter));
        format!("TensorFlow started by {}{at} in process {}: intra {intra}, inter {inter}", started.by, started.pid)
    }));
    let file = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let pools = seen.library_pools.iter().take(MOST_LINES);
    lines.extend(pools.map(|pool| format!("{}: {} = {}", file(&pool.library), pool.symbol, pool.value)));
    lines.extend(seen.overruled.iter().take(MOST_LINES).map(|overruled| {
        let at = overruled.at.as_ref().map_or_else(String::new, |at| format!(" at {at}"));
        format!("the script asked for {}={}{at} and got {}", overruled.what, overruled.asked, overruled.got)
    }));
    lines
}

/// What is missing and why, a line each.
pub(crate) fn missing(summary: &RunSummary) -> Vec<String> {
    let failures = summary.seen.failures.iter().take(MOST_LINES);
    let failures = failures.map(|failure| format!("the shim's part {}: {}", failure.hook, failure.why));
    let gaps = summary.gaps().into_iter().take(2 * MOST_LINES).map(|gap| format!("{}: {}", gap.what, gap.why));
    let mut lines: Vec<String> = gaps.collect();
    let known = |line: &String| lines.iter().any(|gap| gap.starts_with(line.split(": ").next().unwrap_or("")));
    let new: Vec<String> = failures.filter(|line| !known(line)).collect();
    lines.extend(new);
    lines
}
