//! What an hour of a live target takes in memory, what handing a look over costs whoever looks and when it is kept, and how long it takes to go back. Prints a table;
//! judges nothing.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tftop::data::sample::{Counters, Identity, ProcessFact, ProcessSample, Sample, ThreadFact};
use tftop::data::{Pid, ProcessKey, ThreadKey, Tid};
use tftop::model::build_scene::Model;
use tftop::model::origin::families::Families;
use tftop::runs::history::history_writer::HistoryWriter;
use tftop::runs::history::live_history::{LIMIT, SharedHistory};
use tftop::runs::history::live_player::{LivePlayer, OlderLooks};
use tftop::runs::recording::taken_look::TakenLook;

/// Looks, a second apart.
const LOOKS: u64 = 3_600;
/// Moments that are gone to.
const JUMPS: u64 = 40;

fn main() {
    println!("at most {:.1} MB; of {LOOKS} looks, a second apart:", LIMIT as f64 / 1e6);
    println!(
        "{:>8}  {:<10}{:>10}{:>12}{:>12}{:>10}{:>10}{:>12}{:>12}",
        "threads", "that run", "looks", "reckoned MB", "resident MB", "hand us", "kept us", "go back ms", "worst ms"
    );
    for threads in [20, 200, 2_000] {
        for (share, name) in [(10, "one of 10"), (1, "all")] {
            hour(threads, share, name);
        }
    }
}

fn hour(threads: u32, share: u32, name: &str) {
    let at_start = resident();
    let history = SharedHistory::new();
    let mut writer = HistoryWriter::start(history.clone()).unwrap();
    let mut before = Arc::default();
    let mut model = Model::new(Families::builtin());
    let identity = Arc::new(Identity { comm: "tf_Compute".into(), ..Identity::default() });
    let (mut kept_us, mut there_us) = (0.0, 0.0);
    for second in 1..=LOOKS {
        let sample = Arc::new(look(second, (threads, share), &identity));
        let taken = Arc::new(TakenLook::new(before, sample.clone()));
        let begun = Instant::now();
        writer.take(&model, &taken, false);
        kept_us += begun.elapsed().as_secs_f64() * 1e6;
        // One after the other, as looks come.
        while history.lock().looks_ns().last() != Some(&sample.at_ns) {
            std::thread::sleep(Duration::from_micros(20));
        }
        there_us += begun.elapsed().as_secs_f64() * 1e6;
        model.next(sample.clone());
        before = sample;
    }
    // One after the other: both guards at once would wait for each other.
    let looks = history.lock().looks_ns();
    let bytes = history.lock().bytes();
    let memory = resident().saturating_sub(at_start);
    let mut past = LivePlayer::new(history, OlderLooks::Nowhere(String::new()), Families::builtin());
    let (mut sum_ms, mut worst_ms) = (0.0, 0.0_f64);
    for jump in 0..JUMPS {
        let at = looks[(jump as usize * 7_919) % looks.len()];
        let begun = Instant::now();
        past.show_at(at).unwrap();
        let ms = begun.elapsed().as_secs_f64() * 1e3;
        (sum_ms, worst_ms) = (sum_ms + ms, worst_ms.max(ms));
    }
    println!(
        "{threads:>8}  {name:<10}{:>10}{:>12.1}{:>12.1}{:>10.0}{:>10.0}{:>12.1}{worst_ms:>12.1}",
        looks.len(),
        bytes as f64 / 1e6,
        memory as f64 / 1e6,
        kept_us / LOOKS as f64,
        there_us / LOOKS as f64,
        sum_ms / JUMPS as f64,
    );
}

/// Bytes of this process in memory.
fn resident() -> u64 {
    let pages = fs::read_to_string("/proc/self/statm").unwrap();
    pages.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * rustix::param::page_size() as u64
}

/// Threads of which one in `share` has run, by a time that looks like chance.
fn look(second: u64, (threads, share): (u32, u32), identity: &Arc<Identity>) -> Sample {
    let key = ProcessKey { pid: Pid(1), start_ticks: 1 };
    let thread = |n: u32| {
        let chance = u64::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left((second % 64) as u32) % 1_000_000_000;
        let ran = if n.is_multiple_of(share) { second * 1_000_000_000 + chance } else { 0 };
        ThreadFact {
            key: ThreadKey { tid: Tid(n), start_ticks: 1 },
            counters: Counters { run_ns: ran, wait_ns: ran / 3, slices: ran / 1_000_000 },
            cpu_ticks: ran / 10_000_000,
            state: Default::default(),
            last_cpu: Some((chance % 8) as u32),
            affinity: None,
            identity: identity.clone(),
        }
    };
    let fact = Arc::new(ProcessFact { key, ..ProcessFact::default() });
    let process = ProcessSample { fact, threads: (0..threads).map(thread).collect(), ..ProcessSample::default() };
    Sample { at_ns: second * 1_000_000_000, interval_ns: 1_000_000_000, processes: vec![process], ..Sample::default() }
}
