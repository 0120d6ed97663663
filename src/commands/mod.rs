//! Wiring: the command line, the sampler's thread, background workers, one file a subcommand.

pub(crate) mod args;
pub(crate) mod dashboard;
pub(crate) mod demo;
pub(crate) mod generate;
pub(crate) mod inspect;
pub(crate) mod kept;
pub(crate) mod measure;
pub(crate) mod own_process;
pub(crate) mod rerun;
pub(crate) mod run;
pub(crate) mod sampling;
pub(crate) mod serve;
pub(crate) mod settings;
pub(crate) mod workers;

use std::process::ExitCode;

use clap::parser::ValueSource;
use clap::{ArgMatches, FromArgMatches as _};

use crate::commands::args::cli::{Cli, Command, command_line};
use crate::commands::args::inspect::DEFAULT_WATCH;
use crate::commands::generate::{completions, man, schema};
use crate::commands::inspect::{doctor, pick, ps, record, report, stack, watch};
use crate::commands::kept::{compare, export, replay, runs};
use crate::commands::measure::{sweep, tune};
use crate::commands::own_process::exit::{CommandError, Exit};
use crate::commands::own_process::held_up::unless_held_up;
use crate::commands::own_process::{descriptors, exit, stdio};
use crate::commands::sampling::target;
use crate::commands::settings::SettingsFile;
use crate::tui::settings::SharedSettings;

/// Runs the command line and says how it ended: the exit code of `tftop --help`.
pub fn main() -> ExitCode {
    if completions::answered() {
        return ExitCode::SUCCESS;
    }
    let matches = command_line().try_get_matches();
    let parsed = matches.and_then(|matches| Cli::from_arg_matches(&matches).map(|cli| (cli, matches)));
    let outcome = match parsed {
        Ok((cli, matches)) => with_settings(cli, &matches).and_then(|(cli, settings)| {
            let shared = cli.options.dashboard.clone();
            let ended = run(cli, &settings);
            // No dashboard has said it.
            say_problems(&shared, &settings);
            ended
        }),
        // Help and version come as errors too; a reader that went away is none.
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { exit::USAGE } else { 0 });
        }
    };
    match outcome {
        Ok(exit) => exit.code(),
        Err(error) => {
            stdio::complain(&error);
            exit::code_of(&error)
        }
    }
}

/// The settings file, and the options with its defaults.
fn with_settings(mut cli: Cli, matches: &ArgMatches) -> anyhow::Result<(Cli, SettingsFile)> {
    // The step before the command has nothing to be set, nor has what is written of tftop itself; neither fails over it.
    if matches!(
        cli.command,
        Some(Command::Stage(_) | Command::Completions { .. } | Command::Man { .. } | Command::Schema { .. })
    ) {
        return Ok((cli, SettingsFile::default()));
    }
    descriptors::check()?;
    let settings = SettingsFile::read(cli.options.config.as_deref())?;
    // Options behind a subcommand are brought up to the top.
    let is_given = |name: &str| matches.value_source(name) == Some(ValueSource::CommandLine);
    cli.options = cli.options.or_settings(&settings, is_given);
    if !(may_draw(cli.command.as_ref()) && stdio::can_draw()) {
        say_problems(&cli.options.dashboard, &settings);
    }
    cli.options.no_record = cli.no_record || matches!(cli.command, Some(Command::Attach { no_record: true, .. }));
    Ok((cli, settings))
}

/// Whether a command shows the dashboard, which says what is wrong with the settings.
fn may_draw(command: Option<&Command>) -> bool {
    let draws = |command: &Command| {
        matches!(
            command,
            Command::Attach { .. } | Command::Demo(_) | Command::Run(_) | Command::Rerun(_) | Command::Replay(_)
        )
    };
    command.is_none_or(draws)
}

/// Says what is wrong with the settings, unless that was said.
fn say_problems(shared: &SharedSettings, settings: &SettingsFile) {
    if !shared.take_unsaid().is_empty() {
        settings.problems().iter().for_each(|problem| stdio::say(&format!("tftop: {problem}")));
    }
}

fn run(cli: Cli, settings: &SettingsFile) -> anyhow::Result<Exit> {
    let options = &cli.options;
    match (cli.pid, cli.command) {
        (Some(_), Some(_)) => {
            Err(CommandError::usage("the pid follows the command: `tftop report 2430`, not `tftop 2430 report`").into())
        }
        (Some(pid), None) => watch::watch(pid, DEFAULT_WATCH, options),
        (None, None) => {
            pick::pick(options)?.map_or(Ok(Exit::Clean), |picked| watch::picked(picked, DEFAULT_WATCH, options))
        }
        (None, Some(Command::Attach { target, .. })) => watch::watch(target::find(&target)?, DEFAULT_WATCH, options),
        (None, Some(Command::Record(args))) => record::record(&args, options),
        (None, Some(Command::Ps(args))) => ps::ps(&args, options),
        (None, Some(Command::Report(args))) => unless_held_up(options, move |options| report::report(&args, options)),
        (None, Some(Command::Explain(args))) => unless_held_up(options, move |options| report::explain(&args, options)),
        (None, Some(Command::Doctor { pid })) => {
            unless_held_up(options, move |options| doctor::doctor(pid, &options.reading))
        }
        (None, Some(Command::Stack(args))) => unless_held_up(options, move |options| stack::stack(&args, options)),
        (None, Some(Command::Demo(_) | Command::Run(_) | Command::Sweep(_) | Command::Tune(_)))
            if options.read_only =>
        {
            Err(CommandError::usage("--read-only starts no process").into())
        }
        (None, Some(Command::Demo(args))) => demo::demo(&args, options),
        (None, Some(Command::Run(args))) => run::run(args.request(settings)?, options),
        (None, Some(Command::Rerun(args))) => {
            let request = args.run.clone().request(settings)?;
            match request.dry_run {
                true => unless_held_up(options, move |options| rerun::rerun(&args, &request, options)),
                false => rerun::rerun(&args, &request, options),
            }
        }
        (None, Some(Command::Sweep(args))) => sweep::sweep(&args, options),
        (None, Some(Command::Tune(args))) => tune::tune(&args, options),
        (None, Some(Command::Runs(args))) => runs::runs(&args, options),
        (None, Some(Command::Replay(args))) => replay::replay(&args, options),
        (None, Some(Command::Compare(args))) => compare::compare(&args, options),
        (None, Some(Command::Export(args))) => export::export(&args, options),
        (None, Some(Command::Serve(args))) => serve::serve(&args, options),
        (None, Some(Command::Config { path })) => settings::config(path, settings, options),
        (None, Some(Command::Completions { shell })) => completions::completions(shell),
        (None, Some(Command::Man { folder })) => man::man(folder.as_deref()),
        (None, Some(Command::Schema { name })) => schema::schema(name.as_deref()),
        (None, Some(Command::Stage(args))) => Ok(run::exec(&args)),
    }
}
