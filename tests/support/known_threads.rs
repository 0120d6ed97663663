//! Runs `tests/targets/threads.c`, a process with known threads, and speaks with it.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;

/// A running target; it is ended when this is dropped.
pub struct Target {
    child: Child,
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    /// Its pid as it sees itself.
    pub own_pid: u32,
}

impl Target {
    /// Starts one.
    pub fn start() -> Self {
        Self::start_below(&[])
    }

    /// Starts one through another program: `["unshare", "--pid", …]`.
    pub fn start_below(wrapper: &[&str]) -> Self {
        let (program, arguments) = wrapper
            .split_first()
            .map_or((binary().as_os_str(), &[][..]), |(program, rest)| (std::ffi::OsStr::new(*program), rest));
        let mut command = Command::new(program);
        command.args(arguments);
        if !wrapper.is_empty() {
            command.arg(binary());
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let commands = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().unwrap());
        let mut target = Self { child, commands, answers, own_pid: 0 };
        target.own_pid = target.answer().strip_prefix("ready ").unwrap().trim().parse().unwrap();
        target
    }

    /// The pid of what was started: the target itself, or the program around it.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Says a line; the numbers of the answer.
    pub fn say(&mut self, line: &str) -> Vec<u32> {
        self.begin(line);
        self.finish()
    }

    /// Says a line without waiting for the answer.
    pub fn begin(&mut self, line: &str) {
        writeln!(self.commands.as_mut().unwrap(), "{line}").unwrap();
    }

    /// Waits for the answer to [`begin`](Self::begin).
    pub fn finish(&mut self) -> Vec<u32> {
        let answer = self.answer();
        assert!(answer.starts_with("ok "), "the target answered {answer:?}");
        answer.split_whitespace().skip(1).map(|number| number.parse().unwrap()).collect()
    }

    /// One line of it.
    pub fn answer(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        line
    }

    /// Kills it and waits until it is reaped.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Kills it; it stays a zombie.
    pub fn kill_unreaped(&mut self) {
        self.child.kill().unwrap();
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        drop(self.commands.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The compiled target: with the C compiler that Rust itself links with.
fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/targets/threads.c");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let fresh = folder.join(format!("threads-{}", std::process::id()));
        let status = Command::new("cc").args(["-O1", "-Wall", "-pthread", "-o"]).arg(&fresh).arg(&source).status();
        assert!(status.expect("a C compiler named cc").success());
        let shared = folder.join("threads");
        std::fs::rename(&fresh, &shared).unwrap();
        shared
    })
}
