//! The dialog before a rerun: opened, answered, agreed to, left; and the time until the old run has ended.

use std::sync::Arc;

use crate::data::scene::Verdict;
use crate::tui::messages::effect::Effect;
use crate::tui::messages::rerun::RerunAnswer;
use crate::tui::messages::restart::StopStage;
use crate::tui::state::Dashboard;
use crate::tui::state::parts::Mode;
use crate::tui::state::parts::rerun::RerunDialog;

impl Dashboard {
    /// Opens it with the caps on the sliders, else with those that are advised and, where none is, those it was started
    /// with; asks what would be done.
    pub(super) fn open_rerun(&mut self) -> Option<Effect> {
        let (caps, from) = match &self.mode {
            Mode::WhatIf(what_if) => (what_if.caps, Some(what_if.clone())),
            _ => {
                let scene = &self.playback.shown;
                let launch = scene.launch.as_ref();
                let had = launch.map(|launch| launch.fact.caps).unwrap_or_default();
                // A run that is slower for its caps is offered those of the run before.
                let back =
                    launch.and_then(|it| it.replaced.as_ref()).filter(|_| scene.headline.condition == Verdict::Slower);
                (back.map_or_else(|| scene.headline.caps.or(had.without_cpus()), |run| run.caps.without_cpus()), None)
            }
        };
        self.mode = Mode::Rerun(Box::new(RerunDialog::with(caps, from)));
        Some(Effect::RequestRerun(caps))
    }

    /// A yes counts only when it is on screen what it is said to.
    pub(super) fn agree(&self) -> Option<Effect> {
        match &self.mode {
            Mode::Rerun(rerun) if rerun.can_begin() => Some(Effect::Rerun(rerun.caps)),
            _ => None,
        }
    }

    pub(super) fn answer_rerun(&mut self, answer: Arc<RerunAnswer>) {
        if let Mode::Rerun(rerun) = &mut self.mode {
            rerun.answer(answer);
            self.said = None;
        }
    }

    /// Takes in how far the stop of the old run is; its end is when the new one starts.
    pub(super) fn see_stop(&mut self, stage: StopStage) -> Option<Effect> {
        let caps = match &self.mode {
            Mode::Rerun(rerun) => rerun.caps,
            Mode::Stopping(caps, _) => *caps,
            _ => return None,
        };
        match stage {
            StopStage::Ended => return Some(Effect::Rerun(caps)),
            StopStage::Failed(why) => {
                self.mode = Mode::Browse;
                self.refuse(&why);
            }
            stage => self.mode = Mode::Stopping(caps, stage),
        }
        None
    }
}
