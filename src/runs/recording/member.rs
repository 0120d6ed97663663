//! The gzip members of a recording. Each but the first begins with a whole look; in the extra field of its header (RFC 1952,
//! 2.3.1.1) stands where the member before begins and when the looks of that one were taken. So every look is found, and can
//! be read, without what stands before its member. FORMAT.md has the bytes.

use std::io;
use std::io::Write;

use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};

/// How a member begins: the gzip header of one that has an extra field and nothing else.
pub(crate) const BEGIN: [u8; 8] = [0x1f, 0x8b, 8, 4, 0, 0, 0, 0];
/// Longest header, in bytes: what an extra field of [`LOOKS`] looks can take.
pub(super) const LONGEST: usize = 4096;
/// Looks of a member at most.
pub(super) const LOOKS: usize = 256;
/// A member is ended once it is so many times as long as its whole look, and has so many bytes beside.
const TIMES_WHOLE: u64 = 8;
const BESIDE: u64 = 64 << 10;

/// On recordings of training runs 7 % smaller than level 3 and a quarter than level 1, for two and four times the CPU time.
const LEVEL: u32 = 6;

/// Our subfield: its name, and the version of what follows.
const NAME: [u8; 2] = *b"TT";
const VERSION: u8 = 1;
/// Where the extra field begins, and the part of ours that has a fixed length.
const EXTRA_AT: usize = 12;
const FIXED: usize = 1 + 3 * 8;

/// What the header of a member says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct MemberHeader {
    /// Where it begins: bytes from the begin of the file.
    pub(crate) offset: u64,
    /// Where the member before begins; of the first, 0.
    pub(crate) before: u64,
    /// How many looks stand before it in the file.
    pub(crate) first_look: u64,
    /// When the looks of the member before were taken, nanoseconds since boot.
    pub(crate) looks_before_ns: Vec<u64>,
}

impl MemberHeader {
    fn extra(&self) -> Vec<u8> {
        let mut said = vec![VERSION];
        for number in [self.offset, self.before, self.first_look] {
            said.extend(number.to_le_bytes());
        }
        let (mut at_ns, mut apart) = (0, 0);
        for &look_ns in &self.looks_before_ns {
            let now_apart: u64 = look_ns.wrapping_sub(at_ns);
            put(zigzag(now_apart.wrapping_sub(apart)), &mut said);
            (at_ns, apart) = (look_ns, now_apart);
        }
        let length = u16::try_from(said.len()).unwrap_or(u16::MAX);
        [NAME.as_slice(), &length.to_le_bytes(), &said].concat()
    }

    /// Of the bytes that stand at an offset; none where no member begins there, or one of another version.
    pub(crate) fn parse(bytes: &[u8], offset: u64) -> Option<Self> {
        let number = |at: usize| Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?) as usize);
        let length = number(EXTRA_AT + 2)?;
        if !bytes.starts_with(&BEGIN)
            || bytes.get(EXTRA_AT..EXTRA_AT + 2)? != NAME
            || number(EXTRA_AT - 2)? != length + 4
            || length < FIXED
        {
            return None;
        }
        let said = bytes.get(EXTRA_AT + 4..)?.get(..length)?;
        let (fixed, mut times) = said.split_at(FIXED);
        let mut numbers = fixed[1..].chunks_exact(8).filter_map(|part| Some(u64::from_le_bytes(part.try_into().ok()?)));
        let mut header = Self {
            offset: numbers.next()?,
            before: numbers.next()?,
            first_look: numbers.next()?,
            looks_before_ns: Vec::new(),
        };
        if fixed[0] != VERSION || header.offset != offset {
            return None;
        }
        let (mut at_ns, mut apart) = (0_u64, 0_u64);
        while !times.is_empty() {
            apart = apart.wrapping_add(unzigzag(take(&mut times)?));
            at_ns = at_ns.wrapping_add(apart);
            header.looks_before_ns.push(at_ns);
        }
        Some(header)
    }
}

/// Small numbers for small differences in either direction.
fn zigzag(difference: u64) -> u64 {
    let signed = difference.cast_signed();
    ((signed << 1) ^ (signed >> 63)).cast_unsigned()
}

fn unzigzag(number: u64) -> u64 {
    (number >> 1) ^ (number & 1).wrapping_neg()
}

