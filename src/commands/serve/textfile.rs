//! tftop.prom for node_exporter's textfile collector: whole or not at all, because it may be read at any moment.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::Context as _;

use crate::commands::own_process::exit::CommandError;

const NAME: &str = "tftop.prom";

/// Fails where the folder is none.
pub(super) fn check(folder: &Path) -> anyhow::Result<()> {
    match folder.is_dir() {
        true => Ok(()),
        false => {
            Err(CommandError::usage(format!("--textfile {}: there is no such directory", folder.display())).into())
        }
    }
}

/// Writes the page beside, then puts it in place.
pub(super) fn write(folder: &Path, page: &str) -> anyhow::Result<()> {
    let beside = folder.join(format!(".{NAME}.{}", std::process::id()));
    let written = (|| {
        // A file of that name is one that a process with this pid left behind.
        let _ = std::fs::remove_file(&beside);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(&beside)?;
        file.write_all(page.as_bytes())?;
        std::fs::rename(&beside, folder.join(NAME))
    })();
    if written.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    written.with_context(|| format!("writing {NAME} in {}", folder.display()))
}
