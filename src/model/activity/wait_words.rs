//! System calls and kernel functions in words: what a thread does while it is in one.

use crate::data::Text;
use crate::data::sample::Syscall;
use crate::data::scene::Phrase;

/// What stands for `{}` in a wording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Placeholder {
    /// The file of the call's descriptor.
    File,
    /// The call's own name.
    Name,
}

use Placeholder::{File, Name};

/// Calls; what one thread does in them, what several do, few letters for a cell.
type Wording = (&'static [&'static str], Placeholder, &'static str, &'static str, &'static str);

const CALLS: &[Wording] = &[
    (&["nanosleep", "clock_nanosleep"], Name, "sleeps ({})", "sleep ({})", "sleep"),
    (&["read", "readv", "pread64", "preadv", "preadv2"], File, "reads {}", "read {}", "read {}"),
    (&["write", "writev", "pwrite64", "pwritev", "pwritev2"], File, "writes {}", "write {}", "write {}"),
    (&["recvfrom", "recvmsg", "recvmmsg"], File, "receives from {}", "receive from {}", "receive"),
    (&["sendto", "sendmsg", "sendmmsg"], File, "sends to {}", "send to {}", "send"),
    (&["accept", "accept4"], Name, "waits for a connection ({})", "wait for a connection ({})", "accept"),
    (&["connect"], File, "connects {}", "connect {}", "connect"),
    (&["fsync", "fdatasync"], File, "waits until {} is stored", "wait until {} is stored", "sync {}"),
    (&["msync"], Name, "waits until mapped memory is stored", "wait until mapped memory is stored", "msync"),
    (&["flock"], File, "waits for the lock of {}", "wait for the lock of {}", "lock {}"),
    (&["ioctl"], File, "is in ioctl of {}", "are in ioctl of {}", "ioctl {}"),
    (&["open", "openat", "openat2"], Name, "opens a file ({})", "open a file ({})", "open"),
    (&["newfstatat", "statx"], Name, "looks for a file ({})", "look for a file ({})", "stat"),
    (&["getdents64"], File, "lists {}", "list {}", "list {}"),
    (
        &["mmap", "munmap", "mprotect", "mremap", "madvise", "brk"],
        Name,
        "changes its memory map ({})",
        "change their memory map ({})",
        "{}",
    ),
    (&["sched_yield"], Name, "yields its CPU ({})", "yield their CPU ({})", "yield"),
    (&["wait4", "waitid", "vfork"], Name, "waits for a child ({})", "wait for a child ({})", "child"),
    (&["clone", "clone3"], Name, "starts a thread or process ({})", "start a thread or process ({})", "start"),
    (&["execve"], Name, "starts another program ({})", "start another program ({})", "exec"),
    (&["exit", "exit_group"], Name, "ends ({})", "end ({})", "ends"),
    (&["epoll_wait", "epoll_pwait", "epoll_pwait2"], Name, "waits for events ({})", "wait for events ({})", "epoll"),
    (&["io_uring_enter", "io_getevents", "io_pgetevents"], Name, "waits for I/O ({})", "wait for I/O ({})", "I/O"),
    (
        &["rt_sigtimedwait", "rt_sigsuspend", "pause"],
        Name,
        "waits for a signal ({})",
        "wait for a signal ({})",
        "signal",
    ),
    (
        &["restart_syscall"],
        Name,
        "waits in a call that was interrupted ({})",
        "wait in a call that was interrupted ({})",
        "restart",
    ),
];

