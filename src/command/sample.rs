//! `tftop stack --sample`: takes stacks again and again, and paces itself so that stops stay below 1 % of the time.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::cli::StackWish;
use super::exit::Exit;
use super::output;
use super::progress::Progress;
use super::watch::{runtime, stop_signal};
use crate::fact::{Pid, State, Taken, Tid};
use crate::model::Scene;
use crate::model::frames::Meanings;
use crate::model::profile::Profile;
use crate::probe::stack::{StackReader, Stops};
use crate::report;

/// Share of the time that threads may be stopped: below the promised 1 %, because the last stop may last longer.
const STOPPED_SHARE: f64 = 0.008;
/// What a stop is taken to cost until some were measured.
const FIRST_STOP: Duration = Duration::from_micros(250);
/// What a stop is taken to cost at least.
const SMALLEST_STOP: Duration = Duration::from_micros(5);
/// Taking stacks uses a quarter of the time mostly. Where functions of a library are looked up for the first time it
/// takes long once, which is no reason to rest long.
const REST_FACTOR: u32 = 3;
const RESTS: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(250));
/// Where folded stacks go to stdout, and the table to stderr.
const STDOUT: &str = "-";

/// Takes stacks of these threads for as long as was wished, and prints what they did.
pub(super) fn sample(
    scene: &Scene,
    mut reader: StackReader,
    tids: &[Tid],
    wish: &StackWish,
    time: Duration,
) -> anyhow::Result<Exit> {
    let pid = scene.target.pid;
    // Not counted: it opens the libraries, which takes seconds where they are large.
    reader.take(tids, Stops::Never);
    let began = Instant::now();
    let (profile, ended) = runtime()?.block_on(async {
        let looks = Looks { reader: &mut reader, scene, tids, stops: wish.stop, time, began, at: 0, ended: false };
        Ok::<_, anyhow::Error>(looks.taken(pid, stop_signal()?).await)
    })?;
    let text = report::profile_text(scene, pid, &profile, began.elapsed().as_secs_f64());
    match wish.sampling.folded.as_deref() {
        None => output::print(&text)?,
        Some(path) if path.as_os_str() == STDOUT => {
            output::say(text.trim_end());
            output::print(&report::profile_folded(&profile))?;
        }
        Some(path) => {
            let folded = report::profile_folded(&profile);
            fs::write(path, folded).with_context(|| format!("writing folded stacks to {}", path.display()))?;
            output::print(&text)?;
        }
    }
    if wish.sampling.folded.is_some() && profile.folded().1 > 0 {
        output::say(&format!(
            "tftop: {} looks had stacks too many to keep; they are not in the folded stacks",
            profile.folded().1
        ));
    }
    Ok(if ended { Exit::Gone } else { Exit::Clean })
}

struct Looks<'a> {
    reader: &'a mut StackReader,
    scene: &'a Scene,
    tids: &'a [Tid],
    stops: bool,
    time: Duration,
    began: Instant,
    /// The thread that is next.
    at: usize,
    ended: bool,
}

impl Looks<'_> {
    /// Until the time is over, the process has ended or `stop` comes.
    async fn taken(mut self, pid: Pid, stop: impl Future<Output = ()>) -> (Profile, bool) {
        let time = self.time;
        let mut profile = Profile::default();
        let mut meanings = Meanings::builtin();
        let mut progress = Progress::new(time);
        let mut stop = std::pin::pin!(stop);
        while self.began.elapsed() < time && !self.ended {
            progress.show(pid, self.began.elapsed());
            let rest = match self.allowed(&profile) {
                Ok((some, stops)) => {
                    let stacks = self.reader.take(&some, stops);
                    let gone = |taken: &Taken, state| matches!((taken, state), (Taken::Not { .. }, State::Unknown));
                    self.ended = stacks.stacks.iter().all(|stack| gone(&stack.taken, stack.state))
                        && some.len() == self.tids.len();
                    profile.add(&stacks, &mut meanings, |tid| label(self.scene, tid));
                    (Duration::from_nanos(stacks.wall_ns) * REST_FACTOR).clamp(RESTS.0, RESTS.1)
                }
                Err(until) => until,
            };
            let left = time.saturating_sub(self.began.elapsed());
            tokio::select! {
                () = &mut stop => break,
                () = tokio::time::sleep(rest.min(left)) => {}
            }
        }
        (profile, self.ended)
    }

    /// The threads that are next and whether they may be stopped, or how long to wait until one may.
    fn allowed(&mut self, profile: &Profile) -> Result<(Vec<Tid>, Stops), Duration> {
        if !self.stops {
            return Ok((self.tids.to_vec(), Stops::Never));
        }
        let looks: u64 = profile.groups.values().map(|group| group.looks).sum();
        let stopped = Duration::from_nanos(profile.stopped_ns);
        // Per look, not per stop: many threads need none.
        let one = match looks {
            0 => FIRST_STOP,
            looks => stopped.div_f64(looks as f64).max(SMALLEST_STOP),
        };
        let earned = self.began.elapsed().mul_f64(STOPPED_SHARE);
        let left = earned.saturating_sub(stopped);
        if left < one {
            return Err((stopped + one).saturating_sub(earned).div_f64(STOPPED_SHARE).max(RESTS.0));
        }
        let count = (left.as_secs_f64() / one.as_secs_f64()) as usize;
        let count = count.clamp(1, self.tids.len());
        let some = (0..count).map(|step| self.tids[(self.at + step) % self.tids.len()]).collect();
        self.at = (self.at + count) % self.tids.len();
        // All that is left, more than was counted on: were threads left out because the stops of others took long, the
        // shares would be wrong. What it costs more is earned back before the next.
        Ok((some, Stops::Allowed { budget: self.time.mul_f64(STOPPED_SHARE).saturating_sub(stopped) }))
    }
}

pub(super) fn label(scene: &Scene, tid: Tid) -> &str {
    let thread = scene.threads.iter().find(|thread| thread.key.tid == tid);
    thread.and_then(|thread| scene.groups.get(thread.group)).map_or("unknown origin", |group| group.label.as_str())
}
