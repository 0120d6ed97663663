//! Real names, and names made to cost: the work is counted in parts read and nodes written, not in time.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

fn assert_names(symbol: &str, short_name: &str, whole: &str) {
    assert_eq!(short(symbol).as_str(), short_name, "{symbol}");
    assert_eq!(demangled(symbol).as_deref(), Some(whole), "{symbol}");
}

#[test]
fn a_name_is_short_for_people_and_whole_for_programs() {
    assert_names(
        "_ZN5Eigen15ThreadPoolTemplIN3tsl6thread16EigenEnvironmentEE10WorkerLoopEi",
        "Eigen::ThreadPoolTempl::WorkerLoop",
        "Eigen::ThreadPoolTempl<tsl::thread::EigenEnvironment>::WorkerLoop(int)",
    );
    assert_names(
        "_ZN3tsl12_GLOBAL__N_17PThread8ThreadFnEPv",
        "tsl::(anonymous)::PThread::ThreadFn",
        "tsl::(anonymous namespace)::PThread::ThreadFn(void*)",
    );
}

#[test]
fn what_is_no_cpp_stays_as_it_is() {
    for plain in ["start_thread", "_PyEval_EvalFrameDefault", "_Z", "_Zgarbage", "", "_ZN5Eigen…", "_Z3foov@plt"] {
        assert_eq!((short(plain).as_str(), demangled(plain)), (plain, None));
    }
}

#[test]
fn operators_constructors_and_lambdas_have_their_names() {
    assert_names("_ZNK1aIbEclE1c", "a::operator()", "a<bool>::operator()(c) const");
    assert_names("_ZN1alsI1cEERS_T_", "a::operator<<", "a& a::operator<< <c>(c)");
    assert_names("_ZN1xptEv", "x::operator->", "x::operator->()");
    assert_names("_ZN1xssES_", "x::operator<=>", "x::operator<=>(x)");
    assert_names("_ZN1AcvT_IiEEv", "A::operator int", "A::operator int<int>()");
    assert_names("_ZZ1f1aENKUliE_clEi", "f::{lambda#1}::operator()", "f(a)::{lambda(int)#1}::operator()(int) const");
    assert_names(
        "_ZZ1f1aENKUlT_E0_clIiEEDaS0_",
        "f::{lambda#2}::operator()",
        "auto f(a)::{lambda(auto:1)#2}::operator()<int>(int) const",
    );
    assert_names("_ZN1AIiED2Ev", "A::~A", "A<int>::~A()");
    assert_names(
        "_ZNSiC1Ev",
        "std::basic_istream::basic_istream",
        "std::basic_istream<char, std::char_traits<char> >::basic_istream()",
    );
    assert_names("_ZN1A1fB5cxx11Ev", "A::f[abi:cxx11]", "A::f[abi:cxx11]()");
    assert_names("_ZThn16_N1A1fEv", "non-virtual thunk to A::f", "non-virtual thunk to A::f()");
}

#[test]
fn types_are_written_around_what_they_are_of() {
    assert_names("_Z1fPFivEPPFvPKcERA3_i", "f", "f(int (*)(), void (**)(char const*), int (&) [3])");
    assert_names("_Z1fM1AKFivE", "f", "f(int (A::*)() const)");
    assert_names("_Z1fIJidEEvDpOT_", "f", "void f<int, double>(int&&, double&&)");
    assert_names("_Z1fIJEEvDpRKT_", "f", "void f<>()");
    assert_names("_Z1fIRiEvOT_", "f", "void f<int&>(int&)");
    assert_names("_Z1fILj2ELb1EXstiEEvv", "f", "void f<(unsigned int)2, true, sizeof (int)>()");
    assert_names("_Z1fIiEDTplfp_Li1EET_", "f", "decltype (({parm#1})+(1)) f<int>(int)");
}

#[test]
fn parts_of_a_split_function_are_told_apart_in_the_whole_name_only() {
    assert_names("_Z1fv.cold", "f", "f() [clone .cold]");
    assert_names("_Z1fv.constprop.0.isra.1", "f", "f() [clone .constprop.0] [clone .isra.1]");
}

