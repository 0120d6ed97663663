//! What groups, processes and threads got, waited for and wanted, in CPUs.

use crate::data::scene::{Demand, Scene};
use crate::present::format::page::Page;
use crate::present::format::{cpus_or_dash, percent_or_dash};
use crate::present::table::{Align, Table};

/// Columns of [`cells`].
pub(crate) const COLUMNS: [(&str, Align); 4] =
    [("GOT CPUs", Align::Right), ("WAITING CPUs", Align::Right), ("WANTED CPUs", Align::Right), ("WAIT", Align::Right)];

/// The same on a page without room for the unit, which the text above it names.
const SHORT: [(&str, Align); 4] =
    [("GOT", Align::Right), ("WAITING", Align::Right), ("WANTED", Align::Right), ("WAIT", Align::Right)];
/// Columns of a page from which on there is room.
pub(crate) const WIDE: u16 = 110;

/// The titles that a page has room for.
pub(crate) fn columns(page: Page) -> [(&'static str, Align); 4] {
    if page.width.is_none_or(|columns| columns >= WIDE) { COLUMNS } else { SHORT }
}

/// Cells of [`COLUMNS`].
pub(crate) fn cells(demand: Option<Demand>) -> [String; 4] {
    [
        cpus_or_dash(demand.map(|demand| demand.got)),
        cpus_or_dash(demand.and_then(|demand| demand.known_waiting())),
        cpus_or_dash(demand.map(|demand| demand.wanted)),
        percent_or_dash(demand.and_then(|demand| demand.wait_share)),
    ]
}

/// One row a group.
pub(crate) fn groups(scene: &Scene, page: Page) -> Table {
    let own = [("ORIGIN", Align::Left), ("THREADS", Align::Right), ("AWAKE", Align::Right)];
    let mut table = Table::new(&[&own[..], &columns(page)].concat());
    for group in &scene.groups {
        let own = [group.label.clone(), group.threads.to_string(), cpus_or_dash(group.awake)];
        table.row(own.into_iter().chain(cells(group.demand)));
    }
    table
}
