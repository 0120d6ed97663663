//! `tftop tune`: finds caps for a script by a race instead of a grid: a few candidates, each run once; what is shown to be
//! slower than the fastest drops out, what is close is run again. Ranks only what the comparison can tell apart.

use std::ffi::OsString;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::commands::args::global::GlobalArgs;
use crate::commands::args::measure::tune::TuneArgs;
use crate::commands::measure::race::{Race, candidates, with_single_libraries};
use crate::commands::measure::trials::{self, JUDGED, Measured, came_to, label};
use crate::commands::measure::turns::CopyRace;
use crate::commands::own_process::exit::{CommandError, Exit};
use crate::commands::own_process::{event_loop, stdio};
use crate::commands::run::session::trial::TrialGoal;
use crate::data::limits::Caps;
use crate::launch::caps::machine::MachineCpus;
use crate::runs::sweep_record::TrialOutcome;

/// As shells have it for an end by SIGINT.
const INTERRUPTED: u8 = 130;
/// Time between two looks, at most: runs are short.
const INTERVAL: Duration = Duration::from_millis(250);
/// Runs of a candidate at most.
const ROUNDS: usize = 3;

/// Races and prints the answer.
pub(crate) fn tune(args: &TuneArgs, options: &GlobalArgs) -> anyhow::Result<Exit> {
    let word = |word: &OsString| word.to_str().map(ToOwned::to_owned);
    let words: Option<Vec<String>> = args.command.iter().map(word).collect();
    let words = words.ok_or_else(|| CommandError::usage("the command is not valid UTF-8"))?;
    let seed = args.seed.unwrap_or_else(|| fastrand::u64(..));
    let (machine, random) =
        (MachineCpus::read().context("reading which CPUs may be used")?, fastrand::Rng::with_seed(seed));
    let ends = Instant::now() + args.time();
    let mut options = options.within(INTERVAL);
    // Where that is allowed; elsewhere it is a column less.
    options.trace = true;
    stdio::say(&format!("tftop: tuning, order by seed {seed}; what the script writes may be overwritten"));
    let (interrupted, race, answer) = if args.copies {
        let mut race = CopyRace { args, machine, random, ends, race: Race::of_turns(), turns: Duration::ZERO };
        let interrupted = event_loop::runtime()?.block_on(race.run(&options))?;
        let answer = race.race.answer(&words, (&race.how(), "TURNS"), Vec::new(), options.page());
        (interrupted, race.race, answer)
    } else {
        let mut race = RunRace { args, machine, random, ends, race: Race::new(), runs: Vec::new() };
        let interrupted = event_loop::runtime()?.block_on(race.run(&options))?;
        let answer = race.race.answer(&words, (&race.how(), "RUNS"), race.notes(), options.page());
        (interrupted, race.race, answer)
    };
    if interrupted {
        stdio::say("tftop: interrupted; the answer is of what was measured so far");
    }
    stdio::print(&answer)?;
    Ok(match (interrupted, race.measured().next().is_some()) {
        (true, _) => Exit::Of(INTERRUPTED),
        (false, true) => Exit::Clean,
        (false, false) => Exit::Of(1),
    })
}

/// A race of runs that start anew each time.
struct RunRace<'a> {
    args: &'a TuneArgs,
    machine: MachineCpus,
    random: fastrand::Rng,
    /// No run begins later.
    ends: Instant,
    race: Race,
    /// Folders of the runs in the store.
    runs: Vec<String>,
}

impl RunRace<'_> {
    /// Makes the runs; true when the person did not want to wait.
    async fn run(&mut self, options: &GlobalArgs) -> anyhow::Result<bool> {
        let Some(first) = self.one(0, JUDGED.max(self.args.least), options).await? else { return Ok(true) };
        if let TrialOutcome::Failed(why) = &first.outcome {
            bail!("the run without caps failed: {why}");
        }
        let cpus = self.machine.allowed.count().max(1);
        candidates(first.advised, cpus).into_iter().for_each(|caps| self.race.add(caps));
        for round in 0..ROUNDS {
            if self.round(round, options).await? {
                return Ok(true);
            }
            if round == 0 {
                if let Some(fastest) = self.race.fastest() {
                    let groups = fastest.runs.iter().flat_map(|run| &run.groups);
                    with_single_libraries(fastest.caps, groups).into_iter().for_each(|caps| self.race.add(caps));
                }
                if self.round(round, options).await? {
                    return Ok(true);
                }
            }
            self.race.drop_losers();
            if self.race.left() < 2 || Instant::now() >= self.ends {
                break;
            }
        }
        Ok(false)
    }

    /// Runs, in random order, every candidate that is still in and has had no run of this round.
    async fn round(&mut self, round: usize, options: &GlobalArgs) -> anyhow::Result<bool> {
        let all = &self.race.candidates;
        let due = |&at: &usize| all.get(at).is_some_and(|candidate| !candidate.out && candidate.runs.len() <= round);
        let mut order: Vec<usize> = (0..all.len()).filter(due).collect();
        self.random.shuffle(&mut order);
        for at in order {
            if Instant::now() >= self.ends {
                return Ok(false);
            }
            if self.one(at, self.args.least, options).await?.is_none() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// One run of a candidate; none when the person did not want to wait for it.
    async fn one(&mut self, at: usize, least: Duration, options: &GlobalArgs) -> anyhow::Result<Option<Measured>> {
        let TuneArgs { warmup, steps, .. } = *self.args;
        let goal = TrialGoal { warmup, steps, least, limit: self.args.run_limit() };
        let caps = self.race.candidates.get(at).map_or_else(Caps::default, |candidate| candidate.caps);
        let plan = trials::plan(&caps, true, &self.machine)?;
        let Some(measured) = trials::measure(&self.args.command, plan, goal, options).await? else { return Ok(None) };
        stdio::say(&format!("{}: {}", label(&caps), came_to(&measured.outcome)));
        self.runs.extend(measured.run.clone());
        if let Some(candidate) = self.race.candidates.get_mut(at) {
            match &measured.outcome {
                TrialOutcome::Measured(stats) | TrialOutcome::Contended(stats) => {
                    candidate.runs.push((**stats).clone());
                }
                TrialOutcome::Failed(_) => candidate.out = true,
            }
        }
        Ok(Some(measured))
    }

    fn how(&self) -> String {
        let runs: usize = self.race.measured().map(|candidate| candidate.runs.len()).sum();
        format!(
            "{runs} runs of {} candidates, {} steps of warm-up, at least {} measured",
            self.race.candidates.len(),
            self.args.warmup,
            self.args.steps
        )
    }

    fn notes(&self) -> Vec<String> {
        match self.runs.is_empty() {
            true => Vec::new(),
            false => vec![format!("runs {} (`tftop runs show ID`)", self.runs.join(" "))],
        }
    }
}
