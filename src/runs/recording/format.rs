//! What a tape says of itself before the first look.

use serde::{Deserialize, Serialize};

use crate::data::Text;

/// Name and version of the format.
pub const SCHEMA: &str = "tftop.tape/1";

/// The first line of a tape.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TapeHeader {
    /// [`SCHEMA`].
    pub schema: Text,
    /// Who wrote it: tftop's version.
    #[serde(default)]
    pub tftop: Text,
    /// When it was begun, milliseconds after 1970.
    #[serde(default)]
    pub started_unix_ms: u64,
    /// The same instant in nanoseconds since boot, as [`Sample::at_ns`](crate::fact::Sample::at_ns).
    #[serde(default)]
    pub started_ns: u64,
}

impl TapeHeader {
    /// A tape of this version of tftop, begun at this instant.
    pub fn new(started_unix_ms: u64, started_ns: u64) -> Self {
        Self { schema: SCHEMA.into(), tftop: env!("CARGO_PKG_VERSION").into(), started_unix_ms, started_ns }
    }
}
