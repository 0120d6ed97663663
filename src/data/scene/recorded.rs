//! Where in a recording a scene stands.

use crate::data::Text;

/// A moment of a recording.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecordedMoment {
    /// What it is called on the command line: the run's name, or the file.
    pub name: Text,
    /// Version of tftop that made the recording; empty where it does not say.
    pub tftop: Text,
    /// When its first look was taken, milliseconds after 1970.
    pub begun_unix_ms: u64,
    /// Seconds from the first look to this one.
    pub at_s: f64,
    /// Seconds from the first look to the last one that can be read.
    pub length_s: f64,
    /// What is wrong with its end: it was cut, or makes no sense from there on.
    pub trouble: Option<Text>,
}

impl RecordedMoment {
    /// When it was, seconds after 1970.
    pub fn unix_s(&self) -> u64 {
        (self.begun_unix_ms / 1000).saturating_add((self.at_s + (self.begun_unix_ms % 1000) as f64 / 1e3) as u64)
    }
}
