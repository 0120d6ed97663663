//! What rules answer: a finding with its evidence and remedy, or why there is none.

use serde::{Serialize, Serializer};

use crate::data::limits::{Caps, Grade};

/// What a rule says.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Ruled out, and why.
    Clear {
        /// One sentence with the evidence.
        because: String,
    },
    /// It is so.
    Found(Box<Finding>),
    /// Not enough was seen yet.
    TooSoon {
        /// What the rule waits for: "10 s of watching, has 4".
        needs: String,
    },
    /// Evidence is missing that more time will not bring.
    CantTell {
        /// What is missing and the one step that would bring it.
        because: String,
    },
}

/// One rule and its answer.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleAnswer {
    /// The rule's code, stable: "late-setting".
    pub code: &'static str,
    /// What the rule asks, as a question for people: "Was the setting too late?"
    pub question: &'static str,
    /// Its answer.
    pub answer: Answer,
}

impl RuleAnswer {
    /// What was found; none for every other answer.
    pub fn finding(&self) -> Option<&Finding> {
        match &self.answer {
            Answer::Found(finding) => Some(finding),
            _ => None,
        }
    }

    /// Whether what was found is only worth a note: nothing is wrong.
    pub fn is_note(&self) -> bool {
        self.finding().is_some_and(|finding| finding.level == Level::Healthy)
    }

    /// The answer's sentence: what was found, why it is ruled out, what is waited for, or what is missing.
    pub fn message(&self) -> &str {
        match &self.answer {
            Answer::Found(finding) => &finding.message,
            Answer::Clear { because } | Answer::CantTell { because } => because,
            Answer::TooSoon { needs } => needs,
        }
    }
}

/// A cause that was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// How it is known.
    pub grade: Grade,
    /// One plain sentence.
    #[serde(rename = "says")]
    pub message: String,
    /// The numbers behind it.
    pub evidence: Vec<Evidence>,
    /// What would change it.
    pub remedy: Remedy,
}

/// One number or reading behind a finding.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Evidence {
    /// What it is: "tf.config intra".
    pub what: String,
    /// Its value with its unit: "3 threads".
    pub value: String,
}

impl Evidence {
    /// From anything printable.
    pub fn new(what: impl Into<String>, value: impl Into<String>) -> Self {
        Self { what: what.into(), value: value.into() }
    }
}

/// What would change a finding.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Remedy {
    /// In words.
    pub text: String,
    /// As a shell line, where a variable does it.
    pub export: Option<String>,
    /// As Python, where a call does it.
    pub python: Option<String>,
    /// As caps for a rerun; empty where no cap does it, in JSON null.
    #[serde(serialize_with = "caps_or_null")]
    #[cfg_attr(test, schemars(with = "Option<Caps>"))]
    pub caps: Caps,
}

fn caps_or_null<S: Serializer>(caps: &Caps, serializer: S) -> Result<S::Ok, S::Error> {
    (!caps.is_empty()).then_some(caps).serialize(serializer)
}

/// How bad: the order is the order of `--fail-on`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Nothing to do.
    #[default]
    Healthy,
    /// Worth knowing.
    Notice,
    /// CPUs are lost to waiting.
    Oversubscribed,
    /// Most of the wanted time is waiting.
    Severe,
}

impl Level {
    /// One word for screens, JSON and `--fail-on`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Notice => "notice",
            Self::Oversubscribed => "oversubscribed",
            Self::Severe => "severe",
        }
    }
}
