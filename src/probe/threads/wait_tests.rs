//! Lines of the kernel and lines no kernel writes.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use proptest::prelude::*;

use super::*;

const FUTEX: &[u8] = b"202 0x7f1 0x189 0x0 0x0 0x0 0xffffffff 0x7ffe03d81508 0x7fa1b00cb503\n";

fn inside(line: &[u8], architecture: Architecture) -> Option<Syscall> {
    match parse(line, Some(architecture))?.0 {
        SyscallState::Inside(call) => Some(call),
        _ => None,
    }
}

/// A thread 7 whose `syscall` says this.
fn thread(line: &[u8]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("7/fd")).unwrap();
    fs::write(dir.path().join("7/syscall"), line).unwrap();
    dir
}

fn read(dir: &Path) -> Result<SyscallState, WaitGap> {
    call(&ProcDir::open(dir).unwrap(), Tid(7), &mut FileReader::default())
}

#[test]
fn a_call_has_its_number_its_name_and_its_arguments() {
    let call = inside(FUTEX, Architecture::X86).unwrap();
    assert_eq!((call.number, call.name.as_deref()), (202, Some("futex")));
    assert_eq!(call.arguments, [0x7f1, 0x189, 0, 0, 0, 0xffff_ffff]);
    assert_eq!(inside(FUTEX, Architecture::Arm).unwrap().name.as_deref(), Some("accept"));
    assert_eq!(parse(FUTEX, None).unwrap().1, FirstArgument::Other, "an architecture tftop knows nothing of");
}

#[test]
fn running_and_outside_are_understood() {
    assert_eq!(parse(b"running\n", None), Some((SyscallState::Running, FirstArgument::Other)));
    assert_eq!(parse(b"-1 0x7ffe03d81508 0x7fa1b00cb503\n", None), Some((SyscallState::Outside, FirstArgument::Other)));
}

#[test]
fn a_32_bit_process_has_other_numbers_so_its_calls_have_no_name() {
    let call = inside(b"202 0x1 0x2 0x3 0x4 0x5 0x6 0xffd81508 0xf7fcb503\n", Architecture::X86).unwrap();
    assert_eq!((call.number, call.name), (202, None));
}

#[test]
fn what_is_no_line_of_the_kernel_is_no_call() {
    let long = [b"202 ".as_slice(), &b"0x1 ".repeat(3), &b"f".repeat(4000)].concat();
    let lines: [&[u8]; 9] = [
        b"",
        b"\n",
        b"-2 0x1 0x2",
        b"202",
        b"202 0x1 0x2 0x3 0x4 0x5 0x6 0x7",
        b"202 1 2 3 4 5 6 7 8",
        b"202 0x1 0x2 0x3 0x4 0x5 0x6 0x+7 0x8",
        b"99999999999999999999 0x1 0x2 0x3 0x4 0x5 0x6 0x7 0x8",
        &long,
    ];
    for line in lines {
        assert_eq!(parse(line, Some(Architecture::X86)), None, "{}", String::from_utf8_lossy(line));
        assert_eq!(read(thread(line).path()), Err(WaitGap::Missing));
    }
}

#[test]
fn the_file_of_a_read_is_named_cleaned_and_never_followed() {
    let number = if cfg!(target_arch = "x86_64") { 0 } else { 63 };
    let line = |descriptor: &str| format!("{number} {descriptor} 0x1 0x2 0x0 0x0 0x0 0x7ffe03d81508 0x7fa1b00cb503");
    let dir = thread(line("0xffffffff00000005").as_bytes());
    let path = dir.path().join("7/fd/5");
    let file = || match read(dir.path()).unwrap() {
        SyscallState::Inside(call) => call.file,
        other => panic!("{other:?}"),
    };
    assert_eq!(file(), None, "closed meanwhile");
    for (target, shown) in [
        ("/data/train.tfrecord", "/data/train.tfrecord"),
        ("socket:[4711]", "socket:[4711]"),
        ("/data/\x1b]0;x\x07\n", "/data/^[]0;x^G^J"),
        ("7/fd/5", "7/fd/5"),
    ] {
        let _ = fs::remove_file(&path);
        symlink(target, &path).unwrap();
        assert_eq!(file().unwrap().as_str(), shown);
    }
    fs::write(dir.path().join("7/syscall"), line("0xffffffff")).unwrap();
    assert_eq!(file(), None, "no descriptor is negative");
}

#[test]
fn a_kernel_stack_is_its_functions_and_bounded() {
    let dir = thread(b"running");
    let task = ProcDir::open(dir.path()).unwrap();
    let stack = || kernel_stack(&task, Tid(7), &mut FileReader::default());
    assert_eq!(stack(), Err(WaitGap::Missing));
    let text = "[<0>] futex_do_wait+0x38/0x70\n[<0>] nvidia_wait+0x1/0x2 [nvidia]\ngarbage\n[<0>]\n[<0>] +0x1\n";
    fs::write(dir.path().join("7/stack"), text).unwrap();
    assert_eq!(stack().unwrap(), [Text::from("futex_do_wait"), Text::from("nvidia_wait")]);
    fs::write(dir.path().join("7/stack"), format!("[<0>] {}\x1b\n", "x".repeat(90)).repeat(1000)).unwrap();
    let frames = stack().unwrap();
    assert_eq!((frames.len(), frames[0].as_str()), (MOST_FRAMES, &*format!("{}^[", "x".repeat(90))));
}

#[test]
fn a_channel_of_nought_is_none() {
    let dir = thread(b"running");
    let task = ProcDir::open(dir.path()).unwrap();
    let channel = || channel(&task, Tid(7), &mut FileReader::default());
    assert_eq!(channel(), None);
    for (text, read) in [("0", None), ("", None), ("futex_do_wait", Some("futex_do_wait")), ("a\x1bb", Some("a^[b"))] {
        fs::write(dir.path().join("7/wchan"), text).unwrap();
        assert_eq!(channel().as_deref(), read);
    }
}

proptest! {
    #[test]
    fn garbage_is_no_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = (parse(&bytes, Some(Architecture::X86)), frame(&bytes), hexadecimal(&bytes));
    }

    #[test]
    fn a_line_cut_or_flipped_anywhere_is_no_panic(cut in 0..FUTEX.len(), at in 0..FUTEX.len(), byte in any::<u8>()) {
        let mut line = FUTEX.to_vec();
        line[at] = byte;
        let _ = parse(&line[..cut], Some(Architecture::X86));
    }
}
