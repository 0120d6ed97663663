//! A sweep on disk: what is to be run, and what was measured so far. Written after each run, so that an interrupted sweep
//! can go on. Read back it may be anybody's: sizes are bounded and numbers checked.

use std::fs::File;
use std::io;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;
use serde::{Deserialize, Serialize};

use crate::linux::own_folder::OwnFolder;
use crate::runs::run_dir::OWN_PARTS;
use crate::runs::stats::run_stats::RunStats;
use crate::runs::sweep_grid::{MOST_COMBINATIONS, MOST_REPEATS, SweepGrid, SweepSlot, schedule};

/// Name and version of the contract, on disk and with --json.
pub(crate) const SCHEMA: &str = "tftop.sweep/1";
/// Times that can be asked for, in seconds.
const TIMES_S: std::ops::RangeInclusive<f64> = 0.1..=86_400.0;
/// Largest file read: thousands of outcomes.
const LARGEST: u64 = 256 << 20;

/// What is to be run, and what was.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct SweepRecord {
    pub(crate) schema: String,
    pub(crate) id: String,
    /// The command's words.
    pub(crate) command: Vec<String>,
    /// The folder it was started in.
    pub(crate) folder: PathBuf,
    pub(crate) grid: SweepGrid,
    pub(crate) repeat: u32,
    pub(crate) warmup: u64,
    pub(crate) steps: u64,
    pub(crate) least_s: f64,
    pub(crate) limit_s: f64,
    pub(crate) retries: u32,
    pub(crate) force: bool,
    pub(crate) seed: u64,
    /// Every run that was made, in order; the last of a slot counts.
    pub(crate) trials: Vec<Trial>,
}

/// One run.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Trial {
    pub(crate) block: u32,
    pub(crate) combination: usize,
    /// The run's folder in the store; none where there is none.
    pub(crate) run: Option<String>,
    /// How long it took, start and end included.
    pub(crate) seconds: f64,
    pub(crate) ending: TrialOutcome,
}

/// What came of a run.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum TrialOutcome {
    /// It did its steps.
    Measured(Box<RunStats>),
    /// It did them beside busy neighbours, which is why it was repeated.
    Contended(Box<RunStats>),
    /// It did not, and why.
    Failed(String),
}

impl Trial {
    fn is_of(&self, slot: SweepSlot) -> bool {
        (self.block, self.combination) == (slot.block, slot.combination)
    }

    pub(crate) fn outcome(&self) -> Option<&RunStats> {
        match &self.ending {
            TrialOutcome::Measured(outcome) | TrialOutcome::Contended(outcome) => Some(outcome),
            TrialOutcome::Failed(_) => None,
        }
    }
}

impl SweepRecord {
    /// All runs in their order, without those made again.
    pub(crate) fn slots(&self) -> Vec<SweepSlot> {
        schedule(self.grid.combinations().len(), self.repeat, self.seed)
    }

    /// The runs of a slot so far.
    pub(crate) fn tries(&self, slot: SweepSlot) -> impl Iterator<Item = &Trial> {
        self.trials.iter().filter(move |trial| trial.is_of(slot))
    }

    /// Whether a slot needs no more runs: it was measured without busy neighbours, or often enough.
    pub(crate) fn is_done(&self, slot: SweepSlot) -> bool {
        let tries = self.tries(slot).count();
        let last = self.tries(slot).last().map(|trial| &trial.ending);
        match last {
            None => false,
            Some(TrialOutcome::Contended(_)) => tries > self.retries as usize,
            Some(_) => true,
        }
    }

    /// What counts of a combination: in each block its run without busy neighbours, else the one with the least.
    pub(crate) fn outcomes(&self, combination: usize) -> Vec<&RunStats> {
        let blocks = 0..self.repeat;
        blocks
            .filter_map(|block| self.tries(SweepSlot { block, combination }).filter_map(Trial::outcome).last())
            .collect()
    }

    /// Writes it; a file that is there is replaced in one go.
    pub(crate) fn save(&self, store: &Path) -> io::Result<()> {
        let store = OwnFolder::open(store, OWN_PARTS, "XDG_STATE_HOME")?;
        let (name, new) = (file_name(&self.id), format!("{}.new", self.id));
        // Left over where an earlier tftop was killed while it wrote.
        let _ = store.remove(&new);
        let mut file = store.file(&new)?;
        file.write_all(&serde_json::to_vec(self).map_err(io::Error::other)?)?;
        store.rename(&new, &name)
    }

