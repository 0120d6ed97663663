//! The tftop binary: parse, run, print the error chain, exit code. Nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    tftop::commands::main()
}
