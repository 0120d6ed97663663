//! `tftop ps`: the processes of this machine that run a framework, and their jobs, once.

use std::time::{Duration, Instant};

use crate::commands::args::global::GlobalArgs;
use crate::commands::args::machine::ps::PsArgs;
use crate::commands::inspect::ps_hosts;
use crate::commands::own_process::exit::Exit;
use crate::commands::own_process::stdio;
use crate::commands::sampling::process_scan::{ProcessScan, ScanLook, nothing_found};
use crate::output;

/// Looks at least twice, so that demand can be shown: one interval after the first look began, because a look at many
/// processes takes a while, and no less than half of one after it ended. None found is a clean answer, too.
pub(crate) fn ps(args: &PsArgs, options: &GlobalArgs) -> anyhow::Result<Exit> {
    if !args.hosts.is_empty() || args.slurm.is_some() {
        return ps_hosts::ps_hosts(args, options);
    }
    let mut scan = ProcessScan::new(options)?;
    let (began, window) = (Instant::now(), args.watch.unwrap_or(options.interval));
    let mut look = scan.look();
    let until = (began + window).max(Instant::now() + window / 2);
    while !look.scenes.is_empty() {
        let left = until.saturating_duration_since(Instant::now());
        if left <= Duration::ZERO {
            break;
        }
        std::thread::sleep(left.min(options.interval));
        look = scan.look();
    }
    let ScanLook { scenes, jobs } = look;
    if let Some(unknown) = scan.unknown().filter(|_| !scenes.is_empty()) {
        stdio::say(&format!("tftop: {unknown}"));
    }
    if scenes.is_empty() {
        stdio::say(&format!("tftop: {}", nothing_found(&scan.note())));
    }
    match args.json {
        true => stdio::print(&(output::ps_json(&scenes, &jobs)? + "\n"))?,
        false if scenes.is_empty() => {}
        false => stdio::print(&output::ps_table(&scenes, &jobs, options.page()))?,
    }
    Ok(Exit::Clean)
}
