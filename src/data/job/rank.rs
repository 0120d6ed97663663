//! Which rank of which job a process is, as its launcher told it in the environment. Of the environment only these numbers and the
//! job's name are kept; what a program sets for itself later is not looked at.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::data::Text;

/// Longest name of a job that is kept, in bytes.
const LONGEST_JOB: usize = 128;
/// Longest `TF_CONFIG` that is read: an address for each task of a large cluster.
const LONGEST_TF_CONFIG: usize = 256 << 10;

/// One process of a job.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Rank {
    /// Who started it as a rank.
    pub launcher: Launcher,
    /// The job, as the launcher calls it; missing where it gives it no name.
    pub job: Option<Text>,
    /// Its number, from 0.
    pub rank: u32,
    /// Ranks of the job; missing where it is not told.
    pub ranks: Option<u32>,
    /// Its number among the ranks of its machine, from 0; missing where it is not told.
    pub local_rank: Option<u32>,
    /// Ranks on its machine; missing where it is not told.
    pub local_ranks: Option<u32>,
}

/// What starts a program several times, each with a number of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Launcher {
    /// Open MPI's mpirun (its FAQ, "What environment variables does Open MPI define at runtime?").
    OpenMpi,
    /// Hydra, the mpiexec of MPICH and Intel MPI.
    Hydra,
    /// torchrun (PyTorch's torch/distributed/run.py), and whoever sets the same variables.
    Torchrun,
    /// Horovod's runner without MPI (Gloo).
    Horovod,
    /// Slurm's srun (srun(1), "OUTPUT ENVIRONMENT VARIABLES").
    Slurm,
    /// `TF_CONFIG` (tf.distribute.cluster_resolver.TFConfigClusterResolver): set by hand or by an operator of Kubernetes.
    TfConfig,
}

impl Launcher {
    /// Its name for people and labels.
    pub fn name(self) -> &'static str {
        match self {
            Self::OpenMpi => "Open MPI",
            Self::Hydra => "Hydra",
            Self::Torchrun => "torchrun",
            Self::Horovod => "Horovod",
            Self::Slurm => "Slurm",
            Self::TfConfig => "TF_CONFIG",
        }
    }

    /// What a job of it is called: "Slurm job 4711"; "torchrun job" where it has no name.
    pub fn job(self, name: Option<&Text>) -> String {
        let name = name.map_or(String::new(), |name| format!(" {name}"));
        format!("{} job{name}", self.name())
    }
}

/// "4 of 8 ranks" where others run elsewhere, else "8 ranks".
pub fn ranks_here(here: usize, all: Option<u32>) -> String {
    match all.filter(|&all| all as usize > here) {
        Some(all) => format!("{here} of {all} ranks"),
        None => format!("{here} ranks"),
    }
}

/// Where a launcher writes what.
struct Variables {
    launcher: Launcher,
    rank: &'static str,
    ranks: &'static [&'static str],
    local_rank: &'static str,
    local_ranks: &'static [&'static str],
    job: &'static [&'static str],
}

/// The innermost launcher first: mpirun and torchrun are themselves started by Slurm.
const LAUNCHERS: [Variables; 5] = [
    Variables {
        launcher: Launcher::OpenMpi,
        rank: "OMPI_COMM_WORLD_RANK",
        ranks: &["OMPI_COMM_WORLD_SIZE"],
        local_rank: "OMPI_COMM_WORLD_LOCAL_RANK",
        local_ranks: &["OMPI_COMM_WORLD_LOCAL_SIZE"],
        job: &["SLURM_JOB_ID", "PMIX_NAMESPACE", "OMPI_MCA_ess_base_jobid"],
    },
    Variables {
        launcher: Launcher::Torchrun,
        rank: "RANK",
        ranks: &["WORLD_SIZE"],
        local_rank: "LOCAL_RANK",
        local_ranks: &["LOCAL_WORLD_SIZE"],
        job: &["SLURM_JOB_ID", "TORCHELASTIC_RUN_ID"],
    },
    Variables {
        launcher: Launcher::Horovod,
        rank: "HOROVOD_RANK",
        ranks: &["HOROVOD_SIZE"],
        local_rank: "HOROVOD_LOCAL_RANK",
        local_ranks: &["HOROVOD_LOCAL_SIZE"],
        job: &["SLURM_JOB_ID"],
    },
    Variables {
        launcher: Launcher::Hydra,
        rank: "PMI_RANK",
        ranks: &["PMI_SIZE"],
        local_rank: "MPI_LOCALRANKID",
        local_ranks: &["MPI_LOCALNRANKS"],
        job: &["SLURM_JOB_ID"],
    },
    Variables {
        launcher: Launcher::Slurm,
        rank: "SLURM_PROCID",
        ranks: &["SLURM_STEP_NUM_TASKS", "SLURM_NTASKS"],
        local_rank: "SLURM_LOCALID",
        local_ranks: &[],
        job: &["SLURM_JOB_ID"],
    },
];

