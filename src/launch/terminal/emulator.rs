//! What a terminal would show of the bytes a command writes. Escape sequences end here: what comes out is text with a
//! look. Titles, the clipboard, bells and questions to the terminal are dropped.

use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use crate::data::Text;
use crate::data::run::{OutputLine, StyledText, TerminalOutput, TextColor, TextStyle, WindowSize};
use crate::data::text::is_invisible;
use crate::linux::pty::possible;

/// Bytes taken in at a time: few, because each may ask for much; what leaves the screen meanwhile must fit into [`AT_ONCE`].
const PIECE: usize = 128;
/// Bytes at the end that are shown even when there is no time for those before.
const TAIL: usize = 16 << 10;
/// Lines the parser keeps until they are fetched.
const AT_ONCE: usize = 4096;

/// A screen that a command writes on, and the lines that have left it.
pub struct Emulator {
    parser: vt100::Parser,
    /// Its lines that have left the screen are kept up to date; its screen only by [`Emulator::output`].
    output: TerminalOutput,
}

impl Emulator {
    /// An empty screen.
    pub fn new(size: WindowSize) -> Self {
        Self { parser: parser(size), output: TerminalOutput::default() }
    }

    /// Takes bytes in. What takes longer than that is skipped, but for the last lines, which may take as long again. A few
    /// bytes can ask for millions of characters, and nobody may stop tftop that way.
    pub fn take_in(&mut self, bytes: &[u8], longest: Duration) {
        let left = self.work(bytes, longest);
        if left.is_empty() {
            return;
        }
        let tail = left.len().saturating_sub(TAIL);
        let line = left.iter().skip(tail).position(|&byte| byte == b'\n').map_or(tail, |at| tail + at + 1);
        let (middle, last) = left.split_at(if tail == 0 { 0 } else { line });
        self.skip(middle.len());
        let left = self.work(last, longest);
        self.skip(left.len());
    }

    /// What could not be done in time.
    fn work<'a>(&mut self, mut bytes: &'a [u8], longest: Duration) -> &'a [u8] {
        let begin = Instant::now();
        while !bytes.is_empty() && begin.elapsed() <= longest {
            let (piece, rest) = bytes.split_at(piece_end(bytes));
            bytes = rest;
            if catch_unwind(AssertUnwindSafe(|| self.parser.process(piece))).is_err() {
                // A bug in the parser costs the screen, not the run.
                let (rows, columns) = self.parser.screen().size();
                self.parser = parser(WindowSize { columns: columns.get(), rows: rows.get() });
                self.output.skipped_bytes += piece.len() as u64;
            }
            self.fetch();
        }
        bytes
    }

    /// Says that bytes will never come.
    pub fn skip(&mut self, bytes: usize) {
        if bytes == 0 {
            return;
        }
        self.output.skipped_bytes += bytes as u64;
        // Whatever sequence was cut in the middle ends here (CAN), and colours begin anew on a new line.
        self.parser.process(b"\x18\x1b[m\r\n");
        self.parser.process(format!("[tftop: {bytes} bytes came too fast to be shown]\r\n").as_bytes());
        self.fetch();
    }

    /// Gives the screen another size. What would be cut off at the right leaves the screen upwards, whole.
    pub fn resize(&mut self, size: WindowSize) {
        let size = possible(size);
        let screen = self.parser.screen();
        let (above, _) = screen.cursor_position();
        if size.columns < screen.size().1.get() && above > 0 && !screen.alternate_screen() {
            self.parser.process(format!("\x1b[{above}S\x1b[{above}A").as_bytes());
            self.fetch();
        }
        self.parser.screen_mut().set_size(at_least_one(size.rows), at_least_one(size.columns));
        self.fetch();
    }

    /// All that is kept, as of now.
    pub fn output(&mut self) -> &TerminalOutput {
        let screen = self.parser.screen();
        let (rows, columns) = screen.size();
        let (row, column) = screen.cursor_position();
        self.output.cursor = (column.min(columns.get() - 1), row);
        self.output.screen = (0..rows.get()).map(|row| line(screen, row)).collect();
        let written = self.output.screen.iter().rposition(|line| !line.0.is_empty()).map_or(0, |last| last + 1);
        // The line with the cursor counts as soon as anything was written.
        let least = if row == 0 && column == 0 { written } else { written.max(usize::from(row) + 1) };
        self.output.screen.truncate(least);
        &self.output
    }

    /// Fetches what has left the screen.
    fn fetch(&mut self) {
        let screen = self.parser.screen_mut();
        let rows = usize::from(screen.size().0.get());
        let mut left = screen.scrollback_len();
        if left == 0 {
            return;
        }
        while left > 0 {
            screen.set_scrollback(left);
            for row in 0..left.min(rows) {
                self.output.push(line(screen, row as u16));
            }
            left = left.saturating_sub(rows);
        }
        screen.clear_scrollback();
    }
}

