use std::fs;
use std::os::unix::fs::symlink;

use tempfile::TempDir;

use super::*;
use crate::runs::run_dir::RunDir;

fn fact(id: &str) -> String {
    let fact = RunFact { schema: RUN_SCHEMA.into(), id: id.into(), ..RunFact::default() };
    serde_json::to_string(&fact).unwrap()
}

/// A run that has ended and left everything.
fn ended(home: &Path, id: &str) -> PathBuf {
    let folder = home.join(id);
    fs::create_dir_all(folder.join("shim/_tftop_shim/__pycache__")).unwrap();
    fs::write(folder.join("shim/_tftop_shim/__pycache__/x.pyc"), "").unwrap();
    FILES.iter().for_each(|name| fs::write(folder.join(name), "{}").unwrap());
    fs::write(folder.join(RUN), fact(id)).unwrap();
    folder
}

fn names(home: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(home).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn ids(home: &TempDir) -> Vec<String> {
    let store = Store::open(home.path()).unwrap();
    store.list().unwrap().iter().map(|kept| kept.fact.id.to_string()).collect()
}

fn newest(newest: usize) -> Retention {
    Retention { newest, since_unix_ms: None }
}

#[test]
fn no_store_is_an_empty_one() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::open(&home.path().join("nowhere")).unwrap();
    assert!(store.list().unwrap().is_empty());
    assert!(matches!(store.find("last"), Err(RunNotFound::None)));
    assert_eq!(store.prune(newest(0)).unwrap().0, []);
}

#[test]
fn a_run_is_found_by_its_name_by_how_it_begins_and_as_the_last() {
    let home = tempfile::tempdir().unwrap();
    for id in ["261120-161909", "261120-161909-02", "261121-000000"] {
        ended(home.path(), id);
    }
    let store = Store::open(home.path()).unwrap();
    let found = |name: &str| store.find(name).map(|kept| kept.fact.id.to_string());
    assert_eq!(found("last").unwrap(), "261121-000000");
    assert_eq!(found("261121").unwrap(), "261121-000000");
    assert_eq!(found("261120-161909").unwrap(), "261120-161909");
    assert!(matches!(found("261120"), Err(RunNotFound::Several(ids)) if ids.len() == 2));
    for nothing in ["", "27", ".", "..", "../x", "/"] {
        assert!(matches!(found(nothing), Err(RunNotFound::None)), "{nothing}");
    }
}

#[test]
fn a_run_that_goes_on_is_seen_and_never_removed() {
    let home = tempfile::tempdir().unwrap();
    let folder = RunDir::make(home.path(), 0).unwrap();
    folder.write(RUN, &fact(folder.id())).unwrap();
    let store = Store::open(home.path()).unwrap();
    let kept = store.find("last").unwrap();
    assert_eq!(kept.state, RunState::GoesOn);
    assert_eq!(store.remove(&kept).unwrap_err().kind(), io::ErrorKind::ResourceBusy);
    assert_eq!(store.prune(newest(0)).unwrap().0, []);
    drop(folder);
    assert_eq!(store.find("last").unwrap().state, RunState::Unfinished);
    assert_eq!(store.prune(newest(0)).unwrap().0, [Text::from("700101-000000")]);
    assert_eq!(names(home.path()), [""; 0]);
}

#[test]
fn a_command_that_was_left_to_itself_keeps_its_run() {
    let home = tempfile::tempdir().unwrap();
    let mut child = std::process::Command::new("sleep").arg("1000").spawn().unwrap();
    let folder = RunDir::make(home.path(), 0).unwrap();
    folder.write(RUN, &fact(folder.id())).unwrap();
    let lock = folder.path().join(LOCK);
    folder.leave(Pid(child.id()));
    let store = Store::open(home.path()).unwrap();
    // The folder was forgotten with its lock, as in a tftop that has ended: only the text counts.
    let text = fs::read(&lock).unwrap();
    fs::remove_file(&lock).unwrap();
    fs::write(&lock, text).unwrap();
    assert_eq!(store.find("last").unwrap().state, RunState::GoesOn);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(store.find("last").unwrap().state, RunState::Unfinished);
    for garbage in ["1", "x y", "1 18446744073709551616", "-1 0"] {
        fs::write(&lock, garbage).unwrap();
        assert_eq!(store.find("last").unwrap().state, RunState::Unfinished, "{garbage}");
    }
}

