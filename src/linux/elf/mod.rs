//! ELF files and strings in memory: headers, symbols, what was found in them before. Never maps a file.

pub(crate) mod c_string;
pub(crate) mod file;
pub(crate) mod library_cache;
pub(crate) mod symbols;
