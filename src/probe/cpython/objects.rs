//! Single Python objects in a target's memory: types, text, integers. Every length is checked, nothing is trusted.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::rc::Rc;

use crate::data::{Address, Text};
use crate::linux::elf::c_string::c_string;
use crate::linux::memory::Memory;
use crate::probe::cpython::checked::{after, unreadable};
use crate::probe::cpython::layout::{IntFormat, Layout};

/// Longest text read, in characters.
const LONGEST_TEXT: u64 = 4096;

/// Longest name of a type read, in bytes.
const LONGEST_NAME: usize = 128;

/// `Py_TPFLAGS_UNICODE_SUBCLASS`, `Py_TPFLAGS_LONG_SUBCLASS`, `Py_TPFLAGS_HEAPTYPE` (Include/object.h, the same in 3.10 to 3.15).
const IS_TEXT: u64 = 1 << 28;
const IS_INT: u64 = 1 << 24;
const IS_HEAP_TYPE: u64 = 1 << 9;

/// A reader of one interpreter's objects. Lives for one look: what it learned of a class is kept until it is dropped.
pub(crate) struct Objects<'m> {
    pub memory: &'m dyn Memory,
    pub layout: Layout,
    classes: RefCell<HashMap<Address, Rc<Class>>>,
}

/// What a type says of its instances.
pub(crate) struct Class {
    /// Without the module for classes written in Python.
    pub name: Vec<u8>,
    pub flags: u64,
    pub basic_size: u64,
    pub dict_offset: i64,
    /// The attribute names that its instances share; null where they don't.
    pub cached_keys: Address,
}

impl<'m> Objects<'m> {
    pub fn new(memory: &'m dyn Memory, layout: Layout) -> Self {
        Self { memory, layout, classes: RefCell::default() }
    }

    /// What the object's type says.
    pub fn class_of(&self, object: Address) -> io::Result<Rc<Class>> {
        let class = self.memory.pointer(after(object, self.layout.object.ob_type)?)?;
        if let Some(known) = self.classes.borrow().get(&class) {
            return Ok(Rc::clone(known));
        }
        let word = |offset: u64| self.memory.u64(after(class, offset)?);
        let layout = self.layout.object;
        let flags = word(layout.tp_flags)?;
        let read = Rc::new(Class {
            name: c_string(self.memory, Address(word(layout.tp_name)?), LONGEST_NAME)?,
            flags,
            basic_size: word(layout.tp_basicsize)?,
            dict_offset: word(layout.tp_dictoffset)? as i64,
            cached_keys: Address(if flags & IS_HEAP_TYPE == 0 { 0 } else { word(layout.cached_keys)? }),
        });
        self.classes.borrow_mut().insert(class, Rc::clone(&read));
        Ok(read)
    }

    /// Whether it is `None`.
    pub fn is_none(&self, object: Address) -> io::Result<bool> {
        Ok(self.class_of(object)?.name == b"NoneType")
    }

    /// A str's characters; lossy where they are no Unicode. Fails for another type and for a str of the old,
    /// not compact form (subclasses of str have it).
    pub fn text(&self, object: Address) -> io::Result<Text> {
        if self.class_of(object)?.flags & IS_TEXT == 0 {
            return Err(unreadable("expected a Python str"));
        }
        let layout = self.layout.text;
        let length = self.memory.u64(after(object, layout.length)?)?;
        let state = TextState(self.memory.u32(after(object, layout.state)?)?);
        let width = state.width()?;
        if !state.is_compact() {
            return Err(unreadable("a Python str is not compact"));
        }
        let length = length.min(LONGEST_TEXT) as usize;
        let data = after(object, if state.is_ascii() { layout.ascii_data } else { layout.wide_data })?;
        let mut bytes = vec![0; length * width];
        self.memory.read(data, &mut bytes)?;
        let character = |code: u32| char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
        let text: String = match width {
            1 => bytes.iter().map(|&byte| char::from(byte)).collect(),
            2 => bytes.as_chunks().0.iter().map(|&pair| character(u16::from_le_bytes(pair).into())).collect(),
            _ => bytes.as_chunks().0.iter().map(|&four| character(u32::from_le_bytes(four))).collect(),
        };
        Ok(text.into())
    }

    /// Whether a dict's key is this ASCII text. Any other object is just not it.
    pub fn key_is(&self, key: Address, name: &str) -> io::Result<bool> {
        let layout = self.layout.text;
        let head = layout.ascii_data as usize;
        let mut bytes = vec![0; head + name.len()];
        if self.memory.read(key, &mut bytes).is_err() {
            // A shorter key may end where its mapping ends.
            bytes.truncate(head);
            self.memory.read(key, &mut bytes)?;
        }
        let field = |offset: u64| bytes.get(offset as usize..).unwrap_or_default();
        let length = field(layout.length).first_chunk().map(|length| u64::from_le_bytes(*length));
        let state = field(layout.state).first_chunk().map(|state| TextState(u32::from_le_bytes(*state)));
        Ok(length == Some(name.len() as u64)
            && state.is_some_and(|state| state.is_compact() && state.is_ascii())
            && bytes[head..] == *name.as_bytes())
    }

    /// An int, if it fits. Fails for another type; a bool is an int.
    pub fn int(&self, object: Address) -> io::Result<i64> {
        let class = self.class_of(object)?;
        if class.flags & IS_INT == 0 {
            let name = Text::from_bytes(&class.name);
            return Err(unreadable(&format!("expected a Python int, found a {name}")));
        }
        let size = self.memory.u64(after(object, self.layout.int.size)?)?;
        let (digits, negative) = match self.layout.int.format {
            IntFormat::SignedSize => ((size as i64).unsigned_abs(), (size as i64) < 0),
            IntFormat::Tag => (size >> 3, size & 3 == 2),
        };
        if digits > 2 {
            return Err(unreadable("a Python int is larger than 60 bits"));
        }
        let mut magnitude = 0;
        for index in (0..digits).rev() {
            let digit = self.memory.u32(after(object, self.layout.int.digits + 4 * index)?)?;
            magnitude = magnitude << 30 | i64::from(digit & 0x3fff_ffff);
        }
        Ok(if negative { -magnitude } else { magnitude })
    }

    /// `None` or an int.
    pub fn optional_int(&self, object: Address) -> io::Result<Option<i64>> {
        if self.is_none(object)? { Ok(None) } else { self.int(object).map(Some) }
    }
}

/// `PyASCIIObject.state`.
#[derive(Clone, Copy)]
struct TextState(u32);

impl TextState {
    fn is_compact(self) -> bool {
        self.0 >> 5 & 1 == 1
    }

    fn is_ascii(self) -> bool {
        self.0 >> 6 & 1 == 1
    }

    /// Bytes a character.
    fn width(self) -> io::Result<usize> {
        match self.0 >> 2 & 7 {
            width @ (1 | 2 | 4) => Ok(width as usize),
            _ => Err(unreadable("a Python str has characters of unknown width")),
        }
    }
}
