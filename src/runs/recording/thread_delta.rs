//! One thread as what is different from the sample before.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};

use crate::data::sample::{Counters, Identity, ThreadFact, ThreadState};
use crate::data::{CpuSet, ThreadKey};
/// A thread that is new or changed; short names, because there are many.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct ThreadDelta {
    /// tid.
    t: u32,
    /// Its birth, in clock ticks.
    b: u64,
    /// Run time since the sample before, nanoseconds; wraps.
    #[serde(default, skip_serializing_if = "is_default")]
    r: u64,
    /// Wait time since, nanoseconds; wraps.
    #[serde(default, skip_serializing_if = "is_default")]
    w: u64,
    /// Time slices since; wraps.
    #[serde(default, skip_serializing_if = "is_default")]
    s: u64,
    /// Clock ticks of CPU time since; wraps.
    #[serde(default, skip_serializing_if = "is_default")]
    k: u64,
    /// State.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    st: Option<ThreadState>,
    /// Last CPU; null: not known.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    c: Option<Option<u32>>,
    /// CPUs it may run on; null: not known.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    a: Option<Option<Arc<CpuSet>>>,
    /// Identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<Arc<Identity>>,
}

pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// The value, where it is another than before.
pub(super) fn changed<T: PartialEq>(now: &Arc<T>, before: &Arc<T>) -> Option<Arc<T>> {
    (!Arc::ptr_eq(now, before) && now != before).then(|| now.clone())
}

/// A field that is there but null is given.
pub(crate) fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl ThreadDelta {
    pub(super) fn key(&self) -> ThreadKey {
        ThreadKey { tid: crate::data::Tid(self.t), start_ticks: self.b }
    }

    /// Nothing where nothing changed.
    pub(super) fn between(before: Option<&ThreadFact>, now: &ThreadFact) -> Option<Self> {
        if before.is_some_and(|before| before == now) {
            return None;
        }
        let counters = before.map_or_else(Counters::default, |before| before.counters);
        let affinity = before.and_then(|before| before.affinity.as_ref());
        Some(Self {
            t: now.key.tid.0,
            b: now.key.start_ticks,
            r: now.counters.run_ns.wrapping_sub(counters.run_ns),
            w: now.counters.wait_ns.wrapping_sub(counters.wait_ns),
            s: now.counters.slices.wrapping_sub(counters.slices),
            k: now.cpu_ticks.wrapping_sub(before.map_or(0, |before| before.cpu_ticks)),
            st: (now.state != before.map_or(ThreadState::default(), |before| before.state)).then_some(now.state),
            c: (now.last_cpu != before.and_then(|before| before.last_cpu)).then_some(now.last_cpu),
            a: (now.affinity.as_ref() != affinity).then(|| now.affinity.clone()),
            id: before.map_or_else(|| Some(now.identity.clone()), |before| changed(&now.identity, &before.identity)),
        })
    }

    pub(super) fn upon(self, before: Option<&ThreadFact>) -> Result<ThreadFact, String> {
        let key = self.key();
        let identity = self.id.or_else(|| before.map(|before| before.identity.clone()));
        let counters = before.map_or_else(Counters::default, |before| before.counters);
        Ok(ThreadFact {
            key,
            counters: Counters {
                run_ns: counters.run_ns.wrapping_add(self.r),
                wait_ns: counters.wait_ns.wrapping_add(self.w),
                slices: counters.slices.wrapping_add(self.s),
            },
            cpu_ticks: before.map_or(0, |before| before.cpu_ticks).wrapping_add(self.k),
            state: self.st.unwrap_or_else(|| before.map_or(ThreadState::default(), |before| before.state)),
            last_cpu: self.c.unwrap_or_else(|| before.and_then(|before| before.last_cpu)),
            affinity: self.a.unwrap_or_else(|| before.and_then(|before| before.affinity.clone())),
            identity: identity.ok_or_else(|| format!("thread {} was never described", key.tid))?,
        })
    }
}
