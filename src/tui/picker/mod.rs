//! The list of processes and jobs to attach to.

mod run;
mod state;
mod view;

pub use run::run;
pub use state::{Picked, PickerList};
