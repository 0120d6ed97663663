//! Floor 3: wiring. The command line, the sampler thread, one file a subcommand.

mod attach;
mod census;
mod cli;
mod demo;
mod doctor;
mod exit;
mod output;
mod pick;
mod policy;
mod progress;
mod ps;
mod pump;
mod report;
mod run;
mod span;
mod target;
mod watch;

use std::process::ExitCode;

use clap::Parser as _;

use cli::{Cli, Command};
use exit::{Exit, Problem};

/// Runs the command line and says how it ended: the exit code of `tftop --help`.
pub fn main() -> ExitCode {
    let outcome = match Cli::try_parse() {
        Ok(cli) => run(cli),
        // Help and version come as errors too; a reader that went away is none.
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { exit::USAGE } else { 0 });
        }
    };
    match outcome {
        Ok(exit) => exit.code(),
        Err(error) => {
            output::complain(&error);
            exit::code_of(&error)
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<Exit> {
    let options = &cli.options;
    match (cli.pid, cli.command) {
        (Some(_), Some(_)) => {
            Err(Problem::usage("a pid goes behind the subcommand: `tftop report 2430`, not `tftop 2430 report`").into())
        }
        (Some(pid), None) => watch::watch(pid, watch::DEFAULT_WATCH, options),
        (None, None) => pick::pick(options),
        (None, Some(Command::Attach { target })) => watch::watch(target::find(&target)?, watch::DEFAULT_WATCH, options),
        (None, Some(Command::Ps { json })) => ps::ps(json, options),
        (None, Some(Command::Report(wish))) => report::report(&wish, options),
        (None, Some(Command::Explain(wish))) => report::explain(&wish, options),
        (None, Some(Command::Doctor { pid })) => doctor::doctor(pid),
        (None, Some(Command::Demo(wish))) => demo::demo(&wish, options),
        (None, Some(Command::Run(wish))) => run::run(&wish, options),
        (None, Some(Command::Stage(wish))) => Ok(run::stage(&wish)),
    }
}
