//! Is an OpenMP or MKL variable set that steers none of TensorFlow's busy threads?

use crate::data::limits::Grade;
use crate::data::origin;
use crate::data::sample::ProcessFact;
use crate::data::scene::{Evidence, Finding, Level, Remedy};
use crate::model::limits::knobs::DefaultCpus;
use crate::model::rules::input::{RuleInput, TF_POOLS, number};
use crate::model::rules::rule::{Rule, RuleResult, clear, of_each_tensorflow};

pub const RULE: Rule = Rule { code: "omp-not-used", question: "Is OMP_NUM_THREADS set where no OpenMP runs?", check };

const VARIABLES: [&str; 3] = ["OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "MKL_NUM_THREADS"];

fn check(input: &RuleInput) -> RuleResult {
    of_each_tensorflow(input, in_process)
}

fn in_process<'a>(input: &RuleInput<'a>, process: &'a ProcessFact, _: DefaultCpus) -> RuleResult {
    let set = VARIABLES.iter().find_map(|name| Some((*name, number(process, name).filter(|&value| value > 0)?)));
    let Some((name, value)) = set else { return clear("no OpenMP or MKL variable is set") };
    let judged = input.judged()?;
    let pid = process.key.pid;
    let openmp = input.wanted_in(judged, pid, &[origin::OPENMP]);
    let tensorflow = input.wanted_in(judged, pid, &[origin::TF_INTRA_OP, origin::TF_INTER_OP, origin::XLA]);
    if openmp >= 0.1 {
        return clear(format!("OpenMP threads want {openmp:.1} CPUs: {name} controls them"));
    }
    let by_demand = |a: &&crate::model::rules::input::TfPool, b: &&crate::model::rules::input::TfPool| {
        input.wanted_in(judged, pid, &[a.origin()]).total_cmp(&input.wanted_in(judged, pid, &[b.origin()]))
    };
    let pool = TF_POOLS.iter().max_by(by_demand).unwrap_or(&TF_POOLS[0]);
    if let Some(limit) = input.explicit_limit(pool.origin()) {
        return clear(format!(
            "{}-op, TensorFlow's busiest pool, has a limit of its own: {}",
            pool.name(),
            limit.value
        ));
    }
    if tensorflow <= f64::from(value) {
        return clear(format!("TensorFlow wants {tensorflow:.1} CPUs, not more than {name}={value}"));
    }
    let exist = input.threads_in(pid, origin::OPENMP);
    Ok(Finding {
        level: Level::Notice,
        grade: Grade::Measured,
        message: format!(
            "{name}={value} does not control TensorFlow here: its own pools want {tensorflow:.1} CPUs, OpenMP {openmp:.1}"
        ),
        evidence: vec![
            Evidence::new(name, value.to_string()),
            Evidence::new("TensorFlow's pools want", format!("{tensorflow:.2} CPUs")),
            Evidence::new("OpenMP wants", format!("{openmp:.2} CPUs")),
            Evidence::new("OpenMP threads", exist.to_string()),
        ],
        remedy: Remedy {
            text: "this TensorFlow runs its operations on its own pools: size those".to_owned(),
            export: Some(pool.export(value)),
            python: Some(pool.setter(value)),
            caps: pool.caps(value),
        },
    })
}
