//! `tftop stack`: what threads are doing, as text for people and as JSON (schema tftop.stack/1).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use crate::data::sample::{Frame, FrameMethod, PythonFrame, Stack, StackEnd, StackMethod, Stacks};
use crate::data::scene::{Scene, Thread};
use crate::data::{Gap, Text, Tid};
use crate::model::activity::meaning::{MeaningCache, StackMeaning};
use crate::model::activity::symbol;
use crate::present::format::{MISSING_ASCII, duration, milliseconds};
use crate::present::section::gaps;

/// Name and version of the JSON contract.
pub const SCHEMA: &str = "tftop.stack/1";

/// What each group's threads do, and their stacks; threads whose stacks are alike are shown together.
pub fn text(scene: &Scene, stacks: &Stacks) -> String {
    let mut meanings = MeaningCache::builtin();
    let meant: Vec<Option<StackMeaning>> = stacks.stacks.iter().map(|stack| meanings.of(stack)).collect();
    let mut text = format!("Stacks of process {}: {}\n", stacks.pid, Text::from(scene.target.command.as_str()));
    let _ = writeln!(text, "{}\n{}", taken_line(&stacks.stacks), stop_line(stacks));
    for line in group_lines(scene, stacks, &meant) {
        let _ = writeln!(text, "{line}");
    }
    for alike in alike(&stacks.stacks) {
        let Some(first) = alike.first() else { continue };
        let _ = write!(text, "\n{}{}\n", head(scene, &alike), alike_meaning(&alike, &mut meanings));
        let _ = writeln!(text, "  {}", how(&alike));
        // Where the native frames end early, Python's outer ones still follow.
        let native = first.frames.iter().take_while(|frame| frame.found != FrameMethod::Python).count();
        let (native, python) = first.frames.split_at(native);
        let mut at = 0;
        for (frames, end) in [(native, end(&first.end)), (python, None)] {
            for line in frames.iter().flat_map(lines) {
                let _ = writeln!(text, "  {at:>3}  {line}");
                at += 1;
            }
            if let Some(end) = end {
                let _ = writeln!(text, "       ({end})");
            }
        }
        for gap in gaps(&first.gaps) {
            let _ = writeln!(text, "  missing: {gap}");
        }
    }
    for gap in gaps(&stacks.gaps) {
        let _ = writeln!(text, "\nmissing: {gap}");
    }
    text
}

/// The same of stacks that were taken before the moment of a scene: how long before in seconds, and they, the newest first.
pub fn past_text(scene: &Scene, past: &[(f64, Stacks)]) -> String {
    let mut text = format!("Stacks of process {}: {}\n", scene.target.pid, Text::from(scene.target.command.as_str()));
    for (number, (age_s, stacks)) in past.iter().enumerate() {
        let between = if number == 0 { "" } else { "\n" };
        let _ = writeln!(text, "{between}{}", taken_before(*age_s));
        self::text(scene, stacks).lines().skip(1).for_each(|line| text.extend([line, "\n"]));
    }
    text
}

/// How long before a moment stacks were taken.
fn taken_before(age_s: f64) -> String {
    match age_s {
        ..0.5 => "Taken at this moment".to_owned(),
        _ => format!("Taken {} before this moment", duration(age_s)),
    }
}

/// Stacks with the same frames and the same end, in the order of their first.
fn alike(stacks: &[Stack]) -> Vec<Vec<&Stack>> {
    let mut groups: Vec<Vec<&Stack>> = Vec::new();
    let kind = |stack: &Stack| std::mem::discriminant(&stack.taken);
    for stack in stacks {
        let same = |group: &&mut Vec<&Stack>| {
            group.first().is_some_and(|first| {
                (&first.frames, &first.end, &first.gaps) == (&stack.frames, &stack.end, &stack.gaps)
                    && kind(first) == kind(stack)
                    && why(&first.taken) == why(&stack.taken)
            })
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(stack),
            None => groups.push(vec![stack]),
        }
    }
    groups
}

