//! A run that is kept: as text, and as Markdown that can be pasted into a pull request. What stands in a run's files may be
//! anybody's: it is cleaned where it is printed.

use crate::data::Text;
use crate::data::run::{RunEnd, RunFact};
use crate::data::sample::StepSource;
use crate::data::scene::Capacity;
use crate::output::markdown::{code, escaped, folded, section, table};
use crate::present::format::{MISSING_ASCII, clean, cpus_or_dash, instant, percent_or_dash};
use crate::present::lines::joined;
use crate::present::table::{Align, Table};
use crate::runs::stats::run_stats::RunStats;
use crate::runs::stats::spread::Spread;
use crate::runs::summary::RunSummary;

/// Lines of a kind that are printed at most: more are counted.
const MOST_LINES: usize = 20;

/// Where a run is with itself, and where its files are.
#[derive(Clone, Copy, Debug)]
pub struct RunPlace<'a> {
    /// Whether it still goes on.
    pub goes_on: bool,
    /// Its folder.
    pub path: &'a str,
}

/// Everything about a run, section by section.
pub fn summary(summary: &RunSummary, place: RunPlace) -> String {
    let mut about = vec![title(summary, place.goes_on), format!("  {}", clean(&command(&summary.run)))];
    about.extend(facts(summary).into_iter().map(|(name, value)| format!("  {name:<10} {}", clean(&value))));
    about.push(format!("  {:<10} {}", "files", clean(place.path)));
    let steps = numbers(&summary.outcome).into_iter();
    let mut measured =
        titled("MEASURED", steps.map(|(name, value)| format!("  {name:<10} {}", clean(&value))).collect());
    measured.extend(groups(&summary.outcome));
    joined(vec![
        about,
        titled("CAPS", checks(&summary.outcome)),
        measured,
        titled("SETTINGS", settings(summary).iter().map(|line| format!("  {}", clean(line))).collect()),
        titled("MISSING_ASCII", missing(summary).iter().map(|line| format!("  {}", clean(line))).collect()),
    ])
}

/// The same for GitHub: what matters in the open, the rest folded.
pub fn summary_markdown(summary: &RunSummary) -> String {
    let outcome = &summary.outcome;
    let mut rows: Vec<Vec<String>> = vec![
        vec!["run".to_owned(), escaped(&title(summary, false))],
        vec!["command".to_owned(), code(&command(&summary.run)).replace('|', "\\|")],
    ];
    let row = |(name, value): (&str, String)| vec![name.to_owned(), escaped(&value)];
    rows.extend(facts(summary).into_iter().chain(numbers(outcome)).map(row));
    let mut blocks = section("tftop run", &["", ""], &rows);
    let row = |check: &crate::data::scene::CapCheck| {
        vec![escaped(check.cap.name()), escaped(&check.value), check.outcome.word().to_owned(), escaped(&check.message)]
    };
    let rows: Vec<Vec<String>> = outcome.checks.iter().map(row).collect();
    blocks.extend(section("Caps", &["CAP", "VALUE", "ANSWER", "WHAT WAS SEEN"], &rows));
    let rows: Vec<Vec<String>> =
        group_rows(outcome).iter().map(|row| row.iter().map(|cell| escaped(cell)).collect()).collect();
    blocks.extend(folded("Groups of threads", vec![table(&GROUP_TITLES, &rows)]));
    let items = |lines: Vec<String>| lines.iter().map(|line| format!("- {}", escaped(line))).collect();
    blocks.extend(folded("Settings", items(settings(summary))));
    blocks.extend(folded("What is missing, and why", items(missing(summary))));
    blocks.join("\n\n") + "\n"
}

const GROUP_TITLES: [&str; 5] = ["ORIGIN", "MOST THREADS", "GOT CPUs", "WAITING CPUs", "WANTED CPUs"];

/// "261120-161909 ended with exit code 0 after 14.2 s".
fn title(summary: &RunSummary, goes_on: bool) -> String {
    let after = format!("after {:.1} s", summary.seconds.max(0.0));
    let how = match (summary.ended, goes_on) {
        (_, true) => format!("goes on, seen for {:.1} s so far", summary.seconds.max(0.0)),
        (RunEnd::Unseen, _) => format!("has no known end: tftop was ended before it, last seen {after}"),
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
    }
}

pub(crate) fn command(run: &RunFact) -> String {
    let words: Vec<&str> = run.command.iter().map(|word| word.as_str()).collect();
    words.join(" ")
}

