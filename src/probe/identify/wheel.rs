//! The version of a library by the wheel that brought it: the metadata that an installer writes beside the package.

use std::ffi::OsString;
use std::path::Path;

use crate::data::Text;
use crate::probe::target::live_target::IdentifyTarget;

/// The version of a library that lies in the folder of `package`, by the first of `projects` (names on PyPI, written with
/// `_`) that is installed beside it. Missing for a build without metadata, or where two wheels disagree.
pub fn version(target: &dyn IdentifyTarget, library: &Path, package: &str, projects: &[&str]) -> Option<Text> {
    let names = target.directory(packages_folder(library, package)?).ok()?;
    among(&names, projects)
}

/// The folder that holds the package of this library, and beside it the wheel's metadata.
fn packages_folder<'a>(library: &'a Path, package: &str) -> Option<&'a Path> {
    library.ancestors().find(|folder| folder.file_name().is_some_and(|name| name == package))?.parent()
}

/// The version in `NAME-VERSION.dist-info` (the recording of installed projects, packaging.python.org); none when two such
/// wheels disagree: one of them overwrote the other's files.
fn among(names: &[OsString], projects: &[&str]) -> Option<Text> {
    let mut versions = names.iter().filter_map(|name| {
        let (project, version) = name.to_str()?.strip_suffix(".dist-info")?.rsplit_once('-')?;
        let project = project.to_ascii_lowercase().replace(['-', '.'], "_");
        projects.contains(&project.as_str()).then_some(version)
    });
    let first = versions.next()?;
    versions.all(|version| version == first).then(|| Text::from(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENSORFLOW: &[&str] = &["tensorflow", "tensorflow_cpu", "tf_nightly"];

    fn version_among(names: &[&str]) -> Option<String> {
        let names: Vec<_> = names.iter().map(OsString::from).collect();
        among(&names, TENSORFLOW).map(|version| version.to_string())
    }

    #[test]
    fn the_version_is_that_of_the_wheel_that_brings_the_library() {
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
            assert_eq!(packages_folder(&path, "tensorflow"), Some(Path::new("/v/site-packages")));
        }
        assert_eq!(packages_folder(Path::new("/usr/lib/libtensorflow.so.2"), "tensorflow"), None);
    }
}
