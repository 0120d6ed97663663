//! Threads that ended, by the kernel's exit records: takes them in at each look and says why there are none. Knows no process: its
//! caller says whose a record is.

use crate::data::Pid;
use crate::data::sample::{AccountingSource, MissingSource, ThreadAccounting};
use crate::linux::budget::Look;
use crate::linux::scheduler::taskstats::record::ExitRecord;
use crate::linux::scheduler::taskstats::socket::{ExitRecordSocket, Received, Refusal};

/// How often it is asked whether a look may go on: once in so many records, each of which takes about a microsecond.
const BETWEEN_CLOCKS: u32 = 256;

/// Reads exit records of the whole machine, as far as tftop may.
#[derive(Debug)]
pub struct ExitRecordReader {
    socket: Option<ExitRecordSocket>,
    accounting: ThreadAccounting,
}

impl ExitRecordReader {
    /// Asks the kernel for them. `own_numbers` says whether the processes that are read are numbered as system calls number them.
    pub fn open(own_numbers: bool) -> Self {
        let opened = match own_numbers {
            true => ExitRecordSocket::open().map_err(Refusal::text),
            false => Err("the processes are those of another /proc".to_owned()),
        };
        match opened {
            Ok(socket) => {
                let accounting =
                    ThreadAccounting { source: AccountingSource::ExitRecords, ..ThreadAccounting::default() };
                Self { socket: Some(socket), accounting }
            }
            Err(why) => Self::closed(why),
        }
    }

    /// None are read, for this reason.
    pub fn closed(why: impl Into<String>) -> Self {
        let missing = vec![MissingSource { source: AccountingSource::ExitRecords, why: why.into() }];
        Self { socket: None, accounting: ThreadAccounting { missing, ..ThreadAccounting::default() } }
    }

    /// Takes in what came since the last look, as far as this look goes; what is left over the next one takes.
    pub fn read(&mut self, look: &Look, mut ended: impl FnMut(Pid, &ExitRecord)) {
        let Some(socket) = &mut self.socket else { return };
        let mut until_clock = BETWEEN_CLOCKS;
        loop {
            match socket.next() {
                Received::Record(record) => ended(record.process, &record),
                Received::Other => {}
                Received::Lost => {
                    self.accounting.lost_records = self.accounting.lost_records.saturating_add(socket.newly_lost());
                }
                Received::Nothing => return,
            }
            until_clock -= 1;
            if until_clock == 0 {
                if !look.has_half_left() {
                    return;
                }
                until_clock = BETWEEN_CLOCKS;
            }
        }
    }

    /// By which sources threads are accounted for.
    pub fn accounting(&self) -> &ThreadAccounting {
        &self.accounting
    }
}
