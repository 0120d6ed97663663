//! A set of CPUs, as affinity masks and cpusets name them ("0-3,8").

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// CPUs by number; the kernel's list format in text and in files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct CpuSet {
    words: Vec<u64>,
}

impl CpuSet {
    /// CPU numbers from here on are refused: the kernel's largest NR_CPUS (x86-64 MAXSMP) is 8192.
    pub const LARGEST: u32 = 8192;

    /// Adds a CPU; numbers no kernel knows are ignored.
    pub fn insert(&mut self, cpu: u32) {
        if cpu >= Self::LARGEST {
            return;
        }
        let word = (cpu / 64) as usize;
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        self.words[word] |= 1 << (cpu % 64);
    }

    /// Whether the CPU is in the set.
    pub fn contains(&self, cpu: u32) -> bool {
        self.words.get((cpu / 64) as usize).is_some_and(|word| word & (1 << (cpu % 64)) != 0)
    }

    /// How many CPUs.
    pub fn count(&self) -> u32 {
        self.words.iter().map(|word| word.count_ones()).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// CPUs in both.
    pub fn intersection(&self, other: &Self) -> Self {
        self.words.iter().zip(&other.words).map(|(a, b)| a & b).collect::<Words>().into()
    }

    /// CPUs in either.
    pub fn union(&self, other: &Self) -> Self {
        let length = self.words.len().max(other.words.len());
        let word = |set: &Self, i: usize| set.words.get(i).copied().unwrap_or(0);
        (0..length).map(|i| word(self, i) | word(other, i)).collect::<Words>().into()
    }

    /// Adds every CPU of another set, in place.
    pub fn insert_all(&mut self, other: &Self) {
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        self.words.iter_mut().zip(&other.words).for_each(|(mine, theirs)| *mine |= theirs);
    }

    /// The CPUs in rising order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.words.len() as u32 * 64).filter(|&cpu| self.contains(cpu))
    }
}

type Words = Vec<u64>;

impl From<Words> for CpuSet {
    /// From words as sched_getaffinity(2) fills them; trailing zero words are dropped so that equal sets compare equal.
    fn from(mut words: Words) -> Self {
        words.truncate(Self::LARGEST as usize / 64);
        while words.last() == Some(&0) {
            words.pop();
        }
        Self { words }
    }
}

impl FromIterator<u32> for CpuSet {
    fn from_iter<I: IntoIterator<Item = u32>>(cpus: I) -> Self {
        let mut set = Self::default();
        cpus.into_iter().for_each(|cpu| set.insert(cpu));
        set
    }
}

impl fmt::Display for CpuSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut cpus = self.iter().peekable();
        let mut separator = "";
        while let Some(first) = cpus.next() {
            let mut last = first;
            while let Some(next) = cpus.next_if_eq(&(last + 1)) {
                last = next;
            }
            match last - first {
                0 => write!(f, "{separator}{first}")?,
                _ => write!(f, "{separator}{first}-{last}")?,
            }
            separator = ",";
        }
        Ok(())
    }
}

impl FromStr for CpuSet {
    type Err = String;

    /// The kernel's list format (cpuset(7), "List format"); an empty text is the empty set.
    fn from_str(list: &str) -> Result<Self, String> {
        let mut set = Self::default();
        for part in list.trim().split(',').filter(|part| !part.is_empty()) {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let number = |text: &str| text.trim().parse::<u32>().map_err(|_| format!("not a CPU list: {list:?}"));
            let (first, last) = (number(first)?, number(last)?);
            if last < first || last >= Self::LARGEST {
                return Err(format!("not a CPU list: {list:?}"));
            }
            (first..=last).for_each(|cpu| set.insert(cpu));
        }
        Ok(set)
    }
}

impl Serialize for CpuSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CpuSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_reads_and_writes_the_kernels_way() {
        let set: CpuSet = "0-3,8,64-65\n".parse().unwrap();
        assert_eq!(set.count(), 7);
        assert_eq!(set.to_string(), "0-3,8,64-65");
        assert_eq!("".parse::<CpuSet>().unwrap(), CpuSet::default());
    }

    #[test]
    fn garbage_is_refused_and_bounded() {
        for bad in ["x", "3-1", "0-4000000000", "1-", "99999", "-"] {
            assert!(bad.parse::<CpuSet>().is_err(), "{bad}");
        }
    }

    #[test]
    fn sets_combine() {
        let a: CpuSet = "0-3".parse().unwrap();
        let b: CpuSet = "2-70".parse().unwrap();
        assert_eq!(a.intersection(&b).to_string(), "2-3");
        assert_eq!(a.union(&b).to_string(), "0-70");
        let mut all = a.clone();
        all.insert_all(&b);
        all.insert_all(&CpuSet::default());
        assert_eq!(all, a.union(&b));
        assert_eq!(CpuSet::from(vec![1, 0]), "0".parse().unwrap());
    }
}
