//! Parsers of text and files: what is parsed lies in the input alone, or in one file.

use std::fs;
use std::path::PathBuf;

use super::FuzzTarget;
use crate::commands::settings::SettingsFile;
use crate::data::job::rank::Rank;
use crate::data::run::WindowSize;
use crate::data::sample::{ContainerFact, Environment};
use crate::data::secrets::without_secrets;
use crate::data::{CpuSet, Pid, Text, Tid};
use crate::launch::pin;
use crate::launch::process_attributes;
use crate::launch::shim_socket::ShimState;
use crate::launch::terminal::emulator::Emulator;
use crate::linux::elf::file::Elf;
use crate::linux::elf::symbols::{SymbolQuery, answer};
use crate::linux::proc::maps::Maps;
use crate::linux::proc::process::arguments;
use crate::linux::proc::stat;
use crate::linux::proc::stat::Stat;
use crate::linux::scheduler::taskstats::netlink::messages;
use crate::linux::scheduler::taskstats::record::{RecordLayout, of_task, version};
use crate::model::activity::symbol;
use crate::model::origin::families::Families;
use crate::output::{HostAnswer, ps_hosts_json, ps_hosts_table};
use crate::present::block::job::rank_number;
use crate::present::format::page::Page;
use crate::probe::cpython::interpreter;
use crate::probe::cpython::lines::{LineTableFormat, line_at};
use crate::probe::process::script;
use crate::probe::stack::asleep::standing;
use crate::runs::recording::reader::RecordingReader;
use crate::runs::store::Store;
use crate::runs::sweep_record::SweepRecord;

pub const TARGETS: &[FuzzTarget] = &[
    FuzzTarget { name: "stat", seeds: || seeds(&[STAT, b"1000 200 3\n", STATUS]), run: stats },
    FuzzTarget { name: "maps", seeds: || seeds(&[MAPS]), run: |input| drop(Maps::parse(input)) },
    FuzzTarget { name: "arguments", seeds: || seeds(&[COMMAND]), run: command_line },
    FuzzTarget {
        name: "environment",
        seeds: || seeds(&[b"OMP_NUM_THREADS=4\0TF_NUM_INTRAOP_THREADS=2\0=\0A\0"]),
        run: |input| drop(Environment::from_block(input)),
    },
    FuzzTarget { name: "text", seeds: || seeds(&["tf_\u{1b}[2J\u{202e}größe\n🧵\0".as_bytes()]), run: text },
    FuzzTarget {
        name: "cpuset",
        seeds: || seeds(&[b"0-3,8,10-11", b"0-1023"]),
        run: |input| lossy(input, |text| drop(text.parse::<CpuSet>())),
    },
    FuzzTarget {
        name: "demangling",
        seeds: symbols,
        run: |input| {
            lossy(input, |text| {
                symbol::demangled(text);
                symbol::short(text);
            })
        },
    },
    FuzzTarget { name: "exit records", seeds: || seeds(&[THREAD_RECORD, LAST_THREAD_RECORD]), run: exit_records },
    FuzzTarget { name: "elf", seeds: || vec![fs::read("/bin/true").unwrap_or_default()], run: elf },
    FuzzTarget {
        name: "line tables",
        seeds: || seeds(&[b"\x01\x80\xf8\x05\x02\x00\xd0\x01\xe9\x10", b"\x08\x01\x0a\x80\x04\xff"]),
        run: line_tables,
    },
    FuzzTarget {
        name: "script",
        seeds: || seeds(&[SCRIPT]),
        run: |input| drop(script::read("train.py".into(), input)),
    },
    FuzzTarget {
        name: "syscall line",
        seeds: || seeds(&[b"202 0x7f12 0x80 0x0 0x0 0x0 0x0 0x7ffd2f3c 0x7f3a\n", b"running\n"]),
        run: |input| lossy(input, |text| _ = standing(text)),
    },
    FuzzTarget {
        name: "words",
        seeds: || seeds(&[b"3.12", b"tf-intra-op=0-3,8", b"nice=5 umask=022 limit=nofile:1024:4096"]),
        run: |input| lossy(input, words),
    },
    FuzzTarget {
        name: "families",
        seeds: || {
            vec![fs::read("assets/families.toml").unwrap_or_default(), b"[[family]]\nid=\"x\"\nname=\"x\"\n".to_vec()]
        },
        run: |input| lossy(input, |text| drop(Families::with_user_file(text))),
    },
    FuzzTarget {
        name: "settings",
        seeds: || seeds(&[b"[runs]\nkeep = 3\nmax_age = \"3d\"\n[profiles.small]\nintra = 2\ncpus = \"0-3\"\n"]),
        run: settings,
    },
    FuzzTarget {
        name: "recording",
        seeds: || vec![fs::read("tests/data/tape/first.tape").unwrap_or_default()],
        run: |input| {
            RecordingReader::open(input).into_iter().flatten().for_each(drop);
        },
    },
    FuzzTarget {
        name: "rank",
        seeds: || seeds(RANKS),
        run: |input| drop(Rank::from_block(input).map(|rank| (rank.launcher.name(), rank_number(&rank)))),
    },
    FuzzTarget {
        name: "container",
        seeds: || seeds(&[CONTAINER]),
        run: |input| drop(ContainerFact::from_membership(input)),
    },
    FuzzTarget { name: "host answer", seeds: || seeds(&[ANSWER]), run: host_answer },
    FuzzTarget { name: "sweep record", seeds: || seeds(&[SWEEP]), run: sweep },
    FuzzTarget { name: "store", seeds: || seeds(&[RUN, b"12 100"]), run: store },
    FuzzTarget { name: "shim socket", seeds: || seeds(SHIM), run: |input| ShimState::default().take_in(input) },
    FuzzTarget {
        name: "terminal",
        seeds: || seeds(&[b"\x1b[31mloss\x1b[0m 0.5\r\n\x1b[10;10H\x1b[2J\x1b]0;t\x07"]),
        run: |input| {
            Emulator::new(WindowSize { rows: 24, columns: 80 }).take_in(input, std::time::Duration::from_millis(100))
        },
    },
];

