//! Numbers in what the kernel writes to a socket or a ring buffer: in the machine's own order, and none beyond the end.

/// A number at so many bytes from the beginning, in the machine's own order.
pub fn number_u16(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|number| u16::from_ne_bytes(*number))
}

/// The same of four bytes.
pub fn number_u32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|number| u32::from_ne_bytes(*number))
}

/// The same of eight bytes.
pub fn number_u64(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|number| u64::from_ne_bytes(*number))
}
