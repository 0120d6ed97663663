//! Expressions of the mangling, as they stand in arguments of templates and in `decltype`.

use super::parser::Parser;
use super::tree::{Id, Node, Part};
use super::vocabulary::{Operands, Operator};

impl<'a> Parser<'a> {
    pub(super) fn expression(&mut self) -> Option<Id> {
        self.deeper(|parser| {
            let global = parser.consume("gs");
            match Operator::of([parser.peek(), parser.look(1)]) {
                Some(operator) => {
                    parser.at += 2;
                    parser.operation(operator)
                }
                None => parser.other_expression(global),
            }
        })
    }

    fn operation(&mut self, operator: &'static Operator) -> Option<Id> {
        let text = operator.text.trim_start();
        match operator.operands {
            Operands::Prefix => self.prefix(text),
            Operands::Postfix if self.consume("_") => self.prefix(text),
            Operands::Postfix => {
                let operand = self.operand()?;
                self.sequence(&[Part::Node(operand), Part::Text(text)])
            }
            Operands::Two => {
                let left = self.operand()?;
                let right = self.operand()?;
                if text == "[]" {
                    return self.sequence(&[Part::Node(left), Part::Text("["), Part::Node(right), Part::Text("]")]);
                }
                self.sequence(&[Part::Node(left), Part::Text(text), Part::Node(right)])
            }
            Operands::Three => {
                let condition = self.operand()?;
                let yes = self.operand()?;
                let no = self.operand()?;
                self.sequence(&[
                    Part::Node(condition),
                    Part::Text("?"),
                    Part::Node(yes),
                    Part::Text(" : "),
                    Part::Node(no),
                ])
            }
            Operands::New => self.new_expression(text),
            Operands::Call => {
                let function = self.expression()?;
                let arguments = self.until("E", Self::expression)?;
                self.call(function, Node::Commas(arguments))
            }
            Operands::Cast => {
                let outer = std::mem::replace(&mut self.in_conversion, false);
                let target = self.ty();
                self.in_conversion = outer;
                let target = target?;
                let arguments = if self.consume("_") {
                    self.until("E", Self::expression)?
                } else {
                    let argument = self.expression()?;
                    self.tree.list([argument])
                };
                let target = self.node(Node::Bracketed(target))?;
                self.call(target, Node::Commas(arguments))
            }
            Operands::NamedCast => {
                let target = self.ty()?;
                let operand = self.operand()?;
                self.sequence(&[
                    Part::Text(text),
                    Part::Text("<"),
                    Part::Node(target),
                    Part::Text(">"),
                    Part::Node(operand),
                ])
            }
            Operands::OfType => {
                let target = self.ty()?;
                let target = self.node(Node::Bracketed(target))?;
                self.sequence(&[Part::Text(text), Part::Node(target)])
            }
            Operands::OfExpression => self.prefix(text),
            Operands::Name => None,
        }
    }

    /// An expression in brackets.
    fn operand(&mut self) -> Option<Id> {
        let operand = self.expression()?;
        self.node(Node::Bracketed(operand))
    }

    fn prefix(&mut self, text: &'static str) -> Option<Id> {
        let operand = self.operand()?;
        self.sequence(&[Part::Text(text), Part::Node(operand)])
    }

    fn call(&mut self, function: Id, arguments: Node<'a>) -> Option<Id> {
        let arguments = self.node(arguments)?;
        let arguments = self.node(Node::Bracketed(arguments))?;
        self.sequence(&[Part::Node(function), Part::Node(arguments)])
    }

    fn new_expression(&mut self, text: &'static str) -> Option<Id> {
        let place = self.until("_", Self::expression)?;
        let target = self.ty()?;
        let values = if self.consume("pi") {
            self.until("E", Self::expression)?
        } else if self.peek() == b'i' {
            let values = self.expression()?;
            self.tree.list([values])
        } else {
            self.expect("E")?;
            self.tree.list([])
        };
        let place = self.node(Node::Commas(place))?;
        let place = self.node(Node::Bracketed(place))?;
        let made = self.call(target, Node::Commas(values))?;
        self.sequence(&[Part::Text(text), Part::Node(place), Part::Text(" "), Part::Node(made)])
    }

