//! Objects of the GNU C++ library in a target's memory. Knows two layouts of `std::string`, and that an object's first word
//! is its vtable; every value is checked before it is believed.

use std::io;

use super::memory::Memory;
use crate::fact::Address;

/// The text of a `std::string`; none when it can't be read or is not 1 to `longest` printable ASCII characters. A string
/// that changes while it is read is none.
pub fn string(memory: &(impl Memory + ?Sized), at: Address, longest: usize) -> Option<Vec<u8>> {
    let whole = |layout: fn(&_, Address) -> io::Result<Option<Parts>>| {
        let parts = layout(memory, at).ok()??;
        if parts.length == 0 || parts.length > longest as u64 {
            return None;
        }
        let text = text(memory, &parts)?;
        (layout(memory, at).ok()? == Some(parts)).then_some(text)
    };
    whole(current).or_else(|| whole(copy_on_write))
}

/// The vtable an object points to: its first word. None for a null pointer, or where nothing can be read.
pub fn vtable(memory: &(impl Memory + ?Sized), object: Address) -> Option<Address> {
    if object.0 == 0 {
        return None;
    }
    memory.pointer(object).ok().filter(|vtable| vtable.0 != 0)
}

#[derive(PartialEq)]
struct Parts {
    data: Address,
    length: u64,
}

const LARGEST_CAPACITY: u64 = 1 << 20;

/// libstdc++ since GCC 5: pointer, length, then the capacity or up to 15 characters in place (bits/basic_string.h).
fn current<M: Memory + ?Sized>(memory: &M, at: Address) -> io::Result<Option<Parts>> {
    let [data, length, capacity] = words(memory, at)?;
    let fits = match data == at.0.wrapping_add(16) {
        true => length <= 15,
        false => length <= capacity && capacity <= LARGEST_CAPACITY,
    };
    Ok((fits && data != 0).then_some(Parts { data: Address(data), length }))
}

/// Before, and with _GLIBCXX_USE_CXX11_ABI=0: a pointer to the text, which stands behind length, capacity and number of
/// references (bits/cow_string.h).
fn copy_on_write<M: Memory + ?Sized>(memory: &M, at: Address) -> io::Result<Option<Parts>> {
    let data = memory.pointer(at)?;
    let [length, capacity, _references] = words(memory, Address(data.0.wrapping_sub(24)))?;
    Ok((length <= capacity && capacity <= LARGEST_CAPACITY).then_some(Parts { data, length }))
}

fn words<M: Memory + ?Sized>(memory: &M, at: Address) -> io::Result<[u64; 3]> {
    let mut bytes = [0; 24];
    memory.read(at, &mut bytes)?;
    let word = |index: usize| bytes[index * 8..].first_chunk().map_or(0, |word| u64::from_le_bytes(*word));
    Ok([word(0), word(1), word(2)])
}

/// Printable characters that end with a NUL, as both layouts keep them.
fn text<M: Memory + ?Sized>(memory: &M, parts: &Parts) -> Option<Vec<u8>> {
    let mut text = vec![0; parts.length as usize + 1];
    memory.read(parts.data, &mut text).ok()?;
    let ended = text.pop() == Some(0);
    let printable = text.iter().all(|byte| (b' '..=b'~').contains(byte));
    (ended && printable).then_some(text)
}
