//! The caller of code that was made at run time: such code (oneDNN's kernels, XLA's) comes without call frame information
//! and uses the frame pointer for its own. Its caller's return address lies somewhere above the stack pointer. The first
//! word that follows a call in a file's code, and from which call frame information alone leads to a thread's start, is
//! taken for it: a left-over of an earlier call can look the same, so the frame is marked.

use crate::data::Address;
use crate::linux::memory::Memory;
use crate::probe::stack::places::{AddressMap, MappedAddress};
use crate::probe::stack::registers::{KEPT, Registers};
use crate::probe::stack::step::{CallerRegisters, RowBuffer};
use crate::probe::stack::step_out::{MOST_FRAMES, StepOutError, step_out};
use crate::probe::target::live_target::IdentifyTarget;

/// How far above the stack pointer the return address is looked for, in bytes.
const WINDOW: usize = 4096;
/// Words that are tried at most: each may take a whole walk.
const MOST_TRIED: usize = 8;
/// In which order code that keeps all kept registers pushes them first (oneDNN, cpu/x64/jit_generator.hpp, `preamble`;
/// the order has changed between its versions).
#[cfg(target_arch = "x86_64")]
const PUSHED: &[[usize; 2]] = &[[0, 1], [1, 0]];
#[cfg(target_arch = "aarch64")]
const PUSHED: &[[usize; 2]] = &[];

/// The registers of the caller as far as they are known; none where no word leads to a thread's start.
pub fn caller(
    target: &dyn IdentifyTarget,
    places: &mut AddressMap,
    stack: &dyn Memory,
    inner: &Registers,
    room: &mut RowBuffer,
) -> Option<Registers> {
    let start = inner.sp.checked_next_multiple_of(8)?;
    let mut window = [0; WINDOW];
    let read = stack.read_start(Address(start), &mut window).ok()?;
    let words: Vec<u64> = window[..read].chunks_exact(8).map(word).collect();
    let mut tried = 0;
    for (at, &back) in words.iter().enumerate() {
        if tried == MOST_TRIED {
            return None;
        }
        if !follows_a_call(target, places, back) {
            continue;
        }
        tried += 1;
        let sp = start.checked_add(8 * (at as u64 + 1))?;
        let unknown = Registers::new(back, sp);
        match ends(target, places, stack, unknown, room) {
            Ends::AtStart => return Some(unknown),
            Ends::Elsewhere => {}
            Ends::ForWantOfRegisters => {
                let candidates = PUSHED.iter().filter_map(|order| pushed(&words[..at], *order, unknown));
                let whole = candidates
                    .into_iter()
                    .find(|registers| matches!(ends(target, places, stack, *registers, room), Ends::AtStart));
                if whole.is_some() {
                    return whole;
                }
            }
        }
    }
    None
}

fn word(bytes: &[u8]) -> u64 {
    bytes.try_into().map_or(0, u64::from_le_bytes)
}

/// With the registers that the code inside pushed right below the return address, the first two in this order.
fn pushed(below: &[u64], first: [usize; 2], registers: Registers) -> Option<Registers> {
    let mut registers = registers;
    for (place, &number) in KEPT.iter().enumerate() {
        let depth = first.get(place).copied().unwrap_or(place);
        let value = below.len().checked_sub(depth + 1).and_then(|at| below.get(at).copied())?;
        registers.set(number, Some(value));
    }
    Some(registers)
}

enum Ends {
    AtStart,
    ForWantOfRegisters,
    Elsewhere,
}

/// Where a walk by call frame information alone ends.
fn ends(
    target: &dyn IdentifyTarget,
    places: &mut AddressMap,
    stack: &dyn Memory,
    from: Registers,
    room: &mut RowBuffer,
) -> Ends {
    let (mut registers, mut exact) = (from, false);
    for _ in 0..MOST_FRAMES {
        let lookup = if exact { registers.pc } else { registers.pc.wrapping_sub(1) };
        match step_out(&places.at(target, lookup), lookup, &registers, stack, room) {
            Ok(CallerRegisters::Outermost) => return Ends::AtStart,
            Ok(CallerRegisters::Caller(caller)) => (registers, exact) = (caller, false),
            Ok(CallerRegisters::Interrupted(caller)) => (registers, exact) = (caller, true),
            Err(StepOutError::Unknown(_)) => return Ends::ForWantOfRegisters,
            Err(StepOutError::Damaged(_) | StepOutError::NoInformation(_)) => return Ends::Elsewhere,
        }
    }
    Ends::Elsewhere
}

