//! One step out of a function: from the registers inside it to those of its caller, by the call frame information alone.
//! A register that is needed but not known is an answer of its own; nothing is guessed.

use gimli::{
    AArch64, BaseAddresses, CfaRule, EhFrame, EhFrameOffset, Encoding, EndianSlice, EvaluationResult, Expression,
    LittleEndian, Location, Register, RegisterRule, UnwindContext, UnwindSection as _, Value, Vendor,
};

use crate::data::Address;
use crate::linux::memory::Memory;
use crate::probe::stack::registers;
use crate::probe::stack::registers::Registers;
use crate::probe::stack::table::UnwindEntry;

type Bytes<'a> = EndianSlice<'a, LittleEndian>;

/// Room for the rows of an entry; made once and used again.
pub type RowBuffer = UnwindContext<usize>;

/// The caller's registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallerRegisters {
    /// The caller, which will go on at its `pc`.
    Caller(Registers),
    /// Where a signal interrupted the thread: its `pc` is the very instruction.
    Interrupted(Registers),
    /// Nobody called this function.
    Outermost,
}

/// Why there is no step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepError {
    /// No entry covers the instruction.
    NotCovered,
    /// A register would be needed, by its DWARF number.
    Unknown(u16),
    /// What is on the stack or in the file makes no sense, in words.
    Damaged(&'static str),
}

/// Operations of one expression, and times it may ask back.
const MOST_OPERATIONS: u32 = 1000;
const MOST_QUESTIONS: usize = 100;

/// Steps out of the function that `entry` covers; `lookup` is a virtual address of the file, inside the function.
pub fn step(
    entry: &UnwindEntry,
    lookup: u64,
    registers: &Registers,
    memory: &dyn Memory,
    room: &mut RowBuffer,
) -> Result<CallerRegisters, StepError> {
    let damaged = |_| StepError::Damaged("call frame information that can't be read");
    let mut section = EhFrame::new(&entry.bytes, LittleEndian);
    section.set_address_size(8);
    if cfg!(target_arch = "aarch64") {
        section.set_vendor(Vendor::AArch64);
    }
    let bases = BaseAddresses::default().set_eh_frame(entry.virtual_address);
    let offset = EhFrameOffset(entry.description);
    let description = section.fde_from_offset(&bases, offset, EhFrame::cie_from_offset).map_err(damaged)?;
    if !description.contains(lookup) {
        return Err(StepError::NotCovered);
    }
    let row = description.unwind_info_for_address(&section, &bases, room, lookup).map_err(damaged)?;
    let machine = Machine { section: &section, encoding: description.cie().encoding(), registers, memory };
    let frame = match row.cfa() {
        CfaRule::RegisterAndOffset { register, offset } => machine.register(*register)?.wrapping_add_signed(*offset),
        CfaRule::Expression(expression) => machine.evaluate(expression.get(&section).map_err(damaged)?, None)?,
    };
    let mut caller = Registers::new(0, frame);
    for number in Registers::numbers() {
        let value = match row.register(Register(number)) {
            Some(rule) => machine.restored(rule, number, frame).ok().flatten(),
            None if registers::KEPT.contains(&number) => registers.get(number),
            None => continue,
        };
        caller.set(number, value);
    }
    let back = description.cie().return_address_register();
    let back = match row.register(back) {
        Some(RegisterRule::Undefined) => return Ok(CallerRegisters::Outermost),
        Some(rule) => machine.restored(rule, back.0, frame)?,
        None if registers::KEPT.contains(&back.0) => registers.get(back.0),
        None => return Err(StepError::Damaged("call frame information without a return address")),
    };
    let signed = matches!(row.register(AArch64::RA_SIGN_STATE), Some(RegisterRule::Constant(1)));
    caller.pc =
        registers::plain(back.ok_or(StepError::Unknown(description.cie().return_address_register().0))?, signed);
    if description.is_signal_trampoline() {
        return Ok(CallerRegisters::Interrupted(caller));
    }
    if caller.pc == 0 {
        return Ok(CallerRegisters::Outermost);
    }
    // A function that calls has used some stack; only one that called nobody may have used none (aarch64).
    if caller.sp < registers.sp || (caller.sp == registers.sp && caller.pc == registers.pc) {
        return Err(StepError::Damaged("a stack that does not lead outward"));
    }
    Ok(CallerRegisters::Caller(caller))
}

/// What rules are applied to.
struct Machine<'a, 's> {
    section: &'a EhFrame<Bytes<'s>>,
    encoding: Encoding,
    registers: &'a Registers,
    memory: &'a dyn Memory,
}

impl<'s> Machine<'_, 's> {
    fn register(&self, register: Register) -> Result<u64, StepError> {
        self.registers.get(register.0).ok_or(StepError::Unknown(register.0))
    }

    /// The caller's value of a register; none where it is lost, or was not known and has not changed.
    fn restored(&self, rule: RegisterRule<usize>, number: u16, frame: u64) -> Result<Option<u64>, StepError> {
        let expression = |expression: gimli::UnwindExpression<usize>| {
            let found = expression.get(self.section);
            self.evaluate(found.map_err(|_| StepError::Damaged("an expression that can't be read"))?, Some(frame))
        };
        Ok(match rule {
            RegisterRule::SameValue => self.registers.get(number),
            RegisterRule::Offset(offset) => Some(self.word(frame.wrapping_add_signed(offset))?),
            RegisterRule::ValOffset(offset) => Some(frame.wrapping_add_signed(offset)),
            RegisterRule::Register(other) => self.registers.get(other.0),
            RegisterRule::Expression(at) => Some(self.word(expression(at)?)?),
            RegisterRule::ValExpression(value) => Some(expression(value)?),
            RegisterRule::Constant(value) => Some(value),
            _ => None,
        })
    }

    fn word(&self, address: u64) -> Result<u64, StepError> {
        self.memory.u64(Address(address)).map_err(|_| StepError::Damaged("a part of the stack that can't be read"))
    }

    fn evaluate(&self, expression: Expression<Bytes<'s>>, start: Option<u64>) -> Result<u64, StepError> {
        let damaged = |_| StepError::Damaged("an expression that can't be evaluated");
        let mut evaluation = expression.evaluation(self.encoding);
        evaluation.set_max_iterations(MOST_OPERATIONS);
        if let Some(start) = start {
            evaluation.set_initial_value(start);
        }
        let mut result = evaluation.evaluate().map_err(damaged)?;
        for _ in 0..MOST_QUESTIONS {
            result = match result {
                EvaluationResult::Complete => {
                    return match evaluation.as_result() {
                        [piece] => match piece.location {
                            Location::Address { address } => Ok(address),
                            _ => Err(StepError::Damaged("an expression without an address")),
                        },
                        _ => Err(StepError::Damaged("an expression without an address")),
                    };
                }
                EvaluationResult::RequiresRegister { register, .. } => {
                    evaluation.resume_with_register(Value::Generic(self.register(register)?)).map_err(damaged)?
                }
                EvaluationResult::RequiresMemory { address, size, .. } => {
                    let mut bytes = [0; 8];
                    let wanted =
                        bytes.get_mut(..usize::from(size)).ok_or(StepError::Damaged("an unusual expression"))?;
                    let read = self.memory.read(Address(address), wanted);
                    read.map_err(|_| StepError::Damaged("a part of the stack that can't be read"))?;
                    evaluation.resume_with_memory(Value::Generic(u64::from_le_bytes(bytes))).map_err(damaged)?
                }
                _ => return Err(StepError::Damaged("an unusual expression")),
            };
        }
        Err(StepError::Damaged("an expression without an end"))
    }
}
