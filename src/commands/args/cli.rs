//! The command line: what may be asked for, and the words of --help.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Args, CommandFactory as _, Parser, Subcommand};

use crate::commands::args::export::ExportArgs;
use crate::commands::args::generate::CompletionShell;
use crate::commands::args::global::GlobalArgs;
use crate::commands::args::inspect::{ExplainArgs, RecordArgs, ReportArgs, StackArgs};
use crate::commands::args::kept::{CompareArgs, ReplayArgs, RunsArgs};
use crate::commands::args::machine::ps::PsArgs;
use crate::commands::args::machine::serve::ServeArgs;
use crate::commands::args::measure::sweep::SweepArgs;
use crate::commands::args::measure::tune::TuneArgs;
use crate::commands::args::rerun::RerunArgs;
use crate::commands::args::run::{ExecArgs, RunArgs};
use crate::commands::args::span;
use crate::commands::args::target::{TargetArg, pid, target};
use crate::data::Pid;
use crate::launch::exec_wrapper;
use crate::output::CONTRACTS;

const AFTER_HELP: &str = "\
Examples:
  tftop demo                          watch a small training run; offers to install TensorFlow
  tftop                               watch the only TensorFlow process, or pick one
  tftop attach train.py               find the process by a part of its command line
  tftop report                        the verdict, the remedy and one table, as text
  tftop report 2430 --fail-on severe  fail a CI job on oversubscription
  tftop report last --at 1m30s        a moment of a recording
  tftop record --wait train.py        record a process from its start
  tftop explain 2430                  every cause: found, ruled out, or why it can't be told
  tftop doctor 2430                   what may be read of a process, and what would help
  tftop stack 2430                    thread stacks, without stopping the process
  tftop run --cpus 2 -- python x.py   start a script on 2 CPUs, every pool capped
  tftop rerun 2430 --advised          restart it with the advised caps; asks first

Exit codes:
  0  success
  1  other errors: no recording, a broken one; --fail-on interrupted before a verdict
  2  usage error
  3  process not found, or it ended before the report was complete
  4  permission denied; a report is still printed, without the threads' own names
  8  the verdict or a cause found is at or above --fail-on
  `tftop run` and `rerun` exit with the code of their command

tftop only reads. Two things that you ask for go further, and --read-only refuses both:
  stops     `stack`, `report` and `explain` with --stop, and `S` and `m` in the dashboard (after
            a yes), stop threads one at a time, each for a moment
  signals   `rerun`, and `r` in the dashboard, end a process after a yes (or --yes)";

/// Below the short help.
const MORE_HELP: &str = "`tftop --help` adds examples and exit codes, `tftop help COMMAND` explains a command.";
/// Below the short help of a subcommand, whose own examples are in the long one; options of every command stand in one place.
const MORE_HELP_OF_COMMAND: &str = "More with --help; `tftop -h` lists the options of every command.";
/// Below its long help.
const SHARED_OPTIONS: &str = "`tftop -h` lists the options of every command (--interval, --no-children, --color, …).";

const CONFIG_HELP: &str = "\
Examples:
  tftop config                            all settings; defaults are comments
  tftop config --path                     where they are read from
  tftop config > ~/.config/tftop/config.toml
                                          where there is none yet: a file to edit

F2 in the dashboard changes theme, columns, order, start view, interval and mouse, and saves them.";

const COMPLETIONS_HELP: &str = "\
Load it from the shell's start file, so that it always matches the installed tftop:
  bash  source <(tftop completions bash)
  zsh   source <(tftop completions zsh)
  fish  tftop completions fish | source
  elvish  eval (tftop completions elvish | slurp)";

const SCHEMA_HELP: &str = "\
Every output says its schema and version in the field `schema`: tftop.report/1. Within a version fields may be added, and words to \
a field that lists words: ignore what you don't know. A field that is renamed, removed, changes its type or comes to mean \
something else gets a new version. Files that an older version has kept are still read.";

