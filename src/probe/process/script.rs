//! What the main script's source asks for: literal thread settings and their lines. The source is looked at, never run,
//! so a line found here may not have been reached: an answer is a hint, not a fact about the process.

use regex_lite::Regex;

use crate::data::Text;
use crate::data::sample::{KEPT_VARIABLES, Script, ScriptKnob, ScriptSetting};
use crate::probe::process::module_level::ModuleLevel;

/// Sources longer than this are looked at up to here.
const LONGEST_SOURCE: usize = 1 << 20;
/// More settings than anyone writes by hand.
const MOST_WISHES: usize = 200;

/// The settings that stand literally in a Python source.
pub fn read(path: Text, source: &[u8]) -> Script {
    let source = String::from_utf8_lossy(&source[..source.len().min(LONGEST_SOURCE)]);
    let Some(patterns) = Patterns::new() else { return Script { path, ..Script::default() } };
    let mut script = Script { path, ..Script::default() };
    let mut quote = None;
    let (mut level, mut statement) = (ModuleLevel::default(), 0);
    for (number, line) in (1u32..).zip(source.lines()) {
        let in_text = quote.is_some();
        let code = code_of(line, &mut quote);
        if level.take_in(&code, in_text) {
            statement = script.settings.len();
        }
        if script.imports_tensorflow_at.is_none() && patterns.import.is_match(&code) {
            script.imports_tensorflow_at = Some(number);
        }
        script.sizes_private_pools |= patterns.sizes_private_pool.is_match(&code);
        for (knob, value, proto) in patterns.settings_in(&code) {
            if script.settings.len() < MOST_WISHES {
                script.settings.push(ScriptSetting { line: number, knob, value, certain: true, proto });
            }
        }
        // A later line of the same statement may hold an earlier one back.
        script.settings.iter_mut().skip(statement).for_each(|setting| setting.certain &= level.certain);
    }
    script
}

struct Patterns {
    import: Regex,
    intra: Regex,
    inter: Regex,
    private_pool: Regex,
    sizes_private_pool: Regex,
    variable: Regex,
}

impl Patterns {
    fn new() -> Option<Self> {
        let number = |name: &str| {
            let call = format!(r"set_{name}_parallelism_threads\s*\(\s*(?:num_threads\s*=\s*)?");
            let field = format!(r"\b{name}_parallelism_threads\s*=\s*");
            Regex::new(&format!(r"(?:{call}|{field})([0-9]{{1,6}})\b")).ok()
        };
        Some(Self {
            import: Regex::new(r"^(?:import|from)\s+(?:tensorflow|keras|tf_keras)\b").ok()?,
            intra: number("intra_op")?,
            inter: number("inter_op")?,
            private_pool: Regex::new(r"\bprivate_threadpool_size\s*=\s*([0-9]{1,6})\b").ok()?,
            sizes_private_pool: Regex::new(r"\bprivate_threadpool_size\s*=[^=]").ok()?,
            variable: Regex::new(concat!(
                r#"\b(?:environ\s*\[\s*['"]([A-Z_]+)['"]\s*\]\s*=|environ\.setdefault\s*\(\s*['"]([A-Z_]+)['"]\s*,"#,
                r#"|putenv\s*\(\s*['"]([A-Z_]+)['"]\s*,)\s*(?:str\s*\(\s*)?['"]?([0-9]{1,6})\b"#
            ))
            .ok()?,
        })
    }

    fn settings_in(&self, code: &str) -> Vec<(ScriptKnob, i64, bool)> {
        let mut found = Vec::new();
        let plain = [
            (&self.intra, ScriptKnob::Intra),
            (&self.inter, ScriptKnob::Inter),
            (&self.private_pool, ScriptKnob::PrivateThreadpool),
        ];
        for (pattern, knob) in plain {
            for capture in pattern.captures_iter(code) {
                let proto = capture.get(0).is_some_and(|whole| !whole.as_str().starts_with("set_"));
                found.extend(capture.get(1).and_then(|n| n.as_str().parse().ok()).map(|n| (knob.clone(), n, proto)));
            }
        }
        for capture in self.variable.captures_iter(code) {
            let name = (1..=3).find_map(|group| capture.get(group)).map_or("", |name| name.as_str());
            let value = capture.get(4).and_then(|n| n.as_str().parse().ok());
            if let (true, Some(value)) = (KEPT_VARIABLES.contains(&name), value) {
                found.push((ScriptKnob::Variable(Text::from(name)), value, false));
            }
        }
        found
    }
}

