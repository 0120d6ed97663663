//! The options of `tftop completions` and `man`.

use clap::ValueEnum;

/// Shells whose completion is known.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum CompletionShell {
    Bash,
    Elvish,
    Fish,
    Zsh,
}

impl CompletionShell {
    /// As clap_complete calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Elvish => "elvish",
            Self::Fish => "fish",
            Self::Zsh => "zsh",
        }
    }
}
