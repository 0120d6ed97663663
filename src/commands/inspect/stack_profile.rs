//! `tftop stack --sample`: takes stacks again and again, and paces itself so that stops stay below 1 % of the time.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::commands::args::inspect::StackArgs;
use crate::commands::own_process::event_loop::{runtime, stop_signal};
use crate::commands::own_process::exit::Exit;
use crate::commands::own_process::progress::Progress;
use crate::commands::own_process::stdio;
use crate::commands::sampling::stop_budget::StopBudget;
use crate::commands::sampling::thread_selection::ThreadSelection;
use crate::data::sample::{StackMethod, ThreadState};
use crate::data::scene::Scene;
use crate::model::activity::meaning::MeaningCache;
use crate::model::activity::profile::Profile;
use crate::output;
use crate::output::Folded;
use crate::probe::stack::{StackReader, Stops};

/// Where folded stacks go to stdout, and the table to stderr.
const STDOUT: &str = "-";

/// Takes stacks of these threads for as long as was wished, and prints what they did.
pub(crate) fn sample(
    mut roster: ThreadSelection,
    mut reader: StackReader,
    wish: &StackArgs,
    time: Duration,
) -> anyhow::Result<Exit> {
    if wish.stop {
        let pid = roster.scene().target.pid;
        stdio::say(&format!(
            "tftop: stopping threads of {pid} whose stack can't be read otherwise, one at a time, less than 1 % of the time"
        ));
    }
    // Not counted: it opens the libraries, which takes seconds where they are large.
    reader.take(roster.tids(), Stops::Never);
    let began = Instant::now();
    let (profile, ended) = runtime()?.block_on(async {
        let looks = Looks { reader: &mut reader, roster: &mut roster, stops: wish.stop, time, began };
        Ok::<_, anyhow::Error>(looks.taken(stop_signal()?).await)
    })?;
    print(roster.scene(), &profile, began.elapsed().as_secs_f64(), wish)?;
    Ok(if ended { Exit::Gone } else { Exit::Clean })
}

fn print(scene: &Scene, profile: &Profile, wall_s: f64, wish: &StackArgs) -> anyhow::Result<()> {
    let pid = scene.target.pid;
    let folded = wish.sampling.folded.as_deref();
    let to_stdout = folded.is_some_and(|path| path.as_os_str() == STDOUT);
    if let Some(path) = folded.filter(|_| !to_stdout) {
        let folded = output::profile_folded(profile);
        fs::write(path, folded).with_context(|| format!("writing folded stacks to {}", path.display()))?;
    }
    match (wish.json, to_stdout) {
        (true, _) => {
            let folded = if to_stdout { Folded::Within } else { Folded::Apart };
            let json = output::profile_json(scene, pid, profile, wall_s, folded).context("writing JSON")?;
            stdio::print(&(json + "\n"))?;
        }
        (false, false) => stdio::print(&output::profile_text(scene, pid, profile, wall_s))?,
        (false, true) => {
            stdio::say(output::profile_text(scene, pid, profile, wall_s).trim_end());
            stdio::print(&output::profile_folded(profile))?;
        }
    }
    if folded.is_some() && profile.folded().1 > 0 {
        stdio::say(&format!(
            "tftop: {} looks had stacks too many to keep; they are not in the folded stacks",
            profile.folded().1
        ));
    }
    Ok(())
}

struct Looks<'a, 'b> {
    reader: &'a mut StackReader,
    roster: &'a mut ThreadSelection<'b>,
    stops: bool,
    time: Duration,
    began: Instant,
}

impl Looks<'_, '_> {
    /// Until the time is over, the threads are gone for good (then true) or `stop` comes.
    async fn taken(self, stop: impl Future<Output = ()>) -> (Profile, bool) {
        let pid = self.roster.scene().target.pid;
        let time = self.time;
        let mut profile = Profile::default();
        let mut meanings = MeaningCache::builtin();
        let mut progress = Progress::new(time);
        let mut stop = std::pin::pin!(stop);
        let mut ration = StopBudget::new(self.stops, time);
        let mut all_gone = false;
        while self.began.elapsed() < time && self.roster.renew(all_gone) {
            progress.show(pid, self.began.elapsed());
            let rest = match ration.next(self.roster.tids(), self.began.elapsed()) {
                Ok((some, stops)) => {
                    let stacks = self.reader.sample(&some, stops);
                    let gone = |taken: &StackMethod, state| {
                        matches!((taken, state), (StackMethod::Not { .. }, ThreadState::Unknown))
                    };
                    all_gone = stacks.stacks.iter().all(|stack| gone(&stack.taken, stack.state))
                        && some.len() == self.roster.tids().len();
                    profile.add(&stacks, &mut meanings, |tid| self.roster.whose(tid));
                    ration.spent(&stacks)
                }
                Err(until) => until,
            };
            let left = time.saturating_sub(self.began.elapsed());
            tokio::select! {
                () = &mut stop => break,
                () = tokio::time::sleep(rest.min(left)) => {}
            }
        }
        (profile, !self.roster.renew(all_gone))
    }
}
