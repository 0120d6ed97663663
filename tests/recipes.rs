//! The recipes: are all of them named and there, do shells and notebooks read them, and does tftop know what they call it with?

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/command.rs"]
#[allow(dead_code)] // other tests ask for more
mod command;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use command::{ended, tftop};
use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/recipes")
}

/// Every recipe by its path within the folder, and its text.
fn recipes() -> BTreeMap<String, String> {
    fn within(at: &Path, found: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(at).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                within(&entry, found);
            } else {
                let name = entry.strip_prefix(folder()).unwrap().to_str().unwrap().to_owned();
                found.insert(name, fs::read_to_string(&entry).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    within(&folder(), &mut found);
    found
}

fn ending(end: &str) -> Vec<PathBuf> {
    let found: Vec<_> = recipes().into_keys().filter(|name| name.ends_with(end)).map(|it| folder().join(it)).collect();
    assert!(!found.is_empty(), "no recipe is called …{end}");
    found
}

/// What a tool says of files; None, and a line about it, where the tool is not there.
fn said(tool: &str, arguments: &[&str], of: &[PathBuf], at: &Path) -> Option<Output> {
    let answer = Command::new(tool).args(arguments).args(of).current_dir(at).stdin(Stdio::null()).output();
    answer.inspect_err(|error| eprintln!("{tool} {}: not tried: {error}", arguments.join(" "))).ok()
}

/// Fails with what the tool said, where it is there and finds fault.
fn accepts(tool: &str, arguments: &[&str], of: &[PathBuf], at: &Path) {
    if let Some(Output { status, stdout, stderr }) = said(tool, arguments, of, at) {
        let words = [stdout, stderr].map(|it| String::from_utf8_lossy(&it).into_owned()).concat();
        assert!(status.success(), "{tool} {}: {words}", arguments.join(" "));
    }
}

#[test]
fn the_table_names_every_recipe_and_nothing_else() {
    let mut there: BTreeSet<String> = recipes().into_keys().collect();
    let readme = fs::read_to_string(folder().join("README.md")).unwrap();
    let first_cells = readme.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    // The words in backticks are every second part.
    let named: Vec<_> = first_cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(str::to_owned).collect();
    let once: BTreeSet<String> = named.iter().cloned().collect();
    assert_eq!(once.len(), named.len(), "{named:?}");
    assert!(there.remove("README.md"));
    assert_eq!(once, there);
}

#[test]
fn shells_can_read_the_scripts() {
    let scripts = ending(".sh");
    for script in &scripts {
        accepts("bash", &["-n"], std::slice::from_ref(script), &folder());
    }
    accepts("shellcheck", &[], &scripts, &folder());
}

/// The options that a command has, from its help, and those that every command has.
fn options(of: &[&str]) -> BTreeSet<String> {
    let (_, help, _) = ended(&mut tftop(&[of, &["--help"]].concat()));
    let listed = help.lines().map(str::trim_start).filter(|line| line.starts_with('-'));
    let words = listed.flat_map(|line| line.split([' ', ',']).filter(|word| word.starts_with('-')));
    words.map(str::to_owned).collect()
}

/// The words behind each `tftop ` of a text, up to what ends a command, and whether they stand in code, not in a comment or prose.
fn calls(name: &str, text: &str) -> Vec<(Vec<String>, bool)> {
    let joined = text.replace("\\\n", " ");
    let script = name.ends_with(".sh");
    let mut found = Vec::new();
    for line in joined.lines() {
        let code = script && !line.trim_start().starts_with('#');
        // As a program: at the start of a word, or behind a path or an opening quote.
        let starts = line.match_indices("tftop ").map(|(at, _)| at);
        for at in starts.filter(|&at| line[..at].chars().last().is_none_or(|c| " /\"'`(=".contains(c))) {
            let rest = line[at + "tftop ".len()..].split(['`', '|', '>', ';', '&', ')']).next().unwrap();
            let words = rest.split_whitespace().take_while(|word| !["--", "#"].contains(word));
            let bare = |word: &str| word.trim_matches(['"', '\'', ',', '.', ':']).to_owned();
            found.push((words.map(bare).collect(), code));
        }
        // As a container's arguments: `args: [serve, --read-only]`.
        let list = line.trim_start().strip_prefix("args: [").or(line.trim_start().strip_prefix("command: ["));
        let words = list.map(|list| list.trim_end_matches(']').split(',').map(|word| word.trim().to_owned()).collect());
        found.extend(words.map(|words| (words, false)));
    }
    found
}

#[test]
fn tftop_knows_the_commands_and_options_that_recipes_give_it() {
    let (_, help, _) = ended(&mut tftop(&["--help"]));
    let listed = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let names =
        listed.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next()).filter(|it| !it.is_empty());
    let of_all = options(&[]);
    let commands: BTreeMap<&str, BTreeSet<String>> = names.map(|name| (name, options(&[name]))).collect();
    let mut checked = BTreeSet::new();
    for (file, text) in recipes() {
        for (words, code) in calls(&file, &text) {
            let Some(at) = words.iter().position(|word| !word.starts_with('-')) else { continue };
            let Some(known) = commands.get(words[at].as_str()) else {
                // Prose says `tftop reads`; a script names a command, or leaves it to a variable.
                assert!(!code || words[at].starts_with(['$', '{']), "{file}: tftop {}", words.join(" "));
                continue;
            };
            for word in words.iter().filter(|word| word.starts_with('-')) {
                let option = word.split('=').next().unwrap();
                assert!(known.contains(option) || of_all.contains(option), "{file}: tftop {}", words.join(" "));
            }
            checked.insert(format!("{file}: {}", words[at]));
        }
    }
    for call in [
        "slurm/job.sh: run",
        "slurm/job.sh: report",
        "slurm/prolog.sh: serve",
        "kubernetes/sidecar.yml: serve",
        "compose.yml: serve",
    ] {
        assert!(checked.contains(call), "{call} was not found in {checked:?}");
    }
}

#[test]
fn the_epilog_ends_what_the_prolog_starts() {
    let recipes = recipes();
    let started = "tftop serve --read-only --textfile";
    assert!(recipes["slurm/prolog.sh"].contains(&format!("command=({started} \"$folder\")")));
    assert!(recipes["slurm/epilog.sh"].contains(&format!("-fx \"{started} $folder\"")));
    for name in ["slurm/prolog.sh", "slurm/epilog.sh"] {
        // Without the variables of a job nothing is done, and a node is not drained.
        let script = folder().join(name);
        let Some(ended) = said("env", &["-i", "bash"], &[script], &folder()) else { continue };
        assert_eq!((ended.status.code(), ended.stdout.len()), (Some(0), 0), "{name}");
    }
}

#[test]
fn notebooks_are_as_editors_write_them() {
    for path in ending(".ipynb") {
        let book: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(book["nbformat"], 4, "{path:?}");
        let cells = book["cells"].as_array().unwrap();
        let ids: BTreeSet<&str> = cells.iter().map(|cell| cell["id"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), cells.len(), "{path:?}");
        for cell in cells {
            let lines = cell["source"].as_array().unwrap();
            assert!(!lines.is_empty() && lines.iter().all(Value::is_string), "{cell}");
            match cell["cell_type"].as_str().unwrap() {
                // Kept without what came of it on somebody's machine.
                "code" => assert!(cell["outputs"].as_array().unwrap().is_empty() && cell["execution_count"].is_null()),
                kind => assert_eq!(kind, "markdown"),
            }
        }
        let said: String =
            cells.iter().flat_map(|cell| cell["source"].as_array().unwrap()).filter_map(Value::as_str).collect();
        for shown in ["%load_ext tftop", "%%tftop", "with tftop.watch() as w:", "ThreadMonitor()"] {
            assert!(said.contains(shown), "{shown}");
        }
    }
}

#[test]
fn the_tools_that_are_there_read_their_files() {
    let at = folder();
    accepts("promtool", &["check", "config", "--syntax-only", "prometheus.yml"], &[], &at);
    accepts("promtool", &["test", "rules", "tftop.rules.test.yml"], &[], &at);
    // As a kustomization, because everything else that kubectl checks asks a cluster.
    let scratch = tempfile::tempdir().unwrap();
    fs::copy(at.join("kubernetes/sidecar.yml"), scratch.path().join("sidecar.yml")).unwrap();
    fs::write(scratch.path().join("kustomization.yaml"), "resources: [sidecar.yml]\n").unwrap();
    accepts("kubectl", &["kustomize", "."], &[], scratch.path());
    // Compose is docker's plugin or a program of its own; configs with content came with 2.23.
    for compose in [&["docker", "compose"][..], &["docker-compose"]] {
        let arguments = |more: &[&'static str]| [&compose[1..], more].concat();
        let Some(version) = said(compose[0], &arguments(&["version", "--short"]), &[], &at) else { continue };
        let version = String::from_utf8_lossy(&version.stdout).trim().trim_start_matches('v').to_owned();
        let mut numbers = version.split('.').map_while(|number| number.parse::<u32>().ok());
        if (numbers.next(), numbers.next()) < (Some(2), Some(23)) {
            eprintln!("{}: not tried: it is missing or too old ({version:?})", compose.join(" "));
            continue;
        }
        accepts(compose[0], &arguments(&["-f", "compose.yml", "config", "--quiet"]), &[], &at);
    }
}
