//! Which statements of a Python source certainly ran, if all above them did: those at module level that no condition, loop or
//! function holds back. A scan of indentation, brackets and first words, not a parser: rustpython-parser gives up at the first
//! error and is no longer kept, ruff's asks for a newer Rust than tftop and recurses into what a stranger nested. It takes
//! constant memory, and what it does not understand counts as conditional.

/// First words of statements that run what follows them sometimes, later or never.
const CONDITIONAL: [&str; 13] =
    ["if", "elif", "else", "for", "while", "try", "except", "finally", "def", "class", "async", "match", "case"];
/// Statements that may still be running: what stands below was perhaps not reached.
const LOOPS: [&str; 2] = ["for", "while"];
/// First words that end an expression whose brackets were never closed.
const BEGINNINGS: [&str; 8] = ["if", "for", "while", "try", "def", "class", "import", "from"];
/// Words within a statement that let parts of it run sometimes, later or never.
const LAZY: [&str; 5] = ["lambda", "if", "and", "or", "for"];

/// Follows a source line by line.
#[derive(Debug, Default)]
pub(super) struct ModuleLevel {
    /// Brackets that are open, and whether a backslash joins the next line.
    open: usize,
    joined: bool,
    /// Whether a loop stands above.
    looped: bool,
    /// Whether the statement it is in certainly ran.
    pub certain: bool,
}

impl ModuleLevel {
    /// Takes in a line without its comment; `in_text` when it begins inside a text of several lines. Says whether a statement
    /// begins with it.
    pub fn take_in(&mut self, code: &str, in_text: bool) -> bool {
        let begins = self.begins(code, in_text);
        self.joined = code.ends_with('\\');
        let mut quote = None;
        let mut word = String::new();
        let mut escaped = false;
        for c in code.chars().chain([' ']) {
            if quote.is_none() && (c.is_alphanumeric() || c == '_') {
                word.push(c);
                continue;
            }
            self.certain &= !LAZY.contains(&word.as_str());
            word.clear();
            match (quote, c) {
                (Some(_), _) if escaped => escaped = false,
                (Some(_), '\\') => escaped = true,
                (Some(open), _) if open == c => quote = None,
                (None, '"' | '\'') => quote = Some(c),
                (None, '(' | '[' | '{') => self.open += 1,
                (None, ')' | ']' | '}') => self.open = self.open.saturating_sub(1),
                _ => {}
            }
        }
        begins
    }

    fn begins(&mut self, code: &str, in_text: bool) -> bool {
        let end = code.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(code.len());
        let (first, module) = (&code[..end], !code.starts_with([' ', '\t', '\x0c']));
        let continued = self.open > 0 || self.joined;
        if in_text || code.trim().is_empty() || (continued && !(module && BEGINNINGS.contains(&first))) {
            return false;
        }
        self.open = 0;
        self.certain = module && !self.looped && !CONDITIONAL.contains(&first) && !code.starts_with('@');
        self.looped |= module && LOOPS.contains(&first);
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Lines that certainly ran, counted from 1; of a statement of several lines its last.
    fn certain(source: &str) -> Vec<usize> {
        let mut level = ModuleLevel::default();
        let mut taken = |(number, line): (usize, &str)| {
            level.take_in(line, false);
            (level.certain && !line.is_empty()).then_some(number)
        };
        (1..).zip(source.lines()).filter_map(&mut taken).collect()
    }

    #[test]
    fn only_statements_of_the_module_itself_certainly_ran() {
        assert_eq!(certain("a()\nif b:\n    c()\nelse:\n    d()\ne()\n"), [1, 6]);
        assert_eq!(certain("def f():\n    a()\n\n    b()\nclass C:\n    c = d()\nf()\n"), [7]);
        assert_eq!(certain("try:\n    a()\nexcept E:\n    b()\nwith s(a(2)) as t:\n    b()\n"), [5]);
        assert_eq!(certain("if a: b()\nc(); d()\n@e\n"), [2]);
    }

    #[test]
    fn a_statement_of_several_lines_is_one_and_its_words_count() {
        assert_eq!(certain("a(\nb=2,\n)\nc = d(1) if e else f(2)\ng = lambda: h()\ni and j()\n"), [1, 2, 3]);
        assert_eq!(certain("a = b + \\\n    c(2)\nd('if or (', \"[\")\ne()"), [1, 2, 3, 4]);
    }

    #[test]
    fn what_stands_below_a_loop_was_perhaps_not_reached() {
        assert_eq!(certain("a()\nfor b in c:\n    d()\ne()\n"), [1]);
    }

    #[test]
    fn a_bracket_that_is_never_closed_does_not_swallow_the_rest() {
        assert_eq!(certain("a((\nif b:\n    c()\nd()\n"), [1, 4]);
    }

    proptest! {
        #[test]
        fn garbage_ends(source in "[ a(){}\"'\\\\if:\n]{0,300}") {
            certain(&source);
        }
    }
}
