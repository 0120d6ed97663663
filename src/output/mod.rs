//! Floor 2: a Scene as text, Markdown or JSON. Pure; knows no terminal.

pub mod causes;
pub mod compare;
pub mod explain;
pub mod json;
pub mod limits;
pub mod markdown;
pub mod profile;
pub mod ps;
pub mod rerun;
pub mod run;
pub mod runs;
pub mod stack;
pub mod summary;
pub mod sweep;
pub mod text;
pub mod verdict;
pub mod waits;

pub use compare::{
    Compared, SCHEMA as COMPARE_SCHEMA, SideRuns, json as compare_json, markdown as compare_markdown,
    text as compare_text, verdict as compare_verdict,
};
pub use explain::explain;
pub use json::explain::{SCHEMA as EXPLAIN_SCHEMA, json as explain_json};
pub use json::{SCHEMA, json};
pub use markdown::markdown;
pub use profile::{
    Folded, SCHEMA as PROFILE_SCHEMA, folded as profile_folded, json as profile_json, text as profile_text,
};
pub use ps::{SCHEMA as PS_SCHEMA, json as ps_json, table as ps_table};
pub use rerun::{Effect, rerun};
pub use run::{Run, run};
pub use runs::{Listed, SCHEMA as RUNS_SCHEMA, runs, runs_json};
pub use stack::{SCHEMA as STACK_SCHEMA, json as stack_json, text as stack_text};
pub use summary::{Place, ended as run_ended, summary as run_summary, summary_markdown as run_summary_markdown};
pub use sweep::{Sweep, sweep};
pub use text::{summary, text};

pub use crate::present::figure::{cpus, span};
