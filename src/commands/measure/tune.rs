//! `tftop tune`: finds caps for a script by a race instead of a grid: a few candidates, each run once; what is shown to be
//! slower than the fastest drops out, what is close is run again. Ranks only what the comparison can tell apart.

use std::ffi::OsString;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::commands::args::global::GlobalArgs;
use crate::commands::args::tune::TuneArgs;
use crate::commands::measure::trials::{self, Measured, came_to, label, start_line};
use crate::commands::own_process::exit::{CommandError, Exit};
use crate::commands::own_process::{event_loop, stdio};
use crate::commands::run::session::trial::TrialGoal;
use crate::data::limits::{CapKind, Caps};
use crate::launch::caps::machine::MachineCpus;
use crate::launch::shell;
use crate::output;
use crate::runs::comparison::compare;
use crate::runs::comparison::types::{ComparedSide, Comparison, Ranking, SideFigures};
use crate::runs::stats::run_stats::RunStats;
use crate::runs::sweep_record::TrialOutcome;

/// As shells have it for an end by SIGINT.
const INTERRUPTED: u8 = 130;
/// Time between two looks, at most: runs are short.
const INTERVAL: Duration = Duration::from_millis(250);
/// What the first run is watched for at least: a verdict takes ten seconds.
const JUDGED: Duration = Duration::from_secs(12);
/// Runs of a candidate at most.
const ROUNDS: usize = 3;
/// CPUs wanted from which on a library's pool works.
const WORKS_CPUS: f64 = 0.05;

/// Races and prints the answer.
pub(crate) fn tune(args: &TuneArgs, options: &GlobalArgs) -> anyhow::Result<Exit> {
    let word = |word: &OsString| word.to_str().map(ToOwned::to_owned);
    let command: Option<Vec<String>> = args.command.iter().map(word).collect();
    let command = command.ok_or_else(|| CommandError::usage("a word of the command is no UTF-8"))?;
    let seed = args.seed.unwrap_or_else(|| fastrand::u64(..));
    let mut race = Race {
        args,
        command,
        machine: MachineCpus::read().context("reading which CPUs may be used")?,
        random: fastrand::Rng::with_seed(seed),
        ends: Instant::now() + Duration::from_secs(60 * u64::from(args.minutes)),
        candidates: vec![Candidate::of(Caps::default())],
        runs: Vec::new(),
    };
    stdio::say(&format!("tftop: tuning, order by seed {seed}; what the script writes may be overwritten"));
    let interrupted = event_loop::runtime()?.block_on(race.run(&options.within(INTERVAL)))?;
    if interrupted {
        stdio::say("tftop: interrupted; the answer is of the runs so far");
    }
    stdio::print(&(race.answer() + "\n"))?;
    Ok(match (interrupted, race.measured().next().is_some()) {
        (true, _) => Exit::Of(INTERRUPTED),
        (false, true) => Exit::Clean,
        (false, false) => Exit::Of(1),
    })
}

/// Caps that are tried.
struct Candidate {
    caps: Caps,
    runs: Vec<RunStats>,
    /// It failed, or was shown to be slower than the fastest.
    out: bool,
}

impl Candidate {
    fn of(caps: Caps) -> Self {
        Self { caps, runs: Vec::new(), out: false }
    }
}

struct Race<'a> {
    args: &'a TuneArgs,
    command: Vec<String>,
    machine: MachineCpus,
    random: fastrand::Rng,
    /// No run begins later.
    ends: Instant,
    /// The first is the one without caps.
    candidates: Vec<Candidate>,
    /// Folders of the runs in the store.
    runs: Vec<String>,
}

