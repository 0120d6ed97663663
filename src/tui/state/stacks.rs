//! The box with stacks: opened on a thread or a group, answered, agreed to stop, left.

use std::sync::Arc;

use crate::data::{Pid, Tid};
use crate::tui::messages::effect::Effect;
use crate::tui::messages::stacks::{SampleTimes, StacksAnswer, StacksMoment, StacksRequest, StopPermission};
use crate::tui::state::Dashboard;
use crate::tui::state::parts::Mode;
use crate::tui::state::parts::stacks::{StacksBox, StopQuestion};
use crate::tui::table::row_key::TableRow;

impl Dashboard {
    /// Asks for stacks without a stop, of the past for those that were taken: of the selected thread or the selected group's threads,
    /// or again of those shown.
    pub(super) fn open_stacks(&mut self) -> Option<Effect> {
        let (title, pid, tids) = match &self.mode {
            Mode::Stacks(stacks) => (stacks.title.clone(), stacks.request.pid, stacks.request.tids.clone()),
            _ => self.stacks_of_row()?,
        };
        let at = if self.is_past() { StacksMoment::Past(self.playback.shown.clone()) } else { StacksMoment::Now };
        let (stops, times) = (StopPermission::Never, SampleTimes::Once);
        Some(self.ask_stacks(title, StacksRequest { pid, tids, at, stops, times }))
    }

    /// The question first: a stop takes a yes.
    pub(super) fn ask_to_stop(&mut self) {
        if let Mode::Stacks(stacks) = &mut self.mode
            && stacks.stoppable().is_some()
        {
            stacks.question = StopQuestion::ToStop;
        }
    }

    /// The same before they are taken again and again; where nothing may be stopped there is nothing to ask.
    pub(super) fn ask_to_sample(&mut self) -> Option<Effect> {
        let Mode::Stacks(stacks) = &mut self.mode else { return None };
        if stacks.may_stop()? {
            stacks.question = StopQuestion::ToSample;
            return None;
        }
        let (at, stops, times) = (StacksMoment::Now, StopPermission::Never, SampleTimes::Sampled);
        let request = StacksRequest { at, stops, times, ..stacks.request.clone() };
        let title = stacks.title.clone();
        Some(self.ask_stacks(title, request))
    }

    /// A yes to what was asked about.
    pub(super) fn agree_to_stop(&mut self) -> Option<Effect> {
        let Mode::Stacks(stacks) = &self.mode else { return None };
        let times = match stacks.question {
            StopQuestion::ToSample => SampleTimes::Sampled,
            StopQuestion::ToStop if stacks.stoppable().is_some() => SampleTimes::Once,
            StopQuestion::ToStop | StopQuestion::Nothing => return None,
        };
        let request = StacksRequest { stops: StopPermission::Agreed, times, ..stacks.request.clone() };
        Some(self.ask_stacks(stacks.title.clone(), request))
    }

    pub(super) fn answer_stacks(&mut self, answer: Arc<StacksAnswer>) {
        // Counted even where nobody reads them any more.
        if let Ok(taken) = &answer.taken {
            self.stopped_ns = self.stopped_ns.saturating_add(taken.stopped_ns);
        }
        if let Mode::Stacks(stacks) = &mut self.mode {
            stacks.answer(answer);
            self.said = None;
        }
    }

    fn ask_stacks(&mut self, title: String, request: StacksRequest) -> Effect {
        self.mode = Mode::Stacks(Box::new(StacksBox::of(title, request.clone())));
        Effect::RequestStacks(request)
    }

    /// A group may have threads in several processes: stacks are of one, the target's own where it has some.
    fn stacks_of_row(&mut self) -> Option<(String, Pid, Vec<Tid>)> {
        let row = self.acting_row()?;
        let scene = &self.playback.shown;
        match row {
            TableRow::Thread(at) => {
                let thread = scene.threads.get(at)?;
                let title = format!("stack of thread {} {}", thread.key.tid, thread.name());
                Some((title, thread.pid, vec![thread.key.tid]))
            }
            TableRow::Group(at) => {
                let of_group = || scene.threads.iter().filter(|thread| thread.group == at);
                let own = of_group().find(|thread| thread.pid == scene.target.pid);
                let pid = own.or_else(|| of_group().next())?.pid;
                let tids: Vec<Tid> = of_group().filter(|thread| thread.pid == pid).map(|it| it.key.tid).collect();
                let beside = match of_group().count() - tids.len() {
                    0 => String::new(),
                    others => format!(", without {others} threads of other processes"),
                };
                let label = &scene.groups.get(at)?.label;
                Some((format!("stacks of {label} in process {pid}{beside}"), pid, tids))
            }
            TableRow::Process(..) | TableRow::Line(..) => None,
        }
    }
}
