//! A thread's registers by their DWARF numbers. A register nobody knows is none: nothing is ever made up for it.

/// Highest number kept, plus one: aarch64 numbers x0 to x30, then sp.
const NUMBERS: usize = 32;

#[cfg(target_arch = "x86_64")]
mod machine {
    //! System V ABI for AMD64, figure 3.36: rax, rdx, rcx, rbx, rsi, rdi, rbp, rsp, r8 to r15, return address.
    pub const SP: u16 = 7;
    pub const PC: u16 = 16;
    pub const FRAME_POINTER: u16 = 6;
    /// What a function gives back as it found it.
    pub const KEPT: &[u16] = &[3, 6, 12, 13, 14, 15];
    const NAMES: [&str; 17] = [
        "rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
        "rip",
    ];

    pub fn name(number: u16) -> String {
        NAMES.get(usize::from(number)).map_or_else(|| format!("register {number}"), |name| (*name).to_owned())
    }

    /// Addresses are as they are.
    pub fn plain(return_address: u64, _signed: bool) -> u64 {
        return_address
    }
}

#[cfg(target_arch = "aarch64")]
mod machine {
    //! DWARF for the Arm 64-bit Architecture: x0 to x30, then sp; the return address is in x30.
    pub const SP: u16 = 31;
    pub const PC: u16 = 32;
    pub const FRAME_POINTER: u16 = 29;
    /// What a function gives back as it found it; and x30 where it calls nobody.
    pub const KEPT: &[u16] = &[19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30];

    pub fn name(number: u16) -> String {
        format!("x{number}")
    }

    /// Without the signature in the upper bits, where the function signs its return address (pointer authentication).
    pub fn plain(return_address: u64, signed: bool) -> u64 {
        if signed { return_address & ((1 << 48) - 1) } else { return_address }
    }
}

pub use machine::{FRAME_POINTER, KEPT, name, plain};
use machine::{PC, SP};

/// What is known of a thread's registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registers {
    /// The instruction.
    pub pc: u64,
    /// The lowest used address of the stack.
    pub sp: u64,
    others: [Option<u64>; NUMBERS],
}

impl Registers {
    /// Nothing but instruction and stack pointer is known.
    pub fn new(pc: u64, sp: u64) -> Self {
        Self { pc, sp, others: [None; NUMBERS] }
    }

    /// The value of a register, by its DWARF number.
    pub fn get(&self, number: u16) -> Option<u64> {
        match number {
            PC => Some(self.pc),
            SP => Some(self.sp),
            _ => *self.others.get(usize::from(number))?,
        }
    }

    /// Sets what is known of a register; those without a number here are left out.
    pub fn set(&mut self, number: u16, value: Option<u64>) {
        match (number, value) {
            (PC, value) => self.pc = value.unwrap_or(self.pc),
            (SP, value) => self.sp = value.unwrap_or(self.sp),
            (number, value) => {
                if let Some(register) = self.others.get_mut(usize::from(number)) {
                    *register = value;
                }
            }
        }
    }

    /// Every number there is, the two special ones included.
    pub fn numbers() -> impl Iterator<Item = u16> {
        0..=PC.max(SP)
    }

    /// Of a stopped thread.
    #[cfg(target_arch = "x86_64")]
    pub fn of_stopped(all: &nix::libc::user_regs_struct) -> Self {
        let mut registers = Self::new(all.rip, all.rsp);
        let values = [
            all.rax, all.rdx, all.rcx, all.rbx, all.rsi, all.rdi, all.rbp, all.rsp, all.r8, all.r9, all.r10, all.r11,
            all.r12, all.r13, all.r14, all.r15,
        ];
        (0..).zip(values).for_each(|(number, value)| registers.set(number, Some(value)));
        registers
    }

    /// Of a stopped thread.
    #[cfg(target_arch = "aarch64")]
    pub fn of_stopped(all: &nix::libc::user_regs_struct) -> Self {
        let mut registers = Self::new(all.pc, all.sp);
        (0..).zip(all.regs).for_each(|(number, value)| registers.set(number, Some(value)));
        registers
    }
}