/// Kernel functions a thread sleeps in, by how their names begin; what one thread does there, several do, few letters.
const CHANNELS: &[(&[&str], &str, &str, &str)] = &[
    (&["futex_", "__futex_"], "waits on a futex", "wait on a futex", "futex"),
    (&["hrtimer_nanosleep", "do_nanosleep", "common_nsleep"], "sleeps", "sleep", "sleep"),
    (&["poll_schedule_timeout", "do_sys_poll", "do_poll", "do_select"], "polls", "poll", "poll"),
    (&["ep_poll", "do_epoll_wait"], "waits for events", "wait for events", "epoll"),
    (&["pipe_read", "anon_pipe_read", "pipe_wait_readable"], "reads a pipe", "read a pipe", "read a pipe"),
    (&["pipe_write", "anon_pipe_write"], "writes a pipe", "write a pipe", "write a pipe"),
    (
        &["sk_wait_data", "unix_stream_read_generic", "__skb_wait_for_more_packets"],
        "receives from a socket",
        "receive from a socket",
        "receive",
    ),
    (&["inet_csk_accept"], "waits for a connection", "wait for a connection", "accept"),
    (&["do_wait", "kernel_wait4"], "waits for a child", "wait for a child", "child"),
    (&["do_sigtimedwait", "sigsuspend"], "waits for a signal", "wait for a signal", "signal"),
    (
        &["io_schedule", "folio_wait_bit", "wait_on_page_bit", "blk_mq_get_tag"],
        "waits for storage",
        "wait for storage",
        "storage",
    ),
];

/// Longest name of a file in a sentence, in characters.
const LONGEST_FILE: usize = 40;

/// What a thread does in a system call.
pub(crate) fn call(call: &Syscall) -> Phrase {
    let Some(name) = call.name.as_deref() else {
        let short = format!("syscall {}", call.number);
        return Phrase::new(format!("is in {short}"), format!("are in {short}"), short);
    };
    match (name, call.arguments) {
        ("futex", [_, operation, ..]) => futex(operation),
        ("futex_wait" | "futex_waitv", _) => on_a_futex(),
        ("poll" | "ppoll", [_, 0, ..]) | ("select" | "pselect6", [0, ..]) => {
            Phrase::new(format!("sleeps ({name})"), format!("sleep ({name})"), "sleep".into())
        }
        ("poll" | "ppoll", [_, count, ..]) => {
            let what = if count == 1 { "1 descriptor".to_owned() } else { format!("{count} descriptors") };
            Phrase::new(format!("polls {what}"), format!("poll {what}"), "poll".into())
        }
        ("select" | "pselect6", _) => {
            Phrase::new(format!("polls descriptors ({name})"), format!("poll descriptors ({name})"), "poll".into())
        }
        _ => worded(name, call),
    }
}

fn worded(name: &str, call: &Syscall) -> Phrase {
    let Some((_, gap, one, many, short)) = CALLS.iter().find(|wording| wording.0.contains(&name)) else {
        return Phrase::new(format!("is in {name}"), format!("are in {name}"), name.to_owned());
    };
    let what = match gap {
        File => file(call),
        Name => name.to_owned(),
    };
    let fill = |wording: &str| wording.replacen("{}", &what, 1);
    Phrase::new(fill(one), fill(many), fill(short))
}

/// The lower bits of a futex operation; the others say whose memory and which clock (futex(2)).
fn futex(operation: u64) -> Phrase {
    const WAIT: u64 = 0;
    const LOCK_PI: u64 = 6;
    const WAIT_BITSET: u64 = 9;
    const WAIT_REQUEUE_PI: u64 = 11;
    const LOCK_PI2: u64 = 13;
    match operation & 0x7f {
        WAIT | WAIT_BITSET | WAIT_REQUEUE_PI | LOCK_PI | LOCK_PI2 => on_a_futex(),
        _ => Phrase::new("is in futex".into(), "are in futex".into(), "futex".into()),
    }
}

fn on_a_futex() -> Phrase {
    Phrase::new("waits on a futex".into(), "wait on a futex".into(), "futex".into())
}

/// A thread that waits on a futex because there is nothing to do for it.
pub(crate) fn for_work() -> Phrase {
    Phrase::new("waits for work (futex)".into(), "wait for work (futex)".into(), "futex".into())
}

/// Whether these are the words for a wait on a futex.
pub(crate) fn is_futex(phrase: &Phrase) -> bool {
    *phrase == on_a_futex()
}

/// What a descriptor stands for, in few words.
fn file(call: &Syscall) -> String {
    let Some(path) = &call.file else { return format!("descriptor {}", call.arguments[0] as u32) };
    let anonymous = path.strip_prefix("anon_inode:");
    let name = match (path.as_str(), anonymous) {
        (path, _) if path.starts_with("socket:") => "a socket",
        (path, _) if path.starts_with("pipe:") => "a pipe",
        (_, Some(kind)) => kind.trim_matches(['[', ']']),
        (path, _) if path.starts_with("/dev/") => path,
        (path, _) => path.rsplit('/').next().unwrap_or(path),
    };
    match name.chars().count() {
        0 => path.chars().take(LONGEST_FILE).collect(),
        count if count > LONGEST_FILE => name.chars().take(LONGEST_FILE - 1).chain(['…']).collect(),
        _ => name.to_owned(),
    }
}

