//! The dashboard's state, and the one place that changes it. Draws nothing and reads no clock.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Size;

use crate::data::sample::Interest;
use crate::data::scene::{Scene, Timeline};
use crate::model::activity::waits;
use crate::tui::keys;
use crate::tui::keys::Action;
use crate::tui::messages::effect::Effect;
use crate::tui::messages::replay::ReplayState;
use crate::tui::messages::runs::RunsList;
use crate::tui::settings::SettingsInForce;
use crate::tui::state::event::{Event, MouseTarget};
use crate::tui::state::jump::Sought;
use crate::tui::state::parts::playback::Playback;
use crate::tui::state::parts::runs::RunsScreen;
use crate::tui::state::parts::transcript::Transcript;
use crate::tui::state::parts::watched::WatchedThread;
use crate::tui::state::parts::what_if::WhatIf;
use crate::tui::state::parts::{Mode, Pane, Purpose, Said, TableState, Typed};
use crate::tui::table::cursor::Cursor;
use crate::tui::table::opened::Opened;
use crate::tui::table::row_key::{RowKey, TableRow};
use crate::tui::table::rows;
use crate::tui::table::rows::RowRequest;
use crate::tui::table::sort::Sort;
use crate::tui::tabs::View;
use crate::tui::theme::Appearance;

/// Everything on screen follows from this.
#[derive(Debug)]
pub struct Dashboard {
    pub(super) look: Appearance,
    pub(super) size: Size,
    pub(super) playback: Playback,
    pub(super) view: View,
    pub(super) mode: Mode,
    pub(super) tables: [TableState; View::ALL.len()],
    pub(super) typed: Typed,
    pub(super) opened: Opened,
    pub(super) follow: bool,
    pub(super) pane: Pane,
    pub(super) rows: Vec<TableRow>,
    pub(super) transcript: Transcript,
    pub(super) runs: RunsScreen,
    pub(super) stopped_ns: u64,
    pub(super) notice: Option<String>,
    pub(super) replay: Option<ReplayState>,
    pub(super) timeline: Arc<Timeline>,
    /// What `n` looks for in time; none where it looks for rows.
    pub(super) sought: Option<Sought>,
    pub(super) zoom: usize,
    /// Whether a trace of the scheduler is wanted.
    pub(super) trace: bool,
    /// Seconds that lanes show.
    pub(super) lane_seconds: u8,
    pub(super) said: Option<Said>,
    /// Nothing may be stopped, started or changed.
    pub(super) read_only: bool,
    pub(super) settings: SettingsInForce,
}

/// Seconds that lanes can show.
pub(super) const LANE_SECONDS: [u8; 4] = [10, 5, 2, 1];
/// Longest line that can be typed.
const LONGEST_LINE: usize = 120;

impl Dashboard {
    /// The dashboard of a first scene on a screen of this size, with the usual settings but for this look.
    pub fn new(look: Appearance, size: Size, scene: Arc<Scene>) -> Self {
        let mut settings = SettingsInForce::default();
        (settings.now.theme, settings.kept.theme) = (look.theme, look.theme);
        Self::with_settings(look, size, scene, &settings)
    }

    /// The same with these settings; its theme is theirs.
    pub fn with_settings(look: Appearance, size: Size, scene: Arc<Scene>, settings: &SettingsInForce) -> Self {
        let tables = View::ALL.map(|view| TableState { cursor: Cursor::default(), sort: Sort::usual(view) });
        let mut dashboard = Self {
            look,
            size,
            playback: Playback::new(scene),
            view: View::Overview,
            mode: Mode::Browse,
            tables,
            typed: Typed::default(),
            opened: Opened::default(),
            follow: false,
            pane: Pane::Hidden,
            rows: Vec::new(),
            transcript: Transcript::default(),
            runs: RunsScreen::default(),
            stopped_ns: 0,
            notice: None,
            replay: None,
            timeline: Arc::default(),
            sought: None,
            zoom: 1,
            trace: false,
            lane_seconds: LANE_SECONDS[0],
            said: None,
            read_only: false,
            settings: SettingsInForce::default(),
        };
        dashboard.use_settings(settings);
        dashboard.renew();
        dashboard
    }

