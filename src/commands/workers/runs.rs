//! What the dashboard shows of the kept runs: listed and compared on a thread of their own whenever the dashboard asks, so
//! that nobody waits for a disk.

use std::convert::Infallible;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::sync::{oneshot, watch};

use crate::commands::args::global::GlobalArgs;
use crate::commands::kept::{compare, lookup};
use crate::output;
use crate::runs::stats::warmup::Warmup;
use crate::runs::store::{KeptRun, RunState};
use crate::runs::summary::verdict;
use crate::tui::runs::{ComparisonText, RunLine, RunsList, RunsRequest};

/// How often a list that is on screen is read anew.
const RENEWED: Duration = Duration::from_secs(5);
/// Runs that are listed.
const MOST_LISTED: usize = 200;

/// Both ends of what the dashboard and the shelf tell one another.
pub(crate) struct WorkerEnds {
    pub(crate) shelf: watch::Sender<Arc<RunsList>>,
    pub(crate) wish: watch::Receiver<RunsRequest>,
}

/// Answers as long as the dashboard is there. Never ends by itself before.
pub(crate) async fn serve(mut ends: WorkerEnds, options: GlobalArgs) -> Infallible {
    loop {
        let wish = ends.wish.borrow_and_update().clone();
        if wish.shown {
            let (before, options) = (ends.shelf.borrow().compared.clone(), options.clone());
            let (answer, answered) = oneshot::channel();
            let read = move || drop(answer.send(shelf(&wish, before, &options)));
            // Dropped with the dashboard, it is not waited for: a tape may take seconds to read.
            let started = thread::Builder::new().name("tftop-runs".to_owned()).spawn(read);
            if let (Ok(_), Ok(shelf)) = (started, answered.await) {
                ends.shelf.send_replace(Arc::new(shelf));
            }
            if let Ok(Err(_)) = tokio::time::timeout(RENEWED, ends.wish.changed()).await {
                return std::future::pending().await;
            }
        } else if ends.wish.changed().await.is_err() {
            return std::future::pending().await;
        }
    }
}

fn shelf(wish: &RunsRequest, before: Option<ComparisonText>, options: &GlobalArgs) -> RunsList {
    let known = before.filter(|compared| compared.runs == wish.compare);
    let compared = match known {
        None if !wish.compare.is_empty() => Some(compared(&wish.compare, options)),
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
            RunState::GoesOn => "goes on",
            RunState::Ended => "ended",
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

fn compared(ids: &[String], options: &GlobalArgs) -> ComparisonText {
    let runs = ids.to_vec();
    match compare::compared(ids, Warmup::Usual, options) {
        Ok(compared) => {
            let (headline, why) = output::compare_verdict(&compared.comparison.verdict);
            let lines = output::compare_text(&compared.borrowed()).lines().map(ToOwned::to_owned).collect();
            ComparisonText { runs, headline: format!(" {headline}  {why}"), lines }
        }
        Err(error) => {
            ComparisonText { runs, headline: " NOT COMPARED".to_owned(), lines: vec![format!("  {error:#}")] }
        }
    }
}
