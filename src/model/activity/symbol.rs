//! Symbols as people read them: C++ names demangled, in full or without what is noise on a screen.

use std::fmt;

use cpp_demangle::{BorrowedSymbol, DemangleOptions, DemangleWrite, ParseOptions};

use crate::data::Text;

/// Nesting of a name that is followed, and the longest text made of one: a name of a few hundred bytes can stand for
/// gigabytes.
const DEEPEST: u32 = 96;
const LONGEST: usize = 16 << 10;

/// The whole C++ name; none for a symbol that is no mangled C++, or is too long.
pub fn demangled(symbol: &str) -> Option<Text> {
    demangle(symbol, DemangleOptions::new()).map(Text::from)
}

/// The name without parameters, return type and template arguments; a symbol that is no C++ as it is.
pub fn short(symbol: &str) -> Text {
    let options = DemangleOptions::new().no_params().no_return_type();
    demangle(symbol, options).map_or_else(|| Text::from(symbol), |name| Text::from(without_arguments(&name)))
}

fn demangle(symbol: &str, options: DemangleOptions) -> Option<String> {
    if !symbol.starts_with("_Z") {
        return None;
    }
    let parsing = ParseOptions::default().recursion_limit(DEEPEST);
    let (parsed, tail) = BorrowedSymbol::with_tail_and_options(symbol.as_bytes(), &parsing).ok()?;
    let mut name = Bounded(String::new());
    parsed.structured_demangle(&mut name, &options.recursion_limit(DEEPEST)).ok()?;
    // What compilers add to the parts of a function they split: ".cold", ".part.0".
    let tail = std::str::from_utf8(tail).ok().filter(|tail| tail.is_empty() || tail.starts_with('.'))?;
    let already = name.0.contains("[clone");
    Some(if already { name.0 } else { name.0 + tail })
}

struct Bounded(String);

impl DemangleWrite for Bounded {
    fn write_string(&mut self, text: &str) -> fmt::Result {
        if self.0.len() + text.len() > LONGEST {
            return Err(fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}

/// Operators whose names hold brackets, the longest first.
const OPERATORS: [&str; 13] = ["<=>", "<<=", ">>=", "->*", "()", "[]", "<<", ">>", "<=", ">=", "->", "<", ">"];
const ANONYMOUS: &str = "(anonymous namespace)";

/// Drops everything in angle brackets and parentheses but the names of operators and of anonymous namespaces.
fn without_arguments(name: &str) -> String {
    let mut short = String::with_capacity(name.len());
    let mut depth = 0_usize;
    let mut rest = name;
    while let Some(character) = rest.chars().next() {
        let mut length = character.len_utf8();
        let mut kept = &rest[..length];
        if let Some(operator) = rest.strip_prefix("operator") {
            let brackets = OPERATORS.iter().find(|brackets| operator.starts_with(**brackets)).map_or(0, |b| b.len());
            length = "operator".len() + brackets;
            kept = &rest[..length];
        } else if rest.starts_with(ANONYMOUS) {
            length = ANONYMOUS.len();
            kept = "(anonymous)";
        } else if rest.starts_with("->") {
            length = 2;
            kept = &rest[..2];
        } else if matches!(character, '<' | '(') {
            depth += 1;
            kept = "";
        } else if matches!(character, '>' | ')') {
            depth = depth.saturating_sub(1);
            kept = "";
        }
        if depth == 0 {
            short.push_str(kept);
        }
        rest = &rest[length..];
    }
    short.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_is_short_for_people_and_whole_for_programs() {
        let worker = "_ZN5Eigen15ThreadPoolTemplIN3tsl6thread16EigenEnvironmentEE10WorkerLoopEi";
        assert_eq!(short(worker).as_str(), "Eigen::ThreadPoolTempl::WorkerLoop");
        assert_eq!(
            demangled(worker).unwrap().as_str(),
            "Eigen::ThreadPoolTempl<tsl::thread::EigenEnvironment>::WorkerLoop(int)"
        );
        let start = "_ZN3tsl12_GLOBAL__N_17PThread8ThreadFnEPv";
        assert_eq!(short(start).as_str(), "tsl::(anonymous)::PThread::ThreadFn");
    }

    #[test]
    fn what_is_no_cpp_stays_as_it_is() {
        for plain in ["start_thread", "_PyEval_EvalFrameDefault", "_Z", "_Zgarbage", "", "_ZN5Eigen…"] {
            assert_eq!((short(plain).as_str(), demangled(plain)), (plain, None));
        }
    }

    #[test]
    fn operators_and_lambdas_keep_their_names() {
        assert_eq!(without_arguments("a<b>::operator()(c) const"), "a::operator() const");
        assert_eq!(without_arguments("a<b>::operator<< <c>"), "a::operator<<");
        assert_eq!(without_arguments("f(a)::{lambda(int)#1}::operator()"), "f::{lambda#1}::operator()");
        assert_eq!(without_arguments("x::operator->"), "x::operator->");
    }

    #[test]
    fn a_name_that_grows_without_end_is_left_alone() {
        // Each substitution doubles what stands before it.
        let bomb = format!("_Z1fI1x{}EvT_", (0..40).map(|at| format!("S{at}_S{at}_")).collect::<String>());
        assert!(demangled(&bomb).is_none_or(|name| name.len() <= LONGEST));
        let deep = format!("_Z1f{}v", "P".repeat(4000));
        assert!(demangled(&deep).is_none_or(|name| name.len() <= LONGEST));
    }

    proptest! {
        #[test]
        fn any_symbol_is_read_without_panic(symbol in "_Z[a-zA-Z0-9_]{0,60}", text in "\\PC{0,60}") {
            short(&symbol);
            demangled(&symbol);
            without_arguments(&text);
        }
    }
}
