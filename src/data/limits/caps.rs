//! A value for each cap of the registry, and one for the CPUs: numbers to start a training with, lists for a sweep. In JSON
//! an object by the names of the caps; of caps that follow another one only what is set, as earlier versions wrote none.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::data::limits::cap::{COUNT, CapKind};

const CPUS: &str = "cpus";

/// A value for each cap, and one for the CPUs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PerCap<T> {
    pub(crate) pools: [T; COUNT],
    /// CPUs the process may run on: bounds everything.
    pub cpus: T,
}

/// Thread caps to start a training with; none leaves a pool alone.
pub type Caps = PerCap<Option<u32>>;

impl<T> PerCap<T> {
    /// The value of one cap.
    pub fn get(&self, kind: CapKind) -> &T {
        &self.pools[kind as usize]
    }

    /// The same, to change it.
    pub fn get_mut(&mut self, kind: CapKind) -> &mut T {
        &mut self.pools[kind as usize]
    }

    /// Every value by its name, the CPUs last.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, &T)> {
        CapKind::all().map(|kind| (kind.name(), self.get(kind))).chain([(CPUS, &self.cpus)])
    }

    /// Every value, to change it.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.pools.iter_mut().chain([&mut self.cpus])
    }

    /// The value of that name.
    pub fn named_mut(&mut self, name: &str) -> Option<&mut T> {
        match CapKind::named(name) {
            Some(kind) => Some(self.get_mut(kind)),
            None => (name == CPUS).then_some(&mut self.cpus),
        }
    }
}

impl Caps {
    /// These caps and no others.
    pub const fn of<const N: usize>(caps: [(CapKind, u32); N]) -> Self {
        let mut of = Self { pools: [None; COUNT], cpus: None };
        let mut at = 0;
        while at < N {
            of.pools[caps[at].0 as usize] = Some(caps[at].1);
            at += 1;
        }
        of
    }

    /// One cap for all pools that follow no other.
    pub fn every(value: u32) -> Self {
        let mut every = Self::default();
        CapKind::all().filter(|kind| kind.follows().is_none()).for_each(|kind| *every.get_mut(kind) = Some(value));
        every
    }

    /// What holds a kind of pools: its own cap, else that of the one it follows.
    pub fn holding(&self, kind: CapKind) -> Option<u32> {
        self.get(kind).or_else(|| *self.get(kind.follows()?))
    }

    /// Pools that are capped, in the order of the options.
    pub fn pools(&self) -> impl Iterator<Item = (CapKind, u32)> {
        CapKind::all().filter_map(|kind| Some((kind, (*self.get(kind))?)))
    }

    /// Whether nothing is capped.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What is capped here, and for the rest what is capped there.
    pub fn or(mut self, other: Self) -> Self {
        for (pool, other) in self.pools.iter_mut().zip(other.pools) {
            *pool = pool.or(other);
        }
        Self { cpus: self.cpus.or(other.cpus), ..self }
    }

    /// The same without a number of CPUs.
    pub fn without_cpus(self) -> Self {
        Self { cpus: None, ..self }
    }
}

impl fmt::Display for Caps {
    /// "intra=1 inter=1 data=1"; empty when nothing is capped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for (name, value) in self.named() {
            if let Some(value) = value {
                write!(f, "{separator}{name}={value}")?;
                separator = " ";
            }
        }
        Ok(())
    }
}

impl<T: Serialize + Default + PartialEq> Serialize for PerCap<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let follows = |name: &str| CapKind::named(name).and_then(CapKind::follows).is_some();
        let written: Vec<_> = self.named().filter(|(name, value)| !follows(name) || **value != T::default()).collect();
        let mut map = serializer.serialize_map(Some(written.len()))?;
        for (name, value) in written {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for PerCap<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ByName<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de> + Default> Visitor<'de> for ByName<T> {
            type Value = PerCap<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("caps by their names")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<PerCap<T>, A::Error> {
                let mut caps = PerCap { pools: Default::default(), cpus: T::default() };
                while let Some(name) = map.next_key::<String>()? {
                    match caps.named_mut(&name) {
                        Some(value) => *value = map.next_value()?,
                        None => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(caps)
            }
        }
        deserializer.deserialize_map(ByName(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caps_of_every_version_load_and_are_written_by_their_names() {
        let old = r#"{"intra":2,"inter":null,"data":null,"omp":4,"blas":null,"cpus":2}"#;
        let caps: Caps = serde_json::from_str(old).unwrap();
        assert_eq!(caps, Caps { cpus: Some(2), ..Caps::of([(CapKind::Intra, 2), (CapKind::Omp, 4)]) });
        assert_eq!(serde_json::to_string(&caps).unwrap(), old);
        let newer: Caps = serde_json::from_str(r#"{"numexpr":3,"of_tomorrow":{"a":1}}"#).unwrap();
        assert_eq!(newer, Caps::of([(CapKind::Numexpr, 3)]));
        assert!(serde_json::to_string(&newer).unwrap().contains(r#""numexpr":3"#));
    }

    #[test]
    fn a_cap_that_is_not_set_follows_another_one() {
        let omp = Caps::of([(CapKind::Omp, 4)]);
        assert_eq!((omp.holding(CapKind::Numexpr), omp.holding(CapKind::Blas)), (Some(4), None));
        assert_eq!(Caps::of([(CapKind::Omp, 4), (CapKind::Numexpr, 2)]).holding(CapKind::Numexpr), Some(2));
        assert_eq!(Caps::every(1).to_string(), "intra=1 inter=1 data=1 omp=1 blas=1");
    }
}