impl std::fmt::Debug for Emulator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Emulator").field("end", &self.output.end()).finish_non_exhaustive()
    }
}

/// Where the next piece ends: behind its first escape sequence, because each may be a lot of work.
fn piece_end(bytes: &[u8]) -> usize {
    let piece = bytes.get(..PIECE).unwrap_or(bytes);
    let Some(escape) = memchr::memchr(0x1b, piece) else { return piece.len() };
    // The second byte may be the last one of a short sequence; then there are two in this piece.
    let last = piece.iter().skip(escape + 2).position(|byte| (0x40..=0x7e).contains(byte));
    last.map_or(piece.len(), |at| escape + 2 + at + 1)
}

fn parser(size: WindowSize) -> vt100::Parser {
    let size = possible(size);
    vt100::Parser::new(at_least_one(size.rows), at_least_one(size.columns), AT_ONCE)
}

fn at_least_one(cells: u16) -> NonZero<u16> {
    NonZero::new(cells).unwrap_or(NonZero::<u16>::MIN)
}

/// A line of the screen without the blanks at its end.
fn line(screen: &vt100::Screen, row: u16) -> OutputLine {
    let mut pieces: Vec<(String, TextStyle)> = Vec::new();
    // Blanks are written when something follows them.
    let mut blanks = 0;
    for column in 0..screen.size().1.get() {
        let Some(cell) = screen.cell(row, column) else { break };
        if cell.is_wide_continuation() {
            continue;
        }
        let look = look(cell);
        if !cell.has_contents() && look == TextStyle::default() {
            blanks += 1;
            continue;
        }
        if blanks > 0 {
            add(&mut pieces, TextStyle::default(), &" ".repeat(blanks));
            blanks = 0;
        }
        add(&mut pieces, look, if cell.has_contents() { cell.contents() } else { " " });
    }
    OutputLine(pieces.into_iter().map(|(text, look)| StyledText { text: text.into(), look }).collect())
}

fn add(pieces: &mut Vec<(String, TextStyle)>, look: TextStyle, text: &str) {
    let shown = text.chars().filter(|c| !is_invisible(*c));
    match pieces.last_mut() {
        Some((last, same)) if *same == look && last.len() + text.len() <= Text::LONGEST => last.extend(shown),
        _ => pieces.push((shown.collect(), look)),
    }
}

fn look(cell: &vt100::Cell) -> TextStyle {
    TextStyle {
        text: colour(cell.fgcolor()),
        behind: colour(cell.bgcolor()),
        bold: cell.bold(),
        dim: cell.dim(),
        italic: cell.italic(),
        underlined: cell.underline(),
        reversed: cell.inverse(),
    }
}

