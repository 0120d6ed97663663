//! `tftop export --svg`: the dashboard's screen at a moment of a recording, as a replay shows it.

use crate::commands::args::export::ExportArgs;
use crate::commands::args::global::GlobalArgs;
use crate::commands::kept::moments::MomentChoice;
use crate::commands::kept::tape;
use crate::commands::own_process::exit::CommandError;
use crate::commands::sampling::attach::families;
use crate::present::format;
use crate::runs::player::Player;
use crate::runs::recorded::Recorded;
use crate::tui;

/// The picture, and what is wrong with the recording.
pub(crate) fn picture(
    recorded: Recorded,
    choice: MomentChoice,
    args: &ExportArgs,
    options: &GlobalArgs,
) -> anyhow::Result<(String, Vec<String>)> {
    let at = match choice {
        MomentChoice::Unsaid => recorded.length(),
        MomentChoice::Moment(at) => at,
        MomentChoice::Span(_) => {
            return Err(CommandError::usage("a picture is of one moment: --at instead of --from and --to").into());
        }
    };
    let unreadable = |why| tape::unreadable(&args.recording, &why);
    let mut player = Player::open(recorded, families(options)?).map_err(unreadable)?;
    let look = player.look_at(at);
    let (_, scene) = player.go(look, || false).map_err(unreadable)?;
    let moment = scene.recorded.clone().unwrap_or_default();
    let [at, length] = [moment.at_s, moment.length_s].map(format::age);
    let title = format!("tftop: {} at {}, {at} of {length}", moment.name, format::instant(moment.unix_s()));
    let svg = tui::svg::recorded_screen(scene, (args.picture.view(), args.picture.size), options.picture(), &title);
    Ok((svg, moment.trouble.iter().map(ToString::to_string).collect()))
}
