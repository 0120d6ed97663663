//! The command line: what may be asked for, and the words of --help.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::commands::args::rerun::RerunArgs;
use crate::commands::args::run::{ExecArgs, RunArgs};
use crate::commands::args::span;
use crate::commands::args::sweep::SweepArgs;
use crate::commands::compare::CompareArgs;
use crate::commands::runs::RunsArgs;
use crate::commands::settings::{RunsSettings, SettingsFile};
use crate::data::Pid;
use crate::data::scene::Level;
use crate::launch::exec_wrapper;
use crate::tui;

const AFTER_HELP: &str = "\
Examples:
  tftop demo                          watch a small training run; no TensorFlow needed
  tftop                               pick one of this machine's TensorFlow processes
  tftop attach train.py               attach by a part of the command line
  tftop report 2430                   the verdict, the limits and what to change, as text
  tftop report 2430 --fail-on severe  a policy for a job template or CI
  tftop explain 2430                  every cause: found, ruled out, or why it can't be told
  tftop doctor 2430                   what may be read of it, and what would help
  tftop stack 2430                    what its threads are doing, without stopping them
  tftop run --cpus 2 -- python x.py   start it on 2 CPUs with every pool capped
  tftop rerun 2430 --advised          stop it and start it again with the caps that are advised; asks first

Exit codes:
  0  clean
  1  any other error; --fail-on was stopped before there was a verdict
  2  wrong usage
  3  target not found, or it ended before the report was complete
  4  no permission; a report is still printed, without the threads' own names
  8  the verdict or a cause found is at or above --fail-on
  `tftop run` and `rerun` end with the code of their command

tftop only reads: it never stops, signals or changes a process that it did not start itself.
Only `tftop stack --stop` stops threads, each for a moment, and a rerun ends a process, once you \
said yes; --read-only refuses both.";

/// htop for TensorFlow's threads: the true origin of every thread, what it gets, waits for and wants.
#[derive(Debug, Parser)]
#[command(name = "tftop", version, after_help = AFTER_HELP, max_term_width = 100, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// Process to watch; without one, tftop lets you pick
    #[arg(value_parser = pid)]
    pub(crate) pid: Option<Pid>,
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
    },
    /// List the TensorFlow processes of this machine
    Ps {
        /// Print JSON (schema tftop.ps/1)
        #[arg(long)]
        json: bool,
    },
    /// Watch a process for a while and print the verdict, its limits and what was seen
    Report(ReportArgs),
    /// Go through every cause of too many threads: found, ruled out, too soon or can't tell
    Explain(ExplainArgs),
    /// Say what tftop may read here, and what would show more
    Doctor {
        /// Process to ask about; without one, tftop itself
        #[arg(value_parser = pid)]
        pid: Option<Pid>,
    },
    /// Print what threads are doing right now: their stacks
    Stack(StackArgs),
    /// Watch a small training run that ends when you quit
    Demo(DemoArgs),
    /// Start a command with thread caps, watch it, and say whether they held
    Run(Box<RunArgs>),
    /// Stop a process and start it again with thread caps: same command, environment and folder
    Rerun(Box<RerunArgs>),
    /// List the runs that `run` has kept; show or remove them
    Runs(RunsArgs),
    /// Try many caps on a script, and rank what can be told apart
    Sweep(Box<SweepArgs>),
    /// Compare runs that were kept: medians, spread, and a winner only where there is one
    Compare(CompareArgs),
    /// What `run` starts first: it becomes the command
    #[command(name = exec_wrapper::SUBCOMMAND, hide = true)]
    Stage(ExecArgs),
}

/// Which process, and for how long: 12 s, because a verdict takes 10 s of watching and one more second confirms it.
#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    /// Pid, or a part of the command line
    #[arg(value_name = "PID|NAME", value_parser = target)]
    pub(crate) target: TargetArg,
    /// How long to watch: 5, 5s, 500ms, 2m; a verdict takes 10 s
    #[arg(long = "for", value_name = "TIME", default_value = "12s", value_parser = span::watch)]
    pub(crate) time: Duration,
    /// Take stacks of the pools' threads for so long afterwards: they tell working from spinning
    #[arg(long, value_name = "TIME", value_parser = span::watch)]
    pub(crate) sample: Option<Duration>,
    /// Stop threads for that, one at a time, less than 1 % of the time; without it only sleeping ones are seen
    #[arg(long, requires = "sample")]
    pub(crate) stop: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    #[command(flatten)]
    pub(crate) watch: WatchArgs,
    /// How to print it; markdown can be pasted into an issue
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: OutputFormat,
    /// Short for --format json (schema tftop.report/1)
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// List every thread in text (JSON always does)
    #[arg(long)]
    pub(crate) threads: bool,
    /// Exit with 8 when the verdict or a cause found is this bad or worse; without a verdict with 1 or 3, never with 0
    #[arg(long, value_name = "LEVEL")]
    fail_on: Option<FailOn>,
}

impl ReportArgs {
    pub(crate) fn format(&self) -> OutputFormat {
        if self.json { OutputFormat::Json } else { self.format }
    }

