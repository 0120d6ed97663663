//! The kernel's own record of when threads run, by perf_event_open(2): every context switch, birth and exit of the threads of
//! a process. Stops nothing and writes nothing; each switch of a traced thread costs it the time to write one record.

pub(crate) mod records;
pub(crate) mod redirect;
pub(crate) mod rings;
