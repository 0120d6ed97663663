use std::path::Path;
use std::process::{Child, Command, Stdio};

use proptest::prelude::*;

use super::*;
use crate::data::sample::FrameMethod;
use crate::linux::elf::file::ReadAt as _;
use crate::linux::memory::Memory;
use crate::probe::reading::Reading;
use crate::probe::stack::step::{RowBuffer, step};
use crate::probe::stack::table::{UnwindEntry, UnwindTable};

struct Program(Child);

impl Program {
    fn start(command: &str, arguments: &[&str]) -> Self {
        Self(Command::new(command).args(arguments).stdin(Stdio::null()).spawn().unwrap())
    }

    /// Its main thread's stack, once it is as the test wants it.
    fn stack(&self, stops: Stops, is_right: impl Fn(&Stack) -> bool) -> Stack {
        let pid = Pid(self.0.id());
        let began = Instant::now();
        loop {
            let mut reader = StackReader::attach(Path::new("/proc"), pid, Reading::default()).unwrap();
            let mut stacks = reader.take(&[Tid(pid.0)], stops);
            let stack = stacks.stacks.remove(0);
            if is_right(&stack) {
                return stack;
            }
            assert!(began.elapsed() < Duration::from_secs(60), "{stack:#?} {stacks:#?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn holds(stack: &Stack, symbol: &str) -> bool {
    stack.frames.iter().any(|frame| frame.symbol.as_deref() == Some(symbol))
}

#[test]
fn a_sleeping_process_is_followed_to_its_start_without_a_stop() {
    let program = Program::start("sleep", &["600"]);
    let stack = program.stack(Stops::Never, |stack| holds(stack, "clock_nanosleep"));
    assert_eq!((&stack.taken, &stack.end), (&StackMethod::WithoutStop, &StackEnd::Outermost), "{stack:#?}");
    assert_eq!(stack.frames[0].found, FrameMethod::InstructionPointer);
    assert!(stack.frames[1..].iter().all(|frame| frame.found == FrameMethod::CallFrameInformation), "{stack:#?}");
    assert!(stack.frames.iter().all(|frame| frame.library.is_some() && frame.in_file.is_some()), "{stack:#?}");
}

#[test]
fn a_running_process_is_only_stopped_where_that_is_allowed() {
    let program = Program::start("sh", &["-c", "while :; do :; done"]);
    let stack = program.stack(Stops::Never, |stack| matches!(stack.taken, StackMethod::Not { .. }));
    assert!(stack.frames.is_empty());
    let StackMethod::Not { why } = &stack.taken else { panic!() };
    assert!(why.contains("only a stop"), "{why}");
    let used_up = Stops::Allowed { budget: Duration::ZERO };
    let stack = program.stack(used_up, |stack| matches!(stack.taken, StackMethod::Not { .. }));
    assert_eq!(stack.taken, StackMethod::Not { why: "the time allowed for stops is used up".to_owned() });
    let allowed = Stops::Allowed { budget: Duration::from_millis(100) };
    let stack = program.stack(allowed, |stack| stack.end == StackEnd::Outermost);
    assert!(matches!(stack.taken, StackMethod::Stopped { stop_ns: 1.. }), "{stack:#?}");
}

#[test]
fn pythons_functions_stand_where_the_interpreter_runs_them() {
    const SOURCE: &str =
        "import time\ndef inner():\n    time.sleep(600)\ndef outer(key):\n    inner()\n\nsorted([1], key=outer)\n";
    let program = Program::start("python3", &["-c", SOURCE]);
    let functions = |stack: &Stack| {
        let functions = stack.frames.iter().flat_map(|frame| &frame.python);
        functions.map(|python| (python.function.to_string(), python.line)).collect::<Vec<_>>()
    };
    let expected = [("inner", 3), ("outer", 5), ("<module>", 7)].map(|(name, line)| (name.to_owned(), Some(line)));
    let stack = program.stack(Stops::Never, |stack| functions(stack) == expected);
    assert!(stack.frames.iter().flat_map(|frame| &frame.python).all(|python| &*python.file == "<string>"));
    // Between the two entries of the interpreter stands what called back: sorted().
    let with_python = |frame: &&crate::data::sample::Frame| !frame.python.is_empty();
    if stack.end == StackEnd::Outermost {
        assert_eq!(stack.frames.iter().filter(with_python).count(), 2, "{stack:#?}");
        assert!(stack.gaps.is_empty(), "{stack:#?}");
    }
}

#[test]
fn the_line_of_a_running_main_thread_is_read_without_a_stop() {
    let program = Program::start("python3", &["-c", "def spin():\n    while True:\n        pass\n\nspin()\n"]);
    let spins = |stack: &Stack| {
        stack.frames.first().is_some_and(|frame| frame.python.iter().any(|python| &*python.function == "spin"))
    };
    let stack =
        program.stack(Stops::Never, |stack| matches!(stack.taken, StackMethod::PythonOnly { .. }) && spins(stack));
    let functions: Vec<_> = stack.frames.iter().flat_map(|frame| &frame.python).collect();
    let names: Vec<&str> = functions.iter().map(|python| &*python.function).collect();
    assert_eq!(names, ["spin", "<module>"], "{stack:#?}");
    assert!(matches!(functions[0].line, Some(2 | 3)), "{stack:#?}");
    assert!(stack.frames.iter().all(|frame| frame.found == FrameMethod::Python));
}

/// Code as oneDNN makes it: it keeps two registers, uses the frame pointer for its own, and nothing tells how to leave it.
#[cfg(target_arch = "x86_64")]
#[test]
fn code_made_at_run_time_is_left_by_the_return_address_above_it() {
    // push rbx; push rbp; xor ebp, ebp; jmp to itself
    const SOURCE: &str = "import ctypes, mmap
made = mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
made.write(bytes([0x53, 0x55, 0x31, 0xed, 0xeb, 0xfe]))
def call():
    ctypes.CFUNCTYPE(None)(ctypes.addressof(ctypes.c_char.from_buffer(made)))()
call()";
    let program = Program::start("python3", &["-c", SOURCE]);
    let allowed = Stops::Allowed { budget: Duration::from_millis(100) };
    let stack =
        program.stack(allowed, |stack| stack.frames.get(1).is_some_and(|it| it.found == FrameMethod::StackScan));
    assert_eq!(stack.end, StackEnd::Outermost, "{stack:#?}");
    let caller = &stack.frames[1];
    let library = caller.library.as_deref().map(ToString::to_string).unwrap_or_default();
    assert!(["ffi", "ctypes", "python"].iter().any(|part| library.contains(part)), "{library}");
    assert!(stack.frames[2..].iter().all(|frame| frame.found == FrameMethod::CallFrameInformation), "{stack:#?}");
    let functions: Vec<&str> =
        stack.frames.iter().flat_map(|frame| &frame.python).map(|python| &*python.function).collect();
    assert_eq!(functions, ["call", "<module>"]);
}

#[test]
fn a_thread_that_is_not_there_has_ended() {
    let program = Program::start("sleep", &["600"]);
    let mut reader = StackReader::attach(Path::new("/proc"), Pid(program.0.id()), Reading::default()).unwrap();
    let stacks = reader.take(&[Tid(1)], Stops::Never);
    assert_eq!(stacks.stacks[0].taken, StackMethod::Not { why: "it has ended".to_owned() });
}

/// Memory whose every word is made of its address.
struct Garbage(u64);

impl Memory for Garbage {
    fn read(&self, address: Address, into: &mut [u8]) -> io::Result<()> {
        if address.0 % 7 == 3 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut word = address.0 ^ self.0;
        for byte in into {
            word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = (word >> 56) as u8;
        }
        Ok(())
    }
}

fn registers(values: &[u64]) -> Registers {
    let mut registers = Registers::new(0, 0);
    (0..).zip(values).for_each(|(number, value)| registers.set(number, (value % 5 != 0).then_some(*value)));
    registers
}

/// A small program of this machine, whole: its call frame information is what compilers really write.
fn some_program() -> Vec<u8> {
    ["/usr/bin/sleep", "/bin/sleep"].iter().find_map(|path| std::fs::read(path).ok()).unwrap()
}

proptest! {
    #[test]
    fn any_entry_is_tried_without_panic(
        common in proptest::collection::vec(any::<u8>(), 0..60),
        description in proptest::collection::vec(any::<u8>(), 0..80),
        shape in any::<bool>(),
        values in proptest::collection::vec(any::<u64>(), 17..33),
        lookup in 0_u64..0x1000,
    ) {
        let part = |id: u32, rest: &[u8]| {
            let length = (rest.len() as u32 + 4).to_le_bytes();
            [&length[..], &id.to_le_bytes(), rest].concat()
        };
        // Half of them with a sensible head, so that what follows is reached, too.
        let head: &[u8] = if shape { b"\x01zR\0\x01\x78\x10\x01\x1b" } else { b"" };
        let common = part(0, &[head, &common[..]].concat());
        let place: &[u8] = if shape { &[0, 0, 0, 0, 0, 16, 0, 0, 0] } else { b"" };
        let description_at = common.len();
        let description = part(common.len() as u32 + 4, &[place, &description[..]].concat());
        let entry = UnwindEntry { bytes: [common, description].concat(), description: description_at, virtual_address: 0 };
        drop(step(&entry, lookup, &registers(&values), &Garbage(lookup), &mut RowBuffer::new()));
    }

    #[test]
    fn a_damaged_library_is_stepped_through_without_panic(
        wounds in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..40),
        addresses in proptest::collection::vec(0_u64..0x8000, 1..20),
        values in proptest::collection::vec(any::<u64>(), 17..33),
    ) {
        let mut file = some_program();
        for (at, value) in wounds {
            let at = at.index(file.len());
            file[at] = value;
        }
        prop_assert!(file.length().is_ok());
        if let Ok(table) = UnwindTable::new(Box::new(file)) {
            for address in addresses {
                if let Ok(Some(entry)) = table.entry(address) {
                    drop(step(&entry, address, &registers(&values), &Garbage(address), &mut RowBuffer::new()));
                }
            }
        }
    }
}

#[test]
fn an_undamaged_library_has_an_entry_for_its_code() {
    let table = UnwindTable::new(Box::new(some_program())).unwrap();
    let found = (0..0x8000).step_by(16).filter(|&address| matches!(table.entry(address), Ok(Some(_)))).count();
    assert!(found > 100, "{found}");
}
