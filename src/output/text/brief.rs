//! The report for people in one screen: the verdict, the remedy, and one table; the rest is in the full one.

use crate::data::sample::CounterSource;
use crate::data::scene::{Demand, Group, Scene};
use crate::output::stack::profile::stop_line;
use crate::output::text::report::{counts, full, threads, versions};
use crate::output::text::sections;
use crate::present::block::gpus;
use crate::present::causes::tally;
use crate::present::demand;
use crate::present::format::page::{Page, PageRow};
use crate::present::format::{MISSING_ASCII, age, clean, count, percent_or_dash};
use crate::present::line::Role;
use crate::present::table::{Align, LastColumn, Table};
use crate::present::verdict::{found, recorded, target_argument};

/// How much is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReportDetail {
    /// Everything but single threads.
    pub full: bool,
    /// Every thread: there may be thousands.
    pub threads: bool,
}

/// Lines of a terminal that is not large.
const SCREEN: usize = 24;
/// Rows of the table, however little room the rest leaves.
const LEAST_ROWS: usize = 3;

/// The report. The brief one fits a screen of 24 lines where its sentences do.
pub fn text(scene: &Scene, detail: ReportDetail, page: Page) -> String {
    let mut sections = match detail.full {
        true => full(scene, page),
        false => brief(scene, page),
    };
    if detail.threads {
        sections.push(threads(scene, page));
    }
    page.print(sections)
}

fn brief(scene: &Scene, page: Page) -> Vec<Vec<PageRow>> {
    let above = [sections::verdict(scene), about(scene, page), sections::held_verdicts(scene)];
    let below = further(scene);
    let lines = |rows: &[PageRow]| if rows.is_empty() { 0 } else { page.lines(rows).len() + 1 };
    // A trace that was asked for may take more than a screen.
    let used: usize = above.iter().map(|rows| lines(rows)).sum::<usize>() + lines(&below);
    let groups = groups(scene, page, SCREEN.saturating_sub(used));
    above.into_iter().chain([groups, sections::trace(scene), below]).collect()
}

/// Which process, and what bounds its CPUs: a line each.
fn about(scene: &Scene, page: Page) -> Vec<PageRow> {
    let target = &scene.target;
    let state = if target.ended { "ended after" } else { "up" };
    let versions = versions(target).replace("  ", ", ");
    let facts = format!("{versions}, {}, {state} {}", counts(scene), age(target.uptime_s));
    let mut rows: Vec<PageRow> = scene.recorded.iter().map(|moment| PageRow::text(recorded(moment))).collect();
    rows.extend([sections::process(scene, page), PageRow::text(facts)]);
    rows.extend(bound(scene).map(PageRow::text));
    rows.extend(gpus(scene).map(PageRow::text));
    rows
}

/// The first GPU, and how many more there are.
fn gpus(scene: &Scene) -> Option<String> {
    let (first, rest) = scene.gpus.split_first()?;
    let more = if rest.is_empty() { String::new() } else { format!("; {} more", rest.len()) };
    Some(gpus::load(first) + &gpus::rest(first) + &more)
}

/// "2.00 CPUs usable: quota of /job, throttled in 25 % of its periods".
fn bound(scene: &Scene) -> Option<String> {
    let term = scene.capacity.binding_term()?;
    let mut line = format!("{:.2} CPUs usable: {}", scene.capacity.effective_cpus, term.kind.word());
    line.extend(term.set.as_ref().map(|set| format!(" {set}")));
    line.extend(term.place.as_ref().map(|place| format!(" of {}", clean(place))));
    if term.throttled_share.is_some_and(|share| share > 0.0) {
        line += &format!(", throttled in {} of its periods", percent_or_dash(term.throttled_share));
    }
    Some(line)
}

