//! The options of `tftop run`, and the words of its help.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use crate::commands::args::caps::{CapArgs, variable};
use crate::commands::args::machine::serve::PublishArgs;
use crate::commands::own_process::exit::CommandError;
use crate::commands::run::start_spec::{LOG_LIMIT_MB, StartRequest};
use crate::commands::settings::{SavedProfile, SettingsFile};
use crate::data::CpuSet;
use crate::data::run::ProcessAttributes;
use crate::data::sample::{Pin, Quota};
use crate::launch::caps::plan::{CpuRequest, PlanRequest};
use crate::launch::caps::preset::Preset;
use crate::launch::caps::quota;
use crate::launch::exec_wrapper::SessionKind;
use crate::launch::shim::ShimMode;
use crate::launch::{pin, process_attributes};

const AFTER_HELP: &str = "\
Examples:
  tftop run --intra 2 --inter 1 --data 1 -- python train.py
  tftop run --cpus 2 -- python train.py        two CPUs for everything
  tftop run --cpus 0-3 --dry-run -- python train.py
  mpirun -n 4 tftop run --no-ui --cpus auto -- python train.py   each rank on CPUs of its own
  tftop run --no-ui --record-only -- python train.py   change nothing, record what the script sets
  tftop run --no-ui --listen 127.0.0.1:9913 -- python train.py   metrics of it, its steps among them (see tftop serve)

Caps are set in the command's environment. For Python, a shim also holds them against what the script sets later; --data is \
held by the shim alone. --cpus is an affinity mask and, where a cpuset cgroup is writable, also a cpuset, which a script \
can't leave; --quota is a cgroup. Both cgroups are removed at the end. While the command runs, its threads are counted, and \
each cap is reported as held, exceeded (by whom) or unverified (why).

Without a terminal, or with --no-ui, the command has tftop's own stdin, stdout and stderr; signals (INT, TERM, HUP, QUIT, \
USR1, USR2, WINCH) are forwarded, and a summary goes to stderr at the end. In the foreground of a terminal INT and QUIT come \
from the keyboard and reach the command directly.

On a terminal, the dashboard opens and the command gets a pseudo-terminal: o shows its output, i types to it, and everything \
it writes is logged. The first Ctrl-C goes to the command, a second within 5 s ends it. q closes the dashboard; the command \
keeps running in the foreground. Redirected stdin, stdout and stderr stay redirected.

With --detach the command outlives tftop and is not watched: its CPUs are held by affinity alone. Without --detach it never \
outlives tftop: if tftop is killed, even by SIGKILL, the kernel kills the command, but not its children, nor a command that \
has changed its user.

Exit codes: that of the command; 128 + n if signal n ended it; 126 if it can't be executed, 127 if it is not found.";

/// `tftop run`: how, and what.
#[derive(Debug, Args)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    options: RunOptions,
    /// Command to start
    #[arg(required = true, trailing_var_arg = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

impl RunArgs {
    /// What is to be started, with what the profile says.
    pub(crate) fn request(self, settings: &SettingsFile) -> Result<StartRequest, CommandError> {
        Ok(StartRequest { command: self.command, ..self.options.request(settings)? })
    }
}

/// How to start a command; `tftop rerun` has the same options.
#[derive(Clone, Debug, Args)]
pub(crate) struct RunOptions {
    #[command(flatten)]
    caps: CapArgs,
    /// Run on so many CPUs, or on these (0-3,8), and cap every pool to that number
    ///
    /// A number takes the lowest of the CPUs allowed; 3-3 is CPU 3 alone; auto is all of them, and below mpirun, torchrun, srun and
    /// their like this rank's part, without overlap. Pools with a cap of their own keep it.
    #[arg(long, value_name = "N|LIST|auto", help_heading = "Caps")]
    cpus: Option<CpuRequest>,
    /// Use the caps of [profile.PROFILE] in the settings file that are not given here
    #[arg(long, value_name = "PROFILE", help_heading = "Caps")]
    profile: Option<String>,
    /// Use a preset for caps that are not given: advised, single or physical
    ///
    /// advised: what an earlier run of this command was found to need, else a rule, which is an estimate. single: one thread
    /// in every pool. physical: one CPU of each core, and that number for every pool.
    #[arg(long, value_name = "NAME", help_heading = "Caps")]
    preset: Option<Preset>,
    /// CPU quota, in CPUs (1.5); needs a writable CPU cgroup
    #[arg(long, value_name = "CPUS", value_parser = quota::parse, help_heading = "Caps")]
    quota: Option<Quota>,
    /// Pin the threads of one origin to CPUs (tf-data=0-1); repeatable
    #[arg(long = "pin", value_name = "ORIGIN=LIST", value_parser = pin::parse, help_heading = "Caps")]
    pins: Vec<Pin>,
    /// Set an environment variable; repeatable
    #[arg(long = "env", value_name = "K=V", value_parser = variable, help_heading = "Caps")]
    variables: Vec<(String, OsString)>,
    /// Accept values beyond the machine and contradicting caps
    #[arg(long, help_heading = "Caps")]
    force: bool,
    /// Don't use the shim: caps by environment and affinity only
    #[arg(long, conflicts_with = "record_only", help_heading = "Running")]
    no_shim: bool,
    /// The shim only records what the script sets, and holds no caps
    #[arg(long, help_heading = "Running")]
    record_only: bool,
    /// Don't open the dashboard
    #[arg(long, help_heading = "Running")]
    no_ui: bool,
    /// Start it in its own session and exit; it is not watched, and its log has no size limit
    #[arg(long, conflicts_with_all = ["quota", "dry_run", "listen", "textfile"], help_heading = "Running")]
    detach: bool,
    /// Megabytes of the command's output to keep in its log
    #[arg(long, value_name = "MB", default_value_t = LOG_LIMIT_MB, help_heading = "Running")]
    log_limit: u32,
    /// Only print how it would be started
    #[arg(long, help_heading = "Running")]
    dry_run: bool,
    #[command(flatten)]
    publish: PublishArgs,
}

