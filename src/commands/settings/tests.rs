//! The example and the parser agree; what is wrong is named with its key; who may write the file matters.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use clap::{CommandFactory as _, Parser as _};
use proptest::prelude::*;

use crate::commands::args::cli::Cli;
use crate::commands::settings::file::{SettingsFile, refuse_foreign};
use crate::commands::settings::parse::{Parsed, Problem, parse};
use crate::data::limits::{CAPS, CapVariable, Caps};
use crate::data::sample::LaunchFact;
use crate::data::scene::{Group, GroupKey, Scene};
use crate::launch::caps::environment;
use crate::launch::shim;
use crate::launch::shim::ShimMode;
use crate::model::advice;
use crate::model::limits::knobs;
use crate::model::limits::verification::Verification;
use crate::tui::keys::{Action, actions, own_keys};
use crate::tui::settings::DashboardSettings;
use crate::tui::state::parts::what_if::WhatIf;
use crate::tui::table::columns;
use crate::tui::table::sort::Sort;
use crate::tui::tabs::View;

const EXAMPLE: &str = include_str!("../../../assets/config.example.toml");

/// With every default that is commented out.
fn uncommented() -> String {
    let plain = |line: &str| match line.strip_prefix("# ") {
        Some(rest) if rest.starts_with('[') || rest.split(' ').nth(1) == Some("=") => rest.to_owned(),
        _ => line.to_owned(),
    };
    EXAMPLE.lines().map(|line| plain(line) + "\n").collect()
}

fn settings(text: &str) -> SettingsFile {
    SettingsFile { says: parse(text), text: text.to_owned(), path: Some("config.toml".into()) }
}

fn problems(text: &str) -> Vec<String> {
    let words = |it: &Problem| format!("{}: {}", it.line.unwrap_or_default(), it.why);
    parse(text).problems.iter().map(words).collect()
}

/// The keys that an error message offers.
fn offered(text: &str) -> Vec<String> {
    let why = problems(text).remove(0);
    let (_, known) = why.split_once("there are ").unwrap();
    let known = known.replace(" and ", ", ");
    known.split(", ").map(|key| key.trim_matches(['[', ']']).to_owned()).collect()
}

#[test]
fn the_example_parses_and_has_every_key() {
    let text = uncommented();
    assert_eq!((problems(EXAMPLE), problems(&text)), (vec![], vec![]));
    let mut keys = offered("nonsense = 1");
    keys.extend(offered("[runs]\nnonsense = 1"));
    keys.extend(offered("[overview]\nnonsense = 1"));
    keys.extend(offered("[profile.x]\nnonsense = 1"));
    assert_eq!(keys.len(), 28, "{keys:?}");
    for key in keys {
        let table = key.strip_suffix(".NAME").unwrap_or(&key);
        let there =
            text.lines().any(|line| line.starts_with(&format!("{key} = ")) || line.starts_with(&format!("[{table}")));
        assert!(there, "{key} is not in the example");
    }
}

/// What is said of columns, orders and keys in the example follows from their tables.
#[test]
fn the_example_names_every_column_and_every_key() {
    let mut expected = String::new();
    for view in View::TABLES {
        let titles: Vec<String> = columns::all(view).iter().map(|column| format!("\"{}\"", column.title)).collect();
        let sort = Sort::usual(view).words();
        let name = view.name().to_lowercase();
        expected += &format!("[{name}]\n# columns = [{}]\n# sort = \"{sort}\"\n\n", titles.join(", "));
    }
    assert!(EXAMPLE.contains(&expected), "the example lacks:\n{expected}");
    let mut expected = "[keys]\n".to_owned();
    for action in actions().filter(|action| *action != Action::Interrupt) {
        let keys: Vec<String> = own_keys(action).iter().map(|key| format!("{:?}", key.to_string())).collect();
        let line = format!("# {} = [{}]", action.name(), keys.join(", "));
        let help = crate::tui::keys::KeyMap::default();
        let help = help.rows().find(|row| row.binding.action == action).unwrap().binding.help;
        expected += &format!("{line:<40} # {help}\n");
    }
    assert!(EXAMPLE.contains(&expected), "the example lacks:\n{expected}");
}

