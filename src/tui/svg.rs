//! The screen as a picture: an SVG with every cell at its own place, for pages and documents. Needs no font of its own and
//! loads nothing; lines and blocks are drawn, so that they join in any font.

use std::fmt::Write as _;
use std::sync::Arc;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Cell;
use ratatui::layout::Size;
use ratatui::style::{Color, Modifier};

use crate::data::scene::Scene;
use crate::present::format;
use crate::tui::keys::Action;
use crate::tui::messages::replay::{ReplayState, ShownMoment};
use crate::tui::run::update::update;
use crate::tui::state::Dashboard;
use crate::tui::state::event::{Event, MouseTarget};
use crate::tui::tabs::View;
use crate::tui::theme;
use crate::tui::theme::Appearance;
use crate::tui::view::frame::draw;

/// Size of a cell, space around all of them, and where in a cell letters stand.
const CELL_WIDTH: f64 = 8.4;
const CELL_HEIGHT: f64 = 18.0;
const PAD: f64 = 12.0;
const BASE_LINE: f64 = 13.5;
/// A terminal's own colours, of text and behind it.
#[derive(Clone, Copy)]
struct Paper {
    text: &'static str,
    ground: &'static str,
}

const DARK: Paper = Paper { text: "#d0d0d0", ground: "#16181d" };
const LIGHT: Paper = Paper { text: "#24292f", ground: "#ffffff" };
/// The 16 colours that terminals choose themselves.
const BASIC: [&str; 16] = [
    "#1c1f26", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#c8ccd4", "#5c6370", "#ff7a85",
    "#b5e08f", "#ffd58a", "#7cc4ff", "#dd8ff5", "#6fd3e0", "#ffffff",
];

/// A view of the dashboard of a recording that stands still at a moment, on a screen of this size.
pub fn recorded_screen(scene: Arc<Scene>, (view, size): (View, Size), look: Appearance, title: &str) -> String {
    let mut dashboard = Dashboard::new(look, size, scene.clone());
    update(&mut dashboard, Event::Moment(ShownMoment { scene: Some(scene), state: ReplayState::recorded() }));
    update(&mut dashboard, Event::Click(MouseTarget::Button(Action::Show(view))));
    picture(&dashboard, title)
}

/// What is on screen; `title` is for those who can't see it.
pub fn picture(dashboard: &Dashboard, title: &str) -> String {
    let size = dashboard.size();
    let paper = if dashboard.theme().is_light() { LIGHT } else { DARK };
    let Ok(mut terminal) = Terminal::new(TestBackend::new(size.width, size.height));
    let Ok(drawn) = terminal.draw(|frame| draw(frame, dashboard));
    let [width, height] = [(size.width, CELL_WIDTH), (size.height, CELL_HEIGHT)]
        .map(|(cells, length)| (f64::from(cells) * length + 2.0 * PAD).ceil());
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         role=\"img\">\n<title>{}</title>\n<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{}\"/>\n<g \
         font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"13.5\">\n",
        escaped(title),
        paper.ground
    );
    let rows = drawn.buffer.content.chunks(usize::from(size.width.max(1)));
    let looks: Vec<Vec<Look<'_>>> = rows.map(|row| row.iter().map(|cell| Look::of(cell, paper)).collect()).collect();
    for (row, looks) in looks.iter().enumerate() {
        backgrounds(&mut svg, row, looks, paper);
    }
    for (row, looks) in looks.iter().enumerate() {
        glyphs(&mut svg, row, looks);
    }
    svg + "</g>\n</svg>\n"
}

/// How a cell looks.
#[derive(Clone, PartialEq)]
struct Look<'a> {
    symbol: &'a str,
    foreground: String,
    background: String,
    bold: bool,
    dim: bool,
}

impl<'a> Look<'a> {
    fn of(cell: &'a Cell, paper: Paper) -> Self {
        let style = cell.style();
        let has = |modifier| style.add_modifier.contains(modifier);
        let mut foreground = colour(cell.fg).unwrap_or_else(|| paper.text.to_owned());
        let mut background = colour(cell.bg).unwrap_or_else(|| paper.ground.to_owned());
        if has(Modifier::REVERSED) {
            std::mem::swap(&mut foreground, &mut background);
        }
        let (bold, dim) = (has(Modifier::BOLD), has(Modifier::DIM));
        Self { symbol: cell.symbol(), foreground, background, bold, dim }
    }

