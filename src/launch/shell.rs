//! A start as a line for the shell: what it prints can be pasted and does the same.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;

use crate::data::secrets::without_secrets;
use crate::data::{CpuSet, Text};
use crate::launch::caps::environment::EnvironmentChanges;
use crate::linux::cgroup::create;
use crate::linux::cgroup::create::plan::{CgroupPlan, CgroupStep};

/// `env … taskset -c … command`, one line, with what goes before and behind it where cgroups are to be made: the inner
/// parentheses come into them, and what is outside removes them. Ends as the command does.
pub fn line(
    changes: &EnvironmentChanges,
    cpus: Option<&CpuSet>,
    cgroups: &CgroupPlan,
    words: &[impl AsRef<OsStr>],
) -> String {
    let command = command(changes, cpus, words);
    if cgroups.folders.is_empty() {
        return command;
    }
    let make: String = cgroups.steps.iter().map(|step| stepped(step) + " && ").collect();
    let join: String = cgroups.folders.iter().map(|folder| stepped(&create::coming_in(folder)) + " && ").collect();
    let folders: Vec<String> = cgroups.folders.iter().map(|folder| quoted(folder.as_os_str())).collect();
    format!("{make}({join}exec {command}); code=$?; rmdir {}; (exit $code)", folders.join(" "))
}

fn stepped(step: &CgroupStep) -> String {
    match step {
        CgroupStep::Make(folder) => format!("mkdir {}", quoted(folder.as_os_str())),
        CgroupStep::Write(file, text) => format!("echo {} >{}", quoted(OsStr::new(text)), quoted(file.as_os_str())),
    }
}

fn command(changes: &EnvironmentChanges, cpus: Option<&CpuSet>, words: &[impl AsRef<OsStr>]) -> String {
    let mut line = Vec::new();
    if *changes != EnvironmentChanges::default() {
        line.push("env".to_owned());
        line.extend(changes.removed.iter().map(|name| format!("-u {name}")));
        line.extend(changes.set.iter().map(|(name, value)| format!("{}={}", quoted(name), quoted(value))));
    }
    line.extend(cpus.map(|cpus| format!("taskset -c {cpus}")));
    line.extend(words.iter().map(|word| quoted(word.as_ref())));
    line.join(" ")
}

/// A command line to be shown or kept: its words as a shell reads them back, without their secrets.
pub fn shown<T: AsRef<OsStr>>(words: &[T]) -> String {
    let words: Vec<Text> = words.iter().map(|word| Text::from_bytes(word.as_ref().as_bytes())).collect();
    let shown: Vec<String> = without_secrets(&words).iter().map(|word| quoted(word.as_str().as_ref())).collect();
    shown.join(" ")
}

/// A word as a shell reads it back. Bytes that no terminal should be sent are written in `$'…'`, which bash, zsh, ksh and
/// POSIX of 2024 know.
pub fn quoted(word: &OsStr) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-./:,+@%=".contains(byte);
    let bytes = word.as_bytes();
    match word.to_str() {
        Some(text) if !bytes.is_empty() && bytes.iter().all(plain) => text.to_owned(),
        Some(text) if !text.chars().any(unprintable) => format!("'{}'", text.replace('\'', r"'\''")),
        _ => escaped(bytes),
    }
}

/// Whatever is not ASCII is written byte by byte.
fn escaped(bytes: &[u8]) -> String {
    let mut word = "$'".to_owned();
    for &byte in bytes {
        match byte {
            b'\'' | b'\\' => word.extend(['\\', char::from(byte)]),
            b' '..=b'~' => word.push(char::from(byte)),
            // Three octal digits always, so that a digit behind them stays one.
            _ => {
                let _ = write!(word, "\\{byte:03o}");
            }
        }
    }
    word + "'"
}

fn unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_what_changes_and_nothing_else() {
        let words = ["python", "train.py", "--name", "it's mine"];
        let changes = EnvironmentChanges {
            removed: vec!["TF_OVERRIDE_GLOBAL_THREADPOOL"],
            set: vec![("OMP_NUM_THREADS".into(), "2".into()), ("GREETING".into(), "a b".into())],
        };
        assert_eq!(
            line(&changes, Some(&"0-1".parse().unwrap()), &CgroupPlan::default(), &words),
            r"env -u TF_OVERRIDE_GLOBAL_THREADPOOL OMP_NUM_THREADS=2 GREETING='a b' taskset -c 0-1 python train.py --name 'it'\''s mine'"
        );
        assert_eq!(
            line(&EnvironmentChanges::default(), None, &CgroupPlan::default(), &words),
            r"python train.py --name 'it'\''s mine'"
        );
    }

    #[test]
    fn cgroups_are_made_come_into_and_removed() {
        let folder = std::path::PathBuf::from("/sys/fs/cgroup/my slice/tftop-1-2");
        let steps = vec![
            CgroupStep::Make(folder.clone()),
            CgroupStep::Write(folder.join("cpu.max"), "150000 100000".to_owned()),
        ];
        let cgroups = CgroupPlan { steps, folders: vec![folder], ..CgroupPlan::default() };
        assert_eq!(
            line(&EnvironmentChanges::default(), None, &cgroups, &["true"]),
            "mkdir '/sys/fs/cgroup/my slice/tftop-1-2' && \
             echo '150000 100000' >'/sys/fs/cgroup/my slice/tftop-1-2/cpu.max' && \
             (echo 0 >'/sys/fs/cgroup/my slice/tftop-1-2/cgroup.procs' && exec true); code=$?; \
             rmdir '/sys/fs/cgroup/my slice/tftop-1-2'; (exit $code)"
        );
    }

    #[test]
    fn a_word_comes_back_from_the_shell_as_it_was() {
        let words: &[&[u8]] = &[
            b"",
            b" ",
            b"~",
            b"$HOME",
            b"`id`",
            b"a'b",
            b"'",
            b"\\",
            b"*",
            b"#x",
            b"!x",
            b"a\nb",
            b"\x1b[31m1",
            b"\xff9",
            "größer\u{202e}x".as_bytes(),
            "größer".as_bytes(),
            b"a=b",
            b"-n",
            b"\x01'\\2",
        ];
        for word in words {
            let quoted = quoted(OsStr::from_bytes(word));
            assert!(!quoted.chars().any(unprintable), "{quoted:?}");
            let script = format!("printf %s. {quoted}");
            let output = std::process::Command::new("bash").args(["-c", &script]).output().unwrap();
            assert_eq!(output.stdout, [word, &b"."[..]].concat(), "{quoted}");
        }
    }
}
