//! What a rerun would do, for a person who has to say yes to it. Holds nothing of the environment but thread settings.

use crate::data::Text;
use crate::data::run::RerunPlan;
use crate::model::advice::Prediction;
use crate::present::format::cpus_or_dash;

/// What caps are expected to do, from what was watched.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PredictedEffect {
    /// What would be wanted without new caps.
    pub before: Prediction,
    /// What would be wanted with them.
    pub after: Prediction,
    /// CPUs there are for the old run.
    pub cpus: f64,
    /// CPUs there will be for the new one.
    pub cpus_then: f64,
}

/// The plan as text.
pub fn rerun(plan: &RerunPlan, effect: Option<&PredictedEffect>) -> String {
    let mut lines = vec![
        format!("rerun of process {}", plan.key.pid),
        format!("  command  {}", plan.command),
        format!("  program  {}", plan.program),
        format!("  folder   {} ({})", plan.folder, plan.folder_because),
    ];
    lines.extend(effect.map(|effect| format!("  effect   {}", predicted(effect))));
    let changes = changes(plan);
    lines.push(if changes.is_empty() { "changes: none".to_owned() } else { "changes:".to_owned() });
    lines.extend(changes.into_iter().map(|change| format!("  {change}")));
    if !plan.kept.is_empty() {
        lines.push("stays:".to_owned());
        lines.push(format!("  the other variables, {}", joined(&plan.kept)));
    }
    lines.extend(list("lost or different:", &plan.lost));
    lines.extend(list("warnings:", &plan.doubts));
    lines.push("Outputs of the old run (checkpoints, logs) may be overwritten.".to_owned());
    lines.join("\n") + "\n"
}

/// "0.98 of 2.00 CPUs wanted, instead of 8.12; …".
fn predicted(effect: &PredictedEffect) -> String {
    let PredictedEffect { before, after, cpus: are, cpus_then } = effect;
    let cpus = |value: f64| cpus_or_dash(Some(value));
    let instead = if are == cpus_then {
        format!("instead of {}", cpus(before.wanted))
    } else {
        format!("instead of {} of {}", cpus(before.wanted), cpus(*are))
    };
    format!(
        "predicted from {:.0} s: {} of {} CPUs wanted, {instead}; {} got, instead of {}",
        after.from_s,
        cpus(after.wanted),
        cpus(*cpus_then),
        cpus(after.got),
        cpus(before.got),
    )
}

fn changes(plan: &RerunPlan) -> Vec<String> {
    let width = plan.variables.iter().map(|change| change.name.chars().count()).max().unwrap_or(0).max(4);
    let line = |name: &str, before: &str, after: &str| format!("{name:<width$}  {before} -> {after}");
    let variables = plan.variables.iter().map(|it| line(&it.name, &it.before.to_string(), &it.after.to_string()));
    variables.chain(plan.cpus.iter().map(|(before, after)| line("CPUs", before, after))).collect()
}

fn joined(texts: &[Text]) -> String {
    texts.iter().map(Text::as_str).collect::<Vec<_>>().join(", ")
}

fn list(title: &str, texts: &[Text]) -> Vec<String> {
    let title = (!texts.is_empty()).then(|| title.to_owned());
    title.into_iter().chain(texts.iter().map(|text| format!("  {text}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::run::{ShownValue, VariableChange};
    use crate::data::{Pid, ProcessKey};

    #[test]
    fn the_whole_plan_is_told() {
        let variable = |name: &str, before, after| VariableChange { name: name.into(), before, after };
        let plan = RerunPlan {
            key: ProcessKey { pid: Pid(2430), start_ticks: 7 },
            command: "python train.py".into(),
            program: "/v/bin/python".into(),
            folder: "/work".into(),
            folder_because: "where it is now and where PWD says".into(),
            variables: vec![
                variable("TF_NUM_INTRAOP_THREADS", ShownValue::Value("8".into()), ShownValue::Value("1".into())),
                variable("PYTHONPATH", ShownValue::Unset, ShownValue::Hidden("with tftop's shim in front".into())),
            ],
            cpus: Some(("0-3".into(), "0-1".into())),
            kept: vec!["umask 0022".into()],
            lost: vec!["stdin was a pipe: what came through it does not come again".into()],
            doubts: Vec::new(),
        };
        let (before, after) = (
            Prediction { wanted: 8.0, got: 1.9, from_s: 12.0, within_cpus: false },
            Prediction { wanted: 1.5, got: 1.4, from_s: 12.0, within_cpus: true },
        );
        let effect = PredictedEffect { before, after, cpus: 4.0, cpus_then: 2.0 };
        assert_eq!(
            rerun(&plan, Some(&effect)),
            "rerun of process 2430
  command  python train.py
  program  /v/bin/python
  folder   /work (where it is now and where PWD says)
  effect   predicted from 12 s: 1.50 of 2.00 CPUs wanted, instead of 8.00 of 4.00; 1.40 got, instead of 1.90
changes:
  TF_NUM_INTRAOP_THREADS  8 -> 1
  PYTHONPATH              not set -> with tftop's shim in front
  CPUs                    0-3 -> 0-1
stays:
  the other variables, umask 0022
lost or different:
  stdin was a pipe: what came through it does not come again
Outputs of the old run (checkpoints, logs) may be overwritten.
"
        );
    }
}