/// Where Slurm says how many tasks each node has.
const TASKS_OF_NODES: [&str; 2] = ["SLURM_STEP_TASKS_PER_NODE", "SLURM_TASKS_PER_NODE"];

impl Rank {
    /// From a NUL-separated block as `/proc/PID/environ` holds it (proc_pid_environ(5)). None of a process that no launcher
    /// started, or that stands alone.
    pub fn from_block(block: &[u8]) -> Option<Self> {
        let lines = block.split(|&byte| byte == 0);
        Self::of(lines.filter_map(|line| {
            let equals = line.iter().position(|&byte| byte == b'=')?;
            Some((&line[..equals], &line[equals + 1..]))
        }))
    }

    /// The same of this process's own environment.
    pub fn of_own_environment() -> Option<Self> {
        let own: Vec<(OsString, OsString)> = std::env::vars_os().collect();
        Self::of(own.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())))
    }

    fn of<'a>(variables: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> Option<Self> {
        let mut known: BTreeMap<&[u8], &[u8]> = BTreeMap::new();
        for (name, value) in variables.filter(|(name, _)| is_read(name)) {
            known.entry(name).or_insert(value);
        }
        let found = LAUNCHERS.iter().find_map(|launcher| launcher.rank(&known));
        found.or_else(|| tf_config(known.get(b"TF_CONFIG".as_slice())?)).filter(|rank| rank.ranks != Some(1))
    }

    /// "rank 3 of 8", "rank 3" where nobody told of how many.
    pub fn words(&self) -> String {
        match self.ranks {
            Some(ranks) => format!("rank {} of {ranks}", self.rank),
            None => format!("rank {}", self.rank),
        }
    }
}

/// Whether anything is learnt from a variable of this name.
fn is_read(name: &[u8]) -> bool {
    let others = ["TF_CONFIG", "SLURM_NODEID"].into_iter().chain(TASKS_OF_NODES);
    let of_launchers = LAUNCHERS.iter().flat_map(Variables::names);
    others.chain(of_launchers).any(|read| read.as_bytes() == name)
}

impl Variables {
    fn names(&self) -> impl Iterator<Item = &'static str> {
        let lists = [self.ranks, self.local_ranks, self.job];
        lists.into_iter().flatten().copied().chain([self.rank, self.local_rank])
    }

    fn rank(&self, known: &BTreeMap<&[u8], &[u8]>) -> Option<Rank> {
        let get = |name: &str| known.get(name.as_bytes()).copied();
        let number = |name: &str| std::str::from_utf8(get(name)?).ok()?.trim().parse::<u32>().ok();
        let first = |names: &[&str]| names.iter().find_map(|name| number(name)).filter(|&count| count > 0);
        let rank = number(self.rank)?;
        let ranks = first(self.ranks);
        // Names that anybody may use for something else.
        if ranks.is_some_and(|ranks| rank >= ranks) || (self.launcher == Launcher::Torchrun && ranks.is_none()) {
            return None;
        }
        let job = self.job.iter().find_map(|name| get(name)).filter(|job| !job.is_empty() && *job != b"none");
        let tasks = || TASKS_OF_NODES.iter().find_map(|name| tasks_of_node(get(name)?, number("SLURM_NODEID")?));
        let local_ranks = first(self.local_ranks).or_else(|| tasks().filter(|_| self.launcher == Launcher::Slurm));
        let local_rank = number(self.local_rank);
        Some(Rank {
            launcher: self.launcher,
            job: job.map(|job| Text::from_bytes(&job[..job.len().min(LONGEST_JOB)])),
            rank,
            ranks,
            local_rank: local_rank.filter(|&local| local_ranks.is_none_or(|ranks| local < ranks)),
            local_ranks,
        })
    }
}

/// Tasks of one node in Slurm's words: "2(x3),1" are four nodes.
fn tasks_of_node(text: &[u8], node: u32) -> Option<u32> {
    let mut before = 0_u32;
    for part in std::str::from_utf8(text).ok()?.split(',') {
        let (tasks, nodes) = match part.split_once("(x") {
            Some((tasks, nodes)) => (tasks, nodes.strip_suffix(')')?.parse::<u32>().ok()?),
            None => (part, 1),
        };
        before = before.saturating_add(nodes);
        if node < before {
            return tasks.trim().parse().ok().filter(|&tasks| tasks > 0);
        }
    }
    None
}

