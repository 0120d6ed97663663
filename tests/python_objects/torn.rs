//! Damaged and random memory: answers or errors, never a panic, never an endless walk.

use std::cell::Cell;
use std::io;
use std::sync::LazyLock;

use proptest::prelude::*;
use tftop::data::Address;
use tftop::linux::memory::Memory;
use tftop::probe::cpython::Python;
use tftop::probe::process::environ::live_environment;

use crate::image::Image;
use crate::recorded::{VERSIONS, image};

/// Counts reads, so that a walk that never ends is seen as a failure; every other one may come from a second image: a
/// program that changes while it is read.
struct Counted<'m> {
    memory: &'m dyn Memory,
    other: &'m dyn Memory,
    reads: Cell<usize>,
}

/// Far more than an undamaged image takes; a damaged dict may claim up to 65,536 entries.
const MOST_READS: usize = 100_000;

impl Memory for Counted<'_> {
    fn read(&self, address: Address, into: &mut [u8]) -> io::Result<()> {
        self.reads.set(self.reads.get() + 1);
        assert!(self.reads.get() < MOST_READS, "the walk does not end");
        if self.reads.get().is_multiple_of(2) {
            self.memory.read(address, into)
        } else {
            self.other.read(address, into)
        }
    }
}

/// Any address is mapped; what is there depends on the seed.
struct Random(u64);

impl Memory for Random {
    fn read(&self, address: Address, into: &mut [u8]) -> io::Result<()> {
        for (at, byte) in (address.0..=u64::MAX).zip(into) {
            let mixed = (at ^ self.0).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            // Mostly zeros: else no length is ever small enough to be believed.
            *byte = if mixed >> 62 == 0 { (mixed >> 32) as u8 } else { 0 };
        }
        Ok(())
    }
}

/// One image of each version, in both states that have a context.
static IMAGES: LazyLock<Vec<[Image; 2]>> =
    LazyLock::new(|| VERSIONS.iter().map(|version| ["set", "started"].map(|mode| image(*version, mode))).collect());

fn read_everything(memory: &dyn Memory, other: &dyn Memory, runtime: Address, version: (u8, u8)) {
    let counted = Counted { memory, other, reads: Cell::new(0) };
    if let Ok(python) = Python::open(&counted, runtime, Some(version)) {
        let _ = python.tf_config();
        let _ = python.main_script();
        let _ = python.thread_names();
    }
}

fn damaged(mut image: Image, damage: &[((usize, usize), Option<u8>)]) -> Image {
    for (place, byte) in damage {
        image.damage(*place, *byte);
    }
    image
}

proptest! {
    #[test]
    fn a_damaged_interpreter_is_survived(
        which in 0..VERSIONS.len(),
        damage in prop::collection::vec((any::<(usize, usize)>(), any::<Option<u8>>()), 1..200),
    ) {
        let image = damaged(IMAGES[which][0].clone(), &damage);
        read_everything(&image, &image, image.runtime, image.version);
    }

    #[test]
    fn an_interpreter_that_changes_between_two_reads_is_survived(
        which in 0..VERSIONS.len(),
        damage in prop::collection::vec((any::<(usize, usize)>(), any::<Option<u8>>()), 1..2000),
    ) {
        let whole = &IMAGES[which][1];
        let torn = damaged(whole.clone(), &damage);
        read_everything(whole, &torn, whole.runtime, whole.version);
    }

    #[test]
    fn random_memory_is_survived(seed in any::<u64>(), runtime in any::<u64>(), minor in 10u8..13) {
        read_everything(&Random(seed), &Random(seed), Address(runtime), (3, minor));
    }
    #[test]
    fn a_random_environment_is_survived(seed in any::<u64>(), environ in any::<u64>()) {
        let counted = Counted { memory: &Random(seed), other: &Random(!seed), reads: Cell::new(0) };
        let _ = live_environment(&counted, Address(environ));
    }
}
