//! From samples to scenes: pure functions of facts, with no I/O and no clock, so that the same samples always make the same
//! scenes. `build_scene` is where they meet.

pub mod activity;
pub(crate) mod advice;
pub mod build_scene;
pub(crate) mod capacity;
pub(crate) mod judged_window;
pub(crate) mod limits;
pub mod origin;
pub(crate) mod prediction;
pub(crate) mod rates;
pub(crate) mod rules;
pub(crate) mod steps;
pub(crate) mod target;
pub mod timeline;
pub(crate) mod verdict;
