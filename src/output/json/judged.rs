//! What was judged, in JSON: the verdict, the findings, every rule's answer. A verdict that could not be given is null,
//! never "healthy".

use serde::Serialize;

use crate::data::limits::Caps;
use crate::data::scene::{Answer, Finding, Headline, Remedy, RuleAnswer, Verdict};
use crate::present::format::rounded;

/// The one sentence and what it rests on.
#[derive(Serialize)]
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
            caps: some(headline.caps),
            judged_s: rounded(headline.judged_s),
            saturation: headline.pressure.map(|pressure| rounded(pressure.saturation)),
        }
    }
}

/// One rule and its answer.
#[derive(Serialize)]
pub(crate) struct JudgementJson<'a> {
    code: &'a str,
    asks: &'a str,
    /// "found", "clear", "too_soon" or "cant_tell".
    answer: &'static str,
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
        Self { code: judgement.code, asks: judgement.question, answer, because: judgement.message() }
    }
}

/// A cause that was found.
#[derive(Serialize)]
pub(crate) struct FindingJson<'a> {
    code: &'a str,
    level: &'static str,
    grade: &'static str,
    says: &'a str,
    evidence: Vec<EvidenceJson<'a>>,
    remedy: RemedyJson<'a>,
}

#[derive(Serialize)]
struct EvidenceJson<'a> {
    what: &'a str,
    value: &'a str,
}

#[derive(Serialize)]
struct RemedyJson<'a> {
    text: &'a str,
    /// A shell line; null where no variable does it.
    export: Option<&'a str>,
    /// Null where no call does it.
    python: Option<&'a str>,
    /// Null where no cap does it.
    caps: Option<Caps>,
}

impl<'a> FindingJson<'a> {
    pub(crate) fn of(judgements: &'a [RuleAnswer]) -> Vec<Self> {
        judgements.iter().filter_map(|judgement| Some(Self::new(judgement.code, judgement.finding()?))).collect()
    }

    fn new(code: &'a str, finding: &'a Finding) -> Self {
        let evidence =
            finding.evidence.iter().map(|reading| EvidenceJson { what: &reading.what, value: &reading.value });
        Self {
            code,
            level: finding.level.word(),
            grade: finding.grade.word(),
            says: &finding.message,
            evidence: evidence.collect(),
            remedy: RemedyJson::new(&finding.remedy),
        }
    }
}

impl<'a> RemedyJson<'a> {
    fn new(remedy: &'a Remedy) -> Self {
        Self {
            text: &remedy.text,
            export: remedy.export.as_deref(),
            python: remedy.python.as_deref(),
            caps: some(remedy.caps),
        }
    }
}

fn some(caps: Caps) -> Option<Caps> {
    (!caps.is_empty()).then_some(caps)
}
