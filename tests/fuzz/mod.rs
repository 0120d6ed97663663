//! Foreign bytes, mutated: every parser of them gives an answer or an error, never a panic, within bounds of CPU time and memory.
//! Part of the library's own tests, because parsers are private:
//!
//!     TFTOP_FUZZ_SECONDS=60 [TFTOP_FUZZ_TARGETS=cgroup,elf] [TFTOP_FUZZ_SEED=1] cargo test --lib fuzz -- --nocapture
//!
//! Without these variables each target gets a moment, always with the same inputs. The long run takes the targets in turn.

mod fake_proc;
mod mutate;
mod tape;
mod target_memory;
mod texts;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use crate::linux::proc::stat::{number as number_of, status_field, words};

/// A parser, or what uses several, and inputs that it takes.
struct FuzzTarget {
    name: &'static str,
    seeds: fn() -> Vec<Vec<u8>>,
    /// Must not panic, whatever the input.
    run: fn(&[u8]),
}

/// Without a time that was asked for.
const SHORT: Duration = Duration::from_millis(150);
/// Turns of a long run.
const TURN: Duration = Duration::from_secs(20);
/// CPU time of one input. A look's budget is 1 s in a build for debugging (see `WorkLimits`).
const LONGEST: Duration = Duration::from_secs(3);

/// Memory of one input, in bytes: what this process needs more at most while it is parsed. A few thousand times the longest
/// input.
const MOST_MEMORY: u64 = 256 << 20;
/// How often an input is tried that seems to take more: other tests of this process may have taken it meanwhile.
const TRIES: u32 = 3;

/// What came of a target.
#[derive(Default)]
struct FuzzResult {
    runs: u64,
    cpu: Duration,
    slowest: Duration,
    slowest_input: Vec<u8>,
    most_memory: u64,
}

fn targets() -> Vec<FuzzTarget> {
    let wanted = std::env::var("TFTOP_FUZZ_TARGETS").unwrap_or_default();
    let wanted: Vec<&str> = wanted.split(',').filter(|name| !name.is_empty()).collect();
    let all = [texts::TARGETS, tape::TARGETS, fake_proc::TARGETS, target_memory::TARGETS].into_iter().flatten();
    let picked = all.filter(|target| wanted.is_empty() || wanted.contains(&target.name));
    picked.map(|target| FuzzTarget { ..*target }).collect()
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

fn cpu() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

fn run_for(target: &FuzzTarget, time: Duration, random: &mut fastrand::Rng, result: &mut FuzzResult) {
    let seeds = (target.seeds)();
    seeds.iter().for_each(|seed| try_one(target, seed, result));
    let begun = Instant::now();
    while begun.elapsed() < time {
        try_one(target, &mutate::mutated(&seeds, random), result);
    }
}

fn try_one(target: &FuzzTarget, input: &[u8], result: &mut FuzzResult) {
    let before = cpu();
    let (ended, mut memory) = with_memory(|| catch_unwind(AssertUnwindSafe(|| (target.run)(input))));
    let took = cpu().saturating_sub(before);
    for _ in 1..TRIES {
        if memory > MOST_MEMORY {
            memory = memory.min(with_memory(|| catch_unwind(AssertUnwindSafe(|| (target.run)(input)))).1);
        }
    }
    result.runs += 1;
    result.cpu += took;
    if took > result.slowest {
        (result.slowest, result.slowest_input) = (took, input.to_vec());
    }
    let shown = format!("{} bytes b\"{:.400}\"", input.len(), input.escape_ascii().to_string());
    assert!(ended.is_ok(), "{} panicked at {shown}", target.name);
    assert!(took < LONGEST, "{} took {took:?} at {shown}", target.name);
    assert!(memory < MOST_MEMORY, "{} took {memory} bytes of memory at {shown}", target.name);
    result.most_memory = result.most_memory.max(memory);
}

/// What a run gives, and how many bytes more than before this process had in memory at most meanwhile.
fn with_memory<T>(run: impl FnOnce() -> T) -> (T, u64) {
    // The peak is the process's: tests that make it count anew at the same time would hide each other's.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    // From here on the peak counts anew (proc_pid_clear_refs(5)); where it can't, only new peaks are seen.
    let _ = fs::write("/proc/self/clear_refs", "5");
    let before = peak_memory();
    let given = run();
    (given, peak_memory().saturating_sub(before))
}

/// The peak of this process's resident memory in bytes; 0 where the kernel does not say.
fn peak_memory() -> u64 {
    let status = fs::read("/proc/self/status").unwrap_or_default();
    let kilobytes = status_field(&status, "VmHWM").and_then(|field| number_of(words(field).next()?));
    kilobytes.unwrap_or(0) * 1024
}

#[test]
fn memory_that_is_taken_and_given_back_is_seen() {
    let taken = (0..TRIES).map(|_| with_memory(|| drop(std::hint::black_box(vec![1_u8; 64 << 20]))).1).max();
    assert!(taken.is_some_and(|taken| taken >= 60 << 20), "{taken:?}");
}

#[test]
fn foreign_bytes_of_any_kind_are_survived() {
    let asked = number("TFTOP_FUZZ_SECONDS").map(Duration::from_secs);
    let (each, turn) = (asked.unwrap_or(SHORT), asked.map_or(SHORT, |asked| asked.min(TURN)));
    let mut random = fastrand::Rng::with_seed(number("TFTOP_FUZZ_SEED").unwrap_or(1));
    let targets = targets();
    assert!(!targets.is_empty(), "no target of this name");
    let mut results: Vec<FuzzResult> = targets.iter().map(|_| FuzzResult::default()).collect();
    let mut spent = Duration::ZERO;
    while spent < each {
        for (target, result) in targets.iter().zip(&mut results) {
            run_for(target, turn, &mut random, result);
            let FuzzResult { runs, cpu, slowest, most_memory, .. } = result;
            let (cpu, memory) = (cpu.as_secs_f64(), *most_memory >> 20);
            println!("{:<22}{runs:>10} runs {cpu:>9.1} s of CPU, slowest {slowest:?}, {memory} MB", target.name);
        }
        spent += turn;
        let (runs, cpu) = results.iter().fold((0, 0.0), |sum, one| (sum.0 + one.runs, sum.1 + one.cpu.as_secs_f64()));
        println!("all: {runs} runs, {:.3} h of CPU", cpu / 3600.0);
    }
    if asked.is_some() {
        for (target, result) in targets.iter().zip(&results) {
            println!("slowest of {}: b\"{:.400}\"", target.name, result.slowest_input.escape_ascii().to_string());
        }
    }
}
