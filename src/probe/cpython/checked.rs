//! What every reader of Python objects needs: addresses that can't overflow, and the error for bytes that make no sense.

use std::io;

use crate::data::Address;

/// An address some bytes further on.
pub(super) fn after(address: Address, bytes: u64) -> io::Result<Address> {
    address.0.checked_add(bytes).map(Address).ok_or_else(|| unreadable("a Python object points out of memory"))
}

/// The error for bytes that are not what they should be.
pub(super) fn unreadable(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}
