//! The options of every subcommand: how to watch and how to draw.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::commands::args::choices::{ColorChoice, ThemeChoice};
use crate::commands::args::span;
use crate::commands::settings::{RunsSettings, SettingsFile};
use crate::probe::reading::Reading;
use crate::tui;

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Watching and drawing")]
pub(crate) struct GlobalArgs {
    /// Time between two looks, 0.1 s to 60 s: 1, 1s, 500ms
    #[arg(long, global = true, value_name = "TIME", default_value = "1s", value_parser = span::interval)]
    pub(crate) interval: Duration,
    /// Leave out child processes
    #[arg(long, global = true)]
    pub(crate) no_children: bool,
    /// Never stop, signal or change anything, and start nothing
    #[arg(long, global = true)]
    pub(crate) read_only: bool,
    /// Settings, instead of ~/.config/tftop/config.toml
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// More thread families, in the format of the built-in ones
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) families: Option<PathBuf>,
    /// Colour; auto: on a terminal, unless NO_COLOR is set
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: ColorChoice,
    /// Colours of the dashboard
    #[arg(long, global = true, value_name = "NAME", default_value = "default")]
    theme: ThemeChoice,
    /// Draw with ASCII characters only
    #[arg(long, global = true)]
    ascii: bool,
    /// Which runs are kept.
    #[arg(skip)]
    pub(crate) runs: RunsSettings,
    /// Nothing is kept of a process that is only watched.
    #[arg(skip)]
    pub(crate) no_record: bool,
    /// What this command reads of a process at the moment.
    #[arg(skip)]
    pub(crate) reading: Reading,
    /// What it reads of stacks at the moment.
    #[arg(skip)]
    pub(crate) stacks_reading: Reading,
}

impl GlobalArgs {
    /// The same, but with an interval of at most `time`: a report needs a second look before its time is over.
    pub(crate) fn within(&self, time: Duration) -> Self {
        Self { interval: self.interval.min(time), ..self.clone() }
    }

    /// What the settings say where the command line says nothing; `said` tells which options it names.
    pub(crate) fn or_settings(mut self, settings: &SettingsFile, is_given: impl Fn(&str) -> bool) -> Self {
        let is_default = |name: &str| !is_given(name);
        self.interval = settings.interval.filter(|_| is_default("interval")).unwrap_or(self.interval);
        self.color = settings.color.filter(|_| is_default("color")).unwrap_or(self.color);
        self.theme = settings.theme.filter(|_| is_default("theme")).unwrap_or(self.theme);
        self.runs = settings.runs;
        self.ascii = settings.ascii.filter(|_| is_default("ascii")).unwrap_or(self.ascii);
        self
    }

    /// How the dashboard looks. NO_COLOR counts when it is set and not empty (no-color.org).
    pub(crate) fn look(&self) -> tui::Appearance {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let color = match self.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => std::io::stdout().is_terminal() && !dumb && !set("NO_COLOR"),
        };
        tui::Appearance { color, theme: self.theme(), ascii: self.ascii }
    }

    /// How a picture of the dashboard looks: it has colours of its own, wherever it is written to.
    pub(crate) fn picture(&self) -> tui::Appearance {
        let color = !matches!(self.color, ColorChoice::Never);
        tui::Appearance { color, theme: self.theme(), ascii: self.ascii }
    }

    fn theme(&self) -> tui::theme::ThemeName {
        match self.theme {
            ThemeChoice::Default => tui::theme::ThemeName::Default,
            ThemeChoice::Colorblind => tui::theme::ThemeName::Colorblind,
            ThemeChoice::Mono => tui::theme::ThemeName::Mono,
        }
    }
}
