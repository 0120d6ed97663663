//! `tftop run`: starts a command with caps, stays with it to its end and says whether they held.

mod company;
mod wish;

use std::io::{self, IsTerminal as _};

use anyhow::Context as _;

use super::attach::families;
use super::cli::Options;
use super::exit::{self, Exit, Problem};
use super::{output, watch};
use crate::launch::caps::{self, Plan};
use crate::launch::environment::Changes;
use crate::launch::folder::Folder;
use crate::launch::inbox::Inbox;
use crate::launch::machine::Machine;
use crate::launch::shim::Mode;
use crate::launch::signals::in_foreground;
use crate::launch::{program, shell, shim, stage};
use company::{Company, Preparation};

pub(super) use wish::{RunWish, StageWish};

/// Starts the command, or with --dry-run says how.
pub(super) fn run(wish: &RunWish, options: &Options) -> anyhow::Result<Exit> {
    // First of all: nothing starts before everything that could be wrong was looked at.
    let families = families(options)?;
    let machine = Machine::read().context("reading which CPUs may be used")?;
    let plan = caps::plan(&wish.caps(), &machine).map_err(|refusal| Problem::usage(refusal.to_string()))?;
    let mut changes = Changes::of(&plan);
    if wish.dry_run {
        output::print(&(shell::line(&changes, plan.cpus.as_ref(), &wish.command) + "\n"))?;
        output::say(&about_shim(wish, &plan));
        return Ok(Exit::Clean);
    }
    find(wish, &changes)?;
    let dashboard = !wish.no_ui && io::stdout().is_terminal() && in_foreground();
    let mut preparation = Preparation { plan, dashboard, folder: None, inbox: None, log: None };
    prepare(wish, &mut preparation, &mut changes)
        .context("making the folder of this run; XDG_STATE_HOME names another place, --no-shim --no-ui needs none")?;
    watch::runtime()?.block_on(async {
        let company = Company::start(wish, preparation, &changes)?;
        company.stay(options, families).await
    })
}

/// Becomes the command; what is left to say when it can't.
pub(super) fn stage(wish: &StageWish) -> Exit {
    let error = stage::become_command(wish.parent, wish.cpus.as_ref(), &wish.command);
    let command = wish.command.first().map(|word| shell::quoted(word)).unwrap_or_default();
    output::say(&format!("tftop: {command} can't be executed: {error}"));
    Exit::Of(exit::NOT_EXECUTABLE)
}

/// The command must be there in the environment it will have.
fn find(wish: &RunWish, changes: &Changes) -> anyhow::Result<()> {
    let path = changes.value("PATH").map(ToOwned::to_owned).or_else(|| std::env::var_os("PATH"));
    if let Some(program) = wish.command.first() {
        program::find(program, path.as_deref()).map_err(|missing| Problem::command(&missing))?;
    }
    Ok(())
}

/// The run's folder and what lies in it; no folder where nothing would.
fn prepare(wish: &RunWish, preparation: &mut Preparation, changes: &mut Changes) -> io::Result<()> {
    if wish.shim().is_none() && !preparation.dashboard {
        return Ok(());
    }
    let mut folder = Folder::make()?;
    if let Some(mode) = wish.shim() {
        preparation.inbox = Some(Inbox::open(&folder.socket())?);
        let config = shim::config(mode, &preparation.plan.caps, Some(&folder.socket()));
        shim::install(&folder, config, changes)?;
    }
    if preparation.dashboard {
        preparation.log = Some(folder.log()?);
    }
    preparation.folder = Some(folder);
    Ok(())
}

/// What no line for a shell can say: the shim's folder exists only while tftop runs.
fn about_shim(wish: &RunWish, plan: &Plan) -> String {
    let Some(mode) = wish.shim() else {
        return "without the shim: what the script itself sets later is not held".to_owned();
    };
    let does = match mode {
        Mode::Enforce => "holds the caps against what the script itself sets",
        Mode::Record => "records what the script itself sets",
    };
    let config = shim::config(mode, &plan.caps, None);
    format!(
        "and tftop's shim, which {does}: PYTHONPATH=ITS_FOLDER:$PYTHONPATH TFTOP_SHIM={}",
        shell::quoted(config.as_ref())
    )
}
