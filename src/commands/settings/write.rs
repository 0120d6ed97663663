//! Writes what was changed on screen into the settings file: comments and other settings stay, the file is replaced as a whole, and
//! nobody else may read it. Never writes a file that could not be read.

use std::fs;
use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml_edit::{Array, DocumentMut, Item, Table, Value};

use crate::commands::settings::commented;
use crate::commands::settings::file::{Unread, text};
use crate::tui::settings::{DashboardSettings, SettingsWriter, TableSettings};
use crate::tui::tabs::View;

/// What a file begins with that is made.
const BEGIN: &str = "# Settings of tftop. `tftop config` prints all that can be set.\n";

/// Writes the file at this place.
#[derive(Debug)]
pub(crate) struct FileWriter(Option<PathBuf>);

impl FileWriter {
    pub(crate) fn new(path: Option<PathBuf>) -> Self {
        Self(path)
    }
}

impl SettingsWriter for FileWriter {
    fn write(&self, kept: &DashboardSettings, now: &DashboardSettings) -> Result<String, String> {
        let path = self.0.as_ref().ok_or("there is no home directory for a settings file")?;
        let said = |why: String| format!("{}: {why}", path.display());
        let before = match text(path) {
            Ok(text) => text,
            Err(Unread::Failed(error)) if error.kind() == ErrorKind::NotFound => BEGIN.to_owned(),
            Err(why) => return Err(said(why.words())),
        };
        let after = changed(&before, &changes(kept, now)).map_err(said)?;
        replace(path, &after).map_err(|error| said(error.to_string()))?;
        Ok(path.display().to_string())
    }
}

/// A setting with its new value.
struct Change {
    section: Option<String>,
    key: &'static str,
    value: Value,
}

fn changes(kept: &DashboardSettings, now: &DashboardSettings) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut top = |differs: bool, key: &'static str, value: Value| {
        changes.extend(differs.then_some(Change { section: None, key, value }));
    };
    top(kept.interval != now.interval, "interval", interval(now.interval).into());
    top(kept.theme != now.theme, "theme", now.theme.name().into());
    top(kept.mouse != now.mouse, "mouse", now.mouse.into());
    top(kept.view != now.view, "view", now.view.name().to_lowercase().into());
    for ((view, kept), now) in View::TABLES.iter().zip(&kept.tables).zip(&now.tables) {
        let section = view.name().to_lowercase();
        let mut of_table = |differs: bool, key: &'static str, value: Value| {
            changes.extend(differs.then(|| Change { section: Some(section.clone()), key, value }));
        };
        of_table(kept.columns != now.columns, "columns", columns(now).into());
        of_table(kept.sort != now.sort, "sort", now.sort.words().into());
    }
    changes
}

/// "1s", "500ms".
pub(super) fn interval(interval: Duration) -> String {
    humantime::format_duration(interval).to_string().replace(' ', "")
}

/// The titles of a table's columns.
pub(super) fn columns(table: &TableSettings) -> Array {
    table.columns.iter().map(|column| column.title).collect()
}

/// The text with these settings; a line that stands there as a comment becomes one that counts.
fn changed(text: &str, changes: &[Change]) -> Result<String, String> {
    let mut document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| error.message().to_owned())?;
    for Change { section, key, value } in changes {
        let is_there = |document: &DocumentMut| match section {
            Some(section) => document.get(section).and_then(|section| section.get(key)).is_some(),
            None => document.get(key).is_some(),
        };
        if !is_there(&document) {
            let line = format!("{key} = {value}");
            let with = commented::replaced(&document.to_string(), section.as_deref(), key, &line);
            // A comment inside of a text of several lines is none.
            let with = with.and_then(|text| text.parse::<DocumentMut>().ok()).filter(is_there);
            document = with.unwrap_or(document);
        }
        let table = match section {
            Some(section) => {
                let section = document.entry(section).or_insert_with(|| Item::Table(Table::new()));
                section.as_table_like_mut().ok_or_else(|| format!("{key} has no table to stand in"))?
            }
            None => document.as_table_mut(),
        };
        match table.get_mut(key).and_then(Item::as_value_mut) {
            Some(old) => {
                let mut value = value.clone();
                *value.decor_mut() = old.decor().clone();
                *old = value;
            }
            None => drop(table.insert(key, Item::Value(value.clone()))),
        }
    }
    Ok(document.to_string())
}

