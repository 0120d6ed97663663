//! Whether the whole target stands still because a signal or a debugger stopped it. Needs one look: a thread that is stopped
//! or continued runs for a moment, so that its state is read again.

use crate::data::sample::ThreadState;
use crate::model::rules::input::RuleInput;

/// A target of which every thread is stopped.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stopped {
    /// What stopped it, and that nothing runs.
    pub message: String,
    /// What lets it go on.
    pub advice: String,
}

/// None while any thread could run.
pub(crate) fn stopped(input: &RuleInput) -> Option<Stopped> {
    let living: Vec<_> =
        input.processes.iter().filter(|process| !process.ended).map(|process| process.fact.key.pid).collect();
    let states = || input.threads.iter().filter(|t| living.contains(&t.pid)).map(|thread| thread.state);
    let held = |state: &ThreadState| matches!(state, ThreadState::Stopped | ThreadState::Tracing);
    let count = states().filter(held).count();
    if count == 0 || states().any(|state| !held(&state) && state != ThreadState::Zombie) {
        return None;
    }
    let all = if count == 1 { "its only thread".to_owned() } else { format!("all {count} threads") };
    Some(if states().any(|state| state == ThreadState::Tracing) {
        Stopped {
            message: format!("a debugger stopped {all}: nothing runs until it resumes them"),
            advice: "Detach or continue it in the debugger.".to_owned(),
        }
    } else {
        let pids: Vec<_> = living.iter().map(ToString::to_string).collect();
        Stopped {
            message: format!("a signal (SIGSTOP, Ctrl-Z) stopped {all}: nothing runs until SIGCONT"),
            advice: format!("`kill -CONT {}` resumes it.", pids.join(" ")),
        }
    })
}
