//! What a person can set of the dashboard, and what holds it while tftop runs. Which file it comes from is the business of whoever
//! starts the dashboard.

mod shared;
mod values;

pub use shared::{SettingsInForce, SettingsWriter, SharedSettings};
pub use values::{DashboardSettings, TableSettings};
