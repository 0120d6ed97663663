//! Dates, and times as people type them.

pub(crate) mod calendar;
pub(crate) mod typed_time;
