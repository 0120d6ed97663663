//! What is missing because the shim is not in the script, or works there only in part.

use crate::data::Gap;
use crate::data::sample::{HookFailure, LaunchSample, ShimUse};
use crate::data::scene::Scene;

/// An interpreter reports as soon as it starts; until then nothing is missing.
const STARTING_S: f64 = 3.0;

/// Nothing for a target that was started without the shim: that was a wish.
pub(crate) fn gaps(launch: &LaunchSample, scene: &Scene) -> Vec<Gap> {
    let target = &scene.target;
    if launch.fact.shim == ShimUse::Off || (launch.report.processes.is_empty() && target.uptime_s < STARTING_S) {
        return Vec::new();
    }
    if launch.report.processes.is_empty() {
        let why = match target.python {
            Some(_) => "Python runs and did not report (-I, -E, -S, or an emptied environment)",
            None => "no Python was seen",
        };
        let lost = "What the script itself sets is not held, and its steps are not seen; what the environment and the \
                    CPUs hold still holds";
        return vec![Gap::new("the shim", format!("not attached: {why}. {lost}"))];
    }
    let refused = launch.report.not_understood;
    let why = "they are no records, or tell of steps that can't be: too many, too fast, too long ago";
    let refused = (refused > 0).then(|| Gap::new(format!("{refused} messages from inside the script"), why));
    launch.report.failures.iter().map(failed).chain(refused).collect()
}

fn failed(failure: &HookFailure) -> Gap {
    let caps: Vec<&str> = failure.caps.iter().map(|cap| cap.as_str()).collect();
    let lost = if caps.is_empty() { String::new() } else { format!("It no longer holds {}: ", caps.join(", ")) };
    Gap::new(format!("the shim's part {}", failure.hook), format!("{lost}{}", failure.why))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::data::Text;
    use crate::data::sample::{LaunchFact, ShimReport};

    fn gaps_of(shim: ShimUse, uptime_s: f64, report: ShimReport) -> Vec<String> {
        let fact = Arc::new(LaunchFact { shim, ..LaunchFact::default() });
        let launch = LaunchSample { fact, report: Arc::new(report), marks: Vec::new(), replaced: None };
        let mut scene = Scene::default();
        (scene.target.uptime_s, scene.target.python) = (uptime_s, Some("3.11".into()));
        gaps(&launch, &scene).into_iter().map(|gap| format!("{}: {}", gap.what, gap.why)).collect()
    }

    #[test]
    fn a_shim_that_is_not_attached_is_missing_where_it_was_wanted() {
        let gaps = gaps_of(ShimUse::Enforce, 5.0, ShimReport::default());
        assert!(gaps.len() == 1 && gaps[0].starts_with("the shim: not attached: Python runs"), "{gaps:?}");
        assert_eq!(gaps_of(ShimUse::Off, 5.0, ShimReport::default()), [""; 0]);
        assert_eq!(gaps_of(ShimUse::Enforce, 1.0, ShimReport::default()), [""; 0], "it may be on its way");
    }

    #[test]
    fn a_part_that_does_not_work_is_missing() {
        let failure =
            HookFailure { hook: "dataset".into(), caps: vec![Text::from("data")], why: "no attribute options".into() };
        let report =
            ShimReport { processes: [7].into(), failures: vec![failure], not_understood: 3, ..ShimReport::default() };
        let gaps = gaps_of(ShimUse::Enforce, 5.0, report);
        assert_eq!(gaps[0], "the shim's part dataset: It no longer holds data: no attribute options");
        assert!(gaps[1].starts_with("3 messages from inside the script: ") && gaps.len() == 2, "{gaps:?}");
    }
}
