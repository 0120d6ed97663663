//! Floor 2: a Scene as text, Markdown or JSON. Pure; knows no terminal.

mod causes;
mod explain;
mod figure;
mod json;
mod limits;
mod lines;
mod markdown;
mod ps;
mod run;
mod table;
mod text;
mod verdict;

pub use explain::explain;
pub use figure::{cpus, span};
pub use json::{EXPLAIN_SCHEMA, SCHEMA, explain as explain_json, json};
pub use markdown::markdown;
pub use ps::{SCHEMA as PS_SCHEMA, json as ps_json, table as ps_table};
pub use run::{Run, run};
pub use text::{summary, text};
