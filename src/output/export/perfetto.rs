//! A recording as a trace for ui.perfetto.dev and chrome://tracing: the JSON object of the Trace Event Format. Each group is a
//! counter of the target with its CPUs got and waiting; verdicts and epochs are instants at the look that saw them change. While
//! the scheduler was traced, each thread has a track with the times it ran and those in which it had been preempted.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Value, json};

use crate::data::scene::{Demand, EpochNow, GroupKey, LaneState, ProcessState, Scene, Verdict};
use crate::output::export::scene_export::{ExportEnd, ExportSource, SceneExport};
use crate::present::format::rounded;
use crate::present::verdict::title;

#[derive(Debug)]
pub(crate) struct PerfettoExport {
    source: ExportSource,
    events: u64,
    /// Each group's track; no two have one name.
    tracks: BTreeMap<GroupKey, String>,
    /// Groups of the look before.
    shown: BTreeSet<GroupKey>,
    named: BTreeSet<u32>,
    verdict: Option<Verdict>,
    epoch: Option<u64>,
    lanes: ExportedLanes,
}

/// How far the tracks of threads are written.
#[derive(Debug, Default)]
struct ExportedLanes {
    until_ns: u64,
    named: BTreeSet<(u32, u32)>,
}

/// A time in which a thread was in one state. Microseconds since the first look, to the nanosecond.
#[derive(Serialize)]
struct ThreadSlice {
    name: &'static str,
    #[serde(rename = "ph")]
    phase: &'static str,
    ts: f64,
    dur: f64,
    pid: u32,
    tid: u32,
}

/// One event. Times are microseconds since the first look.
#[derive(Serialize)]
struct TraceEvent<'a> {
    name: &'a str,
    #[serde(rename = "ph")]
    phase: &'static str,
    ts: u64,
    pid: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    tid: Option<u32>,
    /// Whose instant it is: "p", the process's.
    #[serde(rename = "s", skip_serializing_if = "Option::is_none")]
    scope: Option<&'static str>,
    args: Value,
}

impl PerfettoExport {
    pub(crate) fn new(source: ExportSource) -> Self {
        Self {
            source,
            events: 0,
            tracks: BTreeMap::new(),
            shown: BTreeSet::new(),
            named: BTreeSet::new(),
            verdict: None,
            epoch: None,
            lanes: ExportedLanes::default(),
        }
    }

    /// The times that ended since the look before.
    fn slice_threads(&mut self, scene: &Scene, text: &mut String, ts: u64) -> serde_json::Result<()> {
        let Some(trace) = &scene.trace else { return Ok(()) };
        let written_ns = std::mem::replace(&mut self.lanes.until_ns, trace.lanes.to_ns);
        for lane in &trace.lanes.threads {
            let (pid, tid) = (lane.pid.0, lane.tid.0);
            let ended = lane.spans.iter().zip(lane.spans.iter().skip(1)).filter(|(_, next)| next.from_ns > written_ns);
            for (span, next) in ended {
                let name = match span.state {
                    LaneState::Running => "runs",
                    LaneState::Preempted => "preempted",
                    LaneState::Unknown | LaneState::Blocked | LaneState::Gone => continue,
                };
                let ts = self.source.offset_ns(span.from_ns) as f64 / 1e3;
                let dur = next.from_ns.saturating_sub(span.from_ns) as f64 / 1e3;
                self.put(text, &ThreadSlice { name, phase: "X", ts, dur, pid, tid })?;
            }
            if self.lanes.named.insert((pid, tid)) {
                let name = json!({ "name": format!("{} {tid}", lane.name) });
                self.put(text, &TraceEvent { tid: Some(tid), ..TraceEvent::new("thread_name", "M", ts, pid, name) })?;
            }
        }
        Ok(())
    }

    fn name_processes(&mut self, scene: &Scene, text: &mut String, ts: u64) -> serde_json::Result<()> {
        let names = scene.target.processes.iter().map(|process| (process.pid.0, &process.command));
        for (pid, command) in names.filter(|(_, command)| !command.is_empty()) {
            if self.named.insert(pid) {
                self.put(text, &TraceEvent::new("process_name", "M", ts, pid, json!({ "name": command })))?;
            }
        }
        Ok(())
    }

    fn count_groups(&mut self, scene: &Scene, text: &mut String, ts: u64) -> serde_json::Result<()> {
        let pid = scene.target.pid.0;
        let mut gone = std::mem::take(&mut self.shown);
        for group in &scene.groups {
            gone.remove(&group.key);
            let Some(demand) = group.demand else { continue };
            let name = self.track(&group.key, &group.label);
            self.put(text, &TraceEvent::new(&name, "C", ts, pid, counter(demand)))?;
            self.shown.insert(group.key.clone());
        }
        // A counter keeps its value until the next one.
        for name in gone.iter().filter_map(|key| self.tracks.get(key).cloned()).collect::<Vec<_>>() {
            self.put(text, &TraceEvent::new(&name, "C", ts, pid, counter(Demand::default())))?;
        }
        Ok(())
    }