/// The line without its comment and without what stands inside triple quotes; `quote` carries an open one to the next
/// line. One-line strings stay: names of variables stand in them.
fn code_of(line: &str, quote: &mut Option<&'static str>) -> String {
    let mut code = String::new();
    let mut rest = line;
    let mut inside = None;
    while let Some(c) = rest.chars().next() {
        if let Some(open) = *quote {
            match rest.find(open) {
                Some(end) => {
                    rest = &rest[end + open.len()..];
                    *quote = None;
                    continue;
                }
                None => return code,
            }
        }
        let triple = ["\"\"\"", "'''"].into_iter().find(|triple| inside.is_none() && rest.starts_with(triple));
        if let Some(open) = triple {
            *quote = Some(open);
            rest = &rest[open.len()..];
            continue;
        }
        match (inside, c) {
            (None, '#') => return code,
            (None, '"' | '\'') => inside = Some(c),
            (Some(open), _) if open == c => inside = None,
            _ => {}
        }
        code.push(c);
        rest = &rest[c.len_utf8()..];
    }
    code
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn settings_in(source: &str) -> Vec<(u32, ScriptKnob, i64)> {
        read(Text::from("train.py"), source.as_bytes())
            .settings
            .into_iter()
            .map(|w| (w.line, w.knob, w.value))
            .collect()
    }

    #[test]
    fn calls_fields_and_variables_are_found_with_their_lines() {
        let source = "import os\nos.environ['OMP_NUM_THREADS'] = '4'\nimport tensorflow as tf\n\
            tf.config.threading.set_intra_op_parallelism_threads(2)\n\
            tf.config.threading.set_inter_op_parallelism_threads( num_threads = 3 )\n\
            c = tf.compat.v1.ConfigProto(intra_op_parallelism_threads=5, inter_op_parallelism_threads=6)\n\
            o.threading.private_threadpool_size = 7\nos.environ.setdefault(\"MKL_NUM_THREADS\", str(8))\n";
        let variable = |name: &str| ScriptKnob::Variable(Text::from(name));
        assert_eq!(
            settings_in(source),
            [
                (2, variable("OMP_NUM_THREADS"), 4),
                (4, ScriptKnob::Intra, 2),
                (5, ScriptKnob::Inter, 3),
                (6, ScriptKnob::Intra, 5),
                (6, ScriptKnob::Inter, 6),
                (7, ScriptKnob::PrivateThreadpool, 7),
                (8, variable("MKL_NUM_THREADS"), 8),
            ]
        );
        assert_eq!(read(Text::from("x"), source.as_bytes()).imports_tensorflow_at, Some(3));
    }

    #[test]
    fn a_line_certainly_ran_where_nothing_holds_it_back() {
        let source = "import tensorflow as tf\nif '--many' in sys.argv:\n    set_inter_op_parallelism_threads(5)\n\
            set_intra_op_parallelism_threads(2)\nc = tf.ConfigProto(intra_op_parallelism_threads=5,\n\
            inter_op_parallelism_threads=6) if a else None\n\
            s = tf.ConfigProto(intra_op_parallelism_threads=7)  # if\n";
        let script = read(Text::from("train.py"), source.as_bytes());
        let seen: Vec<_> = script.settings.iter().map(|s| (s.line, s.value, s.certain, s.proto)).collect();
        assert_eq!(
            seen,
            [(3, 5, false, false), (4, 2, true, false), (5, 5, false, true), (6, 6, false, true), (7, 7, true, true)]
        );
    }

    #[test]
    fn comments_docstrings_and_computed_values_are_no_wish() {
        let source = "# set_intra_op_parallelism_threads(2)\n'''\nset_intra_op_parallelism_threads(3)\n'''\n\
            set_intra_op_parallelism_threads(n)\nos.environ['TOKEN'] = '5'\nx = 1 # intra_op_parallelism_threads=4\n";
        assert_eq!(settings_in(source), []);
    }

    proptest! {
        #[test]
        fn garbage_is_no_script(source: Vec<u8>) {
            read(Text::from("x"), &source);
        }

        #[test]
        fn quotes_and_hashes_in_any_order_end(source in "[\"'#\\\\a\n]{0,200}") {
            read(Text::from("x"), source.as_bytes());
        }
    }
}
