//! `tftop sweep`: one script under many caps, in blocks of random order, each run stopped after its steps. Ranks only what
//! the comparison can tell apart.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;

use crate::commands::args::global::GlobalArgs;
use crate::commands::args::measure::sweep::SweepArgs;
use crate::commands::measure::trials::{self, Measured, came_to, is_contended, label, plan, start_line};
use crate::commands::own_process::exit::{CommandError, Exit};
use crate::commands::own_process::{event_loop, stdio};
use crate::commands::run::session::trial::TrialGoal;
use crate::data::limits::Caps;
use crate::data::{Calendar, Text};
use crate::launch::caps::machine::MachineCpus;
use crate::launch::caps::plan::Plan;
use crate::launch::shell;
use crate::output;
use crate::present::format::page::Page;
use crate::runs::comparison::compare;
use crate::runs::comparison::types::{ComparedSide, Comparison, Ranking};
use crate::runs::stats::run_stats::RunStats;
use crate::runs::sweep_grid::SweepSlot;
use crate::runs::sweep_record;
use crate::runs::sweep_record::{SCHEMA, SweepRecord, TrialOutcome};

/// As shells have it for an end by SIGINT.
const INTERRUPTED: u8 = 130;
/// Time between two looks, at most: runs are short.
const INTERVAL: Duration = Duration::from_millis(250);

/// Makes every run that is still missing, then says what came of it.
pub(crate) fn sweep(args: &SweepArgs, options: &GlobalArgs) -> anyhow::Result<Exit> {
    let machine = MachineCpus::read().context("reading which CPUs may be used")?;
    let store = sweep_record::store().context("finding the folder for sweeps")?;
    let record = match &args.resume {
        Some(id) => resumed(&store, id)?,
        None => begin(args)?,
    };
    let combinations = record.grid.combinations();
    let plans: Vec<Plan> =
        combinations.iter().map(|caps| plan(caps, record.force, &machine)).collect::<anyhow::Result<_>>()?;
    if args.dry_run {
        return dry_run(&record, &combinations);
    }
    let mut sweep = SweepSession { record, store, combinations, plans };
    stdio::say(&sweep.announced());
    sweep.save()?;
    let interrupted = event_loop::runtime()?.block_on(sweep.make(&options.within(INTERVAL)))?;
    sweep.print_result(args.json, options.page())?;
    if interrupted {
        stdio::say(&format!("tftop: interrupted; `tftop sweep --resume {}` continues it", sweep.record.id));
        return Ok(Exit::Of(INTERRUPTED));
    }
    Ok(if sweep.is_complete() { Exit::Clean } else { Exit::Of(1) })
}

/// Its command is looked for, and looks for its files, where the sweep began.
fn resumed(store: &Path, id: &str) -> anyhow::Result<SweepRecord> {
    let record = SweepRecord::load(store, id).map_err(|error| {
        CommandError::usage(format!("sweep {id} can't be resumed: {error}; sweeps are kept in {}", store.display()))
    })?;
    match std::env::current_dir().is_ok_and(|folder| folder == record.folder) {
        true => Ok(record),
        false => {
            let folder = Text::from_bytes(record.folder.as_os_str().as_bytes());
            Err(CommandError::usage(format!("sweep {id} was started in {folder}: change to that directory first"))
                .into())
        }
    }
}

fn begin(args: &SweepArgs) -> anyhow::Result<SweepRecord> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let seed = args.seed.unwrap_or_else(|| u64::from(now.subsec_nanos()));
    Ok(SweepRecord {
        schema: SCHEMA.to_owned(),
        id: format!("{}-{}", Calendar::of(now.as_secs()).compact(), std::process::id()),
        command: args.words()?,
        folder: std::env::current_dir().context("finding the current folder")?,
        grid: args.grid()?,
        repeat: args.repeat,
        warmup: args.warmup,
        steps: args.steps,
        least_s: args.least.as_secs_f64(),
        limit_s: args.limit.as_secs_f64(),
        retries: args.retries,
        force: args.force,
        seed,
        trials: Vec::new(),
    })
}

fn dry_run(record: &SweepRecord, combinations: &[Caps]) -> anyhow::Result<Exit> {
    let mut lines = String::new();
    for slot in record.slots() {
        let caps = combinations.get(slot.combination).map(label).unwrap_or_default();
        lines += &format!("block {}: {caps}\n", slot.block + 1);
    }
    stdio::print(&lines)?;
    stdio::say(&format!("order by seed {}; --seed {} makes it again", record.seed, record.seed));
    Ok(Exit::Clean)
}

struct SweepSession {
    record: SweepRecord,
    store: PathBuf,
    combinations: Vec<Caps>,
    plans: Vec<Plan>,
}

impl SweepSession {
    fn announced(&self) -> String {
        format!(
            "tftop: sweep {}: {} combinations, {} runs each, order by seed {}; what the script writes may be overwritten",
            self.record.id,
            self.combinations.len(),
            self.record.repeat,
            self.record.seed
        )
    }

    fn save(&self) -> anyhow::Result<()> {
        self.record.save(&self.store).with_context(|| {
            format!("writing the sweep below {}; XDG_STATE_HOME names another place", self.store.display())
        })
    }

