//! The TensorFlow processes of this machine, and processes by name. Reads maps, thread names and command lines; where maps
//! may not be read, a process can only be guessed, and is marked so.

use std::path::Path;

use rustix::io::Errno;

use crate::data::{Pid, ProcessKey, Text};
use crate::linux::proc::host::UserNames;
use crate::linux::proc::proc_dir::{DirEntry, FileReader, ProcDir};
use crate::linux::proc::stat::{Stat, user_ids};
use crate::probe::process::program::command;

/// Limit for one maps file: some 100,000 mappings.
const MAPS_LIMIT: usize = 16 << 20;
/// How the kernel's names of TensorFlow's threads begin (since 2.21; before, all are called like the process).
pub const TENSORFLOW_NAME: &str = "tf_";
/// Threads whose names are looked at when a process can only be guessed.
const MOST_NAMES: usize = 1024;

/// A process that a name or a mapped library points to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Which process.
    pub key: ProcessKey,
    /// The kernel's name for it.
    pub comm: Text,
    /// Its command line.
    pub command: Vec<Text>,
    /// Effective user id.
    pub uid: u32,
    /// The user's name on this host.
    pub user: Option<Text>,
    /// How many threads it has.
    pub threads: u64,
    /// True when its maps could not be read and only names suggest TensorFlow.
    pub guessed: bool,
    /// What it was recognised by.
    pub because: String,
}

/// What a look at every process found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProcessSearch {
    /// TensorFlow processes, the certain ones first, then by pid.
    pub candidates: Vec<Candidate>,
    /// Processes looked at.
    pub looked_at: usize,
    /// Those among them whose maps may not be read.
    pub unreadable: usize,
}

/// Every process that maps TensorFlow's library, and those that seem to.
pub fn tensorflow_processes(proc_root: &Path) -> ProcessSearch {
    let mut search = Search::default();
    let mut found = ProcessSearch::default();
    let Ok(root) = ProcDir::open(proc_root) else { return found };
    for folder in search.processes(&root) {
        found.looked_at += 1;
        let recognised = match search.maps_tensorflow(&folder) {
            Ok(true) => Some((false, "maps TensorFlow's library".to_owned())),
            Ok(false) => None,
            Err(_) => {
                found.unreadable += 1;
                search.guess(&folder).map(|because| (true, because))
            }
        };
        if let Some((guessed, because)) = recognised {
            found.candidates.extend(search.candidate(&folder, guessed, because));
        }
    }
    found.candidates.sort_by_key(|candidate| (candidate.guessed, candidate.key));
    found
}

/// Processes whose kernel name equals `name`; if there is none, those whose command line holds it. tftop itself and its
/// parents (the shell that holds the same words) are left out.
pub fn by_name(proc_root: &Path, name: &str) -> Vec<Candidate> {
    let mut search = Search::default();
    let Ok(root) = ProcDir::open(proc_root) else { return Vec::new() };
    let own = search.own_line(&root);
    let (mut named, mut mentioned) = (Vec::new(), Vec::new());
    for folder in search.processes(&root) {
        let Some(candidate) = search.candidate(&folder, false, format!("its name is {name}")) else { continue };
        if name.is_empty() || own.contains(&candidate.key.pid) || candidate.command.is_empty() {
            continue;
        }
        if *candidate.comm == *name {
            named.push(candidate);
        } else if one_line(&candidate.command).contains(name) {
            mentioned.push(Candidate { because: format!("its command line holds {name}"), ..candidate });
        }
    }
    if named.is_empty() { mentioned } else { named }
}

#[derive(Debug, Default)]
struct Search {
    reader: FileReader,
    users: UserNames,
}

impl Search {
    /// Every process, by pid, one opened at a time. Those that end meanwhile are left out.
    fn processes<'a>(&mut self, root: &'a ProcDir) -> impl Iterator<Item = ProcDir> + use<'a> {
        let mut listing = Vec::new();
        let listed = self.reader.numbers(root, &mut listing);
        let listing = if listed.is_ok() { listing } else { Vec::new() };
        listing.into_iter().filter_map(|entry: DirEntry| root.folder(&entry.number.to_string()).ok())
    }

    /// tftop and its ancestors.
    fn own_line(&mut self, root: &ProcDir) -> Vec<Pid> {
        let mut line = vec![Pid(std::process::id())];
        while let Some(&Pid(last)) = line.last() {
            let stat = self.reader.read(root, &format!("{last}/stat"), 4096).unwrap_or_default();
            match Stat::parse(stat) {
                Some(stat) if stat.parent > 1 && !line.contains(&Pid(stat.parent)) => line.push(Pid(stat.parent)),
                _ => break,
            }
        }
        line
    }

    fn maps_tensorflow(&mut self, folder: &ProcDir) -> Result<bool, Errno> {
        let maps = folder.file("maps")?;
        // Longer than the longest name looked for: a name may lie across two reads.
        let fresh = |text: &[u8]| text.len().saturating_sub((16 << 10) + 64);
        let text = self.reader.read_while(&maps, MAPS_LIMIT, |text| !mentions_tensorflow(&text[fresh(text)..]))?;
        Ok(mentions_tensorflow(text))
    }

    fn guess(&mut self, folder: &ProcDir) -> Option<String> {
        let mut threads = Vec::new();
        if let Ok(task) = folder.folder("task")
            && self.reader.numbers(&task, &mut threads).is_ok()
        {
            for thread in threads.iter().take(MOST_NAMES) {
                let comm = self.reader.read(&task, &format!("{}/comm", thread.number), 64).unwrap_or_default();
                if comm.starts_with(TENSORFLOW_NAME.as_bytes()) {
                    return Some(format!("has a thread named {}", Text::from_bytes(comm.trim_ascii())));
                }
            }
        }
        let mentioned = one_line(&command(folder, &mut self.reader)).to_lowercase().contains("tensorflow");
        mentioned.then(|| "its command line says tensorflow".to_owned())
    }

    fn candidate(&mut self, folder: &ProcDir, guessed: bool, because: String) -> Option<Candidate> {
        let line = self.reader.read(folder, "stat", 4096).ok()?;
        let pid = line.split(|byte| *byte == b' ').next().and_then(crate::linux::proc::stat::number)?;
        let stat = Stat::parse(line)?;
        let key = ProcessKey { pid: Pid(u32::try_from(pid).ok()?), start_ticks: stat.start_ticks };
        let (comm, threads) = (Text::from_bytes(stat.comm), stat.threads);
        let status = self.reader.read(folder, "status", 64 << 10).unwrap_or_default();
        let uid = user_ids(status).map_or(0, |[_, effective, _]| effective);
        let command = command(folder, &mut self.reader);
        Some(Candidate { key, comm, command, uid, user: self.users.of(uid), threads, guessed, because })
    }
}

