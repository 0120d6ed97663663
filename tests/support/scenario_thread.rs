//! The threads of a scenario: their notation, and what a sample and a stack have of them.

use super::*;

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thread {
    tid: u32,
    #[serde(default = "ten")]
    start_s: f64,
    /// Its process; the first where absent.
    pub(super) pid: Option<u32>,
    #[serde(default = "python")]
    comm: String,
    tf: Option<String>,
    tf_by_shape: Option<String>,
    python: Option<String>,
    symbol: Option<String>,
    library: Option<String>,
    owner: Option<String>,
    missing: Option<String>,
    #[serde(default)]
    run_ms: Vec<i64>,
    #[serde(default)]
    wait_ms: Vec<i64>,
    /// Milliseconds run and waited.
    #[serde(default)]
    pub(super) per_s: [f64; 2],
    /// Microseconds for which it runs at a time.
    #[serde(default = "ten_thousand")]
    pub(super) slice_us: f64,
    #[serde(default = "single")]
    pub(super) count: u32,
    /// The tick from which on the first is there, and ticks from one to the next.
    #[serde(default)]
    pub(super) from: usize,
    #[serde(default)]
    pub(super) every: usize,
    #[serde(default)]
    state: String,
    /// The system call in which it is blocked and its second argument, where that is looked at: "futex 128".
    call: Option<String>,
    on_cpu: Option<u32>,
    affinity: Option<String>,
    /// Functions of the stack that is taken of it while it runs, innermost first, at each tick.
    #[serde(default)]
    stack: Vec<String>,
    /// Ticks with such a stack; all where absent.
    stack_ticks: Option<usize>,
}

fn single() -> u32 {
    1
}

fn ten_thousand() -> f64 {
    10_000.0
}

impl Thread {
    pub(super) fn detail(&self) -> Option<(ThreadKey, ThreadDetail)> {
        let (name, argument) = self.call.as_deref()?.split_once(' ').unwrap();
        let arguments = [0, argument.parse().unwrap(), 0, 0, 0, 0];
        let call = Syscall { name: Some(name.into()), arguments, ..Syscall::default() };
        let key = ThreadKey { tid: Tid(self.tid), start_ticks: ticks(self.start_s) };
        Some((key, ThreadDetail { call: Some(SyscallState::Inside(call)), ..ThreadDetail::default() }))
    }

    pub(super) fn has_stack(&self, tick: usize) -> bool {
        !self.stack.is_empty() && self.stack_ticks.is_none_or(|ticks| tick < ticks)
    }

    pub(super) fn taken(&self, index: u32) -> Stack {
        let frame = |name: &String| Frame { symbol: Some(name.as_str().into()), ..Frame::default() };
        Stack {
            tid: Tid(self.tid + index),
            state: ThreadState::Running,
            taken: StackMethod::Stopped { stop_ns: 100_000 },
            frames: self.stack.iter().map(frame).collect(),
            end: StackEnd::Outermost,
            gaps: Vec::new(),
        }
    }
}

impl Thread {
    pub(super) fn fact(&self, pid: u32, tick: usize, index: u32) -> Option<ThreadFact> {
        let run_ms = at(&self.run_ms, tick)?;
        let letter = self.state.as_bytes().get(tick).or(self.state.as_bytes().last()).copied();
        Some(ThreadFact {
            key: ThreadKey { tid: Tid(self.tid + index), start_ticks: ticks(self.start_s) },
            counters: Counters {
                run_ns: run_ms * 1_000_000,
                wait_ns: at(&self.wait_ms, tick)? * 1_000_000,
                slices: run_ms / 10,
            },
            cpu_ticks: run_ms / 10,
            state: letter.map_or(ThreadState::Sleeping, ThreadState::from_letter),
            last_cpu: self.on_cpu,
            affinity: self.affinity.as_deref().map(|list| Arc::new(list.parse().unwrap())),
            identity: Arc::new(self.identity(pid, index)),
        })
    }

    pub(super) fn identity(&self, pid: u32, index: u32) -> Identity {
        let entry = StartRoutine {
            library: self.library.as_deref().map(|path| Arc::new(path.into())),
            symbol: self.symbol.as_deref().map(Text::from),
            owner: self.owner.as_deref().map(|path| StdThreadOwner { library: Arc::new(path.into()), symbol: None }),
            ..StartRoutine::default()
        };
        let name = |name: &Option<String>, source| name.as_deref().map(|name| TargetName { name: name.into(), source });
        Identity {
            comm: self.comm.as_str().into(),
            main: self.tid + index == pid,
            entry: Some(entry).filter(|entry| *entry != StartRoutine::default()),
            target_name: name(&self.tf, NameSource::TensorFlow)
                .or_else(|| name(&self.tf_by_shape, NameSource::TensorFlowByShape))
                .or_else(|| name(&self.python, NameSource::Python)),
            missing: self.missing.clone(),
        }
    }
}
