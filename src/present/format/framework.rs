//! The frameworks of a target in words, for every output.

use crate::data::Framework;
use crate::data::scene::TargetState;

/// The framework it runs, short: "TF 2.21.0", "JAX 0.9.0", "PyTorch" where the version is not known, "TF, guessed"; else
/// `missing`. A version's build tag ("+cpu") is left out.
pub(crate) fn framework(target: &TargetState, missing: &str) -> String {
    if target.tensorflow.as_ref().is_some_and(|found| found.guessed) {
        return "TF, guessed".to_owned();
    }
    let Some(found) = target.framework() else { return missing.to_owned() };
    let name = if found.framework == Framework::TensorFlow { "TF" } else { found.framework.name() };
    let version = found.version.as_deref().and_then(|version| version.split('+').next());
    version.map_or(name.to_owned(), |version| format!("{name} {version}"))
}

/// Every framework in full, TensorFlow first: "TensorFlow 2.21.0", "PyTorch 2.9.1+cpu", "JAX of unknown version".
pub(crate) fn frameworks(target: &TargetState) -> Vec<String> {
    let first = target.framework().filter(|_| target.tensorflow.is_some());
    let all = first.iter().chain(&target.frameworks);
    all.map(|found| format!("{} {}", found.framework.name(), found.version.as_deref().unwrap_or("of unknown version")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::sample::FrameworkFact;
    use crate::data::scene::TensorFlow;

    fn target(tensorflow: Option<TensorFlow>, others: &[(Framework, Option<&str>)]) -> TargetState {
        let other = |&(framework, version): &(Framework, Option<&str>)| FrameworkFact {
            framework,
            version: version.map(Into::into),
        };
        TargetState { tensorflow, frameworks: others.iter().map(other).collect(), ..TargetState::default() }
    }

    #[test]
    fn tensorflow_is_said_first_and_a_guess_is_one() {
        let known = TensorFlow { version: Some("2.21.0".into()), guessed: false };
        let both = target(Some(known), &[(Framework::PyTorch, Some("2.9.1+cpu"))]);
        assert_eq!(framework(&both, "-"), "TF 2.21.0");
        assert_eq!(frameworks(&both), ["TensorFlow 2.21.0", "PyTorch 2.9.1+cpu"]);
        let torch = target(None, &[(Framework::PyTorch, Some("2.9.1+cpu"))]);
        assert_eq!(framework(&torch, "-"), "PyTorch 2.9.1");
        let jax = target(None, &[(Framework::Jax, None)]);
        assert_eq!(
            (framework(&jax, "-"), frameworks(&jax)),
            ("JAX".to_owned(), vec!["JAX of unknown version".to_owned()])
        );
        let guessed = target(Some(TensorFlow { version: None, guessed: true }), &[]);
        assert_eq!(framework(&guessed, "-"), "TF, guessed");
        assert_eq!((framework(&target(None, &[]), "-"), frameworks(&target(None, &[])).len()), ("-".to_owned(), 0));
    }
}
