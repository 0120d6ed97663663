//! From registers and stack memory to the addresses of all frames. Bounded; where it can't go on it says why.

use crate::data::Address;
use crate::data::sample::{FrameMethod, StackEnd};
use crate::linux::memory::Memory;
use crate::probe::stack::places::{AddressMap, MappedAddress};
use crate::probe::stack::registers::{FRAME_POINTER, Registers};
use crate::probe::stack::step::{CallerRegisters, RowBuffer};
use crate::probe::stack::step_out::{MOST_FRAMES, StepOutError, step_out};
use crate::probe::stack::{registers, scan};
use crate::probe::target::live_target::IdentifyTarget;

/// A frame found by its frame pointer is believed to be at most this large, in bytes.
const LARGEST_GUESSED_FRAME: u64 = 1 << 20;

/// The frames of one thread, innermost first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackWalk {
    pub frames: Vec<WalkStep>,
    pub end: StackEnd,
}

/// One frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WalkStep {
    /// The instruction, or where the call returns to.
    pub address: u64,
    /// An address inside the function for certain: a call can be the last thing a function does.
    pub lookup: u64,
    pub found: FrameMethod,
}

/// Walks from these registers outward. `stack` is the memory of the stack; `target` only tells what lies where.
pub fn walk(
    target: &dyn IdentifyTarget,
    places: &mut AddressMap,
    stack: &dyn Memory,
    start: Registers,
    room: &mut RowBuffer,
) -> StackWalk {
    let mut frames = Vec::new();
    let (mut registers, mut found, mut exact) = (start, FrameMethod::InstructionPointer, true);
    loop {
        let lookup = if exact { registers.pc } else { registers.pc.wrapping_sub(1) };
        let place = places.at(target, lookup);
        if matches!(place, MappedAddress::NotCode) && !frames.is_empty() {
            let why = format!("the stack leads to {:#x}, where no code is", registers.pc);
            return StackWalk { frames, end: StackEnd::Lost { why } };
        }
        if frames.len() >= MOST_FRAMES {
            return StackWalk { frames, end: StackEnd::Depth };
        }
        frames.push(WalkStep { address: registers.pc, lookup, found });
        let why = match step_out(&place, lookup, &registers, stack, room) {
            Ok(CallerRegisters::Outermost) => return StackWalk { frames, end: StackEnd::Outermost },
            Ok(CallerRegisters::Caller(caller)) => {
                (registers, found, exact) = (caller, FrameMethod::CallFrameInformation, false);
                continue;
            }
            Ok(CallerRegisters::Interrupted(caller)) => {
                (registers, found, exact) = (caller, FrameMethod::CallFrameInformation, true);
                continue;
            }
            Err(StepOutError::Unknown(number)) => {
                return StackWalk { frames, end: StackEnd::NeedsStop { register: registers::name(number) } };
            }
            Err(StepOutError::Damaged(why)) => return StackWalk { frames, end: StackEnd::Lost { why } },
            Err(StepOutError::NoInformation(why)) => why,
        };
        let by_pointer =
            by_frame_pointer(target, places, stack, &registers).map(|caller| (caller, FrameMethod::FramePointer));
        let caller = by_pointer.or_else(|| {
            let made = matches!(place, MappedAddress::Anonymous);
            let caller = made.then(|| scan::caller(target, places, stack, &registers, room)).flatten();
            caller.map(|caller| (caller, FrameMethod::StackScan))
        });
        match caller {
            Some((caller, how)) => (registers, found, exact) = (caller, how, false),
            None => return StackWalk { frames, end: StackEnd::Lost { why } },
        }
    }
}

/// The caller of code that comes without call frame information, where the frame pointer is known and leads to a return
/// address: likely, and marked. No other register of the caller is known then.
fn by_frame_pointer(
    target: &dyn IdentifyTarget,
    places: &mut AddressMap,
    stack: &dyn Memory,
    registers: &Registers,
) -> Option<Registers> {
    let pointer = registers.get(FRAME_POINTER)?;
    let near = pointer.is_multiple_of(8) && pointer >= registers.sp && pointer - registers.sp < LARGEST_GUESSED_FRAME;
    let above = pointer.checked_add(16).filter(|_| near)?;
    let back = stack.u64(Address(pointer.checked_add(8)?)).ok()?;
    if !matches!(places.at(target, back.wrapping_sub(1)), MappedAddress::File { .. }) {
        return None;
    }
    let mut caller = Registers::new(back, above);
    caller.set(FRAME_POINTER, stack.u64(Address(pointer)).ok());
    Some(caller)
}
