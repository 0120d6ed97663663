//! Identification on recordings of real processes: TensorFlow 2.21 and 2.18 (glibc 2.36), a program on glibc 2.31, one with
//! std::threads. What is expected of TensorFlow's was found out by an independent program on the same processes. New
//! ones are made with `TFTOP_RECORD=PID:FILE cargo test --lib identify::recorded_tests::record -- --ignored`.

use std::collections::HashMap;
use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;

use crate::data::sample::{NameSource, StartRoutine, TargetName};
use crate::data::{Address, Pid, Tid};
use crate::probe::identify::identifier::{Identification, Identifier};
use crate::probe::image;
use crate::probe::image::MemoryImage;

/// Library, symbol and name by thread; none is the main thread, `-` nothing.
type Expected = HashMap<Tid, [String; 3]>;

const ALL: [&str; 4] = ["tensorflow-2.21", "tensorflow-2.18", "glibc-2.31", "std-thread"];

fn recording(name: &str) -> MemoryImage {
    static READ: LazyLock<HashMap<&str, MemoryImage>> = LazyLock::new(|| {
        let read = |name| {
            let path = Path::new("tests/data/recorded").join(format!("{name}.json"));
            (name, serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap())
        };
        ALL.into_iter().map(read).collect()
    });
    READ[name].clone()
}

fn expected(name: &str) -> Expected {
    let path = format!("tests/data/recorded/{name}.tsv");
    let row = |line: &str| {
        let mut fields = line.split('\t').map(str::to_owned);
        (Tid(fields.next().unwrap().parse().unwrap()), [(); 3].map(|()| fields.next().unwrap()))
    };
    std::fs::read_to_string(path).unwrap().lines().map(row).collect()
}

fn identify(recording: &MemoryImage) -> Identification {
    Identifier::of(Box::new(recording.clone())).identify(&recording.threads)
}

fn summary((entry, name): &(Option<StartRoutine>, Option<TargetName>)) -> [String; 3] {
    let library = entry.as_ref().and_then(|entry| entry.library.as_ref()).map(|path| path.rsplit('/').next().unwrap());
    let symbol = entry.as_ref().and_then(|entry| entry.symbol.as_deref());
    let name = name.as_ref().map(|name| name.name.as_str());
    [library, symbol, name].map(|text| text.unwrap_or("-").to_owned())
}

#[test]
fn every_thread_of_a_tensorflow_process_is_named() {
    for name in ["tensorflow-2.21", "tensorflow-2.18"] {
        let expected = expected(name);
        let evidence = identify(&recording(name));
        assert!(evidence.missing.is_none() && evidence.gaps.is_empty(), "{:?} {:?}", evidence.missing, evidence.gaps);
        let found: Expected = evidence.threads.iter().map(|(&tid, thread)| (tid, summary(thread))).collect();
        assert_eq!(found, expected, "{name}");
        let names = || found.values().map(|[_, _, name]| name.as_str());
        assert_eq!(names().filter(|name| *name == "tf_numa_-1_Eigen").count(), 2);
        assert!(names().any(|name| name == "tf_data_private_threadpool"));
    }
}

#[test]
fn tensorflow_and_python_are_recognised_with_their_versions() {
    for (name, version) in [("tensorflow-2.21", "2.21.0"), ("tensorflow-2.18", "2.18.1")] {
        let mut identifier = Identifier::of(Box::new(recording(name)));
        identifier.read_maps();
        let tensorflow = identifier.tensorflow().unwrap();
        assert_eq!(tensorflow.version.as_deref(), Some(version));
        assert!(
            tensorflow.library.unwrap().ends_with("/tensorflow/libtensorflow_framework.so.2") && !tensorflow.guessed
        );
        assert_eq!(identifier.python().unwrap().version.as_deref(), Some("3.11"));
    }
}

#[test]
fn lists_of_a_glibc_before_2_34_are_read_too() {
    let evidence = identify(&recording("glibc-2.31"));
    let symbols = evidence.threads.values().filter_map(|(entry, _)| entry.as_ref()?.symbol.as_deref());
    assert_eq!(symbols.collect::<Vec<_>>(), ["sleeper"; 3]);
    assert_eq!((evidence.threads.len(), evidence.missing), (4, None));
}

#[test]
fn a_std_thread_belongs_to_the_library_of_its_vtable() {
    let evidence = identify(&recording("std-thread"));
    let owners = evidence.threads.values().filter_map(|(entry, _)| entry.as_ref()?.owner.as_ref());
    let owners: Vec<_> =
        owners.map(|owner| (owner.library.rsplit('/').next().unwrap(), owner.symbol.is_some())).collect();
    assert_eq!(owners, [("libowner.so", true); 2]);
}

#[test]
fn a_stripped_tensorflow_names_its_threads_by_their_shape() {
    let mut recording = recording("tensorflow-2.21");
    for (path, library) in &mut recording.libraries {
        if path.ends_with("libtensorflow_framework.so.2") {
            library.holding.clear();
        }
    }
    let whole = expected("tensorflow-2.21");
    for (tid, thread) in identify(&recording).threads {
        let [_, _, name] = &whole[&tid];
        let found = thread.1.map(|found| (found.name.to_string(), found.source));
        assert_eq!(found, (name != "-").then(|| (name.clone(), NameSource::TensorFlowByShape)));
    }
}

