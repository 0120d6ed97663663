//! `tftop ps --hosts` and `--slurm`: asks the tftop of other machines, by the user's own ssh or by srun. Opens no connection itself, and
//! nothing listens at the other end.

use std::ffi::OsString;
use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::commands::args::global::GlobalArgs;
use crate::commands::args::machine::ps::PsArgs;
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
const ASK_AGAIN: Duration = Duration::from_millis(20);

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
    let ask = |host: &String| answer(host, command(args, host, looks), looks + ANSWERED_WITHIN);
    let answers = all(&hosts, &ask);
    let silent = answers.iter().all(|answer| answer.listing.is_none());
    match args.json {
        true => stdio::print(&(output::ps_hosts_json(&answers)? + "\n"))?,
        false => stdio::print(&output::ps_hosts_table(&answers, options.page()))?,
    }
    Ok(if silent { Exit::Unanswered } else { Exit::Clean })
}

/// Each machine's answer, in their order.
fn all(hosts: &[String], ask: &(impl Fn(&String) -> HostAnswer + Sync)) -> Vec<HostAnswer> {
    let next = Mutex::new(hosts.iter().enumerate());
    let answers = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..hosts.len().min(MOST_AT_ONCE) {
            scope.spawn(|| {
                loop {
                    let Some((at, host)) = next.lock().ok().and_then(|mut next| next.next()) else { return };
                    let answer = ask(host);
                    if let Ok(mut answers) = answers.lock() {
                        answers.push((at, answer));
                    }
                }
            });
        }
    });
    let mut answers = answers.into_inner().unwrap_or_default();
    answers.sort_by_key(|(at, _)| *at);
    answers.into_iter().map(|(_, answer)| answer).collect()
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
    command.args(words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn answer(host: &str, mut command: Command, within: Duration) -> HostAnswer {
    let failed = |why: String| HostAnswer { name: host.to_owned(), error: Some(why), listing: None };
    let program = Text::from(command.get_program().to_string_lossy().into_owned());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return failed(format!("{program} can't be started: {error}")),
    };
    let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
        return failed(format!("{program} has no output"));
    };
    // One that writes more than it may is cut, and then ends by SIGPIPE or at its deadline.
    let reads = thread::spawn(move || read(stdout, LONGEST_ANSWER));
    let complains = thread::spawn(move || read(stderr, LONGEST_COMPLAINT));
    let Some(status) = wait(&mut child, Instant::now() + within) else {
        return failed(format!("no answer within {} s", within.as_secs()));
    };
    let (printed, complaint) = (reads.join().unwrap_or_default(), complains.join().unwrap_or_default());
    if printed.is_empty() || !status.success() {
        let complaint = String::from_utf8_lossy(&complaint);
        let last = complaint.lines().map(str::trim).rfind(|line| !line.is_empty());
        return failed(
            last.map_or_else(|| format!("{program} ended with {status}"), |last| Text::from(last).to_string()),
        );
    }
    HostAnswer::from_output(host.to_owned(), &printed)
}

fn read(from: impl std::io::Read, most: u64) -> Vec<u8> {
    let mut text = Vec::new();
    // What was read before an error is all there is.
    let _ = from.take(most).read_to_end(&mut text);
    text
}

/// How it ended; none where it had to be killed.
fn wait(child: &mut Child, until: Instant) -> Option<std::process::ExitStatus> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < until => thread::sleep(ASK_AGAIN),
            Ok(None) | Err(_) => {
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
        }
    }
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
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    let output = output.with_context(|| format!("{program}: --slurm needs Slurm's commands on this machine"))?;
    let said = String::from_utf8_lossy(if output.status.success() { &output.stdout } else { &output.stderr });
    match output.status.success() {
        true => Ok(said.into_owned()),
        false => Err(CommandError::usage(format!("{program}: {}", Text::from(said.trim()))).into()),
    }
}
