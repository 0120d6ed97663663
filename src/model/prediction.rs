//! What caps are predicted to do to a target: one answer for every place that says so. It rests on the window that the verdict
//! rests on, so that the advice and a dialog never say two numbers; while it is too soon for a verdict, on all that was recorded.

use crate::data::limits::Caps;
use crate::data::scene::{Demand, Scene};
use crate::model::advice;
use crate::model::advice::{Prediction, of_demands};

/// What would be wanted and got under these caps. None before anything is recorded.
pub fn predict(scene: &Scene, caps: &Caps) -> Option<Prediction> {
    let (groups, cpus) = (&scene.groups, scene.capacity.effective_cpus);
    if groups.iter().all(|group| group.judged.is_none()) {
        return advice::predict(groups, scene.trend.step_s, cpus, caps);
    }
    // A group that came since then has not been judged.
    let demands: Vec<Demand> = groups.iter().map(|group| group.judged.unwrap_or_default()).collect();
    Some(Prediction { from_s: scene.headline.judged_s, ..of_demands(groups, &demands, cpus, caps) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::limits::CapKind;
    use crate::data::scene::{Capacity, Group, Headline, Trend};

    #[test]
    fn it_rests_on_the_judged_window_once_there_is_one() {
        let group = Group { history: vec![8.0; 60], total_run_s: 60.0, total_wait_s: 180.0, ..Group::default() };
        let trend = Trend { step_s: 1.0, ..Trend::default() };
        let capacity = Capacity { effective_cpus: 2.0, ..Capacity::default() };
        let mut scene = Scene { groups: vec![group], trend, capacity, ..Scene::default() };
        let caps = Caps::of([(CapKind::Intra, 2)]);
        assert_eq!(predict(&scene, &caps).map(|it| (it.wanted, it.from_s)), Some((8.0, 60.0)));
        scene.groups[0].judged = Some(Demand::new(1.5, 2.5));
        scene.headline = Headline { judged_s: 10.0, ..Headline::default() };
        assert_eq!(predict(&scene, &caps).map(|it| (it.wanted, it.got, it.from_s)), Some((4.0, 1.5, 10.0)));
        assert_eq!(predict(&Scene::default(), &caps), None);
    }
}
