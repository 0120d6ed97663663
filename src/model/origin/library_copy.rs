//! The short name of one copy of a library, by its path. The only place with this rule.

/// By the package that ships the copy: `…/numpy.libs/libscipy_openblas64_-32a4b2a6.so` is "numpy",
/// `…/site-packages/torch/lib/libgomp.so.1` is "torch", scikit-learn's is "sklearn", Intel's runtime outside any package
/// is "intel"; else by the library.
pub(crate) fn package_name(path: &str) -> &str {
    let folders = path.rsplit('/').skip(1);
    let wheel = folders.clone().find_map(|folder| folder.strip_suffix(".libs"));
    let installed = || {
        let (_, inside) = path.rsplit_once("site-packages/").or_else(|| path.rsplit_once("dist-packages/"))?;
        inside.split_once('/').map(|(package, _)| package)
    };
    match wheel.or_else(installed).filter(|name| !name.is_empty()) {
        Some("scikit_learn") => "sklearn",
        Some(package) if package.starts_with("opencv_") => "cv2",
        // Bazel's folder for shared libraries of a build: intel-tensorflow's wheel keeps its libiomp5 there.
        Some(folder) if folder.starts_with("_solib_") && path.contains("/_U_S_Stensorflow_") => "tensorflow",
        Some(package) => package,
        None if library_name(path) == "libiomp5" => "intel",
        None => library_name(path),
    }
}

/// By the library: its file name without folder, version, build tag (`.cpython-311-x86_64-linux-gnu`) and the hash that
/// wheels add (`-32a4b2a6`).
pub(crate) fn library_name(path: &str) -> &str {
    let file = file_name(path);
    let stem = match file.find(".so").filter(|&at| at > 0) {
        Some(at) => &file[..at],
        None => file,
    };
    let stem = match stem.find(".cpython-").filter(|&at| at > 0) {
        Some(at) => &stem[..at],
        None => stem.strip_suffix(".abi3").unwrap_or(stem),
    };
    match stem.rsplit_once('-') {
        Some((name, hash)) if !name.is_empty() && is_hash(hash) => name,
        _ => stem,
    }
}

/// The last part of a path.
pub(crate) fn file_name(path: &str) -> &str {
    let path = mapped_path(path);
    match path.rsplit_once('/') {
        Some((_, name)) if !name.is_empty() => name,
        _ => path,
    }
}

/// A path without the mark the kernel puts on files that were replaced while they are mapped (proc_pid_maps(5)).
pub(crate) fn mapped_path(path: &str) -> &str {
    path.strip_suffix(" (deleted)").unwrap_or(path)
}

/// auditwheel's: at least eight hexadecimal digits.
fn is_hash(text: &str) -> bool {
    text.len() >= 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_named_by_the_package_that_ships_it() {
        let venv = "/v/lib/python3.11/site-packages";
        for (path, name) in [
            (format!("{venv}/numpy.libs/libscipy_openblas64_-32a4b2a6.so"), "numpy"),
            (format!("{venv}/scipy.libs/libscipy_openblas-6cdc3b4a.so"), "scipy"),
            (format!("{venv}/scikit_learn.libs/libgomp-e985bcbb.so.1.0.0"), "sklearn"),
            (format!("{venv}/opencv_python_headless.libs/libopenblasp-r0-59ffcd50.3.15.so"), "cv2"),
            (format!("{venv}/torch/lib/libgomp-a34b3233.so.1"), "torch"),
            ("/usr/lib/python3/dist-packages/numexpr/x.so".to_owned(), "numexpr"),
            ("/opt/intel/lib/libiomp5.so".to_owned(), "intel"),
            (format!("{venv}/_solib_local/_U_S_Stensorflow_Stsl_Smkl_Cmkl_Ulibs_Ulinux/libiomp5.so"), "tensorflow"),
            (format!("{venv}/_solib_local/_U_S_Sother_Clib/libother.so"), "_solib_local"),
            ("/usr/lib/x86_64-linux-gnu/libgomp.so.1.0.0".to_owned(), "libgomp"),
        ] {
            assert_eq!(package_name(&path), name, "{path}");
        }
    }

    #[test]
    fn a_library_loses_its_version_and_its_tags() {
        for (path, name) in [
            ("/v/site-packages/pyarrow/libarrow.so.2100", "libarrow"),
            ("/v/libarrow-0123abcd.so.2100.0.0 (deleted)", "libarrow"),
            ("/v/cygrpc.cpython-311-x86_64-linux-gnu.so", "cygrpc"),
            ("/v/_rust.abi3.so", "_rust"),
            ("/usr/bin/spin-wait", "spin-wait"),
            ("/v/.so", ".so"),
            ("/", "/"),
            ("", ""),
        ] {
            assert_eq!(library_name(path), name, "{path}");
        }
    }
}
