//! Stacks of real TensorFlow, recorded: registers, the words of the stacks and the parts of files that were read. Made
//! with `TFTOP_RECORD_STACKS=PID:FILE cargo test --lib recorded_tests::record -- --ignored`.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use crate::data::sample::{Frame, StackEnd};
use crate::data::{Pid, Tid};
use crate::probe::image::{MemoryImage, recorder};
use crate::probe::stack::asleep::{CodePosition, TaskDir, standing};
use crate::probe::stack::merge;
use crate::probe::stack::places::AddressMap;
use crate::probe::stack::registers::Registers;
use crate::probe::stack::step::RowBuffer;
use crate::probe::stack::step_out::MOST_FRAMES;
use crate::probe::stack::walk::{StackWalk, walk};
use crate::probe::target::live_target::IdentifyTarget;

#[derive(Serialize, Deserialize)]
struct Recorded {
    recording: MemoryImage,
    threads: Vec<Thread>,
}

#[derive(Serialize, Deserialize)]
struct Thread {
    syscall: String,
    frames: Vec<Frame>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/recorded")
}

fn recorded() -> Recorded {
    serde_json::from_str(&fs::read_to_string(folder().join("stacks-tensorflow-2.21.json")).unwrap()).unwrap()
}

fn walked(target: &dyn IdentifyTarget, syscall: &str) -> (StackWalk, Vec<Frame>) {
    let mut places = AddressMap::default();
    places.look_again(target).unwrap();
    let Some(CodePosition::Asleep { pc, sp, .. }) = standing(syscall) else { panic!("{syscall}") };
    let walk = walk(target, &mut places, target, Registers::new(pc, sp), &mut RowBuffer::new());
    let named = places.name(target, walk.frames.iter().map(|frame| frame.lookup), &mut Vec::new());
    let frames = walk.frames.iter().map(|frame| merge::native(frame, named.get(&frame.lookup))).collect();
    (walk, frames)
}

// The recorded registers are those of an x86-64.
#[cfg(target_arch = "x86_64")]
#[test]
fn recorded_workers_are_followed_to_their_start() {
    let recorded = recorded();
    assert_eq!(recorded.threads.len(), 2);
    for thread in &recorded.threads {
        let (walk, frames) = walked(&recorded.recording, &thread.syscall);
        assert_eq!((walk.end, &frames), (StackEnd::Outermost, &thread.frames));
        let worker = "_ZN5Eigen15ThreadPoolTemplIN3tsl6thread16EigenEnvironmentEE10WorkerLoopEi";
        assert!(frames.iter().any(|frame| frame.symbol.as_deref() == Some(worker)), "{frames:#?}");
    }
}

#[test]
fn a_hole_in_the_stack_is_said_and_nothing_behind_it_is_made_up() {
    let Recorded { recording, threads } = recorded();
    let whole = &threads[0];
    for hole in recording.memory.keys() {
        let mut torn = recording.clone();
        torn.memory.remove(hole);
        let (walk, frames) = walked(&torn, &whole.syscall);
        match walk.end {
            StackEnd::Outermost => assert_eq!(frames, whole.frames, "{hole}"),
            _ => assert!(whole.frames.starts_with(&frames), "{hole}: {frames:#?}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn damaged_recordings_are_walked_without_panic(
        wounds in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>()), 1..60),
        in_files in any::<bool>(),
    ) {
        let Recorded { mut recording, threads } = recorded();
        let mut parts: Vec<&mut Vec<u8>> = match in_files {
            true => recording.files.values_mut().flat_map(|file| file.parts.values_mut()).map(|part| &mut part.0).collect(),
            false => recording.memory.values_mut().map(|part| &mut part.0).collect(),
        };
        let count = parts.len();
        for (part, at, value) in wounds {
            let part = &mut parts[part.index(count)];
            let at = at.index(part.len());
            part[at] = value;
        }
        for thread in &threads {
            let (walk, _) = walked(&recording, &thread.syscall);
            prop_assert!(walk.frames.len() <= MOST_FRAMES);
        }
    }
}

/// Not a test: records the sleeping workers of a process.
#[test]
#[ignore = "records a process"]
fn record() {
    let request = std::env::var("TFTOP_RECORD_STACKS").unwrap();
    let (pid, file) = request.split_once(':').unwrap();
    let pid = Pid(pid.parse().unwrap());
    let (target, log) = recorder(Path::new("/proc"), pid);
    let mut threads = Vec::new();
    for task in fs::read_dir(format!("/proc/{pid}/task")).unwrap() {
        let folder = task.unwrap().path();
        let tid = Tid(folder.file_name().unwrap().to_str().unwrap().parse().unwrap());
        let task = TaskDir::new(Path::new("/proc"), pid, tid);
        let before = task.look().unwrap();
        let syscall = fs::read_to_string(folder.join("syscall")).unwrap();
        if !matches!(before.standing(), Some(CodePosition::Asleep { .. })) {
            continue;
        }
        let (walk, frames) = walked(&*target, &syscall);
        let works =
            frames.iter().any(|frame| frame.symbol.as_ref().is_some_and(|symbol| symbol.contains("WorkerLoop")));
        if works && walk.end == StackEnd::Outermost && task.look().unwrap() == before {
            threads.push(Thread { syscall, frames });
        }
    }
    let mut recording = log.lock().unwrap().clone();
    recording.keep_needed_lines();
    fs::write(file, serde_json::to_string(&Recorded { recording, threads }).unwrap() + "\n").unwrap();
}
