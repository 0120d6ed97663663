//! A C++ name taken apart: nodes that refer to earlier nodes by number, as substitutions of the mangling do.

/// Number of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Id(usize);

/// Some nodes in a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct List {
    start: usize,
    end: usize,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Node<'a> {
    Text(&'a str),
    Number(u64),
    AnonymousNamespace,
    /// A template parameter: its argument, or "auto" among the parameters of a lambda.
    Param {
        text: &'a str,
        index: usize,
        argument: Option<Id>,
    },
    /// One after the other.
    Sequence(List),
    /// With commas between; what turns out empty is left out.
    Commas(List),
    /// `scope::name`.
    Nested(Id, Id),
    /// `name<arguments>`.
    Arguments(Id, Id),
    /// `(…)` that short names go without.
    Bracketed(Id),
    /// A lambda's parameters, in brackets.
    LambdaParams(List),
    /// The last part of the class's name.
    Constructor(Id),
    Destructor(Id),
    /// `type*`, `type&`, `type&&`.
    Pointer(Id, &'static str),
    /// `type const`.
    Qualified(Id, &'a str),
    Function {
        result: Id,
        params: Id,
        suffix: &'static str,
        reference: &'static str,
    },
    Array {
        element: Id,
        dimension: Id,
    },
    MemberPointer {
        class: Id,
        member: Id,
    },
    /// The arguments that stand for one template parameter: one of them at a time within an expansion.
    Pack(List),
    /// The pattern, once for each argument of the pack in it.
    Expansion(Id),
    /// A function with its parameters.
    Encoding {
        result: Option<Id>,
        name: Id,
        params: Id,
        suffix: &'static str,
        reference: &'static str,
    },
}

/// A piece of a sequence.
pub(super) enum Part<'a> {
    Text(&'a str),
    Node(Id),
}

#[derive(Default)]
pub(super) struct Tree<'a> {
    nodes: Vec<Node<'a>>,
    members: Vec<Id>,
}

impl<'a> Tree<'a> {
    pub(super) fn add(&mut self, node: Node<'a>) -> Id {
        self.nodes.push(node);
        Id(self.nodes.len() - 1)
    }

    pub(super) fn list(&mut self, members: impl IntoIterator<Item = Id>) -> List {
        let start = self.members.len();
        self.members.extend(members);
        List { start, end: self.members.len() }
    }

    pub(super) fn sequence(&mut self, parts: &[Part<'a>]) -> Id {
        let start = self.members.len();
        for part in parts {
            let id = match *part {
                Part::Text(text) => self.add(Node::Text(text)),
                Part::Node(id) => id,
            };
            self.members.push(id);
        }
        self.add(Node::Sequence(List { start, end: self.members.len() }))
    }

    /// Gives the template parameter what it stands for.
    pub(super) fn set_argument(&mut self, param: Id, to: Id) {
        if let Some(Node::Param { argument, .. }) = self.nodes.get_mut(param.0) {
            *argument = Some(to);
        }
    }

    pub(super) fn node(&self, id: Id) -> Node<'a> {
        self.nodes.get(id.0).copied().unwrap_or(Node::Text(""))
    }

    pub(super) fn members(&self, list: List) -> &[Id] {
        self.members.get(list.start..list.end).unwrap_or_default()
    }
}
