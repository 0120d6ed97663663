//! The file a command's output goes to: every byte as it came, up to a limit. A full disk ends the file, not the run.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use crate::data::run::LogFact;

/// A log that is written.
#[derive(Debug)]
pub struct OutputLog {
    /// None once it is closed for good.
    file: Option<File>,
    limit: u64,
    fact: LogFact,
}

impl OutputLog {
    /// A log of at most `limit` bytes of output.
    pub fn new(path: &Path, file: File, limit: u64) -> Self {
        let fact = LogFact { path: path.display().to_string().into(), ..LogFact::default() };
        Self { file: Some(file), limit, fact }
    }

    /// No log, and why there is none.
    pub fn none(why: &str) -> Self {
        let fact = LogFact { incomplete: Some(format!("there is none: {why}").into()), ..LogFact::default() };
        Self { file: None, limit: 0, fact }
    }

    /// Writes what fits.
    pub fn write(&mut self, bytes: &[u8]) {
        let Some(file) = &mut self.file else { return };
        let room = usize::try_from(self.limit - self.fact.bytes).unwrap_or(usize::MAX);
        let fits = &bytes[..bytes.len().min(room)];
        // One call at a time: what was written before an error counts.
        let mut left = fits;
        while !left.is_empty() {
            match file.write(left) {
                Ok(written) if written > 0 => {
                    self.fact.bytes += written as u64;
                    left = left.get(written..).unwrap_or_default();
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                other => {
                    let why = other.err().map_or("nothing more can be written".to_owned(), |error| error.to_string());
                    return self.end(&format!("{why}, after {}", megabytes(self.fact.bytes)));
                }
            }
        }
        if fits.len() < bytes.len() {
            let words = format!("its limit of {} is reached", megabytes(self.limit));
            let _ = write!(file, "\r\n[tftop: the log ends here: {words}; the command goes on]\r\n");
            self.end(&words);
        }
    }

    /// How it stands.
    pub fn fact(&self) -> &LogFact {
        &self.fact
    }

    fn end(&mut self, why: &str) {
        self.file = None;
        self.fact.incomplete = Some(why.into());
    }
}

/// "256 MB"; small ones with a digit more.
fn megabytes(bytes: u64) -> String {
    let megabytes = bytes as f64 / 1e6;
    if megabytes < 10.0 { format!("{megabytes:.1} MB") } else { format!("{megabytes:.0} MB") }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_limit_is_kept_and_said_in_the_log() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("output.log");
        let mut log = OutputLog::new(&path, File::create(&path).unwrap(), 10);
        log.write(b"12345");
        log.write(b"67890");
        assert_eq!((log.fact().bytes, &log.fact().incomplete), (10, &None), "full is not cut");
        log.write(b"x");
        log.write(b"y");
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(
            text,
            "1234567890\r\n[tftop: the log ends here: its limit of 0.0 MB is reached; the command goes on]\r\n"
        );
        assert_eq!(log.fact().incomplete.as_deref(), Some("its limit of 0.0 MB is reached"));
    }

    #[test]
    fn a_full_disk_is_said() {
        // /dev/full takes nothing (full(4)).
        let full = Path::new("/dev/full");
        let mut log = OutputLog::new(full, File::options().write(true).open(full).unwrap(), 1_000);
        log.write(b"12345");
        log.write(b"67890");
        let why = log.fact().incomplete.as_deref().unwrap();
        assert!(why.contains("No space left on device") && why.ends_with("after 0.0 MB"), "{why}");
    }
}