    fn count_target(&mut self, scene: &Scene, text: &mut String, ts: u64) -> serde_json::Result<()> {
        let pid = scene.target.pid.0;
        if let Some(demand) = scene.demand {
            self.put(text, &TraceEvent::new("all threads", "C", ts, pid, counter(demand)))?;
        }
        if scene.capacity.binding.is_some() {
            let cpus = json!({ "CPUs": rounded(scene.capacity.effective_cpus) });
            self.put(text, &TraceEvent::new("CPUs it may use", "C", ts, pid, cpus))?;
        }
        let speed = scene.launch.as_ref().and_then(|launch| launch.steps.speed.as_ref());
        if let Some(per_s) = speed.and_then(|speed| speed.per_s) {
            self.put(text, &TraceEvent::new("steps", "C", ts, pid, json!({ "a second": rounded(per_s) })))?;
        }
        let several = scene.target.processes.len() > 1;
        for ProcessState { pid, demand, .. } in
            scene.target.processes.iter().filter(|process| several && !process.ended)
        {
            if let Some(demand) = demand {
                self.put(text, &TraceEvent::new("this process", "C", ts, pid.0, counter(*demand)))?;
            }
        }
        Ok(())
    }

    fn mark_changes(&mut self, scene: &Scene, text: &mut String, ts: u64) -> serde_json::Result<()> {
        let pid = scene.target.pid.0;
        let headline = &scene.headline;
        if self.verdict.replace(headline.condition) != Some(headline.condition) {
            let args = json!({ "says": headline.message, "advice": headline.advice });
            self.put(text, &TraceEvent::instant(&format!("verdict: {}", title(headline)), ts, pid, args))?;
        }
        let speed = scene.launch.as_ref().and_then(|launch| launch.steps.speed.as_ref());
        if let Some(EpochNow { number, of, .. }) = speed.and_then(|speed| speed.epoch)
            && self.epoch.replace(number) != Some(number)
        {
            let name = of.map_or_else(|| format!("epoch {number}"), |of| format!("epoch {number} of {of}"));
            self.put(text, &TraceEvent::instant(&name, ts, pid, json!({})))?;
        }
        Ok(())
    }

    /// The name of a group's track: its label, and its origin where another group has that label.
    fn track(&mut self, key: &GroupKey, label: &str) -> String {
        if let Some(name) = self.tracks.get(key) {
            return name.clone();
        }
        let mut name = label.to_owned();
        while self.tracks.values().any(|other| *other == name) {
            name += &format!(" ({})", key.origin);
        }
        self.tracks.insert(key.clone(), name.clone());
        name
    }

    fn put(&mut self, text: &mut String, event: &impl Serialize) -> serde_json::Result<()> {
        text.push_str(if self.events == 0 { "\n" } else { ",\n" });
        self.events += 1;
        *text += &serde_json::to_string(event)?;
        Ok(())
    }
}

impl SceneExport for PerfettoExport {
    fn begin(&mut self) -> serde_json::Result<String> {
        Ok("{\"traceEvents\":[".to_owned())
    }

    fn look(&mut self, scene: &Scene) -> serde_json::Result<String> {
        let ts = self.source.offset_ns(scene.at_ns) / 1_000;
        let mut text = String::new();
        self.name_processes(scene, &mut text, ts)?;
        self.mark_changes(scene, &mut text, ts)?;
        self.count_target(scene, &mut text, ts)?;
        self.count_groups(scene, &mut text, ts)?;
        self.slice_threads(scene, &mut text, ts)?;
        Ok(text)
    }

    fn end(&mut self, end: &ExportEnd<'_>) -> serde_json::Result<String> {
        let about = json!({
            "recording": self.source.name,
            "recorded by": format!("tftop {}", self.source.tftop),
            "begins": self.source.time(self.source.begun_ns),
            "counters": "CPUs got and waited for, averages over the 2 s and more before each look",
            "left out": end.left_out,
        });
        Ok(format!("\n],\n\"displayTimeUnit\":\"ms\",\n\"otherData\":{}}}\n", serde_json::to_string(&about)?))
    }
}

impl<'a> TraceEvent<'a> {
    fn new(name: &'a str, phase: &'static str, ts: u64, pid: u32, args: Value) -> Self {
        Self { name, phase, ts, pid, tid: None, scope: None, args }
    }

    fn instant(name: &'a str, ts: u64, pid: u32, args: Value) -> Self {
        Self { scope: Some("p"), ..Self::new(name, "i", ts, pid, args) }
    }
}

fn counter(demand: Demand) -> Value {
    json!({ "got": rounded(demand.got), "waiting": rounded(demand.waiting) })
}
