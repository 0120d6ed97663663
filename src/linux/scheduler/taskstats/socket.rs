//! The socket on which the kernel hands out a record of every task of the machine that ends: asked for, then read without waiting.
//! Closing it ends the records. Whoever else may send to it (netlink(7)) has CAP_NET_ADMIN.
//!
//! Costs, at 1,000 exits a second on 2 CPUs: the tasks that end no time that could be told from noise, the reader about 1 ms a
//! second, nothing while nobody ends. So it is open for as long as a target is watched: opened only once threads were missing, it
//! would lack just the first of them.

use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::io::Errno;
use rustix::net::netlink::{GENERIC, SocketAddrNetlink};
use rustix::net::sockopt::{set_socket_recv_buffer_size, set_socket_recv_buffer_size_force};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, bind, getsockname, recv, send, socket_with,
};
use rustix::thread::gettid;

use crate::data::{Pid, Tid};
use crate::linux::proc::proc_dir::{FileReader, ProcDir};
use crate::linux::proc::stat::{number, words};
use crate::linux::scheduler::numbers::number_u16;
use crate::linux::scheduler::taskstats::netlink::{Message, messages, request};
use crate::linux::scheduler::taskstats::record::{ExitRecord, OLDEST_VERSION, RecordLayout, of_task, version};

/// GENL_ID_CTRL, CTRL_CMD_GETFAMILY, and the attributes with a family's name and number.
const CONTROLLER: u16 = 16;
const GET_FAMILY: u8 = 3;
const FAMILY_NAME: u16 = 2;
const FAMILY_NUMBER: u16 = 1;
/// TASKSTATS_CMD_GET with TASKSTATS_CMD_ATTR_PID, and with TASKSTATS_CMD_ATTR_REGISTER_CPUMASK.
const GET: u8 = 1;
const OF_TASK: u16 = 1;
const ON_CPUS: u16 = 3;

/// A record with what is around it takes about 2 kB of the buffer: room for about 7,000 (the kernel doubles what is asked for).
const BUFFER: usize = 8 << 20;
/// Longer than any message so far, which are 600 bytes, 1,200 for the last thread of a process.
const LONGEST_MESSAGE: usize = 8 << 10;
/// Messages that may come before the answer to a request: records are handed out on the same socket.
const MOST_BEFORE_ANSWER: usize = 10_000;
/// Limit for the list of CPUs.
const LIST_LIMIT: usize = 16 << 10;
/// Limit for the list of netlink sockets.
const TABLE_LIMIT: usize = 4 << 20;

/// The records, as they come.
#[derive(Debug)]
pub struct ExitRecordSocket {
    socket: OwnedFd,
    family: u16,
    layout: RecordLayout,
    buffer: Vec<u8>,
    /// Its port, as /proc/net/netlink names it, and how many messages were dropped there when that was last read.
    port: u32,
    dropped: u64,
}

/// Why there are no exit records, and the one step that would help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub why: String,
    /// The step; none where no step helps.
    pub remedy: Option<String>,
}

impl Refusal {
    /// Both in one sentence.
    pub fn text(self) -> String {
        match self.remedy {
            Some(remedy) => format!("{}; {remedy}", self.why),
            None => self.why,
        }
    }
}

/// What comes next on the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// A task ended.
    Record(ExitRecord),
    /// Something else came.
    Other,
    /// The buffer was full since it was last empty: records are lost, [`ExitRecordSocket::newly_lost`] says how many.
    Lost,
    /// Nothing more for now.
    Nothing,
}