/// htop for TensorFlow's threads: the origin of every thread, and the CPU time it gets, waits for and wants.
#[derive(Debug, Parser)]
#[command(name = "tftop", version, after_help = MORE_HELP, after_long_help = AFTER_HELP, max_term_width = 100)]
pub(crate) struct Cli {
    /// Process to watch; without one, the only TensorFlow, JAX or PyTorch process, or the one you pick
    #[arg(value_parser = pid_or_command)]
    pub(crate) pid: Option<Pid>,
    /// Do not record the process
    #[arg(long)]
    pub(crate) no_record: bool,
    #[command(flatten)]
    pub(crate) options: GlobalArgs,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Watch a process, by its pid or a part of its command line
    Attach {
        /// Pid, or a part of the command line
        #[arg(value_name = "PID|NAME", value_parser = target)]
        target: TargetArg,
        /// Do not record the process
        #[arg(long)]
        no_record: bool,
    },
    /// Record a process without the dashboard, for `replay`, `report`, `explain` and `export`
    Record(RecordArgs),
    /// List the processes of TensorFlow, JAX and PyTorch, and the jobs they are ranks of: here, or on other machines
    Ps(PsArgs),
    /// Print the verdict, the remedy, and CPU demand beside limits: of a process, or of a recording
    Report(ReportArgs),
    /// List every cause of oversubscription: found, ruled out, too soon to tell, or can't tell
    Explain(ExplainArgs),
    /// Check permissions: what tftop can read here, and what would show more
    Doctor {
        /// Process to check; without one, tftop itself
        #[arg(value_parser = pid)]
        pid: Option<Pid>,
    },
    /// Print the stacks of threads, native and Python
    Stack(StackArgs),
    /// Watch a small training run
    Demo(DemoArgs),
    /// Start a command with thread caps, watch it, and verify the caps
    Run(Box<RunArgs>),
    /// Restart a process with thread caps: same command, environment and working directory
    Rerun(Box<RerunArgs>),
    /// List recorded runs and watched processes; show or remove them
    Runs(RunsArgs),
    /// Replay a recording in the dashboard
    Replay(ReplayArgs),
    /// Measure a script under many caps, and rank them
    Sweep(Box<SweepArgs>),
    /// Find the best caps for a script by racing a few candidates
    Tune(Box<TuneArgs>),
    /// Compare recorded runs: which is faster, by how much, and whether that is significant
    Compare(CompareArgs),
    /// Export a recording as CSV, JSON lines, a trace, an HTML page or an SVG
    Export(ExportArgs),
    /// Serve this machine's processes as metrics: Prometheus, node_exporter, JSON lines
    Serve(ServeArgs),
    /// Print the settings file: all that can be set, the values in force, where they come from
    #[command(after_long_help = CONFIG_HELP)]
    Config {
        /// Print only where the settings file is, or would be
        #[arg(long)]
        path: bool,
    },
    /// Print a shell completion script; it completes pids, runs and origins too
    #[command(after_long_help = COMPLETIONS_HELP)]
    Completions {
        /// Which shell
        #[arg(value_name = "SHELL")]
        shell: CompletionShell,
    },
    /// Print the manual page
    Man {
        /// Write one page for each command into this directory instead
        #[arg(value_name = "FOLDER")]
        folder: Option<PathBuf>,
    },
    /// Print the JSON Schema of an output; without a name, list them
    #[command(after_help = SCHEMA_HELP)]
    Schema {
        /// Which output
        #[arg(value_name = "NAME", value_parser = PossibleValuesParser::new(CONTRACTS.iter().map(|it| it.name)))]
        name: Option<String>,
    },
    /// Run by `run` before the command itself
    #[command(name = exec_wrapper::SUBCOMMAND, hide = true)]
    Stage(ExecArgs),
}

/// The command line as it is parsed: what concerns every command is listed once, by `tftop -h`.
pub(crate) fn command_line() -> clap::Command {
    let whole = Cli::command();
    let shared: Vec<clap::Arg> = whole.get_arguments().filter(|arg| arg.is_global_set()).cloned().collect();
    whole.mut_subcommands(|command| {
        let own = command.get_after_long_help().map(ToString::to_string);
        let command = shared.iter().fold(command, |command, arg| command.arg(arg.clone().hide(true)));
        let long: Vec<String> = own.iter().cloned().chain([SHARED_OPTIONS.to_owned()]).collect();
        let short = if own.is_some() { MORE_HELP_OF_COMMAND } else { SHARED_OPTIONS };
        command.after_help(short).after_long_help(long.join("\n\n"))
    })
}

