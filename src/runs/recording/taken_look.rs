//! A look on its way to those who keep it. What is different from the look before is written down once for all of them, by the
//! first who needs it: never by whoever looks.

use std::sync::{Arc, OnceLock};

use crate::data::sample::Sample;
use crate::runs::recording::delta::SampleDelta;

/// A sample, and the one before it.
#[derive(Debug, Default)]
pub struct TakenLook {
    /// The sample.
    pub sample: Arc<Sample>,
    before: Arc<Sample>,
    /// None: it can't be written.
    delta: OnceLock<Option<Box<[u8]>>>,
}

impl TakenLook {
    /// The look after this sample; the first one is after the empty sample.
    pub fn new(before: Arc<Sample>, sample: impl Into<Arc<Sample>>) -> Self {
        Self { sample: sample.into(), before, delta: OnceLock::new() }
    }

    /// The sample before.
    pub(in crate::runs) fn before(&self) -> &Arc<Sample> {
        &self.before
    }

    /// What is different from the look before as JSON, without secrets, where that is this sample; none where it is another one, or
    /// where it can't be written.
    pub(in crate::runs) fn delta_after(&self, before: &Arc<Sample>) -> Option<&[u8]> {
        let is_next = Arc::ptr_eq(before, &self.before);
        is_next.then(|| self.delta.get_or_init(|| json(before, &self.sample)).as_deref())?
    }
}

/// What is different between two samples, as JSON without secrets; none where it can't be written.
pub(in crate::runs) fn json(before: &Sample, now: &Sample) -> Option<Box<[u8]>> {
    serde_json::to_vec(&SampleDelta::between(before, now).without_secrets()).ok().map(Vec::into_boxed_slice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runs::recorded::tests::watch;

    #[test]
    fn it_is_written_once_and_only_for_those_who_know_the_look_before() {
        let [before, now] = <[Sample; 2]>::try_from(watch(1)).unwrap().map(Arc::new);
        let look = TakenLook::new(before.clone(), now.clone());
        assert!(look.delta_after(&Arc::new((*before).clone())).is_none(), "an equal one is not the same one");
        let first = look.delta_after(&before).unwrap().as_ptr();
        assert_eq!(look.delta_after(&before).unwrap().as_ptr(), first);
        let delta: SampleDelta = serde_json::from_slice(look.delta_after(&before).unwrap()).unwrap();
        assert_eq!(delta.upon(&before).unwrap(), *now);
    }
}
