//! The layout that CPython 3.13 and later publish of themselves: `_Py_DebugOffsets`, the first member of `_PyRuntime`
//! (pycore_runtime.h in 3.13, pycore_debug_offsets.h since 3.14). It never trusts a number that contradicts the headers.

use std::io;

use crate::data::Address;
use crate::linux::memory::Memory;
use crate::probe::cpython::checked::unreadable;
use crate::probe::cpython::frame_layout;
use crate::probe::cpython::frame_layout::FrameLayout;
use crate::probe::cpython::layout::{InterpreterLayout, Layout, ObjectLayout};

/// `_Py_Debug_Cookie`.
const COOKIE: &[u8; 8] = b"xdebugpy";

/// As much of `_Py_DebugOffsets` as is looked at, in words; 3.15's last one used here is number 93.
const WORDS: usize = 96;

/// An offset beyond this is none: in 3.15 the whole of `_PyRuntime`, main interpreter included, has 338 KiB.
const LARGEST_OFFSET: u64 = 16 << 20;

/// Which word of `_Py_DebugOffsets` holds what: members were added in the middle from one version to the next.
struct Words {
    imports_modules: usize,
    ob_type: usize,
    tp_name: usize,
    ma_keys: usize,
    lv_tag: usize,
    unicode_state: usize,
    /// `ht_cached_keys`, published since 3.15.
    cached_keys: Option<usize>,
}

/// Words that are at the same place in every version: cookie 0, version 1, free_threaded 2, interpreters_head 5.
const INTERPRETERS_HEAD: usize = 5;

const WORDS_3_13: Words = Words {
    imports_modules: 11,
    ob_type: 45,
    tp_name: 47,
    ma_keys: 57,
    lv_tag: 62,
    unicode_state: 68,
    cached_keys: None,
};
const WORDS_3_14: Words = Words {
    imports_modules: 12,
    ob_type: 51,
    tp_name: 53,
    ma_keys: 67,
    lv_tag: 72,
    unicode_state: 78,
    cached_keys: None,
};
const WORDS_3_15: Words = Words {
    imports_modules: 12,
    ob_type: 59,
    tp_name: 61,
    ma_keys: 79,
    lv_tag: 84,
    unicode_state: 90,
    cached_keys: Some(67),
};

/// What a CPython says of itself.
pub(crate) struct PublishedLayout {
    pub layout: Layout,
    pub frames: Option<FrameLayout>,
    pub version: (u8, u8),
}

/// Reads it; none where there is no cookie: CPython before 3.13. Fails in words where the build is free-threaded, and where
/// the version is newer than the headers known here and its words are not where they were.
pub(crate) fn published(memory: &dyn Memory, runtime: Address) -> io::Result<Option<PublishedLayout>> {
    let mut bytes = [0; WORDS * 8];
    memory.read(runtime, &mut bytes[..COOKIE.len()])?;
    if !bytes.starts_with(COOKIE) {
        return Ok(None);
    }
    memory.read(runtime, &mut bytes)?;
    let word = |index: usize| bytes.as_chunks().0.get(index).map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let version = ((word(1) >> 24) as u8, (word(1) >> 16) as u8);
    let named = format!("CPython {}.{}", version.0, version.1);
    if word(2) != 0 {
        return Err(unreadable(&format!("this {named} is a free-threaded build, whose objects are not read")));
    }
    let words = match version {
        (3, 13) => &WORDS_3_13,
        (3, 14) => &WORDS_3_14,
        _ => &WORDS_3_15,
    };
    let known = Layout::since_3_13();
    let interpreter =
        InterpreterLayout { main: word(INTERPRETERS_HEAD).saturating_add(8), modules: word(words.imports_modules) };
    let cached_keys = words.cached_keys.map_or(known.object.cached_keys, word);
    let object = ObjectLayout { cached_keys, ..known.object };
    let plausible = |offset: u64| offset.is_multiple_of(8) && offset < LARGEST_OFFSET;
    if agrees(word, words, &known) && [interpreter.main, interpreter.modules, cached_keys].into_iter().all(plausible) {
        let frames = frame_layout::published(version, word);
        Ok(Some(PublishedLayout { layout: Layout { interpreter, object, ..known }, frames, version }))
    } else {
        Err(unreadable(&format!("the objects of this {named} are laid out in an unknown way")))
    }
}

/// Whether what is published is what the headers say: then the words are where they are thought to be.
fn agrees(word: impl Fn(usize) -> u64, at: &Words, known: &Layout) -> bool {
    let published = [
        [word(at.ob_type), word(at.tp_name), word(at.ma_keys)],
        [word(at.ma_keys + 1), word(at.lv_tag), word(at.lv_tag + 1)],
        [word(at.unicode_state), word(at.unicode_state + 1), word(at.unicode_state + 2)],
    ];
    published
        == [
            [known.object.ob_type, known.object.tp_name, known.dict.ma_keys],
            [known.dict.ma_values, known.int.size, known.int.digits],
            [known.text.state, known.text.length, known.text.ascii_data],
        ]
}
