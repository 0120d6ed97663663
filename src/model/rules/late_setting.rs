//! Was a setting made after the pool was built? The first device or session fixes TensorFlow's pools for good.

use crate::data::limits::Grade;
use crate::data::sample::{ProcessFact, Script, ScriptSetting};
use crate::data::scene::{Evidence, Finding, Level, Remedy};
use crate::model::limits::knobs::DefaultCpus;
use crate::model::rules::input::{RuleInput, TF_POOLS, TfPool, number, variable};
use crate::model::rules::rule::{
    Rule, RuleResult, cant_tell, clear, counted, of_each_tensorflow, origins_unread, too_soon,
};

pub const RULE: Rule = Rule { code: "late-setting", question: "Was a setting made after the pool was built?", check };

fn check(input: &RuleInput) -> RuleResult {
    of_each_tensorflow(input, in_process)
}

fn in_process<'a>(input: &RuleInput<'a>, process: &'a ProcessFact, cpus: DefaultCpus) -> RuleResult {
    if process.settings.tf_config.is_none() && process.settings.script.is_none() {
        return cant_tell("neither tf.config nor the script's source can be read");
    }
    let doubtful = input.doubtful_in(process.key.pid);
    if doubtful > 0 {
        return origins_unread(doubtful);
    }
    let pools = TF_POOLS.iter().map(|pool| Built { pool, threads: pool.size_in(input, process.key.pid), cpus });
    let built: Vec<Built> = pools.filter(|built| built.threads > 0).collect();
    if built.is_empty() {
        return too_soon("TensorFlow to create its pools");
    }
    if let Some(found) = built.iter().find_map(|built| built.configured(process)) {
        return Ok(found);
    }
    let asked_by_script: Vec<RuleResult> = built.iter().filter_map(|built| built.asked_by_script(process)).collect();
    let (found, doubts): (Vec<RuleResult>, Vec<RuleResult>) = asked_by_script.into_iter().partition(Result::is_ok);
    let answer = found.into_iter().next().or(doubts.into_iter().next());
    answer.unwrap_or_else(|| clear(built.iter().map(|built| built.agreement(process)).collect::<Vec<_>>().join("; ")))
}

/// A pool that exists in a process.
struct Built {
    pool: &'static TfPool,
    threads: u32,
    cpus: DefaultCpus,
}

impl Built {
    /// What made the pool as large as it is, if that is not the setting: then the setting came later.
    fn size_from(&self, process: &ProcessFact) -> Option<String> {
        let variable = self.pool.variable();
        if number(process, variable) == Some(self.threads) {
            return Some(format!("as {variable} says"));
        }
        let by_default = number(process, variable).is_none_or(|value| value == 0) && self.threads == self.cpus.allowed;
        by_default.then(|| "one a CPU".to_owned())
    }

    /// tf.config holds another number than the pool has.
    fn configured(&self, process: &ProcessFact) -> Option<Finding> {
        let set = u32::try_from(self.pool.in_tf_config(process)?).ok().filter(|&set| set > 0 && set != self.threads)?;
        let (name, threads) = (self.pool.name(), self.threads);
        if self.held(process).is_some() {
            return None; // the setting was in time, and was lowered
        }
        let from = self.size_from(process);
        let more_pools = variable(process, "TF_OVERRIDE_GLOBAL_THREADPOOL").is_some_and(|value| value != "0");
        if more_pools && from.is_none() {
            return None;
        }
        let cause = match &from {
            Some(from) => format!("{from}: it was built before the setting"),
            None => "it was built before the setting, or by another session".to_owned(),
        };
        Some(Finding {
            level: Level::Notice,
            grade: if from.is_some() { Grade::Corroborated } else { Grade::Inferred },
            message: format!("tf.config says {name} = {set}, but the pool has {}, {cause}", counted(threads)),
            evidence: vec![
                Evidence::new(format!("tf.config {name}"), format!("{set} threads")),
                Evidence::new("threads of the pool", threads.to_string()),
                Evidence::new("CPUs allowed", self.cpus.allowed.to_string()),
            ],
            remedy: self.remedy(set),
        })
    }

