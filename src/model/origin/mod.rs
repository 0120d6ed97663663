//! TODO head

pub(crate) mod attribute;
pub mod families;
pub(crate) mod family_file;
pub(crate) mod library_copy;
