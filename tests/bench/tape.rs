//! What a recording costs, and how fast it is read: prints tables, judges nothing.
//!
//! `cargo bench --bench tape` a look: time to hand it over, time to write it, bytes; `-- long 100` a recording of 100 MB: written,
//! opened, moments of it found, played; `-- memory` what a checkpoint and a scene take for each thread.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tftop::data::sample::{
    Cost, Counters, CpuTime, HostFact, Identity, ProcessFact, ProcessSample, Sample, ThreadFact,
};
use tftop::data::{Pid, ProcessKey, ThreadKey, Tid};
use tftop::model::build_scene::Model;
use tftop::model::origin::families::Families;
use tftop::runs::player::Player;
use tftop::runs::recorded::Recorded;
use tftop::runs::recording::format::RecordingHeader;
use tftop::runs::recording::writer::RecordingWriter;

const SECOND: u64 = 1_000_000_000;
/// Looks that are averaged, a second apart.
const LOOKS: u64 = 600;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.first().map(String::as_str) {
        Some("long") => long(arguments.get(1).and_then(|size| size.parse().ok()).unwrap_or(100)),
        Some("memory") => memory(),
        _ => looks(),
    }
}

fn looks() {
    println!(
        "{:>8}{:>8}{:>14}{:>14}{:>14}{:>14}{:>14}",
        "threads", "busy", "hand over us", "write us", "% of a CPU", "bytes a look", "MB an hour"
    );
    for (threads, busy) in [(200, 20), (200, 200), (2_000, 20), (2_000, 2_000), (10_000, 20)] {
        let mut target = Target::new(threads, busy);
        let looks: Vec<Arc<Sample>> = (0..LOOKS).map(|_| Arc::new(target.look())).collect();
        let begun = Instant::now();
        let handed: Vec<Arc<Sample>> = looks.to_vec();
        let handed_us = begun.elapsed().as_secs_f64() * 1e6 / LOOKS as f64;
        let mut tape = Vec::new();
        let mut writer = RecordingWriter::new(&mut tape, RecordingHeader::new(0, 0), u64::MAX).unwrap();
        let begun = Instant::now();
        handed.into_iter().for_each(|sample| writer.write(sample).unwrap());
        writer.finish().unwrap();
        let written_us = begun.elapsed().as_secs_f64() * 1e6 / LOOKS as f64;
        let bytes = tape.len() as u64 / LOOKS;
        let share = (handed_us + written_us) / 1e4;
        let hour = bytes as f64 * 3_600.0 / 1e6;
        println!("{threads:>8}{busy:>8}{handed_us:>14.1}{written_us:>14.0}{share:>14.3}{bytes:>14}{hour:>14.2}");
    }
}

fn long(megabytes: u64) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("samples.tape");
    let mut target = Target::new(200, 20);
    let mut writer = RecordingWriter::new(File::create(&path).unwrap(), RecordingHeader::new(0, 0), u64::MAX).unwrap();
    while writer.bytes() < megabytes * 1_000_000 {
        writer.write(target.look()).unwrap();
    }
    let looks = writer.finish().unwrap().looks;
    println!("{looks} looks of 200 threads, {} MB", fs::metadata(&path).unwrap().len() / 1_000_000);
    let ms = |begun: Instant| begun.elapsed().as_secs_f64() * 1e3;
    let open = || Recorded::open(File::open(&path).unwrap(), "long", false).unwrap();
    let begun = Instant::now();
    let recorded = open();
    let found = ms(begun);
    let mut player = Player::open(recorded, Families::builtin()).unwrap();
    println!("opened in {found:.1} ms, its first scene after {:.1} ms", ms(begun));
    let mut random = fastrand::Rng::with_seed(1);
    let mut seeks: Vec<f64> = (0..100)
        .map(|_| {
            let look = random.usize(..=player.last());
            let begun = Instant::now();
            player.go(look, || false).unwrap();
            ms(begun)
        })
        .collect();
    seeks.sort_by(f64::total_cmp);
    println!("a moment anywhere is found in {:.0} ms (median), {:.0} ms (slowest of 100)", seeks[50], seeks[99]);
    let from = player.last() / 2;
    player.go(from, || false).unwrap();
    let begun = Instant::now();
    (1..=600).for_each(|look| drop(player.go(from + look, || false).unwrap()));
    println!("plays {:.0} looks a second; at 60x ten are enough", 600.0 / begun.elapsed().as_secs_f64());
    let mut recorded = open();
    let begun = Instant::now();
    recorded.judged(recorded.length() / 3, Duration::from_secs(12), Families::builtin()).unwrap();
    println!("a report on a moment takes {:.0} ms", ms(begun));
    let span = player.last() - 200;
    let begun = Instant::now();
    let (first, mut reader) = recorded.reader_before(span).unwrap();
    (first..=span).for_each(|_| drop(reader.next()));
    let indexed = ms(begun);
    let begun = Instant::now();
    let mut reader = recorded.reader().unwrap();
    (0..=span).for_each(|_| drop(reader.next()));
    println!("a span near its end is begun in {indexed:.0} ms; all before it is read in {:.0} ms", ms(begun));
    let file = OpenOptions::new().read(true).write(true).open(&path).unwrap();
    let length = file.metadata().unwrap().len();
    file.set_len(length - 1_000).unwrap();
    let begun = Instant::now();
    println!(
        "cut: opened in {:.1} ms, {:?}",
        {
            open();
            ms(begun)
        },
        open().length()
    );
    let at = length / 2;
    let mut bytes = vec![0; 1 << 20];
    file.read_exact_at(&mut bytes, at).unwrap();
    let header = bytes.windows(4).position(|bytes| bytes == [0x1f, 0x8b, 8, 4]).unwrap() as u64;
    file.write_all_at(b"XX", at + header + 12).unwrap();
    let begun = Instant::now();
    println!(
        "its index broken: opened in {:.0} ms, {:?}",
        {
            open();
            ms(begun)
        },
        open().length()
    );
}

