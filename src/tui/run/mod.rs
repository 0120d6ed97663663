//! From the terminal's events to the dashboard's, and the loop around both.

pub mod clip;
pub(crate) mod clipboard;
pub(crate) mod event_loop;
pub(crate) mod input;
pub(crate) mod job;
pub(crate) mod mouse;
pub(crate) mod save;
pub mod update;
