//! Cgroups of the command's own, for its CPUs and for its CPU time: planned as steps that a person could type, taken before
//! the command starts, and undone after its last process has ended. Cgroups of others are left as they are, but for
//! controllers that have to be enabled for a cgroup's children (version 2).

pub(crate) mod homes;
pub(crate) mod plan;
pub(crate) mod v1;
pub(crate) mod v2;

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{fmt, fs, io};

use crate::linux::cgroup::create::homes::OwnCgroups;
use crate::linux::cgroup::create::plan::{CgroupBounds, CgroupPlan, CgroupStep, MEMBERS};

/// Names of cgroups made here: this, the seconds since 1970, the pid of tftop.
const PREFIX: &str = "tftop-";
/// A cgroup of a tftop that is no longer there is removed when it is older: until then somebody may still be coming in.
const ABANDONED_S: u64 = 60;
/// How often, and how long apart, an empty cgroup is tried to be removed: the kernel may take a moment after the last end.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(10);

/// Cgroups that exist; what is left of them when this is dropped is removed as far as possible.
#[derive(Debug, Default)]
pub struct Cgroups {
    folders: Vec<PathBuf>,
}

/// The step that failed.
#[derive(Debug)]
pub struct CgroupError {
    step: CgroupStep,
    error: io::Error,
}

impl fmt::Display for CgroupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.step {
            CgroupStep::Make(folder) => write!(f, "{} can't be made: {}", folder.display(), self.error),
            CgroupStep::Write(file, text) => write!(f, "{} does not take {text:?}: {}", file.display(), self.error),
        }
    }
}

impl std::error::Error for CgroupError {}

/// A name for cgroups of this process.
pub fn name() -> String {
    format!("{PREFIX}{}-{}", now_s(), std::process::id())
}

/// Plans the bounds for cgroups of this name.
pub fn blueprint(homes: &OwnCgroups, bounds: &CgroupBounds, name: &str) -> CgroupPlan {
    let mut plan = CgroupPlan::default();
    if bounds.cpus.is_none() && bounds.quota.is_none() {
        return plan;
    }
    v1::add(homes, bounds, name, &mut plan);
    // What version 1 has, version 2 has not: a controller belongs to one hierarchy.
    let rest = CgroupBounds {
        cpus: bounds.cpus.clone().filter(|_| homes.v1_cpuset.is_none()),
        quota: bounds.quota.filter(|_| homes.v1_cpu.is_none()),
    };
    v2::add(homes, &rest, name, &mut plan);
    plan
}

impl Cgroups {
    /// Takes the steps. If one fails, those before it are undone.
    pub fn make(plan: &CgroupPlan) -> Result<Self, CgroupError> {
        let mut made = Self::default();
        for step in &plan.steps {
            let result = match step {
                CgroupStep::Make(folder) => {
                    folder.parent().into_iter().for_each(sweep);
                    fs::create_dir(folder).map(|()| made.folders.push(folder.clone()))
                }
                CgroupStep::Write(file, text) => write(file, text),
            };
            result.map_err(|error| CgroupError { step: step.clone(), error })?;
        }
        Ok(made)
    }

    /// The cgroups, for whoever is to come in.
    pub fn folders(&self) -> &[PathBuf] {
        &self.folders
    }

    /// Removes them; names those where somebody still lives, with how many. They stay: their bounds still hold.
    pub fn remove(&mut self) -> Vec<String> {
        let folders = std::mem::take(&mut self.folders);
        folders.iter().filter_map(|folder| Some(left(folder, &remove(folder).err()?))).collect()
    }
}

impl Drop for Cgroups {
    fn drop(&mut self) {
        self.remove();
    }
}

/// The step that brings whoever takes it into the cgroup.
pub fn coming_in(folder: &Path) -> CgroupStep {
    CgroupStep::Write(folder.join(MEMBERS), "0".to_owned())
}

/// Comes in, as the calling process; threads and children come along.
pub fn join(folder: &Path) -> io::Result<()> {
    write(&folder.join(MEMBERS), "0")
}

/// Never makes a file: cgroup files exist or are of no use.
fn write(file: &Path, text: &str) -> io::Result<()> {
    use io::Write as _;
    // One write: each is a request of its own.
    fs::File::options().write(true).open(file)?.write_all(text.as_bytes())
}

fn remove(folder: &Path) -> io::Result<()> {
    let mut tries = 1;
    loop {
        match fs::remove_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy && tries < TRIES => {
                tries += 1;
                std::thread::sleep(PAUSE);
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => return Ok(()),
        }
    }
}

fn left(folder: &Path, error: &io::Error) -> String {
    let members = fs::read_to_string(folder.join(MEMBERS)).unwrap_or_default();
    match members.lines().count() {
        0 => format!("{} can't be removed: {error}", folder.display()),
        1 => format!("{} stays: 1 process still lives there, within its bounds", folder.display()),
        count => format!("{} stays: {count} processes still live there, within its bounds", folder.display()),
    }
}

/// Removes what tftops that were killed have left here. rmdir(2) refuses where somebody lives.
fn sweep(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if name.to_str().and_then(maker).is_some_and(|(made_s, pid)| {
            made_s.saturating_add(ABANDONED_S) < now_s() && !Path::new("/proc").join(pid.to_string()).exists()
        }) {
            let _ = fs::remove_dir(entry.path());
        }
    }
}

/// When a cgroup of this name was made, and by whom.
fn maker(name: &str) -> Option<(u64, u32)> {
    let (made_s, pid) = name.strip_prefix(PREFIX)?.split_once('-')?;
    Some((made_s.parse().ok()?, pid.parse().ok()?))
}

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