/// Resident memory by the kernel's count (proc_pid_statm(5)), before and after many of a kind were made.
fn memory() {
    println!("{:>8}{:>22}{:>22}", "threads", "model, bytes", "scene, bytes");
    for threads in [20, 200, 2_000] {
        let mut target = Target::new(threads, 20);
        let mut model = Model::new(Families::builtin());
        let mut scene = model.next(Arc::new(target.look()));
        (0..100).for_each(|_| scene = model.next(Arc::new(target.look())));
        // What is freed is taken again and would not show.
        let (model_bytes, _models) = each(|| model.clone());
        let (scene_bytes, _scenes) = each(|| scene.clone());
        println!("{threads:>8}{model_bytes:>22}{scene_bytes:>22}");
    }
}

fn each<T>(make: impl Fn() -> T) -> (u64, Vec<T>) {
    const MANY: usize = 100;
    let resident = || -> u64 {
        let pages: u64 = fs::read_to_string("/proc/self/statm").unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        pages * 4_096
    };
    let before = resident();
    let made: Vec<T> = (0..MANY).map(|_| make()).collect();
    (resident().saturating_sub(before) / MANY as u64, made)
}

/// Threads of a training run, of which so many run at every look, by a time that looks like chance, and one in sixty of the others
/// now and then.
struct Target {
    sample: Sample,
    busy: usize,
    random: fastrand::Rng,
}

impl Target {
    fn new(threads: u32, busy: usize) -> Self {
        let key = ProcessKey { pid: Pid(1), start_ticks: 1 };
        let affinity = Some(Arc::new("0-15".parse().unwrap()));
        let thread = |n: u32| ThreadFact {
            key: ThreadKey { tid: Tid(1 + n), start_ticks: 1 + u64::from(n) },
            counters: Counters::default(),
            cpu_ticks: 0,
            state: Default::default(),
            last_cpu: Some(n % 16),
            affinity: affinity.clone(),
            identity: Arc::new(Identity { comm: "tf_Compute".into(), ..Identity::default() }),
        };
        let fact = Arc::new(ProcessFact { key, command: vec!["python".into()], ..ProcessFact::default() });
        let process = ProcessSample { fact, threads: (0..threads).map(thread).collect(), ..ProcessSample::default() };
        let host = HostFact { online: "0-15".parse().unwrap(), ticks_per_second: 100, ..HostFact::default() };
        let cpus = (0..16).map(|cpu| CpuTime { cpu, busy_ticks: 0, idle_ticks: 0, steal_ticks: 0 }).collect();
        let sample =
            Sample { interval_ns: SECOND, host: Arc::new(host), cpus, processes: vec![process], ..Sample::default() };
        Self { sample, busy, random: fastrand::Rng::with_seed(1) }
    }

    fn look(&mut self) -> Sample {
        let random = &mut self.random;
        self.sample.at_ns += SECOND + random.u64(..200_000);
        self.sample.late_ns = random.u64(..200_000);
        self.sample.cost =
            Cost { cpu_ns: random.u64(..2_000_000), wall_ns: random.u64(..2_000_000), bytes_read: 90_000 };
        for cpu in &mut self.sample.cpus {
            let busy = random.u64(..=100);
            (cpu.busy_ticks, cpu.idle_ticks) = (cpu.busy_ticks + busy, cpu.idle_ticks + 100 - busy);
        }
        for (place, thread) in self.sample.processes[0].threads.iter_mut().enumerate() {
            let is_busy = place < self.busy;
            if !is_busy && random.u8(..60) > 0 {
                continue;
            }
            let most = if is_busy { SECOND } else { 100_000 };
            let ran = random.u64(..most);
            thread.counters.run_ns += ran;
            thread.counters.wait_ns += random.u64(..most / 4);
            thread.counters.slices += 1 + random.u64(..=most / 5_000_000);
            thread.cpu_ticks += ran / 10_000_000;
            thread.last_cpu = Some(random.u32(..16));
        }
        self.sample.clone()
    }
}