impl ExitRecordSocket {
    /// Asks for the records of all CPUs. They are handed out to CAP_NET_ADMIN only, in the machine's first network and pid
    /// namespaces.
    ///
    /// # Errors
    /// Why there are none.
    pub fn open() -> Result<Self, Refusal> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, Some(GENERIC)).map_err(no_socket)?;
        bind(&socket, &SocketAddrNetlink::new(0, 0)).map_err(no_socket)?;
        let port = getsockname(&socket).and_then(SocketAddrNetlink::try_from).map_or(0, |address| address.pid());
        let (layout, buffer) = (RecordLayout::USUAL, vec![0; LONGEST_MESSAGE]);
        let mut this = Self { socket, family: 0, layout, buffer, port, dropped: 0 };
        this.family = this.find_family().map_err(no_family)?;
        this.layout = this.find_layout()?;
        // Beyond the limit for everybody with CAP_NET_ADMIN, which whoever came so far has.
        if set_socket_recv_buffer_size_force(&this.socket, BUFFER).is_err() {
            set_socket_recv_buffer_size(&this.socket, BUFFER).map_err(not_handed_out)?;
        }
        let mut cpus = possible_cpus().ok_or_else(|| no_step("the machine's CPUs are listed nowhere in /sys"))?;
        cpus.push(0);
        this.ask(this.family, GET, &[(ON_CPUS, &cpus)], |_| None::<()>).map_err(not_handed_out)?;
        match this.has_record_of_a_thread() {
            true => Ok(this),
            false => Err(no_record()),
        }
    }

    /// What comes next. Never waits.
    pub fn next(&mut self) -> Received {
        loop {
            let received = match recv(&self.socket, &mut self.buffer[..], RecvFlags::DONTWAIT) {
                Ok((read, _)) => read,
                Err(Errno::INTR) => continue,
                Err(Errno::NOBUFS) => return Received::Lost,
                Err(_) => return Received::Nothing,
            };
            let message = messages(self.buffer.get(..received).unwrap_or_default()).next();
            let record = message.filter(|message| message.kind == self.family).as_ref().and_then(of_task);
            return record.and_then(|record| self.layout.read(record)).map_or(Received::Other, Received::Record);
        }
    }

    /// How many records were lost since this was last asked; at least 1, for it is asked when some were.
    pub fn newly_lost(&mut self) -> u64 {
        let table = ProcDir::open(Path::new("/proc/thread-self/net"))
            .ok()
            .and_then(|folder| FileReader::default().read(&folder, "netlink", TABLE_LIMIT).map(<[u8]>::to_vec).ok());
        let dropped = table.and_then(|table| dropped(&table, self.port)).unwrap_or(0);
        let lost = dropped.saturating_sub(self.dropped).max(1);
        self.dropped = self.dropped.max(dropped);
        lost
    }

    /// Whether the record of a thread that just ended is there: in another network namespace the kernel takes the request, and sends
    /// the records to the first one. It sends a thread's before whoever waits for its end goes on (`do_exit`, kernel/exit.c).
    fn has_record_of_a_thread(&mut self) -> bool {
        let Ok(Ok(ended)) = std::thread::Builder::new().spawn(own_tid).map(std::thread::JoinHandle::join) else {
            return false;
        };
        for _ in 0..MOST_BEFORE_ANSWER {
            match self.next() {
                Received::Record(record) if record.tid == ended => return true,
                Received::Record(_) | Received::Other => {}
                Received::Lost | Received::Nothing => return false,
            }
        }
        false
    }

    fn find_family(&mut self) -> Result<u16, Errno> {
        let number = |message: &Message<'_>| {
            let mut attributes = message.attributes();
            attributes.find(|(number, _)| *number == FAMILY_NUMBER).and_then(|(_, bytes)| number_u16(bytes, 0))
        };
        let found = self.ask(CONTROLLER, GET_FAMILY, &[(FAMILY_NAME, b"TASKSTATS\0")], number)?;
        found.ok_or(Errno::NOENT)
    }

    /// Asks for this thread's own record and finds its numbers in it: whatever the version says, they stand where they stand.
    fn find_layout(&mut self) -> Result<RecordLayout, Refusal> {
        let (process, tid) = (Pid(std::process::id()), own_tid());
        let known = |message: &Message<'_>| {
            let record = of_task(message)?;
            let layout = RecordLayout::of(record, tid, process);
            Some((version(record)?, layout, layout.and_then(|layout| layout.read(record))))
        };
        let found = self.ask(self.family, GET, &[(OF_TASK, &tid.0.to_ne_bytes())], known).map_err(not_handed_out)?;
        match found {
            Some((version, ..)) if version < OLDEST_VERSION => Err(no_step(format!(
                "this kernel's exit records (version {version}) do not say which process a thread was of; Linux 5.19 and later do"
            ))),
            Some((_, Some(_), Some(record))) if record.counters.slices == 0 => {
                Err(no_step("this kernel's exit records have no run-queue waits (CONFIG_TASK_DELAY_ACCT)"))
            }
            Some((_, Some(layout), _)) => Ok(layout),
            Some((version, ..)) => {
                Err(no_step(format!("tftop does not know this kernel's exit records (version {version})")))
            }
            None => Err(no_step("the kernel gives no record of a task when it is asked for one")),
        }
    }

    /// Puts a request and reads until it is acknowledged; what the answer to it says, where there is one beside that. The kernel
    /// answers before the request's system call is over: nothing is waited for.
    fn ask<T>(
        &mut self,
        family: u16,
        command: u8,
        attributes: &[(u16, &[u8])],
        understood: impl Fn(&Message<'_>) -> Option<T>,
    ) -> Result<Option<T>, Errno> {
        let sequence = u32::from(family).wrapping_mul(31).wrapping_add(u32::from(command)).wrapping_add(1 << 20);
        send(&self.socket, &request(family, command, sequence, attributes), SendFlags::empty())?;
        let mut answer = None;
        for _ in 0..MOST_BEFORE_ANSWER {
            let received = match recv(&self.socket, &mut self.buffer[..], RecvFlags::DONTWAIT) {
                Ok((read, _)) => read,
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error),
            };
            for message in messages(self.buffer.get(..received).unwrap_or_default()) {
                match message.error().filter(|_| message.sequence == sequence) {
                    Some(0) => return Ok(answer),
                    Some(error) => return Err(Errno::from_raw_os_error(error)),
                    None if message.kind == family && message.sequence == sequence => answer = understood(&message),
                    None => {}
                }
            }
        }
        Err(Errno::TIMEDOUT)
    }
}

