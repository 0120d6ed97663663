//! What the locked packages ask for and allow: the Rust they need, their licences, where they come from, which come twice.
//! The rules are those of `assets/packaging/deny.toml`, which cargo-deny reads as well; here they hold without that tool and
//! without the network, of what the build has downloaded already.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::env::consts::ARCH;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// The packages that are built or tested with, tftop itself left out.
fn packages() -> Vec<Value> {
    let platform = format!("{ARCH}-unknown-linux-gnu");
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", &platform])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let Value::Array(mut packages) = metadata["packages"].take() else { panic!("cargo metadata lists no packages") };
    packages.retain(|package| package["name"] != "tftop");
    assert!(packages.len() > 100, "only {} packages: the list is broken", packages.len());
    packages
}

/// The rules of cargo-deny.
fn rules() -> toml::Table {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/packaging/deny.toml");
    fs::read_to_string(file).unwrap().parse().unwrap()
}

fn named(package: &Value) -> String {
    format!("{} {}", package["name"].as_str().unwrap(), package["version"].as_str().unwrap())
}

/// (1, 95, 0) of "1.95".
fn numbers(version: &str) -> (u32, u32, u32) {
    let mut parts = version.split('.').map(|part| part.parse().unwrap());
    (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap_or(0))
}

#[test]
fn no_package_needs_a_newer_rust_than_is_promised() {
    let promised = env!("CARGO_PKG_RUST_VERSION");
    let newer: Vec<String> = packages()
        .iter()
        .filter(|package| package["rust_version"].as_str().is_some_and(|needed| numbers(needed) > numbers(promised)))
        .map(|package| format!("{} needs Rust {}", named(package), package["rust_version"]))
        .collect();
    assert_eq!(newer, [""; 0]);
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    assert!(readme.contains(&format!("Rust {promised}")) || readme.contains(&format!("Rust ({promised}")), "README.md");
}

#[test]
fn every_package_may_be_used() {
    let rules = rules();
    let allowed: Vec<&str> =
        rules["licenses"]["allow"].as_array().unwrap().iter().map(|licence| licence.as_str().unwrap()).collect();
    let refused: Vec<String> = packages()
        .iter()
        .filter(|package| !package["license"].as_str().is_some_and(|expression| allows(expression, &allowed)))
        .map(|package| format!("{}: {}", named(package), package["license"]))
        .collect();
    assert_eq!(refused, [""; 0]);
}

#[test]
fn every_package_comes_from_the_registry() {
    let others: Vec<String> = packages().iter().filter(|package| package["source"] != REGISTRY).map(named).collect();
    assert_eq!(others, [""; 0]);
}

#[test]
fn packages_that_come_twice_are_known() {
    let mut versions: BTreeMap<String, u32> = BTreeMap::new();
    for package in packages() {
        *versions.entry(package["name"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    versions.retain(|_, count| *count > 1);
    let twice: BTreeSet<&str> = versions.keys().map(String::as_str).collect();
    let rules = rules();
    let known = rules["bans"]["skip"].as_array().unwrap().iter().map(|skipped| skipped["crate"].as_str().unwrap());
    assert_eq!(twice, known.collect());
}

/// Whether an SPDX expression (or, as of old, licences with a slash between them) is met by some of these.
fn allows(expression: &str, licences: &[&str]) -> bool {
    let expression = expression.replace('/', " OR ");
    let expression = expression.split_whitespace().collect::<Vec<_>>().join(" ");
    met(&expression, licences)
}

fn met(expression: &str, licences: &[&str]) -> bool {
    let choices = outside_brackets(expression, " OR ");
    if choices.len() > 1 {
        return choices.into_iter().any(|choice| met(choice, licences));
    }
    let duties = outside_brackets(expression, " AND ");
    if duties.len() > 1 {
        return duties.into_iter().all(|duty| met(duty, licences));
    }
    match expression.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')) {
        Some(inner) => met(inner, licences),
        None => licences.contains(&expression),
    }
}

/// The parts between a word that stands outside all brackets.
fn outside_brackets<'a>(expression: &'a str, word: &str) -> Vec<&'a str> {
    let mut parts = Vec::new();
    let (mut depth, mut from) = (0, 0);
    for (at, character) in expression.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ if depth == 0 && at >= from && expression[at..].starts_with(word) => {
                parts.push(&expression[from..at]);
                from = at + word.len();
            }
            _ => {}
        }
    }
    parts.push(&expression[from..]);
    parts
}

#[test]
fn licence_expressions_are_understood() {
    let allowed = ["MIT", "Unicode-3.0", "Apache-2.0 WITH LLVM-exception"];
    for met in [
        "MIT",
        "GPL-2.0 OR MIT",
        "GPL-2.0/MIT",
        "(MIT OR Apache-2.0) AND Unicode-3.0",
        "Apache-2.0 WITH LLVM-exception OR GPL-2.0",
        "((MIT))",
    ] {
        assert!(allows(met, &allowed), "{met}");
    }
    for refused in ["GPL-2.0", "MIT AND GPL-2.0", "(MIT OR Apache-2.0) AND GPL-2.0", "Apache-2.0", "MIT-0", ""] {
        assert!(!allows(refused, &allowed), "{refused}");
    }
}
