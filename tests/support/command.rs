//! The command line under test, run to its end.

use std::process::{Command, Output, Stdio};

/// Above the largest pid_max (proc_sys_kernel(5)): nobody's.
pub const NOBODYS_PID: &str = "4194999";

/// The binary under test, with nothing to read and no wishes about its output.
pub fn tftop(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tftop"));
    command.args(arguments).stdin(Stdio::null()).env_remove("COLUMNS").env_remove("NO_COLOR");
    command
}

/// Exit code, stdout, stderr.
pub fn ended(command: &mut Command) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}