const THREAD_RECORD: &[u8] = include_bytes!("../data/taskstats/thread.bin");
const LAST_THREAD_RECORD: &[u8] = include_bytes!("../data/taskstats/last-thread.bin");
const STAT: &[u8] = b"50 (py) th (on) S 1 0 0 0 0 0 0 0 0 0 9 8 0 0 20 0 3 0 100 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 2 0 0 0 0 0 0 0 0 7000 0 0 0 0\n";
const STATUS: &[u8] = b"Name:\tpython\nTgid:\t50\nUid:\t0\t0\t0\t0\nNSpid:\t50\t1\nSigIgn:\t0000000001001000\nCapEff:\t000001ffffffffff\nCpus_allowed_list:\t0-3\n";
const MAPS: &[u8] = b"7f0000000000-7f0000001000 r-xp 00000000 08:01 77 /lib/libc.so.6\n7f0000002000-7f0000003000 rw-p 00001000 08:01 78 /a\\040b\\012c (deleted)\n7ffd0000-7ffe0000 rw-p 00000000 00:00 0 [stack]\n";
const COMMAND: &[u8] = b"python\0-H\0Authorization: Bearer abc\0--token=hf_abcdefgh\0https://u:p@h/?sig=1&a=2\0{\"password\": \"x\"}\0-c\0import os; os.environ['KEY']='v'\0";
const SCRIPT: &[u8] = b"import tensorflow as tf\n\"\"\"doc\"\"\"\ntf.config.threading.set_intra_op_parallelism_threads(2) # 2\nos.environ['OMP_NUM_THREADS'] = '4'\nds.map(f, num_parallel_calls=8)\n";
const SWEEP: &[u8] = br#"{"schema":"tftop.sweep/1","id":"x","command":["true"],"folder":"/","grid":{"axes":[{"cap":"intra","values":[1,2]}]},"repeat":2,"retries":1,"runs":[]}"#;
const RUN: &[u8] =
    br#"{"schema":"tftop.run/1","id":"1","tftop":"0.1.0","started_unix_ms":1,"command":["true"],"caps":{"intra":2}}"#;
const RANKS: &[&[u8]] = &[
    b"OMPI_COMM_WORLD_RANK=1\0OMPI_COMM_WORLD_SIZE=4\0OMPI_COMM_WORLD_LOCAL_RANK=1\0OMPI_COMM_WORLD_LOCAL_SIZE=2\0SLURM_JOB_ID=7",
    b"PMI_RANK=3\0PMI_SIZE=4\0MPI_LOCALRANKID=3\0MPI_LOCALNRANKS=4\0RANK=0\0WORLD_SIZE=2\0LOCAL_RANK=0\0TORCHELASTIC_RUN_ID=x",
    b"TF_CONFIG={\"cluster\":{\"worker\":[\"a:1\",\"b:2\"],\"ps\":[\"c:3\"]},\"task\":{\"type\":\"worker\",\"index\":1}}",
    b"SLURM_PROCID=2\0SLURM_NTASKS=4\0SLURM_LOCALID=0\0SLURM_STEP_ID=1\0SLURM_TASKS_PER_NODE=2(x2)\0HOROVOD_RANK=1\0HOROVOD_SIZE=2",
];
const CONTAINER: &[u8] = b"12:cpu,cpuacct:/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1b2c3d4e_0000_4000_8000_1234567890ab.slice/cri-containerd-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.scope\n0::/docker/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n";
const ANSWER: &[u8] = br#"{"schema":"tftop.ps/1","host":{"cpus":16,"demand":{"got":7.5,"wanted":9.25}},"jobs":[{"launcher":"slurm","name":"4711","user":"ada","ranks":4,"ranks_here":[0,1],"effective_cpus":16,"demand":{"got":7.5,"wanted":9.25}}],"processes":[{"pid":2430,"user":"ada","command":"python train.py","threads":40,"demand":{"got":7.5,"wanted":9.25}}]}"#;
const SHIM: &[&[u8]] = &[
    br#"{"v":1,"event":"process_start","pid":7,"seq":0,"how":"exec"}"#,
    br#"{"v":1,"event":"steps","pid":7,"seq":3,"t":123456789,"durations":[0.1,0.2],"epoch":1}"#,
    br#"{"v":1,"event":"request","pid":7,"seq":1,"what":"set_intra","value":8,"kept":2}"#,
];