    /// Makes what is missing; true when the person did not want to wait.
    async fn make(&mut self, options: &GlobalArgs) -> anyhow::Result<bool> {
        for slot in self.record.slots() {
            while !self.record.is_done(slot) {
                let Some(ending) = self.one(slot, options).await? else { return Ok(true) };
                let failed = matches!(ending.ending, TrialOutcome::Failed(_));
                stdio::say(&self.progress(slot, &ending));
                self.record.trials.push(ending);
                self.save()?;
                if failed && self.nothing_works() {
                    stdio::say("tftop: the first runs all failed: the sweep ends here");
                    return Ok(false);
                }
            }
        }
        Ok(false)
    }

    /// One run; none when the person did not want to wait for it.
    async fn one(&self, slot: SweepSlot, options: &GlobalArgs) -> anyhow::Result<Option<sweep_record::Trial>> {
        let Some(plan) = self.plans.get(slot.combination) else { return Ok(None) };
        let words: Vec<OsString> = self.record.command.iter().map(OsString::from).collect();
        let goal = TrialGoal {
            warmup: self.record.warmup,
            steps: self.record.steps,
            least: Duration::from_secs_f64(self.record.least_s),
            limit: Duration::from_secs_f64(self.record.limit_s),
        };
        let Some(Measured { run, seconds, outcome: ending, .. }) =
            trials::measure(&words, plan.clone(), goal, options).await?
        else {
            return Ok(None);
        };
        Ok(Some(sweep_record::Trial { block: slot.block, combination: slot.combination, run, seconds, ending }))
    }

    /// Nothing was measured, and each combination was tried: it is not the caps.
    fn nothing_works(&self) -> bool {
        let tried = self.record.trials.len();
        tried >= self.combinations.len().min(3) && self.record.trials.iter().all(|trial| trial.outcome().is_none())
    }

    fn is_complete(&self) -> bool {
        (0..self.combinations.len()).all(|at| self.record.outcomes(at).len() == self.record.repeat as usize)
    }

    fn progress(&self, slot: SweepSlot, trial: &sweep_record::Trial) -> String {
        let slots = self.record.slots();
        let done = slots.iter().filter(|&&other| other != slot && self.record.is_done(other)).count() + 1;
        let caps = self.combinations.get(slot.combination).map(label).unwrap_or_default();
        let came = came_to(&trial.ending);
        let left = slots.len().saturating_sub(done);
        let spent: f64 = self.record.trials.iter().map(|trial| trial.seconds).sum::<f64>() + trial.seconds;
        let each = spent / (self.record.trials.len() + 1) as f64;
        format!(
            "[{done}/{}] {caps}: {came}; about {} left",
            slots.len(),
            crate::present::format::age(each * left as f64)
        )
    }

    /// The result so far.
    fn print_result(&self, json: bool, page: Page) -> anyhow::Result<()> {
        if json {
            return stdio::print(&(serde_json::to_string_pretty(&self.record)? + "\n"));
        }
        let comparison = self.comparison();
        let fastest = comparison.sides.iter().find(|side| side.standing == Ranking::Fastest);
        let caps = fastest.and_then(|side| self.combinations.iter().find(|caps| label(caps) == side.label));
        let start = caps.filter(|caps| !caps.is_empty()).map(|caps| start_line(caps, &self.record.command));
        let record = &self.record;
        let heading = [
            format!("sweep {}: {}", record.id, self.command()),
            format!(
                "{} runs of each, {} steps of warm-up, at least {} measured; order by seed {}",
                record.repeat, record.warmup, record.steps, record.seed
            ),
        ];
        let report = output::SweepReport {
            heading: &heading,
            measured_in: "RUNS",
            comparison: &comparison,
            notes: &self.notes(),
            start: start.as_deref(),
        };
        stdio::print(&output::sweep(&report, page))
    }

    fn comparison(&self) -> Comparison {
        let side = |(at, caps): (usize, &Caps)| {
            let runs: Vec<RunStats> = self.record.outcomes(at).into_iter().cloned().collect();
            (!runs.is_empty()).then(|| ComparedSide::new(label(caps), runs))
        };
        let sides: Vec<ComparedSide> = self.combinations.iter().enumerate().filter_map(side).collect();
        compare(&sides)
    }

    fn command(&self) -> String {
        shell::shown(&self.record.command)
    }

    /// What the table does not say.
    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        for (at, caps) in self.combinations.iter().enumerate() {
            let trials = || self.record.trials.iter().filter(|trial| trial.combination == at);
            let failed = trials().filter(|trial| trial.outcome().is_none()).count();
            let last = trials().rev().find_map(|trial| match &trial.ending {
                TrialOutcome::Failed(why) => Some(why),
                _ => None,
            });
            notes.extend(last.map(|why| format!("{}: {} failed, the last one: {why}", label(caps), runs(failed))));
            let busy = self.record.outcomes(at).into_iter().filter(|outcome| is_contended(outcome)).count();
            notes.extend((busy > 0).then(|| {
                format!(
                    "{}: {busy} runs stayed beside busy neighbours after {} tries",
                    label(caps),
                    self.record.retries + 1
                )
            }));
        }
        notes
    }
}

fn runs(count: usize) -> String {
    if count == 1 { "1 run".to_owned() } else { format!("{count} runs") }
}
