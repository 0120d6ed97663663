//! Everything in and around a process that could limit its threads, as read. Which of it counts is the model's business.

use serde::{Deserialize, Serialize};

use crate::data::Text;
use crate::data::sample::{Environment, TfConfigFact};

/// What was read of one process's settings. A missing part has its reason among the process's gaps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ThreadSettings {
    /// Thread-related variables as the process has them now (libc's `environ` in its memory). The exec-time copy is
    /// [`ProcessFact::environment`](super::ProcessFact::environment): a difference was made by the program itself.
    pub live_environment: Option<Environment>,
    /// tf.config, from CPython's objects; none when the process has no TensorFlow module or its memory can't be read.
    pub tf_config: Option<TfConfigFact>,
    /// Numbers that libraries keep in their own memory.
    pub library_pools: Vec<LibraryPool>,
    /// What the main script's source asks for, read but not run.
    pub script: Option<Script>,
    /// Soft RLIMIT_NPROC: processes and threads of this user; none when unlimited (`/proc/PID/limits`).
    pub user_threads_max: Option<u64>,
    /// The tightest pids cgroup over the process.
    pub pids: Option<PidsLimit>,
}

/// A thread count that a library keeps for itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LibraryPool {
    /// Path of the library as the target's maps name it.
    pub library: Text,
    /// The variable that was read: `blas_cpu_number`.
    pub symbol: Text,
    /// Its value.
    pub value: i64,
}

/// The main script and the thread settings that stand in its source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Script {
    /// Its path as the process knows it.
    pub path: Text,
    /// Literal settings, in order of their lines. That a line stands there does not mean that it ran.
    #[serde(rename = "wishes")]
    pub settings: Vec<ScriptSetting>,
    /// The first line that imports tensorflow at top level.
    pub imports_tensorflow_at: Option<u32>,
    /// Whether it sets the size of tf.data's private pools anywhere, to a number or not.
    #[serde(default)]
    pub sizes_private_pools: bool,
}

/// One literal setting in a script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScriptSetting {
    /// Line, counted from 1.
    pub line: u32,
    /// What it sets.
    pub knob: ScriptKnob,
    /// The literal.
    pub value: i64,
    /// Whether it certainly ran once the script did: no condition, loop or function holds it back.
    #[serde(default)]
    pub certain: bool,
    /// Whether it is a field of a ConfigProto, which leaves no trace in tf.config.
    #[serde(default)]
    pub proto: bool,
}

/// What a [`Wish`] sets.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ScriptKnob {
    /// `set_intra_op_parallelism_threads(n)` or `intra_op_parallelism_threads=n` of a ConfigProto.
    Intra,
    /// `set_inter_op_parallelism_threads(n)` or `inter_op_parallelism_threads=n` of a ConfigProto.
    Inter,
    /// `private_threadpool_size = n` of tf.data's threading options.
    PrivateThreadpool,
    /// `os.environ["NAME"] = "n"` (or putenv, setdefault) of a kept variable.
    Variable(Text),
}

/// pids.max of a cgroup (Documentation/admin-guide/cgroup-v2.rst, "PID").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PidsLimit {
    /// Path of the cgroup below its mount.
    pub path: Text,
    /// pids.current: threads in it.
    pub current: u64,
    /// pids.max.
    pub max: u64,
}