    /// The script's source asks for a number that neither tf.config nor the pool has. A script that asks for several has
    /// branches, and which of them ran is not known.
    fn asked_by_script(&self, process: &ProcessFact) -> Option<RuleResult> {
        let script = process.settings.script.as_ref()?;
        let knob = self.pool.script_knob();
        let asks = |setting: &&ScriptSetting| Some(&setting.knob) == knob && setting.value > 0;
        if self.held(process).is_some() {
            return None;
        }
        let config = process.settings.tf_config;
        if self.pool.in_tf_config(process).is_some() {
            return None; // tf.config says what ran, and its number was compared already
        }
        let settings: Vec<&ScriptSetting> = script.settings.iter().filter(asks).collect();
        let unmet = *settings.iter().rfind(|setting| setting.value != i64::from(self.threads))?;
        let (name, threads, place) = (self.pool.name(), self.threads, place(script, unmet));
        if settings.iter().any(|setting| setting.value != unmet.value) {
            return Some(cant_tell(format!(
                "lines of the script ask for different {name} sizes, the pool has {threads}: whether {place} ran can't be \
                 seen"
            )));
        }
        // A call that was accepted would stand in tf.config; a ConfigProto leaves no trace there.
        if config.is_some() && !unmet.proto {
            return Some(cant_tell(format!(
                "{place} may ask for {name} = {}, which tf.config does not hold: it was refused because TensorFlow had \
                 started, or did not run",
                unmet.value
            )));
        }
        if !unmet.certain {
            return Some(cant_tell(format!(
                "{place} may ask for {name} = {}, the pool has {threads}: whether that line ran can't be seen",
                unmet.value
            )));
        }
        let value = u32::try_from(unmet.value).ok()?;
        let from = self.size_from(process).map_or(String::new(), |from| format!(", {from}"));
        Some(Ok(Finding {
            level: Level::Notice,
            grade: Grade::Inferred,
            message: format!(
                "{place} asks for {name} = {value}, but the pool has {}{from}: that line ran too late, or not at all",
                counted(threads)
            ),
            evidence: vec![
                Evidence::new(place, format!("{name} = {value}")),
                Evidence::new(format!("tf.config {name}"), "not set"),
                Evidence::new("threads of the pool", threads.to_string()),
                Evidence::new("CPUs allowed", self.cpus.allowed.to_string()),
            ],
            remedy: self.remedy(value),
        }))
    }

    /// The cap of tftop's shim, where the pool has just that size.
    fn held(&self, process: &ProcessFact) -> Option<u32> {
        process.shim.and_then(|shim| shim.cap(self.pool.origin())).filter(|&cap| cap == self.threads)
    }

    fn remedy(&self, value: u32) -> Remedy {
        Remedy {
            text: "set it before the first op, device list or session; a variable holds from the start, unless the script \
                   overrules it"
                .to_owned(),
            export: Some(self.pool.export(value)),
            python: Some(self.pool.setter(value)),
            caps: self.pool.caps(value),
        }
    }

    fn agreement(&self, process: &ProcessFact) -> String {
        let (name, threads) = (self.pool.name(), self.threads);
        if let Some(cap) = self.held(process) {
            return format!("tftop run holds {name} at {cap}, the pool has {threads}");
        }
        match self.pool.in_tf_config(process).filter(|&set| set > 0) {
            Some(set) => format!("tf.config says {name} = {set}, the pool has {threads}"),
            None => format!("tf.config sets no {name} size, the pool has {threads}"),
        }
    }
}

fn place(script: &Script, setting: &ScriptSetting) -> String {
    let file = script.path.rsplit('/').next().unwrap_or(&script.path);
    format!("{file}:{}", setting.line)
}
