//! The few environment variables tftop may know of. A target's environment holds tokens and passwords: whatever is not
//! on this list is dropped while it is read and can't be stored, printed or exported.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use crate::data::Text;

/// Every variable that is ever kept. All of them steer thread counts or placement, or say what a scheduler granted.
pub const KEPT_VARIABLES: &[&str] = &[
    "BLIS_NUM_THREADS",
    "GOMP_CPU_AFFINITY",
    "GOTO_NUM_THREADS",
    "KMP_AFFINITY",
    "KMP_BLOCKTIME",
    "KMP_DEVICE_THREAD_LIMIT",
    "KMP_HW_SUBSET",
    "MKL_DYNAMIC",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "NUMEXPR_MAX_THREADS",
    "NUMEXPR_NUM_THREADS",
    "OMP_DYNAMIC",
    "OMP_MAX_ACTIVE_LEVELS",
    "OMP_NUM_THREADS",
    "OMP_PLACES",
    "OMP_PROC_BIND",
    "OMP_THREAD_LIMIT",
    "OMP_WAIT_POLICY",
    "OPENBLAS_DEFAULT_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "SLURM_CPUS_ON_NODE",
    "SLURM_CPUS_PER_TASK",
    "SLURM_JOB_ID",
    "SLURM_NTASKS",
    "SLURM_NTASKS_PER_NODE",
    "TF_ENABLE_ONEDNN_OPTS",
    "TF_GRPC_WORKER_CACHE_QUEUES",
    "TF_NUM_INTEROP_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_OVERRIDE_GLOBAL_THREADPOOL",
    "VECLIB_MAXIMUM_THREADS",
];

/// The kept variables of one environment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Environment(BTreeMap<String, Text>);

impl Environment {
    /// From a NUL-separated block as `/proc/PID/environ` holds it (proc_pid_environ(5)). The first of two equal names
    /// counts, as for getenv(3).
    pub fn from_block(block: &[u8]) -> Self {
        let mut kept = Self::default();
        for line in block.split(|&byte| byte == 0) {
            if let Some(equals) = line.iter().position(|&byte| byte == b'=') {
                kept.keep(&line[..equals], Text::from_bytes(&line[equals + 1..]));
            }
        }
        kept
    }

    /// From names and values; of two equal names the first counts.
    pub fn of<'a>(variables: impl IntoIterator<Item = (&'a [u8], &'a [u8])>) -> Self {
        let mut kept = Self::default();
        variables.into_iter().for_each(|(name, value)| kept.keep(name, Text::from_bytes(value)));
        kept
    }

    /// The value, if the variable is on the list and was set.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(Text::as_str)
    }

    /// Every kept variable, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    fn keep(&mut self, name: &[u8], value: Text) {
        if let Some(name) = KEPT_VARIABLES.iter().find(|kept| kept.as_bytes() == name) {
            self.0.entry((*name).to_owned()).or_insert(value);
        }
    }
}

impl<'de> Deserialize<'de> for Environment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut kept = Self::default();
        for (name, value) in BTreeMap::<String, Text>::deserialize(deserializer)? {
            kept.keep(name.as_bytes(), value);
        }
        Ok(kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_never_kept() {
        let block = b"AWS_SECRET_ACCESS_KEY=hush\0OMP_NUM_THREADS=4\0OMP_NUM_THREADS=5\0broken\0=x\0";
        let kept = Environment::from_block(block);
        assert_eq!(kept.iter().collect::<Vec<_>>(), [("OMP_NUM_THREADS", "4")]);
    }

    #[test]
    fn no_name_on_the_list_sounds_like_a_secret() {
        let secret =
            |name: &&&str| ["TOKEN", "KEY", "SECRET", "PASS", "AUTH", "CRED"].iter().any(|word| name.contains(word));
        assert_eq!(KEPT_VARIABLES.iter().find(secret), None);
        assert!(KEPT_VARIABLES.is_sorted(), "each name once, where a reader looks for it");
    }

    #[test]
    fn a_recording_can_not_smuggle_a_token_in() {
        let kept: Environment = serde_json::from_str(r#"{"TOKEN":"hush","MKL_NUM_THREADS":"2"}"#).unwrap();
        assert_eq!(kept.get("TOKEN"), None);
        assert_eq!(kept.get("MKL_NUM_THREADS"), Some("2"));
    }
}
