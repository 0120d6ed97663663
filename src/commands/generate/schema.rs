//! `tftop schema`: the JSON Schema of an output, or the names of all.

use crate::commands::own_process::exit::Exit;
use crate::commands::own_process::stdio;
use crate::output::CONTRACTS;

/// Prints the schema of this name, or one line for each that there is.
pub(crate) fn schema(name: Option<&str>) -> anyhow::Result<Exit> {
    let text = match name {
        Some(name) => CONTRACTS.iter().filter(|contract| contract.name == name).map(|contract| contract.text).collect(),
        None => list(),
    };
    stdio::print(&text)?;
    Ok(Exit::Clean)
}

fn list() -> String {
    let width = CONTRACTS.iter().map(|contract| contract.name.len()).max().unwrap_or(0);
    let versions = CONTRACTS.iter().map(|contract| contract.version.len()).max().unwrap_or(0);
    let line = |contract: &crate::output::Contract| {
        format!("{:<width$}  {:<versions$}  {}\n", contract.name, contract.version, contract.about)
    };
    CONTRACTS.iter().map(line).collect()
}
