//! The report for people: plain ASCII layout, one screen wide where the command line allows it.

use std::fmt::Write as _;
use std::iter;

use crate::data::sample::CounterSource;
use crate::data::scene::{Confidence, Declared, Scene, TargetState, Term};
use crate::output::profile::stop_line;
use crate::output::text::sections;
use crate::present::causes::tally;
use crate::present::format::{MISSING_ASCII, age, bytes, clean, frameworks, instant, milliseconds, percent_or_dash};
use crate::present::section::{indented, joined, titled};
use crate::present::table::{Align, Table};
use crate::present::verdict::{predictions, recorded, target_argument};
use crate::present::{demand, limits, waits};

/// The whole report. Threads are listed one by one only on request: there may be thousands.
pub fn text(scene: &Scene, with_threads: bool) -> String {
    let mut parts = vec![sections::verdict(scene), header(scene), sections::held_verdicts(scene)];
    parts.extend([capacity(scene), total(scene), groups(scene)]);
    parts.extend([waits(scene), limits(scene)]);
    parts.extend(sections::causes_found(scene));
    let where_all_stand = |tally| format!("{tally} `tftop explain {}` lists them.", target_argument(scene));
    parts.push(tally(scene).map(where_all_stand).into_iter().collect());
    parts.push(scene.past_predictions.iter().map(predictions).collect());
    if scene.target.processes.len() > 1 {
        parts.push(processes(scene));
    }
    if with_threads {
        parts.push(threads(scene));
    }
    parts.push(sections::gaps(scene));
    parts.push(cost(scene));
    joined(parts)
}

/// One line for the shell after the dashboard was left.
pub fn summary(scene: &Scene) -> String {
    let mut line = format!("tftop: pid {}", scene.target.pid);
    if scene.target.ended {
        line.push_str(" (ended)");
    }
    let _ = match scene.demand {
        Some(demand) => write!(
            line,
            " got {:.2} and wanted {:.2} of {:.2} CPUs over the last {:.1} s",
            demand.got, demand.wanted, scene.capacity.effective_cpus, scene.window_s
        ),
        None => write!(line, " was seen once: no demand"),
    };
    let _ = write!(line, "; {} threads in {} groups", scene.threads.len(), scene.groups.len());
    line
}

fn header(scene: &Scene) -> Vec<String> {
    let target = &scene.target;
    let user = target.user.as_deref().unwrap_or(MISSING_ASCII);
    let mut process = format!("pid {}", target.pid);
    if let Some(inner) = target.namespaced_pid {
        let _ = write!(process, " ({inner} in its namespace)");
    }
    let verb = match (target.ended, &scene.recorded) {
        (true, _) => "ended; it ran",
        (false, Some(_)) => "running then",
        (false, None) => "running",
    };
    let _ =
        write!(process, "  user {user}  {verb} for {}  since {}", age(target.uptime_s), instant(target.started_unix_s));
    let about = [clean(&target.command), process, versions(target), counts(scene)];
    scene.recorded.iter().map(recorded).chain(about).collect()
}

pub(crate) fn versions(target: &TargetState) -> String {
    let frameworks = match &target.tensorflow {
        Some(found) if found.guessed => "TensorFlow of unknown version (a guess by its names)".to_owned(),
        _ => frameworks(target).join("  "),
    };
    let frameworks = if frameworks.is_empty() { "no TensorFlow".to_owned() } else { frameworks };
    let python = target.python.as_deref().map_or("no Python".to_owned(), |version| format!("Python {version}"));
    format!("{frameworks}  {python}")
}

fn counts(scene: &Scene) -> String {
    let processes = match scene.target.processes.len() {
        0 | 1 => String::new(),
        count => format!(" in {count} processes"),
    };
    format!("{} threads{processes}", scene.threads.len())
}

fn capacity(scene: &Scene) -> Vec<String> {
    let capacity = &scene.capacity;
    let mut table = Table::untitled([Align::Left, Align::Left, Align::Right, Align::Left]);
    for (at, term) in capacity.terms.iter().enumerate() {
        let binds = capacity.binding == Some(at);
        let mark = if binds { ">" } else { " " };
        table.row([
            mark.to_owned(),
            term.kind.word().to_owned(),
            format!("{:.2} CPUs", term.cpus),
            remark(term, binds),
        ]);
    }
    let mut lines = vec![format!("CPUs it may use: {:.2}, the smallest of", capacity.effective_cpus)];
    lines.extend(table.body());
    let line = |declared: &Declared| {
        format!("{} says {}; a declaration binds nothing by itself", declared.source, declared.cpus)
    };
    lines.extend(capacity.declared.iter().map(line));
    lines
}

fn remark(term: &Term, binds: bool) -> String {
    let mut parts = Vec::new();
    parts.extend(term.set.as_ref().map(|set| format!("CPUs {set}")));
    parts.extend(term.place.as_ref().map(ToString::to_string));
    parts.extend(
        term.throttled_share.map(|_| format!("throttled in {} of its periods", percent_or_dash(term.throttled_share))),
    );
    parts.extend(binds.then(|| "binds".to_owned()));
    parts.join(", ")
}

