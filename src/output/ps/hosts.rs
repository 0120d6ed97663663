//! `tftop ps --hosts` and `--slurm`: what `tftop ps --json` said on several machines, in one table or one JSON. What another machine
//! says is foreign: texts are cleaned, and what can't be read is an error of that machine alone.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::data::Text;
use crate::data::job::rank::{Launcher, Rank, ranks_here};
use crate::output::ps;
use crate::present::format::page::{Page, PageRow};
use crate::present::format::{MISSING_ASCII, cpus_in_words, cpus_or_dash};
use crate::present::line::Role;
use crate::present::table::{Align, LastColumn, Table};

/// Name and version of the JSON contract.
pub const SCHEMA: &str = "tftop.ps-hosts/1";

/// What one machine answered.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct HostAnswer {
    /// Its name, as it was asked for.
    pub name: String,
    /// Why there is no listing; null where there is one.
    pub error: Option<String>,
    /// Its `tftop ps --json` (schema tftop.ps/1); null where there is none.
    pub listing: Option<Value>,
    /// What of it is shown.
    #[serde(skip)]
    shown: Option<Listing>,
}

impl HostAnswer {
    /// One that gave none, and why.
    pub fn failed(name: String, why: String) -> Self {
        Self { name, error: Some(why), listing: None, shown: None }
    }

    /// From what the command at the other end printed: a listing of a version that is known here.
    pub fn from_output(name: String, printed: &[u8]) -> Self {
        match read(printed) {
            Ok((listing, shown)) => Self { name, error: None, listing: Some(listing), shown: Some(shown) },
            Err(error) => Self::failed(name, error),
        }
    }
}

fn read(printed: &[u8]) -> Result<(Value, Listing), String> {
    let listing: Value = serde_json::from_slice(printed).map_err(|error| format!("its answer is no JSON: {error}"))?;
    match listing.get("schema").and_then(Value::as_str) {
        Some(ps::SCHEMA) => {
            let shown = Listing::deserialize(&listing).map_err(|error| format!("its answer can't be read: {error}"))?;
            Ok((listing, shown))
        }
        Some(other) => Err(format!("it speaks {}, this tftop {}", Text::from(other), ps::SCHEMA)),
        None => Err("its answer is not that of `tftop ps --json`".to_owned()),
    }
}

/// The part of tftop.ps/1 that is shown.
#[derive(Clone, Debug, Deserialize)]
struct Listing {
    host: Host,
    #[serde(default)]
    jobs: Vec<JobHere>,
    processes: Vec<Process>,
}

