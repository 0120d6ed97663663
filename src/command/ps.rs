//! `tftop ps`: the TensorFlow processes of this machine, once.

use super::census::{Census, nothing_found};
use super::cli::Options;
use super::exit::Exit;
use super::output;
use crate::report;

/// Looks twice, one interval apart, so that demand can be shown. None found is a clean answer, too.
pub(super) fn ps(json: bool, options: &Options) -> anyhow::Result<Exit> {
    let mut census = Census::new(options)?;
    if !census.look().is_empty() {
        std::thread::sleep(options.interval);
    }
    let scenes = census.look();
    if scenes.is_empty() {
        output::say(&format!("tftop: {}", nothing_found(&census.note())));
    }
    match json {
        true => output::print(&(report::ps_json(&scenes)? + "\n"))?,
        false if scenes.is_empty() => {}
        false => output::print(&report::ps_table(&scenes))?,
    }
    Ok(Exit::Clean)
}
