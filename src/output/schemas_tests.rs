//! The schemas that are kept are those of the types.

use std::path::Path;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::*;
use crate::data::run::RunFact;
use crate::output::compare::ComparisonJson;
use crate::output::export::json_lines::LastLine;
use crate::output::export::row::Row;
use crate::output::json::explain::Explanation;
use crate::output::json::report::Report;
use crate::output::ps::PsListing;
use crate::output::ps::hosts::PsHosts;
use crate::output::runs::RunsListing;
use crate::output::stack::json::StacksJson;
use crate::output::stack::profile::ProfileJson;
use crate::runs::summary::RunSummary;
use crate::runs::sweep_record::SweepRecord;

fn schema_of<T: JsonSchema>() -> Value {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    serde_json::to_value(generator.into_root_schema_for::<T>()).unwrap()
}

fn made(contract: &Contract) -> String {
    let mut schema = match contract.name {
        "report" => schema_of::<Report>(),
        "explain" => schema_of::<Explanation>(),
        "ps" => schema_of::<PsListing>(),
        "ps-hosts" => schema_of::<PsHosts>(),
        "stack" => schema_of::<StacksJson>(),
        "profile" => schema_of::<ProfileJson>(),
        "runs" => schema_of::<RunsListing>(),
        "run-summary" => schema_of::<RunSummary>(),
        "run" => schema_of::<RunFact>(),
        "compare" => schema_of::<ComparisonJson>(),
        "sweep" => schema_of::<SweepRecord>(),
        "export" => schema_of::<Row>(),
        "export-end" => schema_of::<LastLine>(),
        other => panic!("{other} has no type here"),
    };
    schema["title"] = json!(contract.version);
    schema["description"] = json!(contract.about);
    schema["properties"]["schema"] =
        json!({ "const": contract.version, "description": "Name and version of this contract." });
    serde_json::to_string_pretty(&schema).unwrap() + "\n"
}

#[test]
fn schemas_are_those_of_the_types() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/schemas");
    let updates = std::env::var_os("UPDATE_SCHEMAS").is_some();
    let mut stale = Vec::new();
    for contract in CONTRACTS {
        let made = made(contract);
        if made != contract.text {
            stale.push(contract.name);
            if updates {
                std::fs::write(folder.join(contract.name).with_extension("json"), made).unwrap();
            }
        }
    }
    assert!(updates || stale.is_empty(), "UPDATE_SCHEMAS=1 cargo test --lib schemas writes those of {stale:?}");
    let kept = std::fs::read_dir(folder).unwrap().count();
    assert_eq!(kept, CONTRACTS.len(), "schemas of nothing in assets/schemas");
}
