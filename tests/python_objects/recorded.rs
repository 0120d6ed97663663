//! What was read of each recorded interpreter, read again from its image.

use std::collections::BTreeSet;
use std::fs;

use tftop::data::sample::{TfConfigFact, TfContextState};
use tftop::linux::memory::Memory;
use tftop::probe::cpython::Python;

use crate::image::Image;

/// Every minor version that was run to make the images.
pub const VERSIONS: [(u8, u8); 6] = [(3, 10), (3, 11), (3, 12), (3, 13), (3, 14), (3, 15)];

/// The modes of `program.py`.
pub const MODES: [&str; 4] = ["bare", "unmade", "set", "started"];

/// Everything that is read, compared with what `program.py` made.
pub fn check(memory: &dyn Memory, image: &Image, mode: &str) {
    let python = Python::open(memory, image.runtime, Some(image.version)).unwrap();
    assert_eq!(python.version(), image.version);
    assert_eq!(python.tf_config().unwrap(), expected_config(mode));
    assert!(python.main_script().unwrap().unwrap().ends_with("program.py"));
    let names = python.thread_names().unwrap();
    assert_eq!(names.get(&image.pid).unwrap().as_str(), "MainThread");
    let found: BTreeSet<&str> = names.values().map(|name| name.as_str()).collect();
    let long = "x".repeat(40);
    assert_eq!(found, BTreeSet::from(["MainThread", "loader-0", "größe", "数据", "🧵 silk", &long]));
}

fn expected_config(mode: &str) -> TfConfigFact {
    let bare = TfConfigFact::without_context(TfContextState::NotImported);
    match mode {
        "bare" => bare,
        "unmade" => TfConfigFact { state: TfContextState::NotMade, ..bare },
        "set" => {
            TfConfigFact { state: TfContextState::NotStarted, intra: Some(1 << 40), inter: Some(0), from_proto: false }
        }
        _ => TfConfigFact { state: TfContextState::Started, intra: Some(3), inter: None, from_proto: false },
    }
}

pub fn image(version: (u8, u8), mode: &str) -> Image {
    Image::from_text(&fs::read_to_string(Image::path(version, mode)).unwrap())
}

/// Whether a version's image of a mode is kept: the states without a context differ by nothing that a version changes.
pub fn is_kept(version: (u8, u8), mode: &str) -> bool {
    version == (3, 11) || ["set", "started"].contains(&mode)
}

#[test]
fn every_known_interpreter_is_read_in_every_state() {
    for version in VERSIONS {
        for mode in MODES.into_iter().filter(|mode| is_kept(version, mode)) {
            let image = image(version, mode);
            assert_eq!(image.version, version);
            check(&image, &image, mode);
        }
    }
}

#[test]
fn an_interpreter_that_publishes_its_layout_needs_no_version() {
    let image = image((3, 14), "set");
    assert_eq!(Python::open(&image, image.runtime, None).unwrap().version(), (3, 14));
    assert_eq!(Python::open(&image, image.runtime, Some((3, 12))).unwrap().version(), (3, 14));
}

#[test]
fn an_interpreter_with_neither_table_nor_layout_says_so() {
    let image = image((3, 11), "bare");
    let why = |version| Python::open(&image, image.runtime, version).err().unwrap().to_string();
    assert_eq!(why(Some((3, 9))), "the objects of CPython 3.9 are laid out in an unknown way");
    assert_eq!(why(None), "CPython's version is not known, so its objects are not either");
}

#[test]
fn a_newer_interpreter_that_moved_its_offsets_is_refused() {
    let mut image = image((3, 15), "set");
    let (version, first_size) = (image.runtime.0 + 8, image.runtime.0 + 59 * 8);
    image.put(version + 2, 16);
    assert_eq!(Python::open(&image, image.runtime, None).unwrap().version(), (3, 16), "nothing moved");
    image.put(first_size, 24);
    let why = Python::open(&image, image.runtime, None).err().unwrap().to_string();
    assert_eq!(why, "the objects of this CPython 3.16 are laid out in an unknown way");
}

#[test]
fn a_free_threaded_interpreter_is_refused() {
    let mut image = image((3, 14), "set");
    image.put(image.runtime.0 + 16, 1);
    let why = Python::open(&image, image.runtime, None).err().unwrap().to_string();
    assert_eq!(why, "this CPython 3.14 is a free-threaded build, whose objects are not read");
}
