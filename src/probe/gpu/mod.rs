//! What GPUs do, as their driver says: read on a thread of its own, for a driver may take its time, or never answer.

pub mod driver;
#[cfg(feature = "gpu")]
pub mod nvml;
pub mod reader;

use crate::probe::gpu::driver::NoGpus;
use crate::probe::gpu::reader::GpuReader;

/// NVIDIA's management library, by the name under which its driver installs it.
pub const LIBRARY: &str = "libnvidia-ml.so.1";

/// Begins to open the driver's library; without one, that ends a moment later, and nothing is read then.
pub(crate) fn reader() -> GpuReader {
    GpuReader::start(|| open(LIBRARY))
}

#[cfg(feature = "gpu")]
fn open(library: &str) -> Result<Box<dyn driver::GpuDriver>, NoGpus> {
    nvml::open(library)
}

/// A build that can load no library still says that there is something it does not see.
#[cfg(not(feature = "gpu"))]
fn open(_library: &str) -> Result<Box<dyn driver::GpuDriver>, NoGpus> {
    match std::path::Path::new("/proc/driver/nvidia").exists() {
        true => Err(NoGpus::Unreadable("this build of tftop can't load the driver's library".to_owned())),
        false => Err(NoGpus::NoDriver),
    }
}
