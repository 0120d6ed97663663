//! The reader's place in a mangled name, and the bounds on its work. The grammar is read in one pass, never twice: each
//! part is decided by the next two letters, so the work grows with the length of the symbol alone.

use super::tree::{Id, List, Node, Part, Tree};

/// Parts within parts that are followed; deeper names are not read.
const DEEPEST: u32 = 128;
/// Parts of one name that are read: real names have fewer than a tenth of that.
pub(super) const MOST_PARTS: u32 = 16_384;

pub(super) struct Parser<'a> {
    pub text: &'a str,
    pub at: usize,
    pub tree: Tree<'a>,
    /// What `S_`, `S0_`… stand for.
    pub substitutions: Vec<Id>,
    /// What `T_`, `T0_`… stand for.
    pub params: Vec<Id>,
    /// Template parameters that are named before their arguments.
    pub forward: Vec<(Id, usize)>,
    /// Parts of the lists being read.
    pub pending: Vec<Id>,
    pub in_conversion: bool,
    pub steps: u32,
    depth: u32,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            tree: Tree::default(),
            substitutions: Vec::new(),
            params: Vec::new(),
            forward: Vec::new(),
            pending: Vec::new(),
            in_conversion: false,
            steps: 0,
            depth: 0,
        }
    }

    /// The letter `ahead` of the next one; 0 behind the end.
    pub(super) fn look(&self, ahead: usize) -> u8 {
        self.text.as_bytes().get(self.at + ahead).copied().unwrap_or(0)
    }

    pub(super) fn peek(&self) -> u8 {
        self.look(0)
    }

    pub(super) fn consume(&mut self, text: &str) -> bool {
        let found = self.text.as_bytes()[self.at..].starts_with(text.as_bytes());
        self.at += if found { text.len() } else { 0 };
        found
    }

    pub(super) fn expect(&mut self, text: &str) -> Option<()> {
        self.consume(text).then_some(())
    }

    /// Reads a part of a part: every circle of the grammar passes here.
    pub(super) fn deeper<T>(&mut self, parse: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        self.steps += 1;
        if self.depth >= DEEPEST || self.steps > MOST_PARTS {
            return None;
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    /// Parts up to `end`, which is consumed.
    pub(super) fn until(&mut self, end: &str, mut parse: impl FnMut(&mut Self) -> Option<Id>) -> Option<List> {
        let start = self.pending.len();
        while !self.consume(end) {
            let part = parse(self)?;
            self.pending.push(part);
        }
        Some(self.taken(start))
    }

    /// The pending parts from `start` on, as a list.
    pub(super) fn taken(&mut self, start: usize) -> List {
        let list = self.tree.list(self.pending.iter().skip(start).copied());
        self.pending.truncate(start);
        list
    }

    pub(super) fn node(&mut self, node: Node<'a>) -> Option<Id> {
        Some(self.tree.add(node))
    }

    pub(super) fn text(&mut self, text: &'a str) -> Option<Id> {
        self.node(Node::Text(text))
    }

    pub(super) fn sequence(&mut self, parts: &[Part<'a>]) -> Option<Id> {
        Some(self.tree.sequence(parts))
    }

    pub(super) fn substitutable(&mut self, id: Id) -> Id {
        self.substitutions.push(id);
        id
    }

    /// Digits, at least one.
    pub(super) fn digits(&mut self) -> Option<&'a str> {
        let rest = self.text.get(self.at..)?;
        let length = rest.bytes().take_while(u8::is_ascii_digit).count();
        self.at += length;
        rest.get(..length).filter(|digits| !digits.is_empty())
    }

    /// A number that may be negative, as its digits.
    pub(super) fn number(&mut self) -> Option<(bool, &'a str)> {
        let negative = self.consume("n");
        Some((negative, self.digits()?))
    }

    /// `_` is 0, `0_` is 1, and so on, in this base.
    pub(super) fn index(&mut self, base: u32) -> Option<usize> {
        if self.consume("_") {
            return Some(0);
        }
        let rest = self.text.get(self.at..)?;
        let length = rest.bytes().take_while(|b| b.is_ascii_digit() || (base == 36 && b.is_ascii_uppercase())).count();
        let index = usize::from_str_radix(rest.get(..length)?, base).ok()?;
        self.at += length;
        self.expect("_")?;
        index.checked_add(1)
    }

    /// `3foo`.
    pub(super) fn identifier(&mut self) -> Option<&'a str> {
        let length: usize = self.digits()?.parse().ok()?;
        let name = self.text.get(self.at..self.at.checked_add(length)?).filter(|name| !name.is_empty())?;
        self.at += length;
        Some(name)
    }

    /// `[r] [V] [K]`.
    pub(super) fn qualifiers(&mut self) -> &'static str {
        let restrict = self.consume("r");
        let volatile = self.consume("V");
        match (self.consume("K"), volatile, restrict) {
            (false, false, false) => "",
            (true, false, false) => " const",
            (false, true, false) => " volatile",
            (false, false, true) => " restrict",
            (true, true, false) => " const volatile",
            (true, false, true) => " const restrict",
            (false, true, true) => " volatile restrict",
            (true, true, true) => " const volatile restrict",
        }
    }
}
