//! What a look costs on a tape: time to hand it over, time to write it, bytes. Prints a table; judges nothing.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Instant;

use tftop::data::sample::{Counters, Identity, ProcessFact, ProcessSample, Sample, ThreadFact};
use tftop::data::{Pid, ProcessKey, ThreadKey, Tid};
use tftop::runs::recording::format::RecordingHeader;
use tftop::runs::recording::writer::RecordingWriter;

/// Looks that are averaged, a second apart.
const LOOKS: u64 = 200;

fn main() {
    println!("{:>8}  {:<12}{:>14}{:>14}{:>14}", "threads", "that run", "hand over us", "write us", "bytes");
    for threads in [100, 2_000] {
        for (share, name) in [(100, "one of 100"), (1, "all")] {
            let looks: Vec<Sample> = (1..=LOOKS).map(|second| look(second, threads, share)).collect();
            let mut tape = Vec::new();
            let mut writer = RecordingWriter::new(&mut tape, RecordingHeader::new(0, 0), u64::MAX).unwrap();
            // The first look describes every thread; it is not among those that are averaged.
            writer.write(look(0, threads, share)).unwrap();
            let begun = Instant::now();
            let handed: Vec<Sample> = looks.to_vec();
            let handed_us = begun.elapsed().as_secs_f64() * 1e6 / LOOKS as f64;
            let begun = Instant::now();
            handed.into_iter().for_each(|sample| writer.write(sample).unwrap());
            let written_us = begun.elapsed().as_secs_f64() * 1e6 / LOOKS as f64;
            writer.finish().unwrap();
            let bytes = tape.len() as u64 / LOOKS;
            println!("{threads:>8}  {name:<12}{handed_us:>14.0}{written_us:>14.0}{bytes:>14}");
        }
    }
}

/// Threads of which one in `share` has run, by a time that looks like chance.
fn look(second: u64, threads: u32, share: u32) -> Sample {
    let key = ProcessKey { pid: Pid(1), start_ticks: 1 };
    let thread = |n: u32| {
        let chance = u64::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left((second % 64) as u32) % 1_000_000_000;
        let ran = if n.is_multiple_of(share) { second * 1_000_000_000 + chance } else { 0 };
        ThreadFact {
            key: ThreadKey { tid: Tid(n), start_ticks: 1 },
            counters: Counters { run_ns: ran, wait_ns: ran / 3, slices: ran / 1_000_000 },
            cpu_ticks: ran / 10_000_000,
            state: Default::default(),
            last_cpu: Some(n % 8),
            affinity: None,
            identity: Arc::new(Identity { comm: "tf_Compute".into(), ..Identity::default() }),
        }
    };
    let fact = Arc::new(ProcessFact { key, ..ProcessFact::default() });
    let process = ProcessSample { fact, threads: (0..threads).map(thread).collect(), ..ProcessSample::default() };
    Sample { at_ns: second * 1_000_000_000, processes: vec![process], ..Sample::default() }
}
