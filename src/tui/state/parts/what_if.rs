//! What other caps would do: one slider for each cap whose threads exist. Changes nothing of the target.

use crate::data::limits::{CapKind, Caps};
use crate::data::scene::{Group, Scene};
use crate::model::advice::cap_of;
use crate::model::limits::knobs::own_threads;

/// The sliders' state.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WhatIf {
    /// The caps that are tried; none leaves threads as they are.
    pub caps: Caps,
    /// Index of the chosen slider.
    pub chosen: usize,
}

/// One cap that can be tried.
#[derive(Clone, Debug, PartialEq)]
pub struct Slider {
    /// Which.
    pub kind: CapKind,
    /// Its value; none is no cap.
    pub value: Option<u32>,
    /// The value from which on it changes nothing: the threads there are, and their caller where it is counted.
    pub most: u32,
    /// The group or groups it holds.
    pub holds: String,
}

/// The smallest cap that lets all threads of a group be: some caps count the thread that calls the pool.
fn without_effect(group: &Group) -> u32 {
    let callers = 1 - own_threads(&group.key.origin, 1).min(1);
    group.threads.saturating_add(callers)
}

impl WhatIf {
    /// Begins with what the headline advises.
    pub fn advised(scene: &Scene) -> Self {
        Self { caps: scene.headline.caps, chosen: 0 }
    }

    /// The sliders of a scene.
    pub fn sliders(&self, scene: &Scene) -> Vec<Slider> {
        let slider = |kind: CapKind| {
            let held: Vec<_> = scene.groups.iter().filter(|group| cap_of(group) == Some(kind)).collect();
            let most = held.iter().map(|group| without_effect(group)).max()?.max(1);
            let holds = held.iter().map(|group| group.label.as_str()).collect::<Vec<_>>().join(", ");
            let value = self.caps.get(kind).map(|value| value.clamp(1, most));
            Some(Slider { kind, value, most, holds })
        };
        CapKind::all().filter_map(slider).collect()
    }

    /// Moves the chosen slider; beyond its end stands "no cap".
    pub fn change(&mut self, scene: &Scene, by: i64) {
        let sliders = self.sliders(scene);
        if let Some(slider) = sliders.get(self.chosen.min(sliders.len().saturating_sub(1))) {
            let no_cap = i64::from(slider.most) + 1;
            let to = slider.value.map_or(no_cap, i64::from).saturating_add(by).clamp(1, no_cap);
            self.put(slider, u32::try_from(to).unwrap_or(u32::MAX));
        }
    }

    /// Chooses a slider and moves it to a value; values beyond its end are no cap.
    pub fn set(&mut self, scene: &Scene, at: usize, value: Option<u32>) {
        let sliders = self.sliders(scene);
        if let Some(slider) = sliders.get(at) {
            self.chosen = at;
            if let Some(value) = value {
                self.put(slider, value.max(1));
            }
        }
    }

    fn put(&mut self, slider: &Slider, value: u32) {
        *self.caps.get_mut(slider.kind) = (value <= slider.most).then_some(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::limits::CAPS;
    use crate::data::scene::GroupKey;
    use crate::model::advice;

    fn scene() -> Scene {
        let group = |origin: &str, threads| Group {
            key: GroupKey { origin: origin.into(), library: None },
            label: origin.to_owned(),
            threads,
            history: vec![threads as f32; 4],
            total_run_s: 1.0,
            total_wait_s: 13.0,
            ..Group::default()
        };
        let groups = CAPS.iter().map(|row| row.origin).chain(["python"]);
        Scene { groups: groups.map(|origin| group(origin, 4)).collect(), ..Scene::default() }
    }

    fn wanted(scene: &Scene, caps: &Caps) -> f64 {
        advice::predict(&scene.groups, 1.0, 2.0, caps).unwrap().wanted
    }

    #[test]
    fn every_slider_moves_the_prediction() {
        let scene = scene();
        let sliders = WhatIf::default().sliders(&scene);
        assert_eq!(sliders.len(), CAPS.len(), "the python threads have none");
        for (at, slider) in sliders.iter().enumerate() {
            let mut what_if = WhatIf::default();
            what_if.set(&scene, at, Some(1));
            assert!(wanted(&scene, &what_if.caps) < wanted(&scene, &Caps::default()), "{:?}", slider.kind);
            assert!(what_if.caps.to_string().starts_with(slider.kind.name()));
        }
    }

    #[test]
    fn beyond_the_last_thread_there_is_no_cap() {
        let scene = scene();
        let mut what_if = WhatIf::default();
        what_if.change(&scene, -1);
        assert_eq!(*what_if.caps.get(CapKind::Intra), Some(4));
        what_if.change(&scene, -99);
        assert_eq!(*what_if.caps.get(CapKind::Intra), Some(1));
        what_if.change(&scene, 3);
        assert_eq!(*what_if.caps.get(CapKind::Intra), Some(4));
        what_if.change(&scene, 1);
        assert!(what_if.caps.is_empty());
    }

    #[test]
    fn without_threads_to_cap_there_is_no_slider() {
        let scene = Scene::default();
        let mut what_if = WhatIf::advised(&scene);
        what_if.change(&scene, 1);
        what_if.set(&scene, 3, Some(2));
        assert!(what_if.sliders(&scene).is_empty() && what_if.caps.is_empty());
    }
}
