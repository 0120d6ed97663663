//! The text of a settings file as settings. What is wrong is left out and said, each with its line.

use clap::ValueEnum;
use toml_edit::{Document, Item, TableLike};

use crate::commands::args::choices::{ColorChoice, ThemeChoice};
use crate::commands::args::span;
use crate::commands::settings::item::{as_written, inner, unknown, word};
use crate::commands::settings::profile::{SavedProfile, profile};
use crate::commands::settings::runs::RunsSettings;
use crate::tui::keys::{Key, KeyMap, Remap};
use crate::tui::table::column::Column;
use crate::tui::table::columns;
use crate::tui::table::sort::Sort;
use crate::tui::tabs::View;

/// What there is at the top.
const KNOWN: &str = "interval, color, theme, ascii, mouse, view, [overview], [threads], [processes], [keys], [runs] and \
                     [profile.NAME]";

/// What a settings file says; what it does not say is none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parsed {
    pub(crate) interval: Option<std::time::Duration>,
    pub(crate) color: Option<ColorChoice>,
    pub(crate) theme: Option<ThemeChoice>,
    pub(crate) ascii: Option<bool>,
    pub(crate) mouse: Option<bool>,
    pub(crate) view: Option<View>,
    /// As [`View::TABLES`] has them.
    pub(crate) tables: [TableChoice; View::TABLES.len()],
    pub(crate) keys: KeyMap,
    pub(crate) runs: RunsSettings,
    pub(crate) profiles: Vec<(String, Result<SavedProfile, String>)>,
    /// The line of each setting: "theme", "threads.sort".
    pub(crate) lines: Vec<(String, usize)>,
    pub(crate) problems: Vec<Problem>,
}

/// Columns and order of a table, where they are said.
#[derive(Clone, Debug, Default)]
pub(crate) struct TableChoice {
    pub(crate) columns: Option<Vec<&'static Column>>,
    pub(crate) sort: Option<Sort>,
}

/// Something wrong with the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Where it stands; none where nothing of the file is used.
    pub(crate) line: Option<usize>,
    pub(crate) why: String,
}

/// Reads a text.
pub(super) fn parse(text: &str) -> Parsed {
    let document = match Document::parse(text) {
        Ok(document) => document,
        Err(error) => {
            let line = error.span().map_or(1, |span| line_at(text, span.start));
            let why = format!("{}; nothing of the file is used", error.message().trim().replace('\n', " "));
            return Parsed { problems: vec![Problem { line: Some(line), why }], ..Parsed::default() };
        }
    };
    let mut parser = Parser { text, parsed: Parsed::default(), remaps: Vec::new() };
    for (key, item) in document.as_table().iter() {
        parser.setting(document.as_table(), key, item);
    }
    parser.end()
}

struct Parser<'a> {
    text: &'a str,
    parsed: Parsed,
    remaps: Vec<Remap>,
}

