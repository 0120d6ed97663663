//! How far Keras's fit is: the epoch it says, and the steps that were marked in it.

use crate::data::sample::{Epoch, StepMarks};
use crate::data::scene::EpochNow;

/// The newest fit.
#[derive(Clone, Debug, Default)]
pub(super) struct KerasFit {
    epoch: Option<Epoch>,
    stream: Option<(u32, u64)>,
    /// Its steps, those that got lost included: `first` counts them.
    steps: f64,
    /// The epoch it began with.
    began: u64,
}

impl KerasFit {
    /// The newest epoch that was heard of.
    pub fn use_epoch(&mut self, epoch: Option<&Epoch>) {
        if self.epoch.as_ref() != epoch {
            self.epoch = epoch.cloned();
        }
        let Some(Epoch { epoch, steps: Some(steps @ 1..), .. }) = self.epoch else { return };
        let behind = self.steps / steps as f64;
        // Marks of an epoch's end may come after the news of the next one's beginning: only in its middle is one epoch
        // more or less a sign that the fit began with another one than the first.
        let doubt = if (0.25..0.75).contains(&behind.fract()) { 0 } else { 1 };
        let behind = behind as u64;
        if self.stream.is_some() && self.began.saturating_add(behind).abs_diff(epoch) > doubt {
            self.began = epoch.saturating_sub(behind);
        }
    }

    /// Marks of a fit.
    pub fn update(&mut self, record: &StepMarks) {
        let stream = Some((record.pid, record.stream));
        if self.stream != stream {
            (self.stream, self.began) = (stream, 0);
        }
        let count = record.durations_us.len().max(1) as f64;
        self.steps = record.steps as f64 * (record.first as f64 / count + 1.0);
    }

    /// How far it is.
    pub fn now(&self) -> Option<EpochNow> {
        let epoch = self.epoch.as_ref()?;
        let done = epoch.steps.filter(|&steps| steps > 0).and_then(|steps| {
            let before = epoch.epoch.saturating_sub(self.began) as f64 * steps as f64;
            let done = (self.steps - before) / steps as f64;
            // Beyond the epoch are marks of another fit.
            (-0.5..1.01).contains(&done).then_some(done.clamp(0.0, 1.0))
        });
        Some(EpochNow { number: epoch.epoch.saturating_add(1), of: epoch.epochs, done })
    }
}
