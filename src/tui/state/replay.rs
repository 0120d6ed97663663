//! Moving in time, in a recording as in the past of a live target: by steps, to a typed time, from mark to mark; and what can't
//! be done there.

use std::sync::Arc;

use crate::data::scene::Timeline;
use crate::present::format;
use crate::tui::keys::{Action, TimeDirection, TimeStep};
use crate::tui::messages::effect::Effect;
use crate::tui::messages::replay::{ReplayState, ShownMoment};
use crate::tui::state::Dashboard;
use crate::tui::state::jump;
use crate::tui::state::jump::{Found, Jump, Sought, TimeFrame};
use crate::tui::state::parts::playback::PlaybackMode;
use crate::tui::state::parts::{Mode, Purpose, Said};
use crate::tui::tabs::View;

/// Most looks that one cell of the chart stands for.
const MOST_ZOOM: usize = 64;

impl Dashboard {
    /// How the past is shown; none where only the newest look is kept.
    pub fn replay(&self) -> Option<&ReplayState> {
        self.replay.as_ref()
    }

    /// Whether a recording is shown.
    pub fn is_recording(&self) -> bool {
        self.replay.as_ref().is_some_and(|replay| !replay.live)
    }

    /// Whether what is shown is neither now nor was frozen: a recording, or the past of a live target.
    pub fn is_past(&self) -> bool {
        self.playback.pace == PlaybackMode::Past
    }

    /// What is known of all looks.
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// Looks that one cell of the chart stands for.
    pub fn zoom(&self) -> usize {
        self.zoom
    }

    /// What is to be said of the last key.
    pub fn said(&self) -> Option<&Said> {
        self.said.as_ref()
    }

    pub(super) fn take_moment(&mut self, moment: ShownMoment) {
        self.said = moment.state.says.as_ref().map(|says| Said::Refused(says.to_string())).or(self.said.take());
        self.replay = Some(moment.state);
        match moment.scene {
            Some(scene) => {
                let is_other = self.playback.look_back(scene);
                if is_other {
                    self.show_scene();
                }
            }
            None if self.is_past() => self.show_now(),
            None => {}
        }
    }

    pub(super) fn take_timeline(&mut self, timeline: Arc<Timeline>) {
        self.timeline = timeline;
    }

    /// What an action does in time; none where it does the same at any moment.
    pub(super) fn act_in_time(&mut self, action: Action) -> Option<Option<Effect>> {
        match action {
            Action::Time(step) => return Some(self.move_in_time(step)),
            Action::Jump => self.begin_line(Purpose::Time),
            Action::Mark(direction) => return Some(self.go_to_mark(direction)),
            Action::Zoom if self.view == View::Lanes => self.zoom_lanes(),
            Action::Zoom => self.zoom = if self.zoom >= MOST_ZOOM { 1 } else { self.zoom * 4 },
            Action::SearchNext => return self.sought.map(|sought| self.search_time(sought, TimeDirection::Before)),
            Action::SearchPrevious => return self.sought.map(|sought| self.search_time(sought, TimeDirection::After)),
            Action::Trace if self.is_past() && !self.is_recording() => {
                let key = (Action::Time(TimeStep::End), "returns to now");
                let why = self.text_with_key("this is the past: only what happens now can be traced", "; ", key);
                self.refuse(&why);
            }
            Action::Rerun if self.is_past() && !self.is_recording() => {
                let text = format!("this is the past, and {} stops the process as it is now", self.key_of(action));
                let why = self.text_with_key(&text, ": ", (Action::Time(TimeStep::End), "first"));
                self.refuse(&why);
            }
            _ => self.refuse(match action {
                Action::Rerun if self.is_recording() => {
                    "this is a recording: there is no process to stop and start again"
                }
                Action::Stop | Action::Sample if self.is_recording() => {
                    "this is a recording: there is no process to stop"
                }
                Action::Trace if self.is_recording() => "this is a recording: what was traced is in it",
                Action::Type if self.is_recording() => "this is a recording: there is no command to type to",
                Action::Stop | Action::Sample if self.is_past() => "this is the past: nothing is stopped there",
                _ => return None,
            }),
        }
        Some(None)
    }

    /// Goes where the line that was typed says; one that says nothing stays, with what would be valid.
    pub(super) fn jump(&mut self) -> Option<Effect> {
        let live = !self.is_recording();
        let jump = match jump::parse(&self.typed.time, live) {
            Ok(jump) => jump,
            Err(why) => {
                self.refuse(&why);
                return None;
            }
        };
        let time = match jump {
            Jump::To(time) => time,
            Jump::When(sought) => {
                self.mode = Mode::Browse;
                self.sought = Some(sought);
                let from_ns = self.playback.shown.at_ns;
                let before = jump::find(&self.timeline, sought, from_ns, TimeDirection::Before);
                let direction = if before.is_some() { TimeDirection::Before } else { TimeDirection::After };
                return self.search_time(sought, direction);
            }
        };
        match self.frame().instant(time) {
            Ok(at_ns) => {
                self.mode = Mode::Browse;
                self.go_to(at_ns)
            }
            Err(why) => {
                self.refuse(&why);
                None
            }
        }
    }