#[test]
fn the_defaults_of_the_example_are_the_real_ones() {
    let said = settings(&uncommented());
    let options = Cli::try_parse_from(["tftop"]).unwrap().options;
    let mut changed = options.clone().or_settings(&said, |_| false);
    assert_eq!(changed.runs.keep, Some(u32::try_from(options.runs.retention().newest).unwrap()));
    // There is no usual number of days.
    changed.runs = options.runs;
    // Said in the file, it counts against a C locale.
    changed.unicode = options.unicode;
    assert_eq!(format!("{changed:?}"), format!("{options:?}"));
    assert_eq!(said.dashboard(), DashboardSettings::default());
}

#[test]
fn what_is_wrong_is_named_with_its_line_and_what_would_be_right() {
    for (text, says) in [
        ("intervall = 1", "1: there is no setting intervall; there are interval, color"),
        ("\ninterval = 0", "2: interval = 0: must be between 0.1 s and 60 s"),
        ("theme = 'x'", "1: theme = \"x\": write default, colorblind, mono, light or high-contrast"),
        ("color = 'x'", "1: color = \"x\": write auto, always or never"),
        (
            "view = 'x'",
            "1: view = \"x\": write overview, threads, limits, explain, processes, missing, output or lanes",
        ),
        ("ascii = 1", "1: ascii = 1: write true or false"),
        ("mouse = 'off'", "1: mouse = \"off\": write true or false"),
        ("runs = 1", "1: runs = 1: write a table, [runs]"),
        ("[[runs]]\nkeep = 1", "1: runs = "),
        ("[runs]\nkeep = 0", "2: runs.keep = 0: write a number, 1 at least"),
        ("[runs]\nkeep = -1", "2: runs.keep = -1: write a number"),
        (
            "[threads]\ncolumns = ['x']",
            "2: threads.columns = [\"x\"]: \"x\": no such column; there are TID, NAME, ORIGIN",
        ),
        ("[threads]\ncolumns = []", "2: threads.columns = []: name one column at least"),
        ("[threads]\ncolumns = ['tid', 'TID']", "2: threads.columns = [\"tid\", \"TID\"]: TID stands twice"),
        ("[threads]\nsort = 'x'", "2: threads.sort = \"x\": no such column; there are TID"),
        ("[limits]\nsort = 'x'", "1: there is no setting limits; there are interval"),
        ("[keys]\nxx = 'F9'", "2: keys.xx = \"F9\": there is no such action; there are help, quit, type"),
        ("[keys]\nrerun = 'F99'", "2: keys.rerun = \"F99\": \"F99\" is no key: write a character, F1 to F24"),
        ("[keys]\nrerun = 9", "2: keys.rerun = 9: write a key, \"F9\", or a list of keys"),
        ("[keys]\nrerun = [9]", "2: keys.rerun = [9]: write a key"),
        ("[keys]\nrerun = 'q'", "2: keys: q would be both quit and rerun; rerun keeps r"),
        ("[keys]\ninterrupt = 'q'", "2: keys.interrupt = \"q\": Ctrl-C always leaves"),
        ("[profile.a]\nintra = 0", "1: profile.a.intra = 0: must be at least 1"),
        ("[profile.a]\nintra = 1.5", "1: profile.a.intra = 1.5: must be a number of threads"),
        ("[profile.a]\ncpus = ','", "1: profile.a.cpus = \",\": the list names no CPU"),
        ("[profile.a]\nquota = 0", "1: profile.a.quota = 0: must be between"),
        ("[profile.a]\npreset = 'x'", "1: profile.a.preset = \"x\": write advised, single or physical"),
        ("[profile.a]\npin = 'tf-data=0'", "1: profile.a.pin = \"tf-data=0\": write a list"),
        ("[profile.a]\nenv = { '' = 1 }", "1: profile.a.env = "),
        ("[profile.a]\nforce = true", "1: there is no setting profile.a.force; there are intra"),
        ("\n[profile.a", "2: "),
    ] {
        let found = problems(text);
        assert!(found.len() == 1 && found[0].starts_with(says), "{text}: {found:?}");
    }
}

