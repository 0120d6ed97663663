//! The example and the parser agree; what is wrong is named with its key; who may write the file matters.

use std::os::unix::fs::PermissionsExt as _;

use clap::{CommandFactory as _, Parser as _};

use super::*;
use crate::commands::args::cli::Cli;
use crate::data::limits::{CAPS, CapVariable};
use crate::data::sample::LaunchFact;
use crate::data::scene::{Group, GroupKey, Scene};
use crate::launch::caps::environment;
use crate::launch::shim;
use crate::launch::shim::ShimMode;
use crate::model::advice;
use crate::model::limits::knobs;
use crate::model::limits::verification::Verification;
use crate::tui::state::parts::what_if::WhatIf;

const EXAMPLE: &str = include_str!("../../assets/config.example.toml");

/// With every default that is commented out.
fn uncommented() -> String {
    let plain = |line: &str| match line.strip_prefix("# ") {
        Some(rest) if rest.split(' ').nth(1) == Some("=") => rest.to_owned(),
        _ => line.to_owned(),
    };
    EXAMPLE.lines().map(|line| plain(line) + "\n").collect()
}

/// The keys that an error message offers.
fn offered(text: &str) -> Vec<String> {
    let why = parse(text).unwrap_err();
    let (_, known) = why.split_once("there are ").unwrap();
    let known = known.replace(" and ", ", ");
    known.split(", ").map(|key| key.trim_matches(['[', ']']).to_owned()).collect()
}

#[test]
fn the_example_parses_and_has_every_key() {
    parse(EXAMPLE).unwrap();
    let text = uncommented();
    parse(&text).unwrap();
    let mut keys = offered("nonsense = 1");
    keys.extend(offered("[runs]\nnonsense = 1"));
    keys.extend(offered("[profile.x]\nnonsense = 1"));
    assert_eq!(keys.len(), 20, "{keys:?}");
    for key in keys {
        let table = key.strip_suffix(".NAME").unwrap_or(&key);
        let there =
            text.lines().any(|line| line.starts_with(&format!("{key} = ")) || line.starts_with(&format!("[{table}")));
        assert!(there, "{key} is not in the example");
    }
}

#[test]
fn the_defaults_of_the_example_are_the_real_ones() {
    let said = parse(&uncommented()).unwrap();
    let options = Cli::try_parse_from(["tftop"]).unwrap().options;
    let mut changed = options.clone().or_settings(&said, |_| false);
    assert_eq!(changed.runs.keep, Some(u32::try_from(options.runs.retention().newest).unwrap()));
    // There is no usual number of days.
    changed.runs = options.runs;
    // Said in the file, it counts against a C locale.
    changed.unicode = options.unicode;
    assert_eq!(format!("{changed:?}"), format!("{options:?}"));
}

#[test]
fn what_is_wrong_is_named_with_its_key() {
    for (text, says) in [
        ("intervall = 1", "there is no setting intervall; there are interval, color"),
        ("interval = 0", "interval = 0: must be between 0.1 s and 60 s"),
        ("theme = 'x'", "theme = \"x\": "),
        ("ascii = 1", "ascii = 1: write true or false"),
        ("runs = 1", "runs = 1: write a table, [runs]"),
        ("[runs]\nkeep = 0", "runs.keep = 0: write a number, 1 at least"),
        ("[runs]\nkeep = -1", "runs.keep = -1: write a number"),
        ("[profile.a]\nintra = 0", "profile.a.intra = 0: must be at least 1"),
        ("[profile.a]\nintra = 1.5", "profile.a.intra = 1.5: must be a number of threads"),
        ("[profile.a]\ncpus = ','", "profile.a.cpus = \",\": the list names no CPU"),
        ("[profile.a]\nquota = 0", "profile.a.quota = 0: must be between"),
        ("[profile.a]\npreset = 'x'", "profile.a.preset = \"x\": write advised, single or physical"),
        ("[profile.a]\npin = 'tf-data=0'", "profile.a.pin = \"tf-data=0\": write a list"),
        ("[profile.a]\nenv = { '' = 1 }", "profile.a.env = "),
        ("[profile.a]\nforce = true", "there is no setting profile.a.force; there are intra"),
        ("\n[profile.a", "line 2: "),
    ] {
        let why = parse(text).unwrap_err();
        assert!(why.starts_with(says), "{text}: {why}");
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
    let settings = parse(EXAMPLE).unwrap();
    assert!(settings.profile("small").is_ok());
    assert!(settings.profile("x").unwrap_err().to_string().ends_with("there are careful, small"));
    assert!(SettingsFile::default().profile("x").unwrap_err().to_string().contains("write one as [profile.x]"));
}

/// A new cap is one row of the registry: everything that knows caps must know it by that.
#[test]
fn each_cap_of_the_registry_is_everywhere() {
    const GUIDE: &str = include_str!("../../assets/guide.md");
    const FAMILIES: &str = include_str!("../../assets/families.toml");
    for row in &CAPS {
        let (name, caps) = (row.name, Caps::of([(row.kind, 3)]));
        assert_eq!(row.kind.row().name, name, "the rows stand in the order of their kinds");
        let mut command = Cli::command();
        for subcommand in ["run", "rerun", "sweep"] {
            let options = command.find_subcommand_mut(subcommand).unwrap();
            let option = options.get_arguments().find(|option| option.get_long() == Some(name));
            assert!(option.unwrap().get_help().unwrap().to_string().starts_with(row.help), "{subcommand} --{name}");
        }
        let settings = parse(&format!("[profile.a]\n{name} = 3")).unwrap();
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
