//! What tftop may read of a process here; where it may not, why, and the one step that helps. Tries by opening for
//! reading; changes no setting.

use std::path::Path;

use rustix::io::Errno;

use crate::data::Pid;
use crate::data::sample::{AccountingSource, Counters};
use crate::linux::memory::LiveMemory;
use crate::linux::proc::proc_dir::{FileReader, ProcDir};
use crate::linux::proc::process_clock::ProcessClock;
use crate::linux::proc::stat::{number, status_mask, user_ids};
use crate::linux::scheduler::taskstats::socket::ExitRecordSocket;

/// CAP_SYS_PTRACE in capability masks (linux/capability.h).
const SYS_PTRACE: u64 = 1 << 19;
/// CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH: either lets root read other users' files.
const DAC: u64 = 1 << 1 | 1 << 2;
/// CAP_SETGID and CAP_SETUID: both let root open files as another user.
const SETGID: u64 = 1 << 6;
const SETUID: u64 = 1 << 7;
/// CAP_SYS_ADMIN in capability masks.
const SYS_ADMIN: u64 = 1 << 21;
/// Limit for status and the other short files read here.
const LIMIT: usize = 64 << 10;

/// One kind of fact and whether it can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadAccess {
    /// What: "thread counters (schedstat)".
    pub what: &'static str,
    /// Whether it can be read.
    pub ok: bool,
    /// What was found; why not, when not.
    pub why: String,
    /// The step that helps, where one does.
    pub remedy: Option<String>,
}

/// Who a process is to the kernel's access check (ptrace(2), "Ptrace access mode checking").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Credentials {
    /// Real, effective and saved user id.
    uids: [u32; 3],
    effective_caps: u64,
    permitted_caps: u64,
}

/// Everything the verdict on memory depends on.
#[derive(Clone, Copy, Debug)]
struct Situation {
    ours: Credentials,
    target: Credentials,
    /// kernel.yama.ptrace_scope; 0 where there is no Yama.
    yama_scope: u64,
    /// Whether tftop runs in a container.
    container: bool,
    /// False after a change of user or prctl(PR_SET_DUMPABLE): the process's files then belong to root.
    dumpable: bool,
}

/// A reason and the one step that helps.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Refusal {
    why: String,
    remedy: Option<String>,
}

impl Refusal {
    fn new(why: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { why: why.into(), remedy: Some(remedy.into()) }
    }
}

/// Why the memory of a process may not be read, with the one step that helps; none when it may be.
pub fn memory_refusal(proc_root: &Path, pid: Pid) -> Option<String> {
    let refusal = memory(proc_root, pid)?;
    Some(match refusal.remedy {
        Some(remedy) => format!("{}; {remedy}", refusal.why),
        None => refusal.why,
    })
}

/// Why the files of a process can't be opened, as far as that depends on tftop's rights; none where they can.
pub fn files_refusal(proc_root: &Path, pid: Pid) -> Option<String> {
    Situation::read(proc_root, pid).files_refusal().map(|refusal| refusal.why)
}

/// Why kernel stacks of a process may not be read, with the one step that helps.
pub fn stack_refusal(proc_root: &Path, pid: Pid) -> String {
    let refusal = kernel_stacks(proc_root, pid, &Situation::read(proc_root, pid));
    refusal.remedy.map_or(refusal.why.clone(), |remedy| format!("{}; {remedy}", refusal.why))
}

/// Everything `tftop doctor` says, for one process, or for tftop itself where none is given.
pub fn describe(proc_root: &Path, pid: Option<Pid>) -> Vec<ReadAccess> {
    let pid = pid.unwrap_or(Pid(std::process::id()));
    let situation = Situation::read(proc_root, pid);
    let mut all = vec![
        schedstat(proc_root, pid),
        process_clock(pid),
        exit_records(),
        cgroups(proc_root, pid),
        memory_access(proc_root, pid),
    ];
    all.push(files(&situation));
    all.extend([kernel_stacks(proc_root, pid, &situation), yama(proc_root), same_user(&situation)]);
    all.extend([capability(&situation), container(&situation)]);
    all
}

