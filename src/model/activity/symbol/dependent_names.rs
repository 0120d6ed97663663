//! Names within expressions, whose meaning depends on a template's parameters.

use super::parser::Parser;
use super::tree::{Id, Node, Part};

impl Parser<'_> {
    /// `name`, `sr scope name`.
    pub(super) fn unresolved_name(&mut self, global: bool) -> Option<Id> {
        if !self.consume("sr") {
            let name = self.base_name()?;
            return self.sequence(&[Part::Text(if global { "::" } else { "" }), Part::Node(name)]);
        }
        let levels = self.consume("N") || self.peek().is_ascii_digit();
        let mut scope = if self.peek().is_ascii_digit() { self.simple_name()? } else { self.unresolved_type()? };
        while levels && !self.consume("E") {
            let name = self.simple_name()?;
            scope = self.node(Node::Nested(scope, name))?;
        }
        let name = self.base_name()?;
        self.node(Node::Nested(scope, name))
    }

    fn unresolved_type(&mut self) -> Option<Id> {
        let (name, is_new) = match (self.peek(), self.look(1)) {
            (b'T', _) => (self.template_param()?, true),
            (b'D', b't' | b'T') => (self.decltype()?, true),
            (b'S', b't') => (self.unscoped_name(None)?, true),
            _ => (self.substitution()?, false),
        };
        if is_new {
            self.substitutable(name);
        }
        if self.peek() != b'I' {
            return Some(name);
        }
        let whole = self.with_arguments(name, None)?;
        Some(self.substitutable(whole))
    }

    /// `3foo`, `3fooIiE`.
    fn simple_name(&mut self) -> Option<Id> {
        let name = self.source_name()?;
        if self.peek() == b'I' { self.with_arguments(name, None) } else { Some(name) }
    }

    fn base_name(&mut self) -> Option<Id> {
        if self.consume("dn") {
            let class = if self.peek().is_ascii_digit() { self.simple_name()? } else { self.unresolved_type()? };
            return self.node(Node::Destructor(class));
        }
        if self.peek().is_ascii_digit() {
            return self.simple_name();
        }
        self.consume("on");
        let name = self.operator_name(None)?;
        if self.peek() == b'I' { self.with_arguments(name, None) } else { Some(name) }
    }
}