fn own_tid() -> Tid {
    Tid(gettid().as_raw_nonzero().get().unsigned_abs())
}

/// The CPUs that the machine may ever have, as the kernel lists them: it takes no others.
fn possible_cpus() -> Option<Vec<u8>> {
    let folder = ProcDir::open(Path::new("/sys/devices/system/cpu")).ok()?;
    let list = FileReader::default().read(&folder, "possible", LIST_LIMIT).ok()?.trim_ascii().to_vec();
    (!list.is_empty()).then_some(list)
}

/// Messages for a port of generic netlink that found no room, as /proc/net/netlink counts them (net/netlink/af_netlink.c): the third
/// field is the port, the ninth the number.
fn dropped(table: &[u8], port: u32) -> Option<u64> {
    let protocol = u64::from(GENERIC.as_raw().get());
    table.split(|&byte| byte == b'\n').find_map(|line| {
        let mut fields = words(line).skip(1).map(number);
        let of_port = fields.next()? == Some(protocol) && fields.next()? == Some(u64::from(port));
        of_port.then(|| fields.nth(5)).flatten().flatten()
    })
}

fn no_step(why: impl Into<String>) -> Refusal {
    Refusal { why: why.into(), remedy: None }
}

fn no_socket(error: Errno) -> Refusal {
    match error {
        Errno::PERM | Errno::ACCESS => no_step("system calls are filtered here: no netlink socket may be opened"),
        _ => no_step(format!("this kernel has no generic netlink: {error}")),
    }
}

fn no_family(error: Errno) -> Refusal {
    match error {
        Errno::NOENT => no_step("this kernel keeps no exit records (CONFIG_TASKSTATS)"),
        _ => not_handed_out(error),
    }
}

fn no_record() -> Refusal {
    Refusal {
        why: "exit records are handed out in the machine's first network namespace only".to_owned(),
        remedy: Some("run tftop on the host, or its container with --network host".to_owned()),
    }
}

fn not_handed_out(error: Errno) -> Refusal {
    match error {
        Errno::PERM | Errno::ACCESS => Refusal {
            why: "exit records are for root or CAP_NET_ADMIN".to_owned(),
            remedy: Some("run tftop with sudo, or once: sudo setcap cap_net_admin+ep $(command -v tftop)".to_owned()),
        },
        Errno::INVAL => Refusal {
            why: "exit records are handed out in the machine's first pid and user namespaces only".to_owned(),
            remedy: Some("run tftop on the host, or its container with --pid host".to_owned()),
        },
        _ => no_step(format!("the kernel hands out no exit records: {error}")),
    }
}

#[cfg(test)]
#[path = "socket_tests.rs"]
mod tests;
