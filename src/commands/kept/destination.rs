//! Where an export goes: stdout, or a file that is not overwritten unless that was asked for.

use std::fs;
use std::fs::{File, OpenOptions};
use std::io;
use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::commands::own_process::exit::CommandError;
use crate::commands::own_process::stdio;

/// A place to write to. A file is opened with the first text.
pub(crate) struct Destination {
    file: Option<PathBuf>,
    force: bool,
    out: Option<Box<dyn Write>>,
    made: bool,
}

impl Destination {
    /// The file, or stdout. With `force` a file that is there is overwritten.
    pub(crate) fn new(file: Option<&Path>, force: bool) -> Self {
        Self { file: file.map(Path::to_owned), force, out: None, made: false }
    }

    /// Adds a text.
    pub(crate) fn write(&mut self, text: &str) -> anyhow::Result<()> {
        let opened = match self.out.take() {
            Some(out) => out,
            None => self.open()?,
        };
        let out = self.out.insert(opened);
        out.write_all(text.as_bytes()).with_context(|| format!("writing to {}", self.name()))
    }

    /// Writes what still waits. None where nobody reads stdout any more; a file that is not whole is removed, where it was
    /// made here.
    pub(crate) fn close<T>(mut self, written: anyhow::Result<T>) -> anyhow::Result<Option<T>> {
        let flushed =
            self.out.as_mut().map_or(Ok(()), Write::flush).with_context(|| format!("writing to {}", self.name()));
        match written.and_then(|written| flushed.map(|()| written)) {
            Ok(written) => Ok(Some(written)),
            Err(error) if self.file.is_none() && is_broken_pipe(&error) => Ok(None),
            Err(error) => {
                if let Some(file) = self.file.as_ref().filter(|_| self.made) {
                    let _ = fs::remove_file(file);
                }
                Err(error)
            }
        }
    }

    fn open(&mut self) -> anyhow::Result<Box<dyn Write>> {
        let Some(path) = &self.file else { return Ok(Box::new(stdio::stdout())) };
        let new = OpenOptions::new().write(true).create_new(true).open(path);
        self.made = new.is_ok();
        let file = match new {
            Err(error) if error.kind() == ErrorKind::AlreadyExists && self.force => File::create(path),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                let message = format!("{} exists; --force overwrites it", path.display());
                return Err(CommandError::usage(message).into());
            }
            other => other,
        };
        Ok(Box::new(BufWriter::new(file.with_context(|| format!("writing to {}", path.display()))?)))
    }

    fn name(&self) -> String {
        self.file.as_ref().map_or_else(|| "stdout".to_owned(), |file| file.display().to_string())
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == ErrorKind::BrokenPipe)
}