fn colour(colour: vt100::Color) -> TextColor {
    match colour {
        vt100::Color::Default => TextColor::Usual,
        vt100::Color::Idx(index) => TextColor::Indexed(index),
        vt100::Color::Rgb(red, green, blue) => TextColor::Rgb(red, green, blue),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SIZE: WindowSize = WindowSize { columns: 40, rows: 5 };
    const AMPLE: Duration = Duration::from_secs(60);

    fn after(bytes: &[u8]) -> Emulator {
        let mut emulator = Emulator::new(SIZE);
        emulator.take_in(bytes, AMPLE);
        emulator
    }

    fn lines(emulator: &mut Emulator) -> Vec<String> {
        let output = emulator.output();
        (output.dropped..output.end()).map(|number| output.line(number).unwrap().text()).collect()
    }

    #[test]
    fn a_progress_bar_is_one_line() {
        let mut emulator = after(b"Epoch 1/2\r\n1/9 [=>.......]\r2/9 [==>......]\x08\x08\x08!!]\x1b[K");
        assert_eq!(lines(&mut emulator), ["Epoch 1/2", "2/9 [==>....!!]"]);
        assert_eq!(emulator.output().cursor, (15, 1));
    }

    #[test]
    fn what_leaves_the_screen_is_kept_in_order_with_its_colours() {
        let text: String = (0..3_000).map(|number| format!("\x1b[3{}mline {number}\x1b[m\r\n", number % 8)).collect();
        let mut emulator = after(text.as_bytes());
        let lines = lines(&mut emulator);
        assert_eq!(lines.len(), 3_001, "and the line with the cursor");
        assert!(lines.iter().take(3_000).enumerate().all(|(at, line)| *line == format!("line {at}")));
        let third = emulator.output().line(3).unwrap().clone();
        assert_eq!(third.0[0].look, TextStyle { text: TextColor::Indexed(3), ..TextStyle::default() });
    }

    #[test]
    fn titles_the_clipboard_and_questions_leave_no_trace() {
        let mut emulator =
            after(b"a\x1b]0;title\x07b\x1b]52;c;aGk=\x07c\x1b[6n\x1b[c\x07d\x1bPq#0\x1b\\e\x1b[?1000h\x1b[?1049hf");
        emulator.take_in(b"\x1b[?1049l", AMPLE);
        assert_eq!(lines(&mut emulator), ["abcde"]);
    }

    #[test]
    fn a_narrower_screen_cuts_nothing_that_was_written() {
        let mut emulator = after(b"123456789 123456789 123456789\r\nsecond line, a long one\r\nbar");
        emulator.resize(WindowSize { columns: 10, rows: 4 });
        emulator.take_in(b"\rBAR\r\nnext", AMPLE);
        let expected = ["123456789 123456789 123456789", "second line, a long one", "BAR", "next"];
        assert_eq!(lines(&mut emulator), expected);
        emulator.resize(WindowSize { columns: 60, rows: 30 });
        emulator.take_in(b"\r\nlast", AMPLE);
        assert_eq!(lines(&mut emulator), [&expected[..], &["last"]].concat());
    }

    #[test]
    fn whatever_comes_its_time_is_kept() {
        let longest = Duration::from_millis(50);
        let largest = WindowSize { columns: 1_000, rows: 500 };
        let mut slowest = Duration::ZERO;
        for (what, bytes) in [
            ("a character repeated 65,535 times", b"x\x1b[65535b".repeat(200_000)),
            ("a line of 10 MB", b"x".repeat(10_000_000)),
            ("10 MB of empty lines", b"\n".repeat(10_000_000)),
            ("everything scrolled away", b"\x1b[65535S".repeat(200_000)),
            ("scroll regions", b"\x1b[2;499r\x1b[65535S\x1b[65535T\x1b[1;500r\x1b[65535S".repeat(50_000)),
            ("lines inserted and deleted", b"\x1b[H\x1b[65535L\x1b[65535M".repeat(100_000)),
            ("the screen cleared", b"\x1b[2J\x1b[3J".repeat(200_000)),
            ("the screen filled and reset", b"\x1b#8\x1bc".repeat(200_000)),
            ("two screens", b"\x1b[?1049h\x1b[?1049l".repeat(200_000)),
            ("numbers without end", [b"\x1b[".to_vec(), b"99999999;".repeat(1_000_000)].concat()),
            ("a title without end", [b"\x1b]0;".to_vec(), b"x".repeat(10_000_000)].concat()),
            ("marks on one character", "e\u{301}\u{301}\u{301}".repeat(1_000_000).into_bytes()),
        ] {
            let mut emulator = Emulator::new(largest);
            let begin = Instant::now();
            emulator.take_in(&bytes, longest);
            let took = begin.elapsed();
            slowest = slowest.max(took);
            println!("{what}: {took:?}, {} bytes skipped", emulator.output().skipped_bytes);
        }
        // Twice its time, and a sequence each time; the rest is for builds for debugging on busy machines.
        assert!(slowest < Duration::from_secs(3), "{slowest:?}");
    }

    #[test]
    fn what_is_skipped_is_said() {
        let mut emulator = after(b"");
        emulator.take_in(&b"x\x1b[65535b".repeat(200_000), Duration::from_millis(50));
        assert!(emulator.output().skipped_bytes > 0);
        assert!(lines(&mut emulator).concat().contains("bytes came too fast to be shown"));
    }

    /// Pieces of terminal output, most of them escape sequences with numbers out of any range.
    fn garbage() -> impl Strategy<Value = Vec<u8>> {
        let sequence =
            (prop::sample::select(vec!["\x1b[", "\x1b[?", "\x1b]", "\x1b", "\x1bP"]), any::<[u16; 2]>(), any::<u8>())
                .prop_map(|(start, [a, b], last)| [format!("{start}{a};{b}").as_bytes(), &[last]].concat());
        let text = prop::sample::select(vec![
            "text",
            "日本",
            "e\u{301}",
            "👩\u{200d}👩",
            "\u{202e}x",
            "❤\u{fe0f}",
            "\r\n",
            "\x08",
            "\t",
        ])
        .prop_map(|text| text.as_bytes().to_vec());
        let piece = prop_oneof![sequence, text, prop::collection::vec(any::<u8>(), 0..20)];
        prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn nothing_a_command_writes_comes_out_as_a_control_character(
            first in garbage(), then in garbage(), columns in 1_u16..50, rows in 1_u16..20,
        ) {
            let mut emulator = after(&first);
            emulator.resize(WindowSize { columns, rows });
            emulator.take_in(&then, AMPLE);
            for line in lines(&mut emulator) {
                prop_assert!(!line.chars().any(|c| c.is_control() || is_invisible(c)), "{line:?}");
            }
            let (column, row) = emulator.output().cursor;
            prop_assert!(column < columns && row < rows);
        }
    }
}