fn total(scene: &Scene) -> Vec<String> {
    let Some(demand) = scene.demand else {
        return vec!["No demand: it is the difference between two looks, and there was one.".to_owned()];
    };
    let mut line = format!(
        "Over {:.1} s it got {:.2} CPUs and waited for {:.2} CPUs: wanted {:.2} CPUs, wait share {}",
        scene.window_s,
        demand.got,
        demand.waiting,
        demand.wanted,
        percent_or_dash(demand.wait_share)
    );
    if scene.source == CounterSource::StatTicks {
        line.push_str(" (estimated)");
    }
    iter::once(line).chain(split(scene)).collect()
}

/// Who is to blame for what was wanted and not got: the numbers under the verdict.
fn split(scene: &Scene) -> Option<String> {
    let pressure = scene.headline.pressure?;
    let mut line = format!(
        "In the last {:.0} s it wanted {:.2} CPUs more than it may use; of those it may use, {:.2} did not come (others, a quota, or demand in bursts)",
        scene.headline.judged_s, pressure.self_excess, pressure.external
    );
    if pressure.throttled_share.is_some() {
        let _ = write!(line, "; throttled in {} of its periods", percent_or_dash(pressure.throttled_share));
    }
    Some(line)
}

fn groups(scene: &Scene) -> Vec<String> {
    let mut weakest: Vec<Option<Confidence>> = vec![None; scene.groups.len()];
    for thread in &scene.threads {
        if let Some(weakest) = weakest.get_mut(thread.group) {
            let sure = thread.attribution.confidence;
            *weakest = Some(weakest.map_or(sure, |so_far| so_far.min(sure)));
        }
    }
    let evidence = weakest.into_iter().map(|sure| sure.map_or(MISSING_ASCII, Confidence::word).to_owned());
    let mut table = demand::groups(scene);
    table.column("EVIDENCE", Align::Left, evidence);
    table.lines()
}

fn waits(scene: &Scene) -> Vec<String> {
    let rows = waits::rows(scene);
    let width = rows.iter().map(|(label, _)| label.chars().count()).max().unwrap_or(0);
    let rows = rows.iter().map(|(label, words)| format!("{label:<width$}  {words}"));
    titled("WHAT THE THREADS DID AT THE LAST LOOK", indented(rows.chain(waits::notes(scene)), "  "))
}

fn limits(scene: &Scene) -> Vec<String> {
    let table = limits::table(scene);
    if table.is_empty() {
        return Vec::new();
    }
    titled("LIMITS", [table.lines(), indented(limits::knobs(scene), "  ")].concat())
}

fn processes(scene: &Scene) -> Vec<String> {
    let mut table = Table::new(
        &[
            &[("PID", Align::Right), ("PARENT", Align::Right), ("THREADS", Align::Right)],
            &demand::COLUMNS[..],
            &[("COMMAND", Align::Left)],
        ]
        .concat(),
    );
    for process in &scene.target.processes {
        let cells = [process.pid.to_string(), process.parent.to_string(), process.threads.to_string()];
        let command = process.command.clone() + if process.ended { " (ended)" } else { "" };
        table.row(cells.into_iter().chain(demand::cells(process.demand)).chain([command]));
    }
    table.lines()
}

fn threads(scene: &Scene) -> Vec<String> {
    let mut table = Table::new(
        &[
            &[
                ("PID", Align::Right),
                ("TID", Align::Right),
                ("NAME", Align::Left),
                ("ORIGIN", Align::Left),
                ("STATE", Align::Left),
                ("LAST CPU", Align::Right),
            ],
            &demand::COLUMNS[..],
            &[("EVIDENCE", Align::Left)],
        ]
        .concat(),
    );
    for thread in &scene.threads {
        let label = scene.groups.get(thread.group).map_or(&*thread.attribution.group.origin, |group| &group.label);
        let cells = [
            thread.pid.to_string(),
            thread.key.tid.to_string(),
            thread.name().to_owned(),
            label.to_owned(),
            thread.state.letter().to_string(),
            thread.last_cpu.map_or(MISSING_ASCII.to_owned(), |cpu| cpu.to_string()),
        ];
        let evidence = format!("{}: {}", thread.attribution.confidence.word(), thread.attribution.because);
        table.row(cells.into_iter().chain(demand::cells(thread.demand)).chain([evidence]));
    }
    table.lines()
}

fn cost(scene: &Scene) -> Vec<String> {
    let cost = &scene.cost;
    let stops = scene.stops.as_ref().map(stop_line);
    let nothing = if stops.is_none() { "; nothing was stopped" } else { "" };
    let look = format!(
        "The last look cost {:.1} ms of CPU and {:.1} ms of time, and read {}{nothing}.",
        milliseconds(cost.cpu_ns),
        milliseconds(cost.wall_ns),
        bytes(cost.bytes_read)
    );
    iter::once(look).chain(stops).collect()
}
