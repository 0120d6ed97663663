//! The list of processes to attach to.

mod run;
mod state;
mod view;

pub use run::run;
pub use state::PickerList;
