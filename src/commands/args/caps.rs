//! The options of the caps, from the registry: numbers for `run` and `rerun`, lists for `sweep`.

use std::ffi::OsString;

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, value_parser};

use crate::data::limits::{CAPS, CapRow, Caps, PerCap};

/// Caps named one by one; `cpus` is never set.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CapArgs {
    pub(crate) pools: Caps,
}

/// Values to try of each cap; `cpus` is never set.
#[derive(Clone, Debug, Default)]
pub(crate) struct CapListArgs {
    pub(crate) lists: PerCap<Vec<u32>>,
}

fn option(row: &'static CapRow) -> Arg {
    Arg::new(row.name).long(row.name)
}

impl Args for CapArgs {
    fn augment_args(command: Command) -> Command {
        command.args(CAPS.iter().map(|row| {
            let help = format!("{}{}", row.help, row.help_more);
            option(row).value_name("N").value_parser(threads).help(help).help_heading("Caps")
        }))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for CapArgs {
    fn from_arg_matches(matches: &ArgMatches) -> clap::error::Result<Self> {
        let mut args = Self::default();
        args.update_from_arg_matches(matches)?;
        Ok(args)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> clap::error::Result<()> {
        for row in &CAPS {
            *self.pools.get_mut(row.kind) = matches.get_one(row.name).copied();
        }
        Ok(())
    }
}

impl Args for CapListArgs {
    fn augment_args(command: Command) -> Command {
        command.args(CAPS.iter().map(|row| {
            let list = option(row).value_name("N,…").value_delimiter(',').action(ArgAction::Append);
            list.value_parser(value_parser!(u32)).help(row.help).help_heading("Values to try")
        }))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for CapListArgs {
    fn from_arg_matches(matches: &ArgMatches) -> clap::error::Result<Self> {
        let mut args = Self::default();
        args.update_from_arg_matches(matches)?;
        Ok(args)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> clap::error::Result<()> {
        for row in &CAPS {
            *self.lists.get_mut(row.kind) = matches.get_many(row.name).into_iter().flatten().copied().collect();
        }
        Ok(())
    }
}

/// Names of the options of caps.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    CAPS.iter().map(|row| row.name)
}

/// A cap's number.
pub(crate) fn threads(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(0) => Err("must be at least 1; leave the option out to leave the pool alone".to_owned()),
        Ok(threads) => Ok(threads),
        Err(_) => Err("must be a number of threads".to_owned()),
    }
}

/// A variable that is set by name.
pub(crate) fn variable(text: &str) -> Result<(String, OsString), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.into())),
        _ => Err("must be NAME=VALUE".to_owned()),
    }
}
