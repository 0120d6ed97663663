//! TODO head

pub(crate) mod c_string;
pub(crate) mod file;
pub(crate) mod library_cache;
pub(crate) mod symbols;