fn memory(proc_root: &Path, pid: Pid) -> Option<Refusal> {
    let error = LiveMemory::open(proc_root, pid).err()?;
    match error.kind() {
        std::io::ErrorKind::PermissionDenied => Some(Situation::read(proc_root, pid).refusal()),
        std::io::ErrorKind::NotFound => Some(Refusal { why: "the process is gone".to_owned(), remedy: None }),
        _ => Some(Refusal { why: format!("its memory can't be opened: {error}"), remedy: None }),
    }
}

impl Credentials {
    fn from_status(status: &[u8]) -> Option<Self> {
        let (effective_caps, permitted_caps) = (status_mask(status, "CapEff")?, status_mask(status, "CapPrm")?);
        Some(Self { uids: user_ids(status)?, effective_caps, permitted_caps })
    }

    fn of(folder: &ProcDir) -> Option<Self> {
        Self::from_status(FileReader::default().read(folder, "status", LIMIT).ok()?)
    }

    fn may(&self, capability: u64) -> bool {
        self.effective_caps & capability != 0
    }
}

impl Situation {
    fn read(proc_root: &Path, pid: Pid) -> Self {
        // The kernel checks the thread that reads.
        let own = ProcDir::open(&proc_root.join("thread-self"));
        let target = ProcDir::open(&proc_root.join(pid.to_string()));
        let credentials = |folder: &std::io::Result<ProcDir>| folder.as_ref().ok().and_then(Credentials::of);
        let of_target = credentials(&target).unwrap_or_default();
        let owner = target.as_ref().ok().and_then(|folder| folder.owner("mem").ok());
        Self {
            ours: credentials(&own).unwrap_or_default(),
            target: of_target,
            yama_scope: yama_scope(proc_root).unwrap_or(0),
            container: in_container(own.as_ref().ok()),
            dumpable: owner.is_none_or(|owner| owner == of_target.uids[1]),
        }
    }

    /// Root opens a target's files as the target's user, so that no link leads it to what that user could not read.
    fn files_refusal(&self) -> Option<Refusal> {
        let as_another = self.ours.uids[1] == 0 && self.target.uids[1] != 0;
        let both = self.ours.may(SETUID) && self.ours.may(SETGID);
        (as_another && !both).then(|| {
            let why = "tftop opens them as the target's user, and is root without CAP_SETUID and CAP_SETGID";
            match self.container {
                true => Refusal::new(why, "start tftop's container with --cap-add SETUID --cap-add SETGID"),
                false => Refusal::new(why, "give it both, as in CapabilityBoundingSet= of its systemd unit"),
            }
        })
    }

    /// Why reading memory was refused: the kernel checks the user first, then what the target may do, then Yama.
    fn refusal(&self) -> Refusal {
        let container_step = "start tftop's container with --cap-add SYS_PTRACE";
        let root_step = if self.container { container_step } else { "run tftop with sudo" };
        let uid = self.target.uids[1];
        let foreign = self.target.uids.iter().any(|&uid| uid != self.ours.uids[1]);
        if foreign && self.ours.may(SYS_PTRACE) && !self.ours.may(DAC) {
            let why = "tftop may not open files of other users: it is without CAP_DAC_READ_SEARCH";
            let step =
                if self.container { "start tftop's container with --cap-add DAC_READ_SEARCH" } else { root_step };
            return Refusal::new(why, step);
        }
        if self.ours.may(SYS_PTRACE) {
            let why = "a security module or another user namespace forbids it although tftop has CAP_SYS_PTRACE";
            return Refusal::new(why, "run tftop on the host");
        }
        if foreign && self.ours.uids[1] == 0 {
            return Refusal::new("tftop is root but without CAP_SYS_PTRACE", container_step);
        }
        if foreign {
            let why = format!("the process belongs to another user (uid {uid})");
            return match (uid, self.container) {
                (0, false) => Refusal::new(why, root_step),
                (_, true) => Refusal::new(why, format!("run tftop as the same user (uid {uid})")),
                (_, false) => Refusal::new(why, format!("run tftop as the same user: sudo -u '#{uid}' tftop …")),
            };
        }
        if !self.dumpable || self.target.permitted_caps & !self.ours.permitted_caps != 0 {
            return Refusal::new("the process has privileges that tftop lacks, or forbids access", root_step);
        }
        match (self.yama_scope, self.container) {
            (0, _) => Refusal::new("a security module forbids it", root_step),
            (_, true) => Refusal::new("Yama forbids it (kernel.yama.ptrace_scope)", container_step),
            (1, false) => {
                Refusal::new("Yama allows only parent processes to read it (kernel.yama.ptrace_scope = 1)", root_step)
            }
            (2, false) => Refusal::new(
                "Yama allows only CAP_SYS_PTRACE (kernel.yama.ptrace_scope = 2)",
                "run once: sudo setcap cap_sys_ptrace+ep $(command -v tftop)",
            ),
            (scope, false) => Refusal::new(
                format!("Yama forbids it to everybody (kernel.yama.ptrace_scope = {scope})"),
                "boot with a lower kernel.yama.ptrace_scope: it can't be lowered while the machine runs",
            ),
        }
    }
}

