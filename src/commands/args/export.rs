//! The options of `tftop export`, and the words of its help.

use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueEnum};
use ratatui::layout::Size;

use crate::commands::args::span::MomentArgs;
use crate::output::ExportFormat;
use crate::tui::tabs::View;

/// Columns and rows of a picture.
const COLUMNS: std::ops::RangeInclusive<u16> = 20..=400;
const ROWS: std::ops::RangeInclusive<u16> = 6..=200;

/// What has no screen.
const TEXTS: [&str; 4] = ["csv", "json_lines", "perfetto", "html"];

const AFTER_HELP: &str = "\
Examples:
  tftop export last --csv -o run.csv
  tftop export 261120-1619 --json-lines | jq -c 'select(.origin == \"tf-data\") | [.offset_s, .got]'
  tftop export samples.tape --perfetto -o trace.json     open it in ui.perfetto.dev or chrome://tracing
  tftop export last --html -o run.html
  tftop export last --svg --at 1m30s --view limits -o limits.svg
  tftop export last --csv --from 14:05 --to 14:10

CSV and JSON lines have a row for each group of threads at each sample: time, offset_s, window_s, processes, origin, \
library, label, threads, awake, got, waiting, wanted (CPUs), limit (threads), limit_source, limit_grade, effective_cpus, \
verdict, estimated. Numbers are the dashboard's: averages over the window_s seconds before the sample, 2 or more. A missing \
value is empty, in JSON null. Columns may be added, never renamed.

--from and --to write the samples of a span, --at writes one; offset_s still counts from the first sample of the recording.

A CSV text cell that begins with = + - or @ gets a ' in front, so that no spreadsheet runs it as a formula. The last JSON \
line (schema tftop.export-end/1) says what is left out; for CSV, stderr does.

A trace has counters for the CPUs each group got and waited for, for all threads, for the usable CPUs and for steps per \
second, and marks changes of the verdict and of Keras's epoch; microseconds since the first sample.

An HTML page is self-contained and judges the whole recording, or the whole span. An SVG is the dashboard at the moment of \
--at, else the last one, as `tftop replay` shows it.";

#[derive(Debug, Args)]
#[command(after_long_help = AFTER_HELP, group = ArgGroup::new("as").required(true))]
pub(crate) struct ExportArgs {
    /// A run by its id, a prefix of it, or "last"; or a samples.tape
    #[arg(value_name = "RUN|FILE")]
    pub(crate) recording: String,
    /// One row per group and sample, for spreadsheets
    #[arg(long, group = "as")]
    csv: bool,
    /// The same rows as JSON lines (schema tftop.export/1)
    #[arg(long, group = "as")]
    json_lines: bool,
    /// A trace for Perfetto and chrome://tracing (Trace Event Format)
    #[arg(long, group = "as")]
    perfetto: bool,
    /// An HTML page: verdict, causes, limits, a chart, moments to click through
    #[arg(long, group = "as")]
    html: bool,
    /// The dashboard at one moment, as SVG
    #[arg(long, group = "as")]
    pub(crate) svg: bool,
    #[command(flatten)]
    pub(crate) moment: MomentArgs,
    #[command(flatten)]
    pub(crate) picture: PictureArgs,
    /// Output file, instead of stdout
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Overwrite FILE
    #[arg(long, requires = "output")]
    pub(crate) force: bool,
}

/// What a picture shows.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct PictureArgs {
    /// Size of the screen of --svg
    #[arg(long, value_name = "COLSxROWS", default_value = "120x40", value_parser = size, conflicts_with_all = TEXTS)]
    pub(crate) size: Size,
    /// View that --svg shows
    #[arg(long, value_name = "VIEW", default_value = "overview", conflicts_with_all = TEXTS)]
    view: PictureView,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum PictureView {
    Overview,
    Threads,
    Limits,
    Explain,
    Processes,
    Missing,
}

impl PictureArgs {
    /// The view.
    pub(crate) fn view(self) -> View {
        match self.view {
            PictureView::Overview => View::Overview,
            PictureView::Threads => View::Threads,
            PictureView::Limits => View::Limits,
            PictureView::Explain => View::Explain,
            PictureView::Processes => View::Processes,
            PictureView::Missing => View::Missing,
        }
    }
}

/// "120x40".
fn size(text: &str) -> Result<Size, String> {
    let cells = text.split_once('x').and_then(|(columns, rows)| Some((columns.parse().ok()?, rows.parse().ok()?)));
    match cells {
        Some((columns, rows)) if COLUMNS.contains(&columns) && ROWS.contains(&rows) => Ok(Size::new(columns, rows)),
        _ => Err(format!(
            "write columns and rows, from {}x{} to {}x{}: 120x40",
            COLUMNS.start(),
            ROWS.start(),
            COLUMNS.end(),
            ROWS.end()
        )),
    }
}

impl ExportArgs {
    /// What it is to be written as, where it is no picture.
    pub(crate) fn format(&self) -> ExportFormat {
        match (self.csv, self.json_lines, self.perfetto) {
            (true, _, _) => ExportFormat::Csv,
            (_, true, _) => ExportFormat::JsonLines,
            (_, _, true) => ExportFormat::Perfetto,
            _ => ExportFormat::Html,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_a_size_that_can_be_drawn() {
        assert_eq!(size("120x40"), Ok(Size::new(120, 40)));
        for text in ["", "120", "120x", "x40", "19x40", "120x5", "401x40", "120x201", "-1x40", "120x40x1", "120 x 40"] {
            assert!(size(text).is_err(), "{text}");
        }
    }
}
