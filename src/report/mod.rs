//! Floor 2: a Scene as text or JSON. Pure; knows no terminal.

mod figure;
mod json;
mod ps;
mod run;
mod table;
mod text;

pub use figure::{cpus, span};
pub use json::{SCHEMA, json};
pub use ps::{SCHEMA as PS_SCHEMA, json as ps_json, table as ps_table};
pub use run::{Run, run};
pub use text::{summary, text};
