//! A recording by what a person calls it: a run that is kept, or a file.

use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt as _;

use anyhow::Context as _;
use rustix::fs::OFlags;

use crate::commands::kept::lookup;
use crate::commands::own_process::exit::CommandError;
use crate::runs::recording::reader::RecordingReader;
use crate::runs::store::RunState;

/// A recording that was found and can be read.
pub(crate) struct NamedRecording {
    /// The run's name, or the file's as it was given.
    pub(crate) name: String,
    /// Whether more may come to it.
    pub(crate) goes_on: bool,
    /// Its samples.
    pub(crate) reader: RecordingReader<File>,
}

/// Opens it. "last" and what looks like the name of a run is a run, anything else a file.
pub(crate) fn open(name: &str) -> anyhow::Result<NamedRecording> {
    let (name, goes_on, file) = if is_run(name) {
        let kept = lookup::find(&lookup::store()?, name)?;
        let id = kept.fact.id.to_string();
        let tape = kept.tape().with_context(|| format!("opening the recording of run {id}"))?;
        (id, kept.state == RunState::GoesOn, tape)
    } else {
        (name.to_owned(), false, file(name)?)
    };
    let reader = RecordingReader::open(file).with_context(|| format!("reading {name} as a recording"))?;
    Ok(NamedRecording { name, goes_on, reader })
}

fn is_run(name: &str) -> bool {
    name == "last" || (!name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-'))
}

/// A regular file: a pipe would keep whoever opens it waiting.
fn file(name: &str) -> anyhow::Result<File> {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let file =
        OpenOptions::new().read(true).custom_flags(flags.bits() as i32).open(name).map_err(|error| {
            match error.kind() {
                ErrorKind::NotFound => CommandError::not_found(format!(
                    "{name}: no run is called so and there is no such file; `tftop runs` lists the runs that are kept"
                ))
                .into(),
                _ => anyhow::Error::new(error).context(format!("opening {name}")),
            }
        })?;
    anyhow::ensure!(file.metadata()?.is_file(), "{name} is no file");
    Ok(file)
}
