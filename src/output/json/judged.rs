//! What was judged, in JSON: the verdict, the findings, every rule's answer. A verdict that could not be given is null,
//! never "healthy".

use serde::Serialize;

use crate::data::limits::Caps;
use crate::data::scene::{Answer, Finding, Headline, RuleAnswer, Verdict};
use crate::present::format::rounded;

/// The one sentence and what it rests on.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct VerdictJson<'a> {
    /// "healthy", "notice", "oversubscribed" or "severe"; null while it is too soon to tell.
    level: Option<&'static str>,
    condition: Verdict,
    says: &'a str,
    /// What would fit, in words; empty when nothing needs to change.
    advice: &'a str,
    /// What would fit, as numbers; null when nothing needs to change or no cap would help.
    caps: Option<Caps>,
    /// Seconds the verdict rests on: the newest ones, however long the watch was.
    judged_s: f64,
    /// wanted / effective CPUs over those seconds.
    saturation: Option<f64>,
}

impl<'a> VerdictJson<'a> {
    pub(crate) fn new(headline: &'a Headline) -> Self {
        let level = headline.condition.level().word();
        Self {
            level: (headline.condition != Verdict::TooSoon).then_some(level),
            condition: headline.condition,
            says: &headline.message,
            advice: &headline.advice,
            caps: (!headline.caps.is_empty()).then_some(headline.caps),
            judged_s: rounded(headline.judged_s),
            saturation: headline.pressure.map(|pressure| rounded(pressure.saturation)),
        }
    }
}

/// One rule and its answer.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct JudgementJson<'a> {
    code: &'a str,
    asks: &'a str,
    /// "found", "clear", "too_soon" or "cant_tell".
    answer: &'static str,
    /// Whether what was found is only a note: nothing is wrong.
    note: bool,
    /// What was found, why it is ruled out, what is waited for, or what is missing.
    because: &'a str,
}

impl<'a> JudgementJson<'a> {
    pub(crate) fn of(judgements: &'a [RuleAnswer]) -> Vec<Self> {
        judgements.iter().map(Self::new).collect()
    }

    fn new(judgement: &'a RuleAnswer) -> Self {
        let answer = match judgement.answer {
            Answer::Found(_) => "found",
            Answer::Clear { .. } => "clear",
            Answer::TooSoon { .. } => "too_soon",
            Answer::CantTell { .. } => "cant_tell",
        };
        Self {
            code: judgement.code,
            asks: judgement.question,
            answer,
            note: judgement.is_note(),
            because: judgement.message(),
        }
    }
}

/// A cause that was found.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct FindingJson<'a> {
    code: &'a str,
    #[serde(flatten)]
    finding: &'a Finding,
}

impl<'a> FindingJson<'a> {
    pub(crate) fn of(judgements: &'a [RuleAnswer]) -> Vec<Self> {
        let found = |judgement: &'a RuleAnswer| Some(Self { code: judgement.code, finding: judgement.finding()? });
        judgements.iter().filter_map(found).collect()
    }
}