    /// Whether letters of both can stand in one piece of text.
    fn continues(&self, before: &Self) -> bool {
        let letters = |look: &Self| look.symbol.len() == 1;
        let style = |look: &Self| (look.foreground.clone(), look.bold, look.dim);
        letters(self) && letters(before) && style(self) == style(before)
    }
}

fn backgrounds(svg: &mut String, row: usize, looks: &[Look<'_>], paper: Paper) {
    let mut column = 0;
    for stretch in looks.chunk_by(|a, b| a.background == b.background) {
        if stretch[0].background != paper.ground {
            // A little more, so that nothing shines through between two.
            let width = stretch.len() as f64 * CELL_WIDTH + 0.2;
            rect(svg, (x(column), y(row), width, CELL_HEIGHT + 0.2), &stretch[0].background, 1.0);
        }
        column += stretch.len();
    }
}

fn glyphs(svg: &mut String, row: usize, looks: &[Look<'_>]) {
    let mut column = 0;
    for stretch in looks.chunk_by(|a, b| b.continues(a)) {
        let (text, look) = (stretch.iter().map(|look| look.symbol).collect::<String>(), &stretch[0]);
        let one = text.chars().next().filter(|_| stretch.len() == 1);
        if !one.is_some_and(|glyph| drawn(svg, glyph, (x(column), y(row)), look)) {
            // Several spaces are one to a renderer, or none at an end.
            let mut at = 0;
            for piece in text.split("  ") {
                let spaces = piece.len() - piece.trim_start_matches(' ').len();
                letters(svg, (column + at + spaces, row), piece.trim_matches(' '), look);
                at += piece.len() + 2;
            }
        }
        column += stretch.len();
    }
}

fn letters(svg: &mut String, (column, row): (usize, usize), text: &str, look: &Look<'_>) {
    if text.is_empty() {
        return;
    }
    let columns = f64::from(format::width(text));
    let mut style = String::new();
    style += if look.bold { " font-weight=\"bold\"" } else { "" };
    style += if look.dim { " opacity=\"0.65\"" } else { "" };
    let _ = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" textLength=\"{:.1}\" lengthAdjust=\"spacingAndGlyphs\" fill=\"{}\"{style}>{}</text>",
        x(column),
        y(row) + BASE_LINE,
        columns * CELL_WIDTH,
        look.foreground,
        escaped(text)
    );
}

/// Draws a block or a line; false for any other glyph.
fn drawn(svg: &mut String, glyph: char, (x, y): (f64, f64), look: &Look<'_>) -> bool {
    let opacity = if look.dim { 0.65 } else { 1.0 };
    let fill = &look.foreground;
    let (middle_x, middle_y) = (x + CELL_WIDTH / 2.0, y + CELL_HEIGHT / 2.0);
    // Which arms a line has: to the left, to the right, up, down; and how thick it is.
    let (arms, thick) = match glyph {
        '▁'..='█' => {
            let height = f64::from(u32::from(glyph) - u32::from('▁') + 1) / 8.0 * CELL_HEIGHT;
            rect(svg, (x, y + CELL_HEIGHT - height, CELL_WIDTH + 0.1, height), fill, opacity);
            return true;
        }
        '░' | '▒' => {
            let share = if glyph == '░' { 0.3 } else { 0.55 };
            rect(svg, (x, y, CELL_WIDTH + 0.1, CELL_HEIGHT), fill, opacity * share);
            return true;
        }
        '─' => ([true, true, false, false], 1.2),
        '━' => ([true, true, false, false], 2.4),
        '│' => ([false, false, true, true], 1.2),
        '┃' => ([false, false, true, true], 2.4),
        '┌' => ([false, true, false, true], 1.2),
        '┐' => ([true, false, false, true], 1.2),
        '└' => ([false, true, true, false], 1.2),
        '┘' => ([true, false, true, false], 1.2),
        '├' => ([false, true, true, true], 1.2),
        '┤' => ([true, false, true, true], 1.2),
        '┬' => ([true, true, false, true], 1.2),
        '┴' => ([true, true, true, false], 1.2),
        '┼' => ([true; 4], 1.2),
        _ => return false,
    };
    let half = thick / 2.0;
    let [left, right, up, down] = arms;
    let edge = |goes: bool, far: f64, near: f64| if goes { far } else { near };
    let (from_x, to_x) = (edge(left, x, middle_x - half), edge(right, x + CELL_WIDTH, middle_x + half));
    let (from_y, to_y) = (edge(up, y, middle_y - half), edge(down, y + CELL_HEIGHT, middle_y + half));
    if left || right {
        rect(svg, (from_x, middle_y - half, to_x - from_x, thick), fill, opacity);
    }
    if up || down {
        rect(svg, (middle_x - half, from_y, thick, to_y - from_y), fill, opacity);
    }
    true
}

fn rect(svg: &mut String, (x, y, width, height): (f64, f64, f64, f64), fill: &str, opacity: f64) {
    let opacity = if opacity < 1.0 { format!(" opacity=\"{opacity:.2}\"") } else { String::new() };
    let _ = writeln!(
        svg,
        "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{fill}\"{opacity}/>"
    );
}

fn x(column: usize) -> f64 {
    PAD + column as f64 * CELL_WIDTH
}

fn y(row: usize) -> f64 {
    PAD + row as f64 * CELL_HEIGHT
}

/// None: the terminal's own.
fn colour(colour: Color) -> Option<String> {
    let basic = |at: usize| BASIC.get(at).map(|colour| (*colour).to_owned());
    match colour {
        Color::Reset => None,
        Color::Black => basic(0),
        Color::Red => basic(1),
        Color::Green => basic(2),
        Color::Yellow => basic(3),
        Color::Blue => basic(4),
        Color::Magenta => basic(5),
        Color::Cyan => basic(6),
        Color::Gray => basic(7),
        Color::DarkGray => basic(8),
        Color::LightRed => basic(9),
        Color::LightGreen => basic(10),
        Color::LightYellow => basic(11),
        Color::LightBlue => basic(12),
        Color::LightMagenta => basic(13),
        Color::LightCyan => basic(14),
        Color::White => basic(15),
        Color::Rgb(red, green, blue) => Some(format!("#{red:02x}{green:02x}{blue:02x}")),
        Color::Indexed(at @ 0..16) => basic(usize::from(at)),
        Color::Indexed(at) => theme::indexed(at).map(|[red, green, blue]| format!("#{red:02x}{green:02x}{blue:02x}")),
    }
}

/// A text as it may stand in XML.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in format::clean(text).chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            // No XML may hold these.
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_colour_of_a_terminal_is_one_of_the_picture() {
        let of = |index| colour(Color::Indexed(index)).unwrap();
        assert_eq!([0, 15, 16, 37, 231].map(of), ["#1c1f26", "#ffffff", "#000000", "#00afaf", "#ffffff"]);
        assert_eq!([232, 244, 255].map(of), ["#080808", "#808080", "#eeeeee"]);
        assert_eq!((colour(Color::Rgb(1, 2, 255)), colour(Color::Reset)), (Some("#0102ff".to_owned()), None));
    }

    #[test]
    fn no_text_becomes_markup() {
        assert_eq!(escaped("</text><a b=\"c\">&\u{ffff}"), "&lt;/text&gt;&lt;a b=\"c\"&gt;&amp;\u{fffd}");
        assert!(!escaped("\u{1b}\u{202e}\0").contains(['\u{1b}', '\u{202e}', '\0']));
    }

    #[test]
    fn lines_reach_the_edges_of_their_cells_and_blocks_stand_on_the_ground() {
        let cell = Cell::default();
        let look = Look::of(&cell, DARK);
        let mut svg = String::new();
        assert!(drawn(&mut svg, '┌', (0.0, 0.0), &look) && drawn(&mut svg, '▄', (0.0, 0.0), &look));
        assert!(!drawn(&mut svg, 'a', (0.0, 0.0), &look));
        let expected = [
            "<rect x=\"3.6\" y=\"8.4\" width=\"4.8\" height=\"1.2\" fill=\"#d0d0d0\"/>",
            "<rect x=\"3.6\" y=\"8.4\" width=\"1.2\" height=\"9.6\" fill=\"#d0d0d0\"/>",
            "<rect x=\"0.0\" y=\"9.0\" width=\"8.5\" height=\"9.0\" fill=\"#d0d0d0\"/>",
        ];
        assert_eq!(svg.lines().collect::<Vec<_>>(), expected);
    }
}
