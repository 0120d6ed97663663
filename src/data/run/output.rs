//! What a command has written, as a terminal would show it: lines of styled text, never the bytes themselves.

use std::sync::Arc;

use crate::data::Text;

/// Lines of a block of [`Output::past`]; only the last block has fewer.
const BLOCK: usize = 256;
/// Lines kept after they have left the screen; whole blocks go, so it may be one block more.
const LINES_KEPT: usize = 10_000;

/// Everything that is kept of a command's output, at one instant.
#[derive(Clone, Debug, Default)]
pub struct TerminalOutput {
    /// Lines that were there before the first one kept.
    pub dropped: u64,
    /// Lines that have left the terminal's screen, the oldest first.
    past: Vec<Arc<Vec<OutputLine>>>,
    /// The terminal's screen from the top, without the empty lines at its end.
    pub screen: Vec<OutputLine>,
    /// Column and row of the cursor on that screen.
    pub cursor: (u16, u16),
    /// Bytes that came too fast to be shown.
    pub skipped_bytes: u64,
    /// The file that all of it goes to.
    pub log: LogFact,
    /// How the command ended, in words: "ended with exit code 0"; none while it runs.
    pub ended: Option<Text>,
}

/// The file a command's output goes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogFact {
    /// Its path.
    pub path: Text,
    /// Bytes in it.
    pub bytes: u64,
    /// Why it does not have everything; none while it does.
    pub incomplete: Option<Text>,
}

/// Columns and rows of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowSize {
    /// Cells of a line.
    pub columns: u16,
    /// Lines.
    pub rows: u16,
}

/// A line of a terminal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutputLine(pub Vec<StyledText>);

/// A piece of a line that looks the same all along.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StyledText {
    /// What it says.
    pub text: Text,
    /// How it looks.
    pub look: TextStyle,
}

/// How a command wants its text to look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TextStyle {
    /// Colour of the text.
    pub text: TextColor,
    /// Colour behind it.
    pub behind: TextColor,
    /// Bold.
    pub bold: bool,
    /// Fainter than the rest.
    pub dim: bool,
    /// Slanted.
    pub italic: bool,
    /// Underlined.
    pub underlined: bool,
    /// The two colours exchanged.
    pub reversed: bool,
}

/// A colour of a terminal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TextColor {
    /// Whatever the terminal has.
    #[default]
    Usual,
    /// One of its 256 colours.
    Indexed(u8),
    /// Red, green, blue.
    Rgb(u8, u8, u8),
}

impl TerminalOutput {
    /// Takes in a line that has left the screen.
    pub fn push(&mut self, line: OutputLine) {
        match self.past.last_mut() {
            Some(block) if block.len() < BLOCK => Arc::make_mut(block).push(line),
            _ => self.past.push(Arc::new(vec![line])),
        }
        if self.past.len() > LINES_KEPT.div_ceil(BLOCK) {
            self.dropped += self.past.remove(0).len() as u64;
        }
    }

    /// The number of the line behind the last one. Lines are numbered from 0 in the order they came, whether they are
    /// kept or not: a number stands for the same line as long as that is kept.
    pub fn end(&self) -> u64 {
        self.screen_start() + self.screen.len() as u64
    }

    /// The number of the first line of the terminal's screen.
    pub fn screen_start(&self) -> u64 {
        let last = self.past.last().map_or(0, |block| block.len());
        self.dropped + (self.past.len().saturating_sub(1) * BLOCK + last) as u64
    }

    /// A line by its number; none where there is none, or none any more.
    pub fn line(&self, number: u64) -> Option<&OutputLine> {
        if let Some(on_screen) = number.checked_sub(self.screen_start()) {
            return self.screen.get(usize::try_from(on_screen).ok()?);
        }
        let at = usize::try_from(number.checked_sub(self.dropped)?).ok()?;
        self.past.get(at / BLOCK)?.get(at % BLOCK)
    }

    /// Whether nothing was written yet.
    pub fn is_empty(&self) -> bool {
        self.end() == 0 && self.skipped_bytes == 0
    }
}

impl OutputLine {
    /// Its text alone.
    pub fn text(&self) -> String {
        self.0.iter().map(|piece| piece.text.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(number: u64) -> OutputLine {
        OutputLine(vec![StyledText { text: number.to_string().into(), look: TextStyle::default() }])
    }

    #[test]
    fn a_number_stands_for_the_same_line_while_it_is_kept() {
        let mut output = TerminalOutput::default();
        assert!(output.is_empty() && output.line(0).is_none());
        let many = LINES_KEPT as u64 + 3 * BLOCK as u64 + 7;
        for number in 0..many {
            output.push(line(number));
            assert_eq!(output.line(number), Some(&line(number)));
        }
        output.screen = vec![line(many), line(many + 1)];
        assert_eq!(output.end(), many + 2);
        assert!(output.dropped > 0 && many - output.dropped >= LINES_KEPT as u64, "{}", output.dropped);
        assert!((many - output.dropped) as usize <= LINES_KEPT + BLOCK, "{}", output.dropped);
        for number in output.dropped..output.end() {
            assert_eq!(output.line(number), Some(&line(number)));
        }
        assert!(output.line(output.dropped - 1).is_none() && output.line(output.end()).is_none());
    }

    #[test]
    fn a_copy_shares_what_does_not_change() {
        let mut output = TerminalOutput::default();
        (0..1_000).for_each(|number| output.push(line(number)));
        let copy = output.clone();
        (1_000..1_010).for_each(|number| output.push(line(number)));
        assert!(Arc::ptr_eq(&copy.past[0], &output.past[0]));
        assert_eq!((copy.end(), output.end()), (1_000, 1_010));
    }
}