/// Replaces the file at once, through a link the file it leads to.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let new = folder.join(format!(".{name}.{}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).and_then(|()| fs::rename(&new, &path));
    written.inspect_err(|_| drop(fs::remove_file(&new)))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;
    use crate::commands::settings::parse::parse;
    use crate::tui::table::columns::named;
    use crate::tui::table::sort::Sort;
    use crate::tui::theme::ThemeName;

    const EXAMPLE: &str = include_str!("../../../assets/config.example.toml");

    fn other() -> DashboardSettings {
        let mut now = DashboardSettings {
            theme: ThemeName::HighContrast,
            mouse: false,
            view: View::Limits,
            interval: Duration::from_millis(500),
            ..DashboardSettings::default()
        };
        now.tables[1].columns = ["NAME", "WAIT %"].map(|title| named(View::Threads, title).unwrap()).to_vec();
        now.tables[1].sort = Sort { descending: false, ..Sort::usual(View::Threads) };
        now
    }

    fn written(text: &str) -> String {
        changed(text, &changes(&DashboardSettings::default(), &other())).unwrap()
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        for text in [BEGIN, EXAMPLE, "theme = 'mono' # mine\n[threads]\nsort = \"TID\"\n[profile.a]\nintra = 1\n"] {
            let after = written(text);
            let says = parse(&after);
            assert_eq!(says.problems, [], "{after}");
            assert_eq!((says.mouse, says.view), (Some(false), Some(View::Limits)));
            assert_eq!(says.interval, Some(Duration::from_millis(500)));
            assert_eq!(says.tables[1].columns.as_ref(), Some(&other().tables[1].columns));
            assert_eq!(says.tables[1].sort, Some(other().tables[1].sort));
            assert!(says.tables[0].columns.is_none() && says.tables[2].sort.is_none());
        }
    }

    #[test]
    fn comments_and_other_settings_stay() {
        let text =
            "# mine\ntheme = 'mono' # why not\nascii = true\n\n[threads]\n# none yet\n\n[profile.a]\nintra = 1\n";
        let after = written(text);
        assert!(after.starts_with("# mine\ntheme = \"high-contrast\" # why not\nascii = true\n"), "{after}");
        assert!(after.contains("[profile.a]\nintra = 1\n") && after.contains("# none yet"), "{after}");
    }

    #[test]
    fn a_line_that_is_a_comment_in_the_file_that_is_printed_becomes_the_setting() {
        let after = written(EXAMPLE);
        assert_eq!(after.lines().count(), EXAMPLE.lines().count(), "{after}");
        assert!(after.contains("\ntheme = \"high-contrast\"\n") && !after.contains("# theme ="), "{after}");
        // The comment of another section stays.
        assert!(after.contains("\n[processes]\n# columns = ["), "{after}");
    }

    #[test]
    fn nothing_that_was_changed_is_no_change() {
        let same = DashboardSettings::default();
        assert_eq!(changed(EXAMPLE, &changes(&same, &same)).unwrap(), EXAMPLE);
    }

    #[test]
    fn a_file_is_made_with_its_folder_and_replaced_through_a_link() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("deep/tftop/config.toml");
        let writer = FileWriter::new(Some(path.clone()));
        let saved = writer.write(&DashboardSettings::default(), &other());
        assert_eq!(saved, Ok(path.display().to_string()));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        let link = home.path().join("link.toml");
        symlink(&path, &link).unwrap();
        FileWriter::new(Some(link.clone())).write(&other(), &DashboardSettings::default()).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(fs::read_to_string(&path).unwrap().contains("theme = \"default\""));
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn what_can_not_be_read_is_not_written() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("config.toml");
        let write = |text: &str, mode| {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let why = FileWriter::new(Some(path.clone())).write(&DashboardSettings::default(), &other()).unwrap_err();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
            why
        };
        assert!(write("theme = 'mono'\n", 0o666).contains("others may write it"));
        assert!(write("[threads\n", 0o600).starts_with(&path.display().to_string()));
        assert!(write("threads = 1\n", 0o600).ends_with("columns has no table to stand in"));
    }
}
