//! `tftop replay`: the dashboard on a recording.

use std::io;
use std::io::IsTerminal as _;
use std::time::Duration;

use crate::commands::args::global::GlobalArgs;
use crate::commands::args::kept::ReplayArgs;
use crate::commands::dashboard;
use crate::commands::kept::{moments, tape};
use crate::commands::own_process::event_loop::{runtime, stop_signal};
use crate::commands::own_process::exit::{CommandError, Exit};
use crate::commands::sampling::attach::families;
use crate::commands::sampling::{course, replayer};
use crate::runs::player::Player;

/// Plays it until the person leaves.
pub(crate) fn replay(args: &ReplayArgs, options: &GlobalArgs) -> anyhow::Result<Exit> {
    let name = &args.recording;
    if !io::stdout().is_terminal() {
        let instead = format!("replay needs a terminal; `tftop report {name} --at TIME` prints one moment of it");
        return Err(CommandError::usage(instead).into());
    }
    let recorded = tape::open(name)?;
    let at = args.at.map_or(Ok(Duration::ZERO), |at| moments::moment(&recorded, "--at", at))?;
    let families = families(options)?;
    let open = |recorded| Player::open(recorded, families.clone()).map_err(|why| tape::unreadable(name, &why));
    // By its own name: "last" may be another one in a moment.
    let course = course::read(open(tape::open(recorded.name())?)?)?;
    let own_name = recorded.name().to_owned();
    let player = open(recorded)?;
    let at_ns = player.looks_ns().get(player.look_at(at)).copied().unwrap_or_default();
    let played = replayer::play(player, at_ns, course)?;
    runtime()?.block_on(async { dashboard::replay(own_name, played, options, stop_signal()?).await })?;
    Ok(Exit::Clean)
}
