//! How many CPUs the target may use, as arithmetic: the smallest term binds.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::data::scene::{Capacity, LaunchState, Term};
use crate::present::block::caps;
use crate::present::format;
use crate::tui::state::Dashboard;
use crate::tui::theme::{Role, Theme};
use crate::tui::view::paint::{span, width, write};

/// Terms that differ by less are the same number of CPUs.
const SAME: f64 = 0.005;

/// Draws the capacity line.
pub fn draw(frame: &mut Frame<'_>, area: Rect, dashboard: &Dashboard) {
    let (capacity, theme) = (&dashboard.scene().capacity, dashboard.theme());
    if capacity.terms.is_empty() {
        let text = " how many CPUs it may use is not known yet";
        return write(frame, area, 0, &Line::from(span(text, theme.style(Role::Faint))));
    }
    // Where all terms are the same the others say nothing. Places of cgroups go first, then the terms that don't bind; the
    // binding one stays.
    let differ = capacity.terms.iter().any(|term| (term.cpus - capacity.effective_cpus).abs() > SAME);
    let most = if differ { capacity.terms.len() } else { 0 };
    for (places, most) in (0..=most).rev().flat_map(|most| [(true, most), (false, most)]) {
        let mut line = arithmetic(capacity, places, most, theme);
        if width(&line) <= area.width || (most == 0 && !places) {
            line.extend(cap(dashboard, area.width.saturating_sub(width(&line))));
            return write(frame, area, 0, &Line::from(line));
        }
    }
}

/// The CPUs it was put on at its start, and whether that holds; nothing where there is no room for it.
fn cap(dashboard: &Dashboard, room: u16) -> Vec<Span<'static>> {
    let check = dashboard.scene().launch.as_ref().and_then(LaunchState::check_of_cpus);
    let Some(check) = check else { return Vec::new() };
    let (glyph, role) = caps::mark(check.outcome);
    let theme = dashboard.theme();
    let words = format!("{} {glyph}", check.outcome.word());
    let cap = vec![span(" │ cap ", theme.style(Role::Faint)), span(words, theme.style(role))];
    if width(&cap) <= room { cap } else { Vec::new() }
}

/// "2.0 CPUs = min of affinity 0-1 (2) ◄ binds, online 0-63 (64)", with the binding term and the first `most` others.
fn arithmetic(capacity: &Capacity, places: bool, most: usize, theme: Theme) -> Vec<Span<'static>> {
    let plain = |text: String| span(text, theme.style(Role::Plain));
    let faint = |text: String| span(text, theme.style(Role::Faint));
    let cpus = format::cpus_in_words(capacity.effective_cpus);
    let mut line = vec![span(format!(" {cpus} CPUs"), theme.style(Role::Capacity)), faint(" = ".to_owned())];
    if most > 0 {
        line.push(faint("least of ".to_owned()));
    }
    let mut others = 0;
    let mut separator = "";
    for (at, term) in capacity.terms.iter().enumerate() {
        let binds = capacity.binding == Some(at);
        others += usize::from(!binds);
        if !binds && others > most {
            continue;
        }
        line.push(faint(separator.to_owned()));
        separator = " │ ";
        line.push(if binds {
            span(words(term, places), theme.style(Role::Strong))
        } else {
            plain(words(term, places))
        });
        if binds {
            line.push(span(" ◄ binds", theme.style(Role::Capacity)));
        }
        if let Some(share) = term.throttled_share.filter(|share| *share > 0.0) {
            line.push(span(format!(" throttled {} %", format::percent(share)), theme.style(Role::Waiting)));
        }
    }
    if others > most && most > 0 {
        line.push(faint(format!(" │ {} more", others - most)));
    }
    line
}

/// "affinity 0-1 (2)", "quota 2.0 of /docker/abc".
fn words(term: &Term, places: bool) -> String {
    let kind = term.kind.word();
    let mut words = match &term.set {
        Some(set) => format!("{kind} {} ({})", format::fit(&set.to_string(), 24), format::whole_cpus(term.cpus)),
        None => format!("{kind} {}", format::cpus_in_words(term.cpus)),
    };
    if let (Some(place), true) = (&term.place, places) {
        words.push_str(&format!(" of {}", format::fit(place, 32)));
    }
    words
}
