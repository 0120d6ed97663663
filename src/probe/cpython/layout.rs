//! Where CPython's objects keep what is read here: small tables for 3.10 to 3.12, by CPython's own headers.
//! For 3.13 and later the target publishes most of it: see `debug_offsets`.

/// Offsets in bytes unless said otherwise; LP64, little-endian, with the GIL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    pub interpreter: InterpreterLayout,
    pub object: ObjectLayout,
    pub text: TextLayout,
    pub int: IntLayout,
    pub dict: DictLayout,
    pub attributes: Attributes,
}

/// The way from `_PyRuntime` to sys.modules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InterpreterLayout {
    /// `_PyRuntimeState.interpreters.main`, the word after `.head` in every version (pycore_runtime.h).
    pub main: u64,
    /// `PyInterpreterState.modules`, since 3.12 `.imports.modules` (pycore_interp.h).
    pub modules: u64,
}

/// `PyObject`, `PyTypeObject`, `PyHeapTypeObject` (Include/object.h, Include/cpython/object.h).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ObjectLayout {
    pub ob_type: u64,
    pub tp_name: u64,
    pub tp_basicsize: u64,
    pub tp_flags: u64,
    pub tp_dictoffset: u64,
    /// `ht_cached_keys`: attribute names that instances of a class share.
    pub cached_keys: u64,
}

/// `PyASCIIObject`, `PyCompactUnicodeObject` (Include/cpython/unicodeobject.h).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TextLayout {
    pub length: u64,
    /// Bit field: interned 2, kind 3, compact 1, ascii 1.
    pub state: u64,
    /// Where the characters of a compact ASCII string begin.
    pub ascii_data: u64,
    /// Where the characters of any other compact string begin.
    pub wide_data: u64,
}

/// `PyLongObject` (Include/cpython/longintrepr.h); digits of 30 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct IntLayout {
    pub format: IntFormat,
    /// `ob_size` or `lv_tag`.
    pub size: u64,
    pub digits: u64,
}

/// How an int says its sign and its number of digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IntFormat {
    /// Up to 3.11: `ob_size`, whose sign is the number's.
    SignedSize,
    /// Since 3.12: `lv_tag`, digits << 3 | sign (0 positive, 1 zero, 2 negative; pycore_long.h).
    Tag,
}

/// `PyDictObject` and what it points to (Include/cpython/dictobject.h).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DictLayout {
    pub ma_keys: u64,
    pub ma_values: u64,
    pub keys: KeysFormat,
    /// First value in what `ma_values` points to; since 3.13 four bytes of header, padded, come first.
    pub first_value: u64,
}

/// `PyDictKeysObject`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeysFormat {
    /// 3.10 (Objects/dict-common.h): `dk_size` at 8, `dk_nentries` at 32, indices at 40, entries of hash, key, value.
    Sized,
    /// Since 3.11 (pycore_dict.h): log2 of the index bytes at 9, kind at 10, `dk_nentries` at 24, indices at 32; entries
    /// have no hash where all keys are str.
    Log2,
}

/// Where instances of a class written in Python keep their attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attributes {
    /// 3.10: a dict at `tp_dictoffset`.
    DictOffset,
    /// 3.11 (pycore_object.h): values 4 words before the object, or else a dict 3 words before.
    ValuesBefore,
    /// 3.12 (pycore_object.h, `PyDictOrValues`): 3 words before the object a dict, or values - 1: odd.
    TaggedBefore,
    /// Since 3.13 (pycore_object.h): a dict 3 words before the object, or else values inline after its basic size.
    Inline,
}

impl Layout {
    /// The table of a version that does not publish its own layout.
    pub fn of_version(version: (u8, u8)) -> Option<Self> {
        let table = Self::since_3_13();
        match version {
            (3, 10) => Some(Self {
                interpreter: InterpreterLayout { main: 40, modules: 856 },
                object: ObjectLayout { cached_keys: 872, ..table.object },
                text: TextLayout { ascii_data: 48, wide_data: 72, ..table.text },
                int: IntLayout { format: IntFormat::SignedSize, ..table.int },
                dict: DictLayout { keys: KeysFormat::Sized, first_value: 0, ..table.dict },
                attributes: Attributes::DictOffset,
            }),
            (3, 11) => Some(Self {
                interpreter: InterpreterLayout { main: 48, modules: 888 },
                object: ObjectLayout { cached_keys: 872, ..table.object },
                text: TextLayout { ascii_data: 48, wide_data: 72, ..table.text },
                int: IntLayout { format: IntFormat::SignedSize, ..table.int },
                dict: DictLayout { first_value: 0, ..table.dict },
                attributes: Attributes::ValuesBefore,
            }),
            (3, 12) => Some(Self {
                interpreter: InterpreterLayout { main: 48, modules: 944 },
                dict: DictLayout { first_value: 0, ..table.dict },
                attributes: Attributes::TaggedBefore,
                ..table
            }),
            _ => None,
        }
    }

    /// What 3.13 and 3.14 share. The interpreter's offsets and whatever else is published replace those here.
    pub fn since_3_13() -> Self {
        Self {
            interpreter: InterpreterLayout { main: 640, modules: 7656 },
            object: ObjectLayout {
                ob_type: 8,
                tp_name: 24,
                tp_basicsize: 32,
                tp_flags: 168,
                tp_dictoffset: 288,
                cached_keys: 880,
            },
            text: TextLayout { length: 16, state: 32, ascii_data: 40, wide_data: 56 },
            int: IntLayout { format: IntFormat::Tag, size: 16, digits: 24 },
            dict: DictLayout { ma_keys: 32, ma_values: 40, keys: KeysFormat::Log2, first_value: 8 },
            attributes: Attributes::Inline,
        }
    }
}
