//! Stacks as JSON (schema tftop.stack/1): every thread's, frame by frame, in the order in which they were asked for.

use serde::Serialize;

use crate::data::sample::{Frame, FrameMethod, PythonFrame, Stack, StackEnd, StackMethod, Stacks};
use crate::data::scene::{Scene, Thread};
use crate::data::{Gap, Text};
use crate::model::activity::meaning::{MeaningCache, StackMeaning};
use crate::model::activity::symbol;
use crate::output::stack::why;
use crate::present::format::milliseconds;

/// Name and version of the JSON contract.
pub const SCHEMA: &str = "tftop.stack/1";

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
    use super::*;
    use crate::output::stack::examples::stacks;

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
