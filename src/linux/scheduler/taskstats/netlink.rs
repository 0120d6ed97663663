//! Messages of generic netlink (netlink(7), include/uapi/linux/genetlink.h): how a request is put and what a datagram holds. Opens
//! no socket. Whatever the bytes, nothing is read beyond them.

use std::iter;

use crate::linux::scheduler::numbers::{number_u16, number_u32};

/// Bytes of `struct nlmsghdr`, of `struct genlmsghdr` and of `struct nlattr`.
const MESSAGE_HEADER: usize = 16;
const GENERIC_HEADER: usize = 4;
const ATTRIBUTE_HEADER: usize = 4;
/// NLM_F_REQUEST and NLM_F_ACK.
const REQUEST: u16 = 1;
const ACKNOWLEDGE: u16 = 4;
/// NLMSG_ERROR: an error, or, with the number 0, that a request was done.
const ERROR: u16 = 2;
/// The bits of an attribute's type that are its number (NLA_TYPE_MASK).
const ATTRIBUTE_NUMBER: u16 = 0x3fff;

/// A request of a family, to be acknowledged: a command with attributes, each its number and its bytes.
pub fn request(family: u16, command: u8, sequence: u32, attributes: &[(u16, &[u8])]) -> Vec<u8> {
    let mut body = vec![command, 1, 0, 0];
    for (number, bytes) in attributes {
        let length = u16::try_from(ATTRIBUTE_HEADER + bytes.len()).unwrap_or(u16::MAX);
        body.extend(length.to_ne_bytes());
        body.extend(number.to_ne_bytes());
        body.extend_from_slice(bytes);
        body.resize(aligned(body.len()), 0);
    }
    let length = u32::try_from(MESSAGE_HEADER + body.len()).unwrap_or(u32::MAX);
    let mut message = length.to_ne_bytes().to_vec();
    message.extend(family.to_ne_bytes());
    message.extend((REQUEST | ACKNOWLEDGE).to_ne_bytes());
    message.extend(sequence.to_ne_bytes());
    // From no port of ours: the kernel knows the socket.
    message.extend(0_u32.to_ne_bytes());
    message.append(&mut body);
    message
}

/// One message of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// Its type: the number of a family, or one of netlink's own.
    pub kind: u16,
    /// The number of the request it answers. Messages that answer none have one, too.
    pub sequence: u32,
    payload: &'a [u8],
}

impl<'a> Message<'a> {
    /// The error that it says, as the kernel numbers them, 0 for none; none where it is no answer of this kind.
    pub fn error(&self) -> Option<i32> {
        if self.kind != ERROR {
            return None;
        }
        self.payload.first_chunk().map(|number| i32::from_ne_bytes(*number).saturating_neg())
    }

    /// Its attributes, where it is a family's.
    pub fn attributes(&self) -> impl Iterator<Item = (u16, &'a [u8])> {
        attributes(self.payload.get(GENERIC_HEADER..).unwrap_or_default())
    }
}

/// The messages of a datagram, up to the first that is cut off.
pub fn messages(mut datagram: &[u8]) -> impl Iterator<Item = Message<'_>> {
    iter::from_fn(move || {
        let length = usize::try_from(number_u32(datagram, 0)?).ok()?;
        let (kind, sequence) = (number_u16(datagram, 4)?, number_u32(datagram, 8)?);
        let payload = datagram.get(MESSAGE_HEADER..length)?;
        datagram = datagram.get(aligned(length)..).unwrap_or_default();
        Some(Message { kind, sequence, payload })
    })
}

/// Attributes, each its number and its bytes, up to the first that is cut off.
pub fn attributes(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    iter::from_fn(move || {
        let length = usize::from(number_u16(bytes, 0)?);
        let number = number_u16(bytes, 2)? & ATTRIBUTE_NUMBER;
        let value = bytes.get(ATTRIBUTE_HEADER..length)?;
        bytes = bytes.get(aligned(length)..).unwrap_or_default();
        Some((number, value))
    })
}

/// Messages and attributes begin at multiples of four.
fn aligned(length: usize) -> usize {
    length.saturating_add(3) & !3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_reads_as_it_was_put() {
        let bytes = request(31, 1, 7, &[(3, b"0-1\0x"), (1, &42_u32.to_ne_bytes())]);
        assert_eq!(bytes.len(), 16 + 4 + 12 + 8);
        let all: Vec<Message> = messages(&bytes).collect();
        assert_eq!((all.len(), all[0].kind, all[0].sequence, all[0].error()), (1, 31, 7, None));
        let attributes: Vec<_> = all[0].attributes().collect();
        assert_eq!(attributes, [(3, &b"0-1\0x"[..]), (1, &42_u32.to_ne_bytes()[..])]);
    }

    #[test]
    fn what_is_cut_off_is_left_out() {
        let whole = request(31, 1, 7, &[(3, b"0-1\0")]);
        let two = [&whole[..], &whole[..]].concat();
        assert_eq!(messages(&two).count(), 2);
        for length in 0..whole.len() {
            assert_eq!(messages(&two[..whole.len() + length]).count(), 1, "{length}");
            assert_eq!(messages(&whole[..length]).count(), 0, "{length}");
        }
        assert_eq!(attributes(&[3, 0, 1, 0, 9]).count(), 0, "shorter than its own header");
        assert_eq!(messages(&[0; 64]).count(), 0, "a length of nothing ends it");
    }

    #[test]
    fn an_acknowledgement_is_the_error_zero() {
        let answer = |error: i32| {
            let mut bytes = request(ERROR, 0, 7, &[]);
            bytes.splice(MESSAGE_HEADER.., error.to_ne_bytes());
            messages(&bytes).next().unwrap().error()
        };
        assert_eq!((answer(0), answer(-1), answer(i32::MIN)), (Some(0), Some(1), Some(i32::MAX)));
    }
}
