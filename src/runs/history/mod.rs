//! The past of a live target: its looks in bounded memory, those before them on its recording, and how both are played.

pub mod history_writer;
pub mod live_history;
pub mod live_player;
pub mod live_stacks;
pub(crate) mod past;
pub(crate) mod segment;
