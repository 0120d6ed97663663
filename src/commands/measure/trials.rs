//! One run of a command under caps, as `sweep` and `tune` make them, and how they word it.

use std::ffi::OsString;
use std::time::Duration;

use crate::commands::args::global::GlobalArgs;
use crate::commands::own_process::exit::CommandError;
use crate::commands::run;
use crate::commands::run::session::trial::{TrialEnd, TrialGoal, TrialResult};
use crate::data::limits::Caps;
use crate::launch::caps::machine::MachineCpus;
use crate::launch::caps::plan::{self, CpuRequest, Plan, PlanRequest};
use crate::launch::shell;
use crate::runs::comparison::rules;
use crate::runs::stats::run_stats::RunStats;
use crate::runs::stats::warmup::Warmup;
use crate::runs::sweep_record::TrialOutcome;

/// What the first run is watched for at least: a verdict takes ten seconds.
pub(super) const JUDGED: Duration = Duration::from_secs(12);

/// A run that was made.
pub(super) struct Measured {
    /// The run's folder in the store; none where there is none.
    pub(super) run: Option<String>,
    /// How long it took, start and end included.
    pub(super) seconds: f64,
    pub(super) outcome: TrialOutcome,
    /// Caps that were advised for it.
    pub(super) advised: Option<Caps>,
}

/// Makes one run; none when the person did not want to wait for it.
pub(super) async fn measure(
    words: &[OsString],
    plan: Plan,
    goal: TrialGoal,
    options: &GlobalArgs,
) -> anyhow::Result<Option<Measured>> {
    let TrialResult { id, seconds, why, seen } = run::measure(words, plan, goal, options).await?;
    let advised = seen.advised();
    let outcome = match why {
        TrialEnd::Interrupted => return Ok(None),
        TrialEnd::Failed(why) => TrialOutcome::Failed(why),
        TrialEnd::Done => {
            let outcome = seen.outcome(Warmup::Steps(goal.warmup));
            match outcome.steps {
                None => TrialOutcome::Failed("its steps could not be measured".to_owned()),
                Some(_) if is_contended(&outcome) => TrialOutcome::Contended(Box::new(outcome)),
                Some(_) => TrialOutcome::Measured(Box::new(outcome)),
            }
        }
    };
    Ok(Some(Measured { run: id, seconds, outcome, advised }))
}

/// The baseline has no caps, and is only listened to.
pub(super) fn plan(caps: &Caps, force: bool, machine: &MachineCpus) -> anyhow::Result<Plan> {
    let request = PlanRequest {
        pools: caps.without_cpus(),
        cpus: caps.cpus.map(CpuRequest::Count),
        shim_enforces: !caps.is_empty(),
        force,
        ..PlanRequest::default()
    };
    plan::plan(&request, machine).map_err(|refusal| CommandError::usage(refusal.to_string()).into())
}

/// A combination's name.
pub(super) fn label(caps: &Caps) -> String {
    if caps.is_empty() { "no caps".to_owned() } else { caps.to_string() }
}

/// The command line that starts a command with these caps.
pub(super) fn start_line(caps: &Caps, command: &[String]) -> String {
    let options: Vec<String> = caps.to_string().split(' ').map(|cap| format!("--{}", cap.replace('=', " "))).collect();
    format!("tftop run {} -- {}", options.join(" "), shell::shown(command))
}

/// "24.31 ms a step (p95 30.10, 200 steps)", and that neighbours were busy or why there is none.
pub(super) fn came_to(outcome: &TrialOutcome) -> String {
    match outcome {
        TrialOutcome::Failed(why) => format!("failed: {why}"),
        TrialOutcome::Measured(outcome) => step_time(outcome),
        TrialOutcome::Contended(outcome) => format!("{}, beside busy neighbours", step_time(outcome)),
    }
}

fn step_time(outcome: &RunStats) -> String {
    outcome.steps.as_ref().map_or_else(String::new, |steps| {
        format!("{:.2} ms a step (p95 {:.2}, {} steps)", steps.typical_ms(), steps.p95_ms, steps.count)
    })
}

/// Neighbours took more of the CPUs than leaves a measurement alone.
pub(super) fn is_contended(outcome: &RunStats) -> bool {
    outcome.neighbours.is_some_and(|neighbours| {
        neighbours.of > 0 && neighbours.cpus.median > rules::BUSY_SHARE * f64::from(neighbours.of)
    })
}
