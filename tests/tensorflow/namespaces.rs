//! A target in a pid namespace of its own, as in a container: its tids there are not its tids here.

use std::process::{Command, Stdio};

use crate::target::{Target, children, script_command};
use crate::watch::report;
use crate::{NAMING, python};

#[test]
fn threads_in_a_pid_namespace_are_named_and_numbered_as_seen_from_here() {
    let Some(python) = python::tensorflow(NAMING) else { return };
    let Some(unshare) = unshare() else {
        python::say(&format!(
            "{}: can't run here: no way to make a pid namespace (unshare refused)",
            python::test_name()
        ));
        return;
    };
    let script = script_command(&python, "caps.py", &["2", "3"]);
    let mut command = Command::new(unshare[0]);
    command.args(&unshare[1..]).arg(script.get_program()).args(script.get_args());
    script.get_envs().for_each(|(name, value)| match value {
        Some(value) => drop(command.env(name, value)),
        None => drop(command.env_remove(name)),
    });
    let target = Target::start_command(command);
    let [pid] = children(target.pid())[..] else { panic!("unshare has one child") };

    let report = report(pid);
    assert_eq!((report.target.pid, report.target.namespaced_pid), (pid, Some(1)));
    assert_eq!((report.count("tf-intra-op"), report.count("tf-inter-op")), (2, 3), "{:#?}", report.groups);
    assert!(report.threads.iter().all(|thread| thread.origin != "unknown"), "{:#?}", report.threads);
    assert!(report.threads.iter().all(|thread| thread.tid >= pid), "{:#?}", report.threads);
}

/// How to get a pid namespace here: as root, else in a user namespace of one's own; none where neither is permitted.
fn unshare() -> Option<&'static [&'static str]> {
    const WAYS: [&[&str]; 2] = [
        &["unshare", "--fork", "--pid", "--mount-proc", "--kill-child"],
        &["unshare", "--user", "--map-root-user", "--fork", "--pid", "--mount-proc", "--kill-child"],
    ];
    let works = |way: &&[&str]| {
        let mut command = Command::new(way[0]);
        command.args(&way[1..]).arg("true").stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    };
    WAYS.into_iter().find(works)
}
