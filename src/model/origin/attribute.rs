//! From evidence to origin: which group a thread belongs to, why, and how sure that is. Where the evidence says nothing,
//! nothing is invented: the origin is `unknown` and the reason says what is missing.

use crate::data::sample::{Identity, NameSource, StartRoutine, TargetName};
use crate::data::scene::{Attribution, Confidence, GroupKey, Worker};
use crate::data::{Framework, Text, origin};
use crate::model::origin::families::{EvidenceStrength, Families, FamilyMatch, OriginEvidence};
use crate::model::origin::library_copy::{file_name, mapped_path};

/// What a thread's process says about it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Surroundings<'a> {
    /// The kernel's name of the process, which threads inherit.
    pub process_comm: &'a str,
    /// Path of its executable; none where it can't be read.
    pub executable: Option<&'a str>,
    /// Whether no code but the executable's is mapped: it is statically linked.
    pub is_static: bool,
    /// Names of other threads that matter, as [`Families::is_companion`] says.
    pub companions: &'a [Text],
}

/// The origin of one thread.
pub(crate) fn attribute(families: &Families, identity: &Identity, around: Surroundings) -> Attribution {
    if identity.main {
        let because = "the process's first thread: its thread id is the process id".to_owned();
        return known(key(origin::MAIN), because, Confidence::Certain);
    }
    let evidence = evidence(identity, around);
    match families.find(&evidence) {
        Some(found) => by_family(found, identity),
        None => by_start(families, identity, around)
            .or_else(|| by_program(identity, around))
            .unwrap_or_else(|| unknown(identity, around.process_comm)),
    }
}

/// A kernel name equal to the process's was inherited and is no evidence: TensorFlow up to 2.20 leaves all its threads so.
fn evidence<'a>(identity: &'a Identity, around: Surroundings<'a>) -> OriginEvidence<'a> {
    let entry = identity.entry.as_ref();
    let name = identity.target_name.as_ref();
    let named_by = |python: bool| {
        let name = name.filter(|name| (name.source == NameSource::Python) == python)?;
        Some(name.name.as_str())
    };
    OriginEvidence {
        tf_name: named_by(false),
        symbol: entry.and_then(|entry| entry.symbol.as_deref()),
        library: entry.and_then(|entry| entry.library.as_deref().map(|path| mapped_path(path))),
        owner: entry.and_then(|entry| entry.owner.as_ref().map(|owner| mapped_path(&owner.library))),
        python_name: named_by(true),
        comm: Some(identity.comm.as_str()).filter(|comm| *comm != around.process_comm),
        companions: around.companions,
    }
}

fn by_family(found: FamilyMatch, identity: &Identity) -> Attribution {
    let confidence = match (found.strength, &identity.target_name) {
        (EvidenceStrength::TensorFlowName, Some(TargetName { source: NameSource::TensorFlowByShape, .. })) => {
            Confidence::Likely
        }
        (EvidenceStrength::TensorFlowName | EvidenceStrength::Symbol, _) if found.note.is_some() => Confidence::Likely,
        (EvidenceStrength::TensorFlowName | EvidenceStrength::Symbol, _) => Confidence::Certain,
        (EvidenceStrength::Library | EvidenceStrength::Owner | EvidenceStrength::PythonName, _) => Confidence::Likely,
        (EvidenceStrength::KernelName, _) => Confidence::Guess,
    };
    let mut because = reason(found.strength, identity);
    if found.with_comm {
        because.push_str(&format!(", and its kernel name is {}", identity.comm));
    }
    if let Some(note) = &found.note {
        because.push_str(&format!("; {note}"));
    }
    let worker = if found.pool { Worker::OfPool } else { Worker::Other };
    Attribution { group: GroupKey { origin: found.origin, library: found.copy }, because, confidence, worker }
}