/// What reads a datagram of exit records.
fn exit_records(input: &[u8]) {
    for message in messages(input) {
        _ = message.error();
        if let Some(record) = of_task(&message) {
            let layout = RecordLayout::of(record, Tid(0x7bb3), Pid(0x7bb2)).unwrap_or(RecordLayout::USUAL);
            _ = (version(record), layout.read(record));
        }
    }
}

fn seeds(all: &[&[u8]]) -> Vec<Vec<u8>> {
    all.iter().map(|seed| seed.to_vec()).collect()
}

/// Parsers of text get it as it is read: invalid parts replaced.
pub fn lossy(input: &[u8], parse: fn(&str)) {
    parse(&String::from_utf8_lossy(input));
}

fn stats(input: &[u8]) {
    let _ = Stat::parse(input);
    stat::counters(input);
    stat::user_ids(input);
    stat::status_mask(input, "CapEff");
    stat::status_last_number(input, "NSpid");
    stat::ignores_signal(input, 15);
    drop(crate::linux::proc::affinity::cpus_allowed(input));
}

fn command_line(input: &[u8]) {
    let words: Vec<Text> = arguments(input).map(Text::from_bytes).collect();
    drop(without_secrets(&words));
}

fn text(input: &[u8]) {
    let text = Text::from_bytes(input);
    assert!(!text.chars().any(char::is_control), "{text:?}");
}

fn symbols() -> Vec<Vec<u8>> {
    let all = [
        "_ZN5Eigen15ThreadPoolTemplIN3tsl6thread16EigenEnvironmentEE10WorkerLoopEi",
        "_ZNSt6thread11_State_implINS_8_InvokerISt5tupleIJZ4mainEUlvE_EEEEE6_M_runEv",
        "_ZcvT_IT_E",
        "_ZZN1fIXnwLi3EEEEvvENKUlvE_clEv",
        "_RNvCs123_3foo3bar",
    ];
    all.iter()
        .map(|symbol| symbol.as_bytes().to_vec())
        .chain([format!("_Z1fIX{}", "nw".repeat(40)).into_bytes()])
        .collect()
}

fn elf(input: &[u8]) {
    if let Ok(elf) = Elf::parse(input) {
        let query = SymbolQuery { names: vec!["main".to_owned()], addresses: vec![0x1000, 0x4000, u64::MAX] };
        drop(answer(input, &elf, &query));
    }
}

fn line_tables(input: &[u8]) {
    for format in [LineTableFormat::In310, LineTableFormat::Since311] {
        for offset in [0, 2, 100, i64::MAX] {
            line_at(input, format, 1, offset);
        }
    }
}

fn words(word: &str) {
    interpreter::numbers(word);
    drop(pin::parse(word));
    drop(process_attributes::parse(word));
}

thread_local! {
    /// A folder for parsers of files; it goes with the test's thread.
    static FOLDER: tempfile::TempDir = tempfile::tempdir().unwrap();
}

pub fn in_folder(name: &str) -> PathBuf {
    FOLDER.with(|folder| folder.path().join(name))
}

fn settings(input: &[u8]) {
    let path = in_folder("settings.toml");
    fs::write(&path, input).unwrap();
    drop(SettingsFile::read(Some(&path)));
}

fn sweep(input: &[u8]) {
    fs::write(in_folder("x.json"), input).unwrap();
    if let Ok(record) = SweepRecord::load(&in_folder(""), "x") {
        assert!(record.slots().into_iter().filter(|slot| record.is_done(*slot)).count() <= record.slots().len());
    }
}

fn host_answer(input: &[u8]) {
    let answer = HostAnswer::from_output("n1".to_owned(), input);
    let shown = ps_hosts_table(std::slice::from_ref(&answer), Page::default());
    assert!(!shown.contains('\u{1b}'), "{shown:?}");
    drop(ps_hosts_json(&[answer]));
}

fn store(input: &[u8]) {
    let run = in_folder("runs/1");
    fs::create_dir_all(&run).unwrap();
    ["run.json", "lock"].iter().for_each(|name| fs::write(run.join(name), input).unwrap());
    drop(Store::open(&in_folder("runs")).unwrap().list());
}
