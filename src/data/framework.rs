//! THE table of frameworks whose processes tftop looks for, and the libraries they are recognised by.

use serde::{Deserialize, Serialize};

/// A framework that runs a model's operations; the first of several that a process maps is the one it is said to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Framework {
    /// TensorFlow; Keras on it, too. TensorFlow Lite alone is another runtime.
    TensorFlow,
    /// JAX; Keras on it, too.
    Jax,
    /// PyTorch; Keras on it, too.
    PyTorch,
}

/// Beginnings of file names that only this framework has: of its library or of its Python binding.
const LIBRARIES: [(Framework, &[&str]); 3] = [
    (Framework::TensorFlow, &["libtensorflow_", "libtensorflow.so", "_pywrap_tensorflow_internal.so"]),
    (Framework::Jax, &["libjax_common.so", "_jax.so", "xla_extension.so"]),
    (Framework::PyTorch, &["libtorch_cpu.so"]),
];

impl Framework {
    /// Every framework, the one that is looked at first in front.
    pub fn all() -> impl Iterator<Item = Self> {
        LIBRARIES.iter().map(|(framework, _)| *framework)
    }

    /// Its name for people and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::TensorFlow => "TensorFlow",
            Self::Jax => "JAX",
            Self::PyTorch => "PyTorch",
        }
    }

    /// Beginnings of the names of its files.
    pub fn libraries(self) -> &'static [&'static str] {
        LIBRARIES.iter().find(|(framework, _)| *framework == self).map_or(&[], |(_, names)| names)
    }

    /// The framework that a file of this name belongs to.
    pub fn of_file(name: &str) -> Option<Self> {
        Self::all().find(|framework| framework.libraries().iter().any(|begin| name.starts_with(begin)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_framework_is_known_by_its_files_and_no_other() {
        for (name, framework) in [
            ("libtensorflow_framework.so.2", Some(Framework::TensorFlow)),
            ("libtensorflow_cc.so.2", Some(Framework::TensorFlow)),
            ("libtensorflow.so", Some(Framework::TensorFlow)),
            ("_pywrap_tensorflow_internal.so", Some(Framework::TensorFlow)),
            ("libjax_common.so", Some(Framework::Jax)),
            ("xla_extension.so", Some(Framework::Jax)),
            ("libtorch_cpu.so", Some(Framework::PyTorch)),
            ("libtensorflowlite.so", None),
            ("_pywrap_tensorflow_interpreter_wrapper.so", None),
            ("libtorch.so", None),
        ] {
            assert_eq!(Framework::of_file(name), framework, "{name}");
        }
        assert!(Framework::all().is_sorted(), "the order is the one of the table");
    }
}
