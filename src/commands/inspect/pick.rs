//! `tftop` alone: the only process that runs a framework, or the one the person picks.

use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::watch as channel;

use crate::commands::args::global::GlobalArgs;
use crate::commands::dashboard::GRACE;
use crate::commands::own_process::event_loop::{runtime, stop_signal};
use crate::commands::own_process::exit::CommandError;
use crate::commands::own_process::stdio;
use crate::commands::sampling::process_scan::{ProcessScan, ScanLook, nothing_found};
use crate::data::Pid;
use crate::data::scene::Scene;
use crate::tui::keys::KeyMap;
use crate::tui::picker::{Picked, PickerList};
use crate::tui::screen::{Keyboard, Screen, hung_up};
use crate::{output, tui};

/// The only one, or the one that the person picks, if any; without a terminal it lists them and says what to do.
pub(crate) fn pick(options: &GlobalArgs) -> anyhow::Result<Option<Picked>> {
    let scan = ProcessScan::new(options)?;
    match stdio::can_draw() {
        true => runtime()?.block_on(choose(scan, Choice::OnlyOne, options)),
        false => only(scan, options).map(|pid| Some(alone(pid))),
    }
}

/// The one that the person picks, even where there is only one: the list was asked for.
pub(crate) fn pick_another(options: &GlobalArgs) -> anyhow::Result<Option<Picked>> {
    runtime()?.block_on(choose(ProcessScan::new(options)?, Choice::OfPerson, options))
}

/// A process without the other ranks of its job.
fn alone(pid: Pid) -> Picked {
    Picked { pid, job: false }
}

/// Whether the person is asked where there is only one process.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Choice {
    /// No.
    OnlyOne,
    /// Yes: the person asked for the list.
    OfPerson,
}

/// The only one, without asking.
fn only(mut scan: ProcessScan, options: &GlobalArgs) -> anyhow::Result<Pid> {
    let scenes = scan.look().scenes;
    match eldest(&scenes).as_slice() {
        [] => Err(CommandError::not_found(nothing_found(&scan.note())).into()),
        [pid] => Ok(*pid),
        _ => {
            thread::sleep(options.interval);
            let ScanLook { scenes, jobs } = scan.look();
            stdio::print(&output::ps_table(&scenes, &jobs, options.page()))?;
            Err(CommandError::usage("several processes: name one, as in `tftop report PID`").into())
        }
    }
}

/// Those that are not children of another one: attaching to a parent shows its children as well.
fn eldest(scenes: &[Arc<Scene>]) -> Vec<Pid> {
    let found: Vec<Pid> = scenes.iter().map(|scene| scene.target.pid).collect();
    let parent = |scene: &Scene| scene.target.processes.first().map(|process| process.parent);
    let independent = |scene: &&Arc<Scene>| !parent(scene).is_some_and(|parent| found.contains(&parent));
    scenes.iter().filter(independent).map(|scene| scene.target.pid).collect()
}

/// The only one, or the one that the person chooses; none where the person quits or a signal comes. The list is there to be
/// left while the processes are still looked for.
async fn choose(scan: ProcessScan, by: Choice, options: &GlobalArgs) -> anyhow::Result<Option<Picked>> {
    let mut stop = pin!(stop_signal()?);
    let mut listing = scanned(scan, options.interval)?;
    let mut first = listing.clone();
    let mut only = pin!(async move {
        // Refused only when the scanning thread ended: the list then stays as it is.
        if by == Choice::OfPerson || first.changed().await.is_err() {
            return pending().await;
        }
        let PickerList { scenes, note, .. } = first.borrow().clone();
        match eldest(&scenes).as_slice() {
            [] => Err(CommandError::not_found(nothing_found(&note))),
            [pid] => Ok(*pid),
            _ => pending().await,
        }
    });
    tokio::select! {
        () = &mut stop => return Ok(None),
        only = &mut only => return Ok(Some(alone(only?))),
        _ = tokio::time::timeout(GRACE, listing.changed()) => {}
    }
    let screen = Screen::enter(options.dashboard.in_force().now.mouse).context("taking over the terminal")?;
    let mut terminal = screen.terminal()?;
    let keys = KeyMap::clone(&options.dashboard.in_force().now.keys);
    let picker = tui::picker::run(&mut *terminal, Keyboard::open(), listing, (options.look(), keys), stop);
    tokio::select! {
        only = only => Ok(Some(alone(only?))),
        chosen = picker => match chosen {
            Err(_) if hung_up() => Ok(None),
            chosen => Ok(chosen?),
        },
    }
}

/// Looks at all of them again and again, on a thread of its own.
fn scanned(mut scan: ProcessScan, interval: Duration) -> anyhow::Result<channel::Receiver<PickerList>> {
    let nothing = PickerList {
        note: "looking for processes of TensorFlow, JAX and PyTorch…".to_owned(),
        ..PickerList::default()
    };
    let (publish, listing) = channel::channel(nothing);
    let refresh = move || {
        while !publish.is_closed() {
            let ScanLook { scenes, jobs } = scan.look();
            publish.send_replace(PickerList { scenes, jobs, note: scan.note() });
            thread::sleep(interval.min(Duration::from_secs(1)));
        }
    };
    thread::Builder::new().name("tftop-scan".to_owned()).spawn(refresh).context("starting the scanning thread")?;
    Ok(listing)
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
