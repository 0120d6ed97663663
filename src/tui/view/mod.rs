//! One box of the screen a file: a function of frame, area and dashboard. Nothing is worked out here, only written.

pub(crate) mod ascii;
pub(crate) mod bottom;
pub mod frame;
pub(crate) mod graphs;
pub(crate) mod main;
pub(crate) mod paint;
pub(crate) mod popups;
pub(crate) mod small;
pub(crate) mod top;
