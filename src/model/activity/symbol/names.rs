//! Names of the mangling: functions and variables, nested and local names, lambdas, substitutions.

use super::parser::Parser;
use super::tree::{Id, Node, Part};
use super::vocabulary::{Operands, Operator, standard};

/// What the name of a function says about its type.
#[derive(Default)]
pub(super) struct NameState {
    /// A constructor, destructor or conversion: none has a return type.
    no_result: bool,
    ends_with_arguments: bool,
    suffix: &'static str,
    reference: &'static str,
}

impl Parser<'_> {
    /// What stands behind `_Z`.
    pub(super) fn encoding(&mut self) -> Option<Id> {
        self.deeper(|parser| {
            let outer = std::mem::take(&mut parser.params);
            let conversion = std::mem::replace(&mut parser.in_conversion, false);
            let parsed = match parser.peek() {
                b'G' | b'T' => parser.special_name(),
                _ => parser.function_or_data(),
            };
            parser.params = outer;
            parser.in_conversion = conversion;
            parsed
        })
    }

    fn function_or_data(&mut self) -> Option<Id> {
        let mut state = NameState::default();
        let first_forward = self.forward.len();
        let name = self.name(Some(&mut state))?;
        for (id, index) in self.forward.split_off(first_forward) {
            if let Some(argument) = self.params.get(index) {
                self.tree.set_argument(id, *argument);
            }
        }
        let ends = |letter: u8| matches!(letter, 0 | b'E' | b'.' | b'_' | b'Q');
        if ends(self.peek()) {
            return Some(name);
        }
        if self.consume("Ua9enable_ifI") {
            self.until("E", Self::template_argument)?;
        }
        let result = if state.ends_with_arguments && !state.no_result { Some(self.ty()?) } else { None };
        let start = self.pending.len();
        if !self.consume("v") {
            while self.pending.len() == start || !ends(self.peek()) {
                let param = self.ty()?;
                self.pending.push(param);
            }
        }
        let params = self.taken(start);
        if self.consume("Q") {
            self.expression()?;
        }
        let params = self.node(Node::Commas(params))?;
        self.node(Node::Encoding { result, name, params, suffix: state.suffix, reference: state.reference })
    }

    pub(super) fn name(&mut self, state: Option<&mut NameState>) -> Option<Id> {
        self.deeper(|parser| match parser.peek() {
            b'N' => parser.nested_name(state),
            b'Z' => parser.local_name(state),
            _ => parser.plain_name(state),
        })
    }

    /// A name in no scope but `std`, with or without arguments.
    fn plain_name(&mut self, mut state: Option<&mut NameState>) -> Option<Id> {
        let substituted = self.peek() == b'S' && self.look(1) != b't';
        let name = if substituted { self.substitution()? } else { self.unscoped_name(state.as_deref_mut())? };
        if self.peek() != b'I' {
            return (!substituted).then_some(name);
        }
        if !substituted {
            self.substitutable(name);
        }
        self.with_arguments(name, state)
    }

    pub(super) fn unscoped_name(&mut self, state: Option<&mut NameState>) -> Option<Id> {
        let scope = if self.consume("St") { Some(self.text("std")?) } else { None };
        self.unqualified_name(state, scope)
    }

    /// `name` with the arguments that follow.
    pub(super) fn with_arguments(&mut self, name: Id, state: Option<&mut NameState>) -> Option<Id> {
        let arguments = self.template_arguments(state.is_some())?;
        if let Some(state) = state {
            state.ends_with_arguments = true;
        }
        self.node(Node::Arguments(name, arguments))
    }

    fn nested_name(&mut self, mut state: Option<&mut NameState>) -> Option<Id> {
        self.expect("N")?;
        self.consume("H");
        let suffix = self.qualifiers();
        let reference = match self.peek() {
            b'R' => "&",
            b'O' => "&&",
            _ => "",
        };
        self.at += usize::from(!reference.is_empty());
        if let Some(state) = state.as_deref_mut() {
            (state.suffix, state.reference) = (suffix, reference);
        }
        let mut scope: Option<Id> = None;
        while !self.consume("E") {
            if let Some(state) = state.as_deref_mut() {
                state.ends_with_arguments = false;
            }
            let part = match (self.peek(), self.look(1), scope) {
                (b'S', b't', None) => {
                    self.at += 2;
                    scope = self.text("std");
                    continue;
                }
                (b'S', _, None) => {
                    scope = Some(self.substitution()?);
                    continue;
                }
                (b'T', _, None) => self.template_param()?,
                (b'D', b't' | b'T', None) => self.decltype()?,
                (b'I', _, Some(name)) => self.with_arguments(name, state.as_deref_mut())?,
                _ => self.unqualified_name(state.as_deref_mut(), scope)?,
            };
            scope = Some(self.substitutable(part));
            self.consume("M");
        }
        // The whole is substituted by who asked for it, if at all.
        self.substitutions.pop()?;
        scope
    }

    /// `Z function E name`.
    fn local_name(&mut self, state: Option<&mut NameState>) -> Option<Id> {
        self.expect("Z")?;
        let function = self.encoding()?;
        self.expect("E")?;
        if self.consume("s") {
            self.discriminator();
            let text = self.text("string literal")?;
            return self.node(Node::Nested(function, text));
        }
        if self.consume("d") {
            let at = self.index(10)?;
            let number = self.node(Node::Number(at as u64 + 1))?;
            let argument = self.sequence(&[Part::Text("{default arg#"), Part::Node(number), Part::Text("}")])?;
            let scope = self.node(Node::Nested(function, argument))?;
            let name = self.name(state)?;
            return self.node(Node::Nested(scope, name));
        }
        let name = self.name(state)?;
        self.discriminator();
        self.node(Node::Nested(function, name))
    }

    /// `_3` or `__12_`, which tells apart names that are the same.
    fn discriminator(&mut self) {
        let start = self.at;
        let read = if self.consume("__") {
            self.digits().is_some() && self.consume("_")
        } else {
            let digit = self.peek() == b'_' && self.look(1).is_ascii_digit();
            self.at += if digit { 2 } else { 0 };
            digit
        };
        if !read {
            self.at = start;
        }
    }

    fn unqualified_name(&mut self, state: Option<&mut NameState>, scope: Option<Id>) -> Option<Id> {
        if scope.is_some() {
            self.consume("F");
        }
        self.consume("L");
        let name = match (self.peek(), self.look(1), scope) {
            (b'1'..=b'9', ..) => self.source_name()?,
            (b'U', ..) => self.unnamed_type(state)?,
            (b'D', b'C', _) => {
                self.at += 2;
                let names = self.until("E", Self::source_name)?;
                let names = self.node(Node::Commas(names))?;
                self.sequence(&[Part::Text("["), Part::Node(names), Part::Text("]")])?
            }
            (b'C' | b'D', _, Some(class)) => self.constructor(state, class)?,
            _ => self.operator_name(state)?,
        };
        let name = self.abi_tags(name)?;
        match scope {
            Some(scope) => self.node(Node::Nested(scope, name)),
            None => Some(name),
        }
    }

    pub(super) fn source_name(&mut self) -> Option<Id> {
        match self.identifier()? {
            name if name.starts_with("_GLOBAL__N") => self.node(Node::AnonymousNamespace),
            name => self.text(name),
        }
    }

    fn abi_tags(&mut self, mut name: Id) -> Option<Id> {
        while self.consume("B") {
            let tag = self.identifier()?;
            name = self.sequence(&[Part::Node(name), Part::Text("[abi:"), Part::Text(tag), Part::Text("]")])?;
        }
        Some(name)
    }

    fn constructor(&mut self, state: Option<&mut NameState>, class: Id) -> Option<Id> {
        let destroys = self.consume("D");
        let inherited = !destroys && self.consume("C") && self.consume("I");
        let variant = self.peek();
        if !(b'0'..=b'5').contains(&variant) || variant == (if destroys { b'3' } else { b'0' }) {
            return None;
        }
        self.at += 1;
        let class = if inherited { self.name(None)? } else { class };
        if let Some(state) = state {
            state.no_result = true;
        }
        self.node(if destroys { Node::Destructor(class) } else { Node::Constructor(class) })
    }

    pub(super) fn operator_name(&mut self, state: Option<&mut NameState>) -> Option<Id> {
        let operator = Operator::of([self.peek(), self.look(1)]);
        if let Some(operator) = operator {
            self.at += 2;
            if operator.operands == Operands::Cast {
                let outer = std::mem::replace(&mut self.in_conversion, true);
                let target = self.ty();
                self.in_conversion = outer;
                if let Some(state) = state {
                    state.no_result = true;
                }
                return self.sequence(&[Part::Text("operator "), Part::Node(target?)]);
            }
            return if operator.is_name() {
                self.sequence(&[Part::Text("operator"), Part::Text(operator.text)])
            } else {
                None
            };
        }
        if self.consume("li") {
            let suffix = self.identifier()?;
            return self.sequence(&[Part::Text("operator\"\" "), Part::Text(suffix)]);
        }
        self.expect("v")?;
        self.at += usize::from(self.peek().is_ascii_digit());
        let name = self.identifier()?;
        self.sequence(&[Part::Text("operator "), Part::Text(name)])
    }

    /// `Ut`, an unnamed type, or `Ul`, a lambda.
    fn unnamed_type(&mut self, state: Option<&mut NameState>) -> Option<Id> {
        if state.is_some() {
            self.params.clear();
        }
        if self.consume("Ut") {
            let number = self.index(10)? as u64 + 1;
            let number = self.node(Node::Number(number))?;
            return self.sequence(&[Part::Text("{unnamed type#"), Part::Node(number), Part::Text("}")]);
        }
        if self.consume("Ub") {
            self.index(10)?;
            return self.text("'block-literal'");
        }
        self.expect("Ul")?;
        let params = self.lambda_params()?;
        let number = self.index(10)? as u64 + 1;
        let number = self.node(Node::Number(number))?;
        self.sequence(&[
            Part::Text("{lambda"),
            Part::Node(params),
            Part::Text("#"),
            Part::Node(number),
            Part::Text("}"),
        ])
    }

    fn lambda_params(&mut self) -> Option<Id> {
        while self.is_param_declaration() {
            self.param_declaration()?;
        }
        if self.consume("Q") {
            self.expression()?;
        }
        let start = self.pending.len();
        if !self.consume("v") {
            while !matches!(self.peek(), b'E' | b'Q') {
                let param = self.ty()?;
                self.pending.push(param);
            }
        }
        let params = self.taken(start);
        if self.consume("Q") {
            self.expression()?;
        }
        self.expect("E")?;
        self.node(Node::LambdaParams(params))
    }

    /// `S_`, `S1_`, `Sa`: a part that stood before, or one of the standard library.
    pub(super) fn substitution(&mut self) -> Option<Id> {
        self.expect("S")?;
        let code = self.peek();
        if let Some(name) = standard(code) {
            self.at += 1;
            let mut name = self.text(name)?;
            if matches!(code, b'i' | b'd') {
                let arguments = self.text("char, std::char_traits<char>")?;
                name = self.node(Node::Arguments(name, arguments))?;
            }
            let tagged = self.abi_tags(name)?;
            return Some(if tagged == name { name } else { self.substitutable(tagged) });
        }
        let index = self.index(36)?;
        self.substitutions.get(index).copied()
    }
}
