//! Turns a process's settings into the limits of a group, by the registry of caps; each of its rows was also counted on live
//! processes of TF 2.12 to 2.21.

use crate::data::limits::{AppliesTo, CapKind, DefaultSize, Grade, Knob, Limit, LimitSource, Limits, PoolSetting};
use crate::data::origin;
use crate::data::sample::{Environment, ProcessFact, TfContextState};
use crate::model::limits::library_settings;
use crate::model::origin::library_copy::{library_name, package_name};

/// Threads nobody starts on purpose: larger numbers in a setting are taken for garbage.
const MOST_THREADS: i64 = 1_000_000;

/// The only setting that is no cap: it sizes one of several pools.
static GRPC: PoolSetting = PoolSetting {
    tf_config: None,
    script: None,
    reads: &["TF_GRPC_WORKER_CACHE_QUEUES"],
    library_memory: false,
    counts_caller: false,
    applies_to: AppliesTo::Pool,
    default_size: DefaultSize::Open,
    text: "TF_GRPC_WORKER_CACHE_QUEUES for the worker pool; the rest is fixed",
};

/// What sizes the pools of an origin; none where only affinity holds them.
fn setting(origin: &str) -> Option<&'static PoolSetting> {
    match CapKind::of_origin(origin) {
        Some(kind) => Some(&kind.row().setting),
        None => (origin == origin::TF_DISTRIBUTED).then_some(&GRPC),
    }
}

/// The CPUs that sizes without a setting come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DefaultCpus {
    /// CPUs the process may run on now.
    pub allowed: u32,
    /// CPUs online.
    pub online: u32,
}

/// The limits of the threads of `origin` (and of `copy` of its library) in one process that has `threads` of them.
pub fn limits(origin: &str, copy: Option<&str>, process: &ProcessFact, cpus: DefaultCpus, threads: u32) -> Limits {
    let Some(knobs) = setting(origin) else {
        let own = || library_settings::of_group(origin, copy, process);
        let knob = match [origin::PYTHON, origin::PROGRAM, origin::MAIN].contains(&origin) {
            true => Knob::AsCoded,
            false => own().map_or(Knob::None, |text| Knob::OwnSetting(text.into())),
        };
        return Limits { knob, ..Limits::default() };
    };
    let mut all = Vec::new();
    all.extend(from_tf_config(knobs, process, cpus));
    all.extend(from_library_memory(knobs, copy, process, cpus));
    all.extend(from_variables(knobs, process, cpus));
    all.extend(without_setting(origin, knobs, process, cpus));
    put_shim_first(origin, knobs, process, &mut all);
    let effective = (!all.is_empty()).then_some(0);
    overrule(&mut all);
    all.extend(from_script(knobs, process, cpus));
    if let (Some(first), DefaultSize::Allowed) = (all.first_mut(), knobs.default_size)
        && first.grade == Grade::Inferred
        && first.overruled.is_none()
        && knobs.own_threads(first.value) == threads
    {
        first.grade = Grade::Corroborated;
    }
    prove_script(knobs, &mut all, threads);
    let unread_proto = knobs.tf_config.is_some() && process.settings.tf_config.is_some_and(|config| config.from_proto);
    let exceeded_by = match (effective.and_then(|i| all.get(i)), knobs.applies_to) {
        (Some(limit), AppliesTo::Pool) if limit.was_set() && !unread_proto => {
            threads.saturating_sub(knobs.own_threads(limit.value))
        }
        _ => 0,
    };
    let text = match library_settings::beside_cap(origin, copy, process) {
        Some(call) => format!("{}; {call}", knobs.text).into(),
        None => knobs.text.into(),
    };
    Limits { all, effective, knob: Knob::Setting(text), exceeded_by, processes: Vec::new() }
}

/// Variables that size an origin's pools, the strongest first; none for origins that no variable reaches.
pub fn variables(origin: &str) -> &'static [&'static str] {
    setting(origin).map_or(&[], |setting| setting.reads)
}

/// Threads of its own that a pool has under a limit: some count the thread that calls them.
pub fn own_threads(origin: &str, limit: u32) -> u32 {
    setting(origin).map_or(limit, |setting| setting.own_threads(limit))
}

