//! Which evidence of its origin each thread of one process carries: start routine, owner, name in the target.
//! Reads memory and library files; never stops, signals or changes the process.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::data::sample::{
    FrameworkFact, LibraryFact, NameSource, PythonFact, StartRoutine, StdThreadOwner, TargetName, TensorFlowFact,
};
use crate::data::{Address, Gap, Pid, Text, Tid};
use crate::linux::budget::WorkLimits;
use crate::linux::memory::Memory;
use crate::linux::proc::maps::Maps;
use crate::probe::cpython::{Python, interpreter};
use crate::probe::identify::pthreads::{PthreadHandle, ThreadList, ThreadListWalk};
use crate::probe::identify::{cxx, frameworks, tensorflow};
use crate::probe::target::live_target::{IdentifyTarget, LibraryQuery, LiveTarget};

/// Reads the evidence of one process's threads out of its memory. Keeps descriptors and symbols between calls.
#[derive(Debug)]
pub struct Identifier {
    target: Box<dyn IdentifyTarget>,
    maps: Maps,
    list: Result<ThreadList, String>,
    places: HashMap<Address, Place>,
    build_ids: HashMap<Arc<Text>, Text>,
    tensorflow: Option<TensorFlowFact>,
    frameworks: Vec<FrameworkFact>,
    python: Option<PythonFact>,
    /// Where `_PyRuntime` lies; the outer none is "not looked for yet".
    runtime: Option<Option<Address>>,
    gaps: Vec<Gap>,
}

/// A thread whose evidence is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize, serde::Deserialize))]
pub struct NewThread {
    /// The thread, as the kernel numbers it for us.
    pub tid: Tid,
    /// The same thread in the target's own pid namespace: what glibc stores in the target's memory.
    pub namespaced_tid: u32,
}

/// Start routine and name by thread.
pub type IdentifiedThreads = HashMap<Tid, (Option<StartRoutine>, Option<TargetName>)>;

/// What was found out about the process and the wanted threads.
#[derive(Debug, Default)]
pub struct Identification {
    /// Start routine and name by thread; threads that could not be read are absent.
    pub threads: IdentifiedThreads,
    /// Why the absent ones are absent, in words; none when nothing is absent.
    pub missing: Option<String>,
    /// What could not be read of the process as a whole, since it was opened.
    pub gaps: Vec<Gap>,
    /// Threads that were found but whose own name may still come: Python names a thread a little after its birth.
    pub unnamed: HashSet<Tid>,
    /// Bytes read for this call.
    pub bytes_read: u64,
}

/// What lies at an address of code or of a vtable.
#[derive(Clone, Debug)]
struct Place {
    library: Arc<Text>,
    file_name: String,
    symbol: Option<Text>,
}

/// Where threads that Python starts begin (Python/thread_pthread.h, 3.7 to 3.14).
const PYTHON_START: &str = "pythread_wrapper";
/// Start routines remembered; JIT compilers could make any number of them.
const MOST_PLACES: usize = 16_384;
/// Gaps kept: as many libraries as a screen could show.
const MOST_GAPS: usize = 64;

impl Identifier {
    /// Opens what is needed once and reads nothing before the first question. Never fails: what may not be read becomes a
    /// gap of each later answer.
    pub fn new(proc_root: &Path, pid: Pid) -> Self {
        Self::of(Box::new(LiveTarget::open(proc_root, pid)))
    }

    /// Of any process, live or recorded.
    pub fn of(target: Box<dyn IdentifyTarget>) -> Self {
        Self {
            target,
            maps: Maps::default(),
            list: Err("not looked for yet".to_owned()),
            places: HashMap::new(),
            build_ids: HashMap::new(),
            tensorflow: None,
            frameworks: Vec::new(),
            python: None,
            runtime: None,
            gaps: Vec::new(),
        }
    }

