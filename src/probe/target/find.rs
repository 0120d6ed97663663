//! The processes of this machine that run a framework, and processes by name. Reads maps, thread names and command lines;
//! where maps may not be read, a process can only be guessed, and is marked so.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::io::Errno;

use crate::data::{Framework, Pid, ProcessKey, Text};
use crate::linux::patience::Patience;
use crate::linux::proc::host::UserNames;
use crate::linux::proc::proc_dir::{DirEntry, FileReader, ProcDir};
use crate::linux::proc::stat::{Stat, user_ids};
use crate::probe::process::program::command;
use crate::probe::reading::{Reading, ReadingPart};
use crate::probe::target::known::{KnownProcesses, ProgramMark};
use crate::probe::target::stuck::{StuckLook, why_held_up};

/// Limit for one maps file: some 100,000 mappings.
const MAPS_LIMIT: usize = 16 << 20;
/// How kernel names begin that only TensorFlow gives (since 2.21; before, all are called like the process). Others that begin
/// with `tf_` are JAX's as well.
const TENSORFLOW_NAMES: [&str; 3] = ["tf_Compute", "tf_data_", "tf_numa_"];
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
    /// The framework it runs; none where it was found by its name.
    pub framework: Option<Framework>,
    /// True when its maps could not be read and only names suggest the framework.
    pub guessed: bool,
    /// What it was recognised by.
    pub because: String,
    /// Why its command line is missing, where it holds up whoever reads it.
    pub silent: Option<String>,
}

/// What a look at every process found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProcessSearch {
    /// Processes that run a framework: the certain ones first, those of TensorFlow before others, then by pid.
    pub candidates: Vec<Candidate>,
    /// Processes looked at.
    pub looked_at: usize,
    /// Those among them whose maps may not be read.
    pub unreadable: usize,
    /// Those that hold up whoever reads their maps: nobody knows what they are. Each with the reason.
    pub held_up: Vec<(Pid, String)>,
}

/// Whether only TensorFlow names a thread so for the kernel.
pub fn suggests_tensorflow(comm: &str) -> bool {
    TENSORFLOW_NAMES.iter().any(|begin| comm.starts_with(begin))
}

/// For how long a process may hold a look up.
pub const LONGEST_HOLD: Duration = Duration::from_millis(300);

/// Looks for processes, and waits for none that holds it up.
#[derive(Debug)]
pub struct ProcessFinder {
    proc_root: PathBuf,
    patience: Patience,
    search: Search,
    /// No candidate of one that runs no framework.
    known: KnownProcesses<Option<Candidate>>,
    /// Processes that held it up.
    stuck: HashMap<Pid, StuckProcess>,
}

/// A process that held a look up.
#[derive(Debug)]
struct StuckProcess {
    look: StuckLook,
    /// What is known of it without its memory, and why there is no more.
    candidate: Candidate,
    why: String,
    /// Whether it is known for what was looked for.
    recognised: bool,
}

impl ProcessFinder {
    /// Nothing is read yet.
    pub fn new(proc_root: &Path) -> Self {
        let patience = Patience::new(LONGEST_HOLD);
        Self {
            proc_root: proc_root.to_owned(),
            patience,
            search: Search::default(),
            known: KnownProcesses::default(),
            stuck: HashMap::new(),
        }
    }

    /// Every process that maps a framework's library, and those that seem to. Of one that was looked at before, maps and command
    /// line are read again where it maps other code than then.
    pub fn framework_processes(&mut self) -> ProcessSearch {
        let mut found = ProcessSearch::default();
        let Ok(root) = ProcDir::open(&self.proc_root) else { return found };
        self.known.begin();
        for (pid, folder) in self.search.processes(&root) {
            found.looked_at += 1;
            match self.still_stuck(pid, &folder) {
                Some(stuck) if stuck.recognised => found.candidates.push(stuck.candidate.clone()),
                Some(stuck) => found.held_up.push((pid, stuck.why.clone())),
                None => self.recognise(pid, folder, &mut found),
            }
        }
        found.candidates.sort_by_key(|candidate| (candidate.guessed, candidate.framework, candidate.key));
        found
    }

