//! The dashboard's state and what changes it.

mod act;
mod dashboard;
pub mod event;
mod find;
mod fold;
pub(crate) mod jump;
mod output;
pub mod parts;
mod read;
mod refusal;
mod replay;
mod rerun;
mod settings;
mod stacks;

pub use dashboard::Dashboard;