    /// Reads the evidence of these threads. One walk of the target's thread lists however many are asked for. Asked for
    /// none, it only looks whether other libraries are mapped by now.
    pub fn identify(&mut self, wanted: &[NewThread]) -> Identification {
        let before = self.target.bytes_read();
        let mut evidence = Identification::default();
        if wanted.is_empty() {
            self.read_maps();
        } else {
            match self.handles(wanted) {
                Ok((handles, missing)) => {
                    evidence.threads = self.evidence_of(&handles);
                    evidence.unnamed = self.name_by_python(wanted, &mut evidence.threads);
                    evidence.missing = missing;
                }
                Err(why) => evidence.missing = Some(why),
            }
        }
        evidence.gaps = self.gaps.clone();
        evidence.bytes_read = self.target.bytes_read().saturating_sub(before);
        evidence
    }

    /// TensorFlow in this process's maps, with its version where its wheel's metadata can be read.
    pub fn tensorflow(&self) -> Option<TensorFlowFact> {
        self.tensorflow.clone()
    }

    /// Frameworks beside TensorFlow in this process's maps.
    pub fn frameworks(&self) -> &[FrameworkFact] {
        &self.frameworks
    }

    /// CPython in this process's maps.
    pub fn python(&self) -> Option<PythonFact> {
        self.python.clone()
    }

    /// Mapped files with code.
    pub fn libraries(&self) -> Vec<LibraryFact> {
        let library =
            |shown: &Arc<Text>| LibraryFact { path: Text::clone(shown), build_id: self.build_ids.get(shown).cloned() };
        self.maps.code().map(|code| library(&code.file.shown)).collect()
    }

    /// Begins a look: no more than this is read of the process until the next one.
    pub fn begin(&self, limits: WorkLimits) {
        self.target.begin(limits);
    }

