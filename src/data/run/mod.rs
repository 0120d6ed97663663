//! What is known of a run beside its samples: how it was started, what it wrote, how it could be started again.

pub(crate) mod output;
pub(crate) mod rebuild;
pub(crate) mod run_fact;
pub(crate) mod run_files;
pub(crate) mod whole_environment;
pub use output::{LogFact, OutputLine, StyledText, TerminalOutput, TextColor, TextStyle, WindowSize};
pub use rebuild::{ProcessAttributes, RebuiltProcess, RerunPlan, ResourceLimit, ShownValue, VariableChange};
pub use run_fact::{PredictedDemand, RUN_SCHEMA, RunEnd, RunFact};
pub use whole_environment::FullEnvironment;
