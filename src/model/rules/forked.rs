//! Was a process forked after TensorFlow had started? fork(2) copies the memory, not the threads: the copy believes that its
//! pools exist, and its first op waits for them forever.

use crate::data::limits::Grade;
use crate::data::sample::{ProcessFact, SyscallState, TfContextState};
use crate::data::scene::{Evidence, Finding, Level, Remedy};
use crate::data::{Pid, origin};
use crate::model::limits::knobs::DefaultCpus;
use crate::model::rules::input::RuleInput;
use crate::model::rules::rule::{Rule, RuleResult, cant_tell, clear, of_each_tensorflow, origins_unread};

pub const RULE: Rule = Rule { code: "forked", question: "Was a process forked after TensorFlow started?", check };

/// Of futex(2)'s operation: nobody outside the process can wake the waiter.
const FUTEX_PRIVATE_FLAG: u64 = 128;

/// CPUs wanted from which on a process works, if not with TensorFlow.
const WORKS: f64 = 0.05;

fn check(input: &RuleInput) -> RuleResult {
    of_each_tensorflow(input, in_process)
}

fn in_process<'a>(input: &RuleInput<'a>, process: &'a ProcessFact, _: DefaultCpus) -> RuleResult {
    let pid = process.key.pid;
    let pools =
        || [origin::TF_INTRA_OP, origin::TF_INTER_OP].iter().map(|pool| input.threads_in(pid, pool)).sum::<u32>();
    let Some(config) = process.settings.tf_config else {
        return match pools() {
            0 => cant_tell("whether TensorFlow started can't be read"),
            threads => clear(format!("TensorFlow's pools have {threads} threads")),
        };
    };
    if config.state != TfContextState::Started || pools() > 0 {
        return clear("TensorFlow has not started, or its pools are there");
    }
    let doubtful = input.doubtful_in(pid);
    if doubtful > 0 {
        return origins_unread(doubtful);
    }
    let judged = input.judged()?;
    let at = input.processes.iter().position(|sample| sample.fact.key == process.key);
    let wanted = at.and_then(|at| judged.processes.get(at)).map_or(0.0, |demand| demand.wanted);
    if wanted >= WORKS {
        return clear(format!(
            "process {pid} has no pools of TensorFlow's and works without: it wants {wanted:.1} CPUs"
        ));
    }
    let threads = input.threads.iter().filter(|thread| thread.pid == pid).count();
    let hangs = main_waits_as_ops_do(input, pid);
    let (level, grade, op, now) = match hangs {
        Some(true) => (Level::Notice, Grade::Inferred, "an op hangs there", "in a private futex, as an op does"),
        Some(false) => {
            (Level::Healthy, Grade::Corroborated, "its first op would hang", "for something else than an op")
        }
        None => (Level::Healthy, Grade::Corroborated, "its first op would hang", "not known"),
    };
    let unless = if hangs == Some(true) { "" } else { "nothing, if it runs no ops; else " };
    Ok(Finding {
        level,
        grade,
        message: format!("Process {pid} was forked after TensorFlow had started and has no threads of its pools: {op}"),
        evidence: vec![
            Evidence::new("TensorFlow's context in its memory", "started"),
            Evidence::new("threads of TensorFlow's pools", "0"),
            Evidence::new("threads of the process", threads.to_string()),
            Evidence::new("its parent", process.parent.to_string()),
            Evidence::new("it wants", format!("{wanted:.2} CPUs")),
            Evidence::new("its main thread waits", now),
        ],
        remedy: Remedy {
            text: format!(
                "{unless}start workers before TensorFlow does anything, or by spawn instead of fork \
                 (multiprocessing.set_start_method(\"spawn\"), gunicorn without --preload). `tftop stack {pid}` shows where \
                 it waits"
            ),
            ..Remedy::default()
        },
    })
}

/// Whether the main thread waits in a futex of its own process, which is how an op waits for a pool; none where that was not
/// looked at. Queues and locks between processes wait in shared futexes, servers in poll or read.
fn main_waits_as_ops_do(input: &RuleInput, pid: Pid) -> Option<bool> {
    let (_, detail) = input.details.iter().find(|(key, _)| key.tid.0 == pid.0)?;
    let SyscallState::Inside(call) = detail.call.as_ref()? else { return None };
    Some(call.name.as_deref() == Some("futex") && call.arguments[1] & FUTEX_PRIVATE_FLAG != 0)
}
