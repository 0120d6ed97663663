//! The documents: what they link to is there, and what they say of tftop's own files and commands is so.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/command.rs"]
#[allow(dead_code)] // other tests ask for more
mod command;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use command::{ended, tftop};

/// Every document by its path.
fn documents() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let assets = fs::read_dir(root.join("assets")).unwrap().map(|entry| entry.unwrap().path());
    let paths = assets.chain([root.join("README.md")]).filter(|path| path.extension().is_some_and(|end| end == "md"));
    paths.map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

/// What stands in the text outside of fences, or within.
fn lines_of(text: &str, within: bool) -> String {
    let mut fenced = false;
    let wanted = |line: &&str| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        fenced == within && !fence
    };
    text.lines().filter(wanted).collect::<Vec<_>>().join("\n")
}

fn prose(text: &str) -> String {
    lines_of(text, false)
}

/// What links go to.
fn links(text: &str) -> Vec<String> {
    let ends = text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap().to_owned());
    ends.filter(|link| !link.contains("://")).collect()
}

/// The anchors of a document, as GitHub makes them of headings.
fn anchors(text: &str) -> BTreeSet<String> {
    let kept = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    let anchor = |heading: &str| {
        heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-").chars().filter(|c| kept(*c)).collect()
    };
    prose(text).lines().filter(|line| line.starts_with('#')).map(anchor).collect()
}

#[test]
fn every_link_goes_somewhere() {
    let documents = documents();
    assert!(documents.len() >= 6, "{documents:?}");
    let mut broken = Vec::new();
    for (path, text) in &documents {
        for link in links(&prose(text)) {
            let (file, anchor) = link.split_once('#').map_or((link.as_str(), None), |(file, it)| (file, Some(it)));
            let target = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            let there = target.exists()
                && anchor.is_none_or(|anchor| anchors(&fs::read_to_string(&target).unwrap()).contains(anchor));
            if !there {
                broken.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_readme_is_short_and_leads_to_every_document() {
    let readme = fs::read_to_string("README.md").unwrap();
    assert!(readme.lines().count() < 200, "{} lines", readme.lines().count());
    for name in ["guide", "tutorial", "measurements", "CONTRIBUTING", "SECURITY", "CHANGELOG"] {
        assert!(readme.contains(&format!("(assets/{name}.md)")), "nothing leads to {name}");
    }
}

#[test]
fn every_command_is_described_and_every_described_command_exists() {
    let (_, help, _) = ended(&mut tftop(&["--help"]));
    let listed = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let is_name = |line: &&str| line.starts_with("  ") && !line.starts_with("   ");
    let names: BTreeSet<&str> = listed
        .lines()
        .filter(is_name)
        .filter_map(|line| line.split_whitespace().next())
        .filter(|&name| name != "help")
        .collect();
    assert!(names.len() > 15, "{names:?}");
    let readme = fs::read_to_string("README.md").unwrap();
    let guide = fs::read_to_string("assets/guide.md").unwrap();
    for name in &names {
        let called = format!("tftop {name}");
        let of_a_list = format!("`{name}");
        assert!(
            readme.contains(&called)
                || readme.contains(&format!("-- {name} "))
                || readme.contains(&of_a_list)
                || guide.contains(&called),
            "{name}"
        );
    }
    // In fences: the word behind tftop is a command, an option or a pid.
    for (path, text) in documents() {
        let fenced = lines_of(&text, true);
        let mut lines =
            fenced.lines().filter_map(|line| line.trim_start().trim_start_matches("$ ").strip_prefix("tftop "));
        let known = |line: &str| {
            let word = line.split_whitespace().next().unwrap_or_default();
            names.contains(word) || word.starts_with(['-', '#']) || word.parse::<u32>().is_ok() || !word.is_ascii()
        };
        let unknown = lines.find(|line| line.chars().next().is_some_and(char::is_lowercase) && !known(line));
        assert_eq!(unknown, None, "{}", path.display());
    }
}