/// The groups that want most, each beside the limit that counts, and the sum; as many as there is room for.
fn groups(scene: &Scene, page: Page, room: usize) -> Vec<PageRow> {
    let mut living: Vec<&Group> =
        scene.groups.iter().filter(|group| group.threads > 0 || group.key.is_of_ended()).collect();
    let wanted = |group: &Group| group.demand.map_or(0.0, |demand| demand.wanted);
    living.sort_by(|a, b| wanted(b).total_cmp(&wanted(a)));
    // The caption, the titles, the sum, and the groups that are left out take a line each.
    let most = match living.len() + 4 > room {
        true => room.saturating_sub(5).max(LEAST_ROWS),
        false => living.len(),
    };
    let (shown, rest) = living.split_at(most.min(living.len()));
    let [got, waiting, wanted] = ["GOT", "WAITING", "WANTED"].map(|title| (title, Align::Right));
    let own = [("ORIGIN", Align::Left), ("THREADS", Align::Right), ("LIMIT", Align::Right)];
    let mut table =
        Table::new(&[&own[..], &[got, waiting, wanted, ("WAIT", Align::Right), ("SOURCE", Align::Left)]].concat());
    for group in shown {
        let (limit, source) = limit(group);
        let own = [group.label.clone(), group.threads.to_string(), limit];
        table.row(own.into_iter().chain(demand::cells(group.demand)).chain([source]));
    }
    if !rest.is_empty() {
        let threads: u32 = rest.iter().map(|group| group.threads).sum();
        let sum = rest
            .iter()
            .filter_map(|group| group.demand)
            .reduce(|sum, demand| Demand::new(sum.got + demand.got, sum.waiting + demand.waiting));
        let label = format!("and {} more", rest.len());
        table.row([label, threads.to_string(), MISSING_ASCII.to_owned()].into_iter().chain(demand::cells(sum)));
    }
    if scene.demand.is_some() {
        let all = ["all".to_owned(), scene.threads.len().to_string(), MISSING_ASCII.to_owned()];
        table.row(all.into_iter().chain(demand::cells(scene.demand)));
    }
    if table.is_empty() {
        return Vec::new();
    }
    let estimated = if scene.source == CounterSource::StatTicks { " (estimated)" } else { "" };
    let caption = match scene.demand {
        Some(_) => format!("CPUs got, waited for and wanted over {:.1} s{estimated}", scene.window_s),
        None => "No demand yet: it is the difference between two samples, and there is one".to_owned(),
    };
    std::iter::once(PageRow::text(caption)).chain(table.fitted(page, LastColumn::IsCut)).collect()
}

/// The limit that counts and its source.
fn limit(group: &Group) -> (String, String) {
    let limits = &group.limits;
    match limits.effective() {
        Some(limit) if limits.exceeded_by > 0 => {
            (limit.value.to_string(), format!("{}, exceeded by {}", limit.source.text(), limits.exceeded_by))
        }
        Some(limit) => (limit.value.to_string(), limit.source.text().to_owned()),
        None => (MISSING_ASCII.to_owned(), limits.absence().to_owned()),
    }
}

/// What else there is, and how to see it.
fn further(scene: &Scene) -> Vec<PageRow> {
    let target = target_argument(scene);
    let mut rows = Vec::new();
    if let Some(tally) = tally(scene) {
        let codes: Vec<&str> = found(scene).map(|(code, _)| code).collect();
        let found = if codes.is_empty() { String::new() } else { format!("Found: {}. ", codes.join(", ")) };
        rows.push(PageRow::text(format!("{found}{tally} `tftop explain {target}` has the evidence.")));
    }
    rows.extend(scene.stops.as_ref().map(|stops| PageRow::text(stop_line(stops))));
    if let Some(first) = scene.gaps.first() {
        let more = match scene.gaps.len() - 1 {
            0 => String::new(),
            more => format!(" (and {})", count(more, "more gap", "more gaps")),
        };
        rows.push(PageRow::led(
            Role::Paused,
            "Missing: ",
            format!("{}: {}{more}", clean(&first.what), clean(&first.why)),
        ));
    }
    rows.push(PageRow::whole(Role::Faint, format!("`tftop report {target} --full` prints everything.")));
    rows
}
