//! One frame outward from code at an address, by the call frame information of the file it lies in; or why not.

use crate::linux::memory::Memory;
use crate::probe::stack::places::MappedAddress;
use crate::probe::stack::registers::Registers;
use crate::probe::stack::step::{CallerRegisters, RowBuffer, StepError, step};

/// Frames of one stack that are followed.
pub(super) const MOST_FRAMES: usize = 256;

/// Why there is no next frame.
pub(super) enum StepOutError {
    Unknown(u16),
    Damaged(String),
    /// Nothing tells how to step out of this code.
    NoInformation(String),
}

/// One frame outward by call frame information.
pub(super) fn step_out(
    place: &MappedAddress,
    lookup: u64,
    registers: &Registers,
    stack: &dyn Memory,
    room: &mut RowBuffer,
) -> Result<CallerRegisters, StepOutError> {
    let (table, in_file, library) = match place {
        MappedAddress::File { table: Ok(table), in_file: Some(in_file), library } => (table, *in_file, library),
        MappedAddress::File { table: Err(why), .. } => return Err(StepOutError::NoInformation(why.clone())),
        MappedAddress::File { library, .. } => {
            return Err(StepOutError::NoInformation(format!("{library} is not mapped as its headers say")));
        }
        MappedAddress::Anonymous => {
            return Err(StepOutError::NoInformation(format!("{lookup:#x} is JIT code (made by the program itself)")));
        }
        MappedAddress::NotCode => return Err(StepOutError::Damaged(format!("there is no code at {lookup:#x}"))),
    };
    let no_information = |why: &dyn std::fmt::Display| StepOutError::NoInformation(format!("in {library}: {why}"));
    let entry = table.entry(in_file).map_err(|error| no_information(&error))?;
    let entry = entry.ok_or_else(|| no_information(&"no call frame information covers the code"))?;
    step(&entry, in_file, registers, stack, room).map_err(|stuck| match stuck {
        StepError::NotCovered => no_information(&"no call frame information covers the code"),
        StepError::Unknown(number) => StepOutError::Unknown(number),
        StepError::Damaged(why) => StepOutError::Damaged(format!("{why}, in {library}")),
    })
}
