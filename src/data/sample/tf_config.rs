//! What a program told TensorFlow about threads through tf.config, as its own objects hold it.

use serde::{Deserialize, Serialize};

/// The thread settings of TensorFlow's eager context (tensorflow/python/eager/context.py, `class Context`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TfConfigFact {
    /// How far the context is. Once it started, the two settings below can't change any more.
    pub state: TfContextState,
    /// `tf.config.threading.set_intra_op_parallelism_threads`; missing when never set, 0 means "TensorFlow decides".
    pub intra: Option<i64>,
    /// `tf.config.threading.set_inter_op_parallelism_threads`; missing when never set, 0 means "TensorFlow decides".
    pub inter: Option<i64>,
    /// Whether the context was given a ConfigProto (`enable_eager_execution(config=…)`): its thread counts, which are not
    /// read, hold where the settings above are missing.
    pub from_proto: bool,
}

/// The life of TensorFlow's eager context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum TfContextState {
    /// The module is not imported.
    NotImported,
    /// The module is imported, its one Context not made yet: nothing was set.
    NotMade,
    /// The Context exists, its thread pools do not: settings still count.
    NotStarted,
    /// The pools were made from the settings and the environment of that moment.
    Started,
}

impl TfConfigFact {
    /// Nothing set, because there is nothing yet to set it on.
    pub fn without_context(state: TfContextState) -> Self {
        Self { state, intra: None, inter: None, from_proto: false }
    }
}