    /// The level from which on it fails.
    pub(crate) fn fails_on(&self) -> Option<Level> {
        self.fail_on.map(|level| match level {
            FailOn::Notice => Level::Notice,
            FailOn::Oversubscribed => Level::Oversubscribed,
            FailOn::Severe => Level::Severe,
        })
    }
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    #[command(flatten)]
    pub(crate) watch: WatchArgs,
    /// Print JSON (schema tftop.explain/1)
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct StackArgs {
    /// Pid, or a part of the command line
    #[arg(value_name = "PID|NAME", value_parser = target)]
    pub(crate) target: TargetArg,
    /// Only the threads of this origin: tf-intra-op, tf-data, python
    #[arg(long, value_name = "ORIGIN", conflicts_with = "tid")]
    pub(crate) group: Option<String>,
    /// Only this thread
    #[arg(long, value_name = "TID")]
    pub(crate) tid: Option<u32>,
    /// Stop threads whose stack can't be read otherwise, one at a time, each for a fraction of a millisecond (longer where
    /// no CPU is free)
    #[arg(long)]
    pub(crate) stop: bool,
    /// Print JSON (schema tftop.stack/1; with --sample, tftop.profile/1)
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) sampling: SamplingArgs,
}

/// Stacks taken again and again.
#[derive(Debug, Args)]
pub(crate) struct SamplingArgs {
    /// Take stacks for this long, and print what threads do: shares of working, spinning and waiting, at which operations
    /// and stages; with --stop, stops stay below 1 % of the time
    #[arg(long, value_name = "TIME", value_parser = span::watch)]
    pub(crate) sample: Option<Duration>,
    /// Write the stacks for a flame graph, one a line with its count; - is stdout, and the table goes to stderr, or with
    /// --json a part of it
    #[arg(long, value_name = "FILE", requires = "sample")]
    pub(crate) folded: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum OutputFormat {
    Text,
    Json,
    Markdown,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FailOn {
    Notice,
    Oversubscribed,
    Severe,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Give TensorFlow many times more threads than there are CPUs
    #[arg(long)]
    pub(crate) contended: bool,
    /// Python to use; without TensorFlow, one is installed beside it, in a cache folder
    #[arg(long, value_name = "PATH", default_value = "python3")]
    pub(crate) python: PathBuf,
    /// How long to watch where stdout is not a terminal
    #[arg(long = "for", value_name = "TIME", default_value = "15s", value_parser = span::watch)]
    pub(crate) watch: Duration,
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Watching and drawing")]
pub(crate) struct GlobalArgs {
    /// Time between two looks, 0.1 s to 60 s: 1, 1s, 500ms
    #[arg(long, global = true, value_name = "TIME", default_value = "1s", value_parser = span::interval)]
    pub(crate) interval: Duration,
    /// Leave out child processes
    #[arg(long, global = true)]
    pub(crate) no_children: bool,
    /// Never stop, signal or change anything, and start nothing
    #[arg(long, global = true)]
    pub(crate) read_only: bool,
    /// Settings, instead of ~/.config/tftop/config.toml
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// More thread families, in the format of the built-in ones
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) families: Option<PathBuf>,
    /// Colour; auto: on a terminal, unless NO_COLOR is set
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: ColorChoice,
    /// Colours of the dashboard
    #[arg(long, global = true, value_name = "NAME", default_value = "default")]
    theme: ThemeChoice,
    /// Draw with ASCII characters only
    #[arg(long, global = true)]
    ascii: bool,
    /// Which runs are kept.
    #[arg(skip)]
    pub(crate) runs: RunsSettings,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ColorChoice {
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ThemeChoice {
    Default,
    Colorblind,
    Mono,
}

/// Who to attach to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TargetArg {
    Pid(Pid),
    Name(String),
}

impl GlobalArgs {
    /// The same, but with an interval of at most `time`: a report needs a second look before its time is over.
    pub(crate) fn within(&self, time: Duration) -> Self {
        Self { interval: self.interval.min(time), ..self.clone() }
    }

    /// What the settings say where the command line says nothing; `said` tells which options it names.
    pub(crate) fn or_settings(mut self, settings: &SettingsFile, said: impl Fn(&str) -> bool) -> Self {
        let unsaid = |name: &str| !said(name);
        self.interval = settings.interval.filter(|_| unsaid("interval")).unwrap_or(self.interval);
        self.color = settings.color.filter(|_| unsaid("color")).unwrap_or(self.color);
        self.theme = settings.theme.filter(|_| unsaid("theme")).unwrap_or(self.theme);
        self.runs = settings.runs;
        self.ascii = settings.ascii.filter(|_| unsaid("ascii")).unwrap_or(self.ascii);
        self
    }

    /// How the dashboard looks. NO_COLOR counts when it is set and not empty (no-color.org).
    pub(crate) fn look(&self) -> tui::Appearance {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let color = match self.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => std::io::stdout().is_terminal() && !dumb && !set("NO_COLOR"),
        };
        let theme = match self.theme {
            ThemeChoice::Default => tui::theme::ThemeName::Default,
            ThemeChoice::Colorblind => tui::theme::ThemeName::Colorblind,
            ThemeChoice::Mono => tui::theme::ThemeName::Mono,
        };
        tui::Appearance { color, theme, ascii: self.ascii }
    }
}

fn pid(text: &str) -> Result<Pid, String> {
    match text.parse() {
        Ok(0) | Err(_) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
            Err("no process has this number".to_owned())
        }
        Ok(number) => Ok(Pid(number)),
        Err(_) => Err("neither a pid nor a subcommand; `tftop attach NAME` finds a process by its name".to_owned()),
    }
}

pub(crate) fn target(text: &str) -> Result<TargetArg, String> {
    match text {
        "" => Err("the name is empty".to_owned()),
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => pid(digits).map(TargetArg::Pid),
        name => Ok(TargetArg::Name(name.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::watch::DEFAULT_WATCH;
    use crate::model::verdict::levels::JUDGED_S;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
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
        assert!(matches!(cli.command, Some(Command::Report(wish))
                if wish.watch.time.as_secs() == 60 && wish.watch.target == TargetArg::Pid(Pid(2430))));
    }
}
