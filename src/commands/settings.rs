//! The settings file: defaults for watching and drawing, profiles of caps. What is on the command line wins over a profile,
//! a profile over the defaults. Every value goes through the parser of the option of its name.

use std::ffi::OsString;
use std::fs;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::ValueEnum as _;
use etcetera::BaseStrategy as _;
use toml::{Table, Value};

use crate::commands::args::caps::{names, threads, variable};
use crate::commands::args::choices::{ColorChoice, ThemeChoice};
use crate::commands::args::span;
use crate::commands::own_process::exit::CommandError;
use crate::commands::own_process::stdio;
use crate::data::limits::{CapKind, Caps};
use crate::data::sample::{Pin, Quota};
use crate::launch::caps::plan::CpuRequest;
use crate::launch::caps::preset::Preset;
use crate::launch::caps::quota;
use crate::launch::pin;
use crate::runs::store::Retention;

/// More is no settings file.
const LARGEST: u64 = 1 << 20;
/// Caps under a name.
#[derive(Clone, Debug, Default)]
pub(crate) struct SavedProfile {
    pub(crate) pools: Caps,
    pub(crate) cpus: Option<CpuRequest>,
    pub(crate) quota: Option<Quota>,
    pub(crate) preset: Option<Preset>,
    pub(crate) pins: Vec<Pin>,
    pub(crate) variables: Vec<(String, OsString)>,
}

/// Group or others may write.
const OTHERS_WRITE: u32 = 0o022;

/// What a settings file says; what it does not say is none.
#[derive(Clone, Debug, Default)]
pub(crate) struct SettingsFile {
    pub(crate) interval: Option<std::time::Duration>,
    pub(crate) color: Option<ColorChoice>,
    pub(crate) theme: Option<ThemeChoice>,
    pub(crate) ascii: Option<bool>,
    pub(crate) runs: RunsSettings,
    profiles: Vec<(String, SavedProfile)>,
    /// Where it says so.
    path: PathBuf,
}

/// How many runs are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RunsSettings {
    /// The newest so many.
    pub(crate) keep: Option<u32>,
    /// Of these the ones of the last so many days.
    pub(crate) keep_days: Option<u32>,
    /// Largest recording of a process that is only watched, in megabytes; 0: none is made.
    pub(crate) watched_mb: Option<u32>,
}

/// Runs that are kept unless told otherwise.
const KEEP: usize = 50;
/// Megabytes of a process that is only watched, unless told otherwise.
const WATCHED_MB: u32 = 20;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

impl RunsSettings {
    /// Bytes that the recording of a process has that somebody asked to be recorded.
    pub(crate) fn watched_bytes(&self) -> u64 {
        self.watched_limit().unwrap_or(u64::from(WATCHED_MB) * 1_000_000)
    }

    /// Bytes that the recording of a process that is only watched may have; none: it is not recorded.
    pub(crate) fn watched_limit(&self) -> Option<u64> {
        Some(u64::from(self.watched_mb.unwrap_or(WATCHED_MB)) * 1_000_000).filter(|&bytes| bytes > 0)
    }

    /// Which runs stay, from now on.
    pub(crate) fn retention(&self) -> Retention {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now_ms = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        Retention {
            newest: self.keep.map_or(KEEP, |keep| keep as usize),
            since_unix_ms: self.keep_days.map(|days| now_ms.saturating_sub(u64::from(days) * DAY_MS)),
        }
    }
}

impl SettingsFile {
    /// The named file, which must be there, or `$XDG_CONFIG_HOME/tftop/config.toml`, which may be missing, or closed to
    /// this user.
    pub(crate) fn read(named: Option<&Path>) -> Result<Self, CommandError> {
        let Some(path) = named.map(Path::to_owned).or_else(usual_place) else { return Ok(Self::default()) };
        let file = match File::open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound && named.is_none() => {
                return Ok(Self { path, ..Self::default() });
            }
            // HOME is another user's, as some ways to change the user leave it.
            Err(error) if error.kind() == ErrorKind::PermissionDenied && named.is_none() => {
                stdio::say(&format!("tftop: no settings are read: {}: {error}", path.display()));
                return Ok(Self::default());
            }
            file => file.map_err(|error| problem(&path, &error.to_string()))?,
        };
        let about = file.metadata().map_err(|error| problem(&path, &error.to_string()))?;
        refuse_foreign(&about, rustix::process::geteuid().as_raw()).map_err(|why| problem(&path, &why))?;
        let mut text = String::new();
        file.take(LARGEST + 1).read_to_string(&mut text).map_err(|error| problem(&path, &error.to_string()))?;
        if text.len() as u64 > LARGEST {
            return Err(problem(&path, "it is larger than a megabyte"));
        }
        let settings = parse(&text).map_err(|why| problem(&path, &why))?;
        Ok(Self { path, ..settings })
    }

    /// The names of its profiles.
    pub(crate) fn profiles(&self) -> impl Iterator<Item = &str> {
        self.profiles.iter().map(|(name, _)| name.as_str())
    }

    /// The profile of this name.
    pub(crate) fn profile(&self, name: &str) -> Result<&SavedProfile, CommandError> {
        let found = self.profiles.iter().find(|(known, _)| known == name);
        found.map(|(_, profile)| profile).ok_or_else(|| {
            let known: Vec<&str> = self.profiles.iter().map(|(name, _)| name.as_str()).collect();
            let path = self.path.display();
            CommandError::usage(match known.as_slice() {
                [] => format!("--profile {name}: {path} has no profile; write one as [profile.{name}]"),
                known => format!("--profile {name}: there is none in {path}; there are {}", known.join(", ")),
            })
        })
    }
}

