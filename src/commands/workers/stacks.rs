//! Takes the stacks that the dashboard asks for, in the background: it may take a while. Stops only what a yes was given for, and
//! nothing under `--read-only`. What was taken is kept for those who look back at that moment.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use crate::commands::args::global::GlobalArgs;
use crate::commands::own_process::event_loop::runtime;
use crate::commands::sampling::sampler::Sampler;
use crate::commands::sampling::stack_sampling;
use crate::commands::sampling::stack_sampling::{FixedThreads, StackSampling, open_reader};
use crate::commands::workers::{past_stacks, worker};
use crate::data::Pid;
use crate::data::sample::{Stack, StackEnd, StackMethod as Way, Stacks, TakenStacks};
use crate::data::scene::Scene;
use crate::model::activity::profile::Profile;
use crate::output;
use crate::present::format::page::Page;
use crate::probe::reading::Reading;
use crate::probe::stack::{StackReader, Stops as Allowance};
use crate::runs::history::live_stacks::LiveStacks;
use crate::runs::run_record::{RunRecording, boot_ns};
use crate::tui::messages::stacks::{
    SAMPLED, SampleTimes, ShownStacks, StacksAnswer, StacksMoment, StacksRequest, StacksWorker, StopPermission,
};

/// Brings to the model what was sampled.
type ProfileSender = std::sync::mpsc::Sender<Arc<Profile>>;

/// Time of all stops of one yes.
const STOP_BUDGET: Duration = Duration::from_millis(100);

/// Starts the worker; it ends with the dashboard. What is taken goes into `recording` as well.
pub(crate) fn start(sampler: &Sampler, recording: RunRecording, options: &GlobalArgs) -> std::io::Result<StacksWorker> {
    let (scenes, profiles) = (sampler.scenes.clone(), sampler.sampled.clone());
    let read_only = options.read_only;
    let (mut reader, kept) = (None, KeptAt { memory: LiveStacks::default(), recording });
    let (ask, answers) = worker::start("tftop-stacks", move |request: StacksRequest| {
        let taken = match &request.at {
            StacksMoment::Past(scene) => Ok(past_stacks::of_live(&kept.memory, scene, &request)),
            StacksMoment::Now => {
                let scene = scenes.borrow().clone();
                take(&mut reader, &scene, (&request, &profiles, &kept), read_only)
            }
        };
        StacksAnswer { request, taken }
    })?;
    Ok(StacksWorker { requests: ask, answers })
}

/// Where stacks are kept that were taken.
struct KeptAt {
    memory: LiveStacks,
    recording: RunRecording,
}

/// Takes them; the reader is kept as long as the process is the same, because opening libraries takes long.
fn take(
    kept: &mut Option<(Pid, StackReader)>,
    scene: &Scene,
    (request, profiles, kept_at): (&StacksRequest, &ProfileSender, &KeptAt),
    read_only: bool,
) -> Result<ShownStacks, String> {
    const REFUSED: &str = "--read-only stops nothing";
    let stops = match (request.stops, read_only) {
        (StopPermission::Never, _) => Allowance::Never,
        (StopPermission::Agreed, true) => return Err(REFUSED.to_owned()),
        (StopPermission::Agreed, false) => Allowance::Allowed { budget: STOP_BUDGET },
    };
    let mut reader = match kept.take() {
        Some((pid, reader)) if pid == request.pid => reader,
        _ => open_reader(request.pid, &Reading::default()).map_err(|error| error.to_string())?,
    };
    if request.times == SampleTimes::Sampled {
        let taken = sampled(&mut reader, scene, request, profiles)?;
        *kept = Some((request.pid, reader));
        return Ok(ShownStacks { refused: read_only.then(|| REFUSED.to_owned()), ..taken });
    }
    let stacks = reader.take(&request.tids, stops);
    let at_ns = boot_ns();
    // After its end the pid may become another process's.
    if stacks.stacks.iter().any(|stack| !stack.is_of_ended_thread()) {
        *kept = Some((request.pid, reader));
    }
    let (lines, unfolded) = past_stacks::both_ways(|idle| {
        past_stacks::lines_of(&output::stack_text(scene, &stacks, Page::default(), idle))
    });
    let shown = ShownStacks {
        lines,
        unfolded,
        need_stop: stacks.stacks.iter().filter(|stack| needs_stop(stack)).count(),
        stopped_ns: stacks.stopped_ns,
        refused: read_only.then(|| REFUSED.to_owned()),
    };
    kept_at.keep(at_ns, stacks);
    Ok(shown)
}

/// What the threads did for a while; the model gets it too, as long as the sampler goes on.
fn sampled(
    reader: &mut StackReader,
    scene: &Scene,
    request: &StacksRequest,
    profiles: &ProfileSender,
) -> Result<ShownStacks, String> {
    let sampling = StackSampling { stops: request.stops == StopPermission::Agreed, time: SAMPLED, progress: None };
    let mut threads = FixedThreads { scene, tids: &request.tids };
    let runtime = runtime().map_err(|error| error.to_string())?;
    let (profile, _) = runtime.block_on(stack_sampling::sample(reader, &mut threads, sampling, pending()));
    let profile = Arc::new(profile);
    let _ = profiles.send(profile.clone());
    let text = output::profile_text(scene, request.pid, (&profile, profile.sampled_s), Page::default());
    let lines = text.lines().map(str::to_owned).collect();
    Ok(ShownStacks { lines, unfolded: Vec::new(), need_stop: 0, stopped_ns: profile.stopped_ns, refused: None })
}

impl KeptAt {
    /// Threads that had ended have none.
    fn keep(&self, at_ns: u64, mut stacks: Stacks) {
        stacks.stacks.retain(|stack| !stack.is_of_ended_thread());
        if stacks.stacks.is_empty() {
            return;
        }
        let taken = Arc::new(TakenStacks { at_ns, stacks });
        self.recording.take_stacks(&taken);
        self.memory.add(taken);
    }
}

/// Whether a stop would show more of it.
fn needs_stop(stack: &Stack) -> bool {
    match stack.taken {
        Way::WithoutStop => matches!(stack.end, StackEnd::NeedsStop { .. }),
        Way::PythonOnly { .. } => true,
        Way::Not { .. } => !stack.is_of_ended_thread(),
        Way::Stopped { .. } => false,
    }
}