impl Race<'_> {
    /// Makes the runs; true when the person did not want to wait.
    async fn run(&mut self, options: &GlobalArgs) -> anyhow::Result<bool> {
        let Some(first) = self.one(0, JUDGED.max(self.args.least), options).await? else { return Ok(true) };
        if let TrialOutcome::Failed(why) = &first.outcome {
            bail!("the run without caps failed: {why}");
        }
        let cpus = self.machine.allowed.count().max(1);
        for caps in candidates(first.advised, cpus) {
            self.add(caps);
        }
        for round in 0..ROUNDS {
            if self.round(round, options).await? {
                return Ok(true);
            }
            if round == 0 {
                for caps in self.with_single_libraries() {
                    self.add(caps);
                }
                if self.round(round, options).await? {
                    return Ok(true);
                }
            }
            self.drop_losers();
            if self.candidates.iter().filter(|candidate| !candidate.out).count() < 2 || Instant::now() >= self.ends {
                break;
            }
        }
        Ok(false)
    }

    /// Runs, in random order, every candidate that is still in and has had no run of this round.
    async fn round(&mut self, round: usize, options: &GlobalArgs) -> anyhow::Result<bool> {
        let due = |candidate: &Candidate| !candidate.out && candidate.runs.len() <= round;
        let mut order: Vec<usize> = (0..self.candidates.len()).filter(|&at| due(&self.candidates[at])).collect();
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
        let words: Vec<OsString> = self.command.iter().map(OsString::from).collect();
        let TuneArgs { warmup, steps, limit, .. } = *self.args;
        let goal = TrialGoal { warmup, steps, least, limit };
        let caps = self.candidates[at].caps;
        let plan = trials::plan(&caps, true, &self.machine)?;
        let Some(measured) = trials::measure(&words, plan, goal, options).await? else { return Ok(None) };
        stdio::say(&format!("{}: {}", label(&caps), came_to(&measured.outcome)));
        self.runs.extend(measured.run.clone());
        match &measured.outcome {
            TrialOutcome::Measured(stats) | TrialOutcome::Contended(stats) => {
                self.candidates[at].runs.push((**stats).clone());
            }
            TrialOutcome::Failed(_) => self.candidates[at].out = true,
        }
        Ok(Some(measured))
    }

    fn add(&mut self, caps: Caps) {
        if self.candidates.iter().all(|candidate| candidate.caps != caps) {
            self.candidates.push(Candidate::of(caps));
        }
    }

    /// The fastest so far, with a team of one for each library whose pool works.
    fn with_single_libraries(&self) -> Vec<Caps> {
        let Some(fastest) = self.fastest() else { return Vec::new() };
        let works = |kind: &CapKind| {
            let groups = fastest.runs.iter().flat_map(|run| &run.groups);
            groups
                .filter(|group| *group.key.origin == *kind.row().origin)
                .any(|group| group.demand.wanted >= WORKS_CPUS)
        };
        let single = |kind: CapKind| {
            let mut caps = fastest.caps;
            *caps.get_mut(kind) = Some(1);
            caps
        };
        [CapKind::Omp, CapKind::Blas].into_iter().filter(works).map(single).collect()
    }

    fn fastest(&self) -> Option<&Candidate> {
        let comparison = self.comparison();
        let side = comparison.sides.iter().find(|side| side.standing == Ranking::Fastest)?;
        self.measured().find(|candidate| label(&candidate.caps) == side.label)
    }

    fn drop_losers(&mut self) {
        let comparison = self.comparison();
        let slower = |side: &&SideFigures| matches!(side.standing, Ranking::Slower { .. });
        let slower: Vec<&str> = comparison.sides.iter().filter(slower).map(|side| side.label.as_str()).collect();
        for candidate in &mut self.candidates {
            candidate.out |= slower.contains(&label(&candidate.caps).as_str());
        }
    }

    fn measured(&self) -> impl Iterator<Item = &Candidate> {
        self.candidates.iter().filter(|candidate| !candidate.runs.is_empty())
    }

    fn comparison(&self) -> Comparison {
        let side = |it: &Candidate| ComparedSide { label: label(&it.caps), runs: it.runs.clone() };
        compare(&self.measured().map(side).collect::<Vec<_>>())
    }

    /// The table, the winner or why there is none, and the line that starts it.
    fn answer(&self) -> String {
        let comparison = self.comparison();
        let runs: usize = self.measured().map(|candidate| candidate.runs.len()).sum();
        let heading = [
            format!("tune: {}", shell::shown(&self.command)),
            format!(
                "{runs} runs of {} candidates, {} steps of warm-up, at least {} measured",
                self.candidates.len(),
                self.args.warmup,
                self.args.steps
            ),
        ];
        let notes = match self.runs.is_empty() {
            true => Vec::new(),
            false => vec![format!("runs {} (`tftop runs show ID`)", self.runs.join(" "))],
        };
        let start = self.fastest().map(|fastest| fastest.caps).filter(|caps| !caps.is_empty());
        let start = start.map(|caps| start_line(&caps, &self.command));
        output::sweep(&output::SweepReport {
            heading: &heading,
            comparison: &comparison,
            notes: &notes,
            start: start.as_deref(),
        })
    }
}

/// What is tried beside no caps: what was advised, pools of one thread a CPU, and of one.
fn candidates(advised: Option<Caps>, cpus: u32) -> Vec<Caps> {
    let pools = |intra: u32, inter: u32| Caps::of([(CapKind::Intra, intra), (CapKind::Inter, inter)]);
    let advised = advised.filter(|caps| !caps.is_empty());
    let pairs = [(cpus, cpus), (1, cpus), (cpus, 1), (1, 1)];
    advised.into_iter().chain(pairs.into_iter().map(|(intra, inter)| pools(intra, inter))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_advised_is_tried_first_and_nothing_twice() {
        let advised = Caps::of([(CapKind::Intra, 2), (CapKind::Data, 2)]);
        let all: Vec<String> = candidates(Some(advised), 4).iter().map(label).collect();
        assert_eq!(all, ["intra=2 data=2", "intra=4 inter=4", "intra=1 inter=4", "intra=4 inter=1", "intra=1 inter=1"]);
        assert_eq!(candidates(Some(Caps::default()), 4), candidates(None, 4));
    }
}
