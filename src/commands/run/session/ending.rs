//! How a command that is to end is asked to: ever more firmly, until it has.

use std::collections::VecDeque;
use std::future::pending;
use std::time::Duration;

use rustix::process::Signal;
use tokio::time::{Instant, sleep_until};

use crate::tui::messages::restart::StopStage;

/// Time to save what there is: Keras does so on INT and TERM.
const TIME_TO_SAVE: Duration = Duration::from_secs(10);
/// The same for one that nobody waits for.
const TIME_TO_END: Duration = Duration::from_secs(3);

/// Signals to come, and when; by default none.
#[derive(Debug, Default)]
pub(crate) struct StopSequence {
    left: VecDeque<(Instant, Signal)>,
    sent: Option<Signal>,
}

impl StopSequence {
    /// INT as Ctrl-C would, then TERM, then KILL, with time to save between them.
    pub(crate) fn with_time_to_save() -> Self {
        Self::of([(Duration::ZERO, Signal::INT), (TIME_TO_SAVE, Signal::TERM), (2 * TIME_TO_SAVE, Signal::KILL)])
    }

    /// A person has left for good.
    pub(crate) fn abandoned() -> Self {
        Self::of([(Duration::ZERO, Signal::TERM), (TIME_TO_END, Signal::KILL)])
    }

    fn of(steps: impl IntoIterator<Item = (Duration, Signal)>) -> Self {
        let now = Instant::now();
        Self { left: steps.into_iter().map(|(after, signal)| (now + after, signal)).collect(), sent: None }
    }

    /// The next signal when it is due; never where there is none. Safe to give up and to call again.
    pub(crate) async fn next(&mut self) -> Signal {
        let Some(&(at, signal)) = self.left.front() else { return pending().await };
        sleep_until(at).await;
        self.left.pop_front();
        self.sent = Some(signal);
        signal
    }

    /// How far it is.
    pub(crate) fn stage(&self) -> StopStage {
        let Some(sent) = self.sent else { return StopStage::Begins };
        let seconds = |at: &Instant| at.saturating_duration_since(Instant::now()).as_secs_f64().round() as u64;
        let next = self.left.front().map(|(at, signal)| (name(*signal), seconds(at)));
        StopStage::Waits { sent: name(sent), next }
    }
}

fn name(signal: Signal) -> &'static str {
    match signal {
        Signal::INT => "INT",
        Signal::TERM => "TERM",
        _ => "KILL",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "current_thread")]
    async fn each_signal_comes_in_its_time_and_then_none() {
        let began = Instant::now();
        let mut ending = StopSequence::of([(Duration::ZERO, Signal::INT), (Duration::from_millis(30), Signal::KILL)]);
        assert_eq!(ending.stage(), StopStage::Begins);
        assert_eq!(ending.next().await, Signal::INT);
        assert_eq!(ending.stage(), StopStage::Waits { sent: "INT", next: Some(("KILL", 0)) });
        assert_eq!(ending.next().await, Signal::KILL);
        assert_eq!(ending.stage(), StopStage::Waits { sent: "KILL", next: None });
        assert!(began.elapsed() >= Duration::from_millis(30));
        assert!(tokio::time::timeout(Duration::from_millis(30), ending.next()).await.is_err());
    }

    #[test]
    fn kill_comes_last_and_leaves_time_to_save() {
        for ending in [StopSequence::with_time_to_save(), StopSequence::abandoned()] {
            let kill = ending.left.back().copied();
            assert!(kill.is_some_and(|(at, signal)| signal == Signal::KILL && at >= Instant::now() + TIME_TO_END / 2));
            assert_eq!(ending.left.iter().filter(|(_, signal)| *signal == Signal::KILL).count(), 1);
        }
    }
}