    /// The one place that changes state. An effect is for the caller.
    pub fn update(&mut self, event: Event) -> Option<Effect> {
        match event {
            Event::Scene(scene) => {
                if self.playback.take(scene) {
                    self.show_scene();
                }
            }
            Event::Runs(list) => self.runs.take(RunsList::clone(&list)),
            Event::Notice(notice) => self.notice = Some(notice),
            Event::ReadOnly => self.read_only = true,
            Event::Moment(moment) => self.take_moment(moment),
            Event::Timeline(timeline) => self.take_timeline(timeline),
            Event::Saved(saved) => {
                self.said = Some(match saved {
                    Ok(name) => Said::Told(format!("saved ./{name}")),
                    Err(why) => Said::Refused(format!("not saved: {why}")),
                });
            }
            Event::Copied(copied) => {
                self.said = Some(match copied {
                    Ok(what) => Said::Told(format!("copied {what}")),
                    Err(why) => Said::Refused(why),
                });
            }
            Event::SettingsSaved(saved) => self.take_saved_settings(saved),
            Event::SettingsProblems(problems) => self.take_settings_problems(&problems),
            Event::Overdue(look) => self.playback.overdue = Some(look),
            Event::NoMoreScenes => {
                if self.playback.fall_silent() {
                    self.show_scene();
                }
            }
            Event::Output(output) => self.take_output(output),
            Event::InterruptExpired => self.forget_interrupt(),
            Event::Stopping(stage) => return self.see_stop(stage),
            Event::Rerun(answer) => self.answer_rerun(answer),
            Event::Stacks(answer) => self.answer_stacks(answer),
            Event::Resize(size) => {
                self.size = size;
                self.renew();
                self.settle(true);
            }
            Event::Key(key) => return self.key(&key),
            Event::Click(target) => return self.click(target),
            Event::Scroll(rows) => self.scroll(rows),
        }
        None
    }

    /// What the next sample should hold beside the usual: details of the threads on screen, by rising key, what the threads
    /// of the groups on screen wait for, the kernel stack of the thread in the detail pane.
    pub fn interest(&self) -> Interest {
        let height = self.areas().list.height;
        let visible = self.rows.iter().skip(self.cursor().top()).take(usize::from(height));
        let scene = &self.playback.shown;
        let mut groups = vec![false; scene.groups.len()];
        let mut details = Vec::new();
        for row in visible {
            match *row {
                TableRow::Thread(at) => details.extend(scene.threads.get(at).map(|thread| thread.key)),
                TableRow::Group(at) => groups.get_mut(at).into_iter().for_each(|wanted| *wanted = true),
                _ => {}
            }
        }
        if let Some(RowKey::Group(key)) = self.cursor().selected() {
            let selected = scene.groups.iter().position(|group| group.key == *key);
            selected.into_iter().for_each(|at| groups[at] = true);
        }
        let stack = self.watched().filter(|watched| !watched.ended).map(|watched| watched.thread.key);
        details.extend(stack);
        details.sort_unstable();
        details.dedup();
        let waits = waits::to_look_at(scene, |at| groups.get(at) == Some(&true));
        Interest { details, waits, stack, trace: self.trace }
    }

    /// Takes in that another scene is on screen.
    pub(super) fn show_scene(&mut self) {
        if let Pane::Shown(Some(watched)) = &mut self.pane {
            watched.see(&self.playback.shown);
        }
        self.renew();
    }

    /// Makes the rows anew; the selection finds its row again.
    pub(super) fn renew(&mut self) {
        let width = self.areas().list.width;
        self.rows = rows::of(&self.playback.shown, &self.row_request(Some(&self.opened), &self.typed.filter, width));
        self.settle(self.follow);
    }

    pub(super) fn row_request<'a>(&self, opened: Option<&'a Opened>, filter: &'a str, width: u16) -> RowRequest<'a> {
        RowRequest { view: self.view, sort: self.sort(), filter, opened, width, lane_seconds: self.lane_seconds }
    }

    pub(super) fn settle(&mut self, reveal: bool) {
        let height = self.list_height();
        let cursor = &mut self.tables[self.view as usize].cursor;
        cursor.settle(&self.playback.shown, &self.rows, height, reveal);
    }

    pub(super) fn list_height(&self) -> usize {
        usize::from(self.areas().list.height)
    }

    pub(super) fn select(&mut self, at: usize) {
        let height = self.list_height();
        self.tables[self.view as usize].cursor.select(&self.playback.shown, &self.rows, at, height);
        self.watch_selected();
    }

