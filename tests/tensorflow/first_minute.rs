//! The first minute: from a training run that wants too many CPUs to the proof that the advised caps hold, by keys alone.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::terminal::Terminal;
use crate::{NAMING, ONE_TRAIN_PY, python};

const TFTOP: &str = env!("CARGO_BIN_EXE_tftop");
/// Keys from the first screen to the proof, at most.
const MOST_KEYS: usize = 4;
/// Importing TensorFlow takes most of it, on a machine of two CPUs that does other work too.
const LIMIT: Duration = Duration::from_secs(180);

/// A person at a terminal who knows no key but those on screen.
struct Walk {
    terminal: Terminal,
    began: Instant,
    keys: usize,
}

impl Walk {
    fn start(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let terminal = Terminal::start(40, 120, Path::new(TFTOP), arguments, environment);
        Self { terminal, began: Instant::now(), keys: 0 }
    }

    fn see(&mut self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        self.terminal.wait_within(LIMIT, what, |screen| wanted(&screen.contents()));
        println!("{:5.1} s, {} keys: {what}", self.began.elapsed().as_secs_f64(), self.keys);
        self.terminal.text()
    }

    fn press(&mut self, key: &str) {
        self.keys += key.chars().count();
        self.terminal.press(key);
    }
}

/// CPUs wanted now and under the advised caps, as the advice says: "13.5 → 2.1 CPUs wanted".
fn advised(screen: &str) -> Option<(f64, f64)> {
    let line = screen.lines().find(|line| line.contains("rerun with"))?;
    let (now, then) = line.split_once(" → ")?;
    Some((now.rsplit(' ').next()?.parse().ok()?, then.split(' ').next()?.parse().ok()?))
}

/// Steps that the run has made: "109 steps".
fn steps_made(screen: &str) -> Option<u32> {
    let line = screen.lines().find(|line| line.trim_start().starts_with("steps "))?;
    line.rsplit_once(" steps")?.0.rsplit(' ').next()?.parse().ok()
}

/// The same as the dialog says, each in a line of its own.
fn predicted(screen: &str) -> Option<(f64, f64)> {
    let number = |label: &str| -> Option<f64> {
        let line = screen.lines().find(|line| line.contains(label) && line.contains("CPUs wanted,"))?;
        line.split_once(label)?.1.split_whitespace().next()?.parse().ok()
    };
    Some((number("measured ")?, number("predicted ")?))
}

/// Steps of the run before that are compared in any case: those of its warm-up, 12 more, and marks enough in each second.
const ENOUGH_STEPS: u32 = 90;
/// And seconds in which it made steps: 4 are compared, after a warm-up of a tenth of them or more.
const ENOUGH_TIME: Duration = Duration::from_secs(12);
/// What the comparison may come to; other tests run beside this one.
const ANSWERS: [&str; 3] = [" %, ", "no difference shown", "not comparable: neighbours differed"];

#[test]
fn from_the_first_screen_to_the_proof_it_takes_few_keys() {
    let Some(python) = python::tensorflow(NAMING) else { return };
    let _one = ONE_TRAIN_PY.lock();
    let state = tempfile::tempdir().unwrap();
    let home = [("XDG_STATE_HOME", state.path().to_str().unwrap()), ("TF_CPP_MIN_LOG_LEVEL", "3")];
    let python = python.display().to_string();
    let mut walk = Walk::start(&["demo", "--contended", "--python", &python], &home);
    let first = walk.see("the advice, with what it is predicted to do", |text| {
        text.lines().any(|line| line.contains("r  rerun with intra=") && line.contains("CPUs wanted"))
            && text.contains("(predicted)")
    });
    assert!(first.contains("OVERSUBSCRIBED") || first.contains("SEVERE"), "{first}");
    // A person reads for a while; and what ran too short can't be compared, however slow or fast the machine is.
    walk.see("steps", |text| steps_made(text).is_some());
    let stepping = Instant::now();
    let first = walk.see("steps enough to be compared", |text| {
        steps_made(text).is_some_and(|steps| steps >= ENOUGH_STEPS)
            && stepping.elapsed() >= ENOUGH_TIME
            && advised(text).is_some()
    });
    walk.press("r");
    let dialog = walk.see("the dialog", |text| text.contains("y restarts it") && predicted(text).is_some());
    // Both are of the last ten seconds, at most a tick apart.
    let ((now, then), (measured, predicted)) = (advised(&first).unwrap(), predicted(&dialog).unwrap());
    assert!((now - measured).abs() <= 0.1 * now && (then - predicted).abs() <= 0.2, "{first}\n{dialog}");
    walk.press("y");
    // What the old run did stands beside what the new one does, once both have made steps for long enough.
    let proof = walk.see("both runs, compared by their steps", |text| {
        text.lines()
            .any(|line| line.contains("steps ") && line.contains(" → ") && ANSWERS.iter().any(|it| line.contains(it)))
    });
    println!("{}", proof.lines().find(|line| line.contains("steps ")).unwrap_or_default().trim());
    assert!(walk.keys <= MOST_KEYS, "{} keys", walk.keys);
    let seconds = walk.began.elapsed().as_secs_f64();
    println!("from `tftop demo --contended` to the proof: {} keys, {seconds:.0} s", walk.keys);
    walk.press("3");
    let limits = walk.see("the caps, held", |text| text.contains("held"));
    assert!(!limits.contains("exceeded"), "{limits}");
    walk.terminal.press("q");
    assert_eq!(walk.terminal.wait_for_end().code(), Some(0), "{}", walk.terminal.text());
    walk.terminal.assert_restored();
}