    fn other_expression(&mut self, global: bool) -> Option<Id> {
        let code = [self.peek(), self.look(1)];
        match &code {
            [b'L', _] => return self.literal(),
            [b'T', _] => return self.template_param(),
            [b'f', b'p'] => return self.function_param(),
            [b'f', b'L'] if self.look(2).is_ascii_digit() => return self.function_param(),
            [b'f', b'L' | b'R' | b'l' | b'r'] => return self.fold(),
            b"sr" => return self.unresolved_name(global),
            [b'u', _] => {
                self.at += 1;
                let name = self.source_name()?;
                let arguments = self.until("E", Self::template_argument)?;
                return self.call(name, Node::Commas(arguments));
            }
            b"il" | b"tl" | b"mc" | b"nx" | b"so" | b"sp" | b"sZ" | b"sP" | b"tr" | b"tw" | b"rq" | b"rQ" => {}
            _ => return self.unresolved_name(global),
        }
        self.at += 2;
        match &code {
            b"il" => self.initializer(None),
            b"tl" => {
                let target = self.ty()?;
                self.initializer(Some(target))
            }
            b"mc" | b"so" => {
                self.ty()?;
                let object = self.expression()?;
                if self.peek() != b'E' && self.peek() != b'_' && self.peek() != b'p' {
                    self.number()?;
                }
                while self.consume("_") {
                    self.digits();
                }
                self.consume("p");
                self.expect("E")?;
                Some(object)
            }
            b"nx" => self.prefix("noexcept "),
            b"sp" => {
                let pattern = self.expression()?;
                self.node(Node::Expansion(pattern))
            }
            b"sZ" => {
                let pack = if self.peek() == b'T' { self.template_param()? } else { self.function_param()? };
                let pack = self.node(Node::Bracketed(pack))?;
                self.sequence(&[Part::Text("sizeof..."), Part::Node(pack)])
            }
            b"sP" => {
                let arguments = self.until("E", Self::template_argument)?;
                let name = self.text("sizeof...")?;
                self.call(name, Node::Commas(arguments))
            }
            b"tr" => self.text("throw"),
            b"tw" => self.prefix("throw "),
            b"rQ" => {
                self.until("_", Self::ty)?;
                self.requirements()
            }
            _ => self.requirements(),
        }
    }

    fn requirements(&mut self) -> Option<Id> {
        self.until("E", |parser| {
            if parser.consume("X") {
                let expression = parser.expression()?;
                parser.consume("N");
                if parser.consume("R") {
                    parser.name(None)?;
                }
                Some(expression)
            } else if parser.consume("T") {
                parser.ty()
            } else {
                parser.expect("Q")?;
                parser.expression()
            }
        })?;
        self.text("requires {...}")
    }

    fn initializer(&mut self, target: Option<Id>) -> Option<Id> {
        let values = self.until("E", Self::braced)?;
        let values = self.node(Node::Commas(values))?;
        let target = target.map_or(Part::Text(""), Part::Node);
        self.sequence(&[target, Part::Text("{"), Part::Node(values), Part::Text("}")])
    }

    fn braced(&mut self) -> Option<Id> {
        self.deeper(|parser| {
            if parser.consume("di") {
                let field = parser.identifier()?;
                let value = parser.braced()?;
                return parser.sequence(&[Part::Text("."), Part::Text(field), Part::Text("="), Part::Node(value)]);
            }
            let range = parser.consume("dX");
            if range || parser.consume("dx") {
                let index = parser.expression()?;
                let mut parts = vec![Part::Text("["), Part::Node(index)];
                if range {
                    parts.extend([Part::Text(" ... "), Part::Node(parser.expression()?)]);
                }
                parts.extend([Part::Text("]="), Part::Node(parser.braced()?)]);
                return parser.sequence(&parts);
            }
            parser.expression()
        })
    }

    fn function_param(&mut self) -> Option<Id> {
        if self.consume("fpT") {
            return self.text("this");
        }
        if self.consume("fL") {
            self.digits()?;
            self.expect("p")?;
        } else {
            self.expect("fp")?;
        }
        self.qualifiers();
        let number = self.index(10)? as u64 + 1;
        let number = self.node(Node::Number(number))?;
        self.sequence(&[Part::Text("{parm#"), Part::Node(number), Part::Text("}")])
    }

    /// `(... + pack)` and its like.
    fn fold(&mut self) -> Option<Id> {
        let (left, two) = match self.look(1) {
            b'L' => (true, true),
            b'R' => (false, true),
            letter => (letter == b'l', false),
        };
        self.at += 2;
        let operator = Operator::of([self.peek(), self.look(1)])?;
        self.at += 2;
        let first = self.operand()?;
        let mut parts = vec![Part::Text("("), Part::Node(first), Part::Text(operator.text), Part::Text("...")];
        if two {
            parts.extend([Part::Text(operator.text), Part::Node(self.operand()?)]);
        } else if left {
            parts.swap(1, 3);
        }
        parts.push(Part::Text(")"));
        self.sequence(&parts)
    }

    /// `L…E`: a number, a string, a lambda, or a name of a function or variable.
    pub(super) fn literal(&mut self) -> Option<Id> {
        self.deeper(|parser| {
            parser.expect("L")?;
            if parser.consume("_Z") || parser.consume("Z") {
                let name = parser.encoding()?;
                parser.expect("E")?;
                return Some(name);
            }
            if parser.consume("b0E") {
                return parser.text("false");
            }
            if parser.consume("b1E") {
                return parser.text("true");
            }
            if parser.consume("DnE") || parser.consume("Dn0E") {
                return parser.text("nullptr");
            }
            let code = parser.peek();
            let target = parser.ty()?;
            if parser.consume("E") {
                return Some(target);
            }
            let negative = parser.consume("n");
            let rest = parser.text.get(parser.at..)?;
            let is_value = |b: &u8| b.is_ascii_digit() || (b'a'..=b'f').contains(b) || *b == b'_';
            let value = rest.get(..rest.bytes().take_while(|b| is_value(b)).count())?;
            parser.at += value.len();
            parser.expect("E")?;
            let sign = Part::Text(if negative { "-" } else { "" });
            if code == b'i' {
                return parser.sequence(&[sign, Part::Text(value)]);
            }
            let target = parser.node(Node::Bracketed(target))?;
            parser.sequence(&[Part::Node(target), sign, Part::Text(value)])
        })
    }
}
