//! `tftop run --dry-run`: says how a command would be started. Starts nothing.

use crate::commands::own_process::stdio;
use crate::commands::run::cgroup_guard;
use crate::commands::run::start_spec::StartSpec;
use crate::launch::shim::ShimMode;
use crate::launch::{shell, shim};

/// A line for a shell to stdout; to stderr what no such line can say.
pub(crate) fn dry_run(spec: &StartSpec) -> anyhow::Result<()> {
    let StartSpec { request, plan, .. } = spec;
    let blueprint = cgroup_guard::blueprint(plan)?;
    stdio::print(&(shell::line(&plan.environment, plan.cpus.as_ref(), &blueprint, &request.command) + "\n"))?;
    stdio::say(&about_shim(spec));
    plan.because.iter().for_each(|why| stdio::say(why));
    plan.pins.iter().for_each(|pin| stdio::say(&format!("and at each sample, the threads of {pin} are pinned")));
    blueprint.no_cpuset.as_deref().map(cgroup_guard::no_cpuset).iter().for_each(|note| stdio::say(note));
    Ok(())
}

/// What no line for a shell can say: the shim's folder exists only while tftop runs.
fn about_shim(spec: &StartSpec) -> String {
    let Some(mode) = spec.request.shim else {
        return "without the shim: caps do not hold against what the script sets later".to_owned();
    };
    let does = match mode {
        ShimMode::Enforce => "holds the caps against what the script itself sets",
        ShimMode::Record => "records what the script itself sets",
    };
    let config = shim::config(mode, &spec.plan.caps, None);
    format!(
        "and tftop's shim, which {does}: PYTHONPATH=ITS_FOLDER:$PYTHONPATH TFTOP_SHIM={}",
        shell::quoted(config.as_ref())
    )
}
