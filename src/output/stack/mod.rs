//! `tftop stack`: what threads are doing, as text for people and as JSON.

#[cfg(test)]
pub(crate) mod examples;
pub(crate) mod json;
pub(crate) mod profile;
pub(crate) mod text;

pub use json::{SCHEMA, json, past_json};
pub use text::{IdleThreads, past_text, text};

use crate::data::sample::StackMethod;

/// Why there are no native frames, or none at all.
fn why(taken: &StackMethod) -> Option<&str> {
    match taken {
        StackMethod::PythonOnly { why } | StackMethod::Not { why } => Some(why),
        _ => None,
    }
}
