//! Objects of the GNU C++ library in a target's memory. Knows two layouts of `std::string`, and that an object's first word
//! is its vtable; every value is checked before it is believed.

use std::io;

use crate::data::Address;
use crate::linux::memory::Memory;

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

#[cfg(test)]
mod tests {
    use super::*;

    /// Memory from address 1000 on.
    struct Words(Vec<u64>);

    impl Memory for Words {
        fn read(&self, address: Address, into: &mut [u8]) -> io::Result<()> {
            let bytes: Vec<u8> = self.0.iter().flat_map(|word| word.to_le_bytes()).collect();
            let at = address.0.checked_sub(1000).ok_or(io::ErrorKind::InvalidInput)? as usize;
            let from = bytes.get(at..).and_then(|from| from.get(..into.len())).ok_or(io::ErrorKind::InvalidInput)?;
            into.copy_from_slice(from);
            Ok(())
        }
    }

    fn chars(text: &[u8; 8]) -> u64 {
        u64::from_le_bytes(*text)
    }

    fn at_1000(words: &[u64]) -> Option<String> {
        let mut words = words.to_vec();
        words.resize(16, 0);
        string(&Words(words), Address(1000), 64).map(|text| String::from_utf8(text).unwrap())
    }

    #[test]
    fn short_and_long_strings_are_read() {
        assert_eq!(at_1000(&[1016, 7, chars(b"tf_Comp\0"), 0]).as_deref(), Some("tf_Comp"));
        let long = [1040, 16, 30, 0, 0, chars(b"tf_numa_"), chars(b"-1_Eigen"), 0];
        assert_eq!(at_1000(&long).as_deref(), Some("tf_numa_-1_Eigen"));
    }

    #[test]
    fn strings_of_the_old_abi_are_read() {
        let old = [1032, 7, 7, 0, chars(b"tf_Comp\0")];
        assert_eq!(at_1000(&[&old[..], &[0]].concat()).as_deref(), Some("tf_Comp"));
    }

    #[test]
    fn what_only_looks_like_a_string_is_none() {
        let text = chars(b"tf_Comp\0");
        for (why, words) in [
            ("null pointer", [0, 7, 30, text]),
            ("no characters", [1016, 0, text, 0]),
            ("longer than its place", [1016, 16, text, text]),
            ("longer than its capacity", [1024, 7, 3, text]),
            ("endless", [1024, u64::MAX, u64::MAX, text]),
            ("no NUL behind it", [1016, 6, text, 0]),
            ("unmapped", [1 << 40, 7, 30, text]),
            ("not printable", [1016, 3, 0x0001_0261, 0]),
        ] {
            assert_eq!(at_1000(&words), None, "{why}");
        }
    }

    #[test]
    fn longer_than_asked_for_is_none() {
        let words = Words(vec![1016, 7, chars(b"tf_Comp\0"), 0]);
        assert!(string(&words, Address(1000), 7).is_some() && string(&words, Address(1000), 6).is_none());
    }
}
