//! TensorFlow as people meet it first: in the list of processes and on the dashboard.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::target::Target;
use crate::terminal::Terminal;
use crate::{NAMING, python};

const TFTOP: &str = env!("CARGO_BIN_EXE_tftop");

#[test]
fn a_training_process_is_listed_attached_to_and_unfolded() {
    let Some(python) = python::tensorflow(NAMING) else { return };
    let target = Target::start(&python, "caps.py", &["3", "2"]);
    it_is_listed(target.pid());

    let pid = target.pid().to_string();
    let mut terminal = Terminal::start(24, 80, Path::new(TFTOP), &["attach", &pid], &[]);
    terminal.wait_for_text("TF intra-op");
    terminal.wait_for_text("TF inter-op");
    terminal.wait_for_text(&pid);
    assert!(!terminal.text().contains("tf_numa_-1_Eigen"), "groups start folded:\n{}", terminal.text());
    terminal.press("\\Eigen\r+");
    terminal.wait_until("the pool's threads and no other group", |screen| {
        let text = screen.contents();
        text.matches("tf_numa_-1_Eigen").count() == 3 && !text.contains("TF inter-op")
    });
    terminal.press("q");
    assert_eq!(terminal.wait_for_end().code(), Some(0));
    terminal.assert_restored();
}

/// Other TensorFlow processes may run on this machine: only one row is looked at.
fn it_is_listed(pid: u32) {
    let output = Command::new(TFTOP).args(["ps", "--json"]).output().unwrap();
    let listing: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(listing["schema"], "tftop.ps/1");
    let process = listing["processes"].as_array().unwrap().iter().find(|process| process["pid"] == pid).unwrap();
    assert_eq!(process["tensorflow"], NAMING);
    let origins = process["origins"].as_array().unwrap();
    let threads = |origin: &str| origins.iter().find(|row| row["origin"] == origin).map(|row| &row["threads"]);
    assert_eq!((threads("tf-intra-op"), threads("tf-inter-op")), (Some(&3.into()), Some(&2.into())), "{origins:#?}");
}