#[test]
fn a_name_that_grows_without_end_is_left_alone() {
    // Each substitution doubles what stands before it.
    let bomb = format!("_Z1fI1x{}EvT_", (0..40).map(|at| format!("S{at}_S{at}_")).collect::<String>());
    assert!(demangled(&bomb).is_none_or(|name| name.len() <= 16 << 10));
    let doubled = (0..30).fold("_Z1f1AM1BS_".to_owned(), |text, _| text + "MS1_S1_");
    demangled(&doubled);
    let deep = format!("_Z1f{}v", "P".repeat(4000));
    assert_eq!(demangled(&deep), None);
}

/// Nests that make a reader try again at each level if it tries at all, and what breaks them at the innermost place.
const NESTS: [&str; 34] = [
    "nw", "I", "N", "X", "T_", "T_I", "S_", "S_I", "cv", "cvT_I", "dt", "L", "F", "LZ", "L_Z", "Z1f", "J", "P", "Dp",
    "Dt", "DT", "UlT_", "Ul", "St1fI", "1fI", "N1fI", "srN", "sr", "clcv", "nw_", "A", "Dv", "M", "gsnw",
];
const ENDS: [&str; 9] = ["", "E", "_", "?", "v", "i_", "T_E", "1", "\u{e9}"];
const HEADS: [&str; 6] = ["_Z", "_Z1fIX", "_Z1fI", "_Zcv", "_ZN1f", "_Z1f"];

fn hostile() -> impl Iterator<Item = String> {
    let sizes = [3, 22, 40, 90, 300, 4000];
    sizes.into_iter().flat_map(|size| {
        HEADS.into_iter().flat_map(move |head| {
            NESTS.into_iter().flat_map(move |nest| {
                ENDS.into_iter().map(move |end| format!("{head}{}{end}{}", nest.repeat(size), "E".repeat(size)))
            })
        })
    })
}

/// The bounds hold for this symbol: parts read by its length, nodes written by a constant.
fn assert_bounded(symbol: &str) {
    for is_short in [true, false] {
        let demangled = demangle(symbol, is_short);
        let read = u32::try_from(symbol.len()).unwrap() * 5 + 5;
        assert!(demangled.read <= read.min(parser::MOST_PARTS + 1), "{} parts of {symbol}", demangled.read);
        assert!(demangled.written <= writer::MOST_NODES + 200, "{} nodes of {symbol}", demangled.written);
        assert!(demangled.name.is_none_or(|name| name.len() <= (16 << 10) + symbol.len() * 16));
    }
}

#[test]
fn work_grows_with_the_length_of_a_hostile_symbol_alone() {
    assert_bounded(&format!("_Z1fIX{}", "nw".repeat(40)));
    assert_bounded(&format!("_Zcv{}", "T_I".repeat(22)));
    let started = Instant::now();
    let count = hostile().inspect(|symbol| assert_bounded(symbol)).count();
    assert!(count > 10_000);
    assert!(started.elapsed() < Duration::from_secs(60), "{count} symbols took {:?}", started.elapsed());
}

#[test]
fn a_thousand_hostile_symbols_take_a_moment() {
    let symbols: Vec<String> = hostile().filter(|symbol| symbol.len() <= LONGEST).collect();
    let started = Instant::now();
    for symbol in symbols.iter().step_by(symbols.len() / 1000) {
        short(symbol);
        demangled(symbol);
    }
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[test]
fn the_deepest_names_fit_a_small_stack() {
    let read = || hostile().filter(|symbol| symbol.len() <= LONGEST).for_each(|symbol| drop(demangled(&symbol)));
    let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(read).unwrap();
    thread.join().unwrap();
}

proptest! {
    #[test]
    fn any_symbol_is_read_without_panic(symbol in "_Z[a-zA-Z0-9_]{0,60}", text in "\\PC{0,60}") {
        assert_bounded(&symbol);
        assert_bounded(&text);
        assert_bounded(&format!("_Z{text}"));
    }

    #[test]
    fn any_nest_takes_bounded_work(
        head in prop::sample::select(&HEADS[..]),
        nests in prop::collection::vec((prop::sample::select(&NESTS[..]), 1_usize..40), 1..12),
        end in "[IENXTSLFcvdtnw_0-9ip]{0,8}",
        closed in 0_usize..200,
        again in 1_usize..300,
    ) {
        let nest: String = nests.iter().map(|(nest, count)| nest.repeat(*count)).collect();
        let again = again.min((64 << 10) / nest.len());
        for times in [1, again] {
            assert_bounded(&format!("{head}{}{end}{}", nest.repeat(times), "E".repeat(closed)));
        }
    }
}
