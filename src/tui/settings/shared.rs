//! The settings while tftop runs, across dashboards: as they are, as the file has them, and what is still to be said of the file.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::tui::settings::values::DashboardSettings;

/// Writes settings into their file.
pub trait SettingsWriter: Send + Sync {
    /// Writes what differs between what the file has and what is set now: where, or why not.
    fn write(&self, kept: &DashboardSettings, now: &DashboardSettings) -> Result<String, String>;
}

/// The settings as they are, and as the file has them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SettingsInForce {
    /// As they are.
    pub now: DashboardSettings,
    /// Without what was changed on screen and not saved.
    pub kept: DashboardSettings,
}

/// The settings while tftop runs. Clones share them.
#[derive(Clone, Default)]
pub struct SharedSettings(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    writer: Option<Box<dyn SettingsWriter>>,
}

#[derive(Debug, Default)]
struct State {
    in_force: SettingsInForce,
    unsaid: Vec<String>,
}

impl fmt::Debug for SharedSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.state().fmt(f)
    }
}

impl SharedSettings {
    /// These settings, as the command line and the file have them; what is wrong with the file, and who writes it.
    pub fn new(settings: DashboardSettings, unsaid: Vec<String>, writer: Box<dyn SettingsWriter>) -> Self {
        let in_force = SettingsInForce { kept: settings.clone(), now: settings };
        Self(Arc::new(Shared { state: Mutex::new(State { in_force, unsaid }), writer: Some(writer) }))
    }

    /// As they are.
    pub fn in_force(&self) -> SettingsInForce {
        self.state().in_force.clone()
    }

    /// From now on they are these.
    pub fn set(&self, now: DashboardSettings) {
        self.state().in_force.now = now;
    }

    /// What is wrong with the file, for whoever says it first.
    pub fn take_unsaid(&self) -> Vec<String> {
        std::mem::take(&mut self.state().unsaid)
    }

    /// Writes them into their file: where, or why not.
    pub fn save(&self) -> Result<String, String> {
        let writer = self.0.writer.as_ref().ok_or("there is no settings file here")?;
        let mut state = self.state();
        let saved = writer.write(&state.in_force.kept, &state.in_force.now)?;
        state.in_force.kept = state.in_force.now.clone();
        Ok(saved)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic of another thread leaves whole values.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
