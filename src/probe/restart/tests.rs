use std::fs;
use std::os::unix::fs::symlink;

use super::*;
use crate::probe::fake::{FakeProc, StatLine};

/// A /proc with one process that can be rebuilt, and a folder with its script.
struct Built {
    fake: FakeProc,
    home: tempfile::TempDir,
}

const PID: Pid = Pid(50);

impl Built {
    fn new() -> Self {
        let built = Self { fake: FakeProc::new(), home: tempfile::tempdir().unwrap() };
        fs::write(built.path("train.py"), "").unwrap();
        fs::create_dir(built.path("out")).unwrap();
        built.process(50, 40, &[]);
        built.words(&["/bin/python3", "train.py", "--epochs", "5"]);
        built.environment(&format!("PWD={}\0TOKEN=hush\0OMP_NUM_THREADS=2\0", built.path("").display()));
        built.link("50/exe", "/usr/bin/python3.11");
        built.link("50/cwd", built.path("").to_str().unwrap());
        built.link("50/root", "/");
        for name in ["mnt", "pid", "user", "net"] {
            built.link(&format!("self/ns/{name}"), &format!("{name}:[1]"));
            built.link(&format!("50/ns/{name}"), &format!("{name}:[1]"));
        }
        built.link("self/root", "/");
        built.status("");
        built
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn process(&self, pid: u32, parent: u32, words: &[&str]) {
        self.fake.process(pid, StatLine { parent, ..StatLine::default() });
        self.fake.write(&format!("{pid}/cmdline"), &words.iter().map(|word| format!("{word}\0")).collect::<String>());
    }

    fn named(&self, pid: u32, parent: u32, comm: &str, words: &[&str]) {
        self.process(pid, parent, words);
        let stat = fs::read_to_string(self.fake.root().join(format!("{pid}/stat"))).unwrap();
        self.fake.write(&format!("{pid}/stat"), &stat.replace("(python)", &format!("({comm})")));
    }

    fn words(&self, words: &[&str]) {
        self.fake.write("50/cmdline", &words.iter().map(|word| format!("{word}\0")).collect::<String>());
    }

    fn environment(&self, block: &str) {
        self.fake.write("50/environ", block);
    }

    /// Our user, and more lines.
    fn status(&self, more: &str) {
        let uid = rustix::process::geteuid().as_raw();
        self.fake.write(
            "50/status",
            &format!("Uid:\t{uid}\t{uid}\t{uid}\t{uid}\nUmask:\t0027\nVmSize:\t 9 kB\nCpus_allowed_list:\t0-3\n{more}"),
        );
    }

    fn link(&self, name: &str, to: &str) {
        let path = self.fake.root().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let _ = fs::remove_file(&path);
        symlink(to, path).unwrap();
    }

    fn read(&self) -> Result<RebuiltProcess, RestartError> {
        read(self.fake.root(), PID, None)
    }

    fn refusal(&self) -> String {
        self.read().unwrap_err().to_string()
    }

    fn lost(&self) -> String {
        self.read().unwrap().lost.iter().map(|text| format!("{text}\n")).collect()
    }

    fn doubts(&self) -> String {
        self.read().unwrap().doubts.iter().map(|text| format!("{text}\n")).collect()
    }
}

#[test]
fn command_environment_folder_and_manner_are_read_again() {
    let built = Built::new();
    built.fake.write("50/limits", "Max open files            1024                 4096                 files     \n");
    let rebuild = built.read().unwrap();
    assert_eq!(rebuild.words, ["/bin/python3", "train.py", "--epochs", "5"]);
    assert_eq!((rebuild.key.pid, rebuild.key.start_ticks), (PID, 100));
    assert_eq!(fs::canonicalize(&rebuild.folder).unwrap(), fs::canonicalize(built.path("")).unwrap());
    assert_eq!(rebuild.environment.get("TOKEN"), Some("hush".as_ref()));
    assert_eq!((rebuild.attributes.umask, rebuild.attributes.nice), (Some(0o27), Some(0)));
    assert_eq!(rebuild.attributes.limits[0].soft, Some(1024));
    assert_eq!(rebuild.cpus.as_ref().unwrap().to_string(), "0-3");
    assert!(!format!("{rebuild:?}").contains("hush"), "a secret is in the debug text");
    assert_eq!((rebuild.doubts.len(), rebuild.ignores_interrupt), (0, false));
}

#[test]
fn a_process_that_left_its_folder_is_started_where_it_began() {
    let built = Built::new();
    built.link("50/cwd", built.path("out").to_str().unwrap());
    let rebuild = built.read().unwrap();
    assert_eq!(rebuild.folder, built.path(""));
    assert!(rebuild.folder_because.contains("does not fit"), "{}", rebuild.folder_because);
    // Where nothing is relative PWD counts, unless a parent that is no shell handed it down.
    built.words(&["/bin/python3", built.path("train.py").to_str().unwrap()]);
    assert_eq!(built.read().unwrap().folder, built.path(""));
    built.named(40, 1, "bash", &["bash"]);
    assert_eq!(built.read().unwrap().folder, built.path(""));
    built.named(40, 1, "supervisor", &["supervisor"]);
    built.fake.write("40/environ", &format!("PWD={}\0", built.path("").display()));
    assert_eq!(built.read().unwrap().folder, built.path("out"));
}

#[test]
fn a_stale_pwd_is_not_believed() {
    let built = Built::new();
    for pwd in ["PWD=/\0", "PWD=train.py\0", "PWD=/nonexistent\0", "X=1\0"] {
        built.environment(pwd);
        assert_eq!(built.read().unwrap().folder, built.path(""), "{pwd}");
    }
}

#[test]
fn a_folder_may_be_named_and_must_hold_what_the_command_names() {
    let built = Built::new();
    let read = |folder: &str| read(built.fake.root(), PID, Some(&built.path(folder)));
    assert_eq!(read("").unwrap().folder_because.as_str(), "as asked for");
    assert!(read("out").unwrap_err().to_string().contains("there is no train.py in it"));
    assert!(read("none").unwrap_err().to_string().contains("there is no such folder"));
}

#[test]
fn what_is_gone_is_refused() {
    let built = Built::new();
    built.link("50/exe", "/usr/bin/python3.11 (deleted)");
    assert!(built.refusal().contains("was removed or replaced since it started"));
    built.link("50/exe", "/memfd:x (deleted)");
    assert!(built.refusal().contains("only ever in memory"));
    built.link("50/exe", "/usr/bin/python3.11");
    fs::remove_file(built.path("train.py")).unwrap();
    assert!(built.refusal().starts_with("train.py is not there any more, seen from"), "{}", built.refusal());
    built.fake.remove("50");
    assert_eq!(built.read().unwrap_err(), RestartError::Gone(PID));
}

#[test]
fn a_command_line_that_is_none_is_refused() {
    let built = Built::new();
    built.fake.write("50/cmdline", "");
    assert!(built.refusal().contains("has wiped its command line (setproctitle"));
    built.fake.write("50/cmdline", "trainer: epoch 3");
    assert!(built.refusal().contains("has rewritten its command line"));
    built.fake.write("50/cmdline", "trainer\0\0\0\0\0");
    assert!(built.refusal().contains("has rewritten its command line"));
    built.words(&["/bin/python3", "-"]);
    assert!(built.refusal().contains("its program came on stdin"));
    built.words(&["/bin/python3", "-m", "ipykernel_launcher"]);
    assert!(built.refusal().contains("interactive session"));
    built.words(&["/bin/python3", "/dev/fd/63"]);
    assert!(built.refusal().contains("names an open file of the old process"));
    built.words(&["/bin/python3", "train.py"]);
    built.environment("no variables here");
    assert!(built.refusal().contains("has overwritten its environment"));
}

#[test]
fn what_is_no_command_is_refused() {
    let built = Built::new();
    let line = |state| StatLine { state, parent: 2, ..StatLine::default() };
    built.fake.process(50, line('Z'));
    built.status("");
    assert!(built.refusal().contains("has ended already"));
    built.fake.process(50, line('S'));
    built.status("Kthread:\t1\n");
    assert!(built.refusal().contains("is a thread of the kernel"));
}

#[test]
fn another_users_process_is_its_users_to_start() {
    let built = Built::new();
    built.fake.write("50/status", "Uid:\t4711\t4711\t4711\t4711\nVmSize:\t 9 kB\n");
    assert!(built.refusal().contains("start it as that user: sudo -u '#4711' tftop rerun 50"), "{}", built.refusal());
    built.fake.write("50/status", "Uid:\t4711\t0\t0\t0\nVmSize:\t 9 kB\n");
    assert!(built.refusal().contains("has changed its user"));
    built.fake.write("50/status", "Uid:\tx\n");
    assert!(built.refusal().contains("the user of process 50 can't be told"));
}

#[test]
fn a_container_is_entered_by_its_own_means() {
    for (name, words) in [("mnt", "its own view of file systems"), ("pid", "of processes"), ("user", "of users")] {
        let built = Built::new();
        built.link(&format!("50/ns/{name}"), &format!("{name}:[2]"));
        assert!(built.refusal().contains(words) && built.refusal().contains("docker exec"), "{}", built.refusal());
    }
    let built = Built::new();
    built.link("50/root", "/jail");
    assert!(built.refusal().contains("root folder of its own (/jail)"));
    let built = Built::new();
    built.link("50/ns/net", "net:[2]");
    assert!(built.lost().contains("its own network"));
}

#[test]
fn a_worker_belongs_to_its_parent() {
    let built = Built::new();
    built.process(40, 1, &["/bin/python3", "train.py", "--epochs", "5"]);
    built.link("40/exe", "/usr/bin/python3.11");
    assert_eq!(built.refusal(), "process 50 is a worker of process 40: rerun that one, it starts its workers itself");
    built.words(&["/bin/python3", "-c", "from multiprocessing.spawn import spawn_main", "--multiprocessing-fork"]);
    assert!(built.refusal().contains("rerun that one"));
    // A Python program that starts another one may do without it, or not.
    built.words(&["/bin/python3", "train.py", "--trial", "3"]);
    assert!(built.doubts().contains("process 40, is a Python program that sees it end"), "{}", built.doubts());
}

#[test]
fn a_part_of_a_larger_job_is_a_doubt() {
    let built = Built::new();
    built.named(40, 30, "bash", &["bash", "job.sh"]);
    built.named(30, 1, "mpirun", &["mpirun", "-n", "4", "bash", "job.sh"]);
    assert!(built.doubts().contains("part of a larger job, started by mpirun (process 30)"), "{}", built.doubts());
    assert!(built.lost().contains("its parent bash (process 40) runs a script: it goes on with the next command"));
    built.fake.remove("30");
    built.environment("OMPI_COMM_WORLD_SIZE=4\0");
    assert!(built.doubts().contains("one of 4 parts of a job (OMPI_COMM_WORLD_SIZE"), "{}", built.doubts());
    built.environment("WORLD_SIZE=1\0");
    assert_eq!(built.doubts(), "");
}

#[test]
fn a_service_is_systemds_to_start() {
    let built = Built::new();
    built.fake.process(50, StatLine { parent: 1, ..StatLine::default() });
    built.status("");
    built.words(&["/bin/python3", "train.py"]);
    built.fake.write("50/cgroup", "0::/system.slice/train.service\n");
    assert!(built.doubts().contains("`systemctl stop train.service` first"), "{}", built.doubts());
}

#[test]
fn streams_terminal_cgroup_and_rights_that_do_not_come_again_are_named() {
    let built = Built::new();
    built.link("50/fd/0", "pipe:[7]");
    built.link("50/fd/1", "/home/me/train.log");
    built.link("50/fd/2", "/dev/pts/3");
    built.link("50/fd/9", "pipe:[8]");
    built.named(40, 1, "make", &["make"]);
    built.link("40/fd/4", "pipe:[8]");
    built.fake.write("50/cgroup", "0::/capped\n");
    built.fake.write("self/cgroup", "0::/\n");
    built.fake.write("self/status", "CapPrm:\t1\nSeccomp:\t0\n");
    built.status("CapPrm:\t0\nSeccomp:\t2\nSigIgn:\t0000000000000002\n");
    let stat = fs::read_to_string(built.fake.root().join("50/stat")).unwrap();
    built.fake.write("50/stat", &stat.replacen("40 0 0 0", "40 0 0 34819", 1));
    let lost = built.lost();
    for words in [
        "stdin was a pipe",
        "stdout went to /home/me/train.log; now tftop takes it",
        "stderr went to /dev/pts/3",
        "its terminal was /dev/pts/3",
        "pipes or sockets that its parent opened for it are not there: 1",
        "its cgroup 0::/capped",
        "its capabilities",
        "what a sandbox forbade it",
        "its parent make (process 40) sees it end",
    ] {
        assert!(lost.contains(words), "no {words:?} in\n{lost}");
    }
    assert!(built.read().unwrap().ignores_interrupt);
}

#[test]
fn a_script_that_was_changed_since_is_said() {
    let built = Built::new();
    // Started right after boot, and the machine has been up for long.
    built.fake.write("uptime", "100000.00 1.00\n");
    assert!(built.lost().contains("train.py was changed after the process started"), "{}", built.lost());
    built.fake.write("uptime", "1.50 1.00\n");
    assert!(!built.lost().contains("train.py"));
}

#[test]
fn garbage_is_refused_or_read_but_never_a_panic() {
    let built = Built::new();
    for junk in ["\u{0}\u{0}", "=\u{0}", "\u{1b}[31m\u{0}", "((((", "9999999999999999999999"] {
        for name in ["cmdline", "environ", "status", "stat", "limits", "cgroup"] {
            let path = built.fake.root().join(format!("50/{name}"));
            let before = fs::read(&path).ok();
            fs::write(&path, junk).unwrap();
            let _ = built.read();
            match before {
                Some(before) => fs::write(&path, before).unwrap(),
                None => fs::remove_file(&path).unwrap(),
            }
        }
    }
    assert!(built.read().is_ok());
}
