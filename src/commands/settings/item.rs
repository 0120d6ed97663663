//! One item of the settings file: as a word, as a table, in a sentence on what is wrong with it.

use toml_edit::{Item, TableLike};

use crate::present::format;

/// Columns of a value in a sentence.
const SHOWN: u16 = 60;

/// As it would stand on the command line.
pub(super) fn word(item: &Item) -> String {
    item.as_str().map_or_else(|| item.to_string().trim().to_owned(), str::to_owned)
}

/// As it stands in the file, in a sentence.
pub(super) fn as_written(item: &Item) -> String {
    format::fit(&format::clean(item.to_string().trim()), SHOWN)
}

pub(super) fn inner<'a>(key: &str, item: &'a Item) -> Result<&'a dyn TableLike, String> {
    item.as_table_like().ok_or_else(|| format!("{key} = {}: write a table, [{key}]", as_written(item)))
}

pub(super) fn unknown(key: &str, known: &str) -> String {
    format!("there is no setting {}; there are {known}", format::fit(&format::clean(key), SHOWN))
}
