//! How a process is named on the command line: by its pid, or by a part of its command line.

use crate::data::Pid;

/// The process to attach to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TargetArg {
    Pid(Pid),
    Name(String),
}

impl TargetArg {
    /// As it was given.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Pid(pid) => pid.to_string(),
            Self::Name(name) => name.clone(),
        }
    }
}

pub(crate) fn pid(text: &str) -> Result<Pid, String> {
    match text.parse() {
        Ok(0) | Err(_) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
            Err("no process has this number".to_owned())
        }
        Ok(number) => Ok(Pid(number)),
        Err(_) => Err("write a pid: a number".to_owned()),
    }
}

pub(crate) fn target(text: &str) -> Result<TargetArg, String> {
    match text {
        "" => Err("the name is empty".to_owned()),
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => pid(digits).map(TargetArg::Pid),
        name => Ok(TargetArg::Name(name.to_owned())),
    }
}
