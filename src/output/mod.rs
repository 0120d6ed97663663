//! Scenes, runs, recordings and comparisons as text, Markdown, JSON, CSV and HTML: thin printers over what present makes. Pure; knows no terminal.

pub(crate) mod compare;
pub(crate) mod export;
pub(crate) mod json;
pub(crate) mod markdown;
pub(crate) mod metrics;
pub(crate) mod ps;
pub(crate) mod rerun;
pub(crate) mod run;
pub(crate) mod runs;
pub(crate) mod schemas;
pub(crate) mod stack;
pub(crate) mod summary;
pub(crate) mod sweep;
pub(crate) mod text;

pub use compare::{
    ComparedRuns, ComparedSpan, SCHEMA as COMPARE_SCHEMA, SideRuns, answer as compare_answer, json as compare_json,
    markdown as compare_markdown, text as compare_text,
};
pub use export::{ExportEnd, ExportFormat, ExportSource, SceneExport, export};
pub use json::explain::{SCHEMA as EXPLAIN_SCHEMA, json as explain_json};
pub use json::report::{SCHEMA, json};
pub use markdown::markdown;
pub use metrics::{LookTotals, open_metrics, text_format};
pub use ps::hosts::{HostAnswer, json as ps_hosts_json, table as ps_hosts_table};
pub use ps::{SCHEMA as PS_SCHEMA, json as ps_json, table as ps_table};
pub use rerun::{PredictedEffect, rerun};
pub use run::{EndedRun, run};
pub use runs::{ListedRun, SCHEMA as RUNS_SCHEMA, runs, runs_json};
pub use schemas::{CONTRACTS, Contract};
pub use stack::profile::{
    Folded, SCHEMA as PROFILE_SCHEMA, folded as profile_folded, json as profile_json, text as profile_text,
};
pub use stack::{
    IdleThreads, SCHEMA as STACK_SCHEMA, json as stack_json, past_json as past_stacks_json,
    past_text as past_stacks_text, text as stack_text,
};
pub use summary::{RunPlace, summary as run_summary, summary_markdown as run_summary_markdown};
pub use sweep::{SweepReport, sweep};
pub use text::brief::{ReportDetail, text};
pub use text::explain::explain;
pub use text::report::summary;

pub use crate::present::run_summary::ended as run_ended;
