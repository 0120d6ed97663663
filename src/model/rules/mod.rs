//! Causes: why more CPUs are wanted than a setting allows, or why a setting does nothing. One file a cause; each answers
//! clear, found, too soon or can't tell, and never anything it has no evidence for.

mod asleep_is_fine;
mod blas_other_variable;
mod env_overridden;
mod env_too_late;
mod forked;
mod gpu_bound;
mod gpu_load;
pub(crate) mod input;
mod input_bound;
mod late_setting;
mod many_processes;
mod nested_pools;
mod omp_does_the_work;
mod omp_not_used;
mod other_pool;
pub(crate) mod piled_affinity;
mod pinned;
mod pool_too_large;
mod quota_not_seen;
pub(crate) mod rule;
mod spinning;
pub(crate) mod starved;
mod tf_data_uncapped;
mod thread_leak;
mod throttled;
mod xla_own_pool;
mod zero_means_all;

use crate::data::scene::RuleAnswer;
use crate::model::rules::input::RuleInput;
use crate::model::rules::rule::Rule;

/// Every rule; what explains another stands before it.
const RULES: &[Rule] = &[
    throttled::RULE,
    quota_not_seen::RULE,
    pinned::RULE,
    forked::RULE,
    late_setting::RULE,
    env_overridden::RULE,
    env_too_late::RULE,
    zero_means_all::RULE,
    omp_does_the_work::RULE,
    omp_not_used::RULE,
    blas_other_variable::RULE,
    pool_too_large::RULE,
    many_processes::RULE,
    nested_pools::RULE,
    tf_data_uncapped::RULE,
    xla_own_pool::RULE,
    other_pool::RULE,
    piled_affinity::RULE,
    spinning::RULE,
    thread_leak::RULE,
    starved::RULE,
    input_bound::RULE,
    gpu_bound::RULE,
    asleep_is_fine::RULE,
];

/// Every rule's answer, in the order of [`RULES`].
pub fn judge(input: &RuleInput) -> Vec<RuleAnswer> {
    RULES.iter().map(|rule| rule.judge(input)).collect()
}
