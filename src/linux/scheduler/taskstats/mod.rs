//! The kernel's records of tasks that ended (Documentation/accounting/taskstats.rst): how they are asked for and what they say.

pub(crate) mod netlink;
pub(crate) mod record;
pub(crate) mod socket;