    pub(super) fn select_key(&mut self, key: &RowKey) {
        let height = self.list_height();
        self.tables[self.view as usize].cursor.select_key(&self.playback.shown, &self.rows, key, height);
        self.watch_selected();
    }

    pub(super) fn watch_selected(&mut self) {
        let Pane::Shown(watched) = &self.pane else { return };
        let selected = match self.cursor().selected() {
            Some(RowKey::Thread(key)) => *key,
            _ => return self.pane = Pane::Shown(None),
        };
        if watched.as_ref().is_none_or(|watched| watched.thread.key != selected) {
            self.pane = Pane::Shown(WatchedThread::begin(&self.playback.shown, selected).map(Box::new));
        }
    }

    pub(super) fn key(&mut self, key: &KeyEvent) -> Option<Effect> {
        self.said = None;
        match self.keys().action(key, self.place()) {
            Some(action) => return self.act(action),
            None if self.mode == Mode::Typing => return keys::bytes(key).map(Effect::Type),
            None if matches!(self.mode, Mode::Line(..)) => self.type_character(key),
            None => self.refuse_key(key),
        }
        None
    }

    pub(super) fn type_character(&mut self, key: &KeyEvent) {
        let plain = !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        if let (Mode::Line(purpose, _), KeyCode::Char(character), true) = (&self.mode, key.code, plain) {
            let purpose = *purpose;
            let line = self.line(purpose);
            if line.chars().count() < LONGEST_LINE && !character.is_control() {
                line.push(character);
                self.typed_more(purpose);
            }
        }
    }

    pub(super) fn line(&mut self, purpose: Purpose) -> &mut String {
        match purpose {
            Purpose::Search => &mut self.typed.search,
            Purpose::Filter => &mut self.typed.filter,
            Purpose::Time => &mut self.typed.time,
        }
    }

    pub(super) fn typed_more(&mut self, purpose: Purpose) {
        match purpose {
            Purpose::Filter => self.renew(),
            Purpose::Search => self.search(0),
            Purpose::Time => {}
        }
    }

    pub(super) fn click(&mut self, target: MouseTarget) -> Option<Effect> {
        match target {
            MouseTarget::Row(key) if self.cursor().selected() == Some(&key) => return self.act(Action::Enter),
            MouseTarget::Row(key) => self.select_key(&key),
            MouseTarget::Fold(key) => {
                self.select_key(&key);
                return self.act(Action::Fold);
            }
            MouseTarget::Setting(item) => return self.click_setting(item),
            MouseTarget::Run(id) => self.runs.click(&id),
            MouseTarget::Heading(column) => self.sort_by(column),
            MouseTarget::Button(action) => return self.act(action),
            MouseTarget::Slider(at, value) => self.try_caps(|what_if, scene| what_if.set(scene, at, value)),
        }
        None
    }

    pub(super) fn try_caps(&mut self, change: impl FnOnce(&mut WhatIf, &Scene)) {
        if let Mode::WhatIf(what_if) = &mut self.mode {
            change(what_if, &self.playback.shown);
        }
    }

    pub(super) fn scroll(&mut self, down: isize) {
        let height = self.list_height();
        match &mut self.mode {
            Mode::Help(top) => *top = top.saturating_add_signed(down),
            Mode::Rerun(rerun) => rerun.top = rerun.top.saturating_add_signed(down),
            Mode::Stacks(stacks) => stacks.top = stacks.top.saturating_add_signed(down),
            Mode::Runs => {
                let height = self.runs_height();
                self.runs.travel(|at, last| at.saturating_add_signed(down).min(last), height);
            }
            Mode::WhatIf(what_if) => what_if.change(&self.playback.shown, if down < 0 { 1 } else { -1 }),
            &mut Mode::Settings(shown) => {
                self.travel_settings(shown, |at, last| at.saturating_add_signed(down).min(last));
            }
            _ if self.view == View::Output => self.scroll_output(down),
            _ => self.tables[self.view as usize].cursor.scroll(self.rows.len(), down, height),
        }
    }

    /// Keeps the text of a popup on screen, given how many of its lines have no room; called after each update.
    pub fn fit_popup(&mut self, overflow: usize) {
        match &mut self.mode {
            Mode::Help(top) => *top = (*top).min(overflow),
            Mode::Rerun(rerun) => rerun.top = rerun.top.min(overflow),
            Mode::Stacks(stacks) => stacks.top = stacks.top.min(overflow),
            _ => {}
        }
    }
}
