//! `tftop stack --sample`: what threads did for a while, as a table, JSON or folded stacks.

use std::fs;
use std::time::Duration;

use anyhow::Context as _;

use crate::commands::args::global::GlobalArgs;
use crate::commands::args::inspect::StackArgs;
use crate::commands::own_process::event_loop::{runtime, stop_signal};
use crate::commands::own_process::exit::Exit;
use crate::commands::own_process::progress::Progress;
use crate::commands::own_process::stdio;
use crate::commands::sampling::stack_sampling;
use crate::commands::sampling::stack_sampling::{SAMPLING_LIMIT, SampledThreads as _, StackSampling, announce_stops};
use crate::commands::sampling::thread_selection::ThreadSelection;
use crate::data::scene::Scene;
use crate::model::activity::profile::Profile;
use crate::output;
use crate::output::Folded;
use crate::probe::stack::StackReader;

/// Where folded stacks go to stdout, and the table to stderr.
const STDOUT: &str = "-";

/// Takes stacks of these threads for as long as was asked for, and prints what they did.
pub(crate) fn sample(
    mut threads: ThreadSelection,
    mut reader: StackReader,
    (args, options): (&StackArgs, &GlobalArgs),
    time: Duration,
) -> anyhow::Result<Exit> {
    if args.stop {
        announce_stops(threads.scene().target.pid, SAMPLING_LIMIT);
    }
    let (profile, ended) = runtime()?.block_on(async {
        let sampling = StackSampling { stops: args.stop, time, progress: Some(Progress::new(time)) };
        Ok::<_, anyhow::Error>(stack_sampling::sample(&mut reader, &mut threads, sampling, stop_signal()?).await)
    })?;
    print(threads.scene(), &profile, args, options)?;
    Ok(if ended { Exit::Gone } else { Exit::Clean })
}

fn print(scene: &Scene, profile: &Profile, args: &StackArgs, options: &GlobalArgs) -> anyhow::Result<()> {
    let wall_s = profile.sampled_s;
    let pid = scene.target.pid;
    let folded = args.sampling.folded.as_deref();
    let to_stdout = folded.is_some_and(|path| path.as_os_str() == STDOUT);
    if let Some(path) = folded.filter(|_| !to_stdout) {
        let folded = output::profile_folded(profile);
        fs::write(path, folded).with_context(|| format!("writing folded stacks to {}", path.display()))?;
    }
    match (args.json, to_stdout) {
        (true, _) => {
            let folded = if to_stdout { Folded::Within } else { Folded::Apart };
            let json = output::profile_json(scene, pid, profile, wall_s, folded).context("writing JSON")?;
            stdio::print(&(json + "\n"))?;
        }
        (false, false) => stdio::print(&output::profile_text(scene, pid, (profile, wall_s), options.page()))?,
        (false, true) => {
            stdio::say(output::profile_text(scene, pid, (profile, wall_s), options.page_on_stderr()).trim_end());
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