/// A pid; what is none was meant as a command or as a name, and is answered with the closest command.
fn pid_or_command(text: &str) -> Result<Pid, String> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return pid(text);
    }
    let whole = Cli::command();
    let names = whole.get_subcommands().filter(|command| !command.is_hide_set()).map(clap::Command::get_name);
    let closest = names.map(|name| (strsim::jaro(text, name), name)).max_by(|(a, _), (b, _)| a.total_cmp(b));
    Err(match closest.filter(|(likeness, _)| *likeness > ALIKE) {
        Some((_, name)) => format!("no such command; did you mean `tftop {name}`?"),
        None => "neither a pid nor a command; `tftop attach NAME` finds a process by its name".to_owned(),
    })
}

/// Likeness from which on a command may have been meant, as clap has it for options.
const ALIKE: f64 = 0.7;

const DEMO_HELP: &str = "\
Starts a small training run as `tftop run` does: r restarts it with the advised caps, q ends it. Without a terminal, it prints a \
report instead.

If the Python can't import TensorFlow, asks before it installs it into a venv in the cache directory. Where it can't ask, exits \
with 2 unless --yes is given.";

#[derive(Debug, Args)]
#[command(after_long_help = DEMO_HELP)]
pub(crate) struct DemoArgs {
    /// Give TensorFlow many times more threads than there are CPUs
    #[arg(long)]
    pub(crate) contended: bool,
    /// Python to use [default: python3, or the demo's own venv]
    #[arg(long, value_name = "PATH", default_value = "python3", hide_default_value = true)]
    pub(crate) python: PathBuf,
    /// Install TensorFlow (about 335 MB) without asking
    #[arg(long)]
    pub(crate) yes: bool,
    /// How long to watch where stdout is not a terminal
    #[arg(long = "for", value_name = "TIME", default_value = "15s", value_parser = span::watch)]
    pub(crate) watch: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::args::inspect::DEFAULT_WATCH;
    use crate::model::verdict::levels::JUDGED_S;

    #[test]
    fn the_command_line_is_consistent() {
        command_line().debug_assert();
    }

    #[test]
    fn digits_are_a_pid_and_anything_else_a_name() {
        assert_eq!(target("2430"), Ok(TargetArg::Pid(Pid(2430))));
        assert_eq!(target("train.py"), Ok(TargetArg::Name("train.py".to_owned())));
        for bad in ["", "0", "99999999999"] {
            assert!(target(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn every_watch_is_long_enough_for_a_verdict_unless_told_otherwise() {
        for subcommand in ["report", "explain"] {
            let cli = Cli::try_parse_from(["tftop", subcommand, "2430"]).unwrap();
            let (Some(Command::Report(ReportArgs { watch, .. })) | Some(Command::Explain(ExplainArgs { watch, .. }))) =
                cli.command
            else {
                panic!("{subcommand}")
            };
            assert_eq!(watch.time, DEFAULT_WATCH);
            assert!(watch.time.as_secs_f64() > JUDGED_S);
        }
    }

    #[test]
    fn a_pid_alone_and_options_on_either_side_are_understood() {
        let cli = Cli::try_parse_from(["tftop", "2430", "--interval", "500ms"]).unwrap();
        assert_eq!((cli.pid, cli.options.interval), (Some(Pid(2430)), Duration::from_millis(500)));
        let cli = Cli::try_parse_from(["tftop", "--no-children", "report", "2430", "--for", "1m"]).unwrap();
        assert!(cli.options.no_children);
        assert!(matches!(cli.command, Some(Command::Report(args))
                if args.watch.time.as_secs() == 60 && args.watch.target == Some(TargetArg::Pid(Pid(2430)))));
    }
}
