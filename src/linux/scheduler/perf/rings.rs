//! Perf events on threads, with one ring buffer for each CPU. Needs no right beyond that of reading the target where
//! perf_event_paranoid is 2 or less. Never enables anything that samples, and never opens an event on a thread that it was not
//! told of; threads that those make are inherited.

use std::io;

use perf_event::events::Software;
use perf_event::{Builder, Clock, Counter, SampleFlag, Sampler};
use rustix::io::Errno;

use crate::data::Tid;
use crate::linux::proc::host::online_cpus;
use crate::linux::scheduler::perf::records::{LONGEST, Record, parse};
use crate::linux::scheduler::perf::redirect::redirect;

/// Pages of a ring buffer, the largest first: 512 kB and a page are what an unprivileged user may have for each CPU
/// (perf_event_mlock_kb is 516 by default).
const PAGES: [usize; 4] = [128, 64, 32, 8];
/// Events at once: each takes a descriptor and some two kilobytes in the kernel.
pub const MOST_EVENTS: usize = 16 << 10;
/// Records read in one go of one ring: what the largest holds of the shortest.
const MOST_RECORDS: usize = 64 << 10;

/// Ring buffers, one a CPU, and the events that write to them.
pub struct Rings {
    rings: Vec<Ring>,
    /// Events that write to another's ring buffer; closing them ends them.
    others: Vec<Counter>,
    pages: usize,
}

struct Ring {
    cpu: usize,
    sampler: Sampler,
}

/// Why no event could be opened.
#[derive(Debug)]
pub enum PerfError {
    /// The kernel refused it.
    Refused(io::Error),
    /// The threads and CPUs of this machine need more events than one trace may have.
    TooMany(usize),
    /// None of the threads exists any more.
    NoThreads,
    /// The CPUs online are not known.
    NoCpus,
}

impl std::fmt::Debug for Rings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rings").field("rings", &self.rings.len()).field("others", &self.others.len()).finish()
    }
}

impl Rings {
    /// One event for each of these threads on each CPU online. Threads that are gone are left out.
    pub fn open(threads: &[Tid]) -> Result<Self, PerfError> {
        let online = online_cpus().ok_or(PerfError::NoCpus)?;
        let cpus: Vec<usize> = online.iter().filter_map(|cpu| usize::try_from(cpu).ok()).collect();
        let events = threads.len().saturating_mul(cpus.len());
        if events > MOST_EVENTS {
            return Err(PerfError::TooMany(events));
        }
        let mut rings = Self { rings: Vec::new(), others: Vec::new(), pages: 0 };
        let mut living = threads.iter();
        for &thread in living.by_ref() {
            match rings.begin(thread, &cpus) {
                Ok(()) => break,
                Err(error) if is_gone(&error) => rings.rings.clear(),
                Err(error) => return Err(PerfError::Refused(error)),
            }
        }
        if rings.rings.is_empty() {
            return Err(PerfError::NoThreads);
        }
        for &thread in living {
            rings.add(thread).map_err(PerfError::Refused)?;
        }
        Ok(rings)
    }

    /// CPUs that were online when it began.
    pub fn cpus(&self) -> usize {
        self.rings.len()
    }

    /// Events for one more thread; nothing where it is gone.
    pub fn add(&mut self, thread: Tid) -> io::Result<()> {
        if self.rings.len() + self.others.len() + self.rings.len() > MOST_EVENTS {
            return Err(io::Error::from(Errno::MFILE));
        }
        for ring in &self.rings {
            match event(thread, ring.cpu) {
                Ok(event) => {
                    redirect(&event, ring.sampler.as_counter())?;
                    self.others.push(event);
                }
                Err(error) if is_gone(&error) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Takes all records out, ring by ring, each in the order of its CPU's time.
    pub fn drain(&mut self, mut take: impl FnMut(Record)) {
        for ring in &mut self.rings {
            for _ in 0..MOST_RECORDS {
                let Some(record) = ring.sampler.next_record() else { break };
                let mut body = [0; LONGEST];
                let mut length = 0;
                for part in record.data() {
                    let end = (length + part.len()).min(LONGEST);
                    if let (Some(to), Some(from)) = (body.get_mut(length..end), part.get(..end - length)) {
                        to.copy_from_slice(from);
                    }
                    length += part.len();
                }
                // Longer ones are of kinds that nobody asked for.
                if let Some(body) = body.get(..length)
                    && let Some(read) = parse(record.ty(), record.misc(), body)
                {
                    take(read);
                }
            }
        }
    }

    /// The events of the first thread, each with a ring buffer.
    fn begin(&mut self, thread: Tid, cpus: &[usize]) -> io::Result<()> {
        for &cpu in cpus {
            let sizes = PAGES.iter().filter(|&&pages| self.pages == 0 || pages <= self.pages);
            let mut refused = io::Error::from(Errno::PERM);
            let mut mapped = None;
            for &pages in sizes {
                match event(thread, cpu)?.sampled(pages * page_size()) {
                    Ok(sampler) => {
                        mapped = Some(sampler);
                        self.pages = pages;
                        break;
                    }
                    // EPERM: more locked memory than this user may have.
                    Err(error) => refused = error,
                }
            }
            let sampler = mapped.ok_or(refused)?;
            self.rings.push(Ring { cpu, sampler });
        }
        Ok(())
    }
}

fn event(thread: Tid, cpu: usize) -> io::Result<Counter> {
    let thread = i32::try_from(thread.0).map_err(io::Error::other)?;
    Builder::new(Software::DUMMY)
        .observe_pid(thread)
        .one_cpu(cpu)
        .inherit(true)
        .context_switch(true)
        .task(true)
        .clockid(Clock::BOOTTIME)
        .sample(SampleFlag::TID | SampleFlag::TIME | SampleFlag::CPU)
        .sample_id_all(true)
        .enabled(true)
        .build()
}

fn is_gone(error: &io::Error) -> bool {
    error.raw_os_error() == Some(Errno::SRCH.raw_os_error())
}

fn page_size() -> usize {
    rustix::param::page_size()
}
