//! The settings file: what it says and where, what is wrong with it, `tftop config`, and writing what was changed on screen. What is on
//! the command line wins over a profile, a profile over the defaults. A wrong value stops no command: the usual one counts.

mod commented;
mod file;
mod item;
mod parse;
mod print;
mod profile;
mod runs;
mod write;

pub(crate) use file::SettingsFile;
pub(crate) use print::config;
pub(crate) use profile::SavedProfile;
pub(crate) use runs::RunsSettings;
pub(crate) use write::FileWriter;

#[cfg(test)]
mod tests;
