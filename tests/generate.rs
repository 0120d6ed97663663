//! What tftop writes for shells and packages: a real bash completes by its script, man pages are there for every subcommand.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::process::{Command, Output};

const TFTOP: &str = env!("CARGO_BIN_EXE_tftop");

/// What bash offers behind these words, with an empty store of runs and settings of its own.
fn offered(words: &[&str], home: &Path) -> Vec<String> {
    let folder = Path::new(TFTOP).parent().unwrap();
    let script = format!(
        "source <(tftop completions bash)\nCOMP_WORDS=(tftop {})\nCOMP_CWORD={}\n_clap_complete_tftop tftop \"${{COMP_WORDS[-1]}}\"\nprintf '%s\\n' \
         \"${{COMPREPLY[@]}}\"",
        words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" "),
        words.len()
    );
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let mut bash = Command::new("bash");
    bash.args(["-c", &script]).env("PATH", path).env("XDG_STATE_HOME", home).env("XDG_CONFIG_HOME", home);
    let Output { status, stdout, stderr } = bash.output().unwrap();
    assert!(status.success() && stderr.is_empty(), "{}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap().lines().map(|line| line.trim_end().to_owned()).collect()
}

#[test]
fn a_real_bash_completes_subcommands_options_origins_and_profiles() {
    let home = tempfile::tempdir().unwrap();
    assert_eq!(offered(&["sta"], home.path()), ["stack"]);
    assert_eq!(offered(&["run", "--quo"], home.path()), ["--quota"]);
    assert_eq!(offered(&["stack", "--group", "tf-da"], home.path()), ["tf-data"]);
    let settings = home.path().join("tftop/config.toml");
    std::fs::create_dir(settings.parent().unwrap()).unwrap();
    std::fs::write(&settings, "[profile.small]\nintra = 1\n").unwrap();
    assert_eq!(offered(&["run", "--profile", ""], home.path()), ["small"]);
    // What can't be read is not offered, and nothing is said of it.
    std::fs::write(&settings, "[profile.small\n").unwrap();
    assert_eq!(offered(&["run", "--profile", ""], home.path()), [""]);
}

#[test]
fn every_shell_has_a_script() {
    for shell in ["bash", "zsh", "fish", "elvish"] {
        let output = Command::new(TFTOP).args(["completions", shell]).output().unwrap();
        let script = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && script.contains("TFTOP_COMPLETE"), "{shell}: {script}");
    }
}

#[test]
fn every_subcommand_that_help_shows_has_a_man_page() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Command::new(TFTOP).arg("man").arg(folder.path()).status().unwrap().success());
    let help = String::from_utf8(Command::new(TFTOP).arg("--help").output().unwrap().stdout).unwrap();
    let commands = help.split("Commands:").nth(1).unwrap().lines().skip(1).take_while(|line| !line.is_empty());
    // What goes on in the next line stands further to the right.
    let commands = commands.filter(|line| !line.starts_with("   "));
    let names: Vec<&str> = commands.filter_map(|line| line.split_whitespace().next()).collect();
    assert!(names.contains(&"run") && names.contains(&"man"), "{names:?}");
    // It explains the others.
    for name in names.into_iter().filter(|name| *name != "help") {
        let page = std::fs::read_to_string(folder.path().join(format!("tftop-{name}.1"))).unwrap();
        assert!(page.contains(".SH SYNOPSIS"), "{name}: {page}");
    }
    let whole = Command::new(TFTOP).arg("man").output().unwrap();
    assert_eq!(whole.stdout, std::fs::read(folder.path().join("tftop.1")).unwrap());
}