fn yama_scope(proc_root: &Path) -> Option<u64> {
    let folder = ProcDir::open(&proc_root.join("sys/kernel/yama")).ok()?;
    number(FileReader::default().read(&folder, "ptrace_scope", LIMIT).ok()?.trim_ascii())
}

/// Docker and podman leave a marker file; Kubernetes mounts its secrets; a cgroup namespace of its own is the rest.
fn in_container(own: Option<&ProcDir>) -> bool {
    let marker = ["/.dockerenv", "/run/.containerenv", "/var/run/secrets/kubernetes.io"];
    marker.iter().any(|path| Path::new(path).exists())
        || own.and_then(|own| own.link("ns/cgroup").ok()).is_some_and(|link| link != b"cgroup:[4026531835]")
}

fn schedstat(proc_root: &Path, pid: Pid) -> ReadAccess {
    let what = "thread counters (schedstat)";
    let read = ProcDir::open(&proc_root.join(pid.to_string())).map_err(|error| error.to_string()).and_then(|folder| {
        FileReader::default().read(&folder, "schedstat", LIMIT).map(<[u8]>::to_vec).map_err(explain)
    });
    match read {
        Ok(line)
            if crate::linux::proc::stat::counters(&line).is_some_and(|counters| counters != Counters::default()) =>
        {
            ReadAccess { what, ok: true, why: "run and wait times are exact".to_owned(), remedy: None }
        }
        Ok(_) => ReadAccess {
            what,
            ok: false,
            why: "this kernel counts nothing there; got comes from clock ticks and wanted is estimated".to_owned(),
            remedy: Some("use a kernel built with CONFIG_SCHED_INFO".to_owned()),
        },
        Err(why) => ReadAccess { what, ok: false, why, remedy: None },
    }
}

/// Sources of what threads did that live and die between two looks.
fn process_clock(pid: Pid) -> ReadAccess {
    let what = "thread accounting by process-clock";
    let gives = AccountingSource::ProcessClock.gives();
    match ProcessClock::of(pid).and_then(|clock| clock.now_ns()) {
        Some(_) => ReadAccess { what, ok: true, why: gives.to_owned(), remedy: None },
        None => {
            ReadAccess { what, ok: false, why: format!("system calls are filtered; missing is {gives}"), remedy: None }
        }
    }
}

fn exit_records() -> ReadAccess {
    let what = "thread accounting by exit-records";
    let gives = AccountingSource::ExitRecords.gives();
    match ExitRecordSocket::open() {
        Ok(_) => ReadAccess { what, ok: true, why: gives.to_owned(), remedy: None },
        Err(refusal) => {
            ReadAccess { what, ok: false, why: format!("{}; missing is {gives}", refusal.why), remedy: refusal.remedy }
        }
    }
}

fn explain(error: Errno) -> String {
    match error {
        Errno::NOENT => "this kernel has no such file (CONFIG_SCHED_INFO is off)".to_owned(),
        error => error.to_string(),
    }
}

