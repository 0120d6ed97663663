//! Whether this process may open enough files to do anything at all.

use std::fs::File;
use std::io;

use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};

use crate::linux::proc::proc_dir::has_no_descriptors;

/// Files that tftop opens beside those of a target, rounded up.
const LEAST: usize = 64;

/// Fails where too few more files may be open, and says what to do. Some libraries panic instead.
pub(crate) fn check() -> anyhow::Result<()> {
    let opened: io::Result<Vec<File>> = (0..LEAST).map(|_| File::open("/dev/null")).collect();
    match opened.err().and_then(|error| Errno::from_io_error(&error)) {
        Some(Errno::NFILE) => anyhow::bail!("this machine has too many files open: {}", Errno::NFILE),
        Some(error) if has_no_descriptors(error) => {
            let most = getrlimit(Resource::Nofile).current.map_or("no".to_owned(), |most| most.to_string());
            anyhow::bail!(
                "{most} files may be open at once (ulimit -n), and tftop needs {LEAST} more than are open now: raise it, as \
                 by `ulimit -n 1024`"
            )
        }
        // Without /dev/null nothing is known.
        _ => Ok(()),
    }
}
