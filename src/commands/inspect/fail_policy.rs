//! `--fail-on`: whether a verdict breaks a policy. A policy that can't be judged never passes.

use std::time::Duration;

use anyhow::anyhow;

use crate::commands::own_process::exit::{CommandError, Exit};
use crate::commands::own_process::stdio;
use crate::data::scene::{HeldVerdict, Level, Scene, Verdict};
use crate::model::verdict::levels::JUDGED_S;
use crate::present::format;

/// The level from which on a report fails.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FailPolicy(Level);

impl FailPolicy {
    /// Refused at once where the watch would be too short for a verdict.
    pub(crate) fn new(level: Level, watch: Duration) -> Result<Self, CommandError> {
        if watch.as_secs_f64() < JUDGED_S {
            return Err(CommandError::usage(format!(
                "--fail-on needs a verdict, which takes {JUDGED_S:.0} s of watching: leave --for out, or make it longer"
            )));
        }
        Ok(Self(level))
    }

    /// How to end: 8 where the policy is broken, and says on stderr by what; as `otherwise` where it holds. Without a
    /// verdict neither can be said: then a clean end becomes an error.
    pub(crate) fn exit(self, scene: &Scene, otherwise: Exit) -> anyhow::Result<Exit> {
        let broken_by = self.broken_by(scene);
        if !broken_by.is_empty() {
            stdio::say(&format!("tftop: --fail-on {}: {}", self.0.word(), broken_by.join(", ")));
            return Ok(Exit::Findings);
        }
        let judged = scene.headline.condition != Verdict::TooSoon || worst_within(scene).is_some();
        if !judged && otherwise != Exit::Gone {
            return Err(anyhow!(
                "--fail-on {} can't be judged: stopped after {:.0} s, and a verdict takes {JUDGED_S:.0} s",
                self.0.word(),
                scene.headline.judged_s
            ));
        }
        Ok(otherwise)
    }

    /// What is at or above the level, in words.
    fn broken_by(self, scene: &Scene) -> Vec<String> {
        let condition = scene.headline.condition;
        let verdict = (condition.level() >= self.0).then(|| format!("the verdict is {}", condition.word()));
        let worst = worst_within(scene).filter(|worst| worst.verdict.level() >= self.0 && worst.verdict != condition);
        let worst = worst.map(|HeldVerdict { verdict, seconds, first_s }| {
            let [held, first] = [*seconds, *first_s].map(format::duration);
            format!("the verdict was {} for {held}, first at {first}", verdict.word())
        });
        let findings = scene.judgements.iter().filter_map(|judgement| Some((judgement.code, judgement.finding()?)));
        let findings = findings.filter(|(_, finding)| finding.level >= self.0);
        verdict
            .into_iter()
            .chain(worst)
            .chain(findings.map(|(code, finding)| format!("{code} is {}", finding.level.word())))
            .collect()
    }
}

/// The worst verdict within the span that was judged; none without a span, or where it was always too soon to tell.
fn worst_within(scene: &Scene) -> Option<&HeldVerdict> {
    scene.recorded.as_ref()?.span.as_ref()?.worst()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::scene::{Answer, Finding, Headline, JudgedSpan, RecordedMoment, RuleAnswer};

    fn scene(condition: Verdict, finding: Option<Level>) -> Scene {
        let found = |level| RuleAnswer {
            code: "late-setting",
            question: "?",
            answer: Answer::Found(Box::new(Finding { level, ..Finding::default() })),
        };
        Scene {
            headline: Headline { condition, ..Headline::default() },
            judgements: finding.into_iter().map(found).collect(),
            ..Scene::default()
        }
    }

    fn exit(level: Level, scene: &Scene, otherwise: Exit) -> Option<Exit> {
        FailPolicy(level).exit(scene, otherwise).ok()
    }

    #[test]
    fn the_verdict_or_any_cause_at_the_level_fails() {
        let severe = scene(Verdict::Severe, None);
        assert_eq!(exit(Level::Oversubscribed, &severe, Exit::Clean), Some(Exit::Findings));
        let notice = scene(Verdict::Healthy, Some(Level::Notice));
        assert_eq!(exit(Level::Notice, &notice, Exit::Partial), Some(Exit::Findings));
        assert_eq!(
            FailPolicy(Level::Notice).broken_by(&scene(Verdict::Starved, Some(Level::Notice))),
            ["the verdict is starved", "late-setting is notice"]
        );
    }

    #[test]
    fn what_stays_below_the_level_ends_as_it_would_have() {
        let notice = scene(Verdict::Starved, Some(Level::Notice));
        for otherwise in [Exit::Clean, Exit::Gone, Exit::Partial] {
            assert_eq!(exit(Level::Oversubscribed, &notice, otherwise), Some(otherwise));
        }
        assert_eq!(exit(Level::Notice, &scene(Verdict::Healthy, Some(Level::Healthy)), Exit::Clean), Some(Exit::Clean));
    }

    #[test]
    fn without_a_verdict_nothing_passes_but_what_is_found_still_fails() {
        let unjudged = scene(Verdict::TooSoon, None);
        assert_eq!(exit(Level::Severe, &unjudged, Exit::Clean), None);
        assert_eq!(exit(Level::Severe, &unjudged, Exit::Partial), None);
        assert_eq!(exit(Level::Severe, &unjudged, Exit::Gone), Some(Exit::Gone));
        let found = scene(Verdict::TooSoon, Some(Level::Notice));
        assert_eq!(exit(Level::Notice, &found, Exit::Gone), Some(Exit::Findings));
    }

    #[test]
    fn of_a_span_the_worst_verdict_within_it_counts_as_well() {
        let within = |condition, verdict| {
            let held = vec![HeldVerdict { verdict, seconds: 12.0, first_s: 90.0 }];
            let span = Some(JudgedSpan { held, ..JudgedSpan::default() });
            let recorded = Some(RecordedMoment { span, ..RecordedMoment::default() });
            Scene { recorded, ..scene(condition, None) }
        };
        let once = within(Verdict::Healthy, Verdict::Severe);
        assert_eq!(exit(Level::Severe, &once, Exit::Clean), Some(Exit::Findings));
        assert_eq!(FailPolicy(Level::Severe).broken_by(&once), ["the verdict was severe for 12s, first at 1m30s"]);
        assert_eq!(exit(Level::Severe, &within(Verdict::Healthy, Verdict::Notice), Exit::Clean), Some(Exit::Clean));
        assert_eq!(exit(Level::Notice, &within(Verdict::TooSoon, Verdict::Healthy), Exit::Clean), Some(Exit::Clean));
        assert_eq!(exit(Level::Notice, &within(Verdict::TooSoon, Verdict::TooSoon), Exit::Clean), None);
        let all = within(Verdict::Severe, Verdict::Severe);
        assert_eq!(FailPolicy(Level::Severe).broken_by(&all), ["the verdict is severe"]);
    }

    #[test]
    fn a_watch_too_short_for_a_verdict_is_refused_at_once() {
        let policy = |seconds| FailPolicy::new(Level::Notice, Duration::from_secs(seconds));
        assert!(policy(10).is_ok());
        assert!(policy(9).unwrap_err().to_string().contains("takes 10 s of watching"));
    }
}
