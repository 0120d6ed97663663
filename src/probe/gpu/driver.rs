//! What a GPU's driver has to tell, whichever it is, and what of its answers is believed.

use crate::data::sample::{GpuProcess, GpuSample};

/// Reads every GPU of this machine.
pub trait GpuDriver {
    /// What they do now; `own` lists every process, the target's and others.
    ///
    /// # Errors
    /// Why nothing can be read, in words.
    fn read(&mut self) -> Result<Vec<GpuSample>, String>;
}

/// Why no GPU is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoGpus {
    /// There is no driver, or it drives nothing: nothing is missing.
    NoDriver,
    /// There is one, and it can't be read: why.
    Unreadable(String),
}

/// The same without what can't be: more than all of the time, more memory than there is.
pub(crate) fn believable(gpu: GpuSample) -> GpuSample {
    let total_bytes = gpu.total_bytes.filter(|&total| total > 0);
    let held = |used: &u64| total_bytes.is_none_or(|total| *used <= total);
    let process = |process: GpuProcess| GpuProcess {
        busy_percent: process.busy_percent.filter(|&percent| percent <= 100),
        used_bytes: process.used_bytes.filter(held),
        ..process
    };
    GpuSample {
        busy_percent: gpu.busy_percent.filter(|&percent| percent <= 100),
        used_bytes: gpu.used_bytes.filter(held),
        total_bytes,
        own: gpu.own.map(|own| own.into_iter().map(process).collect()),
        ..gpu
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Pid;

    #[test]
    fn what_cannot_be_is_not_believed() {
        let process = GpuProcess { pid: Pid(7), busy_percent: Some(101), used_bytes: Some(9) };
        let gpu = GpuSample {
            busy_percent: Some(255),
            used_bytes: Some(u64::MAX),
            total_bytes: Some(8),
            own: Some(vec![process, GpuProcess { busy_percent: Some(100), used_bytes: Some(8), ..process }]),
            ..GpuSample::default()
        };
        let own = Some(vec![
            GpuProcess { busy_percent: None, used_bytes: None, ..process },
            GpuProcess { busy_percent: Some(100), used_bytes: Some(8), ..process },
        ]);
        assert_eq!(believable(gpu.clone()), GpuSample { busy_percent: None, used_bytes: None, own, ..gpu.clone() });
        let empty = believable(GpuSample { total_bytes: Some(0), used_bytes: Some(3), own: None, ..gpu });
        assert_eq!((empty.total_bytes, empty.used_bytes), (None, Some(3)), "0 bytes of memory say nothing");
    }
}