/// Seven bits a byte, the lowest first; the highest bit says that more follow (LEB128).
fn put(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

/// Writes members one after the other.
#[derive(Debug)]
pub(super) struct MemberWriter<W: Write> {
    /// None only after an error.
    encoder: Option<GzEncoder<Counted<W>>>,
    header: MemberHeader,
    looks_ns: Vec<u64>,
    /// Bytes of its whole look, once they left the compressor.
    whole: Option<u64>,
}

impl<W: Write> MemberWriter<W> {
    /// Begins with the first; nothing is written yet.
    pub(super) fn new(out: W) -> Self {
        let header = MemberHeader::default();
        Self { encoder: Some(begun(&header, Counted { out, bytes: 0 })), header, looks_ns: Vec::new(), whole: None }
    }

    /// Bytes of the file so far, but for what is still in the compressor.
    pub(super) fn bytes(&self) -> u64 {
        self.encoder.as_ref().map_or(0, |encoder| encoder.get_ref().bytes)
    }

    /// Whether the next look should begin a new member.
    pub(super) fn is_long(&self) -> bool {
        let bytes = self.bytes().saturating_sub(self.header.offset);
        let most = self.whole.map_or(u64::MAX, |whole| whole.saturating_mul(TIMES_WHOLE).saturating_add(BESIDE));
        self.looks_ns.len() >= LOOKS || bytes > most
    }

    /// Ends this member and begins the next.
    pub(super) fn begin_next(&mut self) -> io::Result<()> {
        let out = self.encoder.take().ok_or_else(given_up)?.finish()?;
        let looks_before_ns = std::mem::take(&mut self.looks_ns);
        let first_look = self.header.first_look + looks_before_ns.len() as u64;
        self.header = MemberHeader { offset: out.bytes, before: self.header.offset, first_look, looks_before_ns };
        self.encoder = Some(begun(&self.header, out));
        self.whole = None;
        Ok(())
    }

    /// Adds a line that is no look.
    pub(super) fn write(&mut self, line: &[u8]) -> io::Result<()> {
        self.encoder()?.write_all(line)
    }

    /// Adds a look.
    pub(super) fn write_look(&mut self, at_ns: u64, line: &[u8]) -> io::Result<()> {
        self.write(line)?;
        self.looks_ns.push(at_ns);
        Ok(())
    }

    /// Hands on all that was written.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.encoder()?.flush()?;
        if !self.looks_ns.is_empty() {
            let bytes = self.bytes().saturating_sub(self.header.offset);
            self.whole.get_or_insert(bytes);
        }
        Ok(())
    }

    /// Ends the last one.
    pub(super) fn finish(mut self) -> io::Result<u64> {
        let mut out = self.encoder.take().ok_or_else(given_up)?.finish()?;
        out.flush()?;
        Ok(out.bytes)
    }

    fn encoder(&mut self) -> io::Result<&mut GzEncoder<Counted<W>>> {
        self.encoder.as_mut().ok_or_else(given_up)
    }
}

fn begun<W: Write>(header: &MemberHeader, out: Counted<W>) -> GzEncoder<Counted<W>> {
    GzBuilder::new().extra(header.extra()).write(out, Compression::new(LEVEL))
}

fn given_up() -> io::Error {
    io::Error::other("it was given up after an error")
}

/// Bytes that went out.
#[derive(Debug)]
struct Counted<W> {
    out: W,
    bytes: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn header(looks_before_ns: Vec<u64>) -> (MemberHeader, Vec<u8>) {
        let header = MemberHeader { offset: 900, before: 100, first_look: 7, looks_before_ns };
        let member = begun(&header, Counted { out: Vec::new(), bytes: 0 }).finish().unwrap();
        (header, member.out)
    }

    proptest! {
        #[test]
        fn every_time_comes_back(looks_ns in proptest::collection::vec(any::<u64>(), 0..LOOKS)) {
            let (header, bytes) = header(looks_ns);
            prop_assert!(bytes.len() < LONGEST, "{}", bytes.len());
            prop_assert_eq!(MemberHeader::parse(&bytes, 900), Some(header));
        }

        #[test]
        fn whatever_bytes_there_are_they_are_a_header_or_none(mut bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            MemberHeader::parse(&bytes, 0);
            bytes.splice(..0, BEGIN);
            MemberHeader::parse(&bytes, 0);
        }
    }

    #[test]
    fn looks_a_second_apart_take_three_bytes_each() {
        let jitter = |look: u64| look * 1_000_000_000 + look.wrapping_mul(0x9e37_79b9) % 200_000;
        let bytes = header((0..LOOKS as u64).map(jitter).collect()).1;
        assert!(bytes.len() < 3 * LOOKS + 60, "{}", bytes.len());
    }

    #[test]
    fn what_stands_elsewhere_or_was_cut_is_no_header() {
        let (_, bytes) = header(vec![5, 6]);
        assert_eq!(MemberHeader::parse(&bytes, 901), None);
        let length = EXTRA_AT + 4 + FIXED + 2;
        for cut in 0..length {
            assert_eq!(MemberHeader::parse(&bytes[..cut], 900), None, "{cut}");
        }
        assert!(MemberHeader::parse(&bytes[..length], 900).is_some());
    }
}
