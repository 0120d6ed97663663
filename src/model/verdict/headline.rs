//! The one sentence on top: how much, which group, which knob, what to set.

use crate::data::limits::Knob;
use crate::data::origin;
use crate::data::scene::{AdvisedEffect, Answer, Group, Headline, Verdict};
use crate::model::advice;
use crate::model::advice::CapsFit;
use crate::model::judged_window::JudgedWindow;
use crate::model::limits::program_settings;
use crate::model::rules::input::{RuleInput, largest_pool, limit_of};
use crate::model::rules::starved::praise;
use crate::model::verdict::levels::{JUDGED_S, is_loss};
use crate::model::verdict::stopped::{Stopped, stopped};

/// CPUs wanted from which on a group that only its library sizes is worth naming.
const SIZED_APART: f64 = 0.5;

impl Headline {
    /// The sentence for a moment.
    pub fn new(input: &RuleInput) -> Self {
        if let Some(Stopped { message, advice }) = stopped(input) {
            let judged_s = input.judged.map_or(input.watched_s, |judged| judged.span_s);
            return Self { condition: Verdict::Stopped, message, advice, judged_s, ..Self::default() };
        }
        let Some(judged) = input.judged else {
            let message = match input.judged() {
                Err(Answer::CantTell { because }) => because,
                _ => format!("judged after {JUDGED_S:.0} s of watching, has {:.0}", input.watched_s),
            };
            return Self { message, judged_s: input.watched_s, ..Self::default() };
        };
        let fit = Some(input.advised).filter(|fit| match judged.condition {
            Verdict::Throttled | Verdict::Severe | Verdict::Oversubscribed | Verdict::Notice => true,
            Verdict::Healthy => !fit.caps.is_empty(),
            _ => false,
        });
        let advice = fit.as_ref().map(|fit| advise(input, judged, fit)).or_else(|| other_ranks(input, judged));
        let advice = advice.unwrap_or_default();
        let effect = fit.as_ref().filter(|fit| !fit.caps.is_empty()).map(|fit| AdvisedEffect {
            wanted_now: judged.demand.wanted,
            wanted: fit.predicted.wanted,
            got: fit.predicted.got,
            fits: fit.fits(input.effective_cpus()),
        });
        let (message, caps) = (sentence(input, judged), fit.map(|fit| fit.caps).unwrap_or_default());
        let pressure = Some(judged.pressure);
        let in_program = program_settings::of_caps(input, &caps);
        Self {
            condition: judged.condition,
            message,
            advice,
            caps,
            effect,
            in_program,
            judged_s: judged.span_s,
            pressure,
        }
    }
}

/// Of a rank that others take the CPUs of: who they may be.
fn other_ranks(input: &RuleInput, judged: &JudgedWindow) -> Option<String> {
    let rank = input.processes.first()?.fact.rank.as_ref().filter(|_| judged.condition == Verdict::Starved)?;
    let alone = input.processes.iter().filter_map(|process| process.fact.rank.as_ref()).all(|other| other == rank);
    alone.then(|| format!("It is {}: --job shows the ranks of its job here together.", rank.words()))
}

fn sentence(input: &RuleInput, judged: &JudgedWindow) -> String {
    let (wanted, cpus) = (judged.demand.wanted, input.effective_cpus());
    let external = judged.pressure.external;
    match judged.condition {
        Verdict::TooSoon | Verdict::Stopped | Verdict::Slower => {
            format!("judged anew: {:.0} s of watching are not enough to be sure", input.watched_s)
        }
        Verdict::Throttled => {
            let (quota, share) = judged.throttling.as_ref().map_or((cpus, 0.0), |t| (t.cpus, t.share * 100.0));
            format!("the quota of {} ran out in {share:.0} % of its periods; {}", exact(quota), excess(input, judged))
        }
        Verdict::Severe | Verdict::Oversubscribed | Verdict::Notice => excess(input, judged),
        Verdict::Starved => format!(
            "neighbours take {external:.1} of the {:.1} CPUs it could use{}",
            wanted.min(cpus),
            praise(input, judged)
        ),
        Verdict::Misplaced => {
            format!(
                "{} threads want {}, but affinity packs them onto some while others are idle",
                about(wanted),
                exact(cpus)
            )
        }
        Verdict::Undersubscribed => {
            let largest = largest_pool(input.groups, input.threads, cpus);
            let pool = largest.map_or(String::new(), |(g, size)| format!(", though {} has {size} threads", g.label));
            format!("demand is only {wanted:.1} of {}{pool}", exact(cpus))
        }
        Verdict::Healthy if is_loss(external, wanted.min(cpus), cpus, 1.0) => format!(
            "it got {:.1} of the {:.1} CPUs it could use, and no other process used the rest: demand comes in bursts, or a \
             quota is not visible",
            judged.demand.got,
            wanted.min(cpus)
        ),
        Verdict::Healthy => format!("demand is {wanted:.1} of {}: threads hardly wait", exact(cpus)),
    }
}

/// How much is wanted, and by whom most: the fewest groups without which the rest would fit.
fn excess(input: &RuleInput, judged: &JudgedWindow) -> String {
    let (wanted, cpus) = (judged.demand.wanted, input.effective_cpus());
    let demands: Vec<f64> = judged.groups.iter().map(|demand| demand.wanted).collect();
    let with_knob = |index: usize| input.groups.get(index).is_some_and(advice::can_be_capped);
    let culprits = advice::culprits(&demands, with_knob, cpus);
    if let Some(sentence) = held(input, judged, &culprits) {
        return sentence;
    }
    let named: Vec<String> = culprits
        .iter()
        .take(2)
        .filter_map(|&index| Some((input.groups.get(index)?, demands[index])))
        .map(|(group, wanted)| format!("{} are {}, {}", about(wanted), group.label, limit_of(&group.limits)))
        .collect();
    let more = match culprits.len().saturating_sub(2) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    let by = if named.is_empty() { String::new() } else { format!("; {}{more}", named.join("; ")) };
    format!("{} threads want {}{by}", about(wanted), exact(cpus))
}

