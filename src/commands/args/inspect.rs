//! The options of `tftop report`, `explain` and `stack`, and the words of their help.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::{ArgGroup, Args, ValueEnum};

use crate::commands::args::choices::OutputFormat;
use crate::commands::args::span;
use crate::commands::args::span::MomentArgs;
use crate::commands::args::target::{TargetArg, target};
use crate::data::scene::Level;
use crate::data::time::typed_time::TypedTime;
use crate::output::{IdleThreads, ReportDetail};

/// How long a process is watched where stdout is not a terminal: as long as for a report, which should have a verdict.
pub(crate) const DEFAULT_WATCH: Duration = Duration::from_secs(12);

/// Which process, and for how long: 12 s, because a verdict takes 10 s of watching and one more second confirms it.
#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    /// Process or recording; without one, the only TensorFlow, JAX or PyTorch process
    ///
    /// A process by its pid or a part of its command line; a recording as a run of `tftop runs`, "last", or a samples.tape.
    #[arg(value_name = "PID|NAME|RUN|FILE", value_parser = target)]
    pub(crate) target: Option<TargetArg>,
    /// How long to watch: 5, 5s, 500ms, 2m; a verdict takes 10 s
    ///
    /// Of a recording: how much of it to judge before the moment of --at, or before its end.
    #[arg(long = "for", value_name = "TIME", default_value = "12s", value_parser = span::watch, conflicts_with_all = ["from", "to"])]
    pub(crate) time: Duration,
    #[command(flatten)]
    pub(crate) moment: MomentArgs,
    /// Then sample stacks for this long: they tell working threads from spinning ones
    #[arg(long, value_name = "TIME", value_parser = span::watch)]
    pub(crate) sample: Option<Duration>,
    /// Stop threads to sample them
    ///
    /// One at a time, for less than 1 % of the time. Without it, only sleeping threads have a stack.
    #[arg(long, requires = "sample")]
    pub(crate) stop: bool,
}

const OF_RECORDINGS: &str = "\
Recordings: --at judges one moment over the --for before it, as a report would have then. --from and --to judge a span: \
verdict, causes and numbers cover all of it, and a table shows how long each verdict held within it. --fail-on then also \
fails on the worst of those (`recording.span` in JSON). Times count from its start (90s, 1m30s), from its end (-30s) or are \
UTC clock times (14:05, 14:05:30, 2026-11-20T14:05).";

#[derive(Debug, Args)]
#[command(after_long_help = OF_RECORDINGS)]
pub(crate) struct ReportArgs {
    #[command(flatten)]
    pub(crate) watch: WatchArgs,
    /// Output format; markdown is made to be pasted into an issue
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: OutputFormat,
    /// Short for --format json (schema tftop.report/1)
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// Print everything: capacity, waits, every source of a limit, the evidence of each cause (JSON always has it)
    #[arg(long)]
    full: bool,
    /// List every thread in text (JSON always does)
    #[arg(long)]
    threads: bool,
    /// Exit with 8 if the verdict or a cause found is this bad or worse
    ///
    /// Of a span, any verdict within it counts too. Without a verdict it exits with 1 or 3, never with 0.
    #[arg(long, value_name = "LEVEL")]
    fail_on: Option<FailOn>,
}

impl ReportArgs {
    pub(crate) fn format(&self) -> OutputFormat {
        if self.json { OutputFormat::Json } else { self.format }
    }

