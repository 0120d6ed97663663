//! Signals as a program finds them that a person starts in a terminal. A background job of a script, and nohup, ignore some,
//! and so would every program that a test starts.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Once};

use signal_hook::consts::signal::{SIGHUP, SIGINT, SIGQUIT};

/// From here on what this process starts begins with the default dispositions. A signal with a handler is reset by
/// execve(2), one that is ignored stays ignored; what this process itself ignored does nothing to it still.
pub fn like_a_terminals() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap();
        let ignored = u64::from_str_radix(ignored.trim(), 16).unwrap();
        for signal in [SIGHUP, SIGINT, SIGQUIT].into_iter().filter(|signal| ignored >> (signal - 1) & 1 == 1) {
            signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false))).unwrap();
        }
    });
}
