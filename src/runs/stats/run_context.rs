//! What ran, and on what: everything that should be the same, or be said, when two runs are compared.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::data::limits::Caps;
use crate::data::sample::{
    Environment, HostFact, LaunchFact, ProcessFact, Sample, ShimReport, ShimUse, TfContextState, TfStarted,
};
use crate::data::{CpuSet, Text};
use crate::model::rates::processes::command_line;

/// What ran, and on what.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RunContext {
    /// The command in one line.
    pub command: String,
    /// The caps it was given.
    pub caps: Caps,
    /// The CPUs it was put on; none: those of whoever started it.
    pub cpus: Option<CpuSet>,
    /// What the shim was told to do.
    pub shim: ShimUse,
    /// Thread-related variables of the process that has TensorFlow, as the process itself has them where that is readable.
    pub environment: Environment,
    /// Intra-op threads TensorFlow was started with; 0: TensorFlow decides; none: not known.
    pub intra: Option<i64>,
    /// Inter-op threads TensorFlow was started with; 0: TensorFlow decides; none: not known.
    pub inter: Option<i64>,
    /// What it was made with.
    pub versions: Versions,
    /// Where it ran.
    pub machine: RunMachine,
}

/// Versions, where they are known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Versions {
    /// TensorFlow's.
    pub tensorflow: Option<Text>,
    /// Keras's.
    pub keras: Option<Text>,
    /// Python's.
    pub python: Option<Text>,
}

/// A machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RunMachine {
    /// Its name.
    pub name: Option<Text>,
    /// Its CPU's model.
    pub cpu_model: Option<Text>,
    /// CPUs online.
    pub online: u32,
    /// Its kernel's release.
    pub kernel: Option<Text>,
}

/// The newest facts a sample had of these.
#[derive(Clone, Debug, Default)]
pub(crate) struct ContextReader {
    host: Arc<HostFact>,
    root: Option<Arc<ProcessFact>>,
    tensorflow: Option<Arc<ProcessFact>>,
    pub(crate) launch: Option<Arc<LaunchFact>>,
    pub(crate) report: Arc<ShimReport>,
}

impl ContextReader {
    pub(crate) fn add(&mut self, sample: &Sample) {
        self.host = sample.host.clone();
        if let Some(launch) = &sample.launch {
            self.launch = Some(launch.fact.clone());
            self.report = launch.report.clone();
        }
        // An ended process has lost its command line.
        let living = || sample.processes.iter().filter(|process| !process.ended).map(|process| &process.fact);
        let first = sample.processes.first().map(|process| &process.fact);
        if let Some(root) = first.filter(|fact| self.root.is_none() || !fact.command.is_empty()) {
            self.root = Some(root.clone());
        }
        let known = self.tensorflow.as_ref().map(|fact| fact.key);
        let with_tensorflow = || living().filter(|fact| fact.tensorflow.is_some());
        let same = with_tensorflow().find(|fact| Some(fact.key) == known);
        if let Some(fact) = same.or_else(|| with_tensorflow().next()) {
            self.tensorflow = Some(fact.clone());
        }
    }

    pub(crate) fn boot_unix_s(&self) -> u64 {
        self.host.boot_unix_s
    }

    pub(crate) fn context(&self) -> RunContext {
        let launch = self.launch.as_deref().cloned().unwrap_or_default();
        let process = self.tensorflow.as_deref().or(self.root.as_deref());
        let started = self.report.started.first();
        let (intra, inter) = process.map_or((None, None), |fact| tf_threads(fact, started));
        let environment = process.and_then(|fact| {
            let live = fact.settings.live_environment.as_ref();
            live.or(fact.environment.as_ref()).cloned()
        });
        RunContext {
            command: self.root.as_deref().map_or_else(String::new, command_line),
            caps: launch.caps,
            cpus: launch.cpus,
            shim: launch.shim,
            environment: environment.unwrap_or_default(),
            intra,
            inter,
            versions: versions(process, started),
            machine: RunMachine {
                name: self.host.name.clone(),
                cpu_model: self.host.cpu_model.clone(),
                online: self.host.online.count(),
                kernel: self.host.kernel.clone(),
            },
        }
    }
}

/// What the pools were made from: the shim's word, or tf.config once the pools exist.
fn tf_threads(process: &ProcessFact, started: Option<&TfStarted>) -> (Option<i64>, Option<i64>) {
    if let Some(started) = started {
        return (started.intra, started.inter);
    }
    let config = process.settings.tf_config.filter(|config| config.state == TfContextState::Started);
    config.map_or((None, None), |config| (config.intra, config.inter))
}

fn versions(process: Option<&ProcessFact>, started: Option<&TfStarted>) -> Versions {
    let mapped = process.and_then(|fact| fact.tensorflow.as_ref()?.version.clone());
    Versions {
        tensorflow: mapped.or_else(|| started.and_then(|started| started.tensorflow.clone())),
        keras: started.and_then(|started| started.keras.clone()),
        python: process.and_then(|fact| fact.python.as_ref()?.version.clone()),
    }
}
