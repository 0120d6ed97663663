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
use crate::data::typed_time::TypedTime;

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
    /// Pid, or a part of the command line; or a recording: a run of `tftop runs`, "last", or a file, samples.tape
    #[arg(value_name = "PID|NAME|RUN|FILE", value_parser = target)]
    pub(crate) target: TargetArg,
    /// Of a recording: the stacks last taken in the dashboard before this moment (90s, 1m30s from its begin, -30s from its end, 14:05
    /// in UTC); without this, before its end
    #[arg(long, value_name = "TIME", value_parser = span::moment, allow_hyphen_values = true, conflicts_with = "sample")]
    pub(crate) at: Option<TypedTime>,
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

const AFTER_RECORD: &str = "\
Examples:
  tftop record train.py                        until it ends; kept among the runs: `tftop runs`, `tftop replay last`
  tftop record 2430 -o night.tape --for 8h     into a file, for eight hours
  tftop record --wait train.py -o night.tape   from its start; when it is started again: night-2.tape
  nohup tftop record train.py -o night.tape &  goes on when you log out

Each recording is one file that can be read alone: by `tftop replay`, `report`, `explain` and `export`, also while it is \
written, and on a machine without the process. What was written up to two seconds before tftop is killed can be read.

With --max-size a recording that has a quarter of MB goes on in a new one (night-2.tape, night-3.tape; without -o: a new \
run), and the oldest is removed when all together would have more: at least the newest half of MB is there, every look of \
them. Without it a recording covers all the time, in less and less detail: from half of its limit on only every second look is \
kept, then every fourth (256 MB for a file; among the runs `watched_mb` of the settings file, 20 MB).

At one look a second 200 threads of which 20 are busy take about 2 MB an hour and 0.01 % of a CPU to write, 200 busy ones 15 MB; \
10,000 threads that mostly sleep take 12 MB.";

#[derive(Debug, Args)]
#[command(after_help = AFTER_RECORD, group = ArgGroup::new("whom").required(true).args(["target", "wait"]))]
pub(crate) struct RecordArgs {
    /// Pid, or a part of the command line
    #[arg(value_name = "PID|NAME", value_parser = target)]
    pub(crate) target: Option<TargetArg>,
    /// Wait until a process of this name starts, and again when it has ended: each start gets a recording of its own
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) wait: Option<String>,
    /// Write to FILE; without it, the recording is kept among the runs, as that of a process watched in the dashboard
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