/// Caps as they were asked for: "intra=1 inter=1 on CPUs 0-1"; "none".
pub(crate) fn caps(run: &RunFact) -> String {
    let caps = run.launch.caps.without_cpus().to_string();
    let on = run.launch.cpus.as_ref().map(|cpus| format!("on CPUs {cpus}"));
    let quota = run.launch.quota.map(|quota| format!("quota {:.2} CPUs", quota.cpus()));
    let parts: Vec<String> = Some(caps).filter(|caps| !caps.is_empty()).into_iter().chain(on).chain(quota).collect();
    if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }
}

fn facts(summary: &RunSummary) -> Vec<(&'static str, String)> {
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
    let mut facts =
        vec![("started", instant(run.started_unix_ms / 1000)), ("caps", caps(run)), ("made with", made.join(", "))];
    facts.extend(run.folder.as_ref().map(|folder| ("in", folder.to_string())));
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
    let term = capacity.terms.get(capacity.binding?)?;
    let set = term.set.as_ref().map_or(String::new(), |set| format!(" ({set})"));
    Some(format!("{:.2} to use, bound by {}{set}", capacity.effective_cpus, term.kind.word()))
}

/// What was measured, each a name and a value; what is missing stands among the gaps.
fn numbers(outcome: &RunStats) -> Vec<(&'static str, String)> {
    let mut numbers = Vec::new();
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
            format!("got {:.2}, wanted {:.2} of {of} CPUs, waited for {waited} of that", demand.got, demand.wanted),
        ));
    }
    if let Some(neighbours) = &outcome.neighbours {
        let Spread { low, median, high } = neighbours.allowed_cpus;
        numbers.push((
            "neighbours",
            format!("took {median:.2} ({low:.2} to {high:.2}) of the {} CPUs it may use", neighbours.of_allowed),
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
    }
}

fn checks(outcome: &RunStats) -> Vec<String> {
    let mut table = Table::new(&[("", Align::Left), ("", Align::Left), ("", Align::Left), ("", Align::Left)]);
    for check in &outcome.checks {
        table.row([
            clean(check.cap.name()),
            clean(&check.value),
            check.outcome.word().to_owned(),
            clean(&check.message),
        ]);
    }
    table.lines().into_iter().skip(1).map(|line| format!("  {line}")).collect()
}

fn group_rows(outcome: &RunStats) -> Vec<[String; 5]> {
    let row = |group: &crate::runs::stats::run_stats::GroupStats| {
        [
            group.label.clone(),
            group.most_threads.to_string(),
            cpus_or_dash(Some(group.demand.got)),
            cpus_or_dash(Some(group.demand.waiting)),
            cpus_or_dash(Some(group.demand.wanted)),
        ]
    };
    outcome.groups.iter().take(MOST_LINES).map(row).collect()
}

fn groups(outcome: &RunStats) -> Vec<String> {
    let sides = [Align::Left, Align::Right, Align::Right, Align::Right, Align::Right];
    let columns: Vec<(&'static str, Align)> = GROUP_TITLES.into_iter().zip(sides).collect();
    let mut table = Table::new(&columns);
    let rows = group_rows(outcome);
    rows.iter().for_each(|row| table.row(row.iter().map(|cell| clean(cell))));
    if rows.is_empty() { Vec::new() } else { table.lines().iter().map(|line| format!("  {line}")).collect() }
}

/// Variables and settings that were seen, as lines.
fn settings(summary: &RunSummary) -> Vec<String> {
    let (run, seen) = (&summary.run, &summary.seen);
    let mut lines: Vec<String> = run.variables.iter().map(|(name, value)| format!("{name}={value} given")).collect();
    let later = summary.outcome.context.environment.iter();
    let later = later.filter(|(name, value)| run.variables.get(name) != Some(*value));
    lines.extend(later.map(|(name, value)| format!("{name}={value} in the process later")));
    lines.extend(run.other_variables.iter().map(|name| format!("{name} set by --env, its value is not kept")));
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

fn missing(summary: &RunSummary) -> Vec<String> {
    let failures = summary.seen.failures.iter().take(MOST_LINES);
    let failures = failures.map(|failure| format!("the shim's part {}: {}", failure.hook, failure.why));
    let gaps = summary.gaps().into_iter().take(2 * MOST_LINES).map(|gap| format!("{}: {}", gap.what, gap.why));
    let mut lines: Vec<String> = gaps.collect();
    lines.extend(
        failures
            .filter(|line| !lines.iter().any(|gap| gap.starts_with(line.split(": ").next().unwrap_or(""))))
            .collect::<Vec<_>>(),
    );
    lines
}

fn titled(title: &str, lines: Vec<String>) -> Vec<String> {
    if lines.is_empty() { lines } else { std::iter::once(title.to_owned()).chain(lines).collect() }
}