/// What the threads of each group do, in the order of the groups: "tf.data: 2x MapAndBatch waits, 1x Prefetch waits".
fn group_lines(scene: &Scene, stacks: &Stacks, meant: &[Option<StackMeaning>]) -> Vec<String> {
    let mut groups: BTreeMap<usize, BTreeMap<String, usize>> = BTreeMap::new();
    for (stack, meaning) in stacks.stacks.iter().zip(meant) {
        let thread = scene.threads.iter().find(|thread| thread.key.tid == stack.tid);
        let group = thread.map_or(usize::MAX, |thread| thread.group);
        let phrase = meaning.as_ref().map_or_else(|| "not read".to_owned(), StackMeaning::phrase);
        *groups.entry(group).or_default().entry(phrase).or_default() += 1;
    }
    let lines = groups.into_iter().map(|(group, phrases)| {
        let label = scene.groups.get(group).map_or("unknown origin", |group| group.label.as_str());
        let mut phrases: Vec<(String, usize)> = phrases.into_iter().collect();
        phrases.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let phrases: Vec<String> = phrases.iter().map(|(phrase, count)| format!("{count}x {phrase}")).collect();
        format!("{}: {}", Text::from(label), phrases.join(", "))
    });
    lines.collect()
}

/// What stacks that are alike mean; they may have been taken of sleeping and of running threads.
fn alike_meaning(alike: &[&Stack], meanings: &mut MeaningCache) -> String {
    let mut phrases: Vec<String> = Vec::new();
    for meaning in alike.iter().filter_map(|stack| meanings.of(stack)) {
        let phrase = meaning.phrase();
        if !phrases.contains(&phrase) {
            phrases.push(phrase);
        }
    }
    if phrases.is_empty() { String::new() } else { format!(": {}", phrases.join("; ")) }
}

fn taken_line(stacks: &[Stack]) -> String {
    let count = |of: fn(&StackMethod) -> bool| stacks.iter().filter(|stack| of(&stack.taken)).count();
    let parts = [
        (count(|taken| *taken == StackMethod::WithoutStop), "taken without a stop"),
        (count(|taken| matches!(taken, StackMethod::Stopped { .. })), "taken during a stop"),
        (count(|taken| matches!(taken, StackMethod::PythonOnly { .. })), "Python's part only"),
        (count(|taken| matches!(taken, StackMethod::Not { .. })), "not taken"),
    ];
    let parts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    let noun = if stacks.len() == 1 { "thread" } else { "threads" };
    format!("{} {noun}: {}", stacks.len(), parts.join(", "))
}

fn stop_line(stacks: &Stacks) -> String {
    match stacks.stopped_ns {
        0 => "No thread was stopped.".to_owned(),
        total => format!(
            "Threads were stopped one at a time: {} ms in all, {} ms the longest.",
            short_ms(total),
            short_ms(stacks.longest_stop_ns)
        ),
    }
}

fn short_ms(nanoseconds: u64) -> String {
    format!("{:.2}", milliseconds(nanoseconds))
}

