//! Caps as what sets them: calls, variables, a shell line.

use crate::data::limits::{CapKind, CapRow, Caps, LimitSource};
use crate::model::rules::input::RuleInput;

/// The caps in words, each as the knob that sets it: a call where the program's own call decides, else a variable.
pub fn knobs(input: &RuleInput, caps: &Caps) -> Vec<String> {
    let by_call = |row: &CapRow| {
        input
            .explicit_limit(row.origin)
            .is_some_and(|limit| matches!(limit.source, LimitSource::TfConfig | LimitSource::Script))
    };
    let pool = |(kind, value): (CapKind, u32)| {
        let row = kind.row();
        row.python(value).filter(|_| by_call(row)).unwrap_or_else(|| format!("{}={value}", row.advised_as))
    };
    caps.pools().map(pool).chain(caps.cpus.map(|value| format!("taskset to {value} CPUs"))).collect()
}

/// The caps as a shell line; none when no variable does any of them.
pub fn export(caps: &Caps) -> Option<String> {
    let variable = |(kind, value): (CapKind, u32)| {
        let name = kind.row().advised_as;
        kind.row().sets.iter().any(|variable| variable.name == name).then(|| format!("{name}={value}"))
    };
    let set: Vec<_> = caps.pools().filter_map(variable).collect();
    (!set.is_empty()).then(|| format!("export {}", set.join(" ")))
}

/// The caps as Python; none when no call does any of them.
pub fn python(caps: &Caps) -> Option<String> {
    let lines: Vec<_> = caps.pools().filter_map(|(kind, value)| kind.row().python(value)).collect();
    (!lines.is_empty()).then(|| lines.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caps_are_named_by_what_sets_them() {
        let caps = Caps::of([(CapKind::Intra, 2), (CapKind::Data, 1), (CapKind::Blas, 4)]);
        assert_eq!(export(&caps).unwrap(), "export TF_NUM_INTRAOP_THREADS=2 OPENBLAS_NUM_THREADS=4");
        let python = python(&caps).unwrap();
        assert!(python.starts_with("tf.config.threading.set_intra_op_parallelism_threads(2); options = "), "{python}");
        assert_eq!((export(&Caps::default()), super::python(&Caps::default())), (None, None));
    }
}
