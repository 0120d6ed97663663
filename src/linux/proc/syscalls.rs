//! Numbers of system calls and their names: those in which threads of programs that compute are found blocked. A number that is
//! not here has no name: tftop then shows the number.

/// A call: its name, its number on x86-64 and on aarch64 (the kernel's unistd_64.h and asm-generic/unistd.h), and what its
/// first argument is.
type SyscallEntry = (&'static str, Option<u64>, Option<u64>, FirstArgument);

/// The first argument of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstArgument {
    /// A descriptor whose file says what the call is about.
    Descriptor,
    /// Anything else.
    Other,
}

use FirstArgument::{Descriptor, Other};

const TABLE: &[SyscallEntry] = &[
    ("accept", Some(43), Some(202), Descriptor),
    ("accept4", Some(288), Some(242), Descriptor),
    ("brk", Some(12), Some(214), Other),
    ("clock_nanosleep", Some(230), Some(115), Other),
    ("clone", Some(56), Some(220), Other),
    ("clone3", Some(435), Some(435), Other),
    ("connect", Some(42), Some(203), Descriptor),
    ("copy_file_range", Some(326), Some(285), Descriptor),
    ("epoll_pwait", Some(281), Some(22), Descriptor),
    ("epoll_pwait2", Some(441), Some(441), Descriptor),
    ("epoll_wait", Some(232), None, Descriptor),
    ("execve", Some(59), Some(221), Other),
    ("exit", Some(60), Some(93), Other),
    ("exit_group", Some(231), Some(94), Other),
    ("fdatasync", Some(75), Some(83), Descriptor),
    ("flock", Some(73), Some(32), Descriptor),
    ("fsync", Some(74), Some(82), Descriptor),
    ("futex", Some(202), Some(98), Other),
    ("futex_wait", Some(455), Some(455), Other),
    ("futex_waitv", Some(449), Some(449), Other),
    ("getdents64", Some(217), Some(61), Descriptor),
    ("io_getevents", Some(208), Some(4), Other),
    ("io_pgetevents", Some(333), Some(292), Other),
    ("io_uring_enter", Some(426), Some(426), Descriptor),
    ("ioctl", Some(16), Some(29), Descriptor),
    ("madvise", Some(28), Some(233), Other),
    ("membarrier", Some(324), Some(283), Other),
    ("mmap", Some(9), Some(222), Other),
    ("mprotect", Some(10), Some(226), Other),
    ("mremap", Some(25), Some(216), Other),
    ("msync", Some(26), Some(227), Other),
    ("munmap", Some(11), Some(215), Other),
    ("nanosleep", Some(35), Some(101), Other),
    ("newfstatat", Some(262), Some(79), Other),
    ("open", Some(2), None, Other),
    ("openat", Some(257), Some(56), Other),
    ("openat2", Some(437), Some(437), Other),
    ("pause", Some(34), None, Other),
    ("poll", Some(7), None, Other),
    ("ppoll", Some(271), Some(73), Other),
    ("pread64", Some(17), Some(67), Descriptor),
    ("preadv", Some(295), Some(69), Descriptor),
    ("preadv2", Some(327), Some(286), Descriptor),
    ("pselect6", Some(270), Some(72), Other),
    ("pwrite64", Some(18), Some(68), Descriptor),
    ("pwritev", Some(296), Some(70), Descriptor),
    ("pwritev2", Some(328), Some(287), Descriptor),
    ("read", Some(0), Some(63), Descriptor),
    ("readv", Some(19), Some(65), Descriptor),
    ("recvfrom", Some(45), Some(207), Descriptor),
    ("recvmmsg", Some(299), Some(243), Descriptor),
    ("recvmsg", Some(47), Some(212), Descriptor),
    ("restart_syscall", Some(219), Some(128), Other),
    ("rt_sigsuspend", Some(130), Some(133), Other),
    ("rt_sigtimedwait", Some(128), Some(137), Other),
    ("sched_yield", Some(24), Some(124), Other),
    ("select", Some(23), None, Other),
    ("sendfile", Some(40), Some(71), Descriptor),
    ("sendmmsg", Some(307), Some(269), Descriptor),
    ("sendmsg", Some(46), Some(211), Descriptor),
    ("sendto", Some(44), Some(206), Descriptor),
    ("splice", Some(275), Some(76), Descriptor),
    ("statx", Some(332), Some(291), Other),
    ("vfork", Some(58), None, Other),
    ("wait4", Some(61), Some(260), Other),
    ("waitid", Some(247), Some(95), Other),
    ("write", Some(1), Some(64), Descriptor),
    ("writev", Some(20), Some(66), Descriptor),
];

/// Architectures whose numbers are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    /// 64-bit x86.
    X86,
    /// 64-bit ARM.
    Arm,
}

impl Architecture {
    /// The one tftop was built for, which is that of every 64-bit process it can meet.
    pub fn here() -> Option<Self> {
        match std::env::consts::ARCH {
            "x86_64" => Some(Self::X86),
            "aarch64" => Some(Self::Arm),
            _ => None,
        }
    }
}

/// A call's name and what its first argument is; none for a number that is not known.
pub fn find(architecture: Architecture, number: u64) -> Option<(&'static str, FirstArgument)> {
    let of = |entry: &&SyscallEntry| match architecture {
        Architecture::X86 => entry.1 == Some(number),
        Architecture::Arm => entry.2 == Some(number),
    };
    TABLE.iter().find(of).map(|entry| (entry.0, entry.3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_has_two_names_and_no_name_stands_twice() {
        for numbers in
            [TABLE.iter().filter_map(|it| it.1).collect::<Vec<_>>(), TABLE.iter().filter_map(|it| it.2).collect()]
        {
            let unique: std::collections::HashSet<_> = numbers.iter().collect();
            assert_eq!(unique.len(), numbers.len());
        }
        assert!(TABLE.windows(2).all(|pair| pair[0].0 < pair[1].0), "sorted by name");
    }

    #[test]
    fn a_number_means_another_call_on_another_architecture() {
        assert_eq!(find(Architecture::X86, 202), Some(("futex", Other)));
        assert_eq!(find(Architecture::Arm, 202), Some(("accept", Descriptor)));
        assert_eq!(find(Architecture::Arm, 98), Some(("futex", Other)));
        assert_eq!(find(Architecture::X86, 9999), None);
    }
}