fn cgroups(proc_root: &Path, pid: Pid) -> ReadAccess {
    let mut reader = FileReader::default();
    let what = "CPU quotas (cgroups)";
    let mounts = crate::linux::cgroup::read::Mounts::read(proc_root, Path::new("/sys/fs/cgroup"), &mut reader);
    let gap = match ProcDir::open(&proc_root.join(pid.to_string())) {
        Ok(process) if mounts.any() => mounts.limits(&process, &mut reader).gaps.into_iter().next(),
        Ok(_) => Some(crate::data::Gap::new(what, "no cgroup hierarchy with CPU limits is mounted here")),
        Err(error) => Some(crate::data::Gap::new(what, error.to_string())),
    };
    match gap {
        None => ReadAccess { what, ok: true, why: "every ancestor is visible".to_owned(), remedy: None },
        Some(gap) => ReadAccess { what, ok: false, why: gap.why, remedy: None },
    }
}

fn memory_access(proc_root: &Path, pid: Pid) -> ReadAccess {
    let what = "names and start routines (memory)";
    match memory(proc_root, pid) {
        None => ReadAccess { what, ok: true, why: "the target's memory can be read".to_owned(), remedy: None },
        Some(refusal) => ReadAccess { what, ok: false, why: refusal.why, remedy: refusal.remedy },
    }
}

/// Whether the target's script and libraries can be opened, which happens with its user's rights and no others.
fn files(situation: &Situation) -> ReadAccess {
    let what = "its script and libraries (files)";
    match situation.files_refusal() {
        None => {
            ReadAccess { what, ok: true, why: "they are opened with the rights of its user".to_owned(), remedy: None }
        }
        Some(Refusal { why, remedy }) => ReadAccess { what, ok: false, why, remedy },
    }
}

fn kernel_stacks(proc_root: &Path, pid: Pid, situation: &Situation) -> ReadAccess {
    let what = "kernel stacks";
    let folder = ProcDir::open(&proc_root.join(pid.to_string()));
    let read = folder.is_ok_and(|folder| FileReader::default().read(&folder, "stack", LIMIT).is_ok());
    let why = match (read, situation.ours.may(SYS_ADMIN)) {
        (true, _) => "can be read",
        (false, true) => "this kernel does not show them, or a security module forbids it",
        (false, false) => "they need CAP_SYS_ADMIN; only the wait channel is shown",
    };
    let remedy =
        (!read && !situation.ours.may(SYS_ADMIN) && !situation.container).then(|| "run tftop with sudo".into());
    ReadAccess { what, ok: read, why: why.to_owned(), remedy }
}

fn yama(proc_root: &Path) -> ReadAccess {
    let why = match yama_scope(proc_root) {
        None => "this kernel has no Yama".to_owned(),
        Some(0) => "kernel.yama.ptrace_scope is 0: your own processes may be read".to_owned(),
        Some(scope) => format!("kernel.yama.ptrace_scope is {scope}: your own processes may not be read"),
    };
    ReadAccess { what: "Yama", ok: yama_scope(proc_root).unwrap_or(0) == 0, why, remedy: None }
}

fn same_user(situation: &Situation) -> ReadAccess {
    let (ours, target) = (situation.ours.uids[1], situation.target.uids[1]);
    let ok = ours == target;
    let why = if ok { format!("both are uid {ours}") } else { format!("tftop is uid {ours}, the target uid {target}") };
    ReadAccess { what: "same user", ok, why, remedy: None }
}

fn capability(situation: &Situation) -> ReadAccess {
    let ok = situation.ours.may(SYS_PTRACE);
    let why = if ok { "tftop has it" } else { "tftop lacks it; it is needed only for processes that are not yours" };
    ReadAccess { what: "CAP_SYS_PTRACE", ok, why: why.to_owned(), remedy: None }
}

fn container(situation: &Situation) -> ReadAccess {
    let why = match situation.container {
        true => "tftop runs in a container and sees its processes only, unless it shares the host's",
        false => "tftop runs on the host",
    };
    ReadAccess { what: "container", ok: !situation.container, why: why.to_owned(), remedy: None }
}

#[cfg(test)]
#[path = "access_tests.rs"]
mod tests;
