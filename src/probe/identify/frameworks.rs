//! Frameworks beside TensorFlow in a target: which it maps, and their versions.

use crate::data::Framework;
use crate::data::sample::FrameworkFact;
use crate::linux::proc::maps::Maps;
use crate::probe::identify::wheel;
use crate::probe::target::live_target::IdentifyTarget;

/// Each with the package that holds its library, and the project on PyPI whose version it is said to have.
const WHEELS: [(Framework, &str, &str); 2] =
    [(Framework::Jax, "jaxlib", "jax"), (Framework::PyTorch, "torch", "torch")];

/// Each framework but TensorFlow that is mapped, in the order of [`Framework::all`].
pub fn find(target: &dyn IdentifyTarget, maps: &Maps) -> Vec<FrameworkFact> {
    let mapped = |&(framework, package, project): &(Framework, &str, &str)| {
        let library = maps.code().find(|code| Framework::of_file(code.file.name()) == Some(framework))?;
        let version = wheel::version(target, &library.file.path, package, &[project]);
        Some(FrameworkFact { framework, version })
    };
    WHEELS.iter().filter_map(mapped).collect()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::probe::image::MemoryImage;

    fn found(libraries: &[&str], names: &[&str]) -> Vec<(Framework, Option<String>)> {
        let line = |(at, path): (usize, &&str)| format!("{at}1000-{at}2000 r-xp 0 00:00 7 /v/site-packages/{path}");
        let recording = MemoryImage {
            maps: libraries.iter().enumerate().map(line).collect(),
            directories: [(PathBuf::from("/v/site-packages"), names.iter().map(ToString::to_string).collect())].into(),
            ..MemoryImage::default()
        };
        let facts = find(&recording, &Maps::of(&recording).unwrap());
        facts.into_iter().map(|fact| (fact.framework, fact.version.map(|version| version.to_string()))).collect()
    }

    #[test]
    fn jax_and_pytorch_are_found_with_their_versions_and_tensorflow_is_left_to_others() {
        let libraries = ["torch/lib/libtorch_cpu.so", "jaxlib/libjax_common.so", "tensorflow/libtensorflow_cc.so.2"];
        let names = ["jax-0.9.0.dist-info", "jaxlib-0.9.1.dist-info", "torch-2.9.1+cpu.dist-info", "torch"];
        let version = |version: &str| Some(version.to_owned());
        let expected = [(Framework::Jax, version("0.9.0")), (Framework::PyTorch, version("2.9.1+cpu"))];
        assert_eq!(found(&libraries, &names), expected);
        assert_eq!(found(&libraries[..1], &[]), [(Framework::PyTorch, None)]);
        assert_eq!(found(&["numpy/core.so"], &names), []);
        let others = Framework::all().filter(|framework| *framework != Framework::TensorFlow);
        assert!(others.eq(WHEELS.iter().map(|(framework, ..)| *framework)), "the same, in the same order");
    }
}
