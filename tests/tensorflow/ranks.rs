//! Ranks of a job, as mpirun starts them: found together, judged together, and each with a part of the CPUs.

use std::process::Command;

use serde_json::Value;

use crate::deadline::{LONG, wait_for};
use crate::target::Target;
use crate::{NAMING, python};

/// What Open MPI tells a rank of two.
fn told(rank: &str) -> [(&'static str, &str); 4] {
    [
        ("OMPI_COMM_WORLD_RANK", rank),
        ("OMPI_COMM_WORLD_SIZE", "2"),
        ("OMPI_COMM_WORLD_LOCAL_RANK", rank),
        ("OMPI_COMM_WORLD_LOCAL_SIZE", "2"),
    ]
}

fn tftop(arguments: &[&str]) -> (Value, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_tftop")).args(arguments).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    (serde_json::from_str(&text).unwrap_or_default(), text)
}

#[test]
fn the_ranks_of_a_job_are_listed_together_and_watched_as_one() {
    let Some(python) = python::tensorflow(NAMING) else { return };
    let job_name = std::process::id().to_string();
    let launcher = Target::start(&python, "ranks.py", &["2", &job_name]);
    let pids: Vec<u32> = serde_json::from_value(launcher.facts()["ranks"].clone()).unwrap();
    let job = wait_for("the job is listed with its demand", LONG, || {
        let (listing, _) = tftop(&["ps", "--json"]);
        let job = listing["jobs"].as_array()?.iter().find(|job| job["name"] == job_name.as_str())?.clone();
        job["demand"].is_object().then_some(job)
    });
    assert_eq!((&job["launcher"], &job["ranks"]), (&"open_mpi".into(), &2.into()));
    let listed: Vec<u64> = job["pids"].as_array().unwrap().iter().filter_map(Value::as_u64).collect();
    assert!(pids.iter().all(|&pid| listed.contains(&u64::from(pid))) && listed.len() == 2, "{job}");
    assert_eq!(job["share"].as_f64().unwrap(), job["effective_cpus"].as_f64().unwrap() / 2.0);

    // The order in which their pids were given does not matter: whoever is named, the others come with him.
    for &pid in &pids {
        let (report, text) = tftop(&["report", "--job", "--for", "2s", "--json", &pid.to_string()]);
        let threads = report["threads"].as_array().unwrap_or_else(|| panic!("{text}"));
        for &of in &pids {
            let intra = threads.iter().filter(|thread| thread["pid"] == of && thread["origin"] == "tf-intra-op");
            assert_eq!(intra.count(), 3, "{of} of a report on {pid}");
        }
    }
    let (alone, _) = tftop(&["report", "--for", "2s", "--json", &pids[0].to_string()]);
    assert!(alone["threads"].as_array().unwrap().iter().all(|thread| thread["pid"] == pids[0]));
}

#[test]
fn each_rank_gets_a_part_of_the_cpus_of_its_own() {
    let allowed = std::thread::available_parallelism().unwrap().get();
    if allowed < 2 {
        eprintln!("skipped: one CPU can't be divided");
        return;
    }
    let masks = ["0", "1"].map(|rank| {
        // A shell between is no launcher: it has the rank's own CPUs.
        let program = "import os; print(sorted(os.sched_getaffinity(0)), os.environ['OMP_NUM_THREADS'])";
        let mut command = Command::new("sh");
        command.args(["-c", "\"$@\"; exit $?", "-", env!("CARGO_BIN_EXE_tftop")]).envs(told(rank));
        command.args(["run", "--no-ui", "--cpus", "auto", "--", "python3", "-c", program]);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    });
    let cpus = masks.each_ref().map(|text| text.split(']').next().unwrap().replace('[', ""));
    let [first, second] = cpus.each_ref().map(|list| list.split(", ").collect::<Vec<_>>());
    assert!(first.iter().all(|cpu| !second.contains(cpu)), "{masks:?}");
    assert_eq!(first.len() + second.len(), allowed, "{masks:?}");
    assert!(
        masks.iter().zip([first.len(), second.len()]).all(|(text, cpus)| text.trim().ends_with(&format!(" {cpus}")))
    );
}
