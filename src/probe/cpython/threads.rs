//! What Python calls its threads: `threading._active`, a dict of ident to Thread (Lib/threading.py).

use std::collections::HashMap;
use std::io;

use crate::data::{Address, Text};
use crate::probe::cpython::Python;
use crate::probe::cpython::dict::DictEntry;

impl Python<'_> {
    /// The names of the threads that Python started, and of the main thread, by native id: the tid in the target's own
    /// pid namespace. Empty while `threading` is not imported.
    ///
    /// A `_DummyThread` is left out: Python did not start that thread, it only once ran in it. A thread that was born,
    /// renamed or ended while it was read is left out too. Before 3.12 a forked child may still hold its parent's native
    /// id for its main thread.
    pub fn thread_names(&self) -> io::Result<HashMap<u32, Text>> {
        let Some(threading) = self.module("threading")? else { return Ok(HashMap::new()) };
        let Some(active) = self.objects.find(&self.objects.dict(threading)?, "_active")? else {
            return Ok(HashMap::new());
        };
        // The name of a thread that ends meanwhile can be overwritten: only one that is found again later is believed.
        let mut names = self.names_once(active)?;
        let again = self.names_once(active)?;
        names.retain(|id, name| again.get(id) == Some(name));
        Ok(names)
    }

    fn names_once(&self, active: Address) -> io::Result<HashMap<u32, Text>> {
        let (mut name, mut native_id) = (Attribute::new("_name"), Attribute::new("_native_id"));
        let mut names = HashMap::new();
        for thread in self.objects.dict(active)? {
            if let Ok(Some((id, text))) = self.thread(thread.value, &mut name, &mut native_id) {
                names.insert(id, text);
            }
        }
        Ok(names)
    }

    /// None for a dummy and for a thread that has no native id yet.
    fn thread(&self, thread: Address, name: &mut Attribute, id: &mut Attribute) -> io::Result<Option<(u32, Text)>> {
        if self.objects.class_of(thread)?.name == b"_DummyThread" {
            return Ok(None);
        }
        let attributes = self.objects.attributes(thread)?;
        let (Some(name), Some(id)) = (name.of(self, &attributes)?, id.of(self, &attributes)?) else {
            return Ok(None);
        };
        let Some(id) = self.objects.optional_int(id)?.and_then(|id| u32::try_from(id).ok()) else { return Ok(None) };
        Ok(Some((id, self.objects.text(name)?)))
    }
}

/// An attribute looked up in many instances. Attribute names are interned: after the first hit the key's address is enough.
struct Attribute {
    name: &'static str,
    key: Option<Address>,
}

impl Attribute {
    fn new(name: &'static str) -> Self {
        Self { name, key: None }
    }

    fn of(&mut self, python: &Python<'_>, attributes: &[DictEntry]) -> io::Result<Option<Address>> {
        if let Some(entry) = attributes.iter().find(|entry| Some(entry.key) == self.key) {
            return Ok(Some(entry.value));
        }
        let found = python.objects.find_entry(attributes, self.name)?;
        self.key = found.map(|entry| entry.key).or(self.key);
        Ok(found.map(|entry| entry.value))
    }
}
