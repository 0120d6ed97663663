//! Origin ids that code names: those of `assets/families.toml`, which has all of them. A test checks that each is there.

pub const MAIN: &str = "main";
pub const TF_INTRA_OP: &str = "tf-intra-op";
pub const TF_INTER_OP: &str = "tf-inter-op";
pub const TF_DATA: &str = "tf-data";
pub const XLA: &str = "xla";
pub const TF_DISTRIBUTED: &str = "tf-distributed";
pub const OPENMP: &str = "openmp";
pub const OPENBLAS: &str = "openblas";
pub const NUMEXPR: &str = "numexpr";
pub const GPU: &str = "gpu";
pub const PYTHON: &str = "python";
pub const PROGRAM: &str = "program";
pub const LIBRARY: &str = "library";
pub const UNKNOWN: &str = "unknown";
/// CPU time of threads that are gone: only their process's own clock counted it.
pub const ENDED: &str = "ended";
