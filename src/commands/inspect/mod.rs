//! The subcommands that look at a process: dashboard, record, report, explain, stack, ps, doctor.

pub(crate) mod doctor;
pub(crate) mod fail_policy;
pub(crate) mod pick;
pub(crate) mod ps;
mod ps_hosts;
pub(crate) mod record;
mod record_parts;
pub(crate) mod report;
pub(crate) mod stack;
pub(crate) mod stack_profile;
pub(crate) mod stack_recorded;
pub(crate) mod watch;
pub(crate) mod watch_record;