    pub(crate) fn detail(&self) -> ReportDetail {
        ReportDetail { full: self.full, threads: self.threads }
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
#[command(after_long_help = OF_RECORDINGS)]
pub(crate) struct ExplainArgs {
    #[command(flatten)]
    pub(crate) watch: WatchArgs,
    /// Print JSON (schema tftop.explain/1)
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct StackArgs {
    /// Process or recording; without one, the only TensorFlow, JAX or PyTorch process
    ///
    /// A process by its pid or a part of its command line; a recording as a run of `tftop runs`, "last", or a samples.tape.
    #[arg(value_name = "PID|NAME|RUN|FILE", value_parser = target)]
    pub(crate) target: Option<TargetArg>,
    /// Of a recording: the stacks last taken in the dashboard before this moment [default: its end]
    ///
    /// 90s or 1m30s from its start, -30s from its end, or 14:05 UTC.
    #[arg(long, value_name = "TIME", value_parser = span::moment, allow_hyphen_values = true, conflicts_with = "sample")]
    pub(crate) at: Option<TypedTime>,
    /// Only the threads of this origin: tf-intra-op, tf-data, python
    #[arg(long, value_name = "ORIGIN", conflicts_with = "tid")]
    pub(crate) group: Option<String>,
    /// Only this thread
    #[arg(long, value_name = "TID")]
    pub(crate) tid: Option<u32>,
    /// Stop running threads to read their stacks
    ///
    /// One at a time, each for a fraction of a millisecond, longer where no CPU is free. Without it nothing is stopped.
    #[arg(long)]
    pub(crate) stop: bool,
    /// Show the stacks of idle threads too
    #[arg(long, conflicts_with = "sample")]
    pub(crate) all: bool,
    /// Print JSON (schema tftop.stack/1; with --sample, tftop.profile/1)
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) sampling: SamplingArgs,
}

impl StackArgs {
    /// What becomes of threads that have nothing to do.
    pub(crate) fn idle_threads(&self) -> IdleThreads<'static> {
        if self.all { IdleThreads::Shown } else { IdleThreads::Folded("--all shows their stacks") }
    }
}

/// Stacks taken again and again.
#[derive(Debug, Args)]
pub(crate) struct SamplingArgs {
    /// Sample stacks for this long, and print the shares of working, spinning and waiting
    ///
    /// With the operations and tf.data stages at which they do. With --stop, threads are stopped for less than 1 % of the time.
    #[arg(long, value_name = "TIME", value_parser = span::watch)]
    pub(crate) sample: Option<Duration>,
    /// Write folded stacks for a flame graph; - is stdout
    ///
    /// One stack a line with its count. With -, the table goes to stderr; with --json, a part of it.
    #[arg(long, value_name = "FILE", requires = "sample")]
    pub(crate) folded: Option<PathBuf>,
}

const AFTER_RECORD: &str = "\
Examples:
  tftop record train.py                        until it ends; kept among the runs: `tftop runs`, `tftop replay last`
  tftop record 2430 -o night.tape --for 8h     into a file, for eight hours
  tftop record --wait train.py -o night.tape   from its start; a restart goes to night-2.tape
  nohup tftop record train.py -o night.tape &  continue after you log out

A recording is one file, readable by `tftop replay`, `report`, `explain` and `export`, also while it is written and on a \
machine without the process. If tftop is killed, at most the last two seconds are lost.

With --max-size, a recording that reaches a quarter of MB continues in a new file (night-2.tape; without -o, a new run), and \
the oldest is removed when all together would exceed MB: at least the newest half of MB is kept in full detail. Without \
--max-size a recording covers the whole time in less and less detail: from half of its limit on every second sample is kept, \
then every fourth (256 MB for a file; among the runs `watched_mb` of the settings file, 20 MB).

At one sample a second, 200 threads of which 20 are busy take about 2 MB an hour and 0.01 % of a CPU to write, 200 busy ones \
15 MB; 10,000 threads that mostly sleep take 12 MB.";

#[derive(Debug, Args)]
#[command(after_long_help = AFTER_RECORD, group = ArgGroup::new("whom").required(true).args(["target", "wait"]))]
pub(crate) struct RecordArgs {
    /// Pid, or a part of the command line
    #[arg(value_name = "PID|NAME", value_parser = target)]
    pub(crate) target: Option<TargetArg>,
    /// Wait for a process of this name to start, and again after it has ended: one recording per start
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) wait: Option<String>,
    /// Write to FILE; without it, the recording is kept among the runs
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Overwrite FILE if it is there
    #[arg(long, requires = "output")]
    pub(crate) force: bool,
    /// How long to record from now on: 90s, 30m, 8h; without it, until the process ends
    #[arg(long = "for", value_name = "TIME", value_parser = span::length)]
    pub(crate) time: Option<Duration>,
    /// Megabytes on disk at most, of all that this command records
    #[arg(long, value_name = "MB", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_size: Option<u32>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum FailOn {
    Notice,
    Oversubscribed,
    Severe,
}
