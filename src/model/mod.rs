//! TODO head

pub mod activity;
pub(crate) mod advice;
pub mod build_scene;
pub(crate) mod capacity;
pub(crate) mod limits;
pub mod origin;
pub(crate) mod rates;
pub(crate) mod rules;
pub(crate) mod steps;
pub(crate) mod target;
pub(crate) mod verdict;
