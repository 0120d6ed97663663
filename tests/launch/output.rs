//! The command's output in the dashboard of `tftop run`: on screen, in the log, under a flood, typed to and interrupted.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::deadline::{LONG, wait_for};
use crate::files_below;
use crate::in_terminal::launched_in_terminal;
use crate::terminal::Terminal;

/// A run of a Python script, with its output on screen.
fn script(text: &str) -> (TempDir, Terminal) {
    script_with(&[], text)
}

fn script_with(options: &[&str], text: &str) -> (TempDir, Terminal) {
    let arguments = [&["run", "--no-shim"], options, &["--", "python3", "-c", text]].concat();
    let (state, mut terminal) = launched_in_terminal(&arguments);
    terminal
        .wait_until("the dashboard", |screen| screen.alternate_screen() && screen.contents().contains("main thread"));
    terminal.press("o");
    terminal.wait_for_text("7 Output");
    (state, terminal)
}

fn log(state: &Path) -> PathBuf {
    files_below(state).into_iter().find(|path| path.ends_with("/output.log")).expect("a log").into()
}

/// Whether a process is there and no zombie.
fn runs(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

fn number_after(text: &str, word: &str) -> String {
    text.split(word).nth(1).unwrap_or_default().chars().take_while(char::is_ascii_digit).collect()
}

#[test]
fn a_progress_bar_stands_on_one_line_and_colours_are_shown() {
    let (_state, mut terminal) = script(
        r"import sys, time
print('\x1b]0;a title\x07\x1b[31mred words\x1b[0m')
for i in range(1, 31):
    sys.stdout.write('\r%d/30 [%s%s]' % (i, '=' * i, '.' * (30 - i))); sys.stdout.flush(); time.sleep(0.05)
sys.stdout.write('\b\b\b==] done\n'); sys.stdout.flush()
sys.exit(3)",
    );
    terminal.wait_for_text("30/30 [==============================] done");
    terminal.wait_for_text("ended with exit code 3");
    terminal.wait_until("one line of it, in red", |screen| {
        let text = screen.contents();
        let row = text.lines().position(|line| line.contains("red words")).unwrap_or_default();
        let red = screen.cell(row as u16, 0).unwrap().fgcolor() == vt100::Color::Idx(1);
        red && text.matches("/30").count() == 1 && screen.alternate_screen()
    });
    terminal.press("q");
    assert_eq!(terminal.wait_for_end().code(), Some(3));
    terminal.wait_for_text("30/30 [==============================] done");
    terminal.assert_restored();
}

#[test]
fn the_first_control_c_is_the_commands_and_the_second_ends_it() {
    let (_state, mut terminal) = script(
        "import os, signal, time
signal.signal(signal.SIGINT, lambda *_: print('got it', flush=True))
print('pid=%d.' % os.getpid(), 'leads', os.getsid(0) == os.getpid(), flush=True)
while True: time.sleep(0.01)",
    );
    terminal.wait_for_text("leads True");
    let pid = number_after(&terminal.text(), "pid=");
    terminal.press("\x03");
    terminal.wait_for_text("got it");
    terminal.wait_for_text("again within 5 s");
    terminal.wait_for_no_text("again within 5 s");
    assert!(runs(&pid), "the first one is the command's, and it goes on");
    terminal.press("\x03");
    terminal.wait_for_text("again within 5 s");
    terminal.press("\x03");
    assert_eq!(terminal.wait_for_end().code(), Some(143));
    assert!(!runs(&pid));
    terminal.assert_restored();
}

#[test]
fn a_command_that_ignores_every_request_is_killed_by_the_second_control_c() {
    let (_state, mut terminal) = script(
        "import os, signal, time
for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP): signal.signal(name, signal.SIG_IGN)
print('ready', flush=True)
while True: time.sleep(0.01)",
    );
    terminal.wait_for_text("ready");
    terminal.press("\x03");
    terminal.wait_for_text("again within 5 s");
    terminal.press("\x03");
    assert_eq!(terminal.wait_for_end().code(), Some(137));
    terminal.assert_restored();
}

#[test]
fn keys_reach_a_command_that_asks() {
    let (_state, mut terminal) = script("print('hello ' + input('name? ')); print('bye ' + input('again? ')); input()");
    terminal.wait_for_text("name?");
    terminal.press("i");
    terminal.wait_for_text("keys go to the command");
    terminal.press("queen\r");
    terminal.wait_for_text("hello queen");
    // Released keys are tftop's again: this one shows the causes.
    terminal.press("\x1d");
    terminal.wait_for_no_text("keys go to the command");
    terminal.press("e");
    terminal.wait_for_text("4 Explain");
    // After the dashboard the keyboard is the command's own.
    terminal.press("q");
    terminal.wait_for_text("the command keeps running");
    terminal.press("moon\r");
    terminal.wait_for_text("bye moon");
    terminal.press("\x03");
    terminal.wait_for_text("KeyboardInterrupt");
    assert_eq!(terminal.wait_for_end().code(), Some(130));
    terminal.assert_restored();
}

