//! A recording is found by its index as by reading all of it, whatever happened to it.

use std::fs::File;
use std::io::{BufReader, Write as _};
use std::os::unix::fs::FileExt as _;

use crate::data::Sample;
use crate::runs::recording::format::RecordingHeader;
use crate::runs::recording::member::{BEGIN, LOOKS};
use crate::runs::recording::outline;
use crate::runs::recording::outline::RecordingOutline;
use crate::runs::recording::reader::{RecordingEnd, RecordingReader};
use crate::runs::recording::tests::{watch, written};
use crate::runs::recording::writer::RecordingWriter;

fn file(tape: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(tape).unwrap();
    file
}

fn read_whole(tape: &[u8]) -> Option<(Vec<u64>, RecordingEnd)> {
    let mut reader = RecordingReader::open(tape).ok()?;
    let looks_ns: Vec<u64> = reader.by_ref().map(|sample| sample.at_ns).collect();
    (!looks_ns.is_empty()).then(|| (looks_ns, reader.end().unwrap().clone()))
}

fn read_by_index(tape: &[u8]) -> Option<(Vec<u64>, RecordingEnd)> {
    RecordingOutline::read(&file(tape)).ok().map(|outline| (outline.looks_ns, outline.end))
}

/// Where members begin.
fn members(tape: &[u8]) -> Vec<usize> {
    memchr::memmem::find_iter(tape, &BEGIN).collect()
}

#[test]
fn the_index_says_what_reading_all_of_it_says_and_every_look_is_found() {
    let samples = watch(3 * LOOKS as u64 + 10);
    let (tape, _) = written(&samples, u64::MAX);
    assert_eq!(members(&tape).len(), 4);
    assert_eq!(read_by_index(&tape), read_whole(&tape));
    let file = file(&tape);
    let outline = RecordingOutline::read(&file).unwrap();
    for look in (0..samples.len()).step_by(61).chain([LOOKS - 1, LOOKS, samples.len() - 1]) {
        let member = outline.member_of(look);
        assert!(member.first_look <= look && look - member.first_look < LOOKS, "{look}: {member:?}");
        let from = BufReader::new(outline::from(&file, member.offset).unwrap());
        let mut reader: Box<dyn Iterator<Item = Sample>> = match member.offset {
            0 => Box::new(RecordingReader::open(from).unwrap()),
            _ => Box::new(RecordingReader::open_member(from, RecordingHeader::new(0, 0), member.first_look)),
        };
        assert_eq!(reader.nth(look - member.first_look).as_ref(), Some(&samples[look]));
    }
}

#[test]
fn whole_looks_are_a_small_part_of_it() {
    let samples = watch(4 * LOOKS as u64);
    let most = LOOKS as u64;
    let (one, _) = written(&samples[..LOOKS], u64::MAX);
    let (four, _) = written(&samples, u64::MAX);
    assert!(four.len() < 4 * one.len() + 4_000, "{} and {} for {most} looks", four.len(), one.len());
}

#[test]
fn cut_anywhere_its_index_is_still_there() {
    let (tape, _) = written(&watch(3 * LOOKS as u64), u64::MAX);
    let borders = members(&tape).into_iter().flat_map(|at| at.saturating_sub(3)..at + 40);
    let mut random = fastrand::Rng::with_seed(1);
    let anywhere: Vec<usize> = (0..100).map(|_| random.usize(..tape.len())).collect();
    for cut in borders.chain(anywhere).filter(|&cut| cut < tape.len()) {
        assert_eq!(read_by_index(&tape[..cut]), read_whole(&tape[..cut]), "cut at {cut} of {}", tape.len());
    }
}

#[test]
fn where_the_index_does_not_hold_together_all_of_it_is_read() {
    let (tape, _) = written(&watch(3 * LOOKS as u64), u64::MAX);
    let whole = read_whole(&tape).unwrap();
    let members = members(&tape);
    // The name, the offsets, the count of looks and a time in each header.
    for member in &members[1..] {
        for (at, value) in [(12, b'X'), (17, 0), (17, 0xff), (25, 9), (25, 0xff), (33, 3), (40, 0x80), (41, 0xff)] {
            let mut broken = tape.clone();
            broken[member + at] = value;
            let (looks_ns, end) = read_by_index(&broken).unwrap();
            assert_eq!(end, whole.1, "byte {at} of the header at {member}");
            assert_eq!(looks_ns.len(), whole.0.len(), "byte {at} of the header at {member}");
        }
    }
    // Bytes that look like a header stand at the end.
    let mut longer = tape.clone();
    longer.extend(BEGIN);
    longer.extend(&tape[members[2] + BEGIN.len()..members[2] + 60]);
    assert_eq!(read_by_index(&longer).unwrap(), whole);
}

#[test]
fn whatever_happened_to_its_bytes_it_has_an_outline_or_none() {
    let (tape, _) = written(&watch(2 * LOOKS as u64), u64::MAX);
    let mut random = fastrand::Rng::with_seed(5);
    let mut found = 0;
    for _ in 0..100 {
        let mut broken = tape.clone();
        (0..random.usize(1..4)).for_each(|_| broken[random.usize(..tape.len())] ^= 1 << random.u32(..8));
        if let Some((looks_ns, _)) = read_by_index(&broken) {
            assert!(looks_ns.is_sorted());
            found += 1;
        }
    }
    assert!(found > 50, "only {found} of 100 have an outline: nothing was tried");
}

#[test]
fn a_recording_that_grows_is_found_as_far_as_it_is_written() {
    let file = tempfile::tempfile().unwrap();
    let mut writer = RecordingWriter::new(file.try_clone().unwrap(), RecordingHeader::new(1_000, 7), u64::MAX).unwrap();
    for (number, sample) in watch(2 * LOOKS as u64).into_iter().enumerate() {
        writer.write(sample).unwrap();
        if number > 0 && number.is_multiple_of(50) {
            let mut so_far = vec![0; file.metadata().unwrap().len() as usize];
            file.read_exact_at(&mut so_far, 0).unwrap();
            let (looks_ns, end) = read_by_index(&so_far).unwrap();
            assert!(looks_ns.len() >= number && end == RecordingEnd::Cut, "{} of {number}", looks_ns.len());
        }
    }
}

#[test]
fn a_month_is_as_long_as_it_may_be_and_is_found_soon() {
    let tape = tempfile::tempfile().unwrap();
    let limit = 700_000;
    let mut writer = RecordingWriter::new(tape.try_clone().unwrap(), RecordingHeader::new(0, 0), limit).unwrap();
    let looks = 30 * 24 * 120;
    let mut look = watch(1).remove(0);
    for number in 0..looks {
        look.at_ns = number * 30_000_000_000;
        look.processes[0].threads[0].counters.run_ns += number;
        writer.write(look.clone()).unwrap();
    }
    let stats = writer.finish().unwrap();
    assert!(tape.metadata().unwrap().len() <= limit + 10_000 && !stats.full, "{stats:?}");
    assert_eq!(stats.looks + stats.thinned, looks);
    let outline = RecordingOutline::read(&tape).unwrap();
    assert_eq!((outline.looks_ns.len() as u64, outline.time(usize::MAX)), (stats.looks, look.at_ns));
    let last = outline.member_of(outline.looks_ns.len() - 1);
    assert!(last.first_look > 0 && outline.looks_ns.len() - last.first_look <= LOOKS, "{last:?}");
}
