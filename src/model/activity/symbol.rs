//! Symbols as people read them: C++ names demangled, in full or without what is noise on a screen. A target chooses its
//! symbols: the work for one is bounded whatever it holds, and a name that takes more stays as it is.

mod dependent_names;
mod expressions;
mod names;
mod parser;
mod special_names;
mod templates;
mod tree;
mod types;
mod vocabulary;
mod writer;

use crate::data::Text;
use crate::model::activity::symbol::parser::Parser;
use crate::model::activity::symbol::writer::Writer;

/// Longest symbol that is read, in bytes.
const LONGEST: usize = 8 << 10;

/// The whole C++ name; none for a symbol that is no mangled C++, or takes too much to read.
pub fn demangled(symbol: &str) -> Option<Text> {
    demangle(symbol, false).name.map(Text::from)
}

/// The name without parameters, return type and template arguments; a symbol that is no C++ as it is.
pub fn short(symbol: &str) -> Text {
    demangle(symbol, true).name.map_or_else(|| Text::from(symbol), Text::from)
}

/// A name, if the symbol has one, and the work it took: parts read and nodes written.
#[cfg_attr(not(test), expect(dead_code, reason = "the tests of the bounds"))]
struct Demangled {
    name: Option<String>,
    read: u32,
    written: u32,
}

fn demangle(symbol: &str, short: bool) -> Demangled {
    let Some(mangled) = symbol.strip_prefix("_Z").filter(|mangled| mangled.len() <= LONGEST) else {
        return Demangled { name: None, read: 0, written: 0 };
    };
    let mut parser = Parser::new(mangled);
    let root = parser.encoding();
    let tail = mangled.get(parser.at..).filter(|tail| tail.is_empty() || tail.starts_with('.'));
    let (Some(root), Some(tail)) = (root, tail) else {
        return Demangled { name: None, read: parser.steps, written: 0 };
    };
    let mut writer = Writer::new(&parser.tree, short);
    let name = writer.write(root).map(|()| std::mem::take(&mut writer.out) + &clone_suffix(tail, short));
    Demangled { name, read: parser.steps, written: writer.steps }
}

/// What compilers add to the parts of a function they split: ".cold", ".part.0". Short names go without.
fn clone_suffix(tail: &str, short: bool) -> String {
    if short {
        return String::new();
    }
    let mut suffix = String::new();
    for part in tail.split('.').skip(1) {
        if !suffix.is_empty() && !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) {
            suffix.insert_str(suffix.len() - 1, &format!(".{part}"));
        } else {
            suffix += &format!(" [clone .{part}]");
        }
    }
    suffix
}

#[cfg(test)]
mod tests;
