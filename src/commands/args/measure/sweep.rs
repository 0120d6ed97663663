//! The options of `tftop sweep`, and the words of its help.

use std::ffi::OsString;
use std::time::Duration;

use clap::Args;

use crate::commands::args::caps::{CapListArgs, names};
use crate::commands::args::span;
use crate::commands::own_process::exit::CommandError;
use crate::data::limits::PerCap;
use crate::runs::sweep_grid::{MOST_COMBINATIONS, MOST_REPEATS, SweepGrid};

/// Steps that are measured, at least: fewer have no spread.
const LEAST_STEPS: u64 = 20;

const AFTER_HELP: &str = "\
Examples:
  tftop sweep --intra 1,2,4 --inter 1,2 -- python train.py
  tftop sweep --cpus 1,2,4 --repeat 5 --steps 500 -- python train.py
  tftop sweep --resume 20261120-190142          continue after Ctrl-C

Every combination of the values is run --repeat times, and so is the baseline without caps. Runs are in random order within \
each repeat, so that drift of the machine affects all alike. A run is stopped (SIGINT, SIGTERM, then SIGKILL) once it has \
done its steps; --warmup steps are not counted. A run beside busy neighbours is repeated. The script starts anew each time \
and may overwrite its files.

Step times come from Keras's fit, loops over a dataset's iterator, and Session.run; without any of them there is nothing to \
measure. Output goes to each run's directory (`tftop runs`).

The result is a table, the fastest combination or why there is no ranking, and the command line to use.

Exit codes: 0 every combination was measured; 1 some or all were not; 130 after Ctrl-C.";

#[derive(Debug, Args)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct SweepArgs {
    #[command(flatten)]
    caps: CapListArgs,
    /// CPU counts: affinity, and every pool without values of its own
    #[arg(long, value_name = "N,…", value_delimiter = ',', help_heading = "Values to try")]
    cpus: Vec<u32>,
    /// Runs of each combination
    #[arg(long, value_name = "N", default_value = "3", value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_REPEATS)), help_heading = "Measuring")]
    pub(crate) repeat: u32,
    /// Warm-up steps of each run, not counted
    #[arg(long, value_name = "N", default_value = "50", help_heading = "Measuring")]
    pub(crate) warmup: u64,
    /// Minimum number of steps to measure
    #[arg(long, value_name = "N", default_value = "200", value_parser = clap::value_parser!(u64).range(LEAST_STEPS..), help_heading = "Measuring")]
    pub(crate) steps: u64,
    /// Minimum time to measure
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = span::watch, help_heading = "Measuring")]
    pub(crate) least: Duration,
    /// Time limit of one run
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = span::watch, help_heading = "Measuring")]
    pub(crate) limit: Duration,
    /// How often to repeat a run beside busy neighbours
    #[arg(long, value_name = "N", default_value = "2", value_parser = clap::value_parser!(u32).range(0..=20), help_heading = "Measuring")]
    pub(crate) retries: u32,
    /// Seed of the random order [default: random, printed]
    #[arg(long, value_name = "N", help_heading = "Measuring")]
    pub(crate) seed: Option<u64>,
    /// Accept values beyond the machine
    #[arg(long, help_heading = "Measuring")]
    pub(crate) force: bool,
    /// Continue an interrupted sweep
    #[arg(long, value_name = "ID", conflicts_with_all = names().chain(["cpus", "seed", "command"]))]
    pub(crate) resume: Option<String>,
    /// Only print what would be run, in order
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Print JSON (schema tftop.sweep/1)
    #[arg(long)]
    pub(crate) json: bool,
    /// Command to start
    #[arg(required_unless_present = "resume", trailing_var_arg = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

impl SweepArgs {
    /// The values to try, each once; refused where there are none, or too many.
    pub(crate) fn grid(&self) -> Result<SweepGrid, CommandError> {
        let mut grid = SweepGrid(PerCap { cpus: self.cpus.clone(), ..self.caps.lists.clone() });
        grid.0.values_mut().for_each(each_once);
        match grid.count() {
            Some(1) => Err(CommandError::usage("no values: give some, as in --intra 1,2,4")),
            Some(count) if count <= MOST_COMBINATIONS => Ok(grid),
            _ => Err(CommandError::usage(format!("more than {MOST_COMBINATIONS} combinations: give fewer values"))),
        }
    }

    /// The command as text, which is what a sweep keeps of it.
    pub(crate) fn words(&self) -> Result<Vec<String>, CommandError> {
        let text = |word: &OsString| {
            let refusal = || CommandError::usage("the command is not valid UTF-8");
            word.to_str().map(ToOwned::to_owned).ok_or_else(refusal)
        };
        self.command.iter().map(text).collect()
    }
}

/// In the order they were given.
fn each_once(values: &mut Vec<u32>) {
    let mut kept: Vec<u32> = Vec::new();
    values.retain(|value| !kept.contains(value) && (kept.push(*value), true).1);
}
