//! The machine's GPUs: how busy, how full, and what of it is the target's.

use crate::data::scene::{GpuState, Scene};
use crate::present::format::{MISSING_ASCII, bytes, percent_or_dash};
use crate::present::table::{Align, Table};

/// What stands where the target does not use a GPU.
const UNUSED: &str = "none";

/// What stands above [`table`]: over which time it is.
pub(crate) fn title(scene: &Scene) -> String {
    format!("GPUs over {:.1} s", scene.window_s)
}

/// One row a GPU.
pub(crate) fn table(scene: &Scene) -> Table {
    let mut table = Table::new(&[
        ("GPU", Align::Right),
        ("NAME", Align::Left),
        ("BUSY", Align::Right),
        ("OWN", Align::Right),
        ("MEMORY", Align::Right),
        ("OWN MEMORY", Align::Right),
    ]);
    for gpu in &scene.gpus {
        let name = gpu.name.to_string();
        table.row([
            gpu.index.to_string(),
            name,
            percent_or_dash(gpu.busy),
            own_busy(gpu),
            memory(gpu).unwrap_or_else(|| MISSING_ASCII.to_owned()),
            own_memory(gpu),
        ]);
    }
    table
}

/// How busy a GPU is: "GPU 0 87 %".
pub(crate) fn load(gpu: &GpuState) -> String {
    format!("GPU {} {}", gpu.index, percent_or_dash(gpu.busy))
}

/// The rest on one line: ", own 80 %, 12.1 GB of 80.0 GB, own 11.9 GB".
pub(crate) fn rest(gpu: &GpuState) -> String {
    let memory = memory(gpu).map_or(String::new(), |memory| format!(", {memory}"));
    match gpu.is_used() {
        Some(true) => format!(", own {}{memory}, own {}", own_busy(gpu), own_memory(gpu)),
        Some(false) => format!(", own {UNUSED}{memory}"),
        None => memory,
    }
}

fn memory(gpu: &GpuState) -> Option<String> {
    let used = bytes(gpu.used_bytes?);
    Some(gpu.total_bytes.map_or(used.clone(), |total| format!("{used} of {}", bytes(total))))
}

fn own_busy(gpu: &GpuState) -> String {
    match gpu.is_used() {
        Some(false) => UNUSED.to_owned(),
        _ => percent_or_dash(gpu.own.and_then(|own| own.busy)),
    }
}

fn own_memory(gpu: &GpuState) -> String {
    match gpu.is_used() {
        Some(false) => UNUSED.to_owned(),
        _ => gpu.own.and_then(|own| own.used_bytes).map_or(MISSING_ASCII.to_owned(), bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::scene::OwnGpuUse;

    fn gpu(own: Option<OwnGpuUse>) -> GpuState {
        let (used_bytes, total_bytes) = (Some(12_100_000_000), Some(80_000_000_000));
        GpuState { index: 1, name: "NVIDIA A100".into(), busy: Some(0.87), used_bytes, total_bytes, own }
    }

    #[test]
    fn what_is_not_told_is_a_dash_and_what_is_not_used_is_none() {
        let used = OwnGpuUse { processes: 1, busy: Some(0.8), used_bytes: Some(11_900_000_000) };
        let gpus = vec![
            gpu(Some(used)),
            gpu(Some(OwnGpuUse { processes: 1, ..OwnGpuUse::default() })),
            gpu(Some(OwnGpuUse::default())),
            gpu(None),
            GpuState { index: 2, ..GpuState::default() },
        ];
        let lines: Vec<String> = gpus.iter().map(|gpu| load(gpu) + &rest(gpu)).collect();
        assert_eq!(
            lines,
            [
                "GPU 1 87 %, own 80 %, 12.1 GB of 80.0 GB, own 11.9 GB",
                "GPU 1 87 %, own -, 12.1 GB of 80.0 GB, own -",
                "GPU 1 87 %, own none, 12.1 GB of 80.0 GB",
                "GPU 1 87 %, 12.1 GB of 80.0 GB",
                "GPU 2 -",
            ]
        );
        let scene = Scene { gpus, ..Scene::default() };
        assert_eq!(
            table(&scene).lines(),
            [
                "GPU  NAME         BUSY   OWN              MEMORY  OWN MEMORY",
                "  1  NVIDIA A100  87 %  80 %  12.1 GB of 80.0 GB     11.9 GB",
                "  1  NVIDIA A100  87 %     -  12.1 GB of 80.0 GB           -",
                "  1  NVIDIA A100  87 %  none  12.1 GB of 80.0 GB        none",
                "  1  NVIDIA A100  87 %     -  12.1 GB of 80.0 GB           -",
                "  2                  -     -                   -           -",
            ]
        );
    }
}