/// A ConfigProto leaves no trace in tf.config: where the pool has the size that a line of the script asks for, and not the
/// one that would otherwise count, that line is what counts.
fn prove_script(knobs: &PoolSetting, all: &mut [Limit], threads: u32) {
    let explained = all.first().is_none_or(|first| first.grade != Grade::Inferred);
    let asks = |limit: &Limit| limit.source == LimitSource::Script && limit.value == threads;
    let Some(at) = all.iter().position(asks).filter(|_| knobs.tf_config.is_some() && !explained) else { return };
    all[at].overruled = None;
    all[at].grade = Grade::Corroborated;
    all[..=at].rotate_right(1);
    let (first, rest) = all.split_at_mut(1);
    rest.iter_mut()
        .filter(|l| l.source != LimitSource::Script)
        .for_each(|l| l.overruled = Some(overruled_by(&first[0])));
}

/// tftop's shim lowers whatever the script asks for to its cap; a smaller wish is kept.
fn put_shim_first(origin: &str, knobs: &PoolSetting, process: &ProcessFact, all: &mut Vec<Limit>) {
    let Some(cap) = process.shim.and_then(|shim| shim.cap(origin)) else { return };
    if all.first().is_some_and(|first| first.source == LimitSource::TfConfig && first.value < cap) {
        return;
    }
    let held = Limit {
        value: cap,
        source: LimitSource::Shim,
        place: "held by its shim against the script's own settings".to_owned(),
        applies_to: knobs.applies_to,
        overruled: None,
        grade: Grade::Inferred,
    };
    all.insert(0, held);
}

fn from_tf_config(knobs: &PoolSetting, process: &ProcessFact, cpus: DefaultCpus) -> Option<Limit> {
    let config = process.settings.tf_config.as_ref()?;
    let value = knobs.tf_config?(config).filter(|&value| value != 0)?;
    let place = if config.state == TfContextState::Started {
        "its context in memory"
    } else {
        "its context in memory, TensorFlow not started yet"
    };
    Some(Limit {
        value: resolved(value, cpus.allowed)?,
        source: LimitSource::TfConfig,
        place: place.to_owned(),
        applies_to: knobs.applies_to,
        overruled: None,
        grade: Grade::Measured,
    })
}

fn from_library_memory(
    knobs: &PoolSetting,
    copy: Option<&str>,
    process: &ProcessFact,
    cpus: DefaultCpus,
) -> Option<Limit> {
    let of_copy = |library: &str| copy.is_none_or(|copy| package_name(library) == copy);
    let pool = process.settings.library_pools.iter().find(|pool| knobs.library_memory && of_copy(&pool.library))?;
    let value = resolved(pool.value, cpus.allowed)?;
    let asked = |name: &&&str| {
        let environments = [process.settings.live_environment.as_ref(), process.environment.as_ref()];
        environments.into_iter().flatten().any(|e| e.get(name).is_some_and(|text| text.trim() == value.to_string()))
    };
    // As many as CPUs, and no variable asked for that: nobody set it.
    let by_default = [cpus.allowed, cpus.online].contains(&value) && knobs.reads.iter().find(asked).is_none();
    Some(Limit {
        value,
        source: if by_default {
            LimitSource::library_default(&pool.symbol)
        } else {
            LimitSource::Library(pool.symbol.clone())
        },
        place: format!("memory of {}", pool.library.rsplit('/').next().unwrap_or(&pool.library)),
        applies_to: knobs.applies_to,
        overruled: None,
        grade: Grade::Measured,
    })
}

fn from_variables(knobs: &PoolSetting, process: &ProcessFact, cpus: DefaultCpus) -> Vec<Limit> {
    let at_start = process.environment.as_ref();
    let now = process.settings.live_environment.as_ref();
    let mut found = Vec::new();
    for name in knobs.reads {
        let get = |environment: Option<&Environment>| environment.and_then(|e| e.get(name)).map(str::to_owned);
        let (start, live) = (get(at_start), get(now));
        let changed = now.is_some() && live != start;
        let place = match (&live, changed) {
            (Some(_), true) => "set by the program itself",
            (None, true) => "environment at start, removed since",
            _ => "environment at start",
        };
        // A variable that the program set counts like any other where the pool is built later; where it is not, the
        // rule env-too-late says so.
        let Some(value) = live.or(start).and_then(|text| text.trim().parse::<i64>().ok()) else { continue };
        if value == 0 && name.starts_with("TF_") {
            continue; // TensorFlow reads 0 as "not set"
        }
        found.extend(resolved(value, cpus.allowed).map(|value| Limit {
            value,
            source: LimitSource::Variable(name),
            place: place.to_owned(),
            applies_to: if *name == "OMP_THREAD_LIMIT" { AppliesTo::Process } else { knobs.applies_to },
            overruled: None,
            grade: Grade::Inferred,
        }));
    }
    found
}