/// A task of TensorFlow's own cluster: workers first, as TensorFlow numbers them. Addresses are not kept.
fn tf_config(text: &[u8]) -> Option<Rank> {
    let config: Value = serde_json::from_slice(text.get(..text.len().min(LONGEST_TF_CONFIG))?).ok()?;
    let task = config.get("task")?;
    let index =
        |value: &Value| value.as_u64().or_else(|| value.as_str()?.parse().ok()).and_then(|it| it.try_into().ok());
    let (kind, index): (&str, u32) = (task.get("type")?.as_str()?, index(task.get("index")?)?);
    let cluster = config.get("cluster").and_then(Value::as_object);
    let count = |kind: &str| {
        let tasks = cluster.and_then(|cluster| cluster.get(kind)).and_then(Value::as_array);
        tasks.map_or(0, |tasks| u32::try_from(tasks.len()).unwrap_or(u32::MAX))
    };
    let chiefs = count("chief").saturating_add(count("master"));
    let ranks = chiefs.saturating_add(count("worker"));
    let rank = match kind {
        "chief" | "master" => index,
        "worker" => chiefs.saturating_add(index),
        // A parameter server or an evaluator is none of those that train.
        _ => return None,
    };
    let ranks = Some(ranks).filter(|&ranks| rank < ranks);
    Some(Rank { launcher: Launcher::TfConfig, job: None, rank, ranks, local_rank: None, local_ranks: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &str) -> Option<Rank> {
        Rank::from_block(variables.replace(' ', "\0").as_bytes())
    }

    #[test]
    fn the_innermost_launcher_counts() {
        let slurm = "SLURM_JOB_ID=4711 SLURM_PROCID=0 SLURM_NTASKS=1 SLURM_LOCALID=0 SLURM_NODEID=0";
        let mpi =
            "OMPI_COMM_WORLD_RANK=5 OMPI_COMM_WORLD_SIZE=8 OMPI_COMM_WORLD_LOCAL_RANK=1 OMPI_COMM_WORLD_LOCAL_SIZE=4";
        let rank = of(&format!("{slurm} {mpi}")).unwrap();
        assert_eq!((rank.launcher, rank.job.as_deref()), (Launcher::OpenMpi, Some("4711")));
        assert_eq!((rank.rank, rank.ranks, rank.local_rank, rank.local_ranks), (5, Some(8), Some(1), Some(4)));
        assert_eq!(rank.words(), "rank 5 of 8");
    }

    #[test]
    fn slurm_tells_how_many_tasks_a_node_has() {
        let srun =
            "SLURM_JOB_ID=4711 SLURM_PROCID=6 SLURM_STEP_NUM_TASKS=7 SLURM_LOCALID=0 SLURM_STEP_TASKS_PER_NODE=2(x3),1";
        let on = |node: &str| of(&format!("{srun} SLURM_NODEID={node}")).unwrap().local_ranks;
        assert_eq!([on("0"), on("2"), on("3"), on("4"), on("x")], [Some(2), Some(2), Some(1), None, None]);
        assert_eq!(tasks_of_node(b"2(x4294967295),3", 70_000), Some(2));
        assert_eq!(tasks_of_node(b"(x", 0), None);
    }

    #[test]
    fn one_that_stands_alone_is_no_rank() {
        assert_eq!(of("SLURM_JOB_ID=1 SLURM_PROCID=0 SLURM_NTASKS=1"), None, "a batch script");
        assert_eq!(of("RANK=0 WORLD_SIZE=1"), None);
        assert_eq!(of("RANK=3"), None, "a name that anybody may use");
        assert_eq!(of("RANK=9 WORLD_SIZE=4"), None);
        assert_eq!(of("RANK=-1 WORLD_SIZE=x"), None);
        assert_eq!(of(""), None);
    }

    #[test]
    fn torchrun_without_a_name_has_none() {
        let rank = of("RANK=1 WORLD_SIZE=2 LOCAL_RANK=1 LOCAL_WORLD_SIZE=2 TORCHELASTIC_RUN_ID=none").unwrap();
        assert_eq!((rank.launcher, rank.job, rank.local_ranks), (Launcher::Torchrun, None, Some(2)));
    }

    #[test]
    fn of_a_cluster_spec_the_task_is_kept_and_no_address() {
        let config = r#"TF_CONFIG={"cluster":{"chief":["a:1"],"worker":["b:2","c:3"],"ps":["d:4"]},"task":{"type":"worker","index":1}}"#;
        let rank = of(config).unwrap();
        assert_eq!((rank.launcher, rank.rank, rank.ranks), (Launcher::TfConfig, 2, Some(3)));
        assert!(!format!("{rank:?}").contains("c:3"));
        assert_eq!(of(&config.replace(r#""worker","index""#, r#""ps","index""#)), None);
        for garbage in
            ["TF_CONFIG=", "TF_CONFIG={}", "TF_CONFIG=[[[", r#"TF_CONFIG={"task":{"type":"worker","index":-1}}"#]
        {
            assert_eq!(of(garbage), None, "{garbage}");
        }
    }

    #[test]
    fn a_long_name_is_cut() {
        let long = format!("PMI_RANK=0 PMI_SIZE=2 SLURM_JOB_ID={}", "x".repeat(1000));
        assert_eq!(of(&long).unwrap().job.unwrap().len(), LONGEST_JOB);
    }
}
