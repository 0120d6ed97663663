//! Who started a process, and what that means for starting it again: a worker is its parent's to start, a part of a larger
//! job is missed by the others, a supervisor starts its own copy.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::Path;

use crate::data::run::FullEnvironment;
use crate::data::{Pid, Text};
use crate::linux::proc::proc_dir::{FileReader, ProcDir};
use crate::linux::proc::process::arguments;
use crate::linux::proc::stat::Stat;
use crate::linux::unanswered::unanswered_strings;
use crate::probe::restart::program;
use crate::probe::restart::source::{BLOCK_LIMIT, LIMIT, ProcessSource, RestartError};

/// More ancestors than any process has.
const MOST_ANCESTORS: usize = 64;
/// Programs that start one process for each part of a job and wait for all of them.
const LAUNCHERS: &[&str] = &[
    "mpirun",
    "mpiexec",
    "mpiexec.hydra",
    "orterun",
    "orted",
    "prterun",
    "prted",
    "prte",
    "hydra_pmi_proxy",
    "horovodrun",
    "torchrun",
    "srun",
    "slurmstepd",
];
/// Variables that such programs set to how many parts there are.
const SIZES: &[&str] =
    &["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MV2_COMM_WORLD_SIZE", "HOROVOD_SIZE", "WORLD_SIZE", "SLURM_STEP_NUM_TASKS"];
/// Shells keep PWD right for what they start.
const SHELLS: &[&str] = &["bash", "sh", "dash", "zsh", "ksh", "fish", "tcsh", "csh", "ash", "busybox", "mksh", "nu"];

/// What follows from who started it.
#[derive(Debug, Default)]
pub(crate) struct Relations {
    pub(crate) lost: Vec<Text>,
    pub(crate) doubts: Vec<Text>,
    /// Whether its PWD may be its parent's, handed down without care.
    pub(crate) pwd_is_hearsay: bool,
}

struct Relative {
    pid: Pid,
    parent: Pid,
    comm: Text,
    words: Vec<OsString>,
    exe: Vec<u8>,
}

/// tftop would end with what it runs below.
pub(crate) fn refuse_own(subject: &mut ProcessSource<'_>) -> Result<(), RestartError> {
    let (own, pid) = (Pid(std::process::id()), subject.pid);
    if subject.folder.link("exe").ok()
        == std::fs::read_link("/proc/self/exe").ok().map(|path| path.into_os_string().into_vec())
    {
        return Err(RestartError::Impossible(format!(
            "process {pid} is tftop itself: name the process that it watches or runs"
        )));
    }
    let mut at = own;
    for _ in 0..MOST_ANCESTORS {
        let Some(relative) = relative(subject.proc_root, at) else { return Ok(()) };
        if relative.parent == pid {
            return Err(RestartError::Impossible(format!("tftop runs below process {pid} and would end with it")));
        }
        at = relative.parent;
    }
    Ok(())
}

pub(crate) fn of(
    subject: &mut ProcessSource<'_>,
    stat: &Stat<'_>,
    words: &[OsString],
    environment: &FullEnvironment,
) -> Result<Relations, RestartError> {
    let mut relations = Relations::default();
    let parent = relative(subject.proc_root, Pid(stat.parent)).filter(|parent| parent.pid != Pid(1));
    if let Some(parent) = &parent {
        refuse_worker(subject.pid, words, parent)?;
        relations.parent(parent);
        let pwd = |whole: &FullEnvironment| whole.get("PWD").map(ToOwned::to_owned);
        relations.pwd_is_hearsay = !is_one_of(&parent.comm, SHELLS)
            && environment_of(subject.proc_root, parent.pid).is_none_or(|theirs| pwd(&theirs) == pwd(environment));
    } else if program::is_worker(words) {
        return Err(RestartError::Impossible(format!(
            "process {} is a worker that a Python program started for itself: rerun that program",
            subject.pid
        )));
    }
    relations.job(subject.proc_root, parent, environment);
    relations.supervisor(subject, stat);
    Ok(relations)
}

/// Forked workers have their parent's words, spawned ones words that Python gave them.
fn refuse_worker(pid: Pid, words: &[OsString], parent: &Relative) -> Result<(), RestartError> {
    let of_python = program::is_python(&parent.words, Path::new(&OsString::from_vec(parent.exe.clone())));
    if program::is_worker(words) || (of_python && words == parent.words) {
        return Err(RestartError::Impossible(format!(
            "process {pid} is a worker of process {}: rerun that one, it starts its workers itself",
            parent.pid
        )));
    }
    Ok(())
}

