//! TODO head

pub(crate) mod cxx;
pub mod identifier;
pub(crate) mod pthreads;
pub(crate) mod tensorflow;