fn usual_place() -> Option<PathBuf> {
    Some(etcetera::choose_base_strategy().ok()?.config_dir().join("tftop").join("config.toml"))
}

fn problem(path: &Path, why: &str) -> CommandError {
    CommandError::usage(format!("{}: {why}", path.display()))
}

/// It can set the environment of commands: whoever may write it may run things as its reader.
fn refuse_foreign(about: &fs::Metadata, user: u32) -> Result<(), String> {
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

fn parse(text: &str) -> Result<SettingsFile, String> {
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        format!("line {line}: {}", error.message())
    })?;
    let mut settings = SettingsFile::default();
    for (key, value) in &table {
        let bad = |why: String| format!("{key} = {value}: {why}");
        match key.as_str() {
            "interval" => settings.interval = Some(span::interval(&word(value)).map_err(bad)?),
            "color" => settings.color = Some(ColorChoice::from_str(&word(value), false).map_err(bad)?),
            "theme" => settings.theme = Some(ThemeChoice::from_str(&word(value), false).map_err(bad)?),
            "ascii" => settings.ascii = Some(value.as_bool().ok_or_else(|| bad("write true or false".to_owned()))?),
            "runs" => settings.runs = runs(inner(key, value)?)?,
            "profile" => {
                for (name, value) in inner(key, value)? {
                    let place = format!("profile.{name}");
                    settings.profiles.push((name.clone(), profile(&place, inner(&place, value)?)?));
                }
            }
            _ => return Err(unknown(key, "interval, color, theme, ascii, [runs] and [profile.NAME]")),
        }
    }
    Ok(settings)
}

fn runs(table: &Table) -> Result<RunsSettings, String> {
    let mut runs = RunsSettings::default();
    for (key, value) in table {
        let number = |least: u32| {
            let number = value.as_integer().and_then(|number| u32::try_from(number).ok());
            let number = number.filter(|number| *number >= least);
            number.map(Some).ok_or_else(|| format!("runs.{key} = {value}: write a number, {least} at least"))
        };
        match key.as_str() {
            "keep" => runs.keep = number(1)?,
            "keep_days" => runs.keep_days = number(1)?,
            "watched_mb" => runs.watched_mb = number(0)?,
            _ => return Err(unknown(&format!("runs.{key}"), "keep, keep_days and watched_mb")),
        }
    }
    Ok(runs)
}

fn profile(place: &str, table: &Table) -> Result<SavedProfile, String> {
    let mut profile = SavedProfile::default();
    for (key, value) in table {
        let bad = |why: String| format!("{place}.{key} = {value}: {why}");
        if let Some(kind) = CapKind::named(key) {
            *profile.pools.get_mut(kind) = Some(threads(&word(value)).map_err(bad)?);
            continue;
        }
        match key.as_str() {
            "cpus" => profile.cpus = Some(word(value).parse().map_err(bad)?),
            "quota" => profile.quota = Some(quota::parse(&word(value)).map_err(bad)?),
            "preset" => profile.preset = Some(word(value).parse().map_err(bad)?),
            "pin" => {
                let list = value.as_array().ok_or_else(|| bad("write a list: [\"tf-data=0-1\"]".to_owned()))?;
                profile.pins = list.iter().map(|pin| pin::parse(&word(pin)).map_err(bad)).collect::<Result<_, _>>()?;
            }
            "env" => {
                for (name, value) in inner(&format!("{place}.env"), value)? {
                    let (name, value): (String, OsString) =
                        variable(&format!("{name}={}", word(value))).map_err(bad)?;
                    profile.variables.push((name, value));
                }
            }
            _ => {
                let known = format!("{}, cpus, quota, preset, pin and env", names().collect::<Vec<_>>().join(", "));
                return Err(unknown(&format!("{place}.{key}"), &known));
            }
        }
    }
    Ok(profile)
}

/// As it would stand on the command line.
fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn inner<'a>(key: &str, value: &'a Value) -> Result<&'a Table, String> {
    value.as_table().ok_or_else(|| format!("{key} = {value}: write a table, [{key}]"))
}

fn unknown(key: &str, known: &str) -> String {
    format!("there is no setting {key}; there are {known}")
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
