//! The options of `tftop ps`, and the words of its help.

use std::time::Duration;

use clap::Args;

use crate::commands::args::span;

const HELP: &str = "\
Examples:
  tftop ps                       processes and jobs of this machine, after one interval
  tftop ps --for 12s             long enough for the verdict on each job, too
  tftop ps --hosts n1,n2         the same of other machines, by ssh
  tftop ps --slurm 4711          the same of each node of a Slurm job, by srun --overlap
  tftop ps --json | jq .jobs     schema tftop.ps/1; of several machines tftop.ps-hosts/1

RANK is the number that mpirun, mpiexec, torchrun, horovodrun, srun or TF_CONFIG gave a process. SHARE is an equal part of the CPUs \
that the ranks of its job on this machine may use. On other machines tftop must be installed; nothing listens there.";

#[derive(Debug, Args)]
#[command(after_long_help = HELP)]
pub(crate) struct PsArgs {
    /// Print JSON (schema tftop.ps/1)
    #[arg(long)]
    pub(crate) json: bool,
    /// How long to look before printing [default: one interval]
    #[arg(long = "for", value_name = "TIME", value_parser = span::watch)]
    pub(crate) watch: Option<Duration>,
    /// Ask these machines, by ssh
    #[arg(long, value_name = "HOST,…", value_delimiter = ',', value_parser = host, conflicts_with = "slurm")]
    pub(crate) hosts: Vec<String>,
    /// Ask every node of this Slurm job, by srun
    #[arg(long, value_name = "JOBID", value_parser = slurm_job)]
    pub(crate) slurm: Option<String>,
    /// The ssh command, with its own options: "ssh -p 2222"
    #[arg(long, value_name = "COMMAND", default_value = "ssh", requires = "hosts")]
    pub(crate) ssh: String,
    /// Where tftop is on the other machines
    #[arg(long, value_name = "PATH", default_value = "tftop")]
    pub(crate) remote_tftop: String,
}

/// A machine's name for ssh. One that begins with a hyphen would be an option.
fn host(text: &str) -> Result<String, String> {
    let named = !text.is_empty() && !text.starts_with('-');
    match named && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => Ok(text.to_owned()),
        false => Err("must be the name of a machine, as ssh takes it".to_owned()),
    }
}

/// A Slurm job's number, with the task of an array or the part of a heterogeneous job (squeue(1)).
fn slurm_job(text: &str) -> Result<String, String> {
    let number = text.starts_with(|first: char| first.is_ascii_digit());
    match number && text.bytes().all(|byte| byte.is_ascii_digit() || b"_+".contains(&byte)) {
        true => Ok(text.to_owned()),
        false => Err("must be a job's number, as squeue prints it".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_becomes_an_option_of_another_program() {
        assert!(["-oProxyCommand=x", "", "a b", "ä"].iter().all(|name| host(name).is_err()));
        assert!(["n1", "ada@n1.example", "::1"].iter().all(|name| host(name).is_ok()));
        assert!(["-x", "", "4711;x", "x"].iter().all(|job| slurm_job(job).is_err()));
        assert!(["4711", "4711_3", "4711+1"].iter().all(|job| slurm_job(job).is_ok()));
    }
}
