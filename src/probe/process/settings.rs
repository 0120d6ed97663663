//! Everything of one process that could limit its threads, besides its CPUs: from its memory, its source and the kernel.
//! What it should have and can't be read is said; what it has no use for is simply not there.

use std::io;
use std::time::Duration;

use crate::data::sample::{Environment, ProcessFact, Script, TfConfigFact, TfContextState, ThreadSettings};
use crate::data::{Gap, Text};
use crate::linux::cgroup::read::Mounts;
use crate::linux::proc::proc_dir::{FileReader, ProcDir};
use crate::linux::proc::process::resource_limit;
use crate::probe::identify::identifier::Identifier;
use crate::probe::process::environ::live_environment;
use crate::probe::process::{environ, main_script, openblas};

/// How often objects that change while they are read are read again.
const ATTEMPTS: usize = 3;
/// Limit for /proc/PID/limits.
const LIMIT: usize = 16 << 10;

/// Where the settings of one process are read from.
#[derive(Debug)]
pub struct SettingsSources<'a> {
    /// What is known of the process, its settings as read before among it.
    pub known: &'a ProcessFact,
    /// Its memory and libraries.
    pub identifier: &'a mut Identifier,
    /// Its folder in /proc.
    pub files: &'a ProcDir,
    /// The cgroups of this machine.
    pub mounts: &'a Mounts,
    /// How long ago it started.
    pub age: Duration,
}

/// Reads all of it once, and says what is missing. Where memory is closed, that is not said again here.
pub fn read(sources: SettingsSources<'_>, reader: &mut FileReader) -> (ThreadSettings, Vec<Gap>) {
    let SettingsSources { known, identifier, files, mounts, age } = sources;
    let before = identifier.bytes_read();
    let mut gaps = Vec::new();
    let mut settings = ThreadSettings {
        user_threads_max: user_threads_max(known, files, reader),
        pids: mounts.pids(files, reader),
        ..ThreadSettings::default()
    };
    if identifier.memory_error().is_none() {
        let (target, maps) = identifier.target();
        settings.library_pools = openblas::pools(target, maps);
        settings.live_environment = environment(identifier, &mut gaps);
        settings.tf_config = tf_config(known, identifier, &mut gaps);
    }
    settings.script = script(known, identifier, files, age, reader, &mut gaps);
    reader.bytes = reader.bytes.saturating_add(identifier.bytes_read().saturating_sub(before));
    (settings, gaps)
}

fn environment(identifier: &Identifier, gaps: &mut Vec<Gap>) -> Option<Environment> {
    let (target, maps) = identifier.target();
    let unknown = || io::Error::other("neither the program nor a C library says where it lies (stripped, or static)");
    let read = environ::find(target, maps).ok_or_else(unknown).and_then(|at| live_environment(identifier.memory(), at));
    read.map_err(|error| gaps.push(Gap::new("environment variables as they are now", in_words(&error)))).ok()
}

/// What tf.config holds; nothing, and no gap, in a process without TensorFlow or without Python. TensorFlow refuses to
/// change the settings of a started context, so those are read once.
fn tf_config(known: &ProcessFact, identifier: &mut Identifier, gaps: &mut Vec<Gap>) -> Option<TfConfigFact> {
    if known.settings.tf_config.is_some_and(|config| config.state == TfContextState::Started) {
        return known.settings.tf_config;
    }
    if identifier.tensorflow().is_none_or(|tensorflow| tensorflow.guessed) || identifier.python().is_none() {
        return None;
    }
    let mut read = || identifier.interpreter()?.tf_config();
    let mut last = read();
    for _ in 1..ATTEMPTS {
        last = last.or_else(|_| read());
    }
    last.map_err(|error| gaps.push(Gap::new("tf.config", in_words(&error)))).ok()
}

/// The main script, read once: a later version of the file is not what runs.
fn script(
    known: &ProcessFact,
    identifier: &mut Identifier,
    files: &ProcDir,
    age: Duration,
    reader: &mut FileReader,
    gaps: &mut Vec<Gap>,
) -> Option<Script> {
    if known.settings.script.is_some() {
        return known.settings.script.clone();
    }
    let path = script_path(known, identifier)?;
    main_script::read(&path, files, age, reader).map_err(|gap| gaps.push(gap)).ok()
}

/// As Python itself knows it, else as the command line names it.
fn script_path(known: &ProcessFact, identifier: &mut Identifier) -> Option<Text> {
    let in_memory = match identifier.memory_error() {
        None => identifier.interpreter().and_then(|python| python.main_script()),
        Some(error) => Err(error.kind().into()),
    };
    in_memory.unwrap_or_else(|_| main_script::in_command(&known.command).cloned())
}

/// Soft RLIMIT_NPROC (getrlimit(2)); none for root too, whom the kernel does not hold to it.
fn user_threads_max(known: &ProcessFact, files: &ProcDir, reader: &mut FileReader) -> Option<u64> {
    if known.uid == 0 {
        return None;
    }
    resource_limit(reader.read(files, "limits", LIMIT).ok()?, "Max processes")?.0
}

/// Our own readers give reasons; the bare error of a read says only that what a pointer led to was not there.
fn in_words(error: &io::Error) -> String {
    match error.get_ref() {
        Some(reason) => reason.to_string(),
        None => format!("its memory changed while it was read, or is damaged ({})", error.kind()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Pid;
    use crate::data::sample::Interest;
    use crate::probe::fake::{FakeProc, StatLine};
    use crate::probe::live::Live;

    #[test]
    fn without_the_right_to_read_memory_the_command_line_leads_to_the_script() {
        let fake = FakeProc::new();
        // Younger than the script that is written now.
        fake.process(50, StatLine { start_ticks: u64::MAX / 2, ..StatLine::default() });
        fake.write("50/cwd/train.py", "import tensorflow\nset_intra_op_parallelism_threads(2)\n");
        fake.write("50/limits", "Max processes             512            1024            processes \n");
        let mut live = Live::attach(Pid(50), fake.options()).unwrap();
        let fact = live.next(&Interest::default(), Duration::ZERO).processes[0].fact.clone();
        let script = fact.settings.script.as_ref().unwrap();
        assert_eq!(
            (script.path.as_str(), script.imports_tensorflow_at, script.settings.len()),
            ("train.py", Some(1), 1)
        );
        assert_eq!((fact.settings.user_threads_max, &fact.settings.live_environment), (None, &None), "root, no memory");
    }

    #[test]
    fn a_bare_read_error_becomes_words() {
        assert!(in_words(&io::ErrorKind::UnexpectedEof.into()).contains("changed while it was read"));
        assert_eq!(in_words(&io::Error::other("because")), "because");
    }
}