/// Whether maps name TensorFlow's library or its Python binding; TensorFlow Lite alone is another runtime.
fn mentions_tensorflow(maps: &[u8]) -> bool {
    let libraries = memchr::memmem::find_iter(maps, b"/libtensorflow");
    let mut rests = libraries.map(|at| &maps[at + b"/libtensorflow".len()..]);
    rests.any(|rest| rest.starts_with(b"_") || rest.starts_with(b".so"))
        || memchr::memmem::find(maps, b"/_pywrap_tensorflow_internal.so").is_some()
}

fn one_line(command: &[Text]) -> String {
    command.iter().map(Text::as_str).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn process(root: &Path, pid: u32, comm: &str, files: &[(&str, &str)]) {
        let folder = root.join(pid.to_string());
        let stat = format!("{pid} ({comm}) S 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 3 0 5 0");
        for (name, text) in files.iter().chain(&[("stat", stat.as_str()), ("status", "Uid:\t7\t8\t9\t9\n")]) {
            fs::create_dir_all(folder.join(name).parent().unwrap()).unwrap();
            fs::write(folder.join(name), text).unwrap();
        }
    }

    fn pids(found: &[Candidate]) -> Vec<(u32, bool)> {
        found.iter().map(|candidate| (candidate.key.pid.0, candidate.guessed)).collect()
    }

    #[test]
    fn a_mapped_library_is_certain_and_a_thread_name_is_a_guess() {
        let dir = tempfile::tempdir().unwrap();
        let filler = "7f00-7f01 r-xp 0 0:0 0 /usr/lib/libc.so.6\n".repeat(1000);
        let maps = format!("{filler}7f-80 r-xp 0 0:0 1 /v/tensorflow/libtensorflow_framework.so.2\n");
        process(dir.path(), 30, "python", &[("maps", &maps), ("cmdline", "python\0train.py\0")]);
        process(dir.path(), 31, "cat", &[("maps", "7f-80 r-xp 0 0:0 1 /v/libtensorflowlite.so\n")]);
        process(dir.path(), 20, "python", &[("task/20/comm", "python\n"), ("task/22/comm", "tf_Compute\n")]);
        process(dir.path(), 21, "python", &[("task/21/comm", "python\n"), ("cmdline", "python\0-m\0TensorFlow.x\0")]);
        process(dir.path(), 22, "bash", &[("task/22/comm", "bash\n")]);
        let found = tensorflow_processes(dir.path());
        assert_eq!(pids(&found.candidates), [(30, false), (20, true), (21, true)]);
        assert_eq!((found.looked_at, found.unreadable), (5, 3));
        assert_eq!((found.candidates[0].uid, found.candidates[0].threads), (8, 3));
        assert!(found.candidates[1].because.contains("tf_Compute"));
    }

    #[test]
    fn the_library_is_seen_wherever_reads_are_cut() {
        let line = "7f-80 r-xp 0 0:0 1 /v/libtensorflow_cc.so.2\n";
        for start in [0, (16 << 10) - 30, (16 << 10) - 5, 3 * (16 << 10) - 20] {
            let dir = tempfile::tempdir().unwrap();
            process(dir.path(), 30, "python", &[("maps", &format!("{}{line}", "x".repeat(start)))]);
            assert_eq!(tensorflow_processes(dir.path()).candidates.len(), 1, "at {start}");
        }
    }

    #[test]
    fn a_name_is_exact_first_and_then_part_of_the_command_line() {
        let dir = tempfile::tempdir().unwrap();
        process(dir.path(), 10, "train", &[("cmdline", "./train\0")]);
        process(dir.path(), 11, "python", &[("cmdline", "python\0train.py\0")]);
        process(dir.path(), 12, "kworker/train", &[("cmdline", "")]);
        assert_eq!(pids(&by_name(dir.path(), "train")), [(10, false)]);
        assert_eq!(pids(&by_name(dir.path(), "train.py")), [(11, false)]);
        assert_eq!(by_name(dir.path(), ""), []);
        assert_eq!(by_name(dir.path(), "nobody"), []);
    }

    #[test]
    fn tftop_does_not_find_itself_by_name() {
        let own = fs::read_to_string("/proc/self/comm").unwrap();
        let found = by_name(Path::new("/proc"), own.trim());
        assert!(found.iter().all(|candidate| candidate.key.pid.0 != std::process::id()));
    }
}
