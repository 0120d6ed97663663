//! Floor 2: a Scene as text, Markdown or JSON. Pure; knows no terminal.

mod causes;
mod compare;
mod explain;
mod figure;
mod json;
mod limits;
mod lines;
mod markdown;
mod profile;
mod ps;
mod rerun;
mod run;
mod runs;
mod stack;
mod summary;
mod sweep;
mod table;
mod text;
mod verdict;
mod waits;

pub use compare::{
    Compared, SCHEMA as COMPARE_SCHEMA, SideRuns, json as compare_json, markdown as compare_markdown,
    text as compare_text, verdict as compare_verdict,
};
pub use explain::explain;
pub use figure::{cpus, span};
pub use json::{EXPLAIN_SCHEMA, SCHEMA, explain as explain_json, json};
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