#[test]
fn what_is_wrong_leaves_all_else_as_it_is() {
    let text = "theme = 'x'\ninterval = \"2s\"\n[keys]\nrerun = 'F9'\nnonsense = 'F8'\n[profile.a]\nintra = 0\n[profile.b]\nintra = 1\n";
    let file = settings(text);
    let options = Cli::try_parse_from(["tftop"]).unwrap().options.or_settings(&file, |_| false);
    assert_eq!(options.interval.as_secs(), 2);
    let keys = options.dashboard.in_force().now.keys;
    assert_eq!(keys.keys_of(Action::Rerun)[0].to_string(), "F9");
    assert_eq!(file.problems().len(), 3);
    assert!(file.problems()[0].starts_with("config.toml, line 1: theme"), "{:?}", file.problems());
    assert_eq!(options.dashboard.take_unsaid().len(), 3);
    assert_eq!(options.dashboard.take_unsaid(), [""; 0], "said once");
    // A part of its caps would be others than were asked for.
    assert!(file.profile("a").unwrap_err().to_string().contains("profile.a.intra = 0: must be at least 1"));
    assert!(file.profile("b").is_ok());
}

#[test]
fn the_command_line_wins() {
    let options = Cli::try_parse_from(["tftop", "--theme", "mono"]).unwrap().options;
    let set = options.or_settings(&settings("theme = 'light'\ninterval = '3s'"), |name| name == "theme");
    let now = set.dashboard.in_force().now;
    assert_eq!((now.theme.name(), now.interval.as_secs()), ("mono", 3));
    let text = super::print::in_force(&settings("theme = 'light'\ninterval = '3s'"), &set);
    assert!(text.contains("\ntheme = \"mono\"  # --theme\n"), "{text}");
    assert!(text.contains("\ninterval = \"3s\"  # config.toml:2\n"), "{text}");
}

#[test]
fn what_is_printed_is_the_example_and_with_settings_says_the_same_again() {
    let options = Cli::try_parse_from(["tftop"]).unwrap().options;
    let print =
        |text: &str| super::print::in_force(&settings(text), &options.clone().or_settings(&settings(text), |_| false));
    assert_eq!(print(""), EXAMPLE);
    assert_eq!(print("theme = 'nonsense'"), EXAMPLE);
    let text = "mouse = false\nview = 'threads'\n[threads]\ncolumns = ['NAME']\nsort = 'TID descending'\n[keys]\nrerun = ['F9', 'R']\n\
                help = []\n[runs]\nkeep = 3\n[profile.mine]\nintra = 3\n";
    let printed = print(text);
    assert!(printed.contains("rerun = [\"F9\", \"R\"]  # config.toml:7\n"), "{printed}");
    let (before, after) = (settings(text), settings(&printed));
    assert_eq!(after.problems(), [""; 0]);
    assert_eq!((before.dashboard(), before.says.runs), (after.dashboard(), after.says.runs));
    assert_eq!(after.profiles().collect::<Vec<_>>(), ["mine"]);
}

proptest! {
    #[test]
    fn no_text_is_a_panic(text in ".{0,200}") {
        let _ = parse(&text);
    }

    #[test]
    fn no_value_is_a_panic_and_whatever_is_read_is_printed_and_read_again(
        lines in prop::collection::vec((0..40_usize, "[ -~]{0,12}", any::<bool>()), 0..12)
    ) {
        let example: Vec<String> = uncommented().lines().map(str::to_owned).collect();
        let known: Vec<&str> = example.iter().filter(|line| line.contains(" = ")).map(String::as_str).collect();
        let mut text = String::new();
        for (at, value, quoted) in lines {
            let key = known[at * 7 % known.len()].split(" = ").next().unwrap_or_default();
            let value = if quoted { format!("{value:?}") } else { value };
            let section = ["", "[keys]\n", "[threads]\n", "[runs]\n"][at % 4];
            text += &format!("{section}{key} = {value}\n");
        }
        let file = settings(&text);
        let _ = (file.problems(), file.dashboard());
        let options = Cli::try_parse_from(["tftop"]).unwrap().options.or_settings(&file, |_| false);
        let again: Parsed = parse(&super::print::in_force(&file, &options));
        prop_assert_eq!(again.problems, []);
    }
}

