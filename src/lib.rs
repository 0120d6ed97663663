//! tftop names the true origin of every thread of a running TensorFlow process and measures what each group of
//! threads gets, waits for and wants, from the kernel's own counters, without stopping the process.
//!
//! One way, four floors; a lower floor never imports a higher one (`tests/floors.rs` holds the allow-list):
//!
//! ```text
//!  live target ──> Sample ──> Model::next ──> Scene ──┬─> tui      (screen)
//!                  raw facts   pure, per tick         └─> report   (text, JSON)
//!       ▲                                                   │
//!       └───────── Interest (threads on screen) ◄───────────┘
//!
//!  floor 0  fact      plain data: counters and names as read, and what is missing and why
//!  floor 1  probe     eyes: reads a live target, never changes it; stops a thread only for `stack --stop`
//!           model     pure functions of facts: rates, origins, groups, capacity, scene
//!           tape      recordings: writes samples and reads them back
//!           launch    hands: starts a command with caps and stays with it to its end
//!  floor 2  report    Scene -> String
//!           tui       Scene -> screen, events -> effects
//!  floor 3  command   wiring: command line, sampler thread, subcommands
//! ```

pub mod commands;
pub mod data;
pub mod launch;
pub mod linux;
pub mod model;
pub mod output;
pub mod present;
pub mod probe;
pub mod runs;
pub mod tui;
