//! The settings file itself: where it is, who may write it, and what it says. Read whole, and never where others could have written
//! it.

use std::fs;
use std::fs::File;
use std::io;
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;

use crate::commands::own_process::exit::CommandError;
use crate::commands::settings::parse;
use crate::commands::settings::parse::{Parsed, Problem};
use crate::commands::settings::profile::SavedProfile;
use crate::present::format;
use crate::tui::settings::DashboardSettings;

/// More is no settings file.
const LARGEST: u64 = 1 << 20;
/// Group or others may write.
const OTHERS_WRITE: u32 = 0o022;

/// What a settings file says, and where it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct SettingsFile {
    pub(crate) says: Parsed,
    /// As it was read; empty where there is no file.
    pub(crate) text: String,
    /// Where it is, or would be; none without a home.
    pub(crate) path: Option<PathBuf>,
}

/// Why nothing of a file is read.
pub(super) enum Unread {
    /// There is none, or it can't be opened or read.
    Failed(io::Error),
    /// It must not be read.
    Refused(String),
}

impl Unread {
    pub(super) fn words(&self) -> String {
        match self {
            Self::Failed(error) => error.to_string(),
            Self::Refused(why) => why.clone(),
        }
    }
}

impl SettingsFile {
    /// The named file, which must be there and readable, or `$XDG_CONFIG_HOME/tftop/config.toml`, which may be missing, and of
    /// which nothing is used where it can't or must not be read.
    pub(crate) fn read(named: Option<&Path>) -> Result<Self, CommandError> {
        let Some(path) = named.map(Path::to_owned).or_else(usual_place) else { return Ok(Self::default()) };
        match text(&path) {
            Ok(text) => Ok(Self { says: parse::parse(&text), text, path: Some(path) }),
            Err(Unread::Failed(error)) if error.kind() == ErrorKind::NotFound && named.is_none() => {
                Ok(Self { path: Some(path), ..Self::default() })
            }
            Err(why) if named.is_some() => {
                Err(CommandError::usage(format!("{}: {}", path.display(), format::clean(&why.words()))))
            }
            // HOME may be another user's, as some ways to change the user leave it.
            Err(why) => {
                let why = format!("no settings are read: {}: {}", path.display(), why.words());
                let says = Parsed { problems: vec![Problem { line: None, why }], ..Parsed::default() };
                Ok(Self { says, text: String::new(), path: Some(path) })
            }
        }
    }

    /// What is wrong with it, each in a line.
    pub(crate) fn problems(&self) -> Vec<String> {
        let path = self.path.as_ref().map(|path| format!("{}, ", path.display())).unwrap_or_default();
        let words = |problem: &Problem| match problem.line {
            Some(line) => format!("{path}line {line}: {}", problem.why),
            None => problem.why.clone(),
        };
        self.says.problems.iter().map(words).collect()
    }

    /// The same for one line of a screen, which has no room for the path.
    pub(crate) fn short_problems(&self) -> Vec<String> {
        let words = |problem: &Problem| match problem.line {
            Some(line) => format!("settings line {line}: {}", problem.why),
            None => problem.why.clone(),
        };
        self.says.problems.iter().map(words).collect()
    }

    /// The dashboard's settings: what is not said is as usual.
    pub(crate) fn dashboard(&self) -> DashboardSettings {
        let (says, usual) = (&self.says, DashboardSettings::default());
        let mut settings = DashboardSettings {
            view: says.view.unwrap_or(usual.view),
            mouse: says.mouse.unwrap_or(usual.mouse),
            keys: says.keys.clone().into(),
            ..usual
        };
        for (table, choice) in settings.tables.iter_mut().zip(&says.tables) {
            if let Some(columns) = &choice.columns {
                table.columns.clone_from(columns);
            }
            table.sort = choice.sort.unwrap_or(table.sort);
        }
        settings
    }

    /// The names of its profiles.
    pub(crate) fn profiles(&self) -> impl Iterator<Item = &str> {
        self.says.profiles.iter().map(|(name, _)| name.as_str())
    }

    /// The profile of this name. One with a wrong value is none: a part of its caps would be others than were asked for.
    pub(crate) fn profile(&self, name: &str) -> Result<&SavedProfile, CommandError> {
        let path = self.path.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
        match self.says.profiles.iter().find(|(known, _)| known == name) {
            Some((_, Ok(profile))) => Ok(profile),
            Some((_, Err(why))) => Err(CommandError::usage(format!("--profile {name}: {path}: {why}"))),
            None => {
                let known: Vec<&str> = self.profiles().collect();
                Err(CommandError::usage(match known.as_slice() {
                    [] => format!("--profile {name}: {path} has no profile; write one as [profile.{name}]"),
                    known => format!("--profile {name}: there is none in {path}; there are {}", known.join(", ")),
                }))
            }
        }
    }
}

fn usual_place() -> Option<PathBuf> {
    Some(etcetera::choose_base_strategy().ok()?.config_dir().join("tftop").join("config.toml"))
}

/// The text of a file that may be read.
pub(super) fn text(path: &Path) -> Result<String, Unread> {
    let file = File::open(path).map_err(Unread::Failed)?;
    let about = file.metadata().map_err(Unread::Failed)?;
    refuse_foreign(&about, rustix::process::geteuid().as_raw()).map_err(Unread::Refused)?;
    let mut text = String::new();
    file.take(LARGEST + 1).read_to_string(&mut text).map_err(Unread::Failed)?;
    match text.len() as u64 > LARGEST {
        true => Err(Unread::Refused("it is larger than a megabyte".to_owned())),
        false => Ok(text),
    }
}

/// It can set the environment of commands: whoever may write it may run things as its reader.
pub(super) fn refuse_foreign(about: &fs::Metadata, user: u32) -> Result<(), String> {
    if !about.is_file() {
        // /dev/null holds no settings and can't get any.
        return if about.len() == 0 { Ok(()) } else { Err("it is no file".to_owned()) };
    }
    if about.uid() != user && about.uid() != 0 {
        return Err(format!("it belongs to user {}, neither to you nor to root; --config names another", about.uid()));
    }
    match about.mode() & OTHERS_WRITE {
        0 => Ok(()),
        _ => Err("others may write it, and it can set a command's environment; `chmod go-w` it".to_owned()),
    }
}
