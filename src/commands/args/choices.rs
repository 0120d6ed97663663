//! Options with a few fixed values that several subcommands or the settings file share.

use clap::ValueEnum;

use crate::present::format::page::Palette;
use crate::tui::theme::ThemeName;

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum OutputFormat {
    Text,
    Json,
    Markdown,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ColorChoice {
    Auto,
    Always,
    Never,
}

impl ColorChoice {
    /// Its word.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Always => "always",
            Self::Never => "never",
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ThemeChoice {
    Default,
    Colorblind,
    Mono,
    Light,
    HighContrast,
}

impl ThemeChoice {
    /// The palette of the dashboard.
    pub(crate) fn theme(self) -> ThemeName {
        match self {
            Self::Default => ThemeName::Default,
            Self::Colorblind => ThemeName::Colorblind,
            Self::Mono => ThemeName::Mono,
            Self::Light => ThemeName::Light,
            Self::HighContrast => ThemeName::HighContrast,
        }
    }

    /// The palette of a report.
    pub(crate) fn palette(self) -> Palette {
        match self {
            Self::Default => Palette::Default,
            Self::Colorblind => Palette::Colorblind,
            Self::Mono => Palette::Mono,
            Self::Light => Palette::Light,
            Self::HighContrast => Palette::HighContrast,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is saved from the screen is read again.
    #[test]
    fn a_theme_has_one_name() {
        let names = |theme: &ThemeChoice| theme.to_possible_value().unwrap().get_name().to_owned();
        let all = ThemeChoice::value_variants();
        assert_eq!(all.len(), ThemeName::ALL.len());
        assert!(all.iter().all(|theme| names(theme) == theme.theme().name()), "{all:?}");
        for color in ColorChoice::value_variants() {
            assert_eq!(color.to_possible_value().unwrap().get_name(), color.name());
        }
    }
}
