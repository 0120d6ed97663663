//! Stacks of real TensorFlow: idle workers end in their worker loop, Python's lines are right, and a stop leaves nothing
//! behind.

use std::process::Command;

use serde_json::Value;

use crate::deadline::{LONG, wait_for};
use crate::target::{Target, states};
use crate::{NAMELESS, NAMING, python};

#[test]
fn every_idle_worker_is_followed_from_its_wait_to_its_start_without_a_stop() {
    for version in [NAMELESS, NAMING] {
        let Some(python) = python::tensorflow(version) else { return };
        let target = Target::start(&python, "idle.py", &["3", "2"]);
        for (origin, count) in [("tf-intra-op", 3), ("tf-inter-op", 2)] {
            let arguments = ["--group", origin];
            let stacks = wait_for("all workers sleep", LONG, || {
                let stacks = stacks(target.pid(), &arguments);
                list(&stacks["stacks"]).iter().all(|stack| stack["taken"] == "without_stop").then_some(stacks)
            });
            let stacks = list(&stacks["stacks"]);
            assert_eq!(stacks.len(), count, "{version} {origin}: {stacks:#?}");
            for stack in stacks {
                assert_eq!(stack["end"], "outermost", "{version}: {stack:#?}");
                let names = names(stack);
                let at = |name: &str| names.iter().position(|found| found.contains(name));
                let (waits, loops) = (at("WaitForWork"), at("ThreadPoolTempl::WorkerLoop"));
                assert!(waits < loops && loops.is_some(), "{version}: {names:#?}");
                assert!(loops < at("PThread::ThreadFn"), "{version}: {names:#?}");
                let outermost = list(&stack["frames"]).last().and_then(|frame| frame["library"].as_str());
                assert!(outermost.is_some_and(|path| path.contains("libc")), "{version}: {stack:#?}");
            }
        }
        let main = stacks(target.pid(), &["--tid", &target.pid().to_string()]);
        let functions = functions(&list(&main["stacks"])[0]);
        let place = |function: &str, file: &str| {
            functions.iter().position(|(name, path)| name == function && path.ends_with(file))
        };
        let (holds, module) = (place("hold", "ready.py"), place("<module>", "idle.py"));
        assert!(holds < module && holds.is_some(), "{version}: {functions:?}");
    }
}

#[test]
fn stacks_of_a_busy_process_are_taken_and_it_runs_on() {
    let Some(python) = python::tensorflow(NAMING) else { return };
    let target = Target::start(&python, "caps.py", &["2", "2"]);
    let mut stopped = 0;
    let mut computing = 0;
    for _ in 0..10 {
        let stacks = stacks(target.pid(), &["--stop"]);
        for stack in list(&stacks["stacks"]) {
            let names = names(stack);
            match stack["taken"].as_str() {
                Some("stopped") => {
                    assert!(stack["stop_ms"].as_f64().is_some_and(|ms| ms > 0.0), "{stack:#?}");
                    stopped += 1;
                }
                _ => assert_eq!(stack["stop_ms"], Value::Null),
            }
            computing += usize::from(names.iter().any(|name| name.contains("MatMul") || name.contains("Kernel")));
        }
    }
    assert!(stopped > 0, "nothing ever had to be stopped");
    assert!(computing > 0, "no thread was ever seen at work");
    let states = states(target.pid()).unwrap();
    assert!(!states.iter().any(|state| ['T', 't'].contains(state)), "{states:?}");
    let before = cpu_ticks(target.pid());
    wait_for("it runs on", LONG, || (cpu_ticks(target.pid()) > before).then_some(()));
}

#[test]
fn five_hundred_threads_take_no_longer_than_a_few_seconds() {
    let target = Target::start(&python::plain(), "threads.py", &["500"]);
    let stacks = stacks(target.pid(), &["--group", "python"]);
    let all = list(&stacks["stacks"]);
    assert_eq!(all.len(), 500);
    let ended = all.iter().filter(|stack| stack["taken"] == "without_stop" && !functions(stack).is_empty()).count();
    assert_eq!(ended, 500, "{:#?}", all.iter().find(|stack| stack["taken"] != "without_stop"));
    let wall_ms = stacks["wall_ms"].as_f64().unwrap();
    python::say(&format!("stacks of 500 threads took {wall_ms:.0} ms"));
    assert!(wall_ms < 10_000.0, "{wall_ms} ms");
    assert_eq!(stacks["stopped_ms"].as_f64(), Some(0.0));
}

pub(crate) fn stacks(pid: u32, arguments: &[&str]) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tftop"));
    let output = command.args(["stack", &pid.to_string(), "--json"]).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

pub(crate) fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap()
}

/// Short names of the native frames that have one, innermost first.
fn names(stack: &Value) -> Vec<String> {
    list(&stack["frames"]).iter().filter_map(|frame| frame["short"].as_str().map(str::to_owned)).collect()
}

/// Python's functions with their files, innermost first.
fn functions(stack: &Value) -> Vec<(String, String)> {
    let functions = list(&stack["frames"]).iter().flat_map(|frame| list(&frame["python"]));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    functions.map(|function| (text(&function["function"]), text(&function["file"]))).collect()
}

pub(crate) fn cpu_ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}
