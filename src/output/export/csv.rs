//! Rows as CSV (RFC 4180). A text that a spreadsheet would run as a formula has a `'` in front: a target chooses some of its
//! names itself.

use std::borrow::Cow;

use serde_json::Value;

use crate::data::scene::Scene;
use crate::output::export::row::{COLUMNS, Row};
use crate::output::export::scene_export::{ExportEnd, ExportSource, SceneExport};

const LINE_END: &str = "\r\n";
/// How formulas begin, also in the wide forms that spreadsheets take for the same.
const FORMULA_BEGINS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

#[derive(Debug)]
pub(crate) struct CsvExport {
    source: ExportSource,
}

impl CsvExport {
    pub(crate) fn new(source: ExportSource) -> Self {
        Self { source }
    }
}

impl SceneExport for CsvExport {
    fn begin(&mut self) -> serde_json::Result<String> {
        Ok(COLUMNS.join(",") + LINE_END)
    }

    fn look(&mut self, scene: &Scene) -> serde_json::Result<String> {
        let mut lines = String::new();
        for row in Row::of(scene, &self.source, &self.source.time(scene.at_ns)) {
            let row = serde_json::to_value(&row)?;
            let cells: Vec<String> = COLUMNS.iter().map(|name| cell(&row[*name])).collect();
            lines.extend([cells.join(",").as_str(), LINE_END]);
        }
        Ok(lines)
    }

    fn end(&mut self, _end: &ExportEnd<'_>) -> serde_json::Result<String> {
        Ok(String::new())
    }
}

/// A missing value is an empty cell.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => quoted(&harmless(text)).into_owned(),
        other => other.to_string(),
    }
}

/// A text that no spreadsheet runs. Some of them pass over blanks in front.
fn harmless(text: &str) -> Cow<'_, str> {
    match text.trim_start().starts_with(FORMULA_BEGINS) {
        true => format!("'{text}").into(),
        false => text.into(),
    }
}

/// A text as one cell.
fn quoted(text: &str) -> Cow<'_, str> {
    match text.contains(['"', ',', '\r', '\n']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")).into(),
        false => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::limits::{Limit, LimitSource, Limits};
    use crate::data::scene::{Group, GroupKey};

    #[test]
    fn a_cell_is_quoted_where_it_has_to_be() {
        let cells = [
            ("plain text", "plain text"),
            ("a,b", "\"a,b\""),
            ("say \"a\"", "\"say \"\"a\"\"\""),
            ("a\r\nb", "\"a\r\nb\""),
            ("", ""),
        ];
        for (text, expected) in cells {
            assert_eq!(cell(&Value::from(text)), expected);
        }
    }

    #[test]
    fn no_text_is_a_formula() {
        for begin in FORMULA_BEGINS {
            assert_eq!(cell(&Value::from(format!("{begin}1+1"))), format!("'{begin}1+1"));
        }
        assert_eq!(cell(&Value::from("  =cmd|' /C calc'!A0")), "'  =cmd|' /C calc'!A0");
        assert_eq!(cell(&Value::from("=1,\"2\"")), "\"'=1,\"\"2\"\"\"");
        assert_eq!(cell(&Value::from(-1.5)), "-1.5");
    }

    #[test]
    fn a_group_of_a_hostile_name_is_one_row_without_a_formula() {
        let library = "=HYPERLINK(\"http://x\",\"y\")";
        let limits = Limits {
            all: vec![Limit { value: 4, source: LimitSource::Library("@SUM(1+1)".into()), ..Limit::default() }],
            effective: Some(0),
            ..Limits::default()
        };
        let key = GroupKey { origin: "openblas".into(), library: Some(library.into()) };
        let group = Group { key, label: format!("OpenBLAS {library}"), limits, ..Group::default() };
        let scene = Scene { groups: vec![group], ..Scene::default() };
        let lines = CsvExport::new(ExportSource::default()).look(&scene).unwrap();
        assert_eq!(lines.matches(LINE_END).count(), 1);
        assert!(lines.contains(",\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\","), "{lines}");
        assert!(lines.contains(",4,'@SUM(1+1),inferred,,too_soon,false\r\n"), "{lines}");
    }
}