    fn recognise(&mut self, pid: Pid, folder: ProcDir, found: &mut ProcessSearch) {
        // Read before the maps: what is mapped in between is noticed as a change.
        let mark = ProgramMark::of(pid, &folder, &mut self.search.reader);
        if let Some(known) = mark.and_then(|mark| self.known.find(pid, mark)) {
            found.candidates.extend(known);
            return;
        }
        let folder = Arc::new(folder);
        match self.ask(&folder, move |search, folder| search.recognise(pid, folder)) {
            Ok(recognised) => {
                found.unreadable += usize::from(recognised.unreadable);
                let candidate = recognised.because.and_then(|(framework, because)| {
                    let running = Running { framework: Some(framework), guessed: recognised.unreadable };
                    self.candidate(pid, &folder, running, because)
                });
                // Names of threads change without another program.
                let lasts = !recognised.unreadable && candidate.as_ref().is_none_or(|it| it.silent.is_none());
                if let Some(mark) = mark.filter(|_| lasts) {
                    self.known.keep(pid, mark, candidate.clone());
                }
                found.candidates.extend(candidate);
            }
            Err((why, look)) => {
                let candidate = self.search.without_memory(pid, &folder);
                found.held_up.push((pid, why.clone()));
                self.leave(look, candidate, why, false);
            }
        }
    }

    /// Processes whose kernel name equals `name`; if there is none, those whose command line does, else those whose command line
    /// holds it. tftop itself and its parents (the shell that holds the same words) are left out.
    pub fn by_name(&mut self, name: &str) -> Vec<Candidate> {
        let Ok(root) = ProcDir::open(&self.proc_root) else { return Vec::new() };
        let own = self.search.own_line(&root);
        let [mut named, mut exact, mut mentioned] = [const { Vec::new() }; 3];
        for (pid, folder) in self.search.processes(&root) {
            if name.is_empty() || own.contains(&pid) {
                continue;
            }
            let because = format!("its name is {name}");
            let candidate = match self.still_stuck(pid, &folder) {
                Some(stuck) => Some(Candidate { because, ..stuck.candidate.clone() }),
                None => self.candidate(pid, &Arc::new(folder), Running::default(), because),
            };
            let Some(candidate) = candidate.filter(|it| it.silent.is_some() || !it.command.is_empty()) else {
                continue;
            };
            if *candidate.comm == *name {
                named.push(candidate);
                continue;
            }
            let line = one_line(&candidate.command);
            if line == name {
                exact.push(Candidate { because: format!("its command line is {name}"), ..candidate });
            } else if line.contains(name) {
                mentioned.push(Candidate { because: format!("its command line holds {name}"), ..candidate });
            }
        }
        [named, exact].into_iter().find(|found| !found.is_empty()).unwrap_or(mentioned)
    }

    fn candidate(&mut self, pid: Pid, folder: &Arc<ProcDir>, running: Running, because: String) -> Option<Candidate> {
        let Running { framework, guessed } = running;
        let found = self.search.without_memory(pid, folder)?;
        let mut candidate = Candidate { framework, guessed, because, ..found };
        match self.ask(folder, move |search, folder| search.command(pid, folder)) {
            Ok(command) => candidate.command = command,
            Err((why, look)) => {
                candidate.silent = Some(why.clone());
                self.leave(look, Some(candidate.clone()), why, true);
            }
        }
        Some(candidate)
    }

    /// The process, where it held a look up that has not come back yet.
    fn still_stuck(&mut self, pid: Pid, folder: &ProcDir) -> Option<&StuckProcess> {
        let stuck = self.stuck.get(&pid)?;
        let now = self.search.without_memory(pid, folder);
        if !stuck.look.is_out() || now.is_none_or(|now| now.key != stuck.candidate.key) {
            self.stuck.remove(&pid);
        }
        self.stuck.get(&pid)
    }

    fn leave(&mut self, look: Option<StuckLook>, candidate: Option<Candidate>, why: String, recognised: bool) {
        let (Some(look), Some(candidate)) = (look, candidate) else { return };
        let candidate = Candidate { silent: Some(why.clone()), ..candidate };
        self.stuck.insert(candidate.key.pid, StuckProcess { look, candidate, why, recognised });
    }

    /// Asks a process something that takes its memory.
    fn ask<T: Send + 'static>(
        &mut self,
        folder: &Arc<ProcDir>,
        question: impl FnOnce(&mut Search, &ProcDir) -> T + Send + 'static,
    ) -> Result<T, (String, Option<StuckLook>)> {
        let mut search = std::mem::take(&mut self.search);
        let (reading, folder) = (search.reading.clone(), folder.clone());
        let answer = self.patience.run(move || {
            let answer = question(&mut search, &folder);
            search.reading.end();
            (search, answer)
        });
        match answer {
            Ok((search, answer)) => {
                self.search = search;
                Ok(answer)
            }
            Err(held_up) => Err(why_held_up(held_up, &reading)),
        }
    }
}

/// What a process runs, as far as that was asked.
#[derive(Debug, Default)]
struct Running {
    framework: Option<Framework>,
    guessed: bool,
}