/// Whether a call stands right before an address in a file's code.
fn follows_a_call(target: &dyn IdentifyTarget, places: &mut AddressMap, back: u64) -> bool {
    const BEFORE: usize = 8;
    let Some(from) = back.checked_sub(BEFORE as u64) else { return false };
    if !matches!(places.at(target, back.wrapping_sub(1)), MappedAddress::File { table: Ok(_), in_file: Some(_), .. }) {
        return false;
    }
    let mut before = [0; BEFORE];
    target.read(Address(from), &mut before).is_ok() && is_call(&before)
}

/// Whether these bytes end with a call.
fn is_call(before: &[u8; 8]) -> bool {
    if cfg!(target_arch = "aarch64") { is_arm_call(before) } else { is_x86_call(before) }
}

/// `call rel32`, or `call` of a register or of memory with any of its forms (Intel SDM volume 2, CALL: E8, FF /2).
fn is_x86_call(before: &[u8; 8]) -> bool {
    let indirect = |length: usize| {
        let [first, form, ..] = before[8 - length..] else { return false };
        let (mode, register, memory) = (form >> 6, (form >> 3) & 7, form & 7);
        let scaled = usize::from(mode != 3 && memory == 4);
        let offset = match (mode, memory) {
            (1, _) => 1,
            (2, _) | (0, 5) => 4,
            _ => 0,
        };
        first == 0xff && register == 2 && length == 2 + scaled + offset
    };
    before[3] == 0xe8 || (2..=7).any(indirect)
}

/// `bl`, `blr`, and the forms of `blr` with pointer authentication, whose bits 24, 11 and 10 vary (Arm ARM, C6.2).
fn is_arm_call(before: &[u8; 8]) -> bool {
    let code = u32::from_le_bytes([before[4], before[5], before[6], before[7]]);
    code >> 26 == 0b10_0101 || code & 0xfeff_f000 == 0xd63f_0000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_an_arm_call_is_known_and_nothing_else() {
        let ends_with = |code: u32| {
            let mut before = [0x1f; 8];
            before[4..].copy_from_slice(&code.to_le_bytes());
            is_arm_call(&before)
        };
        for call in [
            0x9400_0001, // bl +4
            0x97ff_ffff, // bl -4
            0xd63f_0100, // blr x8
            0xd63f_09bf, // blraaz x13
            0xd63f_0dbf, // blrabz x13
            0xd73f_0909, // blraa x8, x9
            0xd73f_0d09, // blrab x8, x9
        ] {
            assert!(ends_with(call), "{call:x}");
        }
        for other in [0x1400_0001, 0xd61f_0100, 0xd65f_03c0, 0xd65f_0bff, 0xd503_201f] {
            assert!(!ends_with(other), "b, br, ret, retaa, nop: {other:x}");
        }
    }

    #[test]
    fn every_form_of_an_x86_call_is_known_and_nothing_else() {
        let ends_with = |code: &[u8]| {
            let mut before = [0x90; 8];
            before[8 - code.len()..].copy_from_slice(code);
            is_x86_call(&before)
        };
        for call in [
            &[0xe8, 1, 2, 3, 4][..],         // call rel32
            &[0xff, 0xd0],                   // call rax
            &[0x41, 0xff, 0xd3],             // call r11
            &[0xff, 0x10],                   // call [rax]
            &[0xff, 0x50, 0x18],             // call [rax + 24]
            &[0xff, 0x90, 0, 1, 0, 0],       // call [rax + 256]
            &[0xff, 0x15, 1, 2, 3, 4],       // call [rip + …]
            &[0xff, 0x54, 0x24, 8],          // call [rsp + 8]
            &[0xff, 0x14, 0xc8],             // call [rax + rcx * 8]
            &[0xff, 0x94, 0x24, 0, 1, 0, 0], // call [rsp + 256]
        ] {
            assert!(ends_with(call), "{call:x?}");
        }
        for other in [&[0xff, 0xe0][..], &[0xff, 0x25, 1, 2, 3, 4], &[0xe9, 1, 2, 3, 4], &[0xc3], &[0xff, 0xc0]] {
            assert!(!ends_with(other), "{other:x?}");
        }
    }
}
