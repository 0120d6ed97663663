//! Keys: what they do where, and the bytes they are for a command that is typed to.

mod actions;
mod bindings;
mod typing;

pub(crate) use actions::{Action, KeyContext, TimeDirection};
pub use actions::{CopyPart, TimeStep};
pub(crate) use bindings::{BINDINGS, Binding, action, label};
pub(crate) use typing::bytes;
