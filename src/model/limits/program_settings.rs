//! Where the program itself sizes a pool, so that an `export` in the shell does nothing: the place of its call.

use crate::data::limits::{CapKind, Caps, LimitSource};
use crate::data::sample::{ProcessFact, ScriptKnob};
use crate::data::scene::Remedy;
use crate::model::rules::input::{RuleInput, TF_POOLS, threads_of};

/// A pool that the program sizes, and where: "train.py:12", or "the program" where no line is known.
pub(crate) type ProgramSetting = (CapKind, String);

/// Those of these caps that the program sets itself. A call that came too late sizes nothing.
pub(crate) fn of_caps(input: &RuleInput, caps: &Caps) -> Vec<ProgramSetting> {
    let of_cap = |(kind, _)| input.living().find_map(|(process, _)| in_process(input, kind, process));
    caps.pools().filter_map(|cap| Some((cap.0, of_cap(cap)?))).collect()
}

fn in_process(input: &RuleInput, kind: CapKind, process: &ProcessFact) -> Option<String> {
    let row = kind.row();
    let groups = || input.of_origin(row.origin);
    let pid = process.key.pid;
    let size = match TF_POOLS.iter().find(|pool| pool.origin() == row.origin) {
        Some(pool) => pool.size_in(input, pid),
        None => groups().map(|group| threads_of(group, pid)).max().unwrap_or(0),
    };
    let obeyed = |value: u32| size == 0 || size == row.setting.own_threads(value);
    let called = row.setting.tf_config.and_then(|of| of(process.settings.tf_config.as_ref()?));
    let called = called.and_then(|value| u32::try_from(value).ok()).filter(|&value| value > 0 && obeyed(value));
    if let Some(value) = called {
        return Some(place(process, row.setting.script.as_ref()?, value));
    }
    let mut limits = groups().filter_map(|group| group.limits.effective());
    if let Some(proven) = limits.find(|limit| limit.source == LimitSource::Script) {
        return Some(proven.place.clone());
    }
    let now = process.settings.live_environment.as_ref()?.get(row.advised_as)?;
    let before = process.environment.as_ref().and_then(|environment| environment.get(row.advised_as));
    let value = now.trim().parse().ok().filter(|&value| before != Some(now) && obeyed(value))?;
    Some(place(process, &ScriptKnob::Variable(row.advised_as.into()), value))
}

/// The line of the script that sets a knob to that value.
fn place(process: &ProcessFact, knob: &ScriptKnob, value: u32) -> String {
    let line = process.settings.script.as_ref().and_then(|script| {
        let setting = script.settings.iter().rfind(|s| s.knob == *knob && s.value == i64::from(value))?;
        Some(format!("{}:{}", script.path.rsplit('/').next().unwrap_or(&script.path), setting.line))
    });
    line.unwrap_or_else(|| "the program".to_owned())
}

/// A remedy whose shell line names only what a variable still decides; what the program sets is named by its place.
pub(crate) fn truthful(input: &RuleInput, mut remedy: Remedy) -> Remedy {
    let decided = of_caps(input, &remedy.caps);
    let Some(assignments) = remedy.export.as_deref().and_then(|line| line.strip_prefix("export ")) else {
        return remedy;
    };
    let sets = |word: &str, (kind, _): &ProgramSetting| {
        word.strip_prefix(kind.row().advised_as).is_some_and(|rest| rest.starts_with('='))
    };
    let (void, left): (Vec<&str>, Vec<&str>) =
        assignments.split(' ').partition(|word| decided.iter().any(|setting| sets(word, setting)));
    if void.is_empty() {
        return remedy;
    }
    let places: Vec<&str> = decided.iter().map(|(_, place)| place.as_str()).collect();
    remedy.text = format!("{}; {} sets it, so change it there", remedy.text, places.join(", "));
    remedy.export = (!left.is_empty()).then(|| format!("export {}", left.join(" ")));
    remedy
}
