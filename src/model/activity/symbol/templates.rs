//! Parameters and arguments of templates.

use super::parser::Parser;
use super::tree::{Id, Node};

impl Parser<'_> {
    /// `T_`, `T0_`.
    pub(super) fn template_param(&mut self) -> Option<Id> {
        let start = self.at;
        self.expect("T")?;
        let outermost = !self.consume("L");
        if !outermost {
            self.index(10)?;
        }
        let index = self.index(10)?;
        let text = self.text.get(start..self.at)?;
        let argument = self.params.get(index).copied().filter(|_| outermost && !self.in_conversion);
        let param = self.node(Node::Param { text, index, argument })?;
        if outermost && argument.is_none() {
            self.forward.push((param, index));
        }
        Some(param)
    }

    /// `I…E`. Arguments of the name being read are what its template parameters stand for.
    pub(super) fn template_arguments(&mut self, of_name: bool) -> Option<Id> {
        self.expect("I")?;
        let conversion = std::mem::replace(&mut self.in_conversion, false);
        if of_name {
            self.params.clear();
        }
        let arguments = self.until("E", |parser| {
            let argument = parser.template_argument()?;
            if of_name {
                let param = match parser.tree.node(argument) {
                    Node::Commas(pack) => parser.tree.add(Node::Pack(pack)),
                    _ => argument,
                };
                parser.params.push(param);
            }
            if parser.consume("Q") {
                parser.expression()?;
            }
            Some(argument)
        });
        self.in_conversion = conversion;
        self.node(Node::Commas(arguments?))
    }

    pub(super) fn template_argument(&mut self) -> Option<Id> {
        self.deeper(|parser| match (parser.peek(), parser.look(1)) {
            (b'X', _) => {
                parser.at += 1;
                let expression = parser.expression()?;
                parser.expect("E")?;
                Some(expression)
            }
            (b'J', _) => {
                parser.at += 1;
                let arguments = parser.until("E", Self::template_argument)?;
                parser.node(Node::Commas(arguments))
            }
            (b'L', b'Z') => {
                parser.at += 2;
                let function = parser.encoding()?;
                parser.expect("E")?;
                Some(function)
            }
            (b'L', _) => parser.literal(),
            _ if parser.is_param_declaration() => {
                parser.param_declaration()?;
                parser.template_argument()
            }
            _ => parser.ty(),
        })
    }

    pub(super) fn is_param_declaration(&self) -> bool {
        self.peek() == b'T' && matches!(self.look(1), b'y' | b'k' | b'n' | b't' | b'p')
    }

    /// A parameter of a template that is itself an argument, or of a generic lambda: not shown.
    pub(super) fn param_declaration(&mut self) -> Option<()> {
        self.deeper(|parser| {
            parser.expect("T")?;
            let kind = parser.peek();
            parser.at += 1;
            match kind {
                b'y' => {}
                b'k' => drop(parser.name(None)?),
                b'n' => drop(parser.ty()?),
                b'p' => parser.param_declaration()?,
                b't' => {
                    while !parser.consume("E") {
                        parser.param_declaration()?;
                        if parser.consume("Q") {
                            parser.expression()?;
                        }
                    }
                }
                _ => return None,
            }
            Some(())
        })
    }
}
