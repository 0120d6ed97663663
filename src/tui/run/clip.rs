//! What is copied: the remedy, the selected line, or all of a table, as text.

use std::ops::Range;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::data::run::OutputLine;
use crate::data::scene::Scene;
use crate::model::advice;
use crate::present::block::Block;
use crate::present::{format, verdict};
use crate::tui::keys::CopyPart;
use crate::tui::state::Dashboard;
use crate::tui::state::parts::Mode;
use crate::tui::table::row_key;
use crate::tui::table::row_key::TableRow;
use crate::tui::tabs::View;
use crate::tui::view::frame;
use crate::tui::view::main::table;

/// Columns of a table that is copied: enough for every column.
const WIDE: u16 = 260;
/// Rows that are copied at most.
const MOST_ROWS: usize = 2000;

/// What is copied, and what that is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clip {
    /// "the remedy".
    pub what: String,
    /// With a line break behind each line but the last.
    pub text: String,
}

/// What a copy of this part is; or why there is nothing to copy.
pub fn clip(dashboard: &Dashboard, part: CopyPart) -> Result<Clip, String> {
    let (what, lines) = match dashboard.mode() {
        Mode::WhatIf(what_if) => {
            let shell = advice::export(&what_if.caps).map(|line| ("shell", line));
            let python = advice::python(&what_if.caps).map(|line| ("Python", line));
            ("the settings of the sliders".to_owned(), labelled(shell.into_iter().chain(python).collect()))
        }
        Mode::Stacks(stacks) => ("the stacks".to_owned(), stacks.lines().unwrap_or_default().to_vec()),
        Mode::Runs => match dashboard.runs().comparison() {
            Some((_, compared)) => {
                ("the comparison".to_owned(), compared.map(|it| it.lines.clone()).unwrap_or_default())
            }
            None => {
                let runs = dashboard.runs();
                let id = runs.list().runs.get(runs.at()).map(|run| run.id.clone());
                ("the run's name".to_owned(), id.into_iter().collect())
            }
        },
        _ if dashboard.view() == View::Output => output(dashboard, part),
        _ if part == CopyPart::All => {
            let rows = dashboard.rows().len();
            let what = match rows {
                rows if rows > MOST_ROWS => format!("the first {MOST_ROWS} of {rows} rows"),
                _ => format!("all of {}", dashboard.view().name()),
            };
            (what, rows_as_text(dashboard, 0..rows.min(MOST_ROWS), true))
        }
        _ => selected(dashboard),
    };
    let lines: Vec<String> = lines.iter().map(|line| format::clean(line.trim_end())).collect();
    match lines.iter().all(String::is_empty) {
        true => Err(format!("nothing to copy: {}", nothing(dashboard))),
        false => Ok(Clip { what, text: lines.join("\n") }),
    }
}

fn nothing(dashboard: &Dashboard) -> &'static str {
    match dashboard.mode() {
        Mode::WhatIf(_) => "no cap is set on the sliders",
        Mode::Stacks(_) => "there are no stacks yet",
        Mode::Runs => "there is no run",
        _ if dashboard.view() == View::Output => "there is no output",
        _ => "no row is selected, and nothing is advised",
    }
}

/// The selected row, of a cause that was found its remedy; without a selection the caps that are advised.
fn selected(dashboard: &Dashboard) -> (String, Vec<String>) {
    let scene = dashboard.scene();
    let advised = || ("the advised setting".to_owned(), labelled(verdict::pasteable_advice(&scene.headline)));
    let Some(at) = dashboard.cursor().selected().map(|_| dashboard.cursor().at()) else { return advised() };
    match dashboard.rows().get(at) {
        Some(&TableRow::Line(Block::Cause(cause), _)) if let Some(remedy) = remedy(scene, cause) => {
            ("the remedy".to_owned(), remedy)
        }
        Some(_) => ("the row".to_owned(), rows_as_text(dashboard, row_key::whole(dashboard.rows(), at), false)),
        None => advised(),
    }
}

/// What helps against a cause: the lines that can be pasted, else the words.
fn remedy(scene: &Scene, cause: usize) -> Option<Vec<String>> {
    let finding = scene.judgements.get(cause)?.finding()?;
    let lines = labelled(verdict::pasteable(finding));
    let words = || vec![finding.remedy.text.clone()];
    Some(if lines.is_empty() { words() } else { lines }).filter(|lines| lines.iter().any(|line| !line.is_empty()))
}

/// One line as it is; of several each below its language, as a comment of both.
fn labelled(lines: Vec<(&'static str, String)>) -> Vec<String> {
    match lines.as_slice() {
        [(_, line)] => vec![line.clone()],
        _ => lines.into_iter().flat_map(|(language, line)| [format!("# {language}"), line]).collect(),
    }
}

fn output(dashboard: &Dashboard, part: CopyPart) -> (String, Vec<String>) {
    let Some(output) = dashboard.output() else { return (String::new(), Vec::new()) };
    let plain = |line: &OutputLine| line.0.iter().map(|piece| piece.text.as_str()).collect::<String>();
    let (first, end) = match part {
        CopyPart::Selected => dashboard.output_lines(),
        CopyPart::All => (output.end().saturating_sub(MOST_ROWS as u64).max(output.dropped), output.end()),
    };
    let lines: Vec<String> = (first..end).filter_map(|number| output.line(number)).map(plain).collect();
    (format!("{} of output", format::count(lines.len(), "line", "lines")), lines)
}

/// Rows of the table as they would stand on a wide screen, lines of lists as they stand on this one.
fn rows_as_text(dashboard: &Dashboard, rows: Range<usize>, headed: bool) -> Vec<String> {
    let (is_table, height) = (dashboard.view().is_table(), rows.len().min(MOST_ROWS) as u16);
    let width = if is_table { WIDE } else { dashboard.areas().list.width };
    let Ok(mut terminal) = Terminal::new(TestBackend::new(width.max(1), height + 1));
    let (headings, list) = (Rect::new(0, 0, width, 1), Rect::new(0, 1, width, height));
    let Ok(drawn) = terminal.draw(|frame| table::draw_from(frame, (headings, list), rows.start, dashboard));
    // The first cell is the mark of the selected row.
    let lines = lines(drawn.buffer).into_iter().map(|line| line.chars().skip(1).collect::<String>());
    lines.skip(usize::from(!(headed && is_table))).collect()
}

/// All of the screen.
pub(crate) fn screen(dashboard: &Dashboard) -> String {
    let size = dashboard.size();
    let Ok(mut terminal) = Terminal::new(TestBackend::new(size.width, size.height));
    let Ok(drawn) = terminal.draw(|frame| frame::draw(frame, dashboard));
    lines(drawn.buffer).into_iter().map(|line| line + "\n").collect()
}

/// A buffer's lines without the blanks at their ends; a wide character takes the cells behind it.
fn lines(buffer: &Buffer) -> Vec<String> {
    let line = |row: &[ratatui::buffer::Cell]| {
        let (mut line, mut skip) = (String::new(), 0);
        for cell in row {
            if skip == 0 {
                skip = format::width(cell.symbol());
                line.push_str(cell.symbol());
            }
            skip = skip.saturating_sub(1);
        }
        line.trim_end().to_owned()
    };
    buffer.content.chunks(usize::from(buffer.area.width.max(1))).map(line).collect()
}
