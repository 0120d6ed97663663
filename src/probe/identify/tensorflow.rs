//! TensorFlow in a target: its library, its version, and the names it keeps for its own threads.

use std::ffi::OsString;
use std::path::Path;

use crate::data::sample::{NameSource, TargetName, TensorFlowFact};
use crate::data::{Address, Text};
use crate::linux::memory::Memory;
use crate::linux::proc::maps::Maps;
use crate::probe::identify::cxx;
use crate::probe::target::live_target::IdentifyTarget;

/// Whether a file of this name is TensorFlow's own code.
pub fn is_library(name: &str) -> bool {
    ["libtensorflow", "_pywrap_tensorflow_internal"].iter().any(|start| name.starts_with(start))
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
    let version = packages_folder(&library.path).and_then(|folder| version(&target.directory(folder).ok()?));
    Some(TensorFlowFact { version, library: Some(Text::clone(&library.shown)), guessed: false })
}

/// The folder that holds the `tensorflow` package of this library, and beside it the wheel's metadata.
fn packages_folder(library: &Path) -> Option<&Path> {
    library.ancestors().find(|folder| folder.file_name().is_some_and(|name| name == "tensorflow"))?.parent()
}

/// Projects on PyPI whose wheels bring the `tensorflow` package itself.
const WHEELS: &[&str] = &[
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

/// The version in `NAME-VERSION.dist-info` (the recording of installed projects, packaging.python.org); none when two such
/// wheels disagree: one of them overwrote the other's files.
fn version(names: &[OsString]) -> Option<Text> {
    let mut versions = names.iter().filter_map(|name| {
        let (project, version) = name.to_str()?.strip_suffix(".dist-info")?.rsplit_once('-')?;
        let project = project.to_ascii_lowercase().replace(['-', '.'], "_");
        WHEELS.contains(&project.as_str()).then_some(version)
    });
    let first = versions.next()?;
    versions.all(|version| version == first).then(|| Text::from(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version_among(names: &[&str]) -> Option<String> {
        version(&names.iter().map(OsString::from).collect::<Vec<_>>()).map(|version| version.to_string())
    }

    #[test]
    fn the_version_is_that_of_the_wheel_that_brings_tensorflow() {
        let names = ["tensorflow", "tensorflow_io_gcs_filesystem-0.37.1.dist-info", "tensorflow_cpu-2.18.1.dist-info"];
        assert_eq!(version_among(&names).as_deref(), Some("2.18.1"));
        assert_eq!(version_among(&["tf_nightly-2.22.0.dev20260101.dist-info"]).as_deref(), Some("2.22.0.dev20260101"));
    }

    #[test]
    fn two_wheels_that_disagree_give_no_version() {
        assert_eq!(version_among(&["tensorflow-2.15.0.dist-info", "tensorflow_cpu-2.16.1.dist-info"]), None);
        assert_eq!(
            version_among(&["tensorflow-2.15.0.dist-info", "tensorflow_cpu-2.15.0.dist-info"]).as_deref(),
            Some("2.15.0")
        );
    }

    #[test]
    fn the_packages_folder_is_found_from_any_depth() {
        for library in ["tensorflow/libtensorflow_framework.so.2", "tensorflow/python/_pywrap_tensorflow_internal.so"] {
            let path = Path::new("/v/site-packages").join(library);
            assert_eq!(packages_folder(&path), Some(Path::new("/v/site-packages")));
        }
        assert_eq!(packages_folder(Path::new("/usr/lib/libtensorflow.so.2")), None);
    }

    #[test]
    fn a_shape_alone_convinces_only_with_a_known_beginning() {
        assert!(is_known(b"tf_numa_-1_Eigen"));
        assert!(!is_known(b"tf") && !is_known(b"hello world") && !is_known(b"tf_\"quoted\""));
    }
}
