//! When the looks of a recording were taken, where they stand, and how it ends: what has to be known before one of its moments
//! can be found. It stands in the headers of its members; where these don't hold together, all of it is read once.

use std::fs::File;
use std::io::BufReader;
use std::io::{Read, Seek as _, SeekFrom};
use std::os::unix::fs::FileExt as _;

use memchr::memmem;

use crate::runs::recording::format::RecordingHeader;
use crate::runs::recording::member::{BEGIN, LONGEST, MemberHeader};
use crate::runs::recording::reader::{RecordingEnd, RecordingError, RecordingReader};

/// Looks that are found at most: a writer stops sooner, because its recording is full.
const MOST_LOOKS: usize = 1 << 22;
/// Bytes that are searched at once for the last member.
const SEARCHED: usize = 1 << 20;

/// The outline of a recording that has one look at least.
#[derive(Clone, Debug)]
pub(crate) struct RecordingOutline {
    pub(crate) header: RecordingHeader,
    /// Nanoseconds since boot of each look, never falling.
    pub(crate) looks_ns: Vec<u64>,
    pub(crate) end: RecordingEnd,
    /// By rising look; the first stands at the begin of the file and has the first look.
    members: Vec<MemberPlace>,
}

/// Where a member stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct MemberPlace {
    /// Bytes from the begin of the file.
    pub(crate) offset: u64,
    /// Its first look.
    pub(crate) first_look: usize,
}

impl RecordingOutline {
    /// Reads the headers of its members and the last member; where there are none, all of it. Of each look its time alone.
    ///
    /// # Errors
    /// That it is no recording, or one without a single look.
    pub(crate) fn read(file: &File) -> Result<Self, RecordingError> {
        let mut reader = RecordingReader::open(BufReader::new(from(file, 0)?))?;
        let header = reader.header().clone();
        let mut outline =
            Self { header, looks_ns: Vec::new(), end: RecordingEnd::Cut, members: vec![MemberPlace::default()] };
        if let Some(members) = members(file) {
            for member in &members {
                outline.add_member(member);
            }
            let last = members.last().map_or(0, |last| last.offset);
            if last > 0 {
                let file = BufReader::new(from(file, last)?);
                reader = RecordingReader::open_member(file, outline.header.clone(), outline.looks_ns.len());
            }
        }
        outline.read_on(&mut reader);
        match outline.looks_ns.is_empty() {
            true => Err(RecordingError::NoTape),
            false => Ok(outline),
        }
    }

    fn add_member(&mut self, member: &MemberHeader) {
        member.looks_before_ns.iter().for_each(|&at_ns| self.add_look(at_ns));
        if member.offset > 0 {
            self.members.push(MemberPlace { offset: member.offset, first_look: self.looks_ns.len() });
        }
    }

    fn add_look(&mut self, at_ns: u64) {
        self.looks_ns.push(self.looks_ns.last().map_or(at_ns, |&before| before.max(at_ns)));
    }

    fn read_on(&mut self, reader: &mut RecordingReader<impl Read>) {
        self.end = loop {
            match reader.next_time() {
                Some(_) if self.looks_ns.len() >= MOST_LOOKS => {
                    break RecordingEnd::Broken("it holds more looks than any tftop writes".to_owned());
                }
                Some(at_ns) => self.add_look(at_ns),
                None => break reader.end().cloned().unwrap_or(RecordingEnd::Cut),
            }
        };
    }

    /// The last look at this instant or before it; the first one where there is none.
    pub(crate) fn look_at(&self, at_ns: u64) -> usize {
        self.looks_ns.partition_point(|&look| look <= at_ns).saturating_sub(1)
    }

    /// When a look was taken; a number behind the last one is the last one.
    pub(crate) fn time(&self, look: usize) -> u64 {
        self.looks_ns.get(look).or(self.looks_ns.last()).copied().unwrap_or_default()
    }

    /// The member that a look stands in.
    pub(crate) fn member_of(&self, look: usize) -> MemberPlace {
        let after = self.members.partition_point(|member| member.first_look <= look);
        self.members.get(after.saturating_sub(1)).copied().unwrap_or_default()
    }

    /// Leaves out looks from this one on, which make no sense.
    pub(crate) fn ends_before(&mut self, look: usize, end: RecordingEnd) {
        self.looks_ns.truncate(look);
        self.end = end;
    }
}

/// The same file, to be read from here on.
pub(crate) fn from(file: &File, offset: u64) -> Result<File, RecordingError> {
    let mut file = file.try_clone().map_err(RecordingError::Io)?;
    file.seek(SeekFrom::Start(offset)).map_err(RecordingError::Io)?;
    Ok(file)
}

/// Every member, in order; none where they don't hold together, as in recordings of the first version.
fn members(file: &File) -> Option<Vec<MemberHeader>> {
    member_at(file, 0)?;
    let mut members = vec![last_member(file)?];
    let mut looks = 0;
    while let Some(member) = members.last().filter(|member| member.offset > 0) {
        let before = member_at(file, member.before).filter(|before| before.offset < member.offset)?;
        looks += member.looks_before_ns.len();
        if member.first_look - before.first_look.min(member.first_look) != member.looks_before_ns.len() as u64
            || looks > MOST_LOOKS
            || member.looks_before_ns.is_empty()
        {
            return None;
        }
        members.push(before);
    }
    members.reverse();
    members.first().filter(|first| first.first_look == 0 && first.looks_before_ns.is_empty())?;
    Some(members)
}

fn member_at(file: &File, offset: u64) -> Option<MemberHeader> {
    MemberHeader::parse(&read_at(file, offset, LONGEST)?, offset)
}

/// Searches for the last header from the end on: a recording whose writer was killed has nothing else that says where it is.
fn last_member(file: &File) -> Option<MemberHeader> {
    let mut end = file.metadata().ok()?.len();
    loop {
        let begin = end.saturating_sub(SEARCHED as u64);
        // A header may stand across the border.
        let bytes = read_at(file, begin, (end - begin) as usize + BEGIN.len() - 1)?;
        let found = memmem::rfind_iter(&bytes, &BEGIN).find_map(|at| member_at(file, begin + at as u64));
        if found.is_some() || begin == 0 {
            return found;
        }
        end = begin;
    }
}

/// As many bytes as there are, up to a length.
fn read_at(file: &File, offset: u64, length: usize) -> Option<Vec<u8>> {
    let mut bytes = vec![0; length];
    let mut filled = 0;
    while filled < length {
        match file.read_at(&mut bytes[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
    bytes.truncate(filled);
    Some(bytes)
}