fn reason(strength: EvidenceStrength, identity: &Identity) -> String {
    let name = identity.target_name.as_ref();
    let entry = identity.entry.as_ref();
    match (strength, name, entry) {
        (EvidenceStrength::TensorFlowName, Some(name), _) if name.source == NameSource::TensorFlowByShape => {
            format!("TensorFlow's own name {}, recognised by its shape: the library has no symbols", name.name)
        }
        (EvidenceStrength::TensorFlowName, Some(name), _) => {
            format!("{}'s own name {}", framework(entry).name(), name.name)
        }
        (EvidenceStrength::PythonName, Some(name), _) => format!("Python's own name {}", name.name),
        (EvidenceStrength::Symbol | EvidenceStrength::Library | EvidenceStrength::Owner, _, Some(entry)) => {
            start(entry, strength)
        }
        _ => guess(&format!("kernel name {}", identity.comm), identity),
    }
}

/// Whose name it is that the code all of them share keeps for a thread: that of the library in which it lies.
fn framework(entry: Option<&StartRoutine>) -> Framework {
    let library = entry.and_then(|entry| entry.library.as_deref());
    library.and_then(|path| Framework::of_file(file_name(path))).unwrap_or(Framework::TensorFlow)
}

/// Where a thread started, in words.
fn start(entry: &StartRoutine, strength: EvidenceStrength) -> String {
    let library = entry.library.as_deref().map(|path| file_name(path));
    match (&entry.symbol, library, &entry.owner) {
        (_, _, Some(owner)) if strength == EvidenceStrength::Owner => {
            format!("a std::thread of {}", file_name(&owner.library))
        }
        (Some(symbol), Some(library), _) => format!("starts at {symbol} in {library}"),
        (Some(symbol), None, _) => format!("starts at {symbol}"),
        (None, Some(library), _) => format!("starts in {library}"),
        (None, None, _) => format!("starts at {}, in no mapped file", entry.address),
    }
}

/// Evidence of code that no family knows: the thread is that library's, or the program's own.
fn by_start(families: &Families, identity: &Identity, around: Surroundings) -> Option<Attribution> {
    let entry = identity.entry.as_ref()?;
    let (path, strength) = match (&entry.owner, &entry.library) {
        (Some(owner), _) => (&owner.library, EvidenceStrength::Owner),
        (None, Some(library)) => (library, EvidenceStrength::Library),
        (None, None) => return None,
    };
    if around.executable.is_some_and(|executable| mapped_path(executable) == mapped_path(path)) {
        return Some(known(key(origin::PROGRAM), start(entry, strength), Confidence::Likely));
    }
    let library = families.get(origin::LIBRARY).and_then(|family| family.copy(mapped_path(path)));
    let group = GroupKey { origin: origin::LIBRARY.into(), library };
    Some(known(group, start(entry, strength), Confidence::Likely))
}

/// Where a program brings all its code itself, there is nobody else who could have started a thread.
fn by_program(identity: &Identity, around: Surroundings) -> Option<Attribution> {
    let nowhere_else = around.is_static && identity.entry.is_none();
    let because = guess("the program is statically linked: its threads are its own", identity);
    nowhere_else.then(|| known(key(origin::PROGRAM), because, Confidence::Likely))
}

fn unknown(identity: &Identity, process_comm: &str) -> Attribution {
    let because = match &identity.entry {
        Some(entry) => start(entry, EvidenceStrength::Library),
        None if *identity.comm == *process_comm => {
            guess(&format!("kernel name {} says nothing: it is the process's", identity.comm), identity)
        }
        None => guess(&format!("kernel name {} fits no family", identity.comm), identity),
    };
    known(key(origin::UNKNOWN), because, Confidence::Guess)
}

/// Weak words, and why there are no better ones.
fn guess(words: &str, identity: &Identity) -> String {
    match &identity.missing {
        Some(missing) => format!("{words}; {missing}"),
        None => words.to_owned(),
    }
}

fn known(group: GroupKey, because: String, confidence: Confidence) -> Attribution {
    Attribution { group, because, confidence, worker: Worker::Other }
}

fn key(origin: &str) -> GroupKey {
    GroupKey { origin: origin.into(), library: None }
}
