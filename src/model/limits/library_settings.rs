//! THE table of pools that no cap of tftop reaches and their library sizes: what sets each. Sources: the documentation of
//! OpenCV, ONNX Runtime, PyTorch, Polars, LiteRT, Numba and PyArrow; of JAX, `DefaultThreadPoolSize` of xla/pjrt/utils.cc.

use crate::data::sample::ProcessFact;
use crate::data::{Framework, origin};

/// The copy's name in `assets/families.toml`, and what sets its threads.
const SETTINGS: [(&str, &str); 7] = [
    ("OpenCV", "cv2.setNumThreads(n)"),
    ("ONNX Runtime", "SessionOptions.intra_op_num_threads = n"),
    ("PyTorch", "torch.set_num_threads(n), of inter-op threads torch.set_num_interop_threads(n)"),
    ("Polars", "POLARS_MAX_THREADS=n before the import"),
    ("TFLite", "Interpreter(num_threads=n)"),
    ("Numba", "NUMBA_NUM_THREADS=n before the import"),
    ("Arrow", "pyarrow.set_cpu_count(n), of those that read files set_io_thread_count(n)"),
];

/// XLA's pools in JAX 0.10: those that compute follow it, those that compile don't.
const OF_JAX: &str = "NPROC=n before JAX starts, for the pools that compute";
/// PyTorch's OpenMP team, which it sizes itself at run time.
const OF_PYTORCH_TEAM: &str = "torch.set_num_threads(n) at run time";

/// What sets the threads of an origin, and copy of its library, that no cap of tftop reaches; none where tftop knows nothing.
pub(crate) fn of_group(origin: &str, copy: Option<&str>, process: &ProcessFact) -> Option<&'static str> {
    let is_jax = || process.tensorflow.is_none() && process.frameworks.iter().any(|f| f.framework == Framework::Jax);
    match (origin, copy) {
        (origin::LIBRARY, Some(copy)) => SETTINGS.iter().find(|(known, _)| *known == copy).map(|(_, setting)| *setting),
        (origin::XLA, _) if is_jax() => Some(OF_JAX),
        _ => None,
    }
}

/// What else than its cap sets the threads of a copy of a library: a call of the package that ships it.
/// The machine's own libgomp may be PyTorch's where that is mapped.
pub(crate) fn beside_cap(origin: &str, copy: Option<&str>, process: &ProcessFact) -> Option<&'static str> {
    let runs_pytorch = || process.frameworks.iter().any(|found| found.framework == Framework::PyTorch);
    let teams = || copy == Some("torch") || (copy == Some("libgomp") && runs_pytorch());
    (origin == origin::OPENMP && teams()).then_some(OF_PYTORCH_TEAM)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::sample::{FrameworkFact, TensorFlowFact};
    use crate::model::origin::families::{Families, OriginEvidence};

    fn setting_at(path: &str) -> Option<&'static str> {
        let evidence = OriginEvidence { library: Some(path), ..OriginEvidence::default() };
        let found = Families::builtin().find(&evidence)?;
        of_group(&found.origin, found.copy.as_deref(), &ProcessFact::default())
    }

    #[test]
    fn each_library_is_found_by_the_files_it_ships() {
        for (path, setting) in [
            ("/v/site-packages/cv2/cv2.abi3.so", "cv2.setNumThreads(n)"),
            ("/usr/lib/libopencv_core.so.406", "cv2.setNumThreads(n)"),
            ("/v/onnxruntime/capi/onnxruntime_pybind11_state.cpython-311-x86_64-linux-gnu.so", "intra_op_num_threads"),
            ("/usr/lib/libonnxruntime.so.1", "intra_op_num_threads"),
            ("/v/torch/lib/libtorch_cpu.so", "torch.set_num_threads(n)"),
            ("/v/torch/lib/libc10.so", "torch.set_num_interop_threads(n)"),
            ("/v/_polars_runtime_32/_polars_runtime.abi3.so", "POLARS_MAX_THREADS=n"),
            ("/v/polars/polars.abi3.so", "POLARS_MAX_THREADS=n"),
            ("/v/ai_edge_litert/libpywrap_litert_common.so", "Interpreter(num_threads=n)"),
            ("/v/tensorflow/lite/python/libpywrap_tflite_common.so", "Interpreter(num_threads=n)"),
            ("/v/tflite_runtime/_pywrap_tensorflow_interpreter_wrapper.so", "Interpreter(num_threads=n)"),
            ("/opt/lib/libtensorflowlite.so", "Interpreter(num_threads=n)"),
            ("/v/numba/np/ufunc/workqueue.cpython-311-x86_64-linux-gnu.so", "NUMBA_NUM_THREADS=n"),
            ("/v/pyarrow/libarrow.so.2600", "pyarrow.set_cpu_count(n)"),
        ] {
            assert!(setting_at(path).is_some_and(|text| text.contains(setting)), "{path}: {:?}", setting_at(path));
        }
        for path in ["/v/ray/_raylet.so", "/v/xarray/lib.so", "/v/libpolarssl.so", "/usr/lib/libother.so"] {
            assert_eq!(setting_at(path), None, "{path}");
        }
    }

    #[test]
    fn what_a_framework_sizes_is_named_where_it_runs() {
        let jax = vec![FrameworkFact { framework: Framework::Jax, version: None }];
        let alone = ProcessFact { frameworks: jax, ..ProcessFact::default() };
        let beside = ProcessFact { tensorflow: Some(TensorFlowFact::default()), ..alone.clone() };
        assert!(of_group(origin::XLA, None, &alone).is_some_and(|text| text.starts_with("NPROC=n")));
        assert_eq!((of_group(origin::XLA, None, &beside), of_group(origin::GPU, None, &alone)), (None, None));
        let pytorch = vec![FrameworkFact { framework: Framework::PyTorch, version: None }];
        let pytorch = ProcessFact { frameworks: pytorch, ..ProcessFact::default() };
        let beside = |copy, process: &ProcessFact| beside_cap(origin::OPENMP, Some(copy), process).is_some();
        assert!(beside("torch", &pytorch) && beside("libgomp", &pytorch) && !beside("sklearn", &pytorch));
        assert!(!beside("libgomp", &ProcessFact::default()));
    }
}
