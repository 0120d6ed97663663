//! What is said of a command at its end: how it ended, the verdict, whether each cap held, what it got and wanted over all of
//! its time, and what to do next.

use crate::data::sample::ShimUse;
use crate::data::scene::{CapCheck, Demand, Headline, MarkCount, Scene, Steps};
use crate::present::caps;
use crate::present::format::page::{Page, PageRow, rows};
use crate::present::format::{clean, cpus_or_dash, percent_or_dash};
use crate::present::line::Role;
use crate::present::replaced::line;
use crate::present::section::indented;
use crate::present::verdict::{role, title};
use crate::runs::stats::stats_builder::WholeDemand;

/// A command that has ended.
#[derive(Clone, Copy, Debug)]
pub struct EndedRun<'a> {
    /// Its words, as a shell reads them.
    pub command: &'a str,
    /// How it ended: "ended with exit code 0".
    pub ended: &'a str,
    /// How long it ran.
    pub seconds: f64,
    /// The last scene; none where it was not watched.
    pub scene: Option<&'a Scene>,
    /// What it came to over all of its time; none where it was not watched.
    pub whole: Option<WholeDemand>,
    /// What it was judged to be at its worst; none where it was never judged.
    pub verdict: Option<&'a Headline>,
    /// Its caps.
    pub checks: &'a [CapCheck],
    /// More lines, each with its first word.
    pub notes: &'a [String],
    /// The command line that follows; none where nothing is kept.
    pub next: Option<&'a str>,
}

/// The summary, without a closing line break.
pub fn run(run: &EndedRun, page: Page) -> String {
    let mut lines = vec![PageRow::led(
        Role::Strong,
        format!("tftop: {}", run.command),
        format!(" {} after {:.1} s", run.ended, run.seconds),
    )];
    if let Some(verdict) = run.verdict {
        lines.push(PageRow::led(
            role(verdict.condition),
            "  verdict  ".to_owned() + &title(verdict),
            format!("  {}", clean(&verdict.message)),
        ));
        lines.extend(
            (!verdict.advice.is_empty()).then(|| PageRow::text(format!("  advice   {}", clean(&verdict.advice)))),
        );
    }
    lines.extend(rows(indented(caps::checks(run.checks, 7).body(), "  ")));
    lines.extend(run.scene.map(|scene| PageRow::text(format!("  CPUs     {}", demand(scene, run.whole)))));
    let launch = run.scene.and_then(|scene| scene.launch.as_ref()).filter(|it| it.fact.shim != ShimUse::Off);
    lines.extend(launch.map(|it| PageRow::text(format!("  steps    {}", steps(&it.steps)))));
    let replaced = run.scene.and_then(|scene| scene.launch.as_ref()?.replaced.as_ref());
    lines.extend(replaced.map(|replaced| PageRow::text(format!("  before   {}", line(replaced)))));
    lines.extend(run.notes.iter().map(|note| PageRow::text(format!("  {note}"))));
    lines.extend(run.next.map(|next| PageRow::whole(Role::Capacity, format!("  next     {next}"))));
    page.lines(&lines).join("\n")
}

/// Over all of its time where that is known, else over what the last scene covers.
fn demand(scene: &Scene, whole: Option<WholeDemand>) -> String {
    let whole = whole.map(|whole| (whole.demand, whole.effective_cpus, whole.seconds));
    let newest = || Some((scene.demand?, scene.capacity.effective_cpus, scene.window_s));
    let Some((Demand { got, wanted, wait_share, .. }, cpus, seconds)) = whole.or_else(newest) else {
        return "no demand: it ended before a second sample".to_owned();
    };
    format!(
        "got {}, wanted {} of {}, waited {} of the time it was runnable, over {seconds:.1} s",
        cpus_or_dash(Some(got)),
        cpus_or_dash(Some(wanted)),
        cpus_or_dash(Some(cpus)),
        percent_or_dash(wait_share),
    )
}

