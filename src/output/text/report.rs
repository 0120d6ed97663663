//! The full report for people, and the line after the dashboard.

use std::fmt::Write as _;
use std::iter;

use crate::data::sample::CounterSource;
use crate::data::scene::{Confidence, Declared, Scene, TargetState, Term};
use crate::output::stack::profile::stop_line;
use crate::output::text::sections;
use crate::present::block::gpus;
use crate::present::causes::tally;
use crate::present::format::page::{Page, PageRow, rows, section};
use crate::present::format::{
    MISSING_ASCII, age, bytes, clean, count, frameworks, instant, milliseconds, percent_or_dash,
};
use crate::present::section::indented;
use crate::present::table::{Align, LastColumn, Table};
use crate::present::verdict::{predictions, recorded, target_argument};
use crate::present::{demand, limits, waits};

/// Everything but single threads.
pub(crate) fn full(scene: &Scene, page: Page) -> Vec<Vec<PageRow>> {
    let mut parts = vec![sections::verdict(scene), rows(header(scene)), sections::held_verdicts(scene)];
    parts.extend([rows(capacity(scene)), gpus(scene), rows(total(scene)), groups(scene, page)]);
    parts.extend([sections::trace(scene), waits(scene), limits(scene, page)]);
    parts.extend(sections::causes_found(scene));
    let where_all_stand =
        |tally| PageRow::text(format!("{tally} `tftop explain {}` lists them.", target_argument(scene)));
    parts.push(tally(scene).map(where_all_stand).into_iter().collect());
    parts.push(rows(scene.past_predictions.iter().map(predictions)));
    if scene.target.processes.len() > 1 {
        parts.push(processes(scene, page));
    }
    parts.push(sections::gaps(scene));
    parts.push(rows(cost(scene)));
    parts
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

/// "3 threads in 2 processes".
pub(crate) fn counts(scene: &Scene) -> String {
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
    let mut lines = vec![format!("{:.2} CPUs usable, the least of", capacity.effective_cpus)];
    lines.extend(table.body());
    let line = |declared: &Declared| format!("{} says {}, which is not enforced", declared.source, declared.cpus);
    lines.extend(capacity.declared.iter().map(line));
    lines
}

fn gpus(scene: &Scene) -> Vec<PageRow> {
    if scene.gpus.is_empty() {
        return Vec::new();
    }
    section(&gpus::title(scene), rows(indented(gpus::table(scene).lines(), "  ")))
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
        return vec!["No demand yet: it is the difference between two samples, and there is one.".to_owned()];
    };
    let mut line = format!(
        "Over {:.1} s: got {:.2} CPUs, waited for {:.2}, wanted {:.2}; waited {} of the time it was runnable",
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
        "Over the last {:.0} s, demand exceeded the usable CPUs by {:.2}; {:.2} of the usable CPUs were not available (other processes, a quota, or bursts)",
        scene.headline.judged_s, pressure.self_excess, pressure.external
    );
    if pressure.throttled_share.is_some() {
        let _ = write!(line, "; throttled in {} of its periods", percent_or_dash(pressure.throttled_share));
    }
    Some(line)
}

fn groups(scene: &Scene, page: Page) -> Vec<PageRow> {
    let mut weakest: Vec<Option<Confidence>> = vec![None; scene.groups.len()];
    for thread in &scene.threads {
        if let Some(weakest) = weakest.get_mut(thread.group) {
            let sure = thread.attribution.confidence;
            *weakest = Some(weakest.map_or(sure, |so_far| so_far.min(sure)));
        }
    }
    let evidence = weakest.into_iter().map(|sure| sure.map_or(MISSING_ASCII, Confidence::word).to_owned());
    let mut table = demand::groups(scene, page);
    table.column("EVIDENCE", Align::Left, evidence);
    if table.is_empty() { Vec::new() } else { table.fitted(page, LastColumn::Wraps) }
}

fn waits(scene: &Scene) -> Vec<PageRow> {
    let rows = waits::rows(scene);
    let width = rows.iter().map(|(label, _)| label.chars().count()).max().unwrap_or(0);
    let rows = rows.iter().map(|(label, words)| format!("{label:<width$}  {words}"));
    section("LAST SAMPLE: WHAT THREADS WERE DOING", self::rows(indented(rows.chain(waits::notes(scene)), "  ")))
}

fn limits(scene: &Scene, page: Page) -> Vec<PageRow> {
    let table = limits::table(scene);
    if table.is_empty() {
        return Vec::new();
    }
    let knobs = rows(indented(limits::knobs(scene), "  "));
    section("LIMITS", [table.fitted(page, LastColumn::Wraps), knobs].concat())
}

fn processes(scene: &Scene, page: Page) -> Vec<PageRow> {
    let mut table = Table::new(
        &[
            &[("PID", Align::Right), ("PARENT", Align::Right), ("THREADS", Align::Right)],
            &demand::columns(page)[..],
            &[("COMMAND", Align::Left)],
        ]
        .concat(),
    );
    for process in &scene.target.processes {
        let cells = [process.pid.to_string(), process.parent.to_string(), process.threads.to_string()];
        let command = process.command.clone() + if process.ended { " (ended)" } else { "" };
        table.row(cells.into_iter().chain(demand::cells(process.demand)).chain([command]));
    }
    table.fitted(page, LastColumn::IsCommand)
}

/// One row a thread.
pub(crate) fn threads(scene: &Scene, page: Page) -> Vec<PageRow> {
    let is_wide = page.width.is_none_or(|columns| columns >= demand::WIDE);
    let own = [
        ("PID", Align::Right),
        ("TID", Align::Right),
        ("NAME", Align::Left),
        ("ORIGIN", Align::Left),
        ("STATE", Align::Left),
        ("CPU", Align::Right),
    ];
    let evidence = is_wide.then_some(("EVIDENCE", Align::Left));
    let columns: Vec<(&str, Align)> = own.into_iter().chain(demand::columns(page)).chain(evidence).collect();
    let mut table = Table::new(&columns);
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
    let mut rows = table.fitted(page, LastColumn::Wraps);
    let hint = || PageRow::text(format!("The evidence of each origin takes {} columns, or --json.", demand::WIDE));
    rows.extend((!is_wide).then(hint));
    rows
}

fn cost(scene: &Scene) -> Vec<String> {
    let cost = &scene.cost;
    let stops = scene.stops.as_ref().map(stop_line);
    let nothing = if stops.is_none() { "; nothing was stopped" } else { "" };
    let look = format!(
        "tftop's last sample: {:.1} ms of CPU time, {:.1} ms elapsed, {} read{nothing}.",
        milliseconds(cost.cpu_ns),
        milliseconds(cost.wall_ns),
        bytes(cost.bytes_read)
    );
    let unread = (scene.unread.threads > 0).then(|| {
        format!(
            "{} had slept for a while and were not read: by their processes' clocks they ran for {:.2} ms at most.",
            count(scene.unread.threads as usize, "thread", "threads"),
            milliseconds(scene.unread.cpu_ns)
        )
    });
    iter::once(look).chain(unread).chain(stops).collect()
}
