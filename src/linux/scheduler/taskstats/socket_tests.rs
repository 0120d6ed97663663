use super::*;

const TABLE: &[u8] = b"sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode
0000000000000000 0   7          00000113 0        0        0     2        3        4
0000000000000000 16  0          00000000 0        0        0     2        9        5
0000000000000000 16  7          00000000 596      0        0     2        12       6
";

#[test]
fn what_found_no_room_is_counted_for_the_own_port_only() {
    assert_eq!(dropped(TABLE, 7), Some(12));
    assert_eq!(dropped(TABLE, 0), Some(9));
    assert_eq!(dropped(TABLE, 8), None);
    assert_eq!(dropped(b"x 16 7 1\n", 7), None);
}

#[test]
fn whoever_may_not_have_them_is_told_the_step_that_helps() {
    assert_eq!(not_handed_out(Errno::PERM).why, "exit records are for root or CAP_NET_ADMIN");
    assert!(not_handed_out(Errno::PERM).text().contains("; run tftop with sudo"));
    assert!(not_handed_out(Errno::INVAL).text().contains("--pid host"));
    assert!(no_family(Errno::NOENT).text().contains("CONFIG_TASKSTATS"));
    assert!(no_socket(Errno::ACCESS).text().contains("filtered"));
    assert!(no_socket(Errno::AFNOSUPPORT).remedy.is_none());
}

/// As root; whoever may not have records is told why.
#[test]
fn a_thread_that_ends_leaves_a_record() {
    let mut socket = match ExitRecordSocket::open() {
        Ok(socket) => socket,
        Err(refusal) => {
            println!("skipped: {}", refusal.text());
            return;
        }
    };
    let tid = std::thread::spawn(own_tid).join().unwrap();
    let mut records = Vec::new();
    loop {
        match socket.next() {
            Received::Record(record) => records.push(record),
            Received::Nothing => break,
            Received::Other | Received::Lost => {}
        }
    }
    let record = records.iter().find(|record| record.tid == tid).unwrap_or_else(|| panic!("{tid}: {records:?}"));
    assert_eq!(record.process, Pid(std::process::id()));
    assert!(record.counters.slices >= 1, "{record:?}");
}
