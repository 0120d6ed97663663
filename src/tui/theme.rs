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
    /// Dark colours for a light terminal.
    Light,
    /// Bright colours on black, whatever the terminal's own are.
    HighContrast,
}

impl ThemeName {
    /// All of them, with the names that the settings and the command line have for them.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::Default, "default"),
        (Self::Colorblind, "colorblind"),
        (Self::Mono, "mono"),
        (Self::Light, "light"),
        (Self::HighContrast, "high-contrast"),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(theme, _)| *theme == self).map_or("", |(_, name)| name)
    }
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
            ThemeName::Light => light(role),
            ThemeName::HighContrast => high_contrast(role),
        }
    }

    /// What lies under everything: the terminal's own colours, unless the palette has some of its own.
    pub fn ground(self) -> Style {
        if self.0 == ThemeName::HighContrast { on(WHITE, BLACK) } else { Style::new() }
    }

    /// Whether it is made for a light terminal.
    pub fn is_light(self) -> bool {
        self.0 == ThemeName::Light
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

/// Two indexes of the 256-colour table that no terminal chooses itself.
const BLACK: u8 = 16;
const WHITE: u8 = 231;

fn ink(index: u8) -> Style {
    Style::new().fg(Color::Indexed(index))
}

fn on(text: u8, ground: u8) -> Style {
    ink(text).bg(Color::Indexed(ground))
}

fn bold(style: Style) -> Style {
    style.add_modifier(Modifier::BOLD)
}

/// Text has at least 4.5 times the luminance of white or cream, after WCAG 2.2 (1.4.3): a test computes it.
fn light(role: Role) -> Style {
    match role {
        Role::Plain => Style::new(),
        Role::Faint => ink(240),
        Role::Frame => ink(242),
        Role::Strong => bold(Style::new()),
        Role::Heading => bold(ink(238)),
        Role::Bar => on(234, 254),
        Role::Key => bold(on(WHITE, 24)),
        Role::Selected => on(BLACK, 153),
        Role::Got => ink(23),
        Role::Waiting => ink(94),
        Role::Others => ink(90),
        Role::Capacity => bold(ink(25)),
        Role::Live => ink(22),
        Role::Paused => bold(ink(94)),
        Role::Alarm => bold(ink(124)),
        Role::Healthy => bold(ink(22)),
        Role::Severe => bold(on(WHITE, 124)),
    }
}

/// At least 7 times that of the black ground, as WCAG 2.2 (1.4.6) has it.
fn high_contrast(role: Role) -> Style {
    match role {
        Role::Plain => ink(WHITE),
        Role::Faint => ink(252),
        Role::Frame => ink(250),
        Role::Strong => bold(Style::new()),
        Role::Heading => bold(ink(WHITE)),
        Role::Bar => on(WHITE, 17),
        Role::Key => bold(on(BLACK, 226)),
        Role::Selected => on(BLACK, 51),
        Role::Got => ink(51),
        Role::Waiting => ink(226),
        Role::Others => ink(213),
        Role::Capacity => bold(ink(WHITE)),
        Role::Live => ink(46),
        Role::Paused => bold(ink(226)),
        Role::Alarm => bold(ink(210)),
        Role::Healthy => bold(ink(46)),
        Role::Severe => bold(on(BLACK, 210)),
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

/// The colour of an index in xterm's table of 256; none for the 16 that terminals choose themselves.
pub(crate) fn indexed(at: u8) -> Option<[u8; 3]> {
    // A cube of 6 x 6 x 6 colours, then a ramp of greys.
    let level = |at: u8| [0_u8, 95, 135, 175, 215, 255].get(usize::from(at)).copied().unwrap_or_default();
    match at {
        0..16 => None,
        16..232 => Some([level((at - 16) / 36), level((at - 16) / 6 % 6), level((at - 16) % 6)]),
        _ => Some([8 + (at - 232) * 10; 3]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLES: [Role; 17] = [
        Role::Plain,
        Role::Faint,
        Role::Strong,
        Role::Heading,
        Role::Frame,
        Role::Bar,
        Role::Key,
        Role::Selected,
        Role::Got,
        Role::Waiting,
        Role::Others,
        Role::Capacity,
        Role::Live,
        Role::Paused,
        Role::Alarm,
        Role::Healthy,
        Role::Severe,
    ];

    /// Relative luminance (WCAG 2.2).
    fn luminance(colour: [u8; 3]) -> f64 {
        let [red, green, blue] = colour.map(|part| match f64::from(part) / 255.0 {
            part if part <= 0.04045 => part / 12.92,
            part => ((part + 0.055) / 1.055).powf(2.4),
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    fn contrast(a: [u8; 3], b: [u8; 3]) -> f64 {
        let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
        a.max(b) / a.min(b)
    }

    /// The colour of a style's text, or of what is behind it; none where that is the terminal's own.
    fn rgb(colour: Option<Color>) -> Option<[u8; 3]> {
        match colour {
            None | Some(Color::Reset) => None,
            Some(Color::Indexed(at)) => {
                Some(indexed(at).expect("the sixteen first ones differ from terminal to terminal"))
            }
            Some(other) => panic!("{other:?} is not in the table of 256"),
        }
    }

    /// The least contrast of all roles, on the bar too, where the terminal has these colours.
    fn least(theme: Theme, text: [u8; 3], ground: [u8; 3]) -> (f64, Style) {
        let bar = theme.style(Role::Bar);
        let styles = ROLES.map(|role| theme.style(role)).into_iter();
        let states = [Role::Live, Role::Paused, Role::Alarm, Role::Strong].map(|role| bar.patch(theme.style(role)));
        let of = |style: Style| {
            let style = theme.ground().patch(style);
            assert!(!style.add_modifier.intersects(Modifier::DIM | Modifier::REVERSED), "{style:?}");
            (contrast(rgb(style.fg).unwrap_or(text), rgb(style.bg).unwrap_or(ground)), style)
        };
        styles.chain(states).map(of).min_by(|(a, _), (b, _)| a.total_cmp(b)).unwrap()
    }

    #[test]
    fn contrast_is_that_of_the_standard() {
        assert!((contrast([0; 3], [255; 3]) - 21.0).abs() < 1e-9);
        assert!((contrast([0x77; 3], [255; 3]) - 4.48).abs() < 0.01);
    }

    #[test]
    fn the_light_theme_is_legible_on_white_and_on_cream() {
        let theme = Theme::new(ThemeName::Light, true);
        for ground in [[255; 3], [0xfd, 0xf6, 0xe3]] {
            let (least, style) = least(theme, [0; 3], ground);
            assert!(least >= 4.5, "{least:.2}: {style:?} on {ground:?}");
        }
    }

    #[test]
    fn the_high_contrast_theme_has_seven_to_one_on_any_terminal() {
        let theme = Theme::new(ThemeName::HighContrast, true);
        for (text, ground) in [([255; 3], [0; 3]), ([0; 3], [255; 3]), ([128; 3], [128; 3])] {
            let (least, style) = least(theme, text, ground);
            assert!(least >= 7.0, "{least:.2}: {style:?}");
        }
    }

    #[test]
    fn what_must_be_told_apart_differs_in_every_coloured_theme() {
        for (name, _) in ThemeName::ALL.into_iter().filter(|(name, _)| *name != ThemeName::Mono) {
            let theme = Theme::new(name, true);
            let groups: [&[Role]; 3] = [
                &[Role::Got, Role::Waiting, Role::Others, Role::Capacity, Role::Faint],
                &[Role::Healthy, Role::Alarm, Role::Severe, Role::Paused, Role::Plain],
                &[Role::Plain, Role::Bar, Role::Key, Role::Selected],
            ];
            for roles in groups {
                let styles: Vec<Style> = roles.iter().map(|role| theme.ground().patch(theme.style(*role))).collect();
                let differ = styles.iter().enumerate().all(|(at, style)| !styles[..at].contains(style));
                assert!(differ, "{name:?}: {styles:?}");
            }
        }
    }

    #[test]
    fn without_colour_every_theme_is_mono() {
        for (name, _) in ThemeName::ALL {
            let theme = Theme::new(name, false);
            let mono = Theme::new(ThemeName::Mono, true);
            assert!(!theme.has_colour() && theme.ground() == Style::new());
            assert!(ROLES.iter().all(|role| theme.style(*role) == mono.style(*role)), "{name:?}");
        }
    }
}