fn head(scene: &Scene, alike: &[&Stack]) -> String {
    const MOST_TIDS: usize = 8;
    let thread = |tid: Tid| scene.threads.iter().find(|thread| thread.key.tid == tid);
    let mut labels: Vec<&str> = Vec::new();
    for stack in alike {
        let label =
            thread(stack.tid).and_then(|thread| scene.groups.get(thread.group)).map(|group| group.label.as_str());
        let label = label.unwrap_or("unknown origin");
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
    let tids: Vec<String> = alike.iter().take(MOST_TIDS).map(|stack| stack.tid.to_string()).collect();
    let more = alike.len().saturating_sub(MOST_TIDS);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let name = match alike {
        [only] => thread(only.tid).map(Thread::name).filter(|name| !name.is_empty()),
        _ => None,
    };
    let name = name.map(|name| format!(" {}", Text::from(name))).unwrap_or_default();
    let count = if alike.len() == 1 { "thread".to_owned() } else { format!("{} threads", alike.len()) };
    format!("{}: {count} {}{more}{name}", Text::from(labels.join(", ")), tids.join(" "))
}

fn how(alike: &[&Stack]) -> String {
    let longest = alike.iter().filter_map(|stack| match stack.taken {
        StackMethod::Stopped { stop_ns } => Some(stop_ns),
        _ => None,
    });
    match alike.first().map(|stack| &stack.taken) {
        Some(StackMethod::WithoutStop) => "taken without a stop".to_owned(),
        Some(StackMethod::Stopped { .. }) => {
            format!("taken during a stop of {} ms", short_ms(longest.max().unwrap_or_default()))
        }
        Some(StackMethod::PythonOnly { why }) => format!("Python's part only: {}", Text::from(why.as_str())),
        Some(StackMethod::Not { why }) => format!("not taken: {}", Text::from(why.as_str())),
        None => String::new(),
    }
}

fn why(taken: &StackMethod) -> Option<&str> {
    match taken {
        StackMethod::PythonOnly { why } | StackMethod::Not { why } => Some(why),
        _ => None,
    }
}

/// One line a frame; the interpreter's frame is the Python functions it runs.
fn lines(frame: &Frame) -> Vec<String> {
    if !frame.python.is_empty() {
        return frame.python.iter().map(python_line).collect();
    }
    let library = frame.library.as_deref().map_or("code of no file", |path| file_name(path));
    let marked = match frame.found {
        FrameMethod::FramePointer => "  (likely: found by the frame pointer)",
        FrameMethod::StackScan => "  (likely: found by its return address on the stack)",
        FrameMethod::InstructionPointer | FrameMethod::CallFrameInformation | FrameMethod::Python => "",
    };
    vec![match (&frame.symbol, frame.in_file, frame.address) {
        (Some(name), _, _) => format!("{}  {library}{marked}", cut(&symbol::short(name))),
        (None, Some(at), _) => format!("{library}+{at}{marked}"),
        (None, None, Some(at)) => format!("{library} at {at}{marked}"),
        (None, None, None) => MISSING_ASCII.to_owned(),
    }]
}

fn python_line(frame: &PythonFrame) -> String {
    let line = frame.line.map_or(String::new(), |line| format!(":{line}"));
    format!("{}  {}{line}  Python", cut(&frame.function), file_name(&frame.file))
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The end of a long name says most.
fn cut(name: &str) -> String {
    const LONGEST: usize = 90;
    let length = name.chars().count();
    match length.checked_sub(LONGEST) {
        None | Some(0) => name.to_owned(),
        Some(over) => format!("…{}", name.chars().skip(over + 1).collect::<String>()),
    }
}

fn end(end: &StackEnd) -> Option<String> {
    match end {
        StackEnd::Outermost | StackEnd::Nothing => None,
        StackEnd::Depth => Some("and more frames".to_owned()),
        StackEnd::NeedsStop { register } => {
            Some(format!("the outer frames need a stop: {register} is only known of a stopped thread"))
        }
        StackEnd::Lost { why } => Some(format!("the outer frames are lost: {}", Text::from(why.as_str()))),
    }
}

/// All stacks as one JSON object, without a newline at its end.
pub fn json(scene: &Scene, stacks: &Stacks) -> serde_json::Result<String> {
    let mut meanings = MeaningCache::builtin();
    serde_json::to_string_pretty(&StacksJson {
        schema: SCHEMA,
        pid: stacks.pid.0,
        command: &scene.target.command,
        wall_ms: milliseconds(stacks.wall_ns),
        stopped_ms: milliseconds(stacks.stopped_ns),
        longest_stop_ms: milliseconds(stacks.longest_stop_ns),
        stacks: stacks.stacks.iter().map(|stack| StackJson::new(scene, stack, meanings.of(stack))).collect(),
        gaps: &stacks.gaps,
    })
}

/// The same of stacks that were taken before the moment of a scene: how long before in seconds, and they.
pub fn past_json(scene: &Scene, past: &[(f64, Stacks)]) -> serde_json::Result<String> {
    let mut meanings = MeaningCache::builtin();
    let of_all = |of: fn(&Stacks) -> u64| past.iter().map(move |(_, stacks)| milliseconds(of(stacks)));
    let gaps: Vec<Gap> = past.iter().flat_map(|(_, stacks)| stacks.gaps.iter().cloned()).collect();
    let mut stacks = Vec::new();
    for (age_s, taken) in past {
        stacks.extend(taken.stacks.iter().map(|stack| StackJson {
            taken_before_s: Some(*age_s),
            ..StackJson::new(scene, stack, meanings.of(stack))
        }));
    }
    serde_json::to_string_pretty(&StacksJson {
        schema: SCHEMA,
        pid: scene.target.pid.0,
        command: &scene.target.command,
        wall_ms: of_all(|stacks| stacks.wall_ns).sum(),
        stopped_ms: of_all(|stacks| stacks.stopped_ns).sum(),
        longest_stop_ms: of_all(|stacks| stacks.longest_stop_ns).fold(0.0, f64::max),
        stacks,
        gaps: &gaps,
    })
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct StacksJson<'a> {
    schema: &'static str,
    pid: u32,
    command: &'a str,
    wall_ms: f64,
    stopped_ms: f64,
    longest_stop_ms: f64,
    stacks: Vec<StackJson<'a>>,
    gaps: &'a [Gap],
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct StackJson<'a> {
    tid: u32,
    origin: Option<&'a str>,
    name: Option<&'a str>,
    state: char,
    /// "without_stop", "stopped", "python_only", "not".
    taken: &'static str,
    /// Seconds before the moment of a recording; only of those.
    #[serde(skip_serializing_if = "Option::is_none")]
    taken_before_s: Option<f64>,
    /// Milliseconds the thread was stopped at most; null where nothing was stopped.
    stop_ms: Option<f64>,
    /// Why there are no native frames, or no frames.
    why: Option<&'a str>,
    /// "outermost", "depth", "needs_stop", "lost", "nothing".
    end: &'static str,
    /// Why it ends there, where it is not the outermost frame.
    end_why: Option<&'a str>,
    /// What its thread did at that moment; null where no frame was read.
    meaning: Option<StackMeaning>,
    /// Innermost first.
    frames: Vec<FrameJson<'a>>,
    gaps: &'a [Gap],
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct FrameJson<'a> {
    address: Option<String>,
    library: Option<&'a str>,
    in_file: Option<String>,
    symbol: Option<&'a str>,
    demangled: Option<Text>,
    short: Option<Text>,
    found: FrameMethod,
    python: &'a [PythonFrame],
}

impl<'a> StackJson<'a> {
    fn new(scene: &'a Scene, stack: &'a Stack, meaning: Option<StackMeaning>) -> Self {
        let thread = scene.threads.iter().find(|thread| thread.key.tid == stack.tid);
        let (taken, stop_ms) = match stack.taken {
            StackMethod::WithoutStop => ("without_stop", None),
            StackMethod::Stopped { stop_ns } => ("stopped", Some(milliseconds(stop_ns))),
            StackMethod::PythonOnly { .. } => ("python_only", None),
            StackMethod::Not { .. } => ("not", None),
        };
        let (end, end_why) = match &stack.end {
            StackEnd::Outermost => ("outermost", None),
            StackEnd::Depth => ("depth", None),
            StackEnd::NeedsStop { register } => ("needs_stop", Some(register.as_str())),
            StackEnd::Lost { why } => ("lost", Some(why.as_str())),
            StackEnd::Nothing => ("nothing", None),
        };
        Self {
            tid: stack.tid.0,
            origin: thread.map(|thread| &*thread.attribution.group.origin),
            name: thread.map(Thread::name),
            state: stack.state.letter(),
            taken,
            taken_before_s: None,
            stop_ms,
            why: why(&stack.taken),
            end,
            end_why,
            meaning,
            frames: stack.frames.iter().map(FrameJson::new).collect(),
            gaps: &stack.gaps,
        }
    }
}

impl<'a> FrameJson<'a> {
    fn new(frame: &'a Frame) -> Self {
        let name = frame.symbol.as_deref();
        Self {
            address: frame.address.map(|address| address.to_string()),
            library: frame.library.as_deref().map(|library| &**library),
            in_file: frame.in_file.map(|at| at.to_string()),
            symbol: name,
            demangled: name.and_then(symbol::demangled),
            short: name.map(symbol::short),
            found: frame.found,
            python: &frame.python,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::data::sample::ThreadState;
    use crate::data::{Address, Pid};

    fn frame(symbol: Option<&str>, at: u64) -> Frame {
        Frame {
            address: Some(Address(0x7f00_0000 + at)),
            library: Some(Arc::new(Text::from("/lib/libx.so"))),
            in_file: Some(Address(at)),
            symbol: symbol.map(Text::from),
            found: FrameMethod::CallFrameInformation,
            python: Vec::new(),
        }
    }

    fn stack(tid: u32, taken: StackMethod, frames: Vec<Frame>, end: StackEnd) -> Stack {
        Stack { tid: Tid(tid), state: ThreadState::Sleeping, taken, frames, end, gaps: Vec::new() }
    }

    fn stacks() -> Stacks {
        let step = PythonFrame { function: Text::from("step"), file: Text::from("/a/train.py"), line: Some(12) };
        let python = Frame { found: FrameMethod::Python, python: vec![step], ..Frame::default() };
        let worker = frame(Some("_ZN3tsl12_GLOBAL__N_17PThread8ThreadFnEPv"), 0x10);
        let idle = || vec![frame(None, 0x20), worker.clone()];
        Stacks {
            pid: Pid(7),
            stacks: vec![
                stack(8, StackMethod::WithoutStop, idle(), StackEnd::Outermost),
                stack(9, StackMethod::WithoutStop, idle(), StackEnd::Outermost),
                stack(10, StackMethod::Stopped { stop_ns: 180_000 }, idle(), StackEnd::Outermost),
                stack(
                    7,
                    StackMethod::WithoutStop,
                    vec![frame(None, 0x30), python],
                    StackEnd::NeedsStop { register: "rbp".to_owned() },
                ),
            ],
            stopped_ns: 180_000,
            longest_stop_ns: 180_000,
            ..Stacks::default()
        }
    }

    #[test]
    fn stacks_that_are_alike_are_shown_once_and_every_stop_is_said() {
        let expected = "\
Stacks of process 7: \n4 threads: 3 taken without a stop, 1 taken during a stop
Threads were stopped one at a time: 0.18 ms in all, 0.18 ms the longest.
unknown origin: 3x asleep, at what is unknown, 1x Python waits

unknown origin: 2 threads 8 9: asleep, at what is unknown
  taken without a stop
    0  libx.so+0x20
    1  tsl::(anonymous)::PThread::ThreadFn  libx.so

unknown origin: thread 10: asleep, at what is unknown
  taken during a stop of 0.18 ms
    0  libx.so+0x20
    1  tsl::(anonymous)::PThread::ThreadFn  libx.so

unknown origin: thread 7: Python waits
  taken without a stop
    0  libx.so+0x30
       (the outer frames need a stop: rbp is only known of a stopped thread)
    1  step  train.py:12  Python
";
        assert_eq!(text(&Scene::default(), &stacks()), expected);
    }

    #[test]
    fn json_holds_the_whole_name_and_the_short_one() {
        let json: serde_json::Value = serde_json::from_str(&json(&Scene::default(), &stacks()).unwrap()).unwrap();
        assert_eq!(json["schema"], SCHEMA);
        let frame = &json["stacks"][0]["frames"][1];
        assert_eq!(frame["demangled"], "tsl::(anonymous namespace)::PThread::ThreadFn(void*)");
        assert_eq!(frame["short"], "tsl::(anonymous)::PThread::ThreadFn");
        assert_eq!((&json["stacks"][2]["taken"], &json["stacks"][2]["stop_ms"]), (&"stopped".into(), &0.18.into()));
        assert_eq!(json["stacks"][3]["end"], "needs_stop");
        let meaning = &json["stacks"][3]["meaning"];
        assert_eq!((&meaning["kind"], &meaning["activity"]), (&"work".into(), &"waiting".into()));
        assert_eq!((&meaning["label"], &meaning["because"]), (&"Python".into(), &"step in Python".into()));
        assert_eq!(json["stacks"][3]["frames"][1]["python"][0]["line"], 12);
    }
}