#[test]
fn the_newest_are_kept() {
    let home = tempfile::tempdir().unwrap();
    for day in 10..20 {
        ended(home.path(), &format!("2611{day}-000000"));
    }
    let (removed, failed) = Store::open(home.path()).unwrap().prune(newest(3)).unwrap();
    assert!(removed.len() == 7 && failed.is_none());
    assert_eq!(ids(&home), ["261119-000000", "261118-000000", "261117-000000"]);
}

#[test]
fn watched_processes_are_a_state_of_their_own_and_push_no_run_out() {
    let home = tempfile::tempdir().unwrap();
    let watched = |id: &str| {
        let folder = ended(home.path(), id);
        let key = Some(ProcessKey { pid: Pid(7), start_ticks: 1 });
        let fact = RunFact { schema: RUN_SCHEMA.into(), id: id.into(), watched: key, ..RunFact::default() };
        fs::write(folder.join(RUN), serde_json::to_string(&fact).unwrap()).unwrap();
    };
    ended(home.path(), "261110-000000");
    ended(home.path(), "261111-000000");
    (12..16).for_each(|day| watched(&format!("2611{day}-000000")));
    let store = Store::open(home.path()).unwrap();
    assert_eq!(store.find("last").unwrap().state, RunState::Watched);
    assert_eq!(store.find("261111").unwrap().state, RunState::Ended);
    let (removed, failed) = store.prune(newest(1)).unwrap();
    assert!(removed.len() == 4 && failed.is_none(), "{removed:?}");
    assert_eq!(ids(&home), ["261115-000000", "261111-000000"]);
}

#[test]
fn what_is_no_run_is_neither_listed_nor_removed() {
    let home = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    ended(elsewhere.path(), "261120-000000");
    symlink(elsewhere.path().join("261120-000000"), home.path().join("261120-000000")).unwrap();
    fs::create_dir(home.path().join("261120-000001")).unwrap();
    fs::write(home.path().join("261120-000002"), "a file").unwrap();
    fs::write(ended(home.path(), "261120-000003").join(RUN), "{garbage").unwrap();
    fs::write(ended(home.path(), "261120-000004").join(RUN), fact("261120-000000")).unwrap();
    let linked = ended(home.path(), "261120-000005");
    fs::rename(linked.join(RUN), linked.join("elsewhere")).unwrap();
    symlink("elsewhere", linked.join(RUN)).unwrap();
    let huge = ended(home.path(), "261120-000006");
    fs::write(huge.join(RUN), " ".repeat(LONGEST_FILE as usize + 1)).unwrap();
    fs::rename(ended(home.path(), "261120-000007"), home.path().join("mine")).unwrap();
    let pipe = ended(home.path(), "261120-000008");
    fs::remove_file(pipe.join(RUN)).unwrap();
    let fifo = rustix::fs::mknodat(CWD, pipe.join(RUN), FileType::Fifo, Mode::RWXU, 0);
    fifo.unwrap();
    let before = names(home.path());
    assert_eq!(ids(&home), [""; 0]);
    assert_eq!(Store::open(home.path()).unwrap().prune(newest(0)).unwrap().0, []);
    assert_eq!(names(home.path()), before);
    assert_eq!(names(&elsewhere.path().join("261120-000000")).len(), FILES.len() + 1);
}

#[test]
fn links_in_a_run_lead_nowhere_when_it_is_removed() {
    let home = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    for name in ["a.py", "b.pyc", "notes"] {
        fs::write(elsewhere.path().join(name), "precious").unwrap();
    }
    let linked = ended(home.path(), "261120-000000");
    fs::remove_file(linked.join(TAPE)).unwrap();
    symlink(elsewhere.path().join("notes"), linked.join(TAPE)).unwrap();
    symlink(elsewhere.path(), linked.join("shim/_tftop_shim/linked.py")).unwrap();
    let whole = ended(home.path(), "261120-000001");
    fs::remove_dir_all(whole.join(SHIM)).unwrap();
    symlink(elsewhere.path(), whole.join(SHIM)).unwrap();
    fs::write(whole.join("own notes"), "precious").unwrap();
    let store = Store::open(home.path()).unwrap();
    let removed = |id: &str| store.remove(&store.find(id).unwrap()).unwrap();
    assert_eq!(removed("261120-000000"), RemovedRun::All);
    assert_eq!(removed("261120-000001"), RemovedRun::AllButForeign);
    assert_eq!(names(elsewhere.path()), ["a.py", "b.pyc", "notes"]);
    assert_eq!(names(&whole), ["own notes", SHIM]);
}