fn without_setting(origin: &str, knobs: &PoolSetting, process: &ProcessFact, cpus: DefaultCpus) -> Option<Limit> {
    let (value, source) = match knobs.default_size {
        _ if origin == origin::TF_INTER_OP && is_built_with_openmp(process) => {
            let source = LimitSource::LibraryDefault("default = CPUs / OpenMP team, 2 or more".into());
            (cpus.allowed.div_ceil(openmp_team(process, cpus)).max(2), source)
        }
        DefaultSize::Allowed => (cpus.allowed, LimitSource::AllowedCpus),
        DefaultSize::Online => (cpus.online, LimitSource::OnlineCpus),
        DefaultSize::Open => return None,
    };
    let memory_read = process.settings.live_environment.is_some();
    let place = if memory_read { "nothing is set" } else { "nothing is set that can be read" };
    Some(Limit {
        value,
        source,
        place: place.to_owned(),
        applies_to: knobs.applies_to,
        overruled: None,
        grade: Grade::Inferred,
    })
}

/// Whether TensorFlow brings an OpenMP runtime, which its operations then run on.
fn is_built_with_openmp(process: &ProcessFact) -> bool {
    let runtime = |path: &str| library_name(path) == "libiomp5" && package_name(path) == "tensorflow";
    process.libraries.iter().any(|library| runtime(&library.path))
}

/// The team that such a build reckons with when it sizes its inter-op pool (tensorflow/core/common_runtime/process_util.cc,
/// NumInterOpThreadsFromSessionOptions); counted on intel-tensorflow 2.14.0 told that it has 1 and 8 CPUs, the latter also with
/// OMP_NUM_THREADS=2 and with TF_ENABLE_ONEDNN_OPTS=0, which changes nothing.
fn openmp_team(process: &ProcessFact, cpus: DefaultCpus) -> u32 {
    let set = |name: &str| variable(process, name)?.trim().parse::<i64>().ok();
    let config = || process.settings.tf_config.as_ref()?.intra;
    let first = [set("OMP_NUM_THREADS"), config(), set("TF_NUM_INTRAOP_THREADS")].into_iter().flatten();
    let team = first.filter(|&size| size > 0).find_map(|size| u32::try_from(size).ok());
    team.unwrap_or(cpus.allowed).max(1)
}

/// A variable as the process has it now, else as it was at start.
fn variable<'a>(process: &'a ProcessFact, name: &str) -> Option<&'a str> {
    process.settings.live_environment.as_ref().or(process.environment.as_ref())?.get(name)
}

fn from_script(knobs: &PoolSetting, process: &ProcessFact, cpus: DefaultCpus) -> Vec<Limit> {
    let (Some(script), Some(knob)) = (&process.settings.script, &knobs.script) else { return Vec::new() };
    let file = script.path.rsplit('/').next().unwrap_or(&script.path);
    let setting = |line, value| {
        Some(Limit {
            value: resolved(value, cpus.allowed)?,
            source: LimitSource::Script,
            place: format!("{file}:{line}"),
            applies_to: knobs.applies_to,
            overruled: Some("a line in the source, no proof that it ran".to_owned()),
            grade: Grade::Inferred,
        })
    };
    script.settings.iter().filter(|w| w.knob == *knob).filter_map(|w| setting(w.line, w.value)).collect()
}

/// All but the first do not count, and say because of whom.
fn overrule(all: &mut [Limit]) {
    let Some((first, rest)) = all.split_first_mut() else { return };
    for limit in rest {
        limit.overruled = Some(overruled_by(first));
    }
}

fn overruled_by(limit: &Limit) -> String {
    format!("overruled by {}", limit.source)
}

