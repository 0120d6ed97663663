//! `tftop replay`: the dashboard on a recording.

use std::io;
use std::io::IsTerminal as _;
use std::time::Duration;

use crate::commands::args::global::GlobalArgs;
use crate::commands::args::kept::ReplayArgs;
use crate::commands::args::span::Moment;
use crate::commands::dashboard;
use crate::commands::kept::tape;
use crate::commands::own_process::event_loop::{runtime, stop_signal};
use crate::commands::own_process::exit::{CommandError, Exit};
use crate::commands::sampling::attach::families;
use crate::commands::sampling::replayer::Replayer;
use crate::runs::player::Player;

/// Plays it until the person leaves.
pub(crate) fn replay(args: &ReplayArgs, options: &GlobalArgs) -> anyhow::Result<Exit> {
    let name = &args.recording;
    if !io::stdout().is_terminal() {
        let instead = format!("replay needs a terminal; `tftop report {name} --at TIME` prints one moment of it");
        return Err(CommandError::usage(instead).into());
    }
    let recorded = tape::open(name)?;
    let at = tape::moment(&recorded, args.at.or(Some(Moment::AfterBegin(Duration::ZERO))))?;
    let player = Player::open(recorded, families(options)?).map_err(|why| tape::unreadable(name, &why))?;
    let look = player.look_at(at);
    let replayer = Replayer::start(player, look)?;
    runtime()?.block_on(async { dashboard::replay(replayer, options, stop_signal()?).await })?;
    Ok(Exit::Clean)
}
