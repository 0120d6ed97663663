//! A recording for other programs: rows, a trace, a page. Written look by look, so that a recording of any length takes
//! bounded memory. Pure: where it goes to is the caller's business.

pub(crate) mod csv;
pub(crate) mod json_lines;
pub(crate) mod page;
pub(crate) mod perfetto;
pub(crate) mod row;
pub(crate) mod scene_export;

use crate::output::export::csv::CsvExport;
use crate::output::export::json_lines::JsonLinesExport;
use crate::output::export::page::PageExport;
use crate::output::export::perfetto::PerfettoExport;
pub use crate::output::export::scene_export::{ExportEnd, ExportSource, SceneExport};

/// What a recording can be written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// A row a group and look (RFC 4180).
    Csv,
    /// The same rows, each a JSON object on a line.
    JsonLines,
    /// Counters and instants over time (Trace Event Format).
    Perfetto,
    /// A page for a browser, which needs nothing else.
    Html,
}

/// An export in this format.
pub fn export(format: ExportFormat, source: ExportSource) -> Box<dyn SceneExport> {
    match format {
        ExportFormat::Csv => Box::new(CsvExport::new(source)),
        ExportFormat::JsonLines => Box::new(JsonLinesExport::new(source)),
        ExportFormat::Perfetto => Box::new(PerfettoExport::new(source)),
        ExportFormat::Html => Box::new(PageExport::new(source)),
    }
}
