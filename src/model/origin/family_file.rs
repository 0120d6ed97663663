//! A file of thread families as it is written, and what can be wrong with it.

use std::fmt;
use std::sync::Arc;

use regex_lite::Regex;
use serde::Deserialize;

/// A whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FamilyFile {
    #[serde(default)]
    pub family: Vec<FamilyEntry>,
}

/// One family, as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FamilyEntry {
    pub id: String,
    pub label: Option<String>,
    pub about: Option<String>,
    pub copies: Option<Copies>,
    #[serde(default, rename = "match")]
    pub matches: Vec<MatchEntry>,
}

/// One entry of a family, as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MatchEntry {
    tf_name: Option<String>,
    symbol: Option<String>,
    library: Option<String>,
    python_name: Option<String>,
    comm: Option<String>,
    beside: Option<String>,
    copy: Option<String>,
    note: Option<String>,
    #[serde(default)]
    pool: bool,
}

impl FamilyFile {
    /// Reads a file; every id in it is a good one.
    pub fn read(text: &str) -> Result<Self, FamilyError> {
        let file: Self = toml::from_str(text).map_err(|error| FamilyError::Syntax(error.to_string()))?;
        let valid = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
        match file.family.iter().find(|entry| entry.id.is_empty() || !entry.id.bytes().all(valid)) {
            Some(entry) => Err(FamilyError::Id(entry.id.clone())),
            None => Ok(file),
        }
    }
}

impl MatchEntry {
    /// The entry with its patterns compiled.
    pub fn rule(&self, family: usize, id: &str) -> Result<MatchRule, FamilyError> {
        let patterns = [&self.tf_name, &self.symbol, &self.library, &self.python_name, &self.comm];
        if patterns.iter().all(|pattern| pattern.is_none()) {
            return Err(FamilyError::NoEvidence { family: id.to_owned() });
        }
        let compile = |pattern: &Option<String>| {
            let compiled = pattern.as_deref().map(Regex::new).transpose();
            compiled.map_err(|error| FamilyError::Pattern {
                family: id.to_owned(),
                pattern: pattern.clone().unwrap_or_default(),
                error: error.to_string(),
            })
        };
        Ok(MatchRule {
            family,
            tf_name: compile(&self.tf_name)?,
            symbol: compile(&self.symbol)?,
            library: compile(&self.library)?,
            python_name: compile(&self.python_name)?,
            comm: compile(&self.comm)?,
            beside: compile(&self.beside)?,
            copy: self.copy.as_deref().map(Arc::from),
            note: self.note.as_deref().map(Arc::from),
            pool: self.pool,
        })
    }
}

/// How copies of a library that make groups of their own are named.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Copies {
    Package,
    Library,
}

/// One entry: all its patterns must fit.
#[derive(Clone, Debug)]
pub(crate) struct MatchRule {
    pub family: usize,
    pub tf_name: Option<Regex>,
    pub symbol: Option<Regex>,
    pub library: Option<Regex>,
    pub python_name: Option<Regex>,
    pub comm: Option<Regex>,
    pub beside: Option<Regex>,
    pub copy: Option<Arc<str>>,
    pub note: Option<Arc<str>>,
    pub pool: bool,
}

/// Why a file of families can't be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FamilyError {
    /// It is not TOML, or has a field that families don't have; the parser's words, with the line.
    Syntax(String),
    /// An id has other characters than lower-case letters, digits and dashes, or none.
    Id(String),
    /// A match names no evidence: it would fit every thread.
    NoEvidence {
        /// The family's id.
        family: String,
    },
    /// A pattern is no regular expression.
    Pattern {
        /// The family's id.
        family: String,
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        error: String,
    },
}

impl fmt::Display for FamilyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(error) => write!(f, "not a file of thread families: {error}"),
            Self::Id(id) => write!(f, "family {id:?}: an id is made of lower-case letters, digits and dashes"),
            Self::NoEvidence { family } => write!(f, "family {family}: a match names no evidence"),
            Self::Pattern { family, pattern, error } => write!(f, "family {family}: pattern {pattern:?}: {error}"),
        }
    }
}

impl std::error::Error for FamilyError {}
