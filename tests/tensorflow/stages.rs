//! Stages of tf.data: what `tftop stack` says that each thread is at must be what gdb's backtrace of it says.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::deadline::LONG;
use crate::stacks::{list, stacks};
use crate::target::Target;
use crate::{NAMELESS, NAMING, python};

/// What the pipelines of stages.py are made of, as far as it has threads or holds one up.
const STAGES: [&str; 7] =
    ["MapAndBatch", "ParallelInterleave", "ParallelMap", "ParallelBatch", "Prefetch", "Generator", "autotune loop"];

/// The stage of every thread of a process; none where it is at no stage.
type StageOf = BTreeMap<u32, Option<String>>;

#[test]
fn the_stage_of_every_thread_is_the_one_that_gdb_shows() {
    match Command::new("gdb").arg("--version").output() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            python::say(&format!("{}: SKIPPED, because there is no gdb to compare with", python::test_name()));
            return;
        }
        found => assert!(found.unwrap().status.success()),
    }
    for version in [NAMELESS, NAMING] {
        let Some(python) = python::tensorflow(version) else { return };
        let target = Target::start(&python, "stages.py", &[]);
        let (said, shown) = at_rest(target.pid());
        assert_eq!(said, shown, "{version}: tftop on the left, gdb on the right");
        let stages: BTreeSet<&str> = shown.values().flatten().map(String::as_str).collect();
        assert_eq!(stages, STAGES.into(), "{version}: {shown:#?}");
        assert!(shown.values().any(Option::is_none), "{version}: {shown:#?}");
    }
}

/// What tftop says and what gdb shows of threads that rest: tftop must say the same before and after gdb looked.
fn at_rest(pid: u32) -> (StageOf, StageOf) {
    let end = Instant::now() + LONG;
    loop {
        let before = said(pid);
        let late = Instant::now() >= end;
        // Late, gdb is asked all the same: the difference is what went wrong.
        if late || STAGES.iter().all(|stage| before.values().flatten().any(|said| said == stage)) {
            let shown = shown(pid);
            if late || before == said(pid) {
                return (before, shown);
            }
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// By tftop.
fn said(pid: u32) -> StageOf {
    let stacks = stacks(pid, &["--stop"]);
    let one = |stack: &serde_json::Value| {
        let tid = u32::try_from(stack["tid"].as_u64().unwrap()).unwrap();
        let meaning = &stack["meaning"];
        let stage = (meaning["kind"] == "stage").then(|| meaning["label"].as_str().unwrap().to_owned());
        (tid, stage)
    };
    list(&stacks["stacks"]).iter().map(one).collect()
}

/// By gdb.
fn shown(pid: u32) -> StageOf {
    let mut gdb = Command::new("gdb");
    gdb.args(["-nx", "-batch", "-p", &pid.to_string(), "-ex", "set pagination off", "-ex", "set width 0"]);
    let output = gdb.args(["-ex", "thread apply all bt"]).env_remove("DEBUGINFOD_URLS").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let mut stages = StageOf::new();
    let mut tid = None;
    for line in text.lines() {
        if line.starts_with("Thread ")
            && let Some((_, rest)) = line.split_once("(LWP ")
        {
            tid = rest.split(')').next().and_then(|number| number.parse().ok());
            stages.insert(tid.unwrap_or_else(|| panic!("{line}")), None);
        }
        // Frames come innermost first.
        if let (true, Some(tid)) = (line.starts_with('#'), tid)
            && let Some(stage @ None) = stages.get_mut(&tid)
        {
            *stage = stage_of(line);
        }
    }
    assert!(!stages.is_empty(), "gdb: {}", String::from_utf8_lossy(&output.stderr));
    stages
}

/// `#5  0x… in tensorflow::data::PrefetchDatasetOp::Dataset::Iterator::PrefetchThread(…) () from …`: Prefetch.
fn stage_of(frame: &str) -> Option<String> {
    let (_, function) = frame.split_once(" in tensorflow::data::")?;
    let function = function.replace("(anonymous namespace)::", "");
    let name = function.split(['(', '<']).next()?;
    if name.starts_with("model::Model::Optimize") {
        return Some("autotune loop".to_owned());
    }
    let class = name.split("::").find(|part| part.contains("DatasetOp"))?;
    class.split("Dataset").next().filter(|stage| !stage.is_empty()).map(str::to_owned)
}