/// Where a limit that somebody set holds and others want the CPUs: both are said, for that is what its author asks.
fn held(input: &RuleInput, judged: &JudgedWindow, culprits: &[usize]) -> Option<String> {
    let holds = |at: usize| {
        let limits = &input.groups.get(at)?.limits;
        let limit = limits.effective().filter(|limit| limit.was_set() && limits.exceeded_by == 0)?;
        let within = f64::from(limit.value) <= input.effective_cpus() && !culprits.contains(&at);
        within.then_some(limit.value)
    };
    let of_tensorflow = [(origin::TF_INTRA_OP, "intra-op"), (origin::TF_INTER_OP, "inter-op")];
    let (name, value) = of_tensorflow.into_iter().find_map(|(origin, name)| {
        let at = input.groups.iter().position(|group| group.threads > 0 && *group.key.origin == *origin)?;
        Some((name, holds(at)?))
    })?;
    let wants = |&at: &usize| {
        let (group, demand) = (input.groups.get(at)?, judged.groups.get(at)?);
        let limit = match group.limits.effective() {
            Some(limit) if limit.was_set() => format!("limit {}", limit.value),
            Some(_) => "no limit".to_owned(),
            None => group.limits.absence().to_owned(),
        };
        Some(format!("{} {} ({limit})", group.label, about(demand.wanted)))
    };
    let others: Vec<String> = culprits.iter().take(2).filter_map(wants).collect();
    let verb = if others.len() == 1 { "wants" } else { "want" };
    let others = others.join(" and ");
    (!others.is_empty())
        .then(|| format!("Your {name} limit ({value}) holds. {others} {verb} the {}", exact(input.effective_cpus())))
}

/// What to set, and what is predicted of it.
fn advise(input: &RuleInput, judged: &JudgedWindow, fit: &CapsFit) -> String {
    let cpus = input.effective_cpus();
    let knobs = advice::knobs(input, &fit.caps).join(", ");
    let quota = judged.condition == Verdict::Throttled;
    let beside = own_setting(input, judged);
    if knobs.is_empty() {
        if let Some(setting) = beside {
            return match quota {
                true => format!("{setting}; or raise the quota."),
                false => format!("{setting}."),
            };
        }
        let reached = input
            .groups
            .iter()
            .zip(&judged.groups)
            .any(|(group, demand)| advice::can_be_capped(group) && demand.wanted >= cpus.min(1.0));
        if !quota && input.advised.all_within_cpus {
            return "No pool has more threads than CPUs; smaller ones would leave CPUs idle.".to_owned();
        }
        return match (quota, reached) {
            (true, _) => "Only a larger quota helps: no setting that tftop knows reaches these threads.".to_owned(),
            (false, true) => "Every cap would leave CPUs idle: run less at once, or use more CPUs.".to_owned(),
            (false, false) => {
                "No setting that tftop knows reaches these threads: run fewer of them, or use more CPUs.".to_owned()
            }
        };
    }
    if judged.condition == Verdict::Healthy {
        return format!("{knobs} is enough: more threads than CPUs only wait for each other.");
    }
    let predicted =
        format!("{knobs}: {} wanted, {} got (predicted)", about(fit.predicted.wanted), about(fit.predicted.got));
    match (fit.fits(cpus), quota) {
        (true, true) => format!("{predicted}; or raise the quota."),
        (true, false) => format!("{predicted}."),
        (false, _) => {
            let rest = match beside {
                Some(setting) => format!("; {setting}"),
                None if input.living().count() > 1 => "; start fewer processes".to_owned(),
                None => String::new(),
            };
            format!("{predicted}, still more than {}{rest}.", exact(cpus))
        }
    }
}

/// Of the groups that tftop can't cap but their library sizes, the one that wants most, and what sizes it.
fn own_setting(input: &RuleInput, judged: &JudgedWindow) -> Option<String> {
    let setting = |group: &Group| match &group.limits.knob {
        Knob::OwnSetting(text) => Some(text.clone()),
        _ => None,
    };
    let groups = input.groups.iter().zip(&judged.groups);
    let wanting = groups.filter(|(_, demand)| demand.wanted >= SIZED_APART);
    let sized = wanting.filter_map(|(group, demand)| Some((group, demand, setting(group)?)));
    let (group, demand, text) = sized.max_by(|a, b| a.1.wanted.total_cmp(&b.1.wanted))?;
    Some(format!("{} wants {} and has a setting of its own, {text}", group.label, about(demand.wanted)))
}

/// Demand is a mean: one decimal, and none where it would only look exact.
fn about(cpus: f64) -> String {
    if cpus >= 9.95 { format!("{cpus:.0}") } else { format!("{cpus:.1}") }
}

/// "1 CPU", "2 CPUs", "1.50 CPUs".
fn exact(cpus: f64) -> String {
    match cpus {
        one if (one - 1.0).abs() < 0.005 => "1 CPU".to_owned(),
        whole if (whole - whole.round()).abs() < 0.005 => format!("{whole:.0} CPUs"),
        other => format!("{other:.2} CPUs"),
    }
}