impl Relations {
    fn parent(&mut self, parent: &Relative) {
        let (pid, comm) = (parent.pid, &parent.comm);
        if program::is_python(&parent.words, Path::new(&OsString::from_vec(parent.exe.clone()))) {
            self.doubts.push(Text::from(format!(
                "its parent, process {pid}, is a Python program that sees it end and does not know the new run: rerun that \
                 one, if it can be"
            )));
        } else if is_one_of(comm, SHELLS) && parent.words.len() > 1 {
            self.lost.push(Text::from(format!(
                "its parent {comm} (process {pid}) runs a script: it goes on with the next command when this one has stopped"
            )));
        } else if !is_one_of(comm, SHELLS) {
            self.lost
                .push(Text::from(format!("its parent {comm} (process {pid}) sees it end; the new run is tftop's")));
        }
    }

    fn job(&mut self, proc_root: &Path, parent: Option<Relative>, environment: &FullEnvironment) {
        let number = |name: &&&str| environment.get(name)?.to_str()?.parse::<u64>().ok();
        let size = SIZES.iter().find_map(|name| number(&name).filter(|parts| *parts > 1).map(|parts| (*name, parts)));
        let mut at = parent;
        let mut launcher = None;
        for _ in 0..MOST_ANCESTORS {
            let Some(relative) = at else { break };
            if is_one_of(&relative.comm, LAUNCHERS) {
                launcher = Some((relative.comm.clone(), relative.pid));
                break;
            }
            at = Some(relative.parent)
                .filter(|parent| parent.0 > 1)
                .and_then(|parent| self::relative(proc_root, parent));
        }
        // A batch job of one task runs below slurmstepd, too: nobody waits for it but the job itself.
        let alone = |comm: &str| comm == "slurmstepd" && size.is_none();
        match (launcher, size) {
            (Some((comm, pid)), None) if alone(&comm) => self.lost.push(Text::from(format!(
                "Slurm's step (process {pid}) accounts for it and may end the job when it stops: the new run is tftop's"
            ))),
            (Some((comm, pid)), size) => {
                let parts = size.map_or_else(String::new, |(name, parts)| format!(" of {parts} parts ({name})"));
                self.doubts.push(Text::from(format!(
                    "it is part of a larger job{parts}, started by {comm} (process {pid}): the others wait for it or end \
                     with it; start the whole job anew"
                )));
            }
            (None, Some((name, parts))) => self.doubts.push(Text::from(format!(
                "it is one of {parts} parts of a job ({name} of its environment): the others wait for it or end with it; \
                 start the whole job anew"
            ))),
            (None, None) => {}
        }
    }

    /// systemd starts a service again when its main process stops (systemd.service(5), Restart=).
    fn supervisor(&mut self, subject: &mut ProcessSource<'_>, stat: &Stat<'_>) {
        let Ok(cgroup) = subject.read("cgroup", LIMIT) else { return };
        let path = String::from_utf8_lossy(&cgroup).into_owned();
        let unit = path.lines().filter_map(|line| line.rsplit('/').next()).find(|name| name.ends_with(".service"));
        let is_user_manager = |unit: &str| unit.starts_with("user@");
        if let Some(unit) = unit.filter(|unit| stat.parent <= 1 && !is_user_manager(unit)) {
            self.doubts.push(Text::from(format!(
                "systemd runs it as {unit} and may start it again by itself: `systemctl stop {unit}` first"
            )));
        }
    }
}

fn is_one_of(comm: &str, names: &[&str]) -> bool {
    // Kernel names are cut after 15 characters.
    let comm = comm.trim_start_matches('-');
    names.iter().any(|name| comm == *name || (comm.len() == 15 && name.starts_with(comm)))
}

fn relative(proc_root: &Path, pid: Pid) -> Option<Relative> {
    let folder = ProcDir::open(&proc_root.join(pid.to_string())).ok()?;
    let mut reader = FileReader::default();
    let line = reader.read(&folder, "stat", LIMIT).ok()?.to_vec();
    let stat = Stat::parse(&line)?;
    let unanswered = unanswered_strings(&folder, &mut reader).is_some();
    let cmdline = if unanswered { &[] } else { reader.read(&folder, "cmdline", LIMIT).unwrap_or_default() };
    let words = arguments(cmdline).map(|word| OsString::from_vec(word.to_vec())).collect();
    let exe = folder.link("exe").unwrap_or_default();
    Some(Relative { pid, parent: Pid(stat.parent), comm: Text::from_bytes(stat.comm), words, exe })
}

fn environment_of(proc_root: &Path, pid: Pid) -> Option<FullEnvironment> {
    let folder = ProcDir::open(&proc_root.join(pid.to_string())).ok()?;
    let mut reader = FileReader::default();
    if unanswered_strings(&folder, &mut reader).is_some() {
        return None;
    }
    reader.read(&folder, "environ", BLOCK_LIMIT).ok().map(FullEnvironment::from_block)
}