/// A setting as a thread count: 0 and below mean all CPUs; garbage means nothing.
fn resolved(value: i64, all: u32) -> Option<u32> {
    match value {
        i64::MIN..=0 => Some(all),
        1..=MOST_THREADS => u32::try_from(value).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Text;
    use crate::data::sample::{
        LibraryFact, LibraryPool, Script, ScriptKnob, ScriptSetting, TfConfigFact, ThreadSettings,
    };

    const CPUS: DefaultCpus = DefaultCpus { allowed: 8, online: 64 };

    fn process(exec: &str, live: Option<&str>, settings: ThreadSettings) -> ProcessFact {
        let block = |text: &str| Environment::from_block(text.replace(' ', "\0").as_bytes());
        ProcessFact {
            environment: Some(block(exec)),
            settings: ThreadSettings { live_environment: live.map(block), ..settings },
            ..ProcessFact::default()
        }
    }

    fn config(intra: Option<i64>) -> ThreadSettings {
        let started = TfConfigFact::without_context(TfContextState::Started);
        ThreadSettings { tf_config: Some(TfConfigFact { intra, ..started }), ..ThreadSettings::default() }
    }

    fn effective(limits: &Limits) -> (u32, &str) {
        let limit = limits.effective().unwrap();
        (limit.value, limit.source.text())
    }

    #[test]
    fn a_cap_of_the_shim_counts_before_what_the_script_asks_for_unless_that_is_less() {
        let asks = |intra| {
            let config = TfConfigFact { intra: Some(intra), ..TfConfigFact::without_context(TfContextState::Started) };
            process(
                "TF_NUM_INTRAOP_THREADS=2\0",
                None,
                ThreadSettings { tf_config: Some(config), ..ThreadSettings::default() },
            )
        };
        let shim = Some(crate::data::sample::ShimFact { enforces: true, intra: Some(2), inter: None, data: Some(3) });
        let counts = |process: &ProcessFact, origin: &str, threads| {
            let limits = limits(origin, None, process, CPUS, threads);
            let limit = limits.effective().cloned().unwrap_or_default();
            (limit.value, limit.source, limits.exceeded_by)
        };
        let held = ProcessFact { shim, ..asks(8) };
        assert_eq!(counts(&held, "tf-intra-op", 2), (2, LimitSource::Shim, 0));
        assert_eq!(counts(&held, "tf-intra-op", 8), (2, LimitSource::Shim, 6));
        assert_eq!(counts(&held, "tf-data", 3).0, 3);
        assert_eq!(counts(&held, "tf-inter-op", 8).1, LimitSource::AllowedCpus);
        assert_eq!(counts(&ProcessFact { shim, ..asks(1) }, "tf-intra-op", 1), (1, LimitSource::TfConfig, 0));
        let only_listens = shim.map(|shim| crate::data::sample::ShimFact { enforces: false, ..shim });
        assert_eq!(counts(&ProcessFact { shim: only_listens, ..asks(8) }, "tf-intra-op", 8).0, 8);
    }

    #[test]
    fn tf_config_beats_the_environment_and_says_so() {
        let env = "TF_NUM_INTRAOP_THREADS=3";
        let limits = limits("tf-intra-op", None, &process(env, Some(env), config(Some(7))), CPUS, 7);
        assert_eq!(effective(&limits), (7, "tf.config"));
        assert_eq!(limits.all[1].overruled.as_deref(), Some("overruled by tf.config"));
        assert_eq!(limits.exceeded_by, 0);
    }

    #[test]
    fn an_openmp_build_makes_as_many_inter_op_threads_as_teams_fit_and_two_at_least() {
        let path = "/v/site-packages/_solib_local/_U_S_Stensorflow_Stsl_Smkl_Clibs/libiomp5.so";
        let size = |env: &str, library: &str, cpus: DefaultCpus| {
            let libraries = vec![LibraryFact { path: library.into(), build_id: None }];
            let process = ProcessFact { libraries, ..process(env, None, config(None)) };
            effective(&limits("tf-inter-op", None, &process, cpus, 2)).0
        };
        let one = DefaultCpus { allowed: 1, online: 64 };
        assert_eq!([size("", path, CPUS), size("OMP_NUM_THREADS=2", path, CPUS), size("", path, one)], [2, 4, 2]);
        assert_eq!(size("", "/v/site-packages/torch/lib/libiomp5.so", CPUS), 8, "another package's");
        assert_eq!(size("TF_NUM_INTEROP_THREADS=3", path, CPUS), 3);
    }

    #[test]
    fn a_zero_is_no_setting() {
        let env = "TF_NUM_INTRAOP_THREADS=0";
        let limits = limits("tf-intra-op", None, &process(env, Some(env), config(Some(0))), CPUS, 8);
        assert_eq!(effective(&limits), (8, "default = CPUs allowed"));
        assert_eq!(limits.effective().unwrap().grade, Grade::Corroborated);
    }

    #[test]
    fn a_variable_set_by_the_program_is_told_from_one_at_start() {
        let limits = limits("tf-inter-op", None, &process("", Some("TF_NUM_INTEROP_THREADS=4"), config(None)), CPUS, 4);
        assert_eq!(effective(&limits), (4, "TF_NUM_INTEROP_THREADS"));
        assert_eq!(limits.all[0].place, "set by the program itself");
    }

    #[test]
    fn openblas_memory_beats_its_variables_and_counts_the_caller() {
        let pool = LibraryPool {
            library: Text::from("/x/numpy.libs/libscipy_openblas64_.so"),
            symbol: Text::from("blas_cpu_number"),
            value: 4,
        };
        let settings = ThreadSettings { library_pools: vec![pool], ..ThreadSettings::default() };
        let env = "OMP_NUM_THREADS=2";
        let process = process(env, Some(env), settings);
        let numpy = limits("openblas", Some("numpy"), &process, CPUS, 3);
        assert_eq!((effective(&numpy), numpy.exceeded_by), ((4, "blas_cpu_number"), 0));
        let scipy = limits("openblas", Some("scipy"), &process, CPUS, 3);
        assert_eq!((effective(&scipy), scipy.exceeded_by), ((2, "OMP_NUM_THREADS"), 2));
    }

    #[test]
    fn an_openblas_with_a_thread_for_each_cpu_was_limited_by_nobody() {
        let library = Text::from("/x/numpy.libs/libscipy_openblas64_.so");
        let pool = LibraryPool { library, symbol: Text::from("blas_cpu_number"), value: 8 };
        let settings = ThreadSettings { library_pools: vec![pool], ..ThreadSettings::default() };
        let limit = |env| {
            let limits = limits("openblas", Some("numpy"), &process(env, Some(env), settings.clone()), CPUS, 7);
            let limit = limits.effective().unwrap();
            (limit.was_set(), limit.value, limit.grade)
        };
        assert_eq!(limit(""), (false, 8, Grade::Measured));
        assert_eq!(limit("OMP_NUM_THREADS=1"), (false, 8, Grade::Measured), "set too late");
        assert_eq!(limit("OMP_NUM_THREADS=8"), (true, 8, Grade::Measured));
    }

    #[test]
    fn tf_data_has_no_limit_and_a_line_in_the_source_never_counts() {
        let setting =
            ScriptSetting { line: 12, knob: ScriptKnob::PrivateThreadpool, value: 2, certain: true, proto: true };
        let script = Script { path: Text::from("/home/a/train.py"), settings: vec![setting], ..Script::default() };
        let settings = ThreadSettings { script: Some(script), ..ThreadSettings::default() };
        let limits = limits("tf-data", None, &process("", None, settings), CPUS, 8);
        assert!(limits.effective().is_none());
        assert_eq!(limits.all[0].place, "train.py:12");
        assert!(limits.knob.text().contains("private_threadpool_size"));
    }

    #[test]
    fn a_config_proto_of_the_script_counts_when_the_pool_has_its_size() {
        let setting = |line, value| ScriptSetting { line, knob: ScriptKnob::Intra, value, certain: true, proto: true };
        let path = Text::from("/home/a/train.py");
        let script = Script { path, settings: vec![setting(7, 3), setting(9, 5)], ..Script::default() };
        let settings = ThreadSettings { script: Some(script), ..ThreadSettings::default() };
        let process = process("", None, settings);
        let proven = limits("tf-intra-op", None, &process, CPUS, 5);
        assert_eq!((effective(&proven), proven.exceeded_by), ((5, "the script's source"), 0));
        assert_eq!(proven.all[1].overruled.as_deref(), Some("overruled by the script's source"));
        assert_eq!(proven.effective().unwrap().place, "train.py:9");
        let default = limits("tf-intra-op", None, &process, CPUS, 8);
        assert_eq!((effective(&default), default.exceeded_by), ((8, "default = CPUs allowed"), 0));
    }

    #[test]
    fn a_default_is_no_limit_that_could_be_exceeded() {
        let limits = limits("tf-intra-op", None, &process("", None, config(None)), CPUS, 20);
        assert_eq!((effective(&limits).0, limits.exceeded_by), (8, 0));
    }

    #[test]
    fn garbage_in_a_variable_is_no_limit() {
        let env = "OMP_NUM_THREADS=99999999999 OMP_THREAD_LIMIT=x";
        let limits = limits("openmp", Some("sklearn"), &process(env, None, ThreadSettings::default()), CPUS, 7);
        assert_eq!(effective(&limits), (8, "default = CPUs allowed"));
        assert_eq!(
            crate::model::limits::knobs::limits("grpc", None, &process("", None, ThreadSettings::default()), CPUS, 3)
                .knob,
            Knob::None
        );
    }
}
