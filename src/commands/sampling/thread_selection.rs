//! The threads whose stacks were asked for: listed once, or again while stacks are taken, because pools come and go.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::commands::args::global::GlobalArgs;
use crate::commands::args::inspect::StackArgs;
use crate::commands::own_process::exit::CommandError;
use crate::commands::sampling::attach::{families, live_options};
use crate::commands::sampling::stack_sampling::SampledThreads;
use crate::data::sample::Interest;
use crate::data::scene::Scene;
use crate::data::{Pid, Tid};
use crate::model::build_scene::Model;
use crate::probe::live::{Live, LiveOptions};

/// A thread that is born while stacks are taken is among them after that long at most.
const STALE: Duration = Duration::from_secs(1);

/// Threads as the command line names them.
pub(crate) struct ThreadSelection<'a> {
    live: Live,
    model: Model,
    args: &'a StackArgs,
    scene: Scene,
    tids: Vec<Tid>,
    listed: Instant,
}

impl<'a> ThreadSelection<'a> {
    /// The threads and where they come from; an error where there are none such. A look at the process itself, without
    /// its children: their memory is another.
    pub(crate) fn open(pid: Pid, args: &'a StackArgs, options: &GlobalArgs) -> anyhow::Result<Self> {
        let live = LiveOptions { children: false, exit_records: false, ..live_options(options) };
        let mut live = Live::attach(pid, live).map_err(|error| CommandError::attach(pid, &error))?;
        let mut model = Model::new(families(options)?);
        let scene = look(&mut live, &mut model);
        let tids = chosen(&scene, args);
        if tids.is_empty() {
            return Err(CommandError::not_found(no_threads(&scene, args)).into());
        }
        Ok(Self { live, model, args, scene, tids, listed: Instant::now() })
    }
}

impl SampledThreads for ThreadSelection<'_> {
    fn scene(&self) -> &Scene {
        &self.scene
    }

    fn tids(&self) -> &[Tid] {
        &self.tids
    }

    /// There will be no more when the process has ended, or the one thread that was asked for.
    fn renew(&mut self, all_gone: bool) -> bool {
        if all_gone || self.listed.elapsed() >= STALE {
            self.scene = look(&mut self.live, &mut self.model);
            self.tids = chosen(&self.scene, self.args);
            self.listed = Instant::now();
        }
        !self.scene.target.ended && (self.args.tid.is_none() || !self.tids.is_empty())
    }
}

fn look(live: &mut Live, model: &mut Model) -> Scene {
    model.next(Arc::new(live.next(&Interest::default(), Duration::ZERO)))
}

/// The threads that were asked for.
pub(crate) fn chosen(scene: &Scene, args: &StackArgs) -> Vec<Tid> {
    let all = || scene.threads.iter();
    match (&args.group, args.tid) {
        (Some(origin), _) => {
            let of_group = all().filter(|thread| *thread.attribution.group.origin == **origin);
            of_group.map(|thread| thread.key.tid).collect()
        }
        (None, Some(tid)) => all().map(|thread| thread.key.tid).filter(|found| found.0 == tid).collect(),
        (None, None) => all().map(|thread| thread.key.tid).collect(),
    }
}

/// Why there are no threads to look at.
pub(crate) fn no_threads(scene: &Scene, args: &StackArgs) -> String {
    match (&args.group, args.tid) {
        (Some(origin), _) => {
            let all = scene.threads.iter();
            let mut origins: Vec<&str> = all.map(|thread| &*thread.attribution.group.origin).collect();
            origins.sort_unstable();
            origins.dedup();
            format!("process {} has no thread of {origin:?}; its groups are {}", scene.target.pid, origins.join(", "))
        }
        (None, Some(tid)) => format!("process {} has no thread {tid}", scene.target.pid),
        (None, None) => match scene.gaps.iter().find(|gap| gap.what.starts_with("counters of ")) {
            Some(gap) => format!("no thread of process {} can be read: {}", scene.target.pid, gap.why),
            None => format!("process {} has no threads any more", scene.target.pid),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use clap::Parser as _;

    use super::*;
    use crate::commands::args::cli::{Cli, Command};
    use crate::commands::sampling::stack_sampling::group_of;

    /// A thread that sends its tid and ends when this is dropped.
    struct Sleeper(Tid, mpsc::Sender<()>);

    impl Sleeper {
        fn start() -> Self {
            let (send, receive) = mpsc::channel();
            let (end, ends) = mpsc::channel::<()>();
            thread::spawn(move || {
                send.send(rustix::thread::gettid()).unwrap();
                let _ = ends.recv();
            });
            Self(Tid(receive.recv().unwrap().as_raw_nonzero().get().cast_unsigned()), end)
        }
    }

    fn until(threads: &mut ThreadSelection, what: &str, holds: impl Fn(&[Tid]) -> bool) {
        let end = Instant::now() + Duration::from_secs(60);
        while !holds(threads.tids()) {
            assert!(Instant::now() < end, "never listed: {what}");
            assert!(threads.renew(false));
            thread::sleep(Duration::from_millis(10));
        }
    }

    #[test]
    fn threads_come_and_go_while_they_are_listed() {
        let pid = std::process::id();
        let cli = Cli::try_parse_from(["tftop", "stack", &pid.to_string()]).unwrap();
        let Some(Command::Stack(args)) = &cli.command else { panic!("{cli:?}") };
        let mut threads = ThreadSelection::open(Pid(pid), args, &cli.options).unwrap();
        let Sleeper(tid, end) = Sleeper::start();
        assert!(!threads.tids().contains(&tid));
        until(&mut threads, "a thread that is born", |tids| tids.contains(&tid));
        assert_ne!(group_of(threads.scene(), tid).label, "unknown origin");
        drop(end);
        until(&mut threads, "the end of a thread", |tids| !tids.contains(&tid));
    }

    #[test]
    fn the_end_of_the_one_thread_that_was_asked_for_is_the_end() {
        let pid = std::process::id();
        let Sleeper(tid, end) = Sleeper::start();
        let cli = Cli::try_parse_from(["tftop", "stack", &pid.to_string(), "--tid", &tid.to_string()]).unwrap();
        let Some(Command::Stack(args)) = &cli.command else { panic!("{cli:?}") };
        let mut threads = ThreadSelection::open(Pid(pid), args, &cli.options).unwrap();
        assert!(threads.renew(true));
        assert_eq!(threads.tids(), [tid]);
        drop(end);
        let late = Instant::now() + Duration::from_secs(60);
        while threads.renew(true) {
            assert!(Instant::now() < late, "it is still listed");
            thread::sleep(Duration::from_millis(10));
        }
    }
}
