//! Recordings: their index, their lines as they stand in the file, and the times that are typed to find a moment of them.

use std::fs;
use std::fs::File;
use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;

use super::FuzzTarget;
use super::texts::{in_folder, lossy};
use crate::data::scene::Scene;
use crate::data::time::typed_time;
use crate::output;
use crate::output::IdleThreads;
use crate::present::format::page::Page;
use crate::runs::recorded::Recorded;
use crate::runs::recorded::tests::watch;
use crate::runs::recording::format::RecordingHeader;
use crate::runs::recording::member::{BEGIN, MemberHeader};
use crate::runs::recording::outline::RecordingOutline;
use crate::runs::recording::reader::RecordingReader;
use crate::runs::recording::stacks::tests::taken;
use crate::runs::recording::writer::RecordingWriter;

pub const TARGETS: &[FuzzTarget] = &[
    FuzzTarget { name: "recording members", seeds: || vec![tape(600), tape(3)], run: members },
    FuzzTarget { name: "member header", seeds: headers, run: header },
    FuzzTarget { name: "recording lines", seeds: || vec![lines(&tape(3))], run: read_lines },
    FuzzTarget {
        name: "typed time",
        seeds: || ["1h30m ago", "2026-11-20T14:05:12Z", "90.5s after begin", "-1m 3"].map(Vec::from).to_vec(),
        run: |input| {
            lossy(input, |text| {
                _ = typed_time::moment(text);
                _ = typed_time::span(text, 'm');
            })
        },
    },
];

/// A recording of some looks, with stacks at the begin and the end.
fn tape(seconds: u64) -> Vec<u8> {
    let mut tape = Vec::new();
    let mut writer = RecordingWriter::new(&mut tape, RecordingHeader::new(0, 0), u64::MAX).unwrap();
    for sample in watch(seconds) {
        if sample.at_ns < 102_000_000_000 || sample.at_ns > (99 + seconds) * 1_000_000_000 {
            writer.add_stacks(&taken(sample.at_ns, [7, 8]));
        }
        writer.write(sample).unwrap();
    }
    writer.finish().unwrap();
    tape
}

fn members(input: &[u8]) {
    let path = in_folder("members.tape");
    fs::write(&path, input).unwrap();
    let Ok(outline) = RecordingOutline::read(&File::open(&path).unwrap()) else { return };
    assert!(outline.looks_ns.is_sorted());
    for look in [0, outline.looks_ns.len() / 2, outline.looks_ns.len()] {
        assert!(outline.member_of(look).first_look <= look);
    }
    let recorded = Recorded::open(File::open(&path).unwrap(), "members", false).unwrap();
    drop(recorded.stacks_before(u64::MAX).take(4).last());
}

fn headers() -> Vec<Vec<u8>> {
    let tape = tape(600);
    let at = memchr::memmem::find_iter(&tape, &BEGIN).last().unwrap_or_default();
    vec![tape[at..].to_vec(), tape[..64].to_vec()]
}

fn header(input: &[u8]) {
    for offset in [0, 600] {
        let header = MemberHeader::parse(input, offset);
        assert!(header.is_none_or(|header| header.offset == offset && header.looks_before_ns.len() <= input.len()));
    }
}

/// The text of a recording.
fn lines(tape: &[u8]) -> Vec<u8> {
    let mut lines = Vec::new();
    MultiGzDecoder::new(tape).read_to_end(&mut lines).unwrap();
    lines
}

fn read_lines(input: &[u8]) {
    let mut tape = GzEncoder::new(Vec::new(), Compression::fast());
    tape.write_all(input).unwrap();
    let tape = tape.finish().unwrap();
    RecordingReader::open(&tape[..]).into_iter().flatten().for_each(drop);
    let Ok(mut reader) = RecordingReader::open(&tape[..]) else { return };
    while let Some(look) = reader.next_stacks(usize::MAX) {
        for taken in look.stacks.into_iter().filter_map(|entry| entry.into_taken().ok()) {
            let text = output::stack_text(&Scene::default(), &taken.stacks, Page::default(), IdleThreads::Shown);
            assert!(!text.chars().any(|character| character.is_control() && character != '\n'), "{text:?}");
        }
    }
}
