//! `tftop ps`: the processes of this machine that run a framework, once.

use crate::commands::args::global::GlobalArgs;
use crate::commands::own_process::exit::Exit;
use crate::commands::own_process::stdio;
use crate::commands::sampling::process_scan::{ProcessScan, nothing_found};
use crate::output;

/// Looks twice, one interval apart, so that demand can be shown. None found is a clean answer, too.
pub(crate) fn ps(json: bool, options: &GlobalArgs) -> anyhow::Result<Exit> {
    let mut scan = ProcessScan::new(options)?;
    if !scan.look().is_empty() {
        std::thread::sleep(options.interval);
    }
    let scenes = scan.look();
    if let Some(unknown) = scan.unknown().filter(|_| !scenes.is_empty()) {
        stdio::say(&format!("tftop: {unknown}"));
    }
    if scenes.is_empty() {
        stdio::say(&format!("tftop: {}", nothing_found(&scan.note())));
    }
    match json {
        true => stdio::print(&(output::ps_json(&scenes)? + "\n"))?,
        false if scenes.is_empty() => {}
        false => stdio::print(&output::ps_table(&scenes, options.page()))?,
    }
    Ok(Exit::Clean)
}
