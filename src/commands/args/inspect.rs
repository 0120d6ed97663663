//! The options of `tftop report`, `explain` and `stack`, and the words of their help.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::commands::args::choices::OutputFormat;
use crate::commands::args::span;
use crate::commands::args::span::MomentArgs;
use crate::commands::args::target::{TargetArg, target};
use crate::data::scene::Level;

/// How long a process is watched where stdout is not a terminal: as long as for a report, which should have a verdict.
pub(crate) const DEFAULT_WATCH: Duration = Duration::from_secs(12);

/// Which process, and for how long: 12 s, because a verdict takes 10 s of watching and one more second confirms it.
#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    /// Pid, or a part of the command line; or what was recorded: a run of `tftop runs`, "last", or a samples.tape
    #[arg(value_name = "PID|NAME|RUN|FILE", value_parser = target)]
    pub(crate) target: TargetArg,
    /// How long to watch: 5, 5s, 500ms, 2m; a verdict takes 10 s. Of a recording, how much of it to judge before the moment of
    /// --at, or before its end
    #[arg(long = "for", value_name = "TIME", default_value = "12s", value_parser = span::watch, conflicts_with_all = ["from", "to"])]
    pub(crate) time: Duration,
    #[command(flatten)]
    pub(crate) moment: MomentArgs,
    /// Take stacks of the pools' threads for so long afterwards: they tell working from spinning
    #[arg(long, value_name = "TIME", value_parser = span::watch)]
    pub(crate) sample: Option<Duration>,
    /// Stop threads for that, one at a time, less than 1 % of the time; without it only sleeping ones are seen
    #[arg(long, requires = "sample")]
    pub(crate) stop: bool,
}

const OF_RECORDINGS: &str = "\
Of a recording, --at judges one moment over the --for before it, as a report would have that had watched until then. --from \
and --to judge a span: verdict, causes and every number are over all of it, and beside them stands for how long each verdict \
held within it, at each look over the 10 s before it, as the dashboard and `replay` show it. --fail-on then fails as well if \
the worst of those is that bad or worse; in JSON they are `recording.span`. Times are from its begin (90s, 1m30s), from its \
end (-30s) or by the clock in UTC (14:05, 14:05:30, 2026-11-20T14:05).";

#[derive(Debug, Args)]
#[command(after_help = OF_RECORDINGS)]
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
    /// Exit with 8 when the verdict or a cause found is this bad or worse, of a span also any verdict within it; without a
    /// verdict with 1 or 3, never with 0
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
#[command(after_help = OF_RECORDINGS)]
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
pub(crate) enum FailOn {
    Notice,
    Oversubscribed,
    Severe,
}
