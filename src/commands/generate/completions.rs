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

/// Where zsh finds the script in its function path, it runs it at the first question, and expects the answer of that run, too.
const ZSH_FIRST_QUESTION: &str = r#"
if [[ $funcstack[1] == _tftop ]]; then
    _clap_dynamic_completer_tftop "$@"
fi
"#;

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
    let mut script = String::from_utf8(script)?;
    if matches!(shell, CompletionShell::Zsh) {
        script.push_str(ZSH_FIRST_QUESTION);
    }
    stdio::print(&script)?;
    Ok(Exit::Clean)
}
