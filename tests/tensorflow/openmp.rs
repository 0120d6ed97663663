//! A TensorFlow that is built with OpenMP: its operations run on teams of libiomp5, one for each thread of the inter-op pool,
//! and the intra-op settings size a pool that next to nothing uses.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use tftop::data::limits::CapKind;

use crate::causes::{Watch, accused, cpus, enough_cpus, found, told};
use crate::deadline::{LONG, wait_for};
use crate::python;
use crate::target::{Target, script_command};
use crate::watch::report;

const TFTOP: &str = env!("CARGO_BIN_EXE_tftop");

#[test]
fn operations_run_on_a_team_of_tensorflows_own_openmp_beside_an_idle_pool() {
    let Some(python) = python::openmp_tensorflow() else { return };
    let mut command = script_command(&python, "openmp.py", &["5", "1"]);
    command.env("OMP_NUM_THREADS", "3");
    let target = Target::start_command(command);
    let report = report(target.pid());
    assert_eq!(report.target.tensorflow.as_deref(), Some("2.14.0"));
    // The thread of the inter-op pool that calls is the third of its team.
    let counted = ["tf-inter-op", "tf-intra-op", "openmp"].map(|origin| report.count(origin));
    assert_eq!((counted, report.count_of("openmp", "tensorflow")), ([1, 5, 2], 2), "{:#?}", report.groups);
    assert!(report.threads.iter().all(|thread| thread.origin != "unknown"), "{:#?}", report.threads);

    let (scene, finding) = Watch::of(target).finds("omp-does-the-work");
    assert!(finding.message.contains("intra-op, which tf.config sets to 5, wants"), "{}", told(&scene));
    assert!(finding.remedy.export.as_deref().is_some_and(|line| line.contains("OMP_NUM_THREADS=")), "{finding:#?}");
}

#[test]
fn teams_of_two_callers_are_the_culprit_smaller_ones_are_advised_and_their_spinning_is_seen() {
    let (Some(python), true) = (python::openmp_tensorflow(), enough_cpus(2)) else { return };
    let team = 8 * cpus();
    let mut command = script_command(&python, "openmp.py", &["2", "2"]);
    command.env("OMP_NUM_THREADS", team.to_string());
    let mut watch = Watch::of(Target::start_command(command));
    let scene = watch.until("too much is wanted", |scene| accused(scene) && !scene.headline.caps.is_empty());
    assert!(scene.headline.message.contains("OpenMP tensorflow"), "{}", told(&scene));
    let cap = |kind| *scene.headline.caps.get(kind);
    let advised = (cap(CapKind::Intra), cap(CapKind::Inter), cap(CapKind::Omp));
    assert_eq!(advised, (None, None, Some(cpus() as u32 / 2)), "{}", told(&scene));
    let teams = scene.groups.iter().find(|group| &*group.key.origin == "openmp").unwrap();
    assert_eq!(teams.threads as usize, 2 * (team - 1), "two callers, each with a team\n{}", told(&scene));
    assert!(found(&scene, "omp-not-used").is_none(), "{}", told(&scene));

    wait_for("the finding", LONG, || {
        let pid = watch.pid().to_string();
        let arguments = ["explain", &pid, "--for", "11s", "--sample", "3s", "--stop"];
        let output = Command::new(TFTOP).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        (text.contains("OpenMP threads spin:") && text.contains("KMP_BLOCKTIME=0")).then_some(())
    });
}

#[test]
fn caps_hold_one_team() {
    let Some(python) = python::openmp_tensorflow() else { return };
    let state = tempfile::tempdir().unwrap();
    let script = script_command(&python, "openmp.py", &["4", "3"]);
    let mut command = Command::new(TFTOP);
    command.args(["run", "--no-ui", "--omp", "2", "--inter", "1", "--"]).arg(script.get_program());
    command.args(script.get_args()).env("XDG_STATE_HOME", state.path()).env("TF_CPP_MIN_LOG_LEVEL", "3");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut run = command.spawn().unwrap();
    let mut ready = String::new();
    BufReader::new(run.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    sleep(Duration::from_secs(4));
    drop(run.stdin.take());
    let mut summary = String::new();
    run.stderr.take().unwrap().read_to_string(&mut summary).unwrap();
    assert!(run.wait().unwrap().success(), "{ready}{summary}");
    let line = |words: &str| {
        let folded = summary.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
        assert!(folded.into_iter().any(|line| line == words), "{words}: {summary}");
    };
    line("inter 1 held at most 1 thread");
    line("omp 2 held at most 1 thread beside their caller");
}
