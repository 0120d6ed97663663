//! One step for each reason, and the machine this runs on.

use super::*;

const USER: Credentials = Credentials { uids: [1000; 3], effective_caps: 0, permitted_caps: 0 };
const ROOT_WITHOUT: Credentials = Credentials { uids: [0; 3], effective_caps: 0, permitted_caps: 0 };

fn situation(ours: Credentials, target: Credentials) -> Situation {
    Situation { ours, target, yama_scope: 0, container: false, dumpable: true }
}

fn remedy(situation: Situation) -> String {
    situation.refusal().remedy.unwrap()
}

#[test]
fn another_user_is_told_to_become_that_user() {
    let other = Credentials { uids: [1001; 3], ..USER };
    assert_eq!(remedy(situation(USER, other)), "run tftop as the same user: sudo -u '#1001' tftop …");
    assert_eq!(remedy(situation(USER, ROOT_WITHOUT)), "run tftop with sudo");
    let inside = Situation { container: true, ..situation(USER, other) };
    assert_eq!(remedy(inside), "run tftop as the same user (uid 1001)");
}

#[test]
fn root_in_a_container_needs_the_capability() {
    let inside = Situation { container: true, ..situation(ROOT_WITHOUT, USER) };
    assert_eq!(remedy(inside), "start tftop's container with --cap-add SYS_PTRACE");
}

#[test]
fn each_scope_of_yama_has_its_step() {
    let scope = |yama_scope| Situation { yama_scope, ..situation(USER, USER) };
    assert!(remedy(scope(1)).contains("sudo"));
    assert!(remedy(scope(2)).contains("setcap cap_sys_ptrace"));
    assert!(remedy(scope(3)).contains("boot"));
    assert!(remedy(Situation { container: true, ..scope(1) }).contains("--cap-add SYS_PTRACE"));
}

#[test]
fn a_process_that_forbids_to_be_looked_at_is_named_so() {
    let closed = Situation { dumpable: false, yama_scope: 1, ..situation(USER, USER) };
    assert!(closed.refusal().why.contains("forbids access"));
    let stronger = Credentials { permitted_caps: SYS_ADMIN, ..USER };
    assert!(situation(USER, stronger).refusal().why.contains("privileges that tftop lacks"));
}

#[test]
fn credentials_come_from_the_status_file() {
    let status = b"Name:\tx\nUid:\t1\t2\t3\t4\nCapPrm:\t0000000000080000\nCapEff:\t000001fffeffffff\n";
    let read = Credentials::from_status(status).unwrap();
    assert_eq!((read.uids, read.permitted_caps), ([1, 2, 3], SYS_PTRACE));
    assert!(read.may(SYS_ADMIN));
    assert_eq!(Credentials::from_status(b"Uid:\t1\t2\n"), None);
}

#[test]
fn ones_own_memory_may_be_read() {
    assert_eq!(memory_refusal(Path::new("/proc"), Pid(std::process::id())), None);
    assert_eq!(memory_refusal(Path::new("/proc"), Pid(u32::MAX)).as_deref(), Some("the process is gone"));
}

#[test]
fn everything_is_described_and_what_is_missing_has_a_reason() {
    let all = describe(Path::new("/proc"), None);
    assert_eq!(all.len(), 11);
    assert!(all.iter().all(|readable| !readable.why.is_empty()));
    assert!(all.iter().any(|readable| readable.what.contains("memory") && readable.ok));
}