/// What maps and names say of a process.
#[derive(Debug)]
struct Recognised {
    /// What it runs, and what that is known by; none where nothing points to a framework.
    because: Option<(Framework, String)>,
    /// Whether its maps may not be read, and it is only guessed.
    unreadable: bool,
}

#[derive(Debug, Default)]
struct Search {
    reader: FileReader,
    users: UserNames,
    reading: Reading,
}

impl Search {
    /// Every process, by pid, one opened at a time. Those that end meanwhile are left out.
    fn processes<'a>(&mut self, root: &'a ProcDir) -> impl Iterator<Item = (Pid, ProcDir)> + use<'a> {
        let mut listing = Vec::new();
        let listed = self.reader.numbers(root, &mut listing);
        let listing = if listed.is_ok() { listing } else { Vec::new() };
        let open = |entry: DirEntry| Some((Pid(entry.number), root.folder(&entry.number.to_string()).ok()?));
        listing.into_iter().filter_map(open)
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

    fn recognise(&mut self, pid: Pid, folder: &ProcDir) -> Recognised {
        self.reading.begin(pid, ReadingPart::Maps);
        match self.mapped_framework(folder) {
            Ok(found) => Recognised {
                because: found.map(|framework| (framework, format!("maps {}'s library", framework.name()))),
                unreadable: false,
            },
            Err(_) => {
                self.reading.begin(pid, ReadingPart::CommandLine);
                let because = self.guess(folder).map(|because| (Framework::TensorFlow, because));
                Recognised { because, unreadable: true }
            }
        }
    }

    /// The first of the table's frameworks that it maps; reading ends where that is sure.
    fn mapped_framework(&mut self, folder: &ProcDir) -> Result<Option<Framework>, Errno> {
        let maps = folder.file("maps")?;
        // Longer than the longest name looked for: a name may lie across two reads.
        let fresh = |text: &[u8]| text.len().saturating_sub((16 << 10) + 64);
        let first = |text: &[u8]| mentions(&text[fresh(text)..], Framework::TensorFlow);
        let text = self.reader.read_while(&maps, MAPS_LIMIT, |text| !first(text))?;
        Ok(Framework::all().find(|framework| mentions(text, *framework)))
    }

    fn guess(&mut self, folder: &ProcDir) -> Option<String> {
        let mut threads = Vec::new();
        if let Ok(task) = folder.folder("task")
            && self.reader.numbers(&task, &mut threads).is_ok()
        {
            for thread in threads.iter().take(MOST_NAMES) {
                let comm = self.reader.read(&task, &format!("{}/comm", thread.number), 64).unwrap_or_default();
                let comm = Text::from_bytes(comm.trim_ascii());
                if suggests_tensorflow(&comm) {
                    return Some(format!("has a thread named {comm}"));
                }
            }
        }
        let mentioned = one_line(&command(folder, &mut self.reader)).to_lowercase().contains("tensorflow");
        mentioned.then(|| "its command line says tensorflow".to_owned())
    }

    fn command(&mut self, pid: Pid, folder: &ProcDir) -> Vec<Text> {
        self.reading.begin(pid, ReadingPart::CommandLine);
        command(folder, &mut self.reader)
    }

    /// What no process can withhold: the kernel answers for it.
    fn without_memory(&mut self, pid: Pid, folder: &ProcDir) -> Option<Candidate> {
        let stat = Stat::parse(self.reader.read(folder, "stat", 4096).ok()?)?;
        let key = ProcessKey { pid, start_ticks: stat.start_ticks };
        let (comm, threads) = (Text::from_bytes(stat.comm), stat.threads);
        let status = self.reader.read(folder, "status", 64 << 10).unwrap_or_default();
        let uid = user_ids(status).map_or(0, |[_, effective, _]| effective);
        let user = Some(self.users.of(uid));
        Some(Candidate {
            key,
            comm,
            command: Vec::new(),
            uid,
            user,
            threads,
            framework: None,
            guessed: false,
            because: String::new(),
            silent: None,
        })
    }
}

