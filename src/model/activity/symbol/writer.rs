//! A C++ name as text, whole or short, within a bound on the work and on the text.

use super::tree::{Id, List, Node, Tree};

/// Nodes within nodes that are written, and nodes of one name: substitutions make a name grow without end.
const DEEPEST: u32 = 160;
pub(super) const MOST_NODES: u32 = 16_384;
/// Longest text made of one name, in bytes.
pub(super) const LONGEST: usize = 16 << 10;

/// How the text of a type goes around a name within: `int (*name)[3]`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Plain,
    Function,
    Array,
}

impl Shape {
    /// What stands before the part within.
    fn opening(self, plain: &'static str) -> &'static str {
        match self {
            Self::Plain => plain,
            Self::Function => "(",
            Self::Array => " (",
        }
    }
}

pub(super) struct Writer<'t, 'a> {
    tree: &'t Tree<'a>,
    /// Without parameters and arguments.
    short: bool,
    pub out: String,
    pub steps: u32,
    depth: u32,
    in_lambda: bool,
    /// In an expansion: which argument of the pack is written, and how many there are, once a pack was met.
    pack: Option<(usize, Option<usize>)>,
}

impl<'t, 'a> Writer<'t, 'a> {
    pub(super) fn new(tree: &'t Tree<'a>, short: bool) -> Self {
        Self { tree, short, out: String::new(), steps: 0, depth: 0, in_lambda: false, pack: None }
    }

    /// Writes the node; none where it takes too much.
    pub(super) fn write(&mut self, id: Id) -> Option<()> {
        self.left(id)?;
        self.right(id)
    }

    fn push(&mut self, text: &str) -> Option<()> {
        // Text may be dropped again, where a pack turns out empty: copying it counts too.
        self.steps += u32::try_from(text.len() / 64).ok()?;
        if self.out.len() + text.len() > LONGEST || self.steps > MOST_NODES {
            return None;
        }
        self.out.push_str(text);
        Some(())
    }

    /// Punctuation of what short names go without.
    fn push_long(&mut self, text: &str) -> Option<()> {
        if self.short { Some(()) } else { self.push(text) }
    }

    fn step(&mut self) -> Option<()> {
        self.steps += 1;
        (self.steps <= MOST_NODES).then_some(())
    }

    fn deeper(&mut self, write: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        self.step()?;
        if self.depth >= DEEPEST {
            return None;
        }
        self.depth += 1;
        let written = write(self);
        self.depth -= 1;
        written
    }

    /// What stands before a name that the type is of.
    fn left(&mut self, id: Id) -> Option<()> {
        self.deeper(|writer| writer.left_here(id))
    }

    fn left_here(&mut self, id: Id) -> Option<()> {
        match self.tree.node(id) {
            Node::Text(text) => self.push(text),
            Node::Number(number) => self.push(&number.to_string()),
            Node::AnonymousNamespace => self.push(if self.short { "(anonymous)" } else { "(anonymous namespace)" }),
            Node::Param { argument: Some(argument), .. } if !self.in_lambda => self.left(argument),
            Node::Param { index, .. } if self.in_lambda => self.push(&format!("auto:{}", index.saturating_add(1))),
            Node::Param { text, .. } => self.push(text),
            Node::Sequence(parts) => self.tree.members(parts).iter().try_for_each(|part| self.write(*part)),
            Node::Commas(parts) => self.commas(parts),
            Node::Nested(scope, name) => {
                self.write(scope)?;
                self.push("::")?;
                self.write(name)
            }
            Node::Arguments(name, arguments) => {
                self.write(name)?;
                if self.short {
                    return Some(());
                }
                self.push(if self.out.ends_with('<') { " <" } else { "<" })?;
                self.write(arguments)?;
                self.push(if self.out.ends_with('>') { " >" } else { ">" })
            }
            Node::Bracketed(_) | Node::LambdaParams(_) if self.short => Some(()),
            Node::Bracketed(inner) => {
                self.push("(")?;
                self.write(inner)?;
                self.push(")")
            }
            Node::LambdaParams(params) => self.lambda_params(params),
            Node::Constructor(class) => self.last_name(class),
            Node::Destructor(class) => {
                self.push("~")?;
                self.last_name(class)
            }
            Node::Pointer(target, symbol) => self.pointer(target, symbol),
            Node::Qualified(target, qualifiers) => {
                self.left(target)?;
                self.push(qualifiers)
            }
            Node::Function { result, .. } => {
                self.left(result)?;
                self.push_long(" ")
            }
            Node::Array { element, .. } => self.left(element),
            Node::MemberPointer { class, member } => {
                self.left(member)?;
                let shape = self.shape(member)?;
                if self.short && shape != Shape::Plain {
                    return Some(());
                }
                self.push(shape.opening(" "))?;
                self.write(class)?;
                self.push("::*")
            }
            Node::Pack(arguments) => match self.pack_member(arguments) {
                Some(member) => member.map_or(Some(()), |member| self.left(member)),
                None => self.commas(arguments),
            },
            Node::Expansion(pattern) => self.expansion(pattern),
            Node::Encoding { name, .. } if self.short => self.write(name),
            Node::Encoding { .. } => {
                let outer = std::mem::replace(&mut self.in_lambda, false);
                let written = self.encoding(id);
                self.in_lambda = outer;
                written
            }
        }
    }

    fn encoding(&mut self, id: Id) -> Option<()> {
        let Node::Encoding { result, name, params, suffix, reference } = self.tree.node(id) else {
            return None;
        };
        if let Some(result) = result {
            self.left(result)?;
            self.push(" ")?;
        }
        self.write(name)?;
        self.push("(")?;
        self.write(params)?;
        self.push(")")?;
        self.push(suffix)?;
        if !reference.is_empty() {
            self.push(" ")?;
            self.push(reference)?;
        }
        result.map_or(Some(()), |result| self.right(result))
    }

