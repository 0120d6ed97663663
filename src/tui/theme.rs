//! Which role looks how. A colour never says anything alone: a word or a glyph beside it says the same.

use ratatui::style::{Color, Modifier, Style};

pub use crate::present::line::Role;

/// Palettes to choose from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ThemeName {
    /// Calm colours that are legible on dark and light terminals.
    #[default]
    Default,
    /// Blue, orange and bluish green after Okabe and Ito: told apart with any colour vision.
    Colorblind,
    /// No colour: bold, dim and reversed.
    Mono,
}

/// Roles as styles.
#[derive(Clone, Copy, Debug)]
pub struct Theme(ThemeName);

impl Theme {
    /// A palette; without colour it is always [`ThemeName::Mono`].
    pub fn new(name: ThemeName, color: bool) -> Self {
        Self(if color { name } else { ThemeName::Mono })
    }

    /// Whether it has colours.
    pub fn has_colour(self) -> bool {
        self.0 != ThemeName::Mono
    }

    /// The style of a role.
    pub fn style(self, role: Role) -> Style {
        match self.0 {
            ThemeName::Mono => mono(role),
            ThemeName::Default => coloured(role, &CALM),
            ThemeName::Colorblind => coloured(role, &OKABE_ITO),
        }
    }
}

/// The hues in which palettes differ, as indexes of the 256-colour table (terminals without it show the nearest).
struct Hues {
    got: u8,
    waiting: u8,
    others: u8,
    capacity: u8,
    live: u8,
    alarm: u8,
}

const CALM: Hues = Hues { got: 37, waiting: 172, others: 97, capacity: 33, live: 71, alarm: 167 };
const OKABE_ITO: Hues = Hues { got: 32, waiting: 214, others: 175, capacity: 221, live: 36, alarm: 166 };

fn coloured(role: Role, hues: &Hues) -> Style {
    let fg = |index| Style::new().fg(Color::Indexed(index));
    match role {
        Role::Plain => Style::new(),
        Role::Faint => fg(244),
        Role::Frame => fg(240),
        Role::Strong => Style::new().add_modifier(Modifier::BOLD),
        Role::Heading => fg(246).add_modifier(Modifier::BOLD),
        Role::Bar => fg(252).bg(Color::Indexed(236)),
        Role::Key => fg(255).bg(Color::Indexed(24)).add_modifier(Modifier::BOLD),
        Role::Selected => fg(255).bg(Color::Indexed(24)),
        Role::Got => fg(hues.got),
        Role::Waiting => fg(hues.waiting),
        Role::Others => fg(hues.others),
        Role::Capacity => fg(hues.capacity).add_modifier(Modifier::BOLD),
        Role::Live => fg(hues.live),
        Role::Paused => fg(hues.waiting).add_modifier(Modifier::BOLD),
        Role::Alarm => fg(hues.alarm).add_modifier(Modifier::BOLD),
        Role::Healthy => fg(hues.live).add_modifier(Modifier::BOLD),
        Role::Severe => fg(hues.alarm).add_modifier(Modifier::BOLD | Modifier::REVERSED),
    }
}

fn mono(role: Role) -> Style {
    let modifier = match role {
        Role::Plain | Role::Got | Role::Others | Role::Live => Modifier::empty(),
        Role::Faint | Role::Frame => Modifier::DIM,
        Role::Strong | Role::Heading | Role::Waiting | Role::Capacity | Role::Alarm | Role::Paused | Role::Healthy => {
            Modifier::BOLD
        }
        Role::Bar | Role::Selected => Modifier::REVERSED,
        Role::Key | Role::Severe => Modifier::REVERSED.union(Modifier::BOLD),
    };
    Style::new().add_modifier(modifier)
}

/// How the screen looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Appearance {
    /// Whether colours may be used (NO_COLOR, --color).
    pub color: bool,
    /// Which palette.
    pub theme: ThemeName,
    /// Whether every glyph must be ASCII.
    pub ascii: bool,
}
