//! Was a setting made after the pool was built? The first device or session fixes TensorFlow's pools for good.

use super::super::limit::Grade;
use super::case::{TF_POOLS, TfPool};
use super::{Answer, Case, Evidence, Finding, Level, Remedy, Rule, cant_tell, clear, too_soon};
use crate::fact::{ProcessFact, Wish, WishKnob};

pub const RULE: Rule = Rule { code: "late-setting", asks: "Was a setting made after the pool was built?", check };

fn check(case: &Case) -> Answer {
    let Some(process) = case.tensorflow() else { return clear("no TensorFlow in this process") };
    if process.settings.tf_config.is_none() && process.settings.script.is_none() {
        return cant_tell("neither tf.config nor the script's source can be read");
    }
    let built: Vec<_> = TF_POOLS
        .iter()
        .map(|pool| (pool, case.threads_in(process.key.pid, pool.origin)))
        .filter(|(_, threads)| *threads > 0)
        .collect();
    if built.is_empty() {
        return too_soon("TensorFlow to build its pools");
    }
    let found = built.iter().find_map(|(pool, threads)| configured(pool, process, *threads));
    let found = found.or_else(|| built.iter().find_map(|(pool, threads)| wished(pool, process, *threads)));
    found.map_or_else(|| clear(agreement(process, &built)), Ok)
}

/// tf.config holds another number than the pool has.
fn configured(pool: &TfPool, process: &ProcessFact, threads: u32) -> Option<Finding> {
    let set = u32::try_from(pool.in_tf_config(process)?).ok().filter(|&set| set > 0 && set != threads)?;
    let name = pool.name;
    Some(Finding {
        level: Level::Notice,
        grade: Grade::Measured,
        says: format!(
            "tf.config says {name} = {set}, but the pool has {threads} threads: it was built before or by another session"
        ),
        evidence: vec![
            Evidence::new(format!("tf.config {name}"), format!("{set} threads")),
            Evidence::new("threads of the pool", threads.to_string()),
        ],
        remedy: remedy(pool, set),
    })
}

/// The script's source asks for a number that neither tf.config nor the pool has.
fn wished(pool: &TfPool, process: &ProcessFact, threads: u32) -> Option<Finding> {
    let script = process.settings.script.as_ref()?;
    let knob = if pool.name == "intra" { WishKnob::Intra } else { WishKnob::Inter };
    let asks = |wish: &&Wish| wish.knob == knob && wish.value > 0;
    let wish = script.wishes.iter().rfind(asks)?;
    let value = u32::try_from(wish.value).ok()?;
    let in_config = pool.in_tf_config(process);
    if value == threads || in_config == Some(wish.value) {
        return None;
    }
    let name = pool.name;
    let file = script.path.rsplit('/').next().unwrap_or(&script.path);
    let holds = in_config.map_or("nothing".to_owned(), |set| set.to_string());
    Some(Finding {
        level: Level::Notice,
        grade: Grade::Inferred,
        says: format!(
            "{file}:{} asks for {name} = {value}, but the pool has {threads} threads: too late, or never run",
            wish.line
        ),
        evidence: vec![
            Evidence::new(format!("{file}:{}", wish.line), format!("{name} = {value}")),
            Evidence::new(format!("tf.config {name}"), holds),
            Evidence::new("threads of the pool", threads.to_string()),
        ],
        remedy: remedy(pool, value),
    })
}

fn remedy(pool: &TfPool, value: u32) -> Remedy {
    Remedy {
        text: "set it before the first op, tf.config.list_*_devices() or session; the environment works from the start"
            .to_owned(),
        export: Some(pool.export(value)),
        python: Some(pool.setter(value)),
        caps: pool.caps(value),
    }
}

fn agreement(process: &ProcessFact, built: &[(&TfPool, u32)]) -> String {
    let said = |(pool, threads): &(&TfPool, u32)| match pool.in_tf_config(process).filter(|&set| set > 0) {
        Some(set) => format!("tf.config says {} = {set}, the pool has {threads}", pool.name),
        None => format!("tf.config sets no {} size, the pool has {threads}", pool.name),
    };
    built.iter().map(said).collect::<Vec<_>>().join("; ")
}
