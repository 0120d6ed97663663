//! A whole /proc in a temporary folder, one file of which is the input: counters, processes, the host, cgroups, masks, the
//! tree and the environment, as a look reads them. The first byte of an input chooses the file.

use std::fs;
use std::time::Duration;

use super::FuzzTarget;
use crate::data::Pid;
use crate::data::sample::Interest;
use crate::probe::fake::{FakeProc, StatLine};
use crate::probe::live::Live;

pub const TARGETS: &[FuzzTarget] =
    &[FuzzTarget { name: "process", seeds, run: |input| WHOLE.with(|whole| whole.look(input)) }];

/// Files of a process and of the machine, and what they say.
const FILES: &[(&str, &str)] = &[
    ("50/stat", ""),
    ("50/status", ""),
    ("50/task/50/stat", ""),
    ("50/task/51/schedstat", "9 9 9\n"),
    ("50/cmdline", "python\0train.py\0--token\0x\0"),
    ("50/environ", "OMP_NUM_THREADS=3\0TFTOP_SHIM={\"intra\":2}\0PATH=/bin\0"),
    ("50/cgroup", "3:cpuset:/jobs\n1:cpu,cpuacct:/jobs/a\n0::/a.slice/b\n"),
    ("50/limits", "Limit  Soft Limit  Hard Limit  Units\nMax processes  100  200  processes\n"),
    ("50/maps", "1000-2000 r-xp 00000000 00:00 7 /v/site-packages/tensorflow/libtensorflow_framework.so.2\n"),
    (
        "self/mountinfo",
        "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n",
    ),
    ("stat", "cpu  1 1 1 1\ncpu0 10 0 10 80 0 0 0 0 0 0\nbtime 1700000000\n"),
    ("loadavg", "0.1 0.2 0.3 1/99 60\n"),
    ("52/stat", ""),
    ("cgroup/a.slice/b/cpu.max", "50000 100000\n"),
    ("cgroup/a.slice/b/cpu.stat", "usage_usec 9\nnr_periods 3\nnr_throttled 1\nthrottled_usec 5\n"),
    ("cgroup/a.slice/b/pids.max", "100\n"),
    ("cgroup/a.slice/b/cpuset.cpus.effective", "0-2\n"),
    ("cgroup/cpu/jobs/a/cpu.cfs_quota_us", "150000\n"),
];

/// The folder, and what its files say when nothing is changed.
struct Whole {
    fake: FakeProc,
    texts: Vec<Vec<u8>>,
}

impl Whole {
    fn new() -> Self {
        let fake = FakeProc::new();
        fake.process(50, StatLine { threads: 2, command_address: 7000, ..StatLine::default() });
        fake.thread(50, 51, StatLine::default(), Some("9 9 9\n"));
        fake.process(52, StatLine { parent: 50, ..StatLine::default() });
        FILES.iter().filter(|(_, text)| !text.is_empty()).for_each(|(path, text)| fake.write(path, text));
        let texts = FILES.iter().map(|(path, _)| fs::read(fake.root().join(path)).unwrap()).collect();
        Self { fake, texts }
    }

    fn look(&self, input: &[u8]) {
        let Some((&file, text)) = input.split_first() else { return };
        let file = usize::from(file) % FILES.len();
        let path = self.fake.root().join(FILES[file].0);
        fs::write(&path, text).unwrap();
        if let Ok(mut live) = Live::attach(Pid(50), self.fake.options()) {
            live.next(&Interest::default(), Duration::ZERO);
            live.next(&Interest::default(), Duration::ZERO);
        }
        fs::write(&path, &self.texts[file]).unwrap();
    }
}

thread_local! {
    /// It goes with the test's thread.
    static WHOLE: Whole = Whole::new();
}

fn seeds() -> Vec<Vec<u8>> {
    WHOLE.with(|whole| (0u8..).zip(&whole.texts).map(|(file, text)| [&[file], &text[..]].concat()).collect())
}
