//! TODO head

pub(crate) mod output;
pub(crate) mod rebuild;
pub(crate) mod run_fact;
pub(crate) mod whole_environment;
pub use output::{Colour, Line, LogFact, Look, Output, Piece, WindowSize};
pub use rebuild::{Manner, Rebuild, RerunPlan, ResourceLimit, Shown, VariableChange};
pub use run_fact::{RUN_SCHEMA, RunEnd, RunFact, without_secrets};
pub use whole_environment::WholeEnvironment;
