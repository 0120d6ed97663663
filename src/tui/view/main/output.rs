//! The command's output: the screen its terminal would show, and what has left that upwards.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

use crate::data::run::{StyledText, TerminalOutput, TextColor, TextStyle};
use crate::present::format;
use crate::tui::state::Dashboard;
use crate::tui::theme::Role;
use crate::tui::view::paint::{span, write};

/// Draws the output.
pub fn draw(frame: &mut Frame<'_>, area: Rect, dashboard: &Dashboard) {
    let theme = dashboard.theme();
    let faint = |text: &'static str| Line::from(span(text, theme.style(Role::Faint)));
    let Some(output) = dashboard.output() else {
        let text = " only commands started by `tftop run` have their output here";
        return write(frame, area, 0, &faint(text));
    };
    if output.is_empty() {
        return write(frame, area, 0, &faint(" no output yet"));
    }
    let (top, end) = dashboard.output_lines();
    for (row, number) in (0..area.height).zip(top..end) {
        let Some(line) = output.line(number) else { continue };
        let spans: Vec<Span<'_>> = line.0.iter().map(|piece| self::piece(piece, theme.has_colour())).collect();
        let beyond = crate::tui::view::paint::width(&spans) > area.width;
        write(frame, area, row, &Line::from(spans));
        if beyond {
            let last = Rect { x: area.right().saturating_sub(1), width: 1, ..area };
            write(frame, last, row, &faint("…"));
        }
    }
}

/// "lines 120-140 of 2300, live", and what is wrong with the log.
pub fn note(dashboard: &Dashboard, output: &TerminalOutput) -> String {
    let (top, end) = dashboard.output_lines();
    let lines = match output.end() {
        0 => "no output".to_owned(),
        all => format!("lines {}-{end} of {all}", top + 1),
    };
    let lines =
        if output.dropped > 0 { format!("{lines} (the first {} only in the log)", output.dropped) } else { lines };
    match dashboard.is_live() {
        true => lines,
        false => format!("{lines}, End goes on"),
    }
}

/// Why the log does not have everything.
pub fn alarm(output: &TerminalOutput) -> Option<String> {
    output.log.incomplete.as_ref().map(|why| format!("! the log is incomplete: {}", format::fit(why, 50)))
}

fn piece(piece: &StyledText, coloured: bool) -> Span<'_> {
    span(piece.text.as_str(), style(&piece.look, coloured))
}

fn style(look: &TextStyle, coloured: bool) -> Style {
    let mut style = Style::new();
    if coloured {
        style = style.fg(colour(look.text)).bg(colour(look.behind));
    }
    for (is, modifier) in [
        (look.bold, Modifier::BOLD),
        (look.dim, Modifier::DIM),
        (look.italic, Modifier::ITALIC),
        (look.underlined, Modifier::UNDERLINED),
        (look.reversed, Modifier::REVERSED),
    ] {
        if is {
            style = style.add_modifier(modifier);
        }
    }
    style
}

fn colour(colour: TextColor) -> Color {
    match colour {
        TextColor::Usual => Color::Reset,
        TextColor::Indexed(index) => Color::Indexed(index),
        TextColor::Rgb(red, green, blue) => Color::Rgb(red, green, blue),
    }
}
