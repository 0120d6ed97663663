//! Whether a target is traced, from look to look: begins and ends with somebody's interest. Decides nothing about threads.

use crate::data::Tid;
use crate::data::sample::{TraceSample, TraceState};
use crate::probe::trace::reader::TraceReader;
use crate::probe::trace::refusal;

/// Passes over the list of threads at the begin: threads may be born while events are opened.
const PASSES: usize = 3;

/// A target's trace.
#[derive(Debug, Default)]
pub enum Tracer {
    /// Nobody asks for one.
    #[default]
    Off,
    /// It goes on, or stopped by itself.
    Begun(TraceReader),
    /// It could not begin.
    Refused(String),
}

impl Tracer {
    /// What happened since the look before; none while nobody wants to know. `threads` lists the target's living threads, or
    /// says why they can't be traced.
    pub fn look(&mut self, wanted: bool, mut threads: impl FnMut() -> Result<Vec<Tid>, String>) -> Option<TraceSample> {
        match (wanted, &*self) {
            (false, _) => *self = Self::Off,
            (true, Self::Off) => *self = begin(&mut threads).map_or_else(Self::Refused, Self::Begun),
            (true, _) => {}
        }
        match self {
            Self::Off => None,
            Self::Begun(reader) => Some(reader.take()),
            Self::Refused(why) => {
                Some(TraceSample { state: TraceState::Refused(why.clone()), ..TraceSample::default() })
            }
        }
    }
}

fn begin(threads: &mut impl FnMut() -> Result<Vec<Tid>, String>) -> Result<TraceReader, String> {
    let mut known = threads()?;
    known.sort_unstable();
    let reader = TraceReader::begin(&known).map_err(|error| refusal::why(&error))?;
    for _ in 1..PASSES {
        let mut more = threads()?;
        more.retain(|thread| known.binary_search(thread).is_err() && !reader.knows_birth_of(*thread));
        if more.is_empty() {
            break;
        }
        for &thread in &more {
            // Refused only for want of descriptors: the threads before it are traced.
            let _ = reader.add(thread);
        }
        known.extend(more);
        known.sort_unstable();
    }
    Ok(reader)
}
