//! Missing, and why. Never an empty cell without a reason.

use serde::{Deserialize, Serialize};

/// Something that could not be read: shown wherever the value would have stood.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Gap {
    /// What is missing, in the words of the screen: "TensorFlow's thread names".
    pub what: String,
    /// Why, with the one step that would show more when there is one.
    pub why: String,
}

impl Gap {
    /// A gap from anything printable.
    pub fn new(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self { what: what.into(), why: why.into() }
    }
}