    fn lambda_params(&mut self, params: List) -> Option<()> {
        let outer = std::mem::replace(&mut self.in_lambda, true);
        self.push("(")?;
        let written = self.commas(params);
        self.in_lambda = outer;
        written?;
        self.push(")")
    }

    /// What stands behind a name that the type is of.
    fn right(&mut self, id: Id) -> Option<()> {
        match self.tree.node(id) {
            Node::Param { .. } if self.in_lambda => Some(()),
            Node::Param { argument: Some(target), .. } | Node::Qualified(target, _) => {
                self.deeper(|writer| writer.right(target))
            }
            Node::Pointer(target, _) | Node::MemberPointer { member: target, .. } => self.deeper(|writer| {
                if writer.shape(target)? != Shape::Plain {
                    writer.push_long(")")?;
                }
                writer.right(target)
            }),
            Node::Function { .. } | Node::Array { .. } if self.short => Some(()),
            Node::Function { result, params, suffix, reference } => self.deeper(|writer| {
                writer.push("(")?;
                writer.write(params)?;
                writer.push(")")?;
                writer.push(suffix)?;
                writer.push(reference)?;
                writer.right(result)
            }),
            Node::Array { element, dimension } => self.deeper(|writer| {
                writer.push(if writer.out.ends_with(']') { "[" } else { " [" })?;
                writer.write(dimension)?;
                writer.push("]")?;
                writer.right(element)
            }),
            Node::Pack(arguments) => match self.pack_member(arguments) {
                Some(Some(member)) => self.deeper(|writer| writer.right(member)),
                _ => Some(()),
            },
            _ => Some(()),
        }
    }

    fn pointer(&mut self, target: Id, symbol: &str) -> Option<()> {
        let (mut target, mut symbol) = (target, symbol);
        // A reference to a reference is one.
        while symbol.starts_with('&') {
            self.step()?;
            match self.tree.node(target) {
                Node::Param { argument: Some(other), .. } if !self.in_lambda => target = other,
                Node::Pack(arguments) => match self.pack_member(arguments) {
                    Some(Some(member)) => target = member,
                    _ => break,
                },
                Node::Pointer(other, inner) if inner.starts_with('&') => {
                    symbol = if inner == "&" { "&" } else { symbol };
                    target = other;
                }
                _ => break,
            }
        }
        self.left(target)?;
        let shape = self.shape(target)?;
        if self.short && shape != Shape::Plain {
            return Some(());
        }
        self.push(shape.opening(""))?;
        self.push(symbol)
    }

    fn shape(&mut self, id: Id) -> Option<Shape> {
        let mut id = id;
        loop {
            self.step()?;
            id = match self.tree.node(id) {
                Node::Param { argument: Some(target), .. } if !self.in_lambda => target,
                Node::Qualified(target, _) => target,
                Node::Pack(arguments) => match self.pack_member(arguments) {
                    Some(Some(member)) => member,
                    _ => return Some(Shape::Plain),
                },
                Node::Function { .. } => return Some(Shape::Function),
                Node::Array { .. } => return Some(Shape::Array),
                _ => return Some(Shape::Plain),
            };
        }
    }

    fn commas(&mut self, parts: List) -> Option<()> {
        let mut written = false;
        for part in self.tree.members(parts) {
            let before = self.out.len();
            if written {
                self.push(", ")?;
            }
            let start = self.out.len();
            self.write(*part)?;
            if self.out.len() == start {
                self.out.truncate(before);
            } else {
                written = true;
            }
        }
        Some(())
    }

    /// The argument that the expansion around is at; no answer outside of one, none where the pack is shorter.
    fn pack_member(&mut self, arguments: List) -> Option<Option<Id>> {
        let members = self.tree.members(arguments);
        let (at, length) = self.pack.as_mut()?;
        length.get_or_insert(members.len());
        Some(members.get(*at).copied())
    }

    fn expansion(&mut self, pattern: Id) -> Option<()> {
        let outer = self.pack.replace((0, None));
        let start = self.out.len();
        let mut at = 0;
        let written = loop {
            self.pack = Some((at, self.pack.and_then(|(_, length)| length)));
            let before = self.out.len();
            let written = self.write(pattern);
            let length = self.pack.and_then(|(_, length)| length);
            match (length, written) {
                (_, None) => break None,
                (Some(0), _) => {
                    self.out.truncate(start);
                    break Some(());
                }
                (None, Some(())) => break self.push("..."),
                (Some(length), Some(())) => {
                    at += 1;
                    if at >= length {
                        break Some(());
                    }
                    if self.out.len() > before {
                        self.push(", ")?;
                    }
                }
            }
        };
        self.pack = outer;
        written
    }

    /// The class's own name, as its constructors have it.
    fn last_name(&mut self, class: Id) -> Option<()> {
        let mut id = class;
        loop {
            self.step()?;
            id = match self.tree.node(id) {
                Node::Nested(_, name) => name,
                Node::Param { argument: Some(name), .. } | Node::Arguments(name, _) => name,
                Node::Sequence(parts) => match self.tree.members(parts) {
                    [first, ..] if matches!(self.tree.node(*first), Node::Text(text) if !text.starts_with('{')) => {
                        *first
                    }
                    _ => return self.write(id),
                },
                Node::Text(text) => return self.push(text.rsplit("::").next().unwrap_or(text)),
                _ => return self.write(id),
            };
        }
    }
}
