//! NVIDIA's GPUs, through the library that comes with their driver (NVML), which is loaded when it is there.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::time::{Duration, Instant};

use nvml_wrapper::enums::device::UsedGpuMemory;
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::{Device, Nvml};

use crate::data::sample::{GpuProcess, GpuSample};
use crate::data::{Pid, Text};
use crate::probe::gpu::driver::{GpuDriver, NoGpus};

/// GPUs that are read; a machine has 16 at most, and a number beyond this is none.
const MOST_GPUS: u32 = 64;
/// Processes of a GPU that are read.
const MOST_PROCESSES: usize = 4096;

/// How long what was said of a process counts: the driver says nothing of one that has not computed since it was asked.
const SAID: Duration = Duration::from_secs(2);

/// Loads the library and lets it find the driver. To be called on a thread that may be left behind.
///
/// # Errors
/// There is no driver, or it may not be read.
pub fn open(library: &str) -> Result<Box<dyn GpuDriver>, NoGpus> {
    let nvml = Nvml::builder().lib_path(OsStr::new(library)).init().map_err(unopened)?;
    Ok(Box::new(NvmlDriver { nvml, said: HashMap::new() }))
}

fn unopened(error: NvmlError) -> NoGpus {
    match error {
        NvmlError::LibloadingError(_) | NvmlError::LibraryNotFound | NvmlError::DriverNotLoaded => NoGpus::NoDriver,
        error => NoGpus::Unreadable(words(&error)),
    }
}

fn words(error: &NvmlError) -> String {
    match error {
        NvmlError::NoPermission => {
            "no permission to talk to the driver; whoever may open /dev/nvidiactl, and root, can".to_owned()
        }
        error => format!("NVML says: {error}"),
    }
}

struct NvmlDriver {
    nvml: Nvml,
    /// By the GPU's number.
    said: HashMap<u32, SaidOfProcesses>,
}

/// What was said lately of a GPU's processes.
#[derive(Default)]
struct SaidOfProcesses {
    /// The driver's time of the newest.
    newest: u64,
    /// Percent, and when it was said, by number of process.
    percent: HashMap<u32, (u8, Instant)>,
}

impl GpuDriver for NvmlDriver {
    fn read(&mut self) -> Result<Vec<GpuSample>, String> {
        let count = self.nvml.device_count().map_err(|error| words(&error))?;
        Ok((0..count.min(MOST_GPUS)).map(|index| self.gpu(index)).collect())
    }
}

impl NvmlDriver {
    fn gpu(&mut self, index: u32) -> GpuSample {
        let device = match self.nvml.device_by_index(index) {
            Ok(device) => device,
            Err(error) => return GpuSample { index, name: Text::from(words(&error)), ..GpuSample::default() },
        };
        let memory = device.memory_info().ok();
        GpuSample {
            index,
            name: device.name().map_or_else(|_| Text::from("GPU"), Text::from),
            busy_percent: device.utilization_rates().ok().map(|rates| percent(rates.gpu)),
            used_bytes: memory.as_ref().map(|memory| memory.used),
            total_bytes: memory.as_ref().map(|memory| memory.total),
            own: processes(&device, self.said.entry(index).or_default()),
        }
    }
}

/// Every process that computes on it.
fn processes(device: &Device<'_>, said: &mut SaidOfProcesses) -> Option<Vec<GpuProcess>> {
    let told = said.update(device);
    // The library makes room for as many as the driver says there are.
    let count = device.running_compute_processes_count().ok()?;
    let listed = match usize::try_from(count).is_ok_and(|count| count <= MOST_PROCESSES) {
        true => device.running_compute_processes().ok()?,
        false => return None,
    };
    let process = |info: nvml_wrapper::struct_wrappers::device::ProcessInfo| GpuProcess {
        pid: Pid(info.pid),
        busy_percent: told.then(|| said.percent.get(&info.pid).map_or(0, |(percent, _)| *percent)),
        used_bytes: match info.used_gpu_memory {
            UsedGpuMemory::Used(bytes) => Some(bytes),
            UsedGpuMemory::Unavailable => None,
        },
    };
    Some(listed.into_iter().map(process).collect())
}

impl SaidOfProcesses {
    /// Takes in what has been said since it was last asked; false where the driver does not tell.
    fn update(&mut self, device: &Device<'_>) -> bool {
        let now = Instant::now();
        self.percent.retain(|_, (_, at)| now.duration_since(*at) <= SAID);
        let mut samples = match device.process_utilization_stats(self.newest) {
            Ok(samples) => samples,
            // Nobody has computed since.
            Err(NvmlError::NotFound) => Vec::new(),
            Err(_) => return false,
        };
        samples.sort_by_key(|sample| sample.timestamp);
        for sample in samples.iter().take(MOST_PROCESSES) {
            self.newest = self.newest.max(sample.timestamp);
            self.percent.insert(sample.pid, (percent(sample.sm_util), now));
        }
        true
    }
}

/// What can't be becomes more than a hundred, which nobody believes.
fn percent(value: u32) -> u8 {
    u8::try_from(value).unwrap_or(u8::MAX)
}
