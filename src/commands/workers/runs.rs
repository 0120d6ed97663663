//! What the dashboard shows of the kept runs: listed and compared on a thread of their own whenever the dashboard asks, so
//! that nobody waits for a disk.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::commands::args::global::GlobalArgs;
use crate::commands::kept::{compare, lookup};
use crate::commands::workers::worker;
use crate::commands::workers::worker::WorkerEnds;
use crate::output;
use crate::present::format::page::Page;
use crate::runs::stats::warmup::Warmup;
use crate::runs::store::{KeptRun, RunState};
use crate::runs::summary::verdict;
use crate::tui::messages::runs::{ComparisonText, RunLine, RunsList, RunsRequest};

/// How often a list that is on screen is read anew.
const RENEWED: Duration = Duration::from_secs(5);
/// Runs that are listed.
const MOST_LISTED: usize = 200;

/// What the dashboard asks, and where it finds the newest list.
pub(crate) struct RunsChannel {
    pub(crate) requests: watch::Receiver<RunsRequest>,
    pub(crate) lists: watch::Sender<Arc<RunsList>>,
}

/// Starts the worker. Not waited for when the dashboard ends: a tape may take seconds to read.
pub(crate) fn start(options: GlobalArgs) -> io::Result<WorkerEnds<RunsRequest, RunsList>> {
    let mut before = None;
    worker::start("tftop-runs", move |request: RunsRequest| {
        let answer = listed(&request, before.take(), &options);
        before.clone_from(&answer.compared);
        answer
    })
}

/// Asks the worker again and again while the runs are on screen, as long as the dashboard is there. Never ends by itself.
pub(crate) async fn serve(
    mut channel: RunsChannel,
    (ask, mut answers): WorkerEnds<RunsRequest, RunsList>,
) -> Infallible {
    loop {
        let request = channel.requests.borrow_and_update().clone();
        let asked = request.shown && ask.send(request).is_ok();
        if asked && answers.changed().await.is_ok() {
            let list = answers.borrow_and_update().clone();
            list.into_iter().for_each(|list| drop(channel.lists.send_replace(list)));
        }
        let changed = channel.requests.changed();
        let closed = match asked {
            true => tokio::time::timeout(RENEWED, changed).await.is_ok_and(|changed| changed.is_err()),
            false => changed.await.is_err(),
        };
        if closed {
            return std::future::pending().await;
        }
    }
}

fn listed(request: &RunsRequest, before: Option<ComparisonText>, options: &GlobalArgs) -> RunsList {
    let known = before.filter(|compared| compared.runs == request.compare);
    let compared = match known {
        None if !request.compare.is_empty() => Some(compared(&request.compare, options)),
        known => known,
    };
    match list() {
        Ok(runs) => RunsList { runs, trouble: None, looked: true, compared },
        Err(error) => RunsList { trouble: Some(format!("{error:#}")), looked: true, compared, ..RunsList::default() },
    }
}

fn list() -> anyhow::Result<Vec<RunLine>> {
    let mut kept = lookup::store()?.list()?;
    kept.truncate(MOST_LISTED);
    // What goes on comes first; else the newest stays first.
    kept.sort_by_key(|kept| kept.state != RunState::GoesOn);
    Ok(kept.iter().map(line).collect())
}

fn line(kept: &KeptRun) -> RunLine {
    let words: Vec<&str> = kept.fact.command.iter().map(|word| word.as_str()).collect();
    let summary = lookup::stored(kept).ok();
    let outcome = summary.as_ref().map(|summary| &summary.outcome);
    let held = outcome.and_then(|outcome| verdict(&outcome.checks));
    let speed = outcome.and_then(|outcome| outcome.steps.as_ref());
    RunLine {
        id: kept.fact.id.to_string(),
        state: match kept.state {
            RunState::GoesOn if kept.fact.watched.is_some() => "watched now",
            RunState::GoesOn => "running",
            RunState::Ended => "ended",
            RunState::Watched => "watched",
            RunState::Unfinished => "unfinished",
        }
        .to_owned(),
        length: summary.as_ref().map_or_else(String::new, |summary| crate::present::format::age(summary.seconds)),
        caps: kept.fact.launch.caps.to_string(),
        speed: speed.map_or_else(String::new, |steps| format!("{:.1}/s", steps.per_second)),
        held: held.map_or_else(String::new, |held| held.word().to_owned()),
        command: words.join(" "),
    }
}

/// Columns of the box they are shown in, on a screen of 80.
const BOX: u16 = 78;

fn compared(ids: &[String], options: &GlobalArgs) -> ComparisonText {
    let runs = ids.to_vec();
    match compare::compared(ids, Warmup::Usual, options) {
        Ok(compared) => {
            let headline = format!(" {}", output::compare_answer(&compared.comparison));
            // The answer stands above them already.
            let text = output::compare_text(&compared.borrowed(), Page { width: Some(BOX), ..Page::default() });
            ComparisonText {
                runs,
                headline,
                lines: text.lines().skip_while(|line| *line != "RUNS").map(ToOwned::to_owned).collect(),
            }
        }
        Err(error) => {
            ComparisonText { runs, headline: " NOT COMPARED".to_owned(), lines: vec![format!("  {error:#}")] }
        }
    }
}