impl RunOptions {
    /// What they ask for, with what the profile says beside what is named here. There is no command yet.
    pub(crate) fn request(self, settings: &SettingsFile) -> Result<StartRequest, CommandError> {
        let options = self.with_profile(settings)?;
        Ok(StartRequest {
            shim: match (options.no_shim, options.record_only) {
                (true, _) => None,
                (false, true) => Some(ShimMode::Record),
                (false, false) => Some(ShimMode::Enforce),
            },
            caps: PlanRequest {
                pools: options.caps.pools,
                preset: options.preset,
                cpus: options.cpus,
                quota: options.quota,
                pins: options.pins,
                variables: options.variables,
                force: options.force,
                ..PlanRequest::default()
            },
            publish: options.publish.request(),
            log_limit_mb: options.log_limit,
            no_ui: options.no_ui,
            detach: options.detach,
            dry_run: options.dry_run,
            ..StartRequest::default()
        })
    }

    /// The same with what its profile says beside what is named here.
    fn with_profile(mut self, settings: &SettingsFile) -> Result<Self, CommandError> {
        let Some(name) = &self.profile else { return Ok(self) };
        let SavedProfile { pools, cpus, quota, preset, pins, variables } = settings.profile(name)?.clone();
        self.caps.pools = self.caps.pools.or(pools);
        // --cpus and the preset of one number for everything exclude each other: the one named here is meant.
        let physical = Some(Preset::Physical);
        let (named_cpus, named_preset) = (self.cpus.is_some(), self.preset);
        self.cpus = self.cpus.or(cpus.filter(|_| named_preset != physical));
        self.preset = self.preset.or(preset.filter(|&preset| !named_cpus || Some(preset) != physical));
        self.quota = self.quota.or(quota);
        let named: Vec<String> = self.pins.iter().map(|pin| pin.origin.clone()).collect();
        self.pins.extend(pins.into_iter().filter(|pin| !named.contains(&pin.origin)));
        let named: Vec<String> = self.variables.iter().map(|(name, _)| name.clone()).collect();
        self.variables.extend(variables.into_iter().filter(|(name, _)| !named.contains(name)));
        Ok(self)
    }
}

/// The hidden subcommand's options: it is called by tftop alone.
#[derive(Debug, Args)]
pub(crate) struct ExecArgs {
    #[arg(long)]
    pub(crate) parent: u32,
    #[arg(long, value_parser = place)]
    pub(crate) place: SessionKind,
    #[arg(long, value_parser = process_attributes::parse)]
    pub(crate) manner: Option<ProcessAttributes>,
    #[arg(long)]
    pub(crate) cpus: Option<CpuSet>,
    #[arg(long = "cgroup")]
    pub(crate) cgroups: Vec<PathBuf>,
    #[arg(required = true, trailing_var_arg = true)]
    pub(crate) command: Vec<OsString>,
}

fn place(word: &str) -> Result<SessionKind, String> {
    SessionKind::ALL.into_iter().find(|place| place.word() == word).ok_or_else(|| "no such place".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::data::limits::{CapKind, Caps};

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: RunOptions,
    }

    fn planned(text: &str, arguments: &[&str]) -> PlanRequest {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, text).unwrap();
        let settings = SettingsFile::read(Some(&path)).unwrap();
        let line = Line::try_parse_from([&["run", "--profile", "a"], arguments].concat()).unwrap();
        line.args.request(&settings).unwrap().caps
    }

    #[test]
    fn what_is_named_on_the_command_line_wins_over_the_profile() {
        let profile =
            "[profile.a]\nintra = 4\ninter = 2\ncpus = 4\npin = [\"main=0\", \"python=1\"]\nenv = { A = \"1\", B = 2 }";
        let args = planned(profile, &["--intra", "3", "--pin", "main=2", "--env", "A=9"]);
        assert_eq!(
            (args.pools, args.cpus),
            (Caps::of([(CapKind::Intra, 3), (CapKind::Inter, 2)]), Some(CpuRequest::Count(4)))
        );
        let pins: Vec<String> = args.pins.iter().map(Pin::to_string).collect();
        assert_eq!(pins, ["main=2", "python=1"]);
        assert_eq!(args.variables, [("A".to_owned(), "9".into()), ("B".to_owned(), "2".into())]);
    }

    #[test]
    fn one_number_for_everything_named_on_the_command_line_replaces_the_profiles() {
        let cpus = planned("[profile.a]\npreset = \"physical\"", &["--cpus", "1"]);
        assert_eq!((cpus.preset, cpus.cpus), (None, Some(CpuRequest::Count(1))));
        let physical = planned("[profile.a]\ncpus = 1", &["--preset", "physical"]);
        assert_eq!((physical.preset, physical.cpus), (Some(Preset::Physical), None));
        // A profile that contradicts itself is refused by the plan.
        let both = planned("[profile.a]\ncpus = 1\npreset = \"physical\"", &[]);
        assert!(both.preset.is_some() && both.cpus.is_some());
    }
}