#[test]
fn a_file_that_others_may_write_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    fs::write(&path, "interval = \"2s\"\n").unwrap();
    for (mode, refused) in [(0o600, false), (0o644, false), (0o664, true), (0o646, true)] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let read = SettingsFile::read(Some(&path));
        assert_eq!(read.is_err(), refused, "{mode:o}");
        if let Err(why) = read {
            assert!(why.to_string().ends_with("`chmod go-w` it"), "{why}");
        }
    }
    let about = fs::metadata(&path).unwrap();
    if about.uid() != 0 {
        assert!(refuse_foreign(&about, about.uid() + 1).unwrap_err().contains("neither to you nor to root"));
    }
    assert!(SettingsFile::read(Some(Path::new("/nonexistent/config.toml"))).is_err());
    assert!(SettingsFile::read(Some(Path::new("/dev/null"))).is_ok());
}

#[test]
fn a_profile_that_is_not_there_is_named_beside_those_that_are() {
    let settings = settings(&uncommented());
    assert!(settings.profile("small").is_ok());
    assert!(settings.profile("x").unwrap_err().to_string().ends_with("there are small, careful"));
    assert!(SettingsFile::default().profile("x").unwrap_err().to_string().contains("write one as [profile.x]"));
}

/// A new cap is one row of the registry: everything that knows caps must know it by that.
#[test]
fn each_cap_of_the_registry_is_everywhere() {
    const GUIDE: &str = include_str!("../../../assets/guide.md");
    const FAMILIES: &str = include_str!("../../../assets/families.toml");
    for row in &CAPS {
        let (name, caps) = (row.name, Caps::of([(row.kind, 3)]));
        assert_eq!(row.kind.row().name, name, "the rows stand in the order of their kinds");
        let mut command = Cli::command();
        for subcommand in ["run", "rerun", "sweep"] {
            let options = command.find_subcommand_mut(subcommand).unwrap();
            let option = options.get_arguments().find(|option| option.get_long() == Some(name));
            assert!(option.unwrap().get_help().unwrap().to_string().starts_with(row.help), "{subcommand} --{name}");
        }
        let settings = settings(&format!("[profile.a]\n{name} = 3"));
        assert_eq!(settings.profile("a").unwrap().pools, caps);
        let set: Vec<&str> = environment::capping(&caps).map(|(name, _)| name).collect();
        assert!(row.sets.iter().all(|variable| set.contains(&variable.name)), "{name}");
        assert_eq!(shim::config(ShimMode::Enforce, &caps, None).contains(&format!("\"{name}\":3")), row.shim);
        assert!(row.shim || !set.is_empty(), "nothing sets {name}");
        assert!(
            advice::export(&caps).or_else(|| advice::python(&caps)).is_some(),
            "nobody can follow advice on {name}"
        );
        assert!(!knobs::variables(row.origin).is_empty() || row.setting.script.is_some(), "{name} has no limit");
        let checks = Verification::new(&LaunchFact { caps, ..LaunchFact::default() }).checks(false);
        assert_eq!(checks.iter().map(|check| check.cap.name()).collect::<Vec<_>>(), [name]);
        let key = GroupKey { origin: row.origin.into(), library: None };
        let scene = Scene { groups: vec![Group { key, threads: 4, ..Group::default() }], ..Scene::default() };
        assert_eq!(WhatIf::default().sliders(&scene).len(), 1, "{name} has no slider");
        assert!(FAMILIES.contains(&format!("id = \"{}\"", row.origin)), "{name}");
        let by = |variable: &CapVariable| match variable.or {
            Some(other) => format!("`{}` (or by `--{}`)", variable.name, other.name()),
            None => format!("`{}`", variable.name),
        };
        let by: Vec<String> = row.sets.iter().map(by).chain(row.shim.then(|| "the shim".to_owned())).collect();
        let line = format!("| `--{name}` | {} | {} |", row.help, by.join(", "));
        assert!(GUIDE.contains(&line), "the guide lacks {line}");
    }
}