#[derive(Clone, Debug, Deserialize)]
struct Host {
    cpus: Option<f64>,
    demand: Option<Demand>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
struct Demand {
    got: f64,
    wanted: f64,
}

#[derive(Clone, Debug, Deserialize)]
struct JobHere {
    launcher: Launcher,
    name: Option<Text>,
    user: Option<Text>,
    ranks: Option<u32>,
    ranks_here: Vec<u32>,
    effective_cpus: f64,
    demand: Option<Demand>,
}

#[derive(Clone, Debug, Deserialize)]
struct Process {
    pid: u32,
    user: Option<Text>,
    command: Text,
    threads: u64,
    demand: Option<Demand>,
    #[serde(default)]
    rank: Option<Rank>,
}

/// All machines in one line, each job in one, then one row a process, the busiest first; below, who did not answer.
pub fn table(answers: &[HostAnswer], page: Page) -> String {
    let listings: Vec<(&str, &Listing)> =
        answers.iter().filter_map(|answer| Some((answer.name.as_str(), answer.shown.as_ref()?))).collect();
    let mut rows: Vec<(&str, &Process)> =
        listings.iter().flat_map(|(name, listing)| listing.processes.iter().map(|process| (*name, process))).collect();
    let wanted = |process: &Process| process.demand.map_or(-1.0, |demand| demand.wanted);
    rows.sort_by(|(_, a), (_, b)| wanted(b).total_cmp(&wanted(a)));
    let mut table = Table::new(&[
        ("HOST", Align::Left),
        ("PID", Align::Right),
        ("USER", Align::Left),
        ("RANK", Align::Right),
        ("THREADS", Align::Right),
        ("GOT CPUs", Align::Right),
        ("WANTED", Align::Right),
        ("COMMAND", Align::Left),
    ]);
    for (name, process) in &rows {
        table.row([
            (*name).to_owned(),
            process.pid.to_string(),
            process.user.as_deref().unwrap_or(MISSING_ASCII).to_owned(),
            process.rank.as_ref().map_or(MISSING_ASCII.to_owned(), |rank| rank.rank.to_string()),
            process.threads.to_string(),
            cpus_or_dash(process.demand.map(|demand| demand.got)),
            cpus_or_dash(process.demand.map(|demand| demand.wanted)),
            process.command.to_string(),
        ]);
    }
    let about = [all(&listings)].into_iter().chain(jobs(&listings)).map(PageRow::text).collect();
    let failed = answers.iter().filter_map(|answer| Some((answer.name.clone(), answer.error.clone()?)));
    let failed = failed.map(|(name, why)| PageRow::led(Role::Alarm, name, format!("  {why}"))).collect();
    let table = if rows.is_empty() { Vec::new() } else { table.fitted(page, LastColumn::IsCommand) };
    page.print([about, table, failed])
}

/// "2 hosts: 8 processes want 46.0 of 32 CPUs and get 29.8".
fn all(listings: &[(&str, &Listing)]) -> String {
    let processes: usize = listings.iter().map(|(_, listing)| listing.processes.len()).sum();
    let demands = || listings.iter().filter_map(|(_, listing)| listing.host.demand);
    let cpus: Option<f64> = listings.iter().map(|(_, listing)| listing.host.cpus).sum();
    let hosts = if listings.len() == 1 { "1 host".to_owned() } else { format!("{} hosts", listings.len()) };
    let (noun, want, get) = if processes == 1 { ("process", "wants", "gets") } else { ("processes", "want", "get") };
    if demands().next().is_none() {
        return format!("{hosts}: {processes} {noun}");
    }
    let of = cpus.filter(|&cpus| cpus > 0.0).map_or("CPUs".to_owned(), |cpus| format!("of {cpus:.0} CPUs"));
    let (wanted, got): (f64, f64) =
        demands().fold((0.0, 0.0), |sum, demand| (sum.0 + demand.wanted, sum.1 + demand.got));
    format!("{hosts}: {processes} {noun} {want} {} {of} and {get} {}", cpus_in_words(wanted), cpus_in_words(got))
}

/// Each job over all machines.
fn jobs(listings: &[(&str, &Listing)]) -> Vec<String> {
    let mut keys: Vec<(Launcher, Option<&Text>, Option<&Text>)> = Vec::new();
    let all = || listings.iter().flat_map(|(name, listing)| listing.jobs.iter().map(move |job| (*name, job)));
    let key = |job: &'_ JobHere| (job.launcher, job.name.clone(), job.user.clone());
    for (_, job) in all() {
        let found = (job.launcher, job.name.as_ref(), job.user.as_ref());
        if !keys.contains(&found) {
            keys.push(found);
        }
    }
    keys.into_iter()
        .map(|(launcher, name, user)| {
            let wanted = (launcher, name.cloned(), user.cloned());
            let parts: Vec<(&str, &JobHere)> = all().filter(|(_, job)| key(job) == wanted).collect();
            let here: usize = parts.iter().map(|(_, job)| job.ranks_here.len()).sum();
            let ranks = ranks_here(here, parts.iter().find_map(|(_, job)| job.ranks));
            let sum = |of: fn(&JobHere) -> f64| cpus_in_words(parts.iter().map(|(_, job)| of(job)).sum());
            let hosts = if parts.len() == 1 { "1 host".to_owned() } else { format!("{} hosts", parts.len()) };
            format!(
                "{}: {ranks} on {hosts} want {} of {} CPUs and get {}",
                launcher.job(name),
                sum(|job| job.demand.map_or(0.0, |demand| demand.wanted)),
                sum(|job| job.effective_cpus),
                sum(|job| job.demand.map_or(0.0, |demand| demand.got)),
            )
        })
        .collect()
}

/// The same as one JSON object, without a newline at its end.
pub fn json(answers: &[HostAnswer]) -> serde_json::Result<String> {
    serde_json::to_string_pretty(&PsHosts { schema: SCHEMA, hosts: answers })
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct PsHosts<'a> {
    schema: &'static str,
    hosts: &'a [HostAnswer],
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(pid: u32, wanted: f64) -> String {
        format!(
            r#"{{"schema":"tftop.ps/1","host":{{"cpus":16,"demand":{{"got":3,"wanted":{wanted}}}}},
               "jobs":[{{"launcher":"slurm","name":"4711","user":"ada","ranks":8,"ranks_here":[0,1],"effective_cpus":16,
                         "demand":{{"got":3,"wanted":{wanted}}}}}],
               "processes":[{{"pid":{pid},"user":"ada","command":"python train.py","threads":40,
                              "demand":{{"got":3,"wanted":{wanted}}}}}]}}"#
        )
    }

    #[test]
    fn machines_stand_in_one_table_and_who_did_not_answer_below() {
        let answers = [
            HostAnswer::from_output("n1".to_owned(), listing(10, 4.0).as_bytes()),
            HostAnswer::from_output("n2".to_owned(), listing(20, 9.0).as_bytes()),
            HostAnswer::failed("n3".to_owned(), "no route".to_owned()),
        ];
        let expected = "2 hosts: 2 processes want 13.0 of 32 CPUs and get 6.0\n\
                        Slurm job 4711: 4 of 8 ranks on 2 hosts want 13.0 of 32.0 CPUs and get 6.0\n\n\
                        HOST  PID  USER  RANK  THREADS  GOT CPUs  WANTED  COMMAND\n\
                        n2     20  ada      -       40      3.00    9.00  python train.py\n\
                        n1     10  ada      -       40      3.00    4.00  python train.py\n\nn3  no route\n";
        assert_eq!(table(&answers, Page::default()), expected);
        let json: Value = serde_json::from_str(&json(&answers).unwrap()).unwrap();
        assert_eq!(json["hosts"][1]["listing"]["processes"][0]["pid"], 20);
        assert_eq!((&json["hosts"][2]["error"], &json["hosts"][2]["listing"]), (&"no route".into(), &Value::Null));
    }

    #[test]
    fn what_another_machine_says_is_foreign() {
        let said = |text: &str| HostAnswer::from_output("n".to_owned(), text.as_bytes()).error.unwrap();
        assert!(said("Welcome!").contains("no JSON"));
        assert!(said("{}").contains("not that of `tftop ps --json`"));
        assert!(
            said(r#"{"schema":"tftop.ps/2\u001b[2J"}"#).ends_with("this tftop tftop.ps/1"),
            "{}",
            said(r#"{"schema":"x"}"#)
        );
        assert!(said(r#"{"schema":"tftop.ps/1","host":{},"processes":[{"pid":-1}]}"#).contains("can't be read"));
        let hostile = listing(1, 1.0).replace("python train.py", "\\u001b[2Jx");
        let shown = table(&[HostAnswer::from_output("n".to_owned(), hostile.as_bytes())], Page::default());
        assert!(!shown.contains('\x1b'), "{shown}");
    }
}
