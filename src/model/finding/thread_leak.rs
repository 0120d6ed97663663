//! Do threads of a group keep being born without dying?

use super::super::limit::Grade;
use super::{Answer, Case, Evidence, Finding, Level, Remedy, Rule, clear, too_soon};

pub const RULE: Rule = Rule { code: "thread-leak", asks: "Does the number of threads keep growing?", check };

/// Seconds of watching a trend needs.
const NEEDS_S: f64 = 60.0;
/// Threads more than before that make a leak.
const LEAST_GROWTH: u32 = 10;

fn check(case: &Case) -> Answer {
    let judged = match case.judged() {
        Ok(judged) if case.watched_s >= NEEDS_S => judged,
        _ => return too_soon(format!("{NEEDS_S:.0} s of watching, has {:.0}", case.watched_s)),
    };
    let grows =
        |growth: &super::Growth| growth.now >= growth.before + LEAST_GROWTH && growth.rises >= 4 * growth.falls.max(1);
    let leak = case
        .groups
        .iter()
        .zip(&judged.growth)
        .filter(|(_, growth)| grows(growth))
        .max_by_key(|(_, g)| g.now - g.before);
    let Some((group, growth)) = leak else { return clear("no group gained 10 threads in a minute without losing any") };
    let headroom = headroom(case);
    let scarce = headroom.as_ref().is_some_and(|(used, limit, _)| used.saturating_mul(2) > *limit);
    let mut evidence =
        vec![Evidence::new(group.label.clone(), format!("{} threads a minute ago, {} now", growth.before, growth.now))];
    evidence.extend(headroom.map(|(used, limit, what)| Evidence::new(what, format!("{used} of {limit} used"))));
    Ok(Finding {
        level: if scarce { Level::Severe } else { Level::Notice },
        grade: Grade::Measured,
        says: format!(
            "{} grew from {} to {} threads within a minute and does not shrink",
            group.label, growth.before, growth.now
        ),
        evidence,
        remedy: Remedy {
            text:
                "something makes pools and never drops them (iterators, sessions, executors): make it once and reuse it"
                    .to_owned(),
            ..Remedy::default()
        },
    })
}

/// Used and allowed threads under the tightest limit, and which it is.
fn headroom(case: &Case) -> Option<(u64, u64, &'static str)> {
    let settings = &case.main_process()?.settings;
    let pids = settings.pids.as_ref().map(|pids| (pids.current, pids.max, "pids.max"));
    let user = settings.user_threads_max.map(|max| (case.threads.len() as u64, max, "RLIMIT_NPROC"));
    pids.into_iter().chain(user).min_by_key(|(used, max, _)| max.saturating_sub(*used))
}
