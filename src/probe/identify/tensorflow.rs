//! TensorFlow in a target: its library, its version, and the names it keeps for its own threads.

use crate::data::sample::{NameSource, TargetName, TensorFlowFact};
use crate::data::{Address, Framework, Text};
use crate::linux::memory::Memory;
use crate::linux::proc::maps::Maps;
use crate::probe::identify::{cxx, wheel};
use crate::probe::target::live_target::IdentifyTarget;

/// Whether a file of this name is TensorFlow's own code.
fn is_library(name: &str) -> bool {
    Framework::of_file(name) == Some(Framework::TensorFlow)
}

/// Whether this is the routine all of TensorFlow's own threads start in: `PThread::ThreadFn(void*)`, local to
/// tsl/platform/default/env.cc; tensorflow/core/platform/default/env.cc until 2.7.
fn is_thread_fn(symbol: &str) -> bool {
    symbol.contains("PThread8ThreadFn")
}

/// The longest name TensorFlow gives is 45 characters plus a number; a name recognised by its shape alone may be no longer
/// than names are.
const LONGEST_NAME: usize = 256;
const LONGEST_SHAPE: usize = 64;

/// The name of a thread of TensorFlow's: the first member of the `ThreadParams` that its start routine was called with and
/// owns until it ends. None for threads of others.
pub fn thread_name(
    memory: &(impl Memory + ?Sized),
    library: &str,
    symbol: Option<&str>,
    argument: Address,
) -> Option<TargetName> {
    let (name, source) = match symbol {
        Some(symbol) if is_thread_fn(symbol) => (cxx::string(memory, argument, LONGEST_NAME)?, NameSource::TensorFlow),
        None if is_library(library) => {
            let name = cxx::string(memory, argument, LONGEST_SHAPE)?;
            (is_known(&name).then_some(name)?, NameSource::TensorFlowByShape)
        }
        _ => return None,
    };
    Some(TargetName { name: Text::from_bytes(&name), source })
}

/// How names that TensorFlow gives to threads begin. Needed only where its symbols are stripped.
const KNOWN_STARTS: &[&str] = &[
    "Coordination",
    "Eager",
    "Grpc",
    "PreemptionNotifier",
    "SlowOperationAlarm",
    "TF_",
    "adaptive_batch_threads",
    "batch_threads_",
    "data-service-",
    "dataset-memory-logging-thread",
    "eager_async_executor",
    "grpc_worker_service",
    "maintenance-thread",
    "pjrt_",
    "snapshot_",
    "tf_",
    "worker_",
    "writer_thread_",
    "xla_",
];

fn is_known(name: &[u8]) -> bool {
    let plain = name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_-:/. ".contains(byte));
    plain && name.len() >= 4 && KNOWN_STARTS.iter().any(|start| name.starts_with(start.as_bytes()))
}

/// TensorFlow, if it is mapped: the framework library before others, for thread origins hang on it.
pub fn find(target: &dyn IdentifyTarget, maps: &Maps) -> Option<TensorFlowFact> {
    let libraries = maps.code().map(|code| &code.file).filter(|file| is_library(file.name()));
    let library = libraries.min_by_key(|file| !file.name().starts_with("libtensorflow_framework"))?;
    let version = wheel::version(target, &library.path, "tensorflow", WHEELS);
    Some(TensorFlowFact { version, library: Some(Text::clone(&library.shown)), guessed: false })
}

/// Projects on PyPI whose wheels bring the `tensorflow` package itself.
pub const WHEELS: &[&str] = &[
    "intel_tensorflow",
    "intel_tensorflow_avx512",
    "tensorflow",
    "tensorflow_aarch64",
    "tensorflow_cpu",
    "tensorflow_cpu_aws",
    "tensorflow_gpu",
    "tensorflow_intel",
    "tensorflow_macos",
    "tensorflow_rocm",
    "tf_nightly",
    "tf_nightly_cpu",
    "tf_nightly_gpu",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_alone_convinces_only_with_a_known_beginning() {
        assert!(is_known(b"tf_numa_-1_Eigen"));
        assert!(!is_known(b"tf") && !is_known(b"hello world") && !is_known(b"tf_\"quoted\""));
    }
}