#[test]
fn a_hole_in_memory_costs_only_what_lay_in_it() {
    for name in ALL {
        let whole = recording(name);
        let truth = identify(&whole);
        for hole in whole.memory.keys() {
            let mut torn = whole.clone();
            torn.memory.remove(hole);
            let found = identify(&torn);
            assert_eq!(found.missing.is_some(), found.threads.len() < torn.threads.len(), "{name} without {hole}");
            for (tid, (entry, name)) in &found.threads {
                let (true_entry, true_name) = &truth.threads[tid];
                let same_start =
                    entry.as_ref().map(|entry| entry.address) == true_entry.as_ref().map(|entry| entry.address);
                assert!(same_start && (name == true_name || name.is_none()));
            }
        }
        assert!(whole.memory.len() > 5, "{name} is no recording of a walk");
    }
}

#[test]
fn a_list_that_runs_in_a_circle_ends_and_says_so() {
    let whole = recording("tensorflow-2.21");
    let mut torn = whole.clone();
    // A node of the list begins with the address of the next one: every chunk of memory that is a node leads to itself now.
    let nodes: Vec<Address> =
        whole.memory.keys().copied().filter(|start| points_into_recording(&whole, *start)).collect();
    for node in &nodes {
        torn.memory.get_mut(node).unwrap().0[..8].copy_from_slice(&node.0.to_le_bytes());
    }
    assert!(nodes.len() > 20);
    let found = identify(&torn);
    assert!(found.threads.len() < torn.threads.len());
    assert!(found.missing.unwrap().contains("thread list could not be read to its end"));
}

fn points_into_recording(recording: &MemoryImage, at: Address) -> bool {
    let first = recording.memory[&at].0.first_chunk().map(|word| Address(u64::from_le_bytes(*word)));
    first.is_some_and(|next| recording.memory.contains_key(&next) && recording.memory[&at].0.len() > 16)
}

#[test]
fn garbage_where_a_name_should_be_is_no_name() {
    let whole = recording("tensorflow-2.21");
    let mut torn = whole.clone();
    for bytes in torn.memory.values_mut().filter(|bytes| (24..=64).contains(&bytes.0.len())) {
        bytes.0[8..16].copy_from_slice(&u64::MAX.to_le_bytes());
    }
    let found = identify(&torn);
    assert_eq!(found.threads.len(), whole.threads.len());
    let names = |evidence: &Identification| evidence.threads.values().filter(|(_, name)| name.is_some()).count();
    assert!(names(&identify(&whole)) > 20 && names(&found) == 0);
}

#[test]
fn no_wanted_thread_is_left_without_a_word_when_maps_are_gone() {
    let mut recording = recording("glibc-2.31");
    recording.maps.clear();
    let found = identify(&recording);
    assert!(found.threads.is_empty() && found.missing.is_some());
}

#[test]
fn musl_is_named_as_the_reason() {
    let mut recording = recording("glibc-2.31");
    recording.maps = vec!["1000-2000 r-xp 00000000 00:00 7 /lib/ld-musl-x86_64.so.1".to_owned()];
    assert!(identify(&recording).missing.unwrap().contains("musl"));
}

proptest! {
    #[test]
    fn wild_memory_is_walked_without_panic_and_without_end(
        which in 0..ALL.len(),
        wounds in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), wild()), 1..40),
    ) {
        let mut torn = recording(ALL[which]);
        let starts: Vec<Address> = torn.memory.keys().copied().collect();
        for (region, at, value) in wounds {
            let address = *region.get(&starts);
            // Wild pointers also lead to other recorded places: that is how cycles and crossed lists come about.
            let value = value.unwrap_or_else(|index| index.get(&starts).0);
            let bytes = &mut torn.memory.get_mut(&address).unwrap().0;
            let at = at.index(bytes.len().div_ceil(8)) * 8;
            let end = (at + 8).min(bytes.len());
            bytes[at..end].copy_from_slice(&value.to_le_bytes()[..end - at]);
        }
        let found = identify(&torn);
        prop_assert!(found.threads.len() <= torn.threads.len());
        prop_assert_eq!(found.missing.is_some(), found.threads.len() < torn.threads.len());
    }
}

fn wild() -> impl Strategy<Value = Result<u64, prop::sample::Index>> {
    prop_oneof![any::<u64>().prop_map(Ok), Just(Ok(0)), Just(Ok(u64::MAX)), any::<prop::sample::Index>().prop_map(Err),]
}

/// Not a test: records what identification reads of a process.
#[test]
#[ignore = "records a process"]
fn record() {
    let request = std::env::var("TFTOP_RECORD").unwrap();
    let (pid, file) = request.split_once(':').unwrap();
    let recording = image::capture(Path::new("/proc"), Pid(pid.parse().unwrap())).unwrap();
    std::fs::write(file, serde_json::to_string(&recording).unwrap() + "\n").unwrap();
}
