//! Types of the mangling.

use super::parser::Parser;
use super::tree::{Id, Node, Part};
use super::vocabulary::{builtin, builtin_d};

impl Parser<'_> {
    pub(super) fn ty(&mut self) -> Option<Id> {
        self.deeper(Self::type_here)
    }

    fn type_here(&mut self) -> Option<Id> {
        let code = self.peek();
        if let Some(name) = builtin(code) {
            self.at += 1;
            return self.text(name);
        }
        let found = match (code, self.look(1)) {
            (b'r' | b'V' | b'K', _) => self.qualified()?,
            (b'U', _) => self.vendor_qualified()?,
            (b'u', _) => self.vendor_type()?,
            (b'D', letter) => {
                if let Some(name) = builtin_d(letter) {
                    self.at += 2;
                    return self.text(name);
                }
                match letter {
                    b'F' | b'B' | b'U' | b'k' | b'K' => return self.sized_builtin(letter),
                    b't' | b'T' => self.decltype()?,
                    b'v' => self.vector()?,
                    b'p' => {
                        self.at += 2;
                        let pattern = self.ty()?;
                        self.node(Node::Expansion(pattern))?
                    }
                    b'o' | b'O' | b'w' | b'x' => self.function_type("")?,
                    _ => return None,
                }
            }
            (b'F', _) => self.function_type("")?,
            (b'A', _) => self.array()?,
            (b'M', _) => {
                self.at += 1;
                let class = self.ty()?;
                let member = self.ty()?;
                self.node(Node::MemberPointer { class, member })?
            }
            (b'T', b's' | b'u' | b'e') => {
                self.at += 2;
                self.name(None)?
            }
            (b'T', _) => {
                let param = self.template_param()?;
                self.maybe_with_arguments(param, true)?
            }
            (b'P', _) => self.pointer("*")?,
            (b'R', _) => self.pointer("&")?,
            (b'O', _) => self.pointer("&&")?,
            (b'C', _) => self.pointer(" _Complex")?,
            (b'G', _) => self.pointer(" _Imaginary")?,
            (b'S', letter) if letter != b't' => {
                let substituted = self.substitution()?;
                let whole = self.maybe_with_arguments(substituted, false)?;
                if whole == substituted {
                    return Some(whole);
                }
                whole
            }
            _ => self.name(None)?,
        };
        Some(self.substitutable(found))
    }

    /// A template template parameter with its arguments. Those that follow the type of a conversion operator are the
    /// operator's own.
    fn maybe_with_arguments(&mut self, name: Id, is_new: bool) -> Option<Id> {
        if self.peek() != b'I' || self.in_conversion {
            return Some(name);
        }
        if is_new {
            self.substitutable(name);
        }
        self.with_arguments(name, None)
    }

    fn pointer(&mut self, symbol: &'static str) -> Option<Id> {
        self.at += 1;
        let target = self.ty()?;
        self.node(Node::Pointer(target, symbol))
    }

    fn qualified(&mut self) -> Option<Id> {
        let qualifiers = self.qualifiers();
        if self.peek() == b'F' || (self.peek() == b'D' && matches!(self.look(1), b'o' | b'O' | b'w' | b'x')) {
            return self.function_type(qualifiers);
        }
        let target = self.ty()?;
        self.node(Node::Qualified(target, qualifiers))
    }

    /// `U`, a compiler's own qualifier.
    fn vendor_qualified(&mut self) -> Option<Id> {
        if matches!(self.look(1), b't' | b'l' | b'b') {
            return self.name(None);
        }
        self.at += 1;
        let qualifier = self.identifier()?;
        if self.peek() == b'I' {
            self.template_arguments(false)?;
        }
        let target = self.ty()?;
        self.sequence(&[Part::Node(target), Part::Text(" "), Part::Text(qualifier)])
    }

    /// `u`, a compiler's own type or type function.
    fn vendor_type(&mut self) -> Option<Id> {
        self.at += 1;
        let name = self.source_name()?;
        if self.peek() == b'I' { self.with_arguments(name, None) } else { Some(name) }
    }

    fn sized_builtin(&mut self, letter: u8) -> Option<Id> {
        self.at += 2;
        if matches!(letter, b'k' | b'K') {
            let constraint = self.name(None)?;
            return self.sequence(&[Part::Node(constraint), Part::Text(" auto")]);
        }
        if letter == b'F' && self.consume("16b") {
            return self.text("std::bfloat16_t");
        }
        let size = if self.peek().is_ascii_digit() {
            let digits = self.digits()?;
            self.text(digits)?
        } else {
            self.expression()?
        };
        let (before, after) = match letter {
            b'F' if self.consume("x") => {
                return self.sequence(&[Part::Text("_Float"), Part::Node(size), Part::Text("x")]);
            }
            b'F' => ("_Float", ""),
            b'B' => ("_BitInt(", ")"),
            _ => ("unsigned _BitInt(", ")"),
        };
        self.expect("_")?;
        self.sequence(&[Part::Text(before), Part::Node(size), Part::Text(after)])
    }

    fn function_type(&mut self, suffix: &'static str) -> Option<Id> {
        let mut noexcept = false;
        if self.consume("Do") {
            noexcept = true;
        } else if self.consume("DO") {
            self.expression()?;
            self.expect("E")?;
            noexcept = true;
        } else if self.consume("Dw") {
            self.until("E", Self::ty)?;
        }
        self.consume("Dx");
        self.expect("F")?;
        self.consume("Y");
        let result = self.ty()?;
        let start = self.pending.len();
        let reference = loop {
            if self.consume("E") {
                break "";
            } else if self.consume("RE") {
                break " &";
            } else if self.consume("OE") {
                break " &&";
            } else if !self.consume("v") {
                let param = self.ty()?;
                self.pending.push(param);
            }
        };
        let params = self.taken(start);
        let params = self.node(Node::Commas(params))?;
        let reference = match (noexcept, reference) {
            (false, reference) => reference,
            (true, "") => " noexcept",
            (true, " &") => " & noexcept",
            (true, _) => " && noexcept",
        };
        self.node(Node::Function { result, params, suffix, reference })
    }

    fn array(&mut self) -> Option<Id> {
        self.at += 1;
        let dimension = self.dimension()?;
        let element = self.ty()?;
        self.node(Node::Array { element, dimension })
    }

    fn vector(&mut self) -> Option<Id> {
        self.at += 2;
        let dimension = self.dimension()?;
        let element = if self.consume("p") { self.text("pixel")? } else { self.ty()? };
        self.sequence(&[Part::Node(element), Part::Text(" __vector("), Part::Node(dimension), Part::Text(")")])
    }

    /// A number or an expression or nothing, and `_`.
    fn dimension(&mut self) -> Option<Id> {
        let dimension = if self.peek().is_ascii_digit() {
            let digits = self.digits()?;
            self.text(digits)?
        } else if self.peek() == b'_' {
            self.text("")?
        } else {
            self.expression()?
        };
        self.expect("_")?;
        Some(dimension)
    }

    pub(super) fn decltype(&mut self) -> Option<Id> {
        self.at += 2;
        let expression = self.expression()?;
        self.expect("E")?;
        let expression = self.node(Node::Bracketed(expression))?;
        self.sequence(&[Part::Text("decltype "), Part::Node(expression)])
    }
}
