//! `tftop` alone: the only TensorFlow process, or the one the person picks.

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::Duration;
use std::{io, thread};

use anyhow::Context as _;
use tokio::sync::watch as channel;

use crate::commands::args::global::GlobalArgs;
use crate::commands::args::inspect::DEFAULT_WATCH;
use crate::commands::inspect::watch::watch;
use crate::commands::own_process::event_loop::{runtime, stop_signal};
use crate::commands::own_process::exit::{CommandError, Exit};
use crate::commands::own_process::stdio;
use crate::commands::sampling::process_scan::{ProcessScan, nothing_found};
use crate::data::Pid;
use crate::data::scene::Scene;
use crate::tui::picker::PickerList;
use crate::tui::screen::{Keyboard, Screen, hung_up};
use crate::{output, tui};

/// Attaches to the only one, or lets the person pick; without a terminal it lists them and says what to do.
pub(crate) fn pick(options: &GlobalArgs) -> anyhow::Result<Exit> {
    let mut scan = ProcessScan::new(options)?;
    let scenes = scan.look();
    match eldest(&scenes).as_slice() {
        [] => Err(CommandError::not_found(nothing_found(&scan.note())).into()),
        [pid] => watch(*pid, DEFAULT_WATCH, options),
        _ if !io::stdout().is_terminal() => {
            thread::sleep(options.interval);
            stdio::print(&output::ps_table(&scan.look()))?;
            Err(CommandError::usage("several TensorFlow processes: name one, as in `tftop report PID`").into())
        }
        _ => match choose(scan, scenes, options)? {
            Some(pid) => watch(pid, DEFAULT_WATCH, options),
            None => Ok(Exit::Clean),
        },
    }
}

/// Those that are not children of another one: attaching to a parent shows its children as well.
fn eldest(scenes: &[Arc<Scene>]) -> Vec<Pid> {
    let found: Vec<Pid> = scenes.iter().map(|scene| scene.target.pid).collect();
    let parent = |scene: &Scene| scene.target.processes.first().map(|process| process.parent);
    let independent = |scene: &&Arc<Scene>| !parent(scene).is_some_and(|parent| found.contains(&parent));
    scenes.iter().filter(independent).map(|scene| scene.target.pid).collect()
}

fn choose(mut scan: ProcessScan, scenes: Vec<Arc<Scene>>, options: &GlobalArgs) -> anyhow::Result<Option<Pid>> {
    let interval = options.interval;
    let (publish, listing) = channel::channel(PickerList { scenes, note: scan.note() });
    let refresh = move || {
        while !publish.is_closed() {
            thread::sleep(interval.min(Duration::from_secs(1)));
            let scenes = scan.look();
            publish.send_replace(PickerList { scenes, note: scan.note() });
        }
    };
    thread::Builder::new().name("tftop-scan".to_owned()).spawn(refresh).context("starting the scanning thread")?;
    runtime()?.block_on(picker(listing, options))
}

/// Shows the picker until the person chooses, quits or a signal comes.
async fn picker(listing: channel::Receiver<PickerList>, options: &GlobalArgs) -> anyhow::Result<Option<Pid>> {
    let screen = Screen::enter().context("taking over the terminal")?;
    let stop = stop_signal()?;
    let mut terminal = screen.terminal()?;
    match tui::picker::run(&mut *terminal, Keyboard::open(), listing, options.look(), stop).await {
        Err(_) if hung_up() => Ok(None),
        chosen => Ok(chosen?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::scene::{ProcessState, TargetState};

    fn scene(pid: u32, parent: u32) -> Arc<Scene> {
        let processes = vec![ProcessState { pid: Pid(pid), parent: Pid(parent), ..ProcessState::default() }];
        Arc::new(Scene {
            target: TargetState { pid: Pid(pid), processes, ..TargetState::default() },
            ..Scene::default()
        })
    }

    #[test]
    fn a_training_run_with_workers_is_one_choice() {
        assert_eq!(eldest(&[scene(10, 1), scene(11, 10), scene(12, 10)]), [Pid(10)]);
        assert_eq!(eldest(&[scene(10, 1), scene(20, 1)]), [Pid(10), Pid(20)]);
        assert_eq!(eldest(&[]), []);
    }
}
