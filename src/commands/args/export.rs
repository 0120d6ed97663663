//! The options of `tftop export`, and the words of its help.

use std::path::PathBuf;

use clap::{ArgGroup, Args};

use crate::output::ExportFormat;

const AFTER_HELP: &str = "\
Examples:
  tftop export last --csv -o run.csv
  tftop export 261120-1619 --json-lines | jq -c 'select(.origin == \"tf-data\") | [.offset_s, .got]'
  tftop export samples.tape --perfetto -o trace.json     open it in ui.perfetto.dev or chrome://tracing
  tftop export last --html -o run.html

CSV and JSON lines have a row for each group of threads at each look: time, offset_s, window_s, processes, origin, library, \
label, threads, awake, got, waiting, wanted (CPUs), limit (threads), limit_source, limit_grade, effective_cpus, verdict, \
estimated. Numbers are the dashboard's: averages over the window_s seconds before the look, 2 and more. A value that is \
missing is empty, in JSON null. Columns may be added, never renamed.

A CSV cell of text that begins with = + - or @ has a ' in front, so that no spreadsheet runs it as a formula. The last \
JSON line has the schema tftop.export-end/1 and says what is left out; for CSV, stderr says it.

A trace has a counter for each group, with its CPUs got and waited for, others for all threads, the CPUs to use and the steps \
a second, and marks where the verdict or Keras's epoch changed, each at the look that saw it; microseconds since the first look.

A page loads nothing and sends nothing. It is judged over the whole recording.";

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP, group = ArgGroup::new("as").required(true))]
pub(crate) struct ExportArgs {
    /// A kept run by its name, the beginning of it, or "last"; or a file, samples.tape
    #[arg(value_name = "RUN|FILE")]
    pub(crate) recording: String,
    /// A row a group and look, for spreadsheets
    #[arg(long, group = "as")]
    csv: bool,
    /// The same rows as JSON, one a line (schema tftop.export/1)
    #[arg(long, group = "as")]
    json_lines: bool,
    /// A trace for Perfetto and chrome://tracing (Trace Event Format)
    #[arg(long, group = "as")]
    perfetto: bool,
    /// One page for a browser: verdict, causes, limits, a chart, moments to click through
    #[arg(long, group = "as")]
    html: bool,
    /// Where to write it; without this, to stdout
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Overwrite FILE if it is there
    #[arg(long, requires = "output")]
    pub(crate) force: bool,
}

impl ExportArgs {
    /// What it is to be written as.
    pub(crate) fn format(&self) -> ExportFormat {
        match (self.csv, self.json_lines, self.perfetto) {
            (true, _, _) => ExportFormat::Csv,
            (_, true, _) => ExportFormat::JsonLines,
            (_, _, true) => ExportFormat::Perfetto,
            _ => ExportFormat::Html,
        }
    }
}