fn steps(steps: &Steps) -> String {
    let Some(speed) = &steps.speed else {
        let none = steps.none.unwrap_or_default();
        let remark = none.remark().map_or(String::new(), |remark| format!("; {remark}"));
        return format!("no step marks: {}{remark}", none.text());
    };
    let mut words = format!("{}{}", if speed.count == MarkCount::AtLeast { "at least " } else { "" }, speed.total);
    if let Some(per_s) = speed.per_s {
        words += &format!("; {} a second", cpus_or_dash(Some(per_s)));
    }
    words += &format!(", {:.1} ms p50", speed.p50_ms);
    words += &speed.p95_ms.map_or(String::new(), |p95_ms| format!(", {p95_ms:.1} ms p95"));
    words += &format!(" over the last {:.1} s of steps", speed.covers_s);
    let others = speed.processes.saturating_sub(1);
    if others > 0 { format!("{words}, in process {} alone: 1 of {}", speed.pid, others + 1) } else { words }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::scene::{Capacity, CheckOutcome, Verdict};

    #[test]
    fn the_steps_that_are_known_are_said() {
        use crate::data::scene::{NoMarks, Speed};
        let speed = Speed { per_s: Some(24.31), p50_ms: 41.2, marks: 3, covers_s: 0.1, total: 3, ..Speed::default() };
        let text_of = |speed| steps(&Steps { speed, none: Some(NoMarks::NoLoop), ..Steps::default() });
        assert_eq!(text_of(Some(speed.clone())), "3; 24.31 a second, 41.2 ms p50 over the last 0.1 s of steps");
        let lost = Speed { p95_ms: Some(58.0), count: MarkCount::AtLeast, processes: 2, pid: 7, ..speed };
        assert_eq!(
            text_of(Some(lost)),
            "at least 3; 24.31 a second, 41.2 ms p50, 58.0 ms p95 over the last 0.1 s of steps, in process 7 alone: 1 of 2"
        );
        assert!(text_of(None).starts_with("no step marks: no fit, loop"));
    }

    #[test]
    fn every_cap_has_its_line() {
        use crate::data::scene::CheckedCap;
        let check = |cap: &'static str, value: &str, outcome, message: &str| CapCheck {
            cap: CheckedCap::named(cap).unwrap(),
            value: value.to_owned(),
            outcome,
            message: message.to_owned(),
        };
        let checks = [
            check("intra", "1", CheckOutcome::Held, "at most 1 thread"),
            check("cpus", "0-1", CheckOutcome::Exceeded, "2 threads of process 7 may run elsewhere"),
        ];
        let scene = Scene {
            demand: Some(Demand::new(1.5, 0.5)),
            window_s: 12.0,
            capacity: Capacity { effective_cpus: 2.0, ..Capacity::default() },
            ..Scene::default()
        };
        let notes = ["shim     attached to 1 process".to_owned()];
        let verdict =
            Headline { message: "2.0 of 2 CPUs".to_owned(), condition: Verdict::Healthy, ..Headline::default() };
        let ended = EndedRun {
            command: "python train.py",
            ended: "ended with exit code 0",
            seconds: 12.34,
            scene: Some(&scene),
            whole: None,
            verdict: Some(&verdict),
            checks: &checks,
            notes: &notes,
            next: Some("tftop compare 261120-1 261120-2"),
        };
        let expected = "\
tftop: python train.py ended with exit code 0 after 12.3 s
  verdict  HEALTHY  2.0 of 2 CPUs
  intra    1    held      at most 1 thread
  cpus     0-1  exceeded  2 threads of process 7 may run elsewhere
  CPUs     got 1.50, wanted 2.00 of 2.00, waited 25 % of the time it was runnable, over 12.0 s
  shim     attached to 1 process
  next     tftop compare 261120-1 261120-2";
        assert_eq!(run(&ended, Page::default()), expected);
        let whole = WholeDemand { demand: Demand::new(1.0, 0.0), effective_cpus: 2.0, seconds: 60.0 };
        let long = run(&EndedRun { whole: Some(whole), ..ended }, Page::default());
        assert!(
            long.contains("got 1.00, wanted 1.00 of 2.00, waited 0 % of the time it was runnable, over 60.0 s"),
            "{long}"
        );
    }
}
