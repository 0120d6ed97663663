//! Where a thread comes from: the families of `assets/families.toml` and how a thread is matched with one.

pub(crate) mod attribute;
pub mod families;
pub(crate) mod family_file;
pub(crate) mod library_copy;
