//! The screen for terminals that know no more than ASCII: one pass over the finished buffer, so that no view can forget.

use ratatui::buffer::Buffer;

/// Replaces every glyph that is not ASCII; what has no likeness becomes `?`.
pub fn replace(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        if !cell.symbol().is_ascii() {
            let likeness = cell.symbol().chars().next().map_or(' ', likeness);
            cell.set_char(likeness);
        }
    }
}

fn likeness(glyph: char) -> char {
    match glyph {
        '█' => '#',
        '▇' => '%',
        '▆' => '*',
        '▅' => '+',
        '▄' => '=',
        '▃' => '-',
        '▂' => '.',
        '▁' => '_',
        '▒' | '░' => ':',
        '·' => '.',
        '━' => '=',
        '─' | '–' | '—' => '-',
        '│' | '┃' | '┤' => '|',
        '┌' | '┐' | '└' | '┘' | '├' | '┬' | '┴' => '+',
        '▸' | '→' | '▶' => '>',
        '◄' | '←' => '<',
        '▾' | '▼' | '↓' => 'v',
        '▲' | '↑' => '^',
        '●' => '*',
        '‖' => '=',
        '■' | '×' | '✗' => 'x',
        '✓' => '+',
        '…' => '~',
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;

    use super::*;

    #[test]
    fn nothing_but_ascii_is_left() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 1));
        buffer.set_string(0, 0, "日本 ▸ █▒·…é", ratatui::style::Style::new());
        replace(&mut buffer);
        let line: String = buffer.content.iter().map(|cell| cell.symbol()).collect();
        assert_eq!(line, "? ?  > #:.~?");
    }
}
