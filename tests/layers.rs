//! The floors of the house: which folder of `src` may import which. Fails on a wrong arrow.

#![allow(clippy::unwrap_used)]
use std::fs;
use std::path::{Path, PathBuf};

/// Room, and the rooms it may import. A lower floor never imports a higher one; rooms of one floor don't import each other.
const ALLOWED: &[(&str, &[&str])] = &[
    ("fact", &[]),
    ("launch", &["fact"]),
    ("model", &["fact"]),
    ("probe", &["fact"]),
    ("tape", &["fact"]),
    ("report", &["fact", "model"]),
    ("tui", &["fact", "model"]),
    ("command", &["fact", "launch", "model", "probe", "report", "tape", "tui"]),
];

#[test]
fn every_import_points_down() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (room, allowed) in ALLOWED {
        for file in rust_files(&source.join(room)) {
            let text = fs::read_to_string(&file).unwrap();
            for imported in imports(&text) {
                seen += 1;
                if imported != *room && !allowed.contains(&imported.as_str()) {
                    wrong.push(format!("{} imports crate::{imported}", file.display()));
                }
            }
        }
    }
    assert!(seen > 3, "the scan found only {seen} imports: it is broken");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_room_is_on_the_list() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in fs::read_dir(source).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            assert!(ALLOWED.iter().any(|(room, _)| *room == name), "src/{name} has no floor");
        } else {
            assert!(["lib.rs", "main.rs"].contains(&name.as_str()), "src/{name} stands outside the rooms");
        }
    }
}

#[test]
fn the_scan_sees_an_import_of_every_form() {
    let text =
        "use crate::tui::x;\nlet a = crate::probe::b();\nuse crate::{fact::Gap, model::Scene};\nuse tftop::report;";
    assert_eq!(imports(text), ["tui", "probe", "fact", "model", "report"]);
}

/// Rooms named after `crate::` or `tftop::`, groups in braces included, in the order of the text of each form.
fn imports(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for start in ["crate::", "tftop::"] {
        for (at, _) in text.match_indices(start) {
            let rest = &text[at + start.len()..];
            match rest.strip_prefix('{') {
                Some(group) => found.extend(top_level_names(group)),
                None => found.push(leading_name(rest)),
            }
        }
    }
    found.retain(|name| !name.is_empty());
    found
}

fn top_level_names(group: &str) -> Vec<String> {
    let (mut names, mut depth, mut at_start) = (Vec::new(), 0, true);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => at_start = true,
            c if at_start && depth == 0 && !c.is_whitespace() => {
                names.push(leading_name(&group[at..]));
                at_start = false;
            }
            _ => {}
        }
    }
    names
}

fn leading_name(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}
