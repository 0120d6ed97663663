//! The CPUs a target may use, one term a line; the smallest binds.

use crate::data::scene::{Capacity, Term};
use crate::present::format;
use crate::present::line::{Line, Role, wrap_beside};

/// Most terms that are listed: a target has a handful of cgroups, not hundreds.
const MOST_TERMS: usize = 64;
/// Where the words on a term begin.
const WORDS: u16 = 12;

/// The sum first, then its terms.
pub fn lines(capacity: &Capacity, width: u16) -> Vec<Line> {
    if capacity.terms.is_empty() {
        return vec![vec![(Role::Faint, " how many CPUs it may use is not known yet".to_owned())], Line::new()];
    }
    let cpus = format::cpus_in_words(capacity.effective_cpus);
    let head = vec![(Role::Capacity, format!(" {cpus} CPUs")), (Role::Plain, " may be used, the least of".to_owned())];
    let mut lines = vec![head];
    for (at, term) in capacity.terms.iter().enumerate().take(MOST_TERMS) {
        lines.extend(self::term(term, capacity.binding == Some(at), width));
    }
    for declared in &capacity.declared {
        let number = vec![(Role::Plain, format!("   {:>7}", declared.cpus))];
        let words = format!("declared by {}; a declaration binds nothing by itself", declared.source);
        lines.extend(wrap_beside(number, WORDS, Role::Plain, &words, width));
    }
    lines.push(Line::new());
    lines
}

fn term(term: &Term, binds: bool, width: u16) -> Vec<Line> {
    let (mark, role) = if binds { ("◄", Role::Capacity) } else { (" ", Role::Plain) };
    let number = vec![(role, format!(" {mark} {:>7}", format::cpus_in_words(term.cpus)))];
    let mut words = term.kind.word().to_owned();
    words.extend(term.set.as_ref().map(|set| format!(" {}", format::fit(&set.to_string(), 60))));
    words.extend(term.place.as_ref().map(|place| format!(" of {}", format::fit(place, 200))));
    if binds {
        words.push_str(", binds");
    }
    match term.throttled_share {
        Some(share) if share > 0.0 => {
            words.push_str(&format!(", throttled in {} % of its periods", format::percent(share)));
        }
        Some(_) => words.push_str(", not throttled"),
        None => {}
    }
    wrap_beside(number, WORDS, if binds { Role::Strong } else { Role::Plain }, &words, width)
}
