//! The options of `tftop run`, and the words of its help.

use std::ffi::OsString;

use clap::Args;

use crate::fact::{Caps, CpuSet};
use crate::launch::caps::{CpuWish, Wish};
use crate::launch::shim::Mode;

const AFTER_HELP: &str = "\
Examples:
  tftop run --intra 2 --inter 1 --data 1 -- python train.py
  tftop run --cpus 2 -- python train.py        two CPUs for everything
  tftop run --cpus 0-3 --dry-run -- python train.py
  tftop run --no-ui --record-only -- python train.py   change nothing, record who asks for what

Caps are set in the command's environment and, for Python, held by a shim against what the script itself sets later; \
--data is held by the shim alone. While the command runs, its threads are counted from outside, and each cap is found \
to be held, exceeded (by whom) or unverified (why).

Where stdout is no terminal, or with --no-ui: stdin, stdout and stderr are the command's own, signals (INT, TERM, HUP, \
QUIT, USR1, USR2, WINCH) are passed on to it, and a summary goes to stderr at the end. In the foreground of a terminal \
its keys reach the command by themselves; INT and QUIT are then taken for keys.

In the foreground of a terminal: the dashboard. The command's output goes to a log, its stdin is empty; q closes the \
dashboard and the command goes on, Ctrl-C then ends it.

The command never outlives tftop: if tftop is killed, even by SIGKILL, the kernel kills the command. It does not kill \
what the command has started itself, nor a command that has changed its user.

Exit codes: that of the command, 128 + n if signal n ended it; 126 if it can't be executed, 127 if there is none.";

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(in crate::command) struct RunWish {
    /// TensorFlow intra-op threads
    #[arg(long, value_name = "N", value_parser = threads, help_heading = "Caps")]
    intra: Option<u32>,
    /// TensorFlow inter-op threads
    #[arg(long, value_name = "N", value_parser = threads, help_heading = "Caps")]
    inter: Option<u32>,
    /// Threads of each tf.data iterator, and its parallel calls
    #[arg(long, value_name = "N", value_parser = threads, help_heading = "Caps")]
    data: Option<u32>,
    /// Threads of each OpenMP team; numexpr and Numba follow it
    #[arg(long, value_name = "N", value_parser = threads, help_heading = "Caps")]
    omp: Option<u32>,
    /// Threads of each BLAS: OpenBLAS, MKL, BLIS, Accelerate
    #[arg(long, value_name = "N", value_parser = threads, help_heading = "Caps")]
    blas: Option<u32>,
    /// One number for everything: so many CPUs (the lowest of those allowed) or these (0-3,8; 3-3 for CPU 3 alone), and
    /// every pool above that has no cap of its own
    #[arg(long, value_name = "N|LIST", help_heading = "Caps")]
    cpus: Option<CpuWish>,
    /// Set a variable; may be repeated
    #[arg(long = "env", value_name = "K=V", value_parser = variable, help_heading = "Caps")]
    variables: Vec<(String, OsString)>,
    /// Accept numbers beyond the machine and caps that contradict each other
    #[arg(long, help_heading = "Caps")]
    force: bool,
    /// Leave the shim away: the environment and the CPUs hold alone
    #[arg(long, conflicts_with = "record_only", help_heading = "Running")]
    no_shim: bool,
    /// The shim only listens and holds nothing
    #[arg(long, help_heading = "Running")]
    record_only: bool,
    /// No dashboard, also on a terminal
    #[arg(long, help_heading = "Running")]
    pub(super) no_ui: bool,
    /// Start nothing; print the line for a shell that does the same, and what the shim would add
    #[arg(long, help_heading = "Running")]
    pub(super) dry_run: bool,
    /// What to start
    #[arg(required = true, trailing_var_arg = true, value_name = "COMMAND")]
    pub(super) command: Vec<OsString>,
}

impl RunWish {
    /// What the shim is to do; none without one.
    pub(super) fn shim(&self) -> Option<Mode> {
        match (self.no_shim, self.record_only) {
            (true, _) => None,
            (false, true) => Some(Mode::Record),
            (false, false) => Some(Mode::Enforce),
        }
    }

    pub(super) fn caps(&self) -> Wish {
        let Self { intra, inter, data, omp, blas, .. } = *self;
        Wish {
            pools: Caps { intra, inter, data, omp, blas, cpus: None },
            cpus: self.cpus.clone(),
            variables: self.variables.clone(),
            shim_enforces: self.shim() == Some(Mode::Enforce),
            force: self.force,
        }
    }
}

/// The hidden subcommand's options: it is called by tftop alone.
#[derive(Debug, Args)]
pub(in crate::command) struct StageWish {
    #[arg(long)]
    pub(super) parent: u32,
    #[arg(long)]
    pub(super) cpus: Option<CpuSet>,
    #[arg(required = true, trailing_var_arg = true)]
    pub(super) command: Vec<OsString>,
}

fn threads(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(0) => Err("there must be 1 at least; without the option the pool is left alone".to_owned()),
        Ok(threads) => Ok(threads),
        Err(_) => Err("write a number of threads".to_owned()),
    }
}

fn variable(text: &str) -> Result<(String, OsString), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.into())),
        _ => Err("write NAME=VALUE".to_owned()),
    }
}
