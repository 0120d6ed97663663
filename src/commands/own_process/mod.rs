//! tftop's own process: what it writes, how it ends, its event loop and signals.

pub(crate) mod descriptors;
pub(crate) mod event_loop;
pub(crate) mod exit;
pub(crate) mod held_up;
pub(crate) mod progress;
pub(crate) mod stdio;
