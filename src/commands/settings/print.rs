//! `tftop config`: the settings file with everything that can be set, as comments where it is as usual, and where each value that
//! is in force comes from.

use toml_edit::{Array, DocumentMut, Value};

use crate::commands::args::global::GlobalArgs;
use crate::commands::own_process::exit::Exit;
use crate::commands::own_process::stdio;
use crate::commands::settings::commented;
use crate::commands::settings::file::SettingsFile;
use crate::commands::settings::write::{columns, interval};
use crate::tui::keys::{actions, own_keys};
use crate::tui::tabs::View;

/// What is printed where nothing is set.
const EXAMPLE: &str = include_str!("../../../assets/config.example.toml");
/// Where its examples of profiles begin.
const PROFILES: &str = "# Caps under a name:";

/// Prints it, or only where it is read from.
pub(crate) fn config(path_only: bool, settings: &SettingsFile, options: &GlobalArgs) -> anyhow::Result<Exit> {
    let path = settings.path.as_ref().map(|path| path.display().to_string());
    match path_only {
        true => stdio::print(&(path.unwrap_or_default() + "\n"))?,
        false => stdio::print(&in_force(settings, options))?,
    }
    Ok(Exit::Clean)
}

/// A value that is not the usual one.
struct Entry {
    section: Option<String>,
    key: String,
    value: Value,
    from: String,
}

pub(super) fn in_force(settings: &SettingsFile, options: &GlobalArgs) -> String {
    let mut text = with_profiles(settings);
    for Entry { section, key, value, from } in entries(settings, options) {
        let line = format!("{key} = {value}  # {from}");
        text = commented::replaced(&text, section.as_deref(), &key, &line).unwrap_or(text);
    }
    text
}

fn entries(settings: &SettingsFile, options: &GlobalArgs) -> Vec<Entry> {
    let (says, mut entries) = (&settings.says, Vec::new());
    let file = settings.path.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
    let from = |place: &str| {
        let line = says.lines.iter().find(|(known, _)| known == place).map_or(1, |(_, line)| *line);
        format!("{file}:{line}")
    };
    let given = options.given_of_settings();
    let mut put = |section: Option<&str>, key: &str, value: Option<Value>| {
        let place = section.map_or(key.to_owned(), |section| format!("{section}.{key}"));
        let option = given.iter().find(|(name, _)| section.is_none() && *name == key);
        let from = option.map_or_else(|| from(&place), |(name, _)| format!("--{name}"));
        let value = option.map(|(_, value)| value.clone()).or(value);
        let section = section.map(str::to_owned);
        entries.extend(value.map(|value| Entry { section, key: key.to_owned(), value, from }));
    };
    put(None, "interval", says.interval.map(|it| interval(it).into()));
    put(None, "color", says.color.map(|it| it.name().into()));
    put(None, "theme", says.theme.map(|it| it.theme().name().into()));
    put(None, "ascii", says.ascii.map(Value::from));
    put(None, "mouse", says.mouse.map(Value::from));
    put(None, "view", says.view.map(|it| it.name().to_lowercase().into()));
    let dashboard = settings.dashboard();
    for ((view, choice), table) in View::TABLES.iter().zip(&says.tables).zip(&dashboard.tables) {
        let section = view.name().to_lowercase();
        put(Some(&section), "columns", choice.columns.as_ref().map(|_| columns(table).into()));
        put(Some(&section), "sort", choice.sort.map(|sort| sort.words().into()));
    }
    for action in actions() {
        let keys = says.keys.keys_of(action);
        let list: Array = keys.iter().map(ToString::to_string).collect();
        put(Some("keys"), action.name(), (keys != own_keys(action)).then(|| list.into()));
    }
    let number = |number: Option<u32>| number.map(|number| Value::from(i64::from(number)));
    put(Some("runs"), "keep", number(says.runs.keep));
    put(Some("runs"), "keep_days", number(says.runs.keep_days));
    put(Some("runs"), "watched_mb", number(says.runs.watched_mb));
    entries
}

/// The text, with the file's own profiles in place of the examples of some.
fn with_profiles(settings: &SettingsFile) -> String {
    let (head, _) = EXAMPLE.split_at(EXAMPLE.find(PROFILES).unwrap_or(EXAMPLE.len()));
    let Ok(mut document) = settings.text.parse::<DocumentMut>() else { return EXAMPLE.to_owned() };
    let other: Vec<String> = document.iter().map(|(key, _)| key.to_owned()).filter(|key| key != "profile").collect();
    other.iter().for_each(|key| drop(document.remove(key)));
    document.set_trailing("");
    match document.is_empty() {
        true => EXAMPLE.to_owned(),
        false => format!("{head}# Caps under a name, as in the file.\n\n{}\n", document.to_string().trim()),
    }
}
