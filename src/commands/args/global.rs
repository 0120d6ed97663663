//! The options of every subcommand: how to watch and how to draw.

use std::ffi::OsStr;
use std::io::IsTerminal;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use rustix::termios::tcgetwinsize;
use toml_edit::Value;

use crate::commands::args::choices::{ColorChoice, ThemeChoice};
use crate::commands::args::span;
use crate::commands::own_process::stdio;
use crate::commands::settings::{FileWriter, RunsSettings, SettingsFile};
use crate::present::format::page::Page;
use crate::probe::reading::Reading;
use crate::tui;
use crate::tui::settings::{DashboardSettings, SharedSettings};

/// Columns of a terminal that does not say how many it has.
const USUAL_COLUMNS: u16 = 80;

/// Whether a locale's character set is UTF-8 (locale(7)). Where none is set, as in most containers, the terminal's is taken to be.
fn has_unicode(locale: &OsStr) -> bool {
    let locale = locale.to_string_lossy().to_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Watching and drawing")]
pub(crate) struct GlobalArgs {
    /// Sampling interval, 0.1 s to 60 s: 1, 1s, 500ms
    #[arg(long, global = true, value_name = "TIME", default_value = "1s", value_parser = span::interval)]
    pub(crate) interval: Duration,
    /// Leave out child processes
    #[arg(long, global = true)]
    pub(crate) no_children: bool,
    /// Take in the other ranks of its job on this machine: of mpirun, torchrun, srun, …
    #[arg(long, global = true)]
    pub(crate) job: bool,
    /// Trace when each thread runs: every context switch, by perf_event_open; ends by itself where it costs much
    #[arg(long, global = true)]
    pub(crate) trace: bool,
    /// Never stop, signal, change or start a process
    #[arg(long, global = true)]
    pub(crate) read_only: bool,
    /// Settings file, instead of ~/.config/tftop/config.toml
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Additional thread families, in the format of the built-in ones
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) families: Option<PathBuf>,
    /// Use colour; auto: on a terminal, unless NO_COLOR is set
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: ColorChoice,
    /// Colours: light for a light terminal, high-contrast on black
    #[arg(long, global = true, value_name = "NAME", default_value = "default")]
    theme: ThemeChoice,
    /// Print ASCII characters only, as in a C locale
    #[arg(long, global = true)]
    ascii: bool,
    /// Those of the four options above that are on the command line and can stand in the settings file.
    #[arg(skip)]
    given: Vec<&'static str>,
    /// The dashboard's settings, as they are while tftop runs.
    #[arg(skip)]
    pub(crate) dashboard: SharedSettings,
    /// The settings say that the terminal shows more, whatever the locale.
    #[arg(skip)]
    pub(crate) unicode: bool,
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

    /// The interval of the command line; another one where it names none.
    pub(crate) fn interval_or(&self, usual: Duration) -> Duration {
        if self.given.contains(&"interval") { self.interval } else { usual }
    }

    /// What the settings say where the command line says nothing; `said` tells which options it names.
    pub(crate) fn or_settings(mut self, settings: &SettingsFile, is_given: impl Fn(&str) -> bool) -> Self {
        let says = &settings.says;
        let is_default = |name: &str| !is_given(name);
        self.interval = says.interval.filter(|_| is_default("interval")).unwrap_or(self.interval);
        self.color = says.color.filter(|_| is_default("color")).unwrap_or(self.color);
        self.theme = says.theme.filter(|_| is_default("theme")).unwrap_or(self.theme);
        self.runs = says.runs;
        self.unicode = says.ascii == Some(false);
        self.ascii = says.ascii.filter(|_| is_default("ascii")).unwrap_or(self.ascii);
        self.given = ["interval", "color", "theme", "ascii"].into_iter().filter(|name| is_given(name)).collect();
        let (theme, interval) = (self.theme.theme(), self.interval);
        let dashboard = DashboardSettings { theme, interval, ..settings.dashboard() };
        self.dashboard =
            SharedSettings::new(dashboard, settings.short_problems(), Box::new(FileWriter::new(settings.path.clone())));
        self
    }

    /// The same with the interval that was set on screen, for the next process, or for the job of that process.
    pub(crate) fn as_set(&self, job: bool) -> Self {
        Self { interval: self.dashboard.in_force().now.interval, job, ..self.clone() }
    }

    /// Settings that are on the command line, as the settings file would have them.
    pub(crate) fn given_of_settings(&self) -> Vec<(&'static str, Value)> {
        let value = |name: &str| match name {
            "interval" => humantime::format_duration(self.interval).to_string().replace(' ', "").into(),
            "color" => self.color.name().into(),
            "theme" => self.theme.theme().name().into(),
            _ => self.ascii.into(),
        };
        self.given.iter().map(|name| (*name, value(name))).collect()
    }

    /// How the dashboard looks. NO_COLOR counts when it is set and not empty (no-color.org).
    pub(crate) fn look(&self) -> tui::Appearance {
        tui::Appearance {
            color: self.has_colour(&std::io::stdout()),
            theme: self.dashboard.in_force().now.theme,
            ascii: self.is_ascii(),
        }
    }

    /// What a report on stdout is printed on.
    pub(crate) fn page(&self) -> Page {
        self.page_of(&std::io::stdout())
    }

    /// What a summary on stderr is printed on.
    pub(crate) fn page_on_stderr(&self) -> Page {
        self.page_of(&std::io::stderr())
    }

    fn page_of(&self, to: &(impl IsTerminal + AsFd)) -> Page {
        let columns = || tcgetwinsize(to).ok().map(|size| size.ws_col).filter(|columns| *columns > 0);
        let palette = self.theme.palette();
        Page {
            width: to.is_terminal().then(|| columns().unwrap_or(USUAL_COLUMNS)),
            palette: self.has_colour(to).then_some(palette),
            ascii: self.is_ascii(),
        }
    }

    fn has_colour(&self, to: &impl IsTerminal) -> bool {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        match self.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => to.is_terminal() && !stdio::is_dumb() && !no_color,
        }
    }

    fn is_ascii(&self) -> bool {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
        self.ascii || (!self.unicode && locale.is_some_and(|locale| !has_unicode(&locale)))
    }

    /// How a picture of the dashboard looks: it has colours of its own, wherever it is written to.
    pub(crate) fn picture(&self) -> tui::Appearance {
        let color = !matches!(self.color, ColorChoice::Never);
        tui::Appearance { color, theme: self.theme.theme(), ascii: self.ascii }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_c_locale_has_no_unicode() {
        for (locale, has) in
            [("C", false), ("POSIX", false), ("en_US.ISO-8859-1", false), ("C.UTF-8", true), ("de_DE.utf8", true)]
        {
            assert_eq!(has_unicode(OsStr::new(locale)), has, "{locale}");
        }
    }
}
