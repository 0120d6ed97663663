//! A target is a process tree: multiprocessing children belong to it unless they are left out.

use crate::target::Target;
use crate::watch::{report, report_with};
use crate::{NAMING, python};

#[test]
fn forked_and_spawned_children_belong_to_the_target_unless_left_out() {
    let Some(python) = python::tensorflow(NAMING) else { return };
    let target = Target::start(&python, "children.py", &[]);
    let (pids, loaders) = (target.ids("pids"), target.ids("loaders"));

    let whole = report(target.pid());
    assert_eq!(whole.target.processes[0].pid, target.pid(), "the one asked for comes first");
    for (method, &pid) in &pids {
        let process = whole.target.processes.iter().find(|process| process.pid == pid).expect(method);
        assert_eq!(process.parent, target.pid(), "{method}: {process:?}");
        let threads = whole.of(pid);
        assert_eq!(threads.len(), process.threads, "{method}: {threads:#?}");
        assert!(threads.iter().all(|thread| thread.origin != "unknown"), "{method}: {threads:#?}");
        let loader = whole.thread(loaders[method]);
        assert_eq!((loader.pid, loader.origin.as_str()), (pid, "python"), "{method}: {loader:#?}");
        assert!(loader.name.as_deref().is_none_or(|name| name == "loader"), "{method}: {loader:#?}");
        // A fork has the memory of its parent's threads, but not the threads.
        assert!(threads.iter().all(|thread| !thread.origin.starts_with("tf-")), "{method}: {threads:#?}");
    }
    assert_eq!((whole.count("tf-intra-op"), whole.count("tf-inter-op")), (2, 1), "{:#?}", whole.groups);

    let alone = report_with(target.pid(), &["--for", "1s", "--no-children"]);
    let seen: Vec<u32> = alone.target.processes.iter().map(|process| process.pid).collect();
    assert_eq!(seen, [target.pid()]);
    assert!(alone.threads.iter().all(|thread| thread.pid == target.pid()), "{:#?}", alone.threads);
}