impl Parser<'_> {
    fn setting(&mut self, table: &dyn TableLike, key: &str, item: &Item) {
        let line = self.line(table, key, item);
        self.parsed.lines.push((key.to_owned(), line));
        match key {
            "interval" => self.parsed.interval = self.take(line, key, item, |it| span::interval(&word(it))),
            "color" => self.parsed.color = self.take(line, key, item, choice),
            "theme" => self.parsed.theme = self.take(line, key, item, choice),
            "ascii" => self.parsed.ascii = self.take(line, key, item, flag),
            "mouse" => self.parsed.mouse = self.take(line, key, item, flag),
            "view" => self.parsed.view = self.take(line, key, item, view),
            "runs" => self.each(line, key, item, Self::runs),
            "keys" => self.each(line, key, item, Self::keys),
            "profile" => self.each(line, key, item, Self::profile),
            _ => match View::TABLES.iter().position(|view| view.name().eq_ignore_ascii_case(key)) {
                Some(at) => self.each(line, key, item, |parser, key, item, line| parser.table(at, key, item, line)),
                None => self.wrong(line, unknown(key, KNOWN)),
            },
        }
    }

    /// The settings of a section, one by one.
    fn each(&mut self, line: usize, section: &str, item: &Item, mut take: impl FnMut(&mut Self, &str, &Item, usize)) {
        let table = match inner(section, item) {
            Ok(table) => table,
            Err(why) => return self.wrong(line, why),
        };
        for (key, item) in table.iter() {
            let line = self.line(table, key, item);
            self.parsed.lines.push((format!("{section}.{key}"), line));
            take(self, key, item, line);
        }
    }

    fn runs(&mut self, key: &str, item: &Item, line: usize) {
        let place = format!("runs.{key}");
        let number = |least: u32| {
            move |item: &Item| {
                let number = item.as_integer().and_then(|number| u32::try_from(number).ok());
                number.filter(|number| *number >= least).ok_or_else(|| format!("write a number, {least} at least"))
            }
        };
        match key {
            "keep" => self.parsed.runs.keep = self.take(line, &place, item, number(1)),
            "keep_days" => self.parsed.runs.keep_days = self.take(line, &place, item, number(1)),
            "watched_mb" => self.parsed.runs.watched_mb = self.take(line, &place, item, number(0)),
            _ => self.wrong(line, unknown(&place, "keep, keep_days and watched_mb")),
        }
    }

    fn keys(&mut self, key: &str, item: &Item, line: usize) {
        let remap = self.take(line, &format!("keys.{key}"), item, |item| {
            let named = |text: &str| Key::named(text).map_err(|why| format!("\"{text}\" is no key: {why}"));
            let keys = match (item.as_str(), item.as_array()) {
                (Some(one), _) => vec![named(one)?],
                (_, Some(list)) => {
                    let texts = list.iter().map(|key| key.as_str().ok_or_else(|| LIST.to_owned()));
                    texts.map(|text| named(text?)).collect::<Result<_, _>>()?
                }
                _ => return Err(LIST.to_owned()),
            };
            Remap::new(key, keys, line)
        });
        self.remaps.extend(remap);
    }

    fn profile(&mut self, name: &str, item: &Item, line: usize) {
        let place = format!("profile.{name}");
        let profile = inner(&place, item).and_then(|table| profile(&place, table));
        if let Err(why) = &profile {
            self.wrong(line, why.clone());
        }
        self.parsed.profiles.push((name.to_owned(), profile));
    }

    fn table(&mut self, at: usize, key: &str, item: &Item, line: usize) {
        let view = View::TABLES[at];
        let place = format!("{}.{key}", view.name().to_lowercase());
        match key {
            "columns" => {
                self.parsed.tables[at].columns = self.take(line, &place, item, |item| self::columns(view, item))
            }
            "sort" => {
                self.parsed.tables[at].sort = self.take(line, &place, item, |item| Sort::named(view, &word(item)));
            }
            _ => self.wrong(line, unknown(&place, "columns and sort")),
        }
    }

    /// A value, or none with what is wrong said.
    fn take<T>(
        &mut self,
        line: usize,
        place: &str,
        item: &Item,
        read: impl FnOnce(&Item) -> Result<T, String>,
    ) -> Option<T> {
        match read(item) {
            Ok(value) => Some(value),
            Err(why) => {
                self.wrong(line, format!("{place} = {}: {why}", as_written(item)));
                None
            }
        }
    }

    fn wrong(&mut self, line: usize, why: String) {
        self.parsed.problems.push(Problem { line: Some(line), why });
    }

    fn line(&self, table: &dyn TableLike, key: &str, item: &Item) -> usize {
        let span = table.key(key).and_then(toml_edit::Key::span).or_else(|| item.span());
        span.map_or(1, |span| line_at(self.text, span.start))
    }

    fn end(mut self) -> Parsed {
        let (keys, conflicts) = KeyMap::with(&self.remaps);
        self.parsed.keys = keys;
        conflicts.into_iter().for_each(|conflict| self.wrong(conflict.line, format!("keys: {}", conflict.why)));
        self.parsed.problems.sort_by_key(|problem| problem.line);
        self.parsed
    }
}

const LIST: &str = "write a key, \"F9\", or a list of keys, [\"r\", \"F9\"]; [] for none";

fn flag(item: &Item) -> Result<bool, String> {
    item.as_bool().ok_or_else(|| "write true or false".to_owned())
}

fn choice<T: ValueEnum>(item: &Item) -> Result<T, String> {
    T::from_str(&word(item), false).map_err(|_| {
        let values = T::value_variants().iter().filter_map(ValueEnum::to_possible_value);
        one_of(values.map(|value| value.get_name().to_owned()).collect())
    })
}

fn view(item: &Item) -> Result<View, String> {
    let named = word(item);
    let found = View::ALL.into_iter().find(|view| view.name().eq_ignore_ascii_case(&named));
    found.ok_or_else(|| one_of(View::ALL.iter().map(|view| view.name().to_lowercase()).collect()))
}

fn columns(view: View, item: &Item) -> Result<Vec<&'static Column>, String> {
    let list = item.as_array().ok_or_else(|| "write a list of columns".to_owned())?;
    let mut chosen: Vec<&'static Column> = Vec::new();
    for title in list.iter() {
        let title = word(&Item::Value(title.clone()));
        let column = columns::named(view, &title).map_err(|why| format!("\"{title}\": {why}"))?;
        if chosen.contains(&column) {
            return Err(format!("{} stands twice", column.title));
        }
        chosen.push(column);
    }
    if chosen.is_empty() { Err("name one column at least".to_owned()) } else { Ok(chosen) }
}

/// "write a, b or c".
fn one_of(mut names: Vec<String>) -> String {
    let last = names.pop().unwrap_or_default();
    format!("write {} or {last}", names.join(", "))
}

fn line_at(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1
}
