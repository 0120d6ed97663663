//! Where in a recording a scene stands.

use crate::data::Text;
use crate::data::scene::Verdict;

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
    /// Seconds from the first look to the one that it is judged from, where that is not the first: the chart and what counts up
    /// since the begin of watching begin there. None where all before it was looked at.
    pub judged_from_s: Option<f64>,
    /// What is wrong with its end: it was cut, or makes no sense from there on.
    pub trouble: Option<Text>,
    /// The span that was judged; none where it is a single moment.
    pub span: Option<JudgedSpan>,
}

/// Verdicts within a span of a recording: at each look the one that was on screen then.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JudgedSpan {
    /// Seconds from the first look of the recording to its begin.
    pub from_s: f64,
    /// The same to its end.
    pub to_s: f64,
    /// Every verdict that held at some time, the worst first; too soon to tell is the last.
    pub held: Vec<HeldVerdict>,
    /// Seconds for which none is known: there was no look for longer than a verdict lasts, or the target had ended.
    pub unknown_s: f64,
    /// At the last look; too soon where there was none.
    pub last: Verdict,
}

/// How long a verdict held.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct HeldVerdict {
    /// Which.
    pub verdict: Verdict,
    /// Seconds of the span.
    pub seconds: f64,
    /// Seconds from the first look of the recording to when it first held within the span.
    pub first_s: f64,
}

impl JudgedSpan {
    /// Its length in seconds.
    pub fn seconds(&self) -> f64 {
        self.to_s - self.from_s
    }

    /// The worst verdict that held; none where there was none but that it is too soon to tell.
    pub fn worst(&self) -> Option<&HeldVerdict> {
        self.held.iter().find(|held| held.verdict != Verdict::TooSoon)
    }
}

impl RecordedMoment {
    /// When it was, seconds after 1970.
    pub fn unix_s(&self) -> u64 {
        (self.begun_unix_ms / 1000).saturating_add((self.at_s + (self.begun_unix_ms % 1000) as f64 / 1e3) as u64)
    }
}
