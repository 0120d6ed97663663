//! THE table of pools that no cap of tftop reaches and their library sizes: what sets each. Sources: the documentation of
//! OpenCV, ONNX Runtime, PyTorch, Polars, LiteRT, Numba and PyArrow.

/// Beginnings of a library's file name (or of its copy's name in `assets/families.toml`), and what sets its threads.
const SETTINGS: [(&[&str], &str); 7] = [
    (&["cv2", "libopencv_"], "cv2.setNumThreads(n)"),
    (&["onnxruntime", "libonnxruntime"], "SessionOptions.intra_op_num_threads = n"),
    (&["torch", "libtorch", "libc10"], "torch.set_num_threads(n)"),
    (&["polars", "_polars"], "POLARS_MAX_THREADS=n before the import"),
    (
        &["TFLite", "libtensorflowlite", "_pywrap_tensorflow_interpreter_wrapper", "_pywrap_litert", "ai_edge_litert"],
        "Interpreter(num_threads=n)",
    ),
    (&["numba", "workqueue", "tbbpool", "omppool"], "NUMBA_NUM_THREADS=n before the import"),
    (&["libarrow", "pyarrow", "libparquet"], "pyarrow.set_cpu_count(n)"),
];

/// What sets the threads that a library keeps for itself; none where tftop knows nothing.
pub(crate) fn of_library(name: &str) -> Option<&'static str> {
    let begins = |(names, _): &&(&[&str], &str)| names.iter().any(|begin| name.starts_with(begin));
    SETTINGS.iter().find(begins).map(|(_, setting)| *setting)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::origin::library_copy::library_name;

    #[test]
    fn each_library_is_found_by_the_files_it_ships() {
        for (path, setting) in [
            ("/v/site-packages/cv2/cv2.abi3.so", "cv2.setNumThreads(n)"),
            ("/usr/lib/libopencv_core.so.406", "cv2.setNumThreads(n)"),
            ("/v/onnxruntime/capi/onnxruntime_pybind11_state.cpython-311-x86_64-linux-gnu.so", "intra_op_num_threads"),
            ("/v/torch/lib/libtorch_cpu.so", "torch.set_num_threads(n)"),
            ("/v/polars/polars.abi3.so", "POLARS_MAX_THREADS=n"),
            ("/v/ai_edge_litert/_pywrap_litert_interpreter_wrapper.so", "Interpreter(num_threads=n)"),
            ("/v/numba/np/ufunc/workqueue.cpython-311-x86_64-linux-gnu.so", "NUMBA_NUM_THREADS=n"),
            ("/v/pyarrow/libarrow.so.2000", "pyarrow.set_cpu_count(n)"),
        ] {
            assert!(of_library(library_name(path)).is_some_and(|text| text.contains(setting)), "{path}");
        }
        assert!(of_library("TFLite").is_some());
        assert_eq!((of_library("libray"), of_library("")), (None, None));
        assert!(SETTINGS.iter().flat_map(|(names, _)| *names).all(|name| !name.is_empty()), "would fit every library");
    }
}
