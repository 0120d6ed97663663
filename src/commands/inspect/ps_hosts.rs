//! `tftop ps --hosts` and `--slurm`: asks the tftop of other machines, by the user's own ssh or by srun. Opens no connection itself, and
//! nothing listens at the other end.

use std::ffi::OsString;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::commands::args::global::GlobalArgs;
use crate::commands::args::machine::ps::PsArgs;
use crate::commands::own_process::event_loop::runtime;
use crate::commands::own_process::exit::{CommandError, Exit};
use crate::commands::own_process::stdio;
use crate::data::Text;
use crate::output;
use crate::output::HostAnswer;

/// Machines asked at once; more wait.
const MOST_AT_ONCE: usize = 32;
/// Machines asked at all.
const MOST_HOSTS: usize = 4096;
/// How long a machine may take beside the time that it looks.
const ANSWERED_WITHIN: Duration = Duration::from_secs(20);
/// Bytes of one answer, and of what it complains of.
const LONGEST_ANSWER: u64 = 16 << 20;
const LONGEST_COMPLAINT: u64 = 64 << 10;

/// One listing of all of them. Who does not answer is named; where nobody does, it fails.
pub(crate) fn ps_hosts(args: &PsArgs, options: &GlobalArgs) -> anyhow::Result<Exit> {
    if options.read_only {
        return Err(
            CommandError::usage("--read-only starts no process: other machines are asked by ssh or srun").into()
        );
    }
    let hosts = match &args.slurm {
        Some(job) => nodes_of(job)?,
        None => args.hosts.clone(),
    };
    if hosts.len() > MOST_HOSTS {
        return Err(CommandError::usage(format!("{} machines are more than {MOST_HOSTS}", hosts.len())).into());
    }
    let looks = args.watch.unwrap_or(options.interval);
    let commands: Vec<(String, Command)> =
        hosts.into_iter().map(|host| (host.clone(), command(args, &host, looks))).collect();
    let answers = runtime()?.block_on(all(commands, looks + ANSWERED_WITHIN))?;
    let silent = answers.iter().all(|answer| answer.listing.is_none());
    match args.json {
        true => stdio::print(&(output::ps_hosts_json(&answers)? + "\n"))?,
        false => stdio::print(&output::ps_hosts_table(&answers, options.page()))?,
    }
    Ok(if silent { Exit::Unanswered } else { Exit::Clean })
}

/// Each machine's answer, in their order.
async fn all(commands: Vec<(String, Command)>, within: Duration) -> anyhow::Result<Vec<HostAnswer>> {
    let places = Arc::new(Semaphore::new(MOST_AT_ONCE));
    let ask = |(host, command): (String, Command)| {
        let places = places.clone();
        tokio::spawn(async move {
            let _place = places.acquire().await;
            answer(host, command, within).await
        })
    };
    let asked: Vec<_> = commands.into_iter().map(ask).collect();
    let mut answers = Vec::with_capacity(asked.len());
    for answer in asked {
        answers.push(answer.await?);
    }
    Ok(answers)
}

/// What runs `tftop ps --json` on a machine.
fn command(args: &PsArgs, host: &str, looks: Duration) -> Command {
    let mut words: Vec<OsString> = match &args.slurm {
        Some(job) => {
            let step = ["srun", "--overlap", "--quiet", "--nodes=1", "--ntasks=1"].map(OsString::from);
            step.into_iter().chain([format!("--jobid={job}").into(), format!("--nodelist={host}").into()]).collect()
        }
        None => {
            let ssh = args.ssh.split_whitespace().map(OsString::from);
            let quiet = ["-oBatchMode=yes", "-oConnectTimeout=10", "--"].map(OsString::from);
            ssh.chain(quiet).chain([OsString::from(host)]).collect()
        }
    };
    words.push(args.remote_tftop.clone().into());
    words.extend(["ps", "--json", "--for"].map(OsString::from));
    words.push(format!("{}ms", looks.as_millis()).into());
    let mut words = words.into_iter();
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

async fn answer(host: String, mut command: Command, within: Duration) -> HostAnswer {
    let program = Text::from(command.as_std().get_program().to_string_lossy().into_owned());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return HostAnswer::failed(host, format!("{program} can't be started: {error}")),
    };
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    // One that writes more than it may is cut, and ends by SIGPIPE.
    let ended = async { tokio::join!(read(stdout, LONGEST_ANSWER), read(stderr, LONGEST_COMPLAINT), child.wait()) };
    let Ok((printed, complaint, status)) = timeout(within, ended).await else {
        return HostAnswer::failed(host, format!("no answer within {} s", within.as_secs()));
    };
    if !printed.is_empty() && status.as_ref().is_ok_and(|status| status.success()) {
        return HostAnswer::from_output(host, &printed);
    }
    let complaint = String::from_utf8_lossy(&complaint);
    let last = complaint.lines().map(str::trim).rfind(|line| !line.is_empty());
    let ended = || status.map_or_else(|error| error.to_string(), |status| status.to_string());
    let why = last.map_or_else(|| format!("{program} ended with {}", ended()), |last| Text::from(last).to_string());
    HostAnswer::failed(host, why)
}

/// What was read before an error is all there is.
async fn read(from: Option<impl AsyncRead + Unpin>, most: u64) -> Vec<u8> {
    let mut text = Vec::new();
    if let Some(from) = from {
        let _ = from.take(most).read_to_end(&mut text).await;
    }
    text
}

/// Names of the nodes that a running job has, by squeue(1) and scontrol(1).
fn nodes_of(job: &str) -> anyhow::Result<Vec<String>> {
    let list = slurm(&["squeue", "--noheader", "--format=%N", "--states=RUNNING", "--job", job])?;
    let list = list.lines().map(str::trim).find(|line| !line.is_empty());
    let list = list
        .ok_or_else(|| CommandError::not_found(format!("Slurm job {job} does not run; squeue lists those that do")))?;
    let names = slurm(&["scontrol", "show", "hostnames", list])?;
    Ok(names.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect())
}

fn slurm(words: &[&str]) -> anyhow::Result<String> {
    let [program, arguments @ ..] = words else { return Ok(String::new()) };
    let output = std::process::Command::new(program).args(arguments).stdin(Stdio::null()).output();
    let output = output.with_context(|| format!("{program}: --slurm needs Slurm's commands on this machine"))?;
    let said = String::from_utf8_lossy(if output.status.success() { &output.stdout } else { &output.stderr });
    match output.status.success() {
        true => Ok(said.into_owned()),
        false => Err(CommandError::usage(format!("{program}: {}", Text::from(said.trim()))).into()),
    }
}
