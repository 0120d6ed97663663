//! NUL-terminated strings in a target's memory, bounded.

use std::io;

use crate::data::Address;
use crate::linux::memory::Memory;

/// Smallest page of the supported architectures: a read that ends at such a boundary never fails because of the page after.
const PAGE: u64 = 4096;

/// The bytes before the first NUL, at most `longest`; a longer string is cut. Never reads past the page of its last byte.
pub fn c_string(memory: &dyn Memory, address: Address, longest: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut at = address.0;
    while bytes.len() < longest {
        let to_boundary = (PAGE - at % PAGE) as usize;
        let start = bytes.len();
        bytes.resize(start + to_boundary.min(longest - start).min(256), 0);
        memory.read(Address(at), &mut bytes[start..])?;
        if let Some(end) = memchr::memchr(0, &bytes[start..]) {
            bytes.truncate(start + end);
            return Ok(bytes);
        }
        at = at.checked_add((bytes.len() - start) as u64).ok_or(io::ErrorKind::InvalidData)?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One mapped stretch of memory.
    struct Stretch {
        start: u64,
        bytes: Vec<u8>,
    }

    impl Memory for Stretch {
        fn read(&self, address: Address, into: &mut [u8]) -> io::Result<()> {
            let from = address.0.checked_sub(self.start).ok_or(io::ErrorKind::InvalidInput)? as usize;
            let to = from.checked_add(into.len()).ok_or(io::ErrorKind::InvalidInput)?;
            into.copy_from_slice(self.bytes.get(from..to).ok_or(io::ErrorKind::InvalidInput)?);
            Ok(())
        }
    }

    #[test]
    fn a_string_at_the_very_end_of_a_mapping_is_read() {
        let mut bytes = vec![b'x'; 4096];
        bytes[4090..].copy_from_slice(b"hello\0");
        let memory = Stretch { start: 0x7000, bytes };
        assert_eq!(c_string(&memory, Address(0x7000 + 4090), 4096).unwrap(), b"hello");
    }

    #[test]
    fn an_endless_string_is_cut() {
        let memory = Stretch { start: 0x7000, bytes: vec![b'x'; 8192] };
        assert_eq!(c_string(&memory, Address(0x7003), 5000).unwrap(), vec![b'x'; 5000]);
        assert_eq!(c_string(&memory, Address(0x7003), 0).unwrap(), b"");
    }

    #[test]
    fn a_string_that_runs_out_of_its_mapping_is_an_error() {
        let memory = Stretch { start: 0x7000, bytes: vec![b'x'; 4096] };
        assert!(c_string(&memory, Address(0x7000), 5000).is_err());
        assert!(c_string(&memory, Address(u64::MAX - 2), 5000).is_err());
    }
}
