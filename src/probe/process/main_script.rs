//! The main script of a Python process: which file it is, and its source as it was when the process started. Opens regular
//! files only, in the target's own file system, for reading.

use std::fs::File;
use std::io;
use std::io::Read;
use std::os::fd::AsFd as _;
use std::time::{Duration, SystemTime};

use crate::data::sample::Script;
use crate::data::{Gap, Text};
use crate::linux::files;
use crate::linux::files::User;
use crate::linux::proc::proc_dir::{FileReader, ProcDir};
use crate::probe::cpython::interpreter;
use crate::probe::process::script;

/// Longest status file read.
const STATUS_LIMIT: usize = 64 << 10;
const MOUNTS_LIMIT: usize = 1 << 20;
/// Longest source read.
const LONGEST_SOURCE: u64 = 1 << 20;
/// Clocks of files tick more coarsely than those of processes, and another machine's file server has its own.
const CLOCK_DIFFERENCE: Duration = Duration::from_secs(2);

/// The script as the command line names it: the first argument that ends in `.py`, if a Python interpreter runs it. It is
/// relative to a folder that the process may have left since.
pub fn in_command(command: &[Text]) -> Option<&Text> {
    let (program, arguments) = command.split_first()?;
    if !interpreter::is_interpreter(program.rsplit('/').next()?) {
        return None;
    }
    let mut before_code = arguments.iter().take_while(|argument| !["-c", "-m", "-"].contains(&argument.as_str()));
    before_code.find(|argument| argument.ends_with(".py"))
}

/// What the source asks for. A file that changed after the process started may not be what runs: that, and whatever can't
/// be read, is a gap. `files` is the process's folder in /proc, `age` how long ago it started.
pub fn read(path: &Text, files: &ProcDir, age: Duration, reader: &mut FileReader) -> Result<Script, Gap> {
    let gap = |why: String| Gap::new("what the main script asks for", format!("{path} {why}"));
    let unreadable = |error: io::Error| gap(format!("can't be read: {error}"));
    let file = open(path, files, reader).map_err(unreadable)?;
    if is_younger(&file, age) {
        return Err(gap("changed after the process started: what stands there now may not be what runs".to_owned()));
    }
    let mut source = Vec::new();
    file.take(LONGEST_SOURCE).read_to_end(&mut source).map_err(unreadable)?;
    reader.bytes = reader.bytes.saturating_add(source.len() as u64);
    Ok(script::read(path.clone(), &source))
}

fn open(path: &str, files: &ProcDir, reader: &mut FileReader) -> io::Result<File> {
    let mounts = reader.read(files, "mountinfo", MOUNTS_LIMIT).map(<[u8]>::to_vec).unwrap_or_default();
    let user =
        reader.read(files, "status", STATUS_LIMIT).ok().and_then(|status| User::of_process(status, [&mounts, b""]));
    if path.starts_with('/') {
        return files::open(files.place("root")?.as_fd(), path, user.as_ref());
    }
    // The folder's own path lies in the process's root: links on the way to the file are followed there.
    let folder = files.link("cwd").ok().and_then(|folder| String::from_utf8(folder).ok());
    if let Some(folder) = folder.filter(|folder| folder.starts_with('/')) {
        let root = files.place("root")?;
        match files::open(root.as_fd(), &format!("{folder}/{path}"), user.as_ref()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            result => return result,
        }
    }
    files::open(files.place("cwd")?.as_fd(), path, user.as_ref())
}

/// Whether a file changed less than `age` ago. One from the future has the clock of another machine: that says nothing.
fn is_younger(file: &File, age: Duration) -> bool {
    let changed = file.metadata().and_then(|metadata| metadata.modified());
    let changed_ago = changed.ok().and_then(|changed| SystemTime::now().duration_since(changed).ok());
    changed_ago.is_some_and(|ago| ago.saturating_add(CLOCK_DIFFERENCE) < age)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn in_line(command: &[&str]) -> Option<String> {
        let command: Vec<Text> = command.iter().map(|argument| Text::from(*argument)).collect();
        in_command(&command).map(ToString::to_string)
    }

    #[test]
    fn the_first_py_argument_of_an_interpreter_is_the_script() {
        assert_eq!(
            in_line(&["/v/bin/python3.11", "-u", "-X", "dev", "a/train.py", "b.py"]).as_deref(),
            Some("a/train.py")
        );
        assert_eq!(in_line(&["python", "-c", "import x", "a.py"]), None);
        assert_eq!(in_line(&["python", "-m", "pkg.train", "a.py"]), None);
        assert_eq!(in_line(&["vim", "train.py"]), None);
        assert_eq!(in_line(&[]), None);
    }

    #[test]
    fn a_script_is_found_from_the_root_and_from_the_working_folder_of_the_process() {
        let dir = tempfile::tempdir().unwrap();
        let (process, root) = (dir.path().join("50"), dir.path().join("there"));
        fs::create_dir_all(&process).unwrap();
        fs::create_dir_all(root.join("home")).unwrap();
        fs::write(root.join("home/train.py"), "import os\nset_intra_op_parallelism_threads(2)\n").unwrap();
        symlink(&root, process.join("root")).unwrap();
        symlink("/home", process.join("cwd")).unwrap();
        let files = ProcDir::open(&process).unwrap();
        let mut reader = FileReader::default();
        for path in ["/home/train.py", "train.py", "../home/./train.py"] {
            let script = read(&Text::from(path), &files, Duration::ZERO, &mut reader).unwrap();
            assert_eq!((script.path.as_str(), script.settings[0].line), (path, 2));
        }
        assert!(reader.bytes > 0);
        let gap = read(&Text::from("none.py"), &files, Duration::ZERO, &mut reader).unwrap_err();
        assert!(gap.why.starts_with("none.py can't be read: No such file"), "{gap:?}");
    }

    #[test]
    fn a_source_that_changed_after_the_start_is_no_evidence() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("train.py"), "set_intra_op_parallelism_threads(2)\n").unwrap();
        symlink(".", dir.path().join("cwd")).unwrap();
        let files = ProcDir::open(dir.path()).unwrap();
        let read = |age| read(&Text::from("train.py"), &files, Duration::from_secs(age), &mut FileReader::default());
        assert!(read(1).is_ok());
        assert!(read(3600).unwrap_err().why.contains("changed after the process started"));
    }
}
