//! A dashboard on a backend made for tests: told a story, asked what it shows.

#![allow(dead_code, reason = "each test file uses its part of this")]

use std::sync::Arc;

use crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::Terminal;
use ratatui::backend::{Backend, TestBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Size};
use tftop::data::scene::Scene;
use tftop::present::block::Block;
use tftop::tui::messages::effect::Effect;
use tftop::tui::run::update::{event_of, update};
use tftop::tui::settings::{DashboardSettings, SettingsInForce};
use tftop::tui::state::Dashboard;
use tftop::tui::state::event::Event;
use tftop::tui::theme::{Appearance, ThemeName};
use tftop::tui::view::frame;

/// The sizes at which every view is looked at: a small terminal, a usual one, a large one.
pub const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

/// Without colour.
pub const PLAIN: Appearance = Appearance { color: false, theme: ThemeName::Default, ascii: false };
/// With the default colours.
pub const COLOR: Appearance = Appearance { color: true, ..PLAIN };

/// A dashboard and its screen.
pub struct Stage {
    /// What is shown.
    pub dashboard: Dashboard,
    terminal: Terminal<TestBackend>,
}

impl Stage {
    /// A screen of this size on which a first scene is shown.
    pub fn new(look: Appearance, width: u16, height: u16, scene: Scene) -> Self {
        Self::of(Dashboard::new(look, Size::new(width, height), Arc::new(scene)))
    }

    /// The same with settings.
    pub fn with_settings(
        look: Appearance,
        (width, height): (u16, u16),
        scene: Scene,
        settings: DashboardSettings,
    ) -> Self {
        let settings = SettingsInForce { kept: settings.clone(), now: settings };
        Self::of(Dashboard::with_settings(look, Size::new(width, height), Arc::new(scene), &settings))
    }

    fn of(dashboard: Dashboard) -> Self {
        let Size { width, height } = dashboard.size();
        let mut stage = Self { dashboard, terminal: Terminal::new(TestBackend::new(width, height)).unwrap() };
        stage.draw();
        stage
    }

    /// Presses keys: characters as they are, `\n` Enter, `\x1b` Escape, `\x03` Ctrl-C. The last effect is returned.
    pub fn keys(&mut self, keys: &str) -> Option<Effect> {
        let mut effect = None;
        for key in keys.chars() {
            effect = self.input(&input(key));
        }
        effect
    }

    /// Shows a newer scene.
    pub fn scene(&mut self, scene: Scene) {
        self.tell(Event::Scene(Arc::new(scene)));
    }

    /// Gives the screen another size.
    pub fn resize(&mut self, width: u16, height: u16) {
        self.terminal.backend_mut().resize(width, height);
        self.input(&Input::Resize(width, height));
    }

    /// Any event.
    pub fn tell(&mut self, event: Event) -> Option<Effect> {
        let effect = update(&mut self.dashboard, event);
        self.draw();
        effect
    }

    /// Anything the terminal sends.
    pub fn input(&mut self, input: &Input) -> Option<Effect> {
        event_of(&self.dashboard, input).and_then(|event| self.tell(event))
    }

    /// Clicks.
    pub fn click(&mut self, x: u16, y: u16) {
        self.mouse(MouseEventKind::Down(MouseButton::Left), x, y);
    }

    /// Clicks on a text.
    pub fn click_on(&mut self, text: &str) {
        let y = self.row_with(text);
        let line = self.line(y);
        let before = &line[..line.find(text).unwrap()];
        self.click(before.chars().count() as u16 + 1, y);
    }

    /// One notch of the wheel.
    pub fn wheel_down(&mut self) {
        self.mouse(MouseEventKind::ScrollDown, 5, 10);
    }

    fn mouse(&mut self, kind: MouseEventKind, column: u16, row: u16) {
        let modifiers = KeyModifiers::NONE;
        self.input(&Input::Mouse(MouseEvent { kind, column, row, modifiers }));
    }

    /// What is on screen now, after a change that was made behind the stage's back.
    pub fn text_now(&mut self) -> String {
        self.draw();
        self.text()
    }

    /// What is on screen, without the blanks at the ends of lines.
    pub fn text(&self) -> String {
        let height = self.terminal.backend().buffer().area.height;
        (0..height).map(|y| self.line(y) + "\n").collect()
    }

    /// One line of the screen.
    pub fn line(&self, y: u16) -> String {
        line(self.buffer(), y)
    }

    /// The first line with a text.
    pub fn row_with(&self, text: &str) -> u16 {
        let height = self.buffer().area.height;
        (0..height).find(|&y| self.line(y).contains(text)).unwrap_or_else(|| panic!("no {text:?} in\n{}", self.text()))
    }

    /// The cells.
    pub fn buffer(&self) -> &Buffer {
        self.terminal.backend().buffer()
    }

    /// Where the terminal's cursor stands.
    pub fn cursor(&mut self) -> Position {
        self.terminal.backend_mut().get_cursor_position().unwrap()
    }

    /// What the selected row is about: a group's label, a tid, a pid.
    pub fn selected(&self) -> String {
        let at = self.dashboard.cursor().at();
        assert!(self.dashboard.cursor().selected().is_some(), "nothing is selected");
        let scene = self.dashboard.scene();
        match self.dashboard.rows()[at] {
            tftop::tui::table::row_key::TableRow::Group(at) => scene.groups[at].label.clone(),
            tftop::tui::table::row_key::TableRow::Thread(at) => scene.threads[at].key.tid.to_string(),
            tftop::tui::table::row_key::TableRow::Process(at, _) => scene.target.processes[at].pid.to_string(),
            tftop::tui::table::row_key::TableRow::Line(block, _) => match block {
                Block::Capacity => "capacity".to_owned(),
                Block::Caps => "caps".to_owned(),
                Block::Limits(at) => scene.groups[at].label.clone(),
                Block::Cause(at) => scene.judgements[at].code.to_owned(),
                Block::Gap(at) => scene.gaps[at].what.clone(),
                Block::Trace(_) | Block::TraceNotes => "trace".to_owned(),
                Block::Lanes(at, _) => at.map_or("ended".to_owned(), |at| scene.groups[at].label.clone()),
            },
        }
    }

    fn draw(&mut self) {
        self.terminal.draw(|frame| frame::draw(frame, &self.dashboard)).unwrap();
    }
}

/// One line of a buffer, without the blanks at its end; a wide character counts once.
pub fn line(buffer: &Buffer, y: u16) -> String {
    let mut line = String::new();
    let mut skip = 0;
    for x in 0..buffer.area.width {
        if skip > 0 {
            skip -= 1;
            continue;
        }
        let symbol = buffer[(x, y)].symbol();
        skip = unicode_width::UnicodeWidthStr::width(symbol).saturating_sub(1);
        line.push_str(symbol);
    }
    line.trim_end().to_owned()
}

/// The event of a key: characters as they are, `\n` Enter, `\x1b` Escape, `\x03` Ctrl-C.
pub fn input(key: char) -> Input {
    Input::Key(match key {
        '\n' => KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE),
        '\x1b' => KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE),
        '\x03' => KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL),
        '\x7f' => KeyEvent::new(KeyCode::Backspace, KeyModifiers::NONE),
        other => KeyEvent::new(KeyCode::Char(other), KeyModifiers::NONE),
    })
}
