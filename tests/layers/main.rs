//! The layers of `src`, file by file: what may import what, no circle, no folder or file that holds too much, no type name
//! twice, and no TensorFlow below the layers that are about it. src/lib.rs describes the layers.

#![allow(clippy::unwrap_used, clippy::panic)]

mod source;

use std::collections::{BTreeMap, BTreeSet};

use source::{ModulePath, Source};

/// Rooms, the lowest layer first. A file may import its own room and the rooms of lower layers.
const LAYERS: &[&[&str]] =
    &[&["data"], &["linux"], &["probe", "model", "launch"], &["runs"], &["present"], &["output", "tui"], &["commands"]];

/// Files and folders a folder may hold, its own `mod.rs` left out.
const MOST_ENTRIES: usize = 14;
/// Folders with one file for each thing of a kind; a longer list is no harder to find one's way in.
const ONE_FILE_EACH: &[&str] = &["model::rules"];
/// Lines of a file, unit tests included.
const MOST_LINES: usize = 500;

#[test]
fn every_room_has_a_layer() {
    for path in Source::read().modules.keys().filter(|path| !path.is_empty()) {
        assert!(layer(&path[0]).is_some(), "src/{} has no layer", path[0]);
    }
}

#[test]
fn every_import_points_down() {
    let source = Source::read();
    let imports = source.imports();
    let all: usize = imports.values().map(BTreeSet::len).sum();
    assert!(all > 500, "only {all} imports between files were found: the scan is broken");
    assert_eq!(upward(&imports), [""; 0]);
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let source = Source::read();
    let circles = circles(&source.imports());
    assert!(circles.is_empty(), "{} circles:\n{}", circles.len(), circles.join("\n"));
}

#[test]
fn no_file_and_no_folder_holds_too_much() {
    let source = Source::read();
    let long = source.modules.values().filter(|module| module.lines > MOST_LINES);
    let long: Vec<String> = long.map(|module| format!("{}: {} lines", module.file.display(), module.lines)).collect();
    assert_eq!(long, [""; 0]);
    let mut folders: BTreeMap<String, usize> = BTreeMap::new();
    for path in source.modules.keys().filter(|path| !path.is_empty()) {
        *folders.entry(path[..path.len() - 1].join("::")).or_default() += 1;
    }
    folders.retain(|folder, entries| *entries > MOST_ENTRIES && !ONE_FILE_EACH.contains(&folder.as_str()));
    assert!(folders.is_empty(), "folders with more than {MOST_ENTRIES} entries: {folders:?}");
}

#[test]
fn no_two_files_publish_a_type_of_the_same_name() {
    let source = Source::read();
    let mut files: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for module in source.modules.values() {
        for kind in module.types.iter().filter(|kind| kind.visible) {
            files.entry(&kind.name).or_default().push(module.file.display().to_string());
        }
    }
    files.retain(|_, files| files.len() > 1);
    assert!(files.is_empty(), "{files:#?}");
}

#[test]
fn what_the_kernel_says_is_read_without_a_word_of_tensorflow() {
    for (path, module) in Source::read().modules.iter().filter(|(path, _)| path.first().is_some_and(|r| r == "linux")) {
        let code = module.text.split("#[cfg(test)]").next().unwrap_or_default().to_lowercase();
        for word in ["tensorflow", "keras", "python"] {
            assert!(!code.contains(word), "{}: {word} is none of linux's business", path.join("::"));
        }
    }
}

#[test]
fn the_scan_follows_every_form_of_an_import() {
    let source = Source::of(&[
        ("", ""),
        ("data", "pub mod ids; pub use ids::{Pid, Tid as T};"),
        ("data::ids", "pub struct Pid; pub struct Tid; pub fn next() {}"),
        ("model", "pub mod plain; pub mod renamed; pub mod inside; pub mod quoted; pub mod through; pub mod tested;"),
        ("model::plain", "use crate::data::Pid;"),
        ("model::renamed", "use crate::data::{T as Thread};"),
        ("model::inside", "fn f() { crate::data::ids::next(); }"),
        ("model::quoted", "fn f() { println!(\"{}\", crate::data::ids::next()); }"),
        ("model::through", "use crate::data::ids; fn f() { ids::next() }"),
        ("model::tested", "#[cfg(test)] mod tests { use crate::data::Pid; }"),
    ]);
    let ids = vec!["data".to_owned(), "ids".to_owned()];
    for (path, imports) in source.imports() {
        let expected = path.first().is_some_and(|room| room == "model") && path.len() == 2 && path[1] != "tested";
        assert_eq!(imports.contains(&ids), expected, "{path:?} imports {imports:?}");
    }
}

#[test]
fn the_test_finds_a_circle_and_an_arrow_up() {
    let source = Source::of(&[
        ("", ""),
        ("data", "pub mod a; pub mod b;"),
        ("data::a", "pub struct A(super::b::B);"),
        ("data::b", "pub struct B; use crate::data::a::A; use crate::tui::Look;"),
        ("tui", "pub struct Look;"),
    ]);
    assert_eq!(circles(&source.imports()), ["data::a -> data::b -> data::a"]);
    assert_eq!(upward(&source.imports()), ["data::b imports tui"]);
}

fn layer(room: &str) -> Option<usize> {
    LAYERS.iter().position(|rooms| rooms.contains(&room))
}

/// Imports of a higher layer, or of another room of the same one.
fn upward(imports: &BTreeMap<&ModulePath, BTreeSet<&ModulePath>>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (from, to) in imports.iter().filter(|(from, _)| !from.is_empty()) {
        for target in to {
            let room = target.first().map_or("", String::as_str);
            if room != from[0] && layer(room) >= layer(&from[0]) {
                wrong.push(format!("{} imports {}", from.join("::"), target.join("::")));
            }
        }
    }
    wrong
}

/// One circle of each knot of files that reach one another.
fn circles(imports: &BTreeMap<&ModulePath, BTreeSet<&ModulePath>>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut done: BTreeSet<&ModulePath> = BTreeSet::new();
    for start in imports.keys() {
        if done.contains(*start) {
            continue;
        }
        let Some(way) = way_back(imports, start) else { continue };
        found.push(way.iter().map(|path| path.join("::")).collect::<Vec<_>>().join(" -> "));
        done.extend(way);
    }
    found
}

/// The shortest way from a file through its imports back to itself.
fn way_back<'a>(
    imports: &BTreeMap<&'a ModulePath, BTreeSet<&'a ModulePath>>,
    start: &'a ModulePath,
) -> Option<Vec<&'a ModulePath>> {
    let mut ways = vec![vec![start]];
    let mut seen = BTreeSet::new();
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            for next in imports.get(way.last()?)? {
                let mut way = way.clone();
                way.push(next);
                if *next == start {
                    return Some(way);
                }
                if seen.insert(*next) {
                    longer.push(way);
                }
            }
        }
        ways = longer;
    }
    None
}
