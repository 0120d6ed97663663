//! A scene as a screen, events as effects. Reads nothing of the target itself. Lowest first: theme, format, keys, messages,
//! layout (plain numbers), table, settings, state, view, svg, run.

pub(crate) mod glyphs;
pub mod keys;
pub(crate) mod layout;
pub mod messages;
pub mod picker;
pub mod run;
pub mod screen;
pub mod settings;
pub mod state;
pub mod svg;
pub mod table;
pub mod tabs;
pub mod theme;
pub mod view;

pub use messages::effect::{ConsoleRequest, Effect};
pub use messages::feed::{ConsolePane, SceneFeed};
pub use run::event_loop::run;
pub use theme::Appearance;
