//! `tftop completions SHELL`: the script that a shell loads, and the answers to what it then asks: each time what there is
//! now, so that pids, runs, origins and profiles are completed as well as options.

use std::env;

use anyhow::Context as _;
use clap::CommandFactory as _;
use clap_complete::env::{CompleteEnv, Shells};

use crate::commands::args::cli::Cli;
use crate::commands::args::generate::CompletionShell;
use crate::commands::generate::candidates::offered;
use crate::commands::own_process::exit::Exit;
use crate::commands::own_process::stdio;

/// By this variable the shell's script asks.
const ASKS: &str = "TFTOP_COMPLETE";

/// Answers a shell that asks what can be completed; false where none does.
pub(crate) fn answered() -> bool {
    if env::var_os(ASKS).is_none() {
        return false;
    }
    let folder = env::current_dir().ok();
    let completing = CompleteEnv::with_factory(|| offered(Cli::command())).var(ASKS).bin("tftop").completer("tftop");
    // A shell shows nothing where nothing comes; a message would stand in the prompt.
    completing.try_complete(env::args_os(), folder.as_deref()).unwrap_or(true)
}

/// Prints the script.
pub(crate) fn completions(shell: CompletionShell) -> anyhow::Result<Exit> {
    let shells = Shells::builtins();
    let completer = shells.completer(shell.name()).context("this shell is not known to clap_complete")?;
    let mut script = Vec::new();
    completer.write_registration(ASKS, "tftop", "tftop", "tftop", &mut script)?;
    stdio::print(&String::from_utf8(script)?)?;
    Ok(Exit::Clean)
}
