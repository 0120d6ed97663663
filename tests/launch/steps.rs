//! Steps of a command, from what the shim sends to what is said at the end.

use super::Launch;

/// Sends what the shim would send of a loop: 40 steps of 25 ms, then 20 of them are lost, then 40 more.
const SCRIPT: &str = "
import json, os, socket, sys, time
end = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
end.connect(json.loads(os.environ['TFTOP_SHIM'])['socket'])
def send(first, lost=0):
    # Steps that took no time are refused.
    time.sleep(0.5)
    end.send(json.dumps({'v': 1, 'event': 'steps', 'pid': os.getpid(), 'seq': 9, 'at_ns': time.monotonic_ns(),
        'source': 'iterator', 'stream': 1, 'at': 'train.py:9', 'first': first + lost, 'steps': 20,
        'durations_us': [25000] * 20}).encode())
send(0)
send(20)
send(40, lost=20 * int(sys.argv[1]))
print('ready', flush=True)
sys.stdin.read()";

fn said(lost: &str) -> String {
    let mut running = Launch::new(&["--interval", "100ms", "--", "python3", "-c", SCRIPT, lost]).ready();
    running.wait_for_looks();
    drop(running.child.stdin.take());
    let ended = running.end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    ended.stderr
}

#[test]
fn steps_and_their_times_are_said_at_the_end() {
    let said = said("0");
    let line = "  steps    60; 40.00 a second, 25.0 ms p50, 25.0 ms p95 over the last 1.5 s of steps\n";
    assert!(said.contains(line), "{said}");
}

#[test]
fn where_marks_were_lost_there_were_more_steps() {
    let said = said("1");
    assert!(said.contains("  steps    at least 60; 40.00 a second, "), "{said}");
}

#[test]
fn a_command_without_steps_says_why() {
    let ended = Launch::new(&["--", "python3", "-c", "import time; time.sleep(1.5)"]).end();
    assert!(ended.stderr.contains("  steps    no step marks: TensorFlow has not started yet\n"), "{}", ended.stderr);
}
