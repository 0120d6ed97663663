//! Floor 3: wiring. The command line, the sampler thread, one file a subcommand.

use std::process::ExitCode;

/// Runs the command line and says how it ended.
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}
