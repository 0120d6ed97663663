//! The race of `tftop tune --copies`: warm copies of the script take turns, all but one stopped. No start-up and no drift
//! of the machine stands between two turns that are compared.

use std::time::{Duration, Instant};

use anyhow::bail;

use crate::commands::args::global::GlobalArgs;
use crate::commands::args::measure::tune::TuneArgs;
use crate::commands::measure::candidate::CandidateCaps;
use crate::commands::measure::race::{Race, candidates, with_single_libraries};
use crate::commands::measure::trials::{self, JUDGED, label};
use crate::commands::own_process::stdio;
use crate::commands::run;
use crate::commands::run::session::copies::{Waited, WarmCopy};
use crate::commands::run::start_spec::StartSpec;
use crate::data::limits::Caps;
use crate::launch::caps::machine::MachineCpus;
use crate::linux::proc::host::available_bytes;
use crate::present::format::age;
use crate::runs::comparison::rules::ENOUGH_RUNS;
use crate::runs::stats::run_stats::RunStats;

/// Turns of a candidate at most.
const ROUNDS: usize = 40;
/// Turns after which a candidate is compared with no caps for good, where no other is left.
const LEAST_ROUNDS: usize = 20;
/// Shortest and longest turn.
const TURNS: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(30));
/// Steps that a turn has room for.
const STEPS_A_TURN: f64 = 20.0;
/// Share of the memory that was available which copies may take together.
const MEMORY_SHARE: f64 = 0.8;

pub(super) struct CopyRace<'a> {
    pub(super) args: &'a TuneArgs,
    pub(super) machine: MachineCpus,
    pub(super) random: fastrand::Rng,
    /// No turn begins later.
    pub(super) ends: Instant,
    pub(super) race: Race,
    /// How long a turn is.
    pub(super) turns: Duration,
}

/// What one step of the race came to.
enum Step<T> {
    Done(T),
    Interrupted,
}

