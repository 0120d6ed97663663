//! TODO head

use serde::{Deserialize, Serialize};
/// Thread caps to start a training with; none leaves a layer alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Caps {
    /// TF intra-op threads.
    pub intra: Option<u32>,
    /// TF inter-op threads.
    pub inter: Option<u32>,
    /// Threads of each tf.data iterator's private pool.
    pub data: Option<u32>,
    /// OpenMP threads of a team (MKL runs on these).
    pub omp: Option<u32>,
    /// OpenBLAS threads.
    pub blas: Option<u32>,
    /// CPUs the process may run on: bounds everything.
    pub cpus: Option<u32>,
}

impl Caps {
    /// Whether nothing is capped.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What is capped here, and for the rest what is capped there.
    pub fn or(self, other: Self) -> Self {
        Self {
            intra: self.intra.or(other.intra),
            inter: self.inter.or(other.inter),
            data: self.data.or(other.data),
            omp: self.omp.or(other.omp),
            blas: self.blas.or(other.blas),
            cpus: self.cpus.or(other.cpus),
        }
    }
}

impl std::fmt::Display for Caps {
    /// "intra=1 inter=1 data=1"; empty when nothing is capped.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let named = [
            ("intra", self.intra),
            ("inter", self.inter),
            ("data", self.data),
            ("omp", self.omp),
            ("blas", self.blas),
            ("cpus", self.cpus),
        ];
        let mut separator = "";
        for (name, value) in named {
            if let Some(value) = value {
                write!(f, "{separator}{name}={value}")?;
                separator = " ";
            }
        }
        Ok(())
    }
}
