//! What each GPU did over a window: means of what its driver said at each look.

use crate::data::sample::{GpuProcess, GpuSample};
use crate::data::scene::{GpuState, OwnGpuUse};
use crate::model::rates::window::{Remembered, Total, Window};

/// Every GPU of the newest sample.
#[derive(Clone, Debug, Default)]
pub(crate) struct GpuRates {
    watched: Vec<WatchedGpu>,
}

#[derive(Clone, Debug)]
struct WatchedGpu {
    now: GpuSample,
    all: Remembered<BusyTime>,
    own: Remembered<BusyTime>,
}

/// Percent times nanoseconds in which it computed, and nanoseconds for which that is known; cumulative.
#[derive(Clone, Copy, Debug, Default)]
struct BusyTime {
    percent_ns: u64,
    known_ns: u64,
}

impl BusyTime {
    fn add(&mut self, percent: Option<u64>, span_ns: u64) {
        if let Some(percent) = percent {
            self.percent_ns = self.percent_ns.saturating_add(span_ns.saturating_mul(percent));
            self.known_ns = self.known_ns.saturating_add(span_ns);
        }
    }

    /// Share of the time for which it is known; none where it never was.
    fn share(self) -> Option<f64> {
        (self.known_ns > 0).then(|| (self.percent_ns as f64 / 100.0 / self.known_ns as f64).min(1.0))
    }
}

impl Total for BusyTime {
    fn since(self, earlier: Self) -> Self {
        Self { percent_ns: self.percent_ns.since(earlier.percent_ns), known_ns: self.known_ns.since(earlier.known_ns) }
    }
}

impl GpuRates {
    /// Takes in one more look; what it says counts for the time since the one before. Call it when the window has advanced.
    pub fn update(&mut self, gpus: &[GpuSample], window: &Window) {
        let mut before = std::mem::take(&mut self.watched);
        for gpu in gpus {
            let same = |known: &WatchedGpu| known.now.index == gpu.index && known.now.name == gpu.name;
            let mut watched = match before.iter().position(same) {
                Some(at) => before.swap_remove(at),
                None => WatchedGpu {
                    now: GpuSample::default(),
                    all: Remembered::new(BusyTime::default()),
                    own: Remembered::new(BusyTime::default()),
                },
            };
            watched.now = gpu.clone();
            watched.all.now.add(gpu.busy_percent.map(u64::from), window.tick_ns());
            watched.own.now.add(own_percent(gpu), window.tick_ns());
            watched.all.mark(window);
            watched.own.mark(window);
            self.watched.push(watched);
        }
    }

    /// The GPUs as they are shown.
    pub fn scene(&self, window: &Window) -> Vec<GpuState> {
        self.watched.iter().map(|gpu| gpu.scene(window)).collect()
    }
}

impl WatchedGpu {
    fn scene(&self, window: &Window) -> GpuState {
        let GpuSample { index, ref name, used_bytes, total_bytes, ref own, .. } = self.now;
        let own = own.as_ref().map(|processes| OwnGpuUse {
            processes: u32::try_from(processes.len()).unwrap_or(u32::MAX),
            busy: self.own.over(window).share(),
            used_bytes: all(processes, |process| process.used_bytes),
        });
        GpuState { index, name: name.clone(), busy: self.all.over(window).share(), used_bytes, total_bytes, own }
    }
}

/// What the target's processes together made it compute, in percent; none where that of one of them is not known.
fn own_percent(gpu: &GpuSample) -> Option<u64> {
    let percent = all(gpu.own.as_ref()?, |process| process.busy_percent.map(u64::from))?;
    // Processes take turns on a GPU: rounding alone makes more than everything of it.
    Some(percent.min(100))
}

/// The sum over all of them; none where one is not known.
fn all(processes: &[GpuProcess], of: fn(&GpuProcess) -> Option<u64>) -> Option<u64> {
    processes.iter().map(of).try_fold(0_u64, |sum, one| Some(sum.saturating_add(one?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Pid;

    const SECOND: u64 = 1_000_000_000;

    fn gpu(busy: Option<u8>, own: Option<&[Option<u8>]>) -> GpuSample {
        let process = |&busy_percent: &Option<u8>| GpuProcess { pid: Pid(7), busy_percent, used_bytes: Some(5) };
        let own = own.map(|own| own.iter().map(process).collect());
        GpuSample { busy_percent: busy, own, ..GpuSample::default() }
    }

    fn after(looks: &[GpuSample]) -> GpuState {
        let (mut window, mut rates) = (Window::of_seconds(10.0), GpuRates::default());
        for (at, look) in (1..).zip(looks) {
            window.advance(at * SECOND);
            rates.update(std::slice::from_ref(look), &window);
        }
        rates.scene(&window).remove(0)
    }

    #[test]
    fn shares_are_means_over_the_looks_that_tell() {
        let looks = [gpu(Some(90), None), gpu(Some(50), None), gpu(None, None), gpu(Some(100), None)];
        assert_eq!(after(&looks).busy, Some(0.75), "the first look has no time before it");
        assert_eq!(after(&looks[..1]).busy, None);
        assert_eq!(after(&[gpu(None, None), gpu(None, None)]).busy, None);
    }

    #[test]
    fn the_targets_part_is_the_sum_of_its_processes_or_unknown() {
        let of = |own: Option<&[Option<u8>]>| after(&[gpu(None, own), gpu(None, own)]).own;
        let two = of(Some(&[Some(30), Some(25)])).unwrap();
        assert_eq!((two.processes, two.busy, two.used_bytes), (2, Some(0.55), Some(10)));
        assert_eq!(of(Some(&[Some(80), Some(70)])).unwrap().busy, Some(1.0));
        assert_eq!(of(Some(&[Some(80), None])).unwrap().busy, None);
        let none = of(Some(&[])).unwrap();
        assert_eq!((none.processes, none.busy, none.used_bytes), (0, Some(0.0), Some(0)));
        assert_eq!(of(None), None);
    }

    #[test]
    fn a_gpu_that_comes_later_counts_from_then_on_and_one_that_is_gone_is_not_shown() {
        let (mut window, mut rates) = (Window::default(), GpuRates::default());
        for at in 1..5 {
            window.advance(at * SECOND);
            rates.update(&[], &window);
        }
        assert!(rates.scene(&window).is_empty());
        window.advance(5 * SECOND);
        rates.update(&[gpu(Some(40), None)], &window);
        assert_eq!(rates.scene(&window)[0].busy, Some(0.4));
        rates.update(&[], &window);
        assert!(rates.scene(&window).is_empty());
    }
}
