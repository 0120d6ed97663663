//! A file for node_exporter's textfile collector: whole or not at all, because it may be read at any moment. That of a run goes with
//! it, for what it says is true no longer.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::commands::serve::looked::Looked;
use crate::output;

/// One file in one directory.
#[derive(Debug)]
pub(super) struct Textfile {
    folder: PathBuf,
    name: String,
    removed_at_end: bool,
}

impl Textfile {
    /// tftop.prom, or that of a run. Nothing is written yet.
    pub(super) fn new(folder: &Path, run: Option<&str>) -> Self {
        let name = run.map_or_else(|| "tftop.prom".to_owned(), |run| format!("tftop-run-{run}.prom"));
        Self { folder: folder.to_owned(), name, removed_at_end: run.is_some() }
    }

    /// Writes the look beside, then puts it in place.
    pub(super) fn write(&self, looked: &Looked) -> anyhow::Result<()> {
        let page = output::text_format(&looked.open_metrics()?);
        let beside = self.folder.join(format!(".{}.{}", self.name, std::process::id()));
        let written = (|| {
            // A file of that name is one that a process with this pid left behind.
            let _ = std::fs::remove_file(&beside);
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(&beside)?;
            file.write_all(page.as_bytes())?;
            std::fs::rename(&beside, self.folder.join(&self.name))
        })();
        if written.is_err() {
            let _ = std::fs::remove_file(&beside);
        }
        written.with_context(|| format!("writing {} in {}", self.name, self.folder.display()))
    }
}

impl Drop for Textfile {
    fn drop(&mut self) {
        if self.removed_at_end {
            let _ = std::fs::remove_file(self.folder.join(&self.name));
        }
    }
}
