//! Keys: what they do where, which keys the settings give instead, and the bytes they are for a command that is typed to.

mod actions;
mod bindings;
mod key;
mod keymap;
mod names;
mod typing;

pub(crate) use actions::{Action, KeyContext, TimeDirection};
pub use actions::{CopyPart, TimeStep};
pub use key::Key;
pub use keymap::{BoundRow, Conflict, KeyMap, Remap};
pub(crate) use keymap::{actions, own_keys};
pub(crate) use typing::bytes;