#[test]
fn the_commands_terminal_follows_the_window() {
    let (_state, mut terminal) = script(
        "import os, signal, time
def say(*_): print('size', *os.get_terminal_size(), flush=True)
signal.signal(signal.SIGWINCH, say)
say()
while True: time.sleep(0.01)",
    );
    terminal.wait_for_text("size 100 18");
    terminal.resize(40, 130);
    terminal.wait_for_text("size 130 34");
    terminal.press("q");
    terminal.wait_for_text("size 130 40");
    terminal.resize(30, 90);
    terminal.wait_for_text("size 90 30");
    terminal.press("\x03");
    assert_eq!(terminal.wait_for_end().code(), Some(130));
}

#[test]
fn a_flood_of_output_neither_blocks_the_command_nor_the_screen() {
    let folder = tempfile::tempdir().unwrap();
    let enough = folder.path().join("enough");
    let text = "import os, sys, time
lines = b''.join(b'%060d\\r\\n' % i for i in range(1000))
start, written, slowest = time.monotonic(), 0, 0
while time.monotonic() < start + 2 or not os.path.exists('ENOUGH'):
    begin = time.monotonic()
    written += os.write(1, lines)
    slowest = max(slowest, time.monotonic() - begin)
print('megabytes=%d.' % (written // 1000000), 'in %.1f s' % (time.monotonic() - start), end=' ')
print('slowest write %.3f s' % slowest, 'the last line', flush=True)
time.sleep(1000)";
    let text = text.replace("ENOUGH", enough.to_str().unwrap());
    let (_state, mut terminal) = script_with(&["--log-limit", "5"], &text);
    let mut slowest = Duration::ZERO;
    for (key, word) in [("e", "4 Explain"), ("o", "7 Output")].into_iter().cycle().take(6) {
        let begin = Instant::now();
        terminal.press(key);
        terminal.wait_for_text(word);
        slowest = slowest.max(begin.elapsed());
    }
    fs::write(enough, "").unwrap();
    terminal.wait_for_text("the last line");
    let megabytes: u64 = number_after(&terminal.text(), "megabytes=").parse().unwrap();
    let pid = terminal.pid();
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap().trim().to_owned();
    let line = terminal.text().lines().find(|line| line.contains("megabytes=")).unwrap_or_default().to_owned();
    println!("{line}; slowest key {slowest:?}; tftop's peak memory {peak}");
    assert!(slowest < Duration::from_secs(10), "a key took {slowest:?}");
    assert!(megabytes > 10, "only {megabytes} MB were written");
    let peak_kb: u64 = peak.split(' ').next().unwrap().parse().unwrap();
    assert!(peak_kb < 200_000, "{peak}");
    terminal.wait_for_text("! the log is incomplete: its limit of 5.0 MB is reached");
}

#[test]
fn the_log_ends_at_its_limit_and_says_so() {
    let (state, mut terminal) =
        script_with(&["--log-limit", "1"], "import sys\nsys.stdout.write('x' * 2000000 + '\\nthe end\\n')");
    terminal.wait_for_text("the end");
    terminal.wait_for_text("the log is incomplete");
    terminal.wait_for_text("ended with exit code 0");
    let text = fs::read_to_string(log(state.path())).unwrap();
    assert!((1_000_000..1_000_200).contains(&text.len()), "{}", text.len());
    assert!(text.trim_end().ends_with("the command goes on]"));
    terminal.press("q");
    assert_eq!(terminal.wait_for_end().code(), Some(0));
    let text = terminal.text().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("incomplete, its limit of 1.0 MB is reached"), "{text}");
}

#[test]
fn a_full_disk_ends_the_log_and_not_the_run() {
    let disk = tempfile::tempdir().unwrap();
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"]).arg(disk.path()).output();
    if !mounted.as_ref().is_ok_and(|it| it.status.success()) {
        // What the log itself does then is tested with /dev/full as well.
        println!("left out: a small file system can't be mounted here: {mounted:?}");
        return;
    }
    let text = "import sys\nsys.stdout.write('x' * 3000000 + '\\nthe end\\n')";
    let arguments = ["run", "--no-shim", "--", "python3", "-c", text];
    let mut terminal = Terminal::start(
        24,
        100,
        Path::new(crate::TFTOP),
        &arguments,
        &[("XDG_STATE_HOME", disk.path().to_str().unwrap())],
    );
    terminal.wait_until("the dashboard", |screen| screen.alternate_screen());
    terminal.press("o");
    terminal.wait_for_text("the end");
    terminal.wait_for_text("the log is incomplete: No space left on device");
    terminal.press("q");
    let code = terminal.wait_for_end().code();
    let unmounted = Command::new("umount").arg("--lazy").arg(disk.path()).status();
    assert_eq!(code, Some(0), "{}", terminal.text());
    assert!(terminal.text().contains("incomplete, No space left on device"), "{}", terminal.text());
    assert!(unmounted.unwrap().success());
}

#[test]
fn a_command_in_its_own_session_dies_with_a_tftop_that_is_killed() {
    let (_state, mut terminal) = script(
        "import os, signal, time
for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP): signal.signal(name, signal.SIG_IGN)
print('pid=%d.' % os.getpid(), flush=True)
while True: time.sleep(0.01)",
    );
    terminal.wait_for_text("pid=");
    let pid = number_after(&terminal.text(), "pid=");
    assert!(runs(&pid));
    terminal.signal(Signal::KILL);
    terminal.wait_for_end();
    wait_for("the command's end", LONG, || (!runs(&pid)).then_some(()));
}
