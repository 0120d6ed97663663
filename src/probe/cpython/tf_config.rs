//! What the program set through tf.config.threading, from TensorFlow's own Python objects.

use std::io;

use crate::data::Address;
use crate::data::sample::{TfConfigFact, TfContextState};
use crate::linux::proc::read_stable::read_stable;
use crate::probe::cpython::{Python, unreadable};

/// The module whose `_context` is the process's one Context (the same path from TensorFlow 2.0 to 2.21).
const MODULE: &str = "tensorflow.python.eager.context";

impl Python<'_> {
    /// The thread settings of TensorFlow's context. Ones of a started context never change again: TensorFlow refuses.
    ///
    /// Fails where an object is not what TensorFlow 2.x makes of it; never answers "not set" for "could not read".
    pub fn tf_config(&self) -> io::Result<TfConfigFact> {
        let Some(module) = self.module(MODULE)? else {
            return Ok(TfConfigFact::without_context(TfContextState::NotImported));
        };
        read_stable(|| {
            let context = self.objects.find(&self.objects.dict(module)?, "_context")?;
            match context {
                Some(context) if !self.objects.is_none(context)? => self.context(context),
                _ => Ok(TfConfigFact::without_context(TfContextState::NotMade)),
            }
        })
    }

    fn context(&self, context: Address) -> io::Result<TfConfigFact> {
        let attributes = self.objects.attributes(context)?;
        let attribute = |name: &str| -> io::Result<Address> {
            let found = self.objects.find(&attributes, name)?;
            found.ok_or_else(|| unreadable(&format!("TensorFlow's Context has no {name}")))
        };
        let started = !self.objects.is_none(attribute("_context_handle")?)?;
        Ok(TfConfigFact {
            state: if started { TfContextState::Started } else { TfContextState::NotStarted },
            intra: self.objects.optional_int(attribute("_intra_op_parallelism_threads")?)?,
            inter: self.objects.optional_int(attribute("_inter_op_parallelism_threads")?)?,
            from_proto: !self.objects.is_none(attribute("_config")?)?,
        })
    }
}
