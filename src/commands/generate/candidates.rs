//! What can be completed where the command line names a process, a run, an origin or a profile: those that there are now.
//! What can't be read is not offered; completing never fails and never prints an error into somebody's prompt.

use std::ffi::OsStr;
use std::path::Path;

use clap::{Arg, Command};
use clap_complete::CompletionCandidate;
use clap_complete::engine::{ArgValueCompleter, PathCompleter, ValueCompleter as _};

use crate::commands::kept::lookup;
use crate::commands::sampling::attach::PROC;
use crate::commands::settings::SettingsFile;
use crate::data::Text;
use crate::model::origin::families::Families;
use crate::present::format;
use crate::probe::target::find::ProcessFinder;

/// Characters of a command line beside a pid.
const SHOWN: usize = 60;

/// Kinds of what is named, by the word for it in the help, as a part of it between bars: "PID|NAME".
const KINDS: [(&str, Offer); 5] =
    [("PID", processes), ("RUN", runs), ("ID", runs), ("ORIGIN", origins), ("PROFILE", profiles)];

/// What there is of a kind.
type Offer = fn() -> Vec<CompletionCandidate>;

/// The command line with an offer for each argument that names something.
pub(super) fn offered(command: Command) -> Command {
    let with_own = command.mut_args(|arg| match completer(&arg) {
        Some(completer) => arg.add(completer),
        None => arg,
    });
    with_own.mut_subcommands(offered)
}

fn completer(arg: &Arg) -> Option<ArgValueCompleter> {
    let named = named(arg);
    let kinds: Vec<&str> = named.split('|').map(|kind| kind.split(['[', '=']).next().unwrap_or(kind)).collect();
    let offers: Vec<Offer> = KINDS.iter().filter(|(kind, _)| kinds.contains(kind)).map(|(_, offer)| *offer).collect();
    let files = kinds.contains(&"FILE");
    (!offers.is_empty()).then(|| {
        ArgValueCompleter::new(move |typed: &OsStr| {
            let mut found: Vec<_> = offers.iter().flat_map(|offer| offer()).collect();
            let typed_bytes = typed.as_encoded_bytes();
            found.retain(|candidate| candidate.get_value().as_encoded_bytes().starts_with(typed_bytes));
            if files {
                found.extend(PathCompleter::file().complete(typed));
            }
            found
        })
    })
}

/// The word for its value in the help.
fn named(arg: &Arg) -> String {
    let given = arg.get_value_names().and_then(|names| names.first()).map(ToString::to_string);
    given.unwrap_or_else(|| arg.get_id().as_str().to_uppercase())
}

fn candidate(value: String, about: &str) -> CompletionCandidate {
    CompletionCandidate::new(value).help(Some(about.to_owned().into()))
}

fn processes() -> Vec<CompletionCandidate> {
    let found = ProcessFinder::new(Path::new(PROC)).framework_processes();
    let of = |words: &[Text]| words.iter().map(Text::as_str).collect::<Vec<_>>().join(" ");
    let shown = |words: &[Text]| format::clean(&of(words)).chars().take(SHOWN).collect::<String>();
    found.candidates.iter().map(|it| candidate(it.key.pid.to_string(), &shown(&it.command))).collect()
}

fn runs() -> Vec<CompletionCandidate> {
    let Ok(kept) = lookup::store().and_then(|store| Ok(store.list()?)) else { return Vec::new() };
    let last = (!kept.is_empty()).then(|| candidate("last".to_owned(), "the newest run"));
    let shown = |kept: &crate::runs::store::KeptRun| {
        let words: Vec<&str> = kept.fact.command.iter().map(Text::as_str).collect();
        format::clean(&words.join(" ")).chars().take(SHOWN).collect::<String>()
    };
    last.into_iter().chain(kept.iter().map(|it| candidate(it.fact.id.to_string(), &shown(it)))).collect()
}

fn origins() -> Vec<CompletionCandidate> {
    Families::builtin().iter().map(|family| candidate(family.id.to_string(), &family.label)).collect()
}

fn profiles() -> Vec<CompletionCandidate> {
    let settings = SettingsFile::read(None).unwrap_or_default();
    settings.profiles().map(CompletionCandidate::new).collect()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::commands::args::cli::Cli;

    fn all_names(command: &Command, names: &mut Vec<String>) {
        names.extend(command.get_arguments().map(named));
        command.get_subcommands().for_each(|below| all_names(below, names));
    }

    #[test]
    fn every_kind_is_a_word_of_the_help() {
        let mut names = Vec::new();
        all_names(&Cli::command(), &mut names);
        for (kind, _) in KINDS {
            let named = |name: &String| name.split(['|', '[', '=']).any(|part| part == kind);
            assert!(names.iter().any(named), "{kind}: {names:?}");
        }
    }

    #[test]
    fn origins_are_offered_by_their_begin() {
        let command = offered(Cli::command());
        let stack = command.find_subcommand("stack").unwrap();
        let group = stack.get_arguments().find(|arg| arg.get_id() == "group").unwrap();
        let offers = group.get::<ArgValueCompleter>().unwrap().complete(OsStr::new("tf-i"));
        let values: Vec<_> = offers.iter().map(|offer| offer.get_value().to_str().unwrap()).collect();
        assert_eq!(values, ["tf-intra-op", "tf-inter-op"]);
    }
}