    /// What ran out of what the look might read, if anything did.
    pub fn spent(&self) -> Option<&'static str> {
        self.target.spent()
    }

    /// Why the process's memory can't be opened; none when it can.
    pub fn memory_error(&self) -> Option<&io::Error> {
        self.target.memory_error()
    }

    /// The process's memory, for other walks.
    pub fn memory(&self) -> &dyn Memory {
        &*self.target
    }

    /// Where a symbol of CPython lies (`_PyRuntime`, `Py_Version`), in the executable or in libpython; none when the
    /// process is no CPython or its files can't be read.
    fn python_symbol(&self, name: &str) -> Option<Address> {
        interpreter::symbol(&*self.target, &self.maps, name)
    }

    /// The process and its maps as last looked at, for other questions to its libraries.
    pub(crate) fn target(&self) -> (&dyn IdentifyTarget, &Maps) {
        (&*self.target, &self.maps)
    }

    /// Bytes read of the process and its files since it was opened.
    pub fn bytes_read(&self) -> u64 {
        self.target.bytes_read()
    }

    /// Where CPython's `_PyRuntime` lies; none when the process is no CPython or its files can't be read.
    fn python_runtime(&mut self) -> Option<Address> {
        if self.runtime.is_none() {
            self.runtime = Some(self.python_symbol("_PyRuntime"));
        }
        self.runtime.flatten()
    }

    /// The main interpreter, to be read anew for each look; an error says why not, in words.
    pub fn interpreter(&mut self) -> io::Result<Python<'_>> {
        let Some(runtime) = self.python_runtime() else {
            let why = match self.python {
                Some(_) => "where CPython keeps its state is not found: its files can't be read, or are stripped",
                None => "no Python in this process",
            };
            return Err(io::Error::new(io::ErrorKind::NotFound, why));
        };
        let version = self.python.as_ref().and_then(|python| interpreter::numbers(python.version.as_deref()?));
        Python::open(&*self.target, runtime, version)
    }

    /// Gives threads that Python started the names Python has for them. Returns those it has none for yet.
    fn name_by_python(
        &mut self,
        wanted: &[NewThread],
        threads: &mut HashMap<Tid, (Option<StartRoutine>, Option<TargetName>)>,
    ) -> HashSet<Tid> {
        let started_by_python = |(entry, name): &(Option<StartRoutine>, Option<TargetName>)| {
            name.is_none() && entry.as_ref().is_some_and(starts_in_python)
        };
        let mut unnamed: HashSet<Tid> =
            threads.iter().filter(|(_, found)| started_by_python(found)).map(|(&tid, _)| tid).collect();
        if unnamed.is_empty() {
            return unnamed;
        }
        // Without a name the thread is still known for Python's: nothing to report.
        let Ok(names) = self.interpreter().and_then(|python| python.thread_names()) else { return HashSet::new() };
        for thread in wanted.iter().filter(|thread| unnamed.contains(&thread.tid)).copied().collect::<Vec<_>>() {
            if let (Some(name), Some(found)) = (names.get(&thread.namespaced_tid), threads.get_mut(&thread.tid)) {
                found.1 = Some(TargetName { name: name.clone(), source: NameSource::Python });
                unnamed.remove(&thread.tid);
            }
        }
        unnamed
    }

    /// Opens everything anew: to be called when the process has executed another program.
    pub fn reopen(&mut self) {
        self.target.reopen();
        self.list = Err("not looked for yet".to_owned());
        self.places.clear();
        self.build_ids.clear();
        self.gaps.clear();
        self.read_maps();
    }

    /// Reads the maps again: libraries are loaded while a process runs. The thread list stays where it is.
    pub fn read_maps(&mut self) {
        if self.target.memory_error().is_some() {
            self.target.reopen();
        }
        let maps = Maps::of(&*self.target);
        if self.list.is_err() {
            self.list = match (&maps, self.target.memory_error()) {
                (Err(error), _) => Err(format!("its maps can't be read: {}", error.kind())),
                (_, Some(error)) => Err(format!("memory can't be read: {}", error.kind())),
                (Ok(maps), None) => ThreadList::find(&*self.target, maps),
            };
        }
        // A process that has ended has no maps: what it was stays true.
        if let Some(maps) = maps.ok().filter(|maps| maps.code().next().is_some()) {
            self.tensorflow = tensorflow::find(&*self.target, &maps);
            self.frameworks = frameworks::find(&*self.target, &maps);
            self.python = interpreter::find(&maps);
            self.maps = maps;
            self.runtime = None;
        }
    }

    /// Finds the wanted threads in the target's lists, and says why some are missing.
    fn handles(&mut self, wanted: &[NewThread]) -> Result<(HashMap<Tid, PthreadHandle>, Option<String>), String> {
        if self.list.is_err() {
            self.read_maps();
        }
        let mut walk = self.walk(wanted)?;
        // Memory opened before exec reads as if it ended; the same file opened again leads to the new program.
        if walk.torn.as_ref().is_some_and(|error| error.kind() == io::ErrorKind::UnexpectedEof) {
            self.reopen();
            walk = self.walk(wanted)?;
        }
        let handle = |thread: &NewThread| Some((thread.tid, *walk.found.get(&thread.namespaced_tid)?));
        let handles: HashMap<Tid, PthreadHandle> = wanted.iter().filter_map(handle).collect();
        let missing = (handles.len() < wanted.len()).then(|| match &walk.torn {
            Some(error) => format!("glibc's thread list could not be read to its end: {error}"),
            None => "not on glibc's thread list: not started by pthread_create, or already ended".to_owned(),
        });
        Ok((handles, missing))
    }

    fn walk(&self, wanted: &[NewThread]) -> Result<ThreadListWalk, String> {
        let list = self.list.as_ref().map_err(Clone::clone)?;
        let tids: HashSet<u32> = wanted.iter().map(|thread| thread.namespaced_tid).collect();
        Ok(list.walk(&*self.target, &tids))
    }

    fn evidence_of(&mut self, handles: &HashMap<Tid, PthreadHandle>) -> IdentifiedThreads {
        let starts: Vec<Address> = handles.values().map(|handle| handle.start).filter(|start| start.0 != 0).collect();
        let looked = self.know(&starts, false);
        let std_threads =
            handles.iter().filter(|(_, handle)| self.places.get(&handle.start).is_some_and(is_std_thread));
        let vtables: HashMap<Tid, Address> = std_threads
            .filter_map(|(&tid, handle)| Some((tid, cxx::vtable(&*self.target, handle.argument)?)))
            .collect();
        self.know(&vtables.values().copied().collect::<Vec<_>>(), looked);
        handles.iter().map(|(&tid, handle)| (tid, self.evidence(handle, vtables.get(&tid)))).collect()
    }

    fn evidence(&self, handle: &PthreadHandle, vtable: Option<&Address>) -> (Option<StartRoutine>, Option<TargetName>) {
        if handle.start.0 == 0 {
            return (None, None);
        }
        let place = self.places.get(&handle.start);
        let owner = vtable.and_then(|vtable| self.places.get(vtable));
        let entry = StartRoutine {
            address: handle.start,
            library: place.map(|place| Arc::clone(&place.library)),
            symbol: place.and_then(|place| place.symbol.clone()),
            owner: owner
                .map(|owner| StdThreadOwner { library: Arc::clone(&owner.library), symbol: owner.symbol.clone() }),
        };
        let name = place.and_then(|place| {
            tensorflow::thread_name(&*self.target, &place.file_name, place.symbol.as_deref(), handle.argument)
        });
        (Some(entry), name)
    }

    /// Learns what lies at these addresses. The maps are read again, once, when one of them lies in nothing known; says
    /// whether they were.
    fn know(&mut self, addresses: &[Address], looked: bool) -> bool {
        let unknown = addresses.iter().any(|&address| self.maps.find(address).is_none());
        if unknown && !looked {
            self.read_maps();
        }
        self.look_up(addresses);
        looked || unknown
    }

    /// Asks the library of each address that is not known yet, one question a library.
    fn look_up(&mut self, addresses: &[Address]) {
        if self.places.len() > MOST_PLACES {
            self.places.clear();
        }
        let mut by_library: BTreeMap<Address, BTreeSet<Address>> = BTreeMap::new();
        for address in addresses.iter().filter(|address| !self.places.contains_key(address)) {
            if let Some(code) = self.maps.find(*address).and_then(|mapping| self.maps.code_of(mapping)) {
                by_library.entry(code.start).or_default().insert(*address);
            }
        }
        for (start, addresses) in by_library {
            let Some(code) = self.maps.find(start) else { continue };
            let wanted = LibraryQuery { names: Vec::new(), addresses: addresses.into_iter().collect() };
            let found = self.target.ask(code, &wanted).unwrap_or_else(|error| {
                let gap = Gap::new(format!("symbols of {}", code.file.shown), error.to_string());
                note(&mut self.gaps, gap);
                Default::default()
            });
            if let Some(build_id) = found.build_id {
                self.build_ids.insert(Arc::clone(&code.file.shown), Text::from(build_id));
            }
            for address in wanted.addresses {
                let symbol = found.holding.get(&address).map(|symbol| Text::from(symbol.as_str()));
                let library = Arc::clone(&code.file.shown);
                self.places.insert(address, Place { library, file_name: code.file.name().to_owned(), symbol });
            }
        }
    }
}

/// A gap is said once, however often it is met.
fn note(gaps: &mut Vec<Gap>, gap: Gap) {
    if gaps.len() < MOST_GAPS && !gaps.contains(&gap) {
        gaps.push(gap);
    }
}

/// A static function: where the interpreter is stripped, only the file is left as evidence.
fn starts_in_python(entry: &StartRoutine) -> bool {
    match (&entry.symbol, &entry.library) {
        (Some(symbol), _) => &**symbol == PYTHON_START,
        (None, Some(library)) => interpreter::is_interpreter(library.rsplit('/').next().unwrap_or_default()),
        (None, None) => false,
    }
}

/// libstdc++'s start routine of every `std::thread` (src/c++11/thread.cc); local, so gone where the library is stripped.
fn is_std_thread(place: &Place) -> bool {
    place.file_name.starts_with("libstdc++.so") || place.symbol.as_deref() == Some("execute_native_thread_routine")
}