/// Whether maps name a library of the framework's.
fn mentions(maps: &[u8], framework: Framework) -> bool {
    framework.libraries().iter().any(|begin| {
        let mut named = memchr::memmem::find_iter(maps, begin.as_bytes());
        named.any(|at| at.checked_sub(1).is_some_and(|before| maps[before] == b'/'))
    })
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
        let found = ProcessFinder::new(dir.path()).framework_processes();
        assert_eq!(pids(&found.candidates), [(30, false), (20, true), (21, true)]);
        assert_eq!((found.looked_at, found.unreadable), (5, 3));
        assert_eq!((found.candidates[0].uid, found.candidates[0].threads), (8, 3));
        assert!(found.candidates[1].because.contains("tf_Compute"));
    }

    #[test]
    fn maps_are_read_again_where_other_code_is_mapped_and_only_there() {
        let dir = tempfile::tempdir().unwrap();
        let maps = |name: &str| format!("7f-80 r-xp 0 0:0 1 /v/{name}\n");
        let at = |ticks: u32| format!("30 (python) S 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 3 0 {ticks} 0");
        let python = |maps: &str, code_kb: u32, ticks: u32| {
            let status = format!("Uid:\t7\t8\t9\t9\nVmLib:\t{code_kb} kB\n");
            process(dir.path(), 30, "python", &[("maps", maps), ("task/30/stat", &at(ticks))]);
            fs::write(dir.path().join("30/status"), status).unwrap();
        };
        let mut finder = ProcessFinder::new(dir.path());
        let mut found = || finder.framework_processes().candidates.len();
        python(&maps("libc.so.6"), 100, 5);
        assert_eq!(found(), 0);
        python(&maps("libtensorflow_framework.so.2"), 100, 5);
        assert_eq!(found(), 0, "nothing says that it maps more than before");
        python(&maps("libtensorflow_framework.so.2"), 900, 5);
        assert_eq!([found(), found()], [1, 1]);
        python(&maps("libc.so.6"), 900, 5);
        assert_eq!(found(), 1, "as before");
        python(&maps("libc.so.6"), 900, 6);
        assert_eq!(found(), 0, "another process of the same number");
    }

    #[test]
    fn tensorflow_comes_before_others_whatever_the_pids_and_the_order_of_maps() {
        let dir = tempfile::tempdir().unwrap();
        let line = |library: &str| format!("7f-80 r-xp 0 0:0 1 /v/{library}\n");
        let (jax, torch, tensorflow) =
            (line("jaxlib/libjax_common.so"), line("torch/lib/libtorch_cpu.so"), line("libtensorflow_cc.so.2"));
        for (pid, maps) in [(10, torch.clone()), (11, jax.clone()), (12, jax + &torch + &tensorflow)] {
            process(dir.path(), pid, "python", &[("maps", &maps), ("cmdline", "python\0")]);
        }
        process(dir.path(), 13, "python", &[("task/13/comm", "tf_XLAEigen\n")]);
        let found = ProcessFinder::new(dir.path()).framework_processes().candidates;
        let of: Vec<_> = found.iter().map(|candidate| (candidate.key.pid.0, candidate.framework)).collect();
        let expected = [(12, Framework::TensorFlow), (11, Framework::Jax), (10, Framework::PyTorch)];
        assert_eq!(of, expected.map(|(pid, framework)| (pid, Some(framework))), "13 may be JAX's as well");
        assert_eq!(found[2].because, "maps PyTorch's library");
    }

    #[test]
    fn the_library_is_seen_wherever_reads_are_cut() {
        let line = "7f-80 r-xp 0 0:0 1 /v/libtensorflow_cc.so.2\n";
        for start in [0, (16 << 10) - 30, (16 << 10) - 5, 3 * (16 << 10) - 20] {
            let dir = tempfile::tempdir().unwrap();
            process(dir.path(), 30, "python", &[("maps", &format!("{}{line}", "x".repeat(start)))]);
            assert_eq!(ProcessFinder::new(dir.path()).framework_processes().candidates.len(), 1, "at {start}");
        }
    }

    #[test]
    fn a_name_is_exact_first_and_then_part_of_the_command_line() {
        let dir = tempfile::tempdir().unwrap();
        process(dir.path(), 10, "train", &[("cmdline", "./train\0")]);
        process(dir.path(), 11, "python", &[("cmdline", "python\0train.py\0")]);
        process(dir.path(), 12, "kworker/train", &[("cmdline", "")]);
        assert_eq!(pids(&ProcessFinder::new(dir.path()).by_name("train")), [(10, false)]);
        assert_eq!(pids(&ProcessFinder::new(dir.path()).by_name("train.py")), [(11, false)]);
        process(dir.path(), 9, "sh", &[("cmdline", "sh\0-c\0python train.py; true\0")]);
        assert_eq!(pids(&ProcessFinder::new(dir.path()).by_name("python train.py")), [(11, false)], "not its shell");
        assert_eq!(ProcessFinder::new(dir.path()).by_name(""), []);
        assert_eq!(ProcessFinder::new(dir.path()).by_name("nobody"), []);
    }

    #[test]
    fn tftop_does_not_find_itself_by_name() {
        let own = fs::read_to_string("/proc/self/comm").unwrap();
        let found = ProcessFinder::new(Path::new("/proc")).by_name(own.trim());
        assert!(found.iter().all(|candidate| candidate.key.pid.0 != std::process::id()));
    }
}
