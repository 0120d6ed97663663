//! What is known of a command before it is started by tftop: kept with its run, so that runs can be compared later.

use serde::{Deserialize, Serialize};

use crate::data::sample::{Environment, HostFact, LaunchFact};
use crate::data::{CpuSet, Text};

/// Name and version of the contract of `run.json`.
pub const RUN_SCHEMA: &str = "tftop.run/1";

/// A run, as it was begun.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunFact {
    /// [`RUN_SCHEMA`].
    pub schema: Text,
    /// Its name: sorts by time.
    pub id: Text,
    /// The command's words; what looks like a secret is left out of them.
    pub command: Vec<Text>,
    /// The folder it was started in; none where it can't be told.
    #[serde(default)]
    pub folder: Option<Text>,
    /// Caps, CPUs and what the shim is told to do.
    #[serde(default)]
    pub launch: LaunchFact,
    /// Version of the tftop that started it.
    #[serde(default)]
    pub tftop: Text,
    /// When, in milliseconds after 1970.
    #[serde(default)]
    pub started_unix_ms: u64,
    /// Time between two looks, in nanoseconds.
    #[serde(default)]
    pub interval_ns: u64,
    /// Thread-related variables as the command gets them.
    #[serde(default)]
    pub variables: Environment,
    /// Names of the variables that were set for it beside those: of these no value is kept.
    #[serde(default)]
    pub other_variables: Vec<Text>,
    /// CPUs that tftop itself may run on, and so the command where it is put on no others.
    #[serde(default)]
    pub allowed: CpuSet,
    /// The machine; none where it was not looked at.
    #[serde(default)]
    pub host: Option<HostFact>,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunEnd {
    /// With this exit code.
    Exit(u8),
    /// By this signal.
    Signal(u8),
    /// Nobody saw it: tftop was ended before.
    Unseen,
}

/// The command's words without what looks like a secret: values of options and variables whose name sounds like one, and
/// passwords in addresses. A word that was taken away is said to be hidden.
pub fn without_secrets<'a>(words: impl IntoIterator<Item = &'a Text>) -> Vec<Text> {
    let mut after_secret = false;
    let shown = |word: &'a Text| {
        let hidden = std::mem::take(&mut after_secret) && !word.starts_with('-');
        let option = word.starts_with('-') && !word.contains('=');
        after_secret = option && sounds_secret(word);
        if hidden { Text::from(HIDDEN) } else { without_secret(word) }
    };
    words.into_iter().map(shown).collect()
}

const HIDDEN: &str = "(hidden)";

fn without_secret(word: &Text) -> Text {
    if let Some((name, _)) = word.split_once('=').filter(|(name, _)| sounds_secret(name)) {
        return Text::from(format!("{name}={HIDDEN}"));
    }
    if let Some((scheme, rest)) = word.split_once("://") {
        let host = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        if let Some(at) = rest[..host].rfind('@') {
            return Text::from(format!("{scheme}://{HIDDEN}{}", &rest[at..]));
        }
    }
    word.clone()
}

/// Whether a name, of whatever case, is one that secrets have. A whole script behind `-c` is no name.
fn sounds_secret(name: &str) -> bool {
    const PARTS: &[&str] = &["token", "secret", "passw", "pwd", "apikey", "credential", "auth"];
    const ENDS: &[&str] = &["key", "pass"];
    let plain: String = name.chars().filter(|c| c.is_ascii_alphanumeric()).collect::<String>().to_ascii_lowercase();
    let name = name.trim_start_matches('-');
    name.len() <= 64
        && !name.contains(char::is_whitespace)
        && (PARTS.iter().any(|part| plain.contains(part)) || ENDS.iter().any(|end| plain.ends_with(end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_taken_out_of_a_command() {
        let hidden = |words: &[&str]| -> Vec<String> {
            let words: Vec<Text> = words.iter().map(|word| Text::from(*word)).collect();
            without_secrets(&words).iter().map(ToString::to_string).collect()
        };
        assert_eq!(
            hidden(&["train.py", "--api-key", "s3cr3t", "--token=s3cr3t", "--epochs", "3"]),
            ["train.py", "--api-key", "(hidden)", "--token=(hidden)", "--epochs", "3"]
        );
        assert_eq!(
            hidden(&["env", "AWS_SECRET_ACCESS_KEY=x", "A=b"]),
            ["env", "AWS_SECRET_ACCESS_KEY=(hidden)", "A=b"]
        );
        assert_eq!(hidden(&["--db", "postgres://me:pw@host/x@y"]), ["--db", "postgres://(hidden)@host/x@y"]);
        assert_eq!(hidden(&["--use-auth", "--verbose", "x"]), ["--use-auth", "--verbose", "x"]);
        let script = "token = 1\nprint(token)";
        assert_eq!(hidden(&["python", "-c", script]), ["python", "-c", "token = 1^Jprint(token)"]);
        assert_eq!(hidden(&["--keyboard", "us", "https://host/a@b"]), ["--keyboard", "us", "https://host/a@b"]);
    }
}