    pub(super) fn refuse(&mut self, why: &str) {
        self.said = Some(Said::Refused(why.to_owned()));
    }

    fn show_now(&mut self) {
        self.playback.go_on();
        self.show_newest_output();
        self.show_scene();
    }

    fn move_in_time(&mut self, step: TimeStep) -> Option<Effect> {
        let is_past = self.is_past();
        match step {
            TimeStep::PlayOrPause if !is_past => {
                if self.playback.pause() {
                    self.show_newest_output();
                    self.show_scene();
                }
                None
            }
            TimeStep::End if self.playback.pace == PlaybackMode::Paused => {
                self.show_now();
                None
            }
            _ if self.replay.is_none() => {
                self.refuse("only the newest look is kept here");
                None
            }
            TimeStep::LookForward | TimeStep::MinuteForward | TimeStep::End | TimeStep::Slower | TimeStep::Faster
                if matches!(self.playback.pace, PlaybackMode::Live | PlaybackMode::Silent) =>
            {
                let keys = (Action::Time(TimeStep::LookBack), "goes back in time");
                let why = self.text_with_key("this is now", ": ", keys);
                self.refuse(&why);
                None
            }
            _ => Some(Effect::Time(step)),
        }
    }

    fn go_to(&mut self, at_ns: u64) -> Option<Effect> {
        self.move_in_time(if at_ns >= self.frame().end_ns && !self.is_recording() {
            TimeStep::End
        } else {
            TimeStep::To(at_ns)
        })
    }

    fn go_to_mark(&mut self, direction: TimeDirection) -> Option<Effect> {
        let from_ns = self.playback.shown.at_ns;
        let marks = self.timeline.marks_beside(from_ns, direction == TimeDirection::After);
        let Some(at_ns) = marks.first().map(|mark| mark.at_ns) else {
            let which = if direction == TimeDirection::After { "after" } else { "before" };
            let why = format!("nothing is marked {which} this{}", self.so_far());
            self.refuse(&why);
            return None;
        };
        let words: Vec<&str> = marks.iter().map(|mark| mark.text.as_str()).collect();
        let told = format!("{}: {}", jump::clock(self.timeline.unix_s(at_ns)), words.join(", "));
        let effect = self.go_to(at_ns);
        self.said.get_or_insert(Said::Told(told));
        effect
    }

    fn search_time(&mut self, sought: Sought, direction: TimeDirection) -> Option<Effect> {
        let from_ns = self.playback.shown.at_ns;
        let Some(found) = jump::find(&self.timeline, sought, from_ns, direction) else {
            let which = if direction == TimeDirection::After { "after" } else { "before" };
            let why = format!("\"{}\" is nowhere {which} this{}", sought.word(), self.so_far());
            self.refuse(&why);
            return None;
        };
        let Found { at_ns, number, of, lasted_ns } = found;
        let lasted = lasted_ns.map(|ns| format!(" for {}", format::duration(ns as f64 / 1e9))).unwrap_or_default();
        let at = jump::clock(self.timeline.unix_s(at_ns));
        let told = format!("{} at {at}{lasted}, {number} of {of}", sought.word());
        let told = self.text_with_key(&told, "; ", (Action::SearchNext, "before"));
        let told = self.text_with_key(&told, ", ", (Action::SearchPrevious, "after"));
        let effect = self.go_to(at_ns);
        self.said.get_or_insert(Said::Told(told));
        effect
    }

    /// How much of a recording is not known yet.
    fn so_far(&self) -> String {
        match self.timeline.known {
            known if known >= 1.0 => String::new(),
            known => format!("; {} % of the recording is read so far", format::percent(known)),
        }
    }

    /// From when to when there are looks, as far as it is known.
    fn frame(&self) -> TimeFrame {
        let (shown, newest) = (&self.playback.shown, &self.playback.newest);
        if let Some(moment) = &shown.recorded {
            let nanoseconds = |seconds: f64| (seconds.max(0.0) * 1e9) as u64;
            let begin_ns = shown.at_ns.saturating_sub(nanoseconds(moment.at_s));
            return TimeFrame {
                begin_ns,
                end_ns: begin_ns.saturating_add(nanoseconds(moment.length_s)),
                boot_unix_ms: moment.begun_unix_ms.saturating_sub(begin_ns / 1_000_000),
            };
        }
        let begin_ns = self.timeline.looks.first().map_or(newest.at_ns, |look| look.at_ns);
        TimeFrame { begin_ns, end_ns: newest.at_ns, boot_unix_ms: self.timeline.boot_unix_ms }
    }
}