/// What a thread does that sleeps in a kernel function.
pub(crate) fn channel(function: &Text) -> Phrase {
    let known = CHANNELS.iter().find(|(starts, ..)| starts.iter().any(|start| function.starts_with(start)));
    match known {
        Some((_, one, many, short)) => Phrase::new((*one).into(), (*many).into(), (*short).into()),
        None => Phrase::new(format!("waits in {function}"), format!("wait in {function}"), function.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn syscall(name: &str, arguments: [u64; 6], file: Option<&str>) -> Phrase {
        call(&Syscall { number: 1, name: Some(name.into()), arguments, file: file.map(Text::from) })
    }

    #[test]
    fn a_call_says_what_one_thread_does_and_what_several_do() {
        let read = syscall("pread64", [7, 0, 0, 0, 0, 0], Some("/data/train.tfrecord"));
        assert_eq!((read.one.as_str(), read.many.as_str()), ("reads train.tfrecord", "read train.tfrecord"));
        assert_eq!(syscall("clock_nanosleep", [0; 6], None).one, "sleeps (clock_nanosleep)");
        assert_eq!(syscall("munmap", [0; 6], None).many, "change their memory map (munmap)");
        assert_eq!(syscall("never_heard_of", [0; 6], None).one, "is in never_heard_of");
        assert_eq!(call(&Syscall { number: 999, ..Syscall::default() }).one, "is in syscall 999");
    }

    #[test]
    fn a_futex_operation_that_does_not_wait_is_no_wait() {
        assert_eq!(syscall("futex", [1, 0x189, 0, 0, 0, 0], None).one, "waits on a futex");
        assert_eq!(syscall("futex", [1, 0x80, 0, 0, 0, 0], None).one, "waits on a futex");
        assert_eq!(syscall("futex", [1, 0x81, 0, 0, 0, 0], None).one, "is in futex");
    }

    #[test]
    fn polling_nothing_is_sleeping() {
        assert_eq!(syscall("poll", [9, 3, 0, 0, 0, 0], None).one, "polls 3 descriptors");
        assert_eq!(syscall("ppoll", [9, 1, 0, 0, 0, 0], None).one, "polls 1 descriptor");
        assert_eq!(syscall("poll", [0, 0, 100, 0, 0, 0], None).one, "sleeps (poll)");
        assert_eq!(syscall("select", [0; 6], None).one, "sleeps (select)");
    }

    #[test]
    fn files_are_named_as_people_would() {
        let long = format!("/data/{}", "x".repeat(300));
        for (file, words) in [
            (Some("socket:[4711]"), "reads a socket"),
            (Some("pipe:[4711]"), "reads a pipe"),
            (Some("anon_inode:[eventfd]"), "reads eventfd"),
            (Some("/dev/pts/3"), "reads /dev/pts/3"),
            (Some("/tmp/x (deleted)"), "reads x (deleted)"),
            (Some("/tmp/"), "reads /tmp/"),
            (Some(&long), &format!("reads {}…", "x".repeat(39))),
            (None, "reads descriptor 7"),
        ] {
            assert_eq!(syscall("read", [7, 0, 0, 0, 0, 0], file).one, words);
        }
    }

    #[test]
    fn a_file_named_like_a_gap_is_only_a_name() {
        assert_eq!(syscall("read", [7, 0, 0, 0, 0, 0], Some("/tmp/{}")).one, "reads {}");
    }

    #[test]
    fn kernel_functions_tell_what_a_call_would() {
        for (function, words) in [
            ("futex_do_wait", "waits on a futex"),
            ("futex_wait_queue_me", "waits on a futex"),
            ("hrtimer_nanosleep", "sleeps"),
            ("folio_wait_bit_common", "waits for storage"),
            ("something_else", "waits in something_else"),
        ] {
            assert_eq!(channel(&Text::from(function)).one, words);
        }
    }
}
