//! Names of what a compiler makes for itself: tables, thunks, guards.

use super::parser::Parser;
use super::tree::{Id, Node, Part};

impl Parser<'_> {
    pub(super) fn special_name(&mut self) -> Option<Id> {
        let code = [self.peek(), self.look(1)];
        let (text, of_type) = match &code {
            b"TV" => ("vtable for ", true),
            b"TT" => ("VTT for ", true),
            b"TI" => ("typeinfo for ", true),
            b"TS" => ("typeinfo name for ", true),
            b"TW" => ("TLS wrapper function for ", false),
            b"TH" => ("TLS init function for ", false),
            b"GV" => ("guard variable for ", false),
            b"GR" => ("reference temporary for ", false),
            b"TA" => ("template parameter object for ", false),
            b"TC" => ("construction vtable for ", true),
            b"Tc" => ("covariant return thunk to ", false),
            b"Th" => ("non-virtual thunk to ", false),
            b"Tv" => ("virtual thunk to ", false),
            b"GT" => ("transaction clone for ", false),
            _ => return None,
        };
        self.at += if matches!(&code, b"Th" | b"Tv") { 1 } else { 2 };
        let named = match &code {
            b"Tc" => {
                self.call_offset()?;
                self.call_offset()?;
                self.encoding()?
            }
            b"Th" | b"Tv" => {
                self.call_offset()?;
                self.encoding()?
            }
            b"GT" => {
                self.at += usize::from(matches!(self.peek(), b't' | b'n'));
                self.encoding()?
            }
            b"TA" => self.template_argument()?,
            _ if of_type => self.ty()?,
            _ => self.name(None)?,
        };
        if &code == b"GR" && self.peek() != 0 {
            let number = self.index(36)? as u64;
            let number = self.node(Node::Number(number))?;
            let before = Part::Text("reference temporary #");
            return self.sequence(&[before, Part::Node(number), Part::Text(" for "), Part::Node(named)]);
        }
        if &code == b"TC" {
            self.number()?;
            self.expect("_")?;
            let inner = self.ty()?;
            return self.sequence(&[Part::Text(text), Part::Node(inner), Part::Text("-in-"), Part::Node(named)]);
        }
        self.sequence(&[Part::Text(text), Part::Node(named)])
    }

    fn call_offset(&mut self) -> Option<()> {
        let virtual_base = self.consume("v");
        if !virtual_base {
            self.expect("h")?;
        }
        self.number()?;
        self.expect("_")?;
        if virtual_base {
            self.number()?;
            self.expect("_")?;
        }
        Some(())
    }
}
