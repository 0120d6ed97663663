//! The threads whose stacks were asked for: listed once, or again while stacks are taken, because pools come and go.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::commands::args::global::GlobalArgs;
use crate::commands::args::inspect::StackArgs;
use crate::commands::own_process::exit::CommandError;
use crate::commands::sampling::attach::{families, live_options};
use crate::data::sample::Interest;
use crate::data::scene::Scene;
use crate::data::{Pid, Tid};
use crate::model::activity::profile::ProfiledGroup;
use crate::model::build_scene::Model;
use crate::probe::live::{Live, LiveOptions};

/// A thread that is born while stacks are taken is among them after that long at most.
const STALE: Duration = Duration::from_secs(1);

/// Threads by a wish.
pub(crate) struct ThreadSelection<'a> {
    live: Live,
    model: Model,
    wish: &'a StackArgs,
    scene: Scene,
    tids: Vec<Tid>,
    listed: Instant,
}

impl<'a> ThreadSelection<'a> {
    /// The threads and where they come from; an error where there are none such. A look at the process itself, without
    /// its children: their memory is another.
    pub(crate) fn open(pid: Pid, wish: &'a StackArgs, options: &GlobalArgs) -> anyhow::Result<Self> {
        let live = LiveOptions { children: false, ..live_options(options) };
        let mut live = Live::attach(pid, live).map_err(|error| CommandError::attach(pid, &error))?;
        let mut model = Model::new(families(options)?);
        let scene = look(&mut live, &mut model);
        let tids = chosen(&scene, wish);
        if tids.is_empty() {
            return Err(CommandError::not_found(nobody(&scene, wish)).into());
        }
        Ok(Self { live, model, wish, scene, tids, listed: Instant::now() })
    }

    /// The process at the last listing.
    pub(crate) fn scene(&self) -> &Scene {
        &self.scene
    }

    /// The threads at the last listing.
    pub(crate) fn tids(&self) -> &[Tid] {
        &self.tids
    }

    /// Lists them anew where that is due, or where those known have `all_gone`. False when there will be no more: the
    /// process has ended, or the one thread that was asked for.
    pub(crate) fn renew(&mut self, all_gone: bool) -> bool {
        if all_gone || self.listed.elapsed() >= STALE {
            self.scene = look(&mut self.live, &mut self.model);
            self.tids = chosen(&self.scene, self.wish);
            self.listed = Instant::now();
        }
        !self.scene.target.ended && (self.wish.tid.is_none() || !self.tids.is_empty())
    }

    /// The group of a thread.
    pub(crate) fn whose(&self, tid: Tid) -> ProfiledGroup<'_> {
        whose(&self.scene, tid)
    }
}

/// The group of a thread.
pub(crate) fn whose(scene: &Scene, tid: Tid) -> ProfiledGroup<'_> {
    let thread = scene.threads.iter().find(|thread| thread.key.tid == tid);
    match thread.and_then(|thread| scene.groups.get(thread.group)) {
        Some(group) => ProfiledGroup { label: &group.label, key: Some(&group.key) },
        None => "unknown origin".into(),
    }
}

fn look(live: &mut Live, model: &mut Model) -> Scene {
    model.next(Arc::new(live.next(&Interest::default(), Duration::ZERO)))
}

fn chosen(scene: &Scene, wish: &StackArgs) -> Vec<Tid> {
    let all = || scene.threads.iter();
    match (&wish.group, wish.tid) {
        (Some(origin), _) => {
            let of_group = all().filter(|thread| *thread.attribution.group.origin == **origin);
            of_group.map(|thread| thread.key.tid).collect()
        }
        (None, Some(tid)) => all().map(|thread| thread.key.tid).filter(|found| found.0 == tid).collect(),
        (None, None) => all().map(|thread| thread.key.tid).collect(),
    }
}

/// Why there is nobody to look at.
fn nobody(scene: &Scene, wish: &StackArgs) -> String {
    match (&wish.group, wish.tid) {
        (Some(origin), _) => {
            let all = scene.threads.iter();
            let mut origins: Vec<&str> = all.map(|thread| &*thread.attribution.group.origin).collect();
            origins.sort_unstable();
            origins.dedup();
            format!("process {} has no thread of {origin:?}; its groups are {}", scene.target.pid, origins.join(", "))
        }
        (None, Some(tid)) => format!("process {} has no thread {tid}", scene.target.pid),
        (None, None) => format!("process {} has no threads any more", scene.target.pid),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use clap::Parser as _;

    use super::*;
    use crate::commands::args::cli::{Cli, Command};

    /// A thread that says its tid and ends when this is dropped.
    struct Sleeper(Tid, mpsc::Sender<()>);

    impl Sleeper {
        fn start() -> Self {
            let (tell, told) = mpsc::channel();
            let (end, ends) = mpsc::channel::<()>();
            thread::spawn(move || {
                tell.send(rustix::thread::gettid()).unwrap();
                let _ = ends.recv();
            });
            Self(Tid(told.recv().unwrap().as_raw_nonzero().get().cast_unsigned()), end)
        }
    }

    fn until(roster: &mut ThreadSelection, what: &str, holds: impl Fn(&[Tid]) -> bool) {
        let end = Instant::now() + Duration::from_secs(60);
        while !holds(roster.tids()) {
            assert!(Instant::now() < end, "never listed: {what}");
            assert!(roster.renew(false));
            thread::sleep(Duration::from_millis(10));
        }
    }

    #[test]
    fn threads_come_and_go_while_they_are_listed() {
        let pid = std::process::id();
        let cli = Cli::try_parse_from(["tftop", "stack", &pid.to_string()]).unwrap();
        let Some(Command::Stack(wish)) = &cli.command else { panic!("{cli:?}") };
        let mut roster = ThreadSelection::open(Pid(pid), wish, &cli.options).unwrap();
        let Sleeper(tid, end) = Sleeper::start();
        assert!(!roster.tids().contains(&tid));
        until(&mut roster, "a thread that is born", |tids| tids.contains(&tid));
        assert_ne!(roster.whose(tid).label, "unknown origin");
        drop(end);
        until(&mut roster, "the end of a thread", |tids| !tids.contains(&tid));
    }

    #[test]
    fn the_end_of_the_one_thread_that_was_asked_for_is_the_end() {
        let pid = std::process::id();
        let Sleeper(tid, end) = Sleeper::start();
        let cli = Cli::try_parse_from(["tftop", "stack", &pid.to_string(), "--tid", &tid.to_string()]).unwrap();
        let Some(Command::Stack(wish)) = &cli.command else { panic!("{cli:?}") };
        let mut roster = ThreadSelection::open(Pid(pid), wish, &cli.options).unwrap();
        assert!(roster.renew(true));
        assert_eq!(roster.tids(), [tid]);
        drop(end);
        let late = Instant::now() + Duration::from_secs(60);
        while roster.renew(true) {
            assert!(Instant::now() < late, "it is still listed");
            thread::sleep(Duration::from_millis(10));
        }
    }
}
