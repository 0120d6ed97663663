//! The table reads and is tried entry by entry; stacks as TensorFlow 2.21 gave them.

use proptest::prelude::*;

use super::*;
use crate::data::sample::StackEnd;
use crate::data::{Address, Tid};

fn frame(name: &str) -> Frame {
    let mut frame = Frame { address: Some(Address(1)), ..Frame::default() };
    match name {
        "jit" => {}
        "python" => frame.python.push(PythonFrame { function: "step".into(), ..PythonFrame::default() }),
        path if path.starts_with('/') => frame.library = Some(Arc::new(path.into())),
        name => {
            frame.symbol = Some(name.into());
            frame.library = Some(Arc::new("/lib/libx.so".into()));
        }
    }
    frame
}

fn stack(state: ThreadState, names: &[&str]) -> Stack {
    let frames = names.iter().map(|name| frame(name)).collect();
    Stack { tid: Tid(1), state, taken: StackMethod::WithoutStop, frames, end: StackEnd::Outermost, gaps: Vec::new() }
}

fn meaning(state: ThreadState, names: &[&str]) -> StackMeaning {
    MeaningCache::builtin().of(&stack(state, names)).unwrap()
}

fn phrase(state: ThreadState, names: &[&str]) -> String {
    meaning(state, names).phrase()
}

#[test]
fn every_entry_of_the_table_reads_and_names_its_own_example() {
    let book = FunctionTable::read(BUILTIN).unwrap_or_else(|error| panic!("{error}"));
    assert!(book.entries.len() > 30);
    for (index, entry) in book.entries.iter().enumerate() {
        let names: Vec<&str> = entry.example.iter().map(String::as_str).collect();
        let mut meanings = MeaningCache::builtin();
        let seen: Vec<FrameView> =
            stack(ThreadState::Running, &names).frames.iter().map(|frame| meanings.seen(frame)).collect();
        let found = [EntryStrength::Strong, EntryStrength::Weak, EntryStrength::Last]
            .into_iter()
            .find_map(|strength| meanings.find(&seen, strength));
        let found = found.unwrap_or_else(|| panic!("nothing names {names:?}"));
        assert_eq!(found.entry, index, "{names:?} is named by {:?}", found.labels);
        assert!(!found.labels.0.contains("$1") && !found.labels.0.trim().is_empty(), "{:?}", found.labels);
        for pattern in [&entry.under, &entry.inside].into_iter().flatten() {
            assert!(!pattern.is_match("program::no_such_function"), "{pattern} fits everything");
        }
    }
}

#[test]
fn a_table_with_a_mistake_is_refused_with_its_entry() {
    let head = "[[frame]]\nkind = \"work\"\nlabel = \"x\"\nexample = []\n";
    let refused = |rest: &str| FunctionTable::read(&format!("{head}{rest}")).unwrap_err().to_string();
    assert_eq!(refused(""), "frame \"x\": it does not say which frames it is for");
    assert!(refused("symbol = '('").starts_with("frame \"x\": "));
    assert!(refused("symbl = 'a'").contains("unknown field"));
}

#[test]
fn stages_of_tf_data_are_told_apart() {
    const WAIT: [&str; 3] = [
        "syscall",
        "absl::lts_20250814::synchronization_internal::FutexWaiter::WaitUntil",
        "absl::lts_20250814::CondVar::WaitCommon",
    ];
    const START: [&str; 3] = [
        "_ZN10tensorflow4data12_GLOBAL__N_113WorkQueueFuncEPv",
        "tsl::UnboundedWorkQueue::PooledThreadFunc",
        "_ZN3tsl12_GLOBAL__N_17PThread8ThreadFnEPv",
    ];
    for (name, expected) in [
        ("tensorflow::data::experimental::MapAndBatchDatasetOp::Dataset::Iterator::RunnerThread", "MapAndBatch waits"),
        ("tensorflow::data::PrefetchDatasetOp::Dataset::Iterator::PrefetchThread", "Prefetch waits"),
        ("tensorflow::data::ParallelMapDatasetOp::Dataset::Iterator::RunnerThread", "ParallelMap waits"),
        (
            "tensorflow::data::ParallelInterleaveDatasetOp::Dataset::ParallelInterleaveIterator::CurrentWorkerThread",
            "ParallelInterleave waits",
        ),
        ("tensorflow::data::ShuffleDatasetOpBase::ShuffleDatasetBase::Iterator::GetNextInternal", "Shuffle waits"),
        ("tensorflow::data::model::Model::OptimizeLoop", "autotune loop waits"),
        ("tensorflow::data::BackgroundWorker::WorkerLoop", "background worker waits"),
    ] {
        let names: Vec<&str> = WAIT.iter().copied().chain([name]).chain(START).collect();
        assert_eq!(phrase(ThreadState::Sleeping, &names), expected, "{name}");
    }
    // The innermost stage speaks: a prefetch thread that fills the shuffle's buffer itself.
    let nested = [
        "memcpy",
        "tensorflow::data::ShuffleDatasetOpBase::ShuffleDatasetBase::Iterator::GetNextInternal",
        "tensorflow::data::PrefetchDatasetOp::Dataset::Iterator::PrefetchThread",
    ];
    assert_eq!(
        (phrase(ThreadState::Running, &nested), meaning(ThreadState::Running, &nested).activity),
        ("Shuffle".to_owned(), StackActivity::Working)
    );
    // And not the function that it runs: a generator that has nothing to yield.
    let starved = [
        "syscall",
        "tensorflow::Executor::Run",
        "tensorflow::data::InstantiatedCapturedFunction::Run",
        "tensorflow::data::GeneratorDatasetOp::Dataset::Iterator::GetNextInternal",
        "tensorflow::data::PrefetchDatasetOp::Dataset::Iterator::PrefetchThread",
    ];
    assert_eq!(phrase(ThreadState::Sleeping, &starved), "Generator waits");
}

