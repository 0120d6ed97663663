//! Parsers of the kernel's numbers: stat, schedstat, and fields of status. They allocate nothing and trust nothing: a field
//! that is not there is missing.

use std::ops::Range;

use crate::data::sample::{Counters, ThreadState};

/// A run of decimal digits and nothing else; none on overflow.
pub fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |sum, digit| {
        let digit = digit.wrapping_sub(b'0');
        (digit < 10).then(|| sum.checked_mul(10)?.checked_add(u64::from(digit))).flatten()
    })
}

/// A decimal number that may be negative.
fn signed(digits: &[u8]) -> Option<i32> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Words between spaces or line ends.
pub fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|byte| byte.is_ascii_whitespace()).filter(|word| !word.is_empty())
}

/// The three numbers of schedstat: run time, wait time, slices.
pub fn counters(schedstat: &[u8]) -> Option<Counters> {
    let mut numbers = words(schedstat).map(number);
    Some(Counters { run_ns: numbers.next()??, wait_ns: numbers.next()??, slices: numbers.next()?? })
}

/// What is used of a stat file of a process or a thread (proc_pid_stat(5)); its field numbers are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat<'a> {
    /// 2: the name, which may hold anything, spaces and parentheses too.
    pub comm: &'a [u8],
    /// 3.
    pub state: ThreadState,
    /// 4.
    pub parent: u32,
    /// 7: the device of the controlling terminal; 0 without one.
    pub terminal: i32,
    /// 14 + 15: user and system time in clock ticks.
    pub cpu_ticks: u64,
    /// 19: the niceness.
    pub nice: Option<i32>,
    /// 20: threads of the process.
    pub threads: u64,
    /// 22: start time in clock ticks after boot.
    pub start_ticks: u64,
    /// 39: the CPU it last ran on.
    pub last_cpu: Option<u32>,
    /// 48: where its command line lies in its memory; 0 where the reader may not know.
    pub command_address: u64,
}

impl<'a> Stat<'a> {
    /// None when the line is cut or garbled before the start time.
    pub fn parse(line: &'a [u8]) -> Option<Self> {
        let open = memchr::memchr(b'(', line)?;
        let close = memchr::memrchr(b')', line)?;
        let comm = line.get(open + 1..close)?;
        let mut fields = words(&line[close + 1..]);
        let state = ThreadState::from_letter(*fields.next()?.first()?);
        let parent = u32::try_from(number(fields.next()?)?).unwrap_or(0);
        let mut nth = |skipped: usize| fields.nth(skipped);
        let terminal = nth(2).and_then(signed).unwrap_or(0);
        let cpu_ticks = number(nth(6)?)?.checked_add(number(nth(0)?)?)?;
        let nice = nth(3).and_then(signed);
        let threads = number(nth(0)?)?;
        let start_ticks = number(nth(1)?)?;
        let last_cpu = nth(16).and_then(number).and_then(|cpu| u32::try_from(cpu).ok());
        let command_address = nth(8).and_then(number).unwrap_or(0);
        Some(Self { comm, state, parent, terminal, cpu_ticks, nice, threads, start_ticks, last_cpu, command_address })
    }

    /// Whether it has ended and only waits for its parent: its number is still its own, but it runs no more.
    pub fn has_ended(&self) -> bool {
        matches!(self.state, ThreadState::Zombie | ThreadState::Dead)
    }
}

/// Where the words of the command line and of the environment lie in the process's memory (48 to 51 of its stat file); none
/// where the reader may not know.
pub fn string_ranges(line: &[u8]) -> Option<[Range<u64>; 2]> {
    let close = memchr::memrchr(b')', line)?;
    let mut fields = words(line.get(close + 1..)?).skip(45).map_while(number);
    let mut range = || Some(fields.next()?..fields.next()?);
    let ranges = [range()?, range()?];
    ranges.iter().all(|range| range.start != 0).then_some(ranges)
}

/// The value of a `Name:` line of a status file, without the blanks around it.
pub fn status_field<'a>(status: &'a [u8], name: &str) -> Option<&'a [u8]> {
    status.split(|&byte| byte == b'\n').find_map(|line| {
        let rest = line.strip_prefix(name.as_bytes())?.strip_prefix(b":")?;
        Some(rest.trim_ascii())
    })
}

/// The number at the end of a `Name:` line of a status file: of ids by namespace, the innermost one.
pub fn status_last_number(status: &[u8], name: &str) -> Option<u64> {
    words(status_field(status, name)?).last().and_then(number)
}

/// A mask of bits in hex: capabilities, signals.
pub fn status_mask(status: &[u8], name: &str) -> Option<u64> {
    u64::from_str_radix(std::str::from_utf8(status_field(status, name)?).ok()?, 16).ok()
}

/// Whether the process ignores a signal (`SigIgn`): bit n - 1 stands for signal n.
pub fn ignores_signal(status: &[u8], signal: i32) -> bool {
    let bit = u32::try_from(signal - 1).ok().and_then(|shift| 1_u64.checked_shl(shift)).unwrap_or(0);
    status_mask(status, "SigIgn").is_some_and(|mask| mask & bit != 0)
}

