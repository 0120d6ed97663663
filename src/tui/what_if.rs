//! What other caps would do: one slider for each cap whose threads exist. Changes nothing of the target.

use crate::data::limits::Caps;
use crate::data::scene::{Group, Scene};
use crate::model::advice;
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
    pub knob: CapSlider,
    /// Its value; none is no cap.
    pub value: Option<u32>,
    /// The value from which on it changes nothing: the threads there are, and their caller where it is counted.
    pub most: u32,
    /// The group or groups it holds.
    pub holds: String,
}

/// The caps that hold a group of threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CapSlider {
    /// TF intra-op threads.
    Intra,
    /// TF inter-op threads.
    Inter,
    /// Threads of each tf.data iterator.
    Data,
    /// OpenMP threads of a team.
    Omp,
    /// OpenBLAS threads.
    Blas,
}

impl CapSlider {
    const ALL: [Self; 5] = [Self::Intra, Self::Inter, Self::Data, Self::Omp, Self::Blas];

    /// Its name, as in caps.
    pub fn name(self) -> &'static str {
        match self {
            Self::Intra => "intra",
            Self::Inter => "inter",
            Self::Data => "data",
            Self::Omp => "omp",
            Self::Blas => "blas",
        }
    }

    fn of(self, caps: &mut Caps) -> &mut Option<u32> {
        match self {
            Self::Intra => &mut caps.intra,
            Self::Inter => &mut caps.inter,
            Self::Data => &mut caps.data,
            Self::Omp => &mut caps.omp,
            Self::Blas => &mut caps.blas,
        }
    }

    fn get(self, caps: &Caps) -> Option<u32> {
        *self.of(&mut caps.clone())
    }

    /// Whether this is the cap that holds the group.
    fn holds(self, group: &Group) -> bool {
        let mut caps = Caps::default();
        if let Some(slot) = advice::slot(&mut caps, group) {
            *slot = Some(1);
        }
        self.get(&caps).is_some()
    }
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
        let slider = |knob: CapSlider| {
            let held: Vec<_> = scene.groups.iter().filter(|group| knob.holds(group)).collect();
            let most = held.iter().map(|group| without_effect(group)).max()?.max(1);
            let holds = held.iter().map(|group| group.label.as_str()).collect::<Vec<_>>().join(", ");
            let value = knob.get(&self.caps).map(|value| value.clamp(1, most));
            Some(Slider { knob, value, most, holds })
        };
        CapSlider::ALL.into_iter().filter_map(slider).collect()
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
        *slider.knob.of(&mut self.caps) = (value <= slider.most).then_some(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::scene::GroupKey;

    fn scene() -> Scene {
        let group = |origin: &str, threads| Group {
            key: GroupKey { origin: origin.into(), library: None },
            label: origin.to_owned(),
            threads,
            history: vec![threads as f32; 4],
            ..Group::default()
        };
        let groups = ["tf-intra-op", "tf-inter-op", "tf-data", "openmp", "openblas", "python"];
        Scene { groups: groups.map(|origin| group(origin, 4)).to_vec(), ..Scene::default() }
    }

    fn wanted(scene: &Scene, caps: &Caps) -> f64 {
        advice::predict(&scene.groups, 1.0, caps).unwrap().wanted
    }

    #[test]
    fn every_slider_moves_the_prediction() {
        let scene = scene();
        let sliders = WhatIf::default().sliders(&scene);
        assert_eq!(sliders.len(), CapSlider::ALL.len(), "the python threads have none");
        for (at, slider) in sliders.iter().enumerate() {
            let mut what_if = WhatIf::default();
            what_if.set(&scene, at, Some(1));
            // OpenMP and OpenBLAS count the thread that calls them: of 1 none is left beside it.
            let left = if matches!(slider.knob, CapSlider::Omp | CapSlider::Blas) { 0.0 } else { 1.0 };
            assert_eq!(wanted(&scene, &what_if.caps), 5.0 * 4.0 + left, "{:?}", slider.knob);
            assert!(what_if.caps.to_string().starts_with(slider.knob.name()));
        }
    }

    #[test]
    fn beyond_the_last_thread_there_is_no_cap() {
        let scene = scene();
        let mut what_if = WhatIf::default();
        what_if.change(&scene, -1);
        assert_eq!(what_if.caps.intra, Some(4));
        what_if.change(&scene, -99);
        assert_eq!(what_if.caps.intra, Some(1));
        what_if.change(&scene, 3);
        assert_eq!(what_if.caps.intra, Some(4));
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