    /// Reads the one with this id.
    pub(crate) fn load(store: &Path, id: &str) -> io::Result<Self> {
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "this is no id of a sweep"));
        }
        let mut text = Vec::new();
        File::open(store.join(file_name(id)))?.take(LARGEST).read_to_end(&mut text)?;
        let record: Self = serde_json::from_slice(&text)?;
        let wrong = |what: &str| Err(io::Error::new(io::ErrorKind::InvalidData, what));
        let count = record.grid.count().filter(|&count| count <= MOST_COMBINATIONS);
        match count {
            _ if record.schema != SCHEMA => wrong("it was written by another version of tftop"),
            None => wrong("it has too many combinations"),
            _ if record.repeat == 0 || record.repeat > MOST_REPEATS || record.command.is_empty() => {
                wrong("it is no sweep")
            }
            _ if ![record.least_s, record.limit_s].iter().all(|time| TIMES_S.contains(time)) => wrong("it is no sweep"),
            Some(count) if record.trials.iter().any(|trial| trial.combination >= count) => wrong("it is no sweep"),
            Some(_) => Ok(record),
        }
    }
}

/// `$XDG_STATE_HOME/tftop/sweeps`, beside the runs.
pub(crate) fn store() -> io::Result<PathBuf> {
    let strategy = etcetera::choose_base_strategy().map_err(io::Error::other)?;
    Ok(strategy.state_dir().unwrap_or_else(|| strategy.cache_dir()).join("tftop").join("sweeps"))
}

fn file_name(id: &str) -> String {
    format!("{id}.json")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::limits::{CapKind, PerCap};

    fn grid() -> SweepGrid {
        let mut lists = PerCap::<Vec<u32>>::default();
        *lists.get_mut(CapKind::Intra) = vec![1, 2];
        SweepGrid(lists)
    }

    fn record() -> SweepRecord {
        SweepRecord {
            schema: SCHEMA.to_owned(),
            id: "261120-190142-7".to_owned(),
            command: vec!["python".to_owned(), "train.py".to_owned()],
            folder: PathBuf::from("/work"),
            grid: grid(),
            repeat: 2,
            warmup: 50,
            steps: 200,
            least_s: 5.0,
            limit_s: 600.0,
            retries: 1,
            force: false,
            seed: 42,
            trials: Vec::new(),
        }
    }

    fn trial(slot: SweepSlot, ending: TrialOutcome) -> Trial {
        Trial { block: slot.block, combination: slot.combination, run: None, seconds: 1.0, ending }
    }

    #[test]
    fn a_run_beside_busy_neighbours_is_made_again_until_it_was_tried_often_enough() {
        let mut record = record();
        let slot = record.slots()[0];
        assert!(!record.is_done(slot));
        for done in [false, true] {
            record.trials.push(trial(slot, TrialOutcome::Contended(Box::default())));
            assert_eq!(record.is_done(slot), done);
        }
        assert_eq!(record.outcomes(slot.combination).len(), 1, "of each block one run counts");
    }

    #[test]
    fn what_failed_is_not_made_again_and_counts_for_nothing() {
        let mut record = record();
        let slot = record.slots()[3];
        record.trials.push(trial(slot, TrialOutcome::Failed("it ended".to_owned())));
        assert!(record.is_done(slot) && record.outcomes(slot.combination).is_empty());
    }

    #[test]
    fn a_sweep_is_read_back_as_it_was_written() {
        let store = tempfile::tempdir().unwrap();
        let mut record = record();
        record.trials.push(trial(record.slots()[0], TrialOutcome::Measured(Box::default())));
        record.save(store.path()).unwrap();
        record.save(store.path()).unwrap();
        let read = SweepRecord::load(store.path(), &record.id).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), serde_json::to_string(&record).unwrap());
        assert_eq!(std::fs::read_dir(store.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_no_sweep_is_refused() {
        let store = tempfile::tempdir().unwrap();
        for id in ["", "../../etc/passwd", "a/b", "x.json", "\u{1b}[2J"] {
            assert_eq!(SweepRecord::load(store.path(), id).unwrap_err().kind(), io::ErrorKind::InvalidInput, "{id}");
        }
        let written = |change: fn(&mut SweepRecord)| {
            let mut record = record();
            change(&mut record);
            record.save(store.path()).unwrap();
            SweepRecord::load(store.path(), &record.id)
        };
        assert!(written(|_| {}).is_ok());
        assert!(written(|record| record.schema.push('2')).is_err());
        assert!(written(|record| record.repeat = 0).is_err());
        assert!(written(|record| record.limit_s = f64::MAX).is_err());
        assert!(written(|record| record.least_s = -1.0).is_err());
        assert!(written(|record| record.command.clear()).is_err());
        assert!(written(|record| *record.grid.0.get_mut(CapKind::Intra) = (1..1000).collect()).is_err());
        let slot = SweepSlot { block: 0, combination: 3 };
        let mut strange = record();
        strange.trials.push(trial(slot, TrialOutcome::Failed(String::new())));
        strange.save(store.path()).unwrap();
        assert!(SweepRecord::load(store.path(), &strange.id).is_err());
        std::fs::write(store.path().join(file_name("cut")), "{\"schema\":").unwrap();
        assert!(SweepRecord::load(store.path(), "cut").is_err());
    }
}
