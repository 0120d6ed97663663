//! Above the table: who is watched, the verdict, how much is wanted of what there is.

pub(crate) mod capacity;
pub(crate) mod demand;
pub(crate) mod gpus;
pub(crate) mod header;
pub(crate) mod steps;
pub(crate) mod verdict;
