//! Rows as JSON lines. The last line has a schema of its own: how many looks there are, and what is missing; where it is
//! missing itself, the export was cut.

use serde::Serialize;

use crate::data::scene::Scene;
use crate::output::export::row::Row;
use crate::output::export::scene_export::{ExportEnd, ExportSource, SceneExport};

/// Name and version of the last line.
pub const END_SCHEMA: &str = "tftop.export-end/1";

#[derive(Debug)]
pub(crate) struct JsonLinesExport {
    source: ExportSource,
    looks: u64,
    rows: u64,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct LastLine<'a> {
    schema: &'static str,
    /// The run's name, or the file's.
    recording: &'a str,
    /// Version of the tftop that recorded it.
    tftop: &'a str,
    looks: u64,
    rows: u64,
    /// What is not in it, and why.
    left_out: &'a [String],
}

impl JsonLinesExport {
    pub(crate) fn new(source: ExportSource) -> Self {
        Self { source, looks: 0, rows: 0 }
    }
}

impl SceneExport for JsonLinesExport {
    fn begin(&mut self) -> serde_json::Result<String> {
        Ok(String::new())
    }

    fn look(&mut self, scene: &Scene) -> serde_json::Result<String> {
        self.looks += 1;
        let mut lines = String::new();
        for row in Row::of(scene, &self.source, &self.source.time(scene.at_ns)) {
            self.rows += 1;
            lines += &serde_json::to_string(&row)?;
            lines.push('\n');
        }
        Ok(lines)
    }

    fn end(&mut self, end: &ExportEnd<'_>) -> serde_json::Result<String> {
        let last = LastLine {
            schema: END_SCHEMA,
            recording: &self.source.name,
            tftop: &self.source.tftop,
            looks: self.looks,
            rows: self.rows,
            left_out: end.left_out,
        };
        Ok(serde_json::to_string(&last)? + "\n")
    }
}
