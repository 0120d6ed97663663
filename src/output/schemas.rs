//! Every JSON that tftop prints or keeps, by name, with its JSON Schema. The schemas are made of the types that are
//! serialised: a test keeps `assets/schemas` at what they are today.

use crate::data::run::RUN_SCHEMA;
use crate::output::export::json_lines::END_SCHEMA;
use crate::output::export::row;
use crate::output::stack::profile;
use crate::output::{compare, json, ps, runs, stack};
use crate::runs::{summary, sweep_record};

/// One JSON that other programs may read.
#[derive(Debug)]
pub struct Contract {
    /// What it is called: "report".
    pub name: &'static str,
    /// Which command or file has it.
    pub about: &'static str,
    /// Name and version, as they stand in its field `schema`.
    pub version: &'static str,
    /// Its JSON Schema (draft 2020-12).
    pub text: &'static str,
}

macro_rules! contract {
    ($name:literal, $about:literal, $version:expr) => {
        Contract {
            name: $name,
            about: $about,
            version: $version,
            text: include_str!(concat!("../../assets/schemas/", $name, ".json")),
        }
    };
}

/// Every contract.
pub const CONTRACTS: &[Contract] = &[
    contract!("report", "tftop report --json", json::report::SCHEMA),
    contract!("explain", "tftop explain --json", json::explain::SCHEMA),
    contract!("ps", "tftop ps --json", ps::SCHEMA),
    contract!("ps-hosts", "tftop ps --hosts … --json, and with --slurm", ps::hosts::SCHEMA),
    contract!("stack", "tftop stack --json", stack::SCHEMA),
    contract!("profile", "tftop stack --sample TIME --json", profile::SCHEMA),
    contract!("runs", "tftop runs --json", runs::SCHEMA),
    contract!("run-summary", "tftop runs show ID --json, and summary.json of a run", summary::SCHEMA),
    contract!("run", "run.json of a run", RUN_SCHEMA),
    contract!("compare", "tftop compare --json", compare::SCHEMA),
    contract!("sweep", "tftop sweep --json, and the record that it keeps", sweep_record::SCHEMA),
    contract!("export", "a line of tftop export --json-lines", row::SCHEMA),
    contract!("export-end", "the last line of tftop export --json-lines", END_SCHEMA),
];

#[cfg(test)]
#[path = "schemas_tests.rs"]
mod tests;
