//! What tftop writes for shells and packages: real shells complete by its scripts, man pages are there for every subcommand.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::process::{Command, Output};

const TFTOP: &str = env!("CARGO_BIN_EXE_tftop");

/// What bash offers behind these words, with an empty store of runs and settings of its own.
fn offered(words: &[&str], home: &Path) -> Vec<String> {
    let script = format!(
        "source <(tftop completions bash)\nCOMP_WORDS=(tftop {})\nCOMP_CWORD={}\n_clap_complete_tftop tftop \"${{COMP_WORDS[-1]}}\"\nprintf '%s\\n' \
         \"${{COMPREPLY[@]}}\"",
        words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" "),
        words.len()
    );
    let said = said(&["bash", "-c", &script], home).expect("there is a bash");
    said.lines().map(|line| line.trim_end().to_owned()).collect()
}

/// What a shell prints that finds tftop in its path, and runs and settings in this folder; none where it is not installed.
fn said(command: &[&str], home: &Path) -> Option<String> {
    let path = format!("{}:{}", Path::new(TFTOP).parent().unwrap().display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("timeout");
    shell.arg("60").args(command).env("PATH", path);
    shell.env("XDG_STATE_HOME", home).env("XDG_CONFIG_HOME", home).env("TERM", "xterm");
    let Output { status, stdout, stderr } = shell.output().unwrap();
    // timeout's word for a command that is not there.
    if status.code() == Some(127) {
        eprintln!("skipped: no {} is installed here", command[0]);
        return None;
    }
    assert!(status.success() && stderr.is_empty(), "{status}: {}", String::from_utf8_lossy(&stderr));
    Some(String::from_utf8(stdout).unwrap())
}

/// A folder with settings that have a profile called small.
fn home_with_profile() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join("tftop")).unwrap();
    std::fs::write(home.path().join("tftop/config.toml"), "[profile.small]\nintra = 1\n").unwrap();
    home
}

#[test]
fn a_real_bash_completes_subcommands_options_origins_and_profiles() {
    let home = home_with_profile();
    assert_eq!(offered(&["sta"], home.path()), ["stack"]);
    assert_eq!(offered(&["run", "--quo"], home.path()), ["--quota"]);
    assert_eq!(offered(&["stack", "--group", "tf-da"], home.path()), ["tf-data"]);
    assert_eq!(offered(&["run", "--profile", ""], home.path()), ["small"]);
    // What can't be read is not offered, and nothing is said of it.
    std::fs::write(home.path().join("tftop/config.toml"), "[profile.small\n").unwrap();
    assert_eq!(offered(&["run", "--profile", ""], home.path()), [""]);
}

/// Types into an interactive zsh that finds the script in its function path, presses TAB once, and prints the line that is then
/// there. The word before it is in two parts where zsh's terminal echoes it.
const ZSH: &str = r#"
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "bindkey -e; fpath=($1 \$fpath); autoload -Uz compinit; compinit -u -D"
zpty -w shell "show() { print -r -- \"li\"\"ne<\$BUFFER>\" }; zle -N show; bindkey '^T' show"
zpty -n -w shell "$2"$'\t\x14'
zpty -r shell got '*line<*>*'
print -r -- "${${got##*line<}%%>*}"
zpty -d shell
"#;

#[test]
fn a_real_zsh_completes_at_the_first_tab() {
    let home = home_with_profile();
    let script = Command::new(TFTOP).args(["completions", "zsh"]).output().unwrap().stdout;
    std::fs::write(home.path().join("_tftop"), script).unwrap();
    let folder = home.path().to_str().unwrap();
    for (typed, line) in [
        ("tftop sta", "tftop stack "),
        ("tftop run --quo", "tftop run --quota "),
        ("tftop stack --group tf-da", "tftop stack --group tf-data "),
        ("tftop run --profile ", "tftop run --profile small "),
    ] {
        let Some(said) = said(&["zsh", "-f", "-c", ZSH, "zsh", folder, typed], home.path()) else { return };
        assert_eq!(said.trim_end_matches('\n'), line);
    }
}

#[test]
fn a_real_fish_completes_with_explanations() {
    let home = home_with_profile();
    let offers = |typed: &str| {
        let script = format!("source (tftop completions fish | psub); complete -C '{typed}'");
        said(&["fish", "--no-config", "-c", &script], home.path())
    };
    let Some(origins) = offers("tftop stack --group tf-i") else { return };
    assert_eq!(origins, "tf-intra-op\tTF intra-op\ntf-inter-op\tTF inter-op\n");
    assert_eq!(offers("tftop sta").unwrap(), "stack\tPrint the stacks of threads, native and Python\n");
    let profiles = offers("tftop run --profile ").unwrap();
    assert_eq!(profiles.lines().next(), Some("small"), "{profiles}");
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
