//! The Python objects of a live CPython, read from outside: module variables, thread names, tf.config. Never runs Python
//! code, never stops the interpreter, never takes its lock; so everything may change while it is read, and is checked.

mod checked;
pub(crate) mod debug_offsets;
pub(crate) mod dict;
pub(crate) mod frame_layout;
pub(crate) mod frames;
pub(crate) mod interpreter;
pub(crate) mod layout;
pub(crate) mod lines;
pub(crate) mod objects;
pub(crate) mod tf_config;
pub(crate) mod threads;

use std::io;

use crate::data::{Address, Text};
use crate::linux::memory::Memory;
use crate::probe::cpython::checked::{after, unreadable};
use crate::probe::cpython::frame_layout::FrameLayout;
use crate::probe::cpython::layout::Layout;
use crate::probe::cpython::objects::Objects;

/// The main interpreter of one process. Cheap to open (about 25 reads, 0.1 ms): open it anew for each look.
pub struct Python<'m> {
    objects: Objects<'m>,
    /// None where this version's frames are not known.
    frames: Option<FrameLayout>,
    interpreter: Address,
    modules: Address,
    version: (u8, u8),
}

impl<'m> Python<'m> {
    /// Finds the interpreter's modules.
    ///
    /// `runtime` is the address of the exported `_PyRuntime`, in the executable or in libpython. `version` is the one of
    /// [`version_at`], or of the file's name; CPython 3.13 and later say it themselves.
    /// Fails, with a reason fit for the screen, where memory can't be read, while Python starts or ends, and where this
    /// CPython's layout is not known.
    pub fn open(memory: &'m dyn Memory, runtime: Address, version: Option<(u8, u8)>) -> io::Result<Self> {
        let (layout, frames, version) = match (debug_offsets::published(memory, runtime)?, version) {
            (Some(published), _) => (published.layout, published.frames, published.version),
            (None, Some(version)) => {
                let layout = Layout::of_version(version).ok_or_else(|| unknown(version))?;
                (layout, FrameLayout::of_version(version), version)
            }
            (None, None) => return Err(unreadable("CPython's version is not known, so its objects are not either")),
        };
        let interpreter = memory.pointer(after(runtime, layout.interpreter.main)?)?;
        if interpreter.0 == 0 {
            return Err(unreadable("Python is not running yet, or no more"));
        }
        let modules = memory.pointer(after(interpreter, layout.interpreter.modules)?)?;
        let python = Self { objects: Objects::new(memory, layout), frames, interpreter, modules, version };
        match python.module("sys") {
            Ok(Some(_)) => Ok(python),
            _ => Err(unreadable(&format!(
                "CPython {}.{} has no modules where they should be: it is starting, ending or an unusual build",
                version.0, version.1
            ))),
        }
    }

    /// Major and minor version.
    pub fn version(&self) -> (u8, u8) {
        self.version
    }

    /// `__main__.__file__`: the script as Python opened it; none for `python -c`, standard input and a notebook.
    pub fn main_script(&self) -> io::Result<Option<Text>> {
        let Some(main) = self.module("__main__")? else { return Ok(None) };
        match self.objects.find(&self.objects.dict(main)?, "__file__")? {
            Some(file) if !self.objects.is_none(file)? => self.objects.text(file).map(Some),
            _ => Ok(None),
        }
    }

    /// The namespace of an imported module; none when it is not imported.
    fn module(&self, name: &str) -> io::Result<Option<Address>> {
        // PyModuleObject.md_dict, the first member after the object's head (Objects/moduleobject.c, 3.10 to 3.15).
        const MD_DICT: u64 = 16;
        match self.objects.find(&self.objects.dict(self.modules)?, name)? {
            Some(module) if !self.objects.is_none(module)? => {
                self.objects.memory.pointer(after(module, MD_DICT)?).map(Some)
            }
            _ => Ok(None),
        }
    }
}

/// Major and minor version of a CPython, from the exported constant `Py_Version` (since 3.11; PY_VERSION_HEX).
pub fn version_at(memory: &dyn Memory, py_version: Address) -> io::Result<(u8, u8)> {
    match memory.u32(py_version)?.to_be_bytes() {
        [major @ 3, minor, _, _] => Ok((major, minor)),
        _ => Err(unreadable("Py_Version holds no version")),
    }
}

fn unknown((major, minor): (u8, u8)) -> io::Error {
    unreadable(&format!("the objects of CPython {major}.{minor} are laid out in an unknown way"))
}
