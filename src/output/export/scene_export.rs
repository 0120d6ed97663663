//! What every format of an export is made from: the recording's looks one by one, what the recording says of itself, and
//! what is left out.

use crate::data::Text;
use crate::data::scene::Scene;
use crate::present::format::{instant, rounded};

/// The recording that is exported.
#[derive(Clone, Debug, Default)]
pub struct ExportSource {
    /// The run's name, or the file's.
    pub name: String,
    /// Version of the tftop that recorded it.
    pub tftop: Text,
    /// When its first look was taken, milliseconds after 1970.
    pub begun_unix_ms: u64,
    /// The same instant in nanoseconds since boot.
    pub begun_ns: u64,
}

/// What is known once every look was written.
#[derive(Clone, Debug, Default)]
pub struct ExportEnd<'a> {
    /// The scene over all looks; none where nobody asked for it, see [`SceneExport::wants_whole`].
    pub whole: Option<&'a Scene>,
    /// What is not in it, and why; each a sentence without a full stop.
    pub left_out: &'a [String],
}

/// Makes the text of one format, piece by piece.
pub trait SceneExport {
    /// What stands before the first look.
    fn begin(&mut self) -> serde_json::Result<String>;
    /// One more look; each is later than the one before.
    fn look(&mut self, scene: &Scene) -> serde_json::Result<String>;
    /// Whether it needs [`ExportEnd::whole`].
    fn wants_whole(&self) -> bool {
        false
    }
    /// What stands behind the last look.
    fn end(&mut self, end: &ExportEnd<'_>) -> serde_json::Result<String>;
}

impl ExportSource {
    /// Seconds since the first look.
    pub(crate) fn offset_s(&self, at_ns: u64) -> f64 {
        rounded(self.offset_ns(at_ns) as f64 / 1e9)
    }

    /// An instant of ISO 8601 in UTC, to the millisecond: "2026-11-20T16:19:09.042Z".
    pub(crate) fn time(&self, at_ns: u64) -> String {
        let unix_ms = self.begun_unix_ms.saturating_add(self.offset_ns(at_ns) / 1_000_000);
        format!("{}.{:03}Z", instant(unix_ms / 1000).trim_end_matches('Z'), unix_ms % 1000)
    }

    /// Nanoseconds since the first look.
    pub(crate) fn offset_ns(&self, at_ns: u64) -> u64 {
        at_ns.saturating_sub(self.begun_ns)
    }
}
