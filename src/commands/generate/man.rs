//! `tftop man`: the manual page, or one for each subcommand in a folder, out of the same words as --help.

use std::path::Path;

use anyhow::Context as _;
use clap::CommandFactory as _;
use clap_mangen::{Man, generate_to};

use crate::commands::args::cli::Cli;
use crate::commands::own_process::exit::Exit;
use crate::commands::own_process::stdio;

/// Prints it, or writes all of them into a folder that is there.
pub(crate) fn man(folder: Option<&Path>) -> anyhow::Result<Exit> {
    // `help` explains the others and has no page of its own.
    let command = Cli::command().disable_help_subcommand(true);
    match folder {
        Some(folder) => {
            generate_to(command, folder).with_context(|| format!("writing manual pages into {}", folder.display()))?;
        }
        None => {
            let mut page = Vec::new();
            Man::new(command).render(&mut page)?;
            stdio::print(&String::from_utf8(page)?)?;
        }
    }
    Ok(Exit::Clean)
}