impl CopyRace<'_> {
    /// Races; true when the person did not want to wait.
    pub(super) async fn run(&mut self, options: &GlobalArgs) -> anyhow::Result<bool> {
        let before = available_bytes();
        let spec = self.spec(&Caps::default())?;
        stdio::say(&format!("copy 1: no caps starts, and is watched for {} s", JUDGED.as_secs()));
        let mut copy = run::copy(&spec, options).await?;
        let seen = match copy.warm(self.args.warmup, self.args.run_limit()).await? {
            Waited::Done(()) => copy.turn(JUDGED).await?,
            Waited::Failed(why) => Waited::Failed(why),
            Waited::Interrupted => Waited::Interrupted,
        };
        let seen = match seen {
            Waited::Done(stats) => stats,
            Waited::Interrupted => return Ok(true),
            Waited::Failed(why) => bail!("the copy without caps failed: {why}"),
        };
        let Some(steps) = &seen.steps else { bail!("the copy without caps made no step in {} s", JUDGED.as_secs()) };
        let wanted = Duration::try_from_secs_f64(steps.typical_ms() / 1e3 * STEPS_A_TURN).unwrap_or(TURNS.1);
        self.turns = wanted.clamp(TURNS.0, TURNS.1);
        let cpus = self.machine.allowed.count().max(1);
        let first = candidates(copy.advised(), cpus);
        let room = (1 + first.len()) as u32 * ROUNDS as u32;
        stdio::say(&format!(
            "{} copies take turns of {:.0} s: at most {} after they have started",
            1 + first.len(),
            self.turns.as_secs_f64(),
            age((self.turns * room).min(self.args.time()).as_secs_f64())
        ));
        enough_memory(before, first.len() as u64 + 1)?;
        first.iter().for_each(|&caps| self.race.add(caps));
        // A later candidate is one of these with a team of one for a library.
        let bases = || first.iter().copied().chain([Caps::default()]);
        let singles = bases().flat_map(|caps| with_single_libraries(caps, seen.groups.iter()));
        let all: Vec<Caps> = first.iter().copied().chain(singles).collect();
        let specs: Vec<(Caps, StartSpec)> =
            all.into_iter().map(|caps| Ok((caps, self.spec(&caps)?))).collect::<anyhow::Result<_>>()?;
        let mut copies = vec![Some(copy)];
        let interrupted = self.rounds(&mut copies, &specs, (&seen, options)).await;
        for copy in copies.into_iter().flatten() {
            copy.end().await;
        }
        interrupted
    }

    async fn rounds<'s>(
        &mut self,
        copies: &mut Vec<Option<WarmCopy<'s>>>,
        specs: &'s [(Caps, StartSpec)],
        (seen, options): (&RunStats, &GlobalArgs),
    ) -> anyhow::Result<bool> {
        for round in 0..ROUNDS {
            if let Step::Interrupted = self.start_missing(copies, specs, options).await? {
                return Ok(true);
            }
            while let Some(at) = self.next(round) {
                if Instant::now() >= self.ends {
                    return Ok(false);
                }
                if let Step::Interrupted = self.turn(at, copies).await? {
                    return Ok(true);
                }
            }
            if round == 0
                && let Some(leader) = self.leader()
            {
                let singles = with_single_libraries(leader, seen.groups.iter());
                let known = self.race.candidates.len();
                singles.into_iter().for_each(|caps| self.race.add(caps));
                self.race.candidates.iter_mut().skip(known).for_each(|candidate| candidate.first_round = 1);
            }
            if round + 1 >= ENOUGH_RUNS {
                self.race.drop_losers();
                self.end_losers(copies).await;
            }
            if self.race.left() < 2 || (self.race.is_between_two() && round + 1 >= LEAST_ROUNDS) {
                break;
            }
        }
        Ok(false)
    }

    /// Starts a copy for each candidate that has none, one after the other.
    async fn start_missing<'s>(
        &mut self,
        copies: &mut Vec<Option<WarmCopy<'s>>>,
        specs: &'s [(Caps, StartSpec)],
        options: &GlobalArgs,
    ) -> anyhow::Result<Step<()>> {
        while let Some(candidate) = self.race.candidates.get_mut(copies.len()) {
            let caps = candidate.caps;
            let Some((_, spec)) = specs.iter().find(|(of, _)| *of == caps) else {
                bail!("{} was not planned: this is a bug in tftop", label(&caps))
            };
            stdio::say(&format!("copy {}: {} starts", copies.len() + 1, label(&caps)));
            let mut copy = run::copy(spec, options).await?;
            match copy.warm(self.args.warmup, self.args.run_limit()).await? {
                Waited::Done(()) => {
                    copy.stop().await;
                    copies.push(Some(copy));
                }
                Waited::Interrupted => {
                    copies.push(Some(copy));
                    return Ok(Step::Interrupted);
                }
                Waited::Failed(why) => {
                    stdio::say(&format!("{}: failed: {why}", label(&caps)));
                    candidate.out = true;
                    copy.end().await;
                    copies.push(None);
                }
            }
        }
        Ok(Step::Done(()))
    }

    /// One of those that are still in and have had no turn of this round, at random.
    fn next(&mut self, round: usize) -> Option<usize> {
        let all = &self.race.candidates;
        let due: Vec<usize> =
            (0..all.len()).filter(|&at| !all[at].out && all[at].first_round + all[at].runs.len() <= round).collect();
        self.random.choice(due)
    }

    async fn turn(&mut self, at: usize, copies: &mut [Option<WarmCopy<'_>>]) -> anyhow::Result<Step<()>> {
        let candidate = &mut self.race.candidates[at];
        let Some(copy) = copies.get_mut(at).and_then(Option::as_mut) else {
            candidate.out = true;
            return Ok(Step::Done(()));
        };
        let failed = match copy.turn(self.turns).await? {
            Waited::Interrupted => return Ok(Step::Interrupted),
            Waited::Done(stats) => match &stats.steps {
                Some(steps) => {
                    let cpu = stats.cpu_ms_per_step.map_or_else(String::new, |ms| format!(", {ms:.2} ms of CPU"));
                    stdio::say(&format!("{}: {:.2} ms a step{cpu}", label(&candidate.caps), steps.typical_ms()));
                    candidate.runs.push(stats);
                    return Ok(Step::Done(()));
                }
                None => format!("no step in a turn of {:.0} s", self.turns.as_secs_f64()),
            },
            Waited::Failed(why) => why,
        };
        stdio::say(&format!("{}: failed: {failed}", label(&candidate.caps)));
        candidate.out = true;
        Ok(Step::Done(()))
    }

    /// The caps with the shortest step so far.
    fn leader(&self) -> Option<Caps> {
        let step_ms = |candidate: &CandidateCaps| Some(candidate.runs.first()?.steps.as_ref()?.typical_ms());
        let timed = self.race.measured().filter_map(|candidate| Some((candidate.caps, step_ms(candidate)?)));
        timed.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(caps, _)| caps)
    }

    async fn end_losers(&self, copies: &mut [Option<WarmCopy<'_>>]) {
        for (candidate, copy) in self.race.candidates.iter().zip(copies) {
            if candidate.out
                && let Some(copy) = copy.take()
            {
                copy.end().await;
            }
        }
    }

    fn spec(&self, caps: &Caps) -> anyhow::Result<StartSpec> {
        run::measured(&self.args.command, trials::plan(caps, true, &self.machine)?)
    }

    /// How it was measured.
    pub(super) fn how(&self) -> String {
        let turns: usize = self.race.measured().map(|candidate| candidate.runs.len()).sum();
        format!(
            "{turns} turns of {:.0} s of {} warm copies, each started once, after {} steps of warm-up",
            self.turns.as_secs_f64(),
            self.race.candidates.len(),
            self.args.warmup
        )
    }
}

/// Refuses more copies than there is memory for: one took what is available less since `before`.
fn enough_memory(before: Option<u64>, copies: u64) -> anyhow::Result<()> {
    let (Some(before), Some(now)) = (before, available_bytes()) else { return Ok(()) };
    let each = before.saturating_sub(now);
    let gib = |bytes: u64| bytes as f64 / f64::from(1 << 30);
    if each.saturating_mul(copies) as f64 > before as f64 * MEMORY_SHARE {
        bail!(
            "{copies} copies of about {:.1} GiB do not fit in the {:.1} GiB that are available: without --copies one runs \
             at a time",
            gib(each),
            gib(before)
        );
    }
    Ok(())
}
