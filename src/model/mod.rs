//! Floor 1: pure functions of facts. No I/O, no clock: the same samples always make the same scenes.

pub mod advice;
pub mod families;
pub mod finding;
pub mod headline;
pub mod knobs;
pub mod levels;
pub mod limit;
pub mod scene;

use std::sync::Arc;

use crate::fact::Sample;

pub use families::Families;
pub use scene::Scene;

/// Turns samples into scenes. Keeps what rates need: bounded history, nothing else.
#[derive(Debug)]
pub struct Model {
    families: Families,
}

impl Model {
    /// A model that knows these thread families.
    pub fn new(families: Families) -> Self {
        Self { families }
    }

    /// The scene after one more sample.
    pub fn next(&mut self, _sample: Arc<Sample>) -> Scene {
        let _ = &self.families;
        Scene::default()
    }
}