#[test]
fn an_operation_is_named_by_its_class_and_its_functor() {
    let filter = [
        "pthread_cond_wait",
        "dnnl::impl::parallel",
        "dnnl::impl::cpu::x64::jit_avx512_common_convolution_bwd_weights_t::execute_backward_weights",
        "tensorflow::MklConvCustomBackpropFilterOp::Compute",
        "tensorflow::ThreadPoolDevice::Compute",
        "tensorflow::(anonymous)::ExecutorState::Process",
        "Eigen::ThreadPoolTempl::WorkerLoop",
    ];
    let waits = meaning(ThreadState::Sleeping, &filter);
    assert_eq!((waits.phrase().as_str(), waits.kind), ("MklConvCustomBackpropFilterOp waits", FunctionKind::Work));
    assert_eq!(waits.because.as_deref(), Some("tensorflow::MklConvCustomBackpropFilterOp::Compute"));
    assert_eq!(meaning(ThreadState::Running, &filter).activity, StackActivity::Working);
    for (symbol, expected) in [
        (
            "_ZN10tensorflow8BinaryOpIN5Eigen16ThreadPoolDeviceENS_7functor3mulIfEEE7ComputeEPNS_15OpKernelContextE",
            "BinaryOp (mul)",
        ),
        (
            "_ZN10tensorflow11ReductionOpIN5Eigen16ThreadPoolDeviceEfiNS1_8internal10SumReducerIfEEE7ComputeEPNS_15OpKernelContextE",
            "ReductionOp (Sum)",
        ),
        ("tensorflow::ApplyAdamOp::Compute", "ApplyAdamOp"),
        ("tensorflow::MatMulOp::Compute", "MatMulOp"),
    ] {
        assert_eq!(phrase(ThreadState::Running, &[symbol, "Eigen::ThreadPoolTempl::WorkerLoop"]), expected);
    }
}

#[test]
fn a_worker_is_idle_spins_or_works_by_the_frame_that_runs() {
    let worker = "Eigen::ThreadPoolTempl::WorkerLoop";
    let idle = meaning(ThreadState::Sleeping, &["pthread_cond_wait", "Eigen::ThreadPoolTempl::WaitForWork", worker]);
    assert_eq!((idle.kind, idle.activity), (FunctionKind::Idle, StackActivity::Waiting));
    let spins = meaning(ThreadState::Running, &[worker, "std::__invoke_impl"]);
    assert_eq!((spins.kind, spins.activity), (FunctionKind::Spin, StackActivity::Spinning));
    assert_eq!(phrase(ThreadState::Running, &["program::unheard_of", worker]), "runs unknown code");
    let part = ["dnnl::impl::cpu::x64::brgemm_convolution_fwd_t::ker_base", worker];
    assert_eq!(phrase(ThreadState::Running, &part), "oneDNN brgemm_convolution_fwd");
}

#[test]
fn a_wait_loop_that_sleeps_is_a_wait() {
    let blas = ["pthread_cond_wait", "blas_thread_server"];
    assert_eq!(meaning(ThreadState::Sleeping, &blas).activity, StackActivity::Waiting);
    assert_eq!(meaning(ThreadState::Running, &["sched_yield", "blas_thread_server"]).activity, StackActivity::Spinning);
    let stripped = ["/x/libgomp-a34b3233.so.1.0.0", "/usr/lib/libc.so.6"];
    let spins = meaning(ThreadState::Running, &stripped);
    assert_eq!((spins.activity, spins.phrase().as_str()), (StackActivity::Spinning, "spin wait of libgomp (likely)"));
    let sleeps = meaning(ThreadState::Sleeping, &stripped);
    assert_eq!((sleeps.activity, sleeps.phrase().as_str()), (StackActivity::Waiting, "waits in libgomp"));
}

#[test]
fn what_nothing_names_is_unknown() {
    let asleep = ["syscall", "absl::lts_20250814::synchronization_internal::FutexWaiter::WaitUntil"];
    let meaning = meaning(ThreadState::Sleeping, &asleep);
    assert_eq!((meaning.kind, meaning.because.as_deref()), (FunctionKind::Unknown, None));
    assert_eq!(meaning.phrase(), "asleep in unknown code");
    let not = Stack {
        taken: StackMethod::Not { why: "it has ended".to_owned() },
        ..stack(ThreadState::Running, &["python"])
    };
    assert_eq!(MeaningCache::builtin().of(&not), None);
}

#[test]
fn of_python_alone_it_is_not_said_what_it_called() {
    let only = StackMethod::PythonOnly { why: "it is running".to_owned() };
    let meaning =
        MeaningCache::builtin().of(&Stack { taken: only, ..stack(ThreadState::Running, &["python"]) }).unwrap();
    assert_eq!((meaning.activity, meaning.phrase().as_str()), (StackActivity::Unknown, "Python (likely)"));
    assert_eq!(meaning.because.as_deref(), Some("step in Python"));
}

proptest! {
    #[test]
    fn any_stack_has_a_meaning_without_panic(names in proptest::collection::vec("\\PC{0,80}", 1..12)) {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        prop_assert!(MeaningCache::builtin().of(&stack(ThreadState::Running, &names)).is_some());
    }
}