/// Kilobytes of mapped code without the program's own (`VmLib`); none of a kernel thread.
pub fn code_size(status: &[u8]) -> Option<u64> {
    number(words(status_field(status, "VmLib")?).next()?)
}

/// The real, the effective and the saved user id (`Uid`).
pub fn user_ids(status: &[u8]) -> Option<[u32; 3]> {
    let mut ids = words(status_field(status, "Uid")?).map(|id| u32::try_from(number(id)?).ok());
    Some([ids.next()??, ids.next()??, ids.next()??])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LINE: &[u8] = b"4242 (a (b) c) R 17 4242 4242 0 -1 4194560 100 0 0 0 31 11 0 0 20 0 7 0 123456 9 9 9 9 9 9 9 9 0 0 0 0 0 0 0 17 5 0 0 0 0 0 0 0 0 140000 140100 0 0 0\n";

    #[test]
    fn a_name_with_parentheses_does_not_shift_the_fields() {
        let stat = Stat::parse(LINE).unwrap();
        assert_eq!(stat.comm, b"a (b) c");
        assert_eq!((stat.state, stat.parent, stat.cpu_ticks, stat.threads), (ThreadState::Running, 17, 42, 7));
        assert_eq!((stat.start_ticks, stat.last_cpu, stat.command_address), (123_456, Some(5), 140_000));
    }

    #[test]
    fn niceness_may_be_negative_and_a_name_may_hold_anything() {
        let line = b"7 (a) b) S 1 7 7 34816 -1 4194560 100 0 0 0 31 11 0 0 25 -5 7 0 123456 9\n";
        let stat = Stat::parse(line).unwrap();
        assert_eq!((stat.comm, stat.parent, stat.terminal, stat.nice), (&b"a) b"[..], 1, 34816, Some(-5)));
        let line = b"7 (a) b ) c) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20";
        assert_eq!(Stat::parse(line).map(|stat| stat.start_ticks), Some(4711));
        assert_eq!((Stat::parse(b""), Stat::parse(b"7 (x) S 1"), Stat::parse(b")\xff")), (None, None, None));
    }

    #[test]
    fn a_mask_has_a_bit_for_each_ignored_signal() {
        let status = b"SigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\n";
        let ignored = [1, 2, 13, 14].map(|signal| ignores_signal(status, signal));
        assert_eq!(ignored, [true, false, true, false]);
        assert!(!ignores_signal(b"SigIgn: x", 1) && !ignores_signal(status, 0) && !ignores_signal(status, 65));
    }

    #[test]
    fn user_ids_are_all_there_or_none() {
        assert_eq!(user_ids(b"Uid:\t1\t2\t3\t4\n"), Some([1, 2, 3]));
        assert_eq!((user_ids(b"Uid:\t1\t2\n"), user_ids(b"Uid:\tx\n"), user_ids(b"")), (None, None, None));
    }

    #[test]
    fn an_own_stat_file_reads_as_the_kernel_means_it() {
        let line = std::fs::read("/proc/self/stat").unwrap();
        let stat = Stat::parse(&line).unwrap();
        assert!(stat.threads >= 1 && stat.start_ticks > 0 && stat.command_address > 0);
        assert_eq!(stat.parent, std::os::unix::process::parent_id());
        let [words, variables] = string_ranges(&line).unwrap();
        assert_eq!(words.start, stat.command_address);
        assert_eq!(words.end - words.start, std::fs::read("/proc/self/cmdline").unwrap().len() as u64);
        assert_eq!(variables.end - variables.start, std::fs::read("/proc/self/environ").unwrap().len() as u64);
        assert_eq!((string_ranges(LINE), string_ranges(b"7 (x) S 1")), (None, None));
    }

    #[test]
    fn counters_of_the_kernel_are_three_numbers() {
        let read = counters(b"123 456 789\n").unwrap();
        assert_eq!((read.run_ns, read.wait_ns, read.slices), (123, 456, 789));
        for bad in [&b""[..], b"1 2", b"1 -2 3", b"99999999999999999999 1 1", b"a b c"] {
            assert_eq!(counters(bad), None);
        }
    }

    #[test]
    fn the_innermost_of_the_namespaced_ids_counts() {
        let status = b"Name:\tx\nNSpid:\t4242\t17\t1\nNSpidx:\t9\n";
        assert_eq!(status_last_number(status, "NSpid"), Some(1));
        assert_eq!(status_last_number(status, "Threads"), None);
    }

    proptest! {
        #[test]
        fn garbage_is_no_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = (Stat::parse(&bytes), counters(&bytes), status_last_number(&bytes, "NSpid"), number(&bytes));
        }

        #[test]
        fn a_line_cut_or_flipped_anywhere_is_no_panic(cut in 0..LINE.len(), at in 0..LINE.len(), byte in any::<u8>()) {
            let mut line = LINE.to_vec();
            line[at] = byte;
            let _ = Stat::parse(&line[..cut]);
        }

        #[test]
        fn a_number_reads_back(value in any::<u64>()) {
            prop_assert_eq!(number(value.to_string().as_bytes()), Some(value));
        }
    }
}
