use proptest::prelude::*;

use super::*;
use crate::data::limits::{CapKind, ProcessLimit};
use crate::data::scene::GroupKey;

/// Groups with the threads they have, and what they got and wanted.
fn recorded(groups: &[(&str, u32, f64, f64)]) -> (Vec<Group>, Vec<Demand>) {
    let group = |&(origin, threads, ..): &(&str, u32, f64, f64)| Group {
        key: GroupKey { origin: origin.into(), library: None },
        threads,
        ..Group::default()
    };
    let demand = |&(_, _, got, wanted): &(&str, u32, f64, f64)| Demand::new(got, wanted - got);
    (groups.iter().map(group).collect(), groups.iter().map(demand).collect())
}

fn under(groups: &[(&str, u32, f64, f64)], cpus: f64, caps: Caps) -> (f64, f64) {
    let (groups, demands) = recorded(groups);
    let prediction = of_demands(&groups, &demands, cpus, &caps);
    (prediction.got, prediction.wanted)
}

/// Of pools of 16 on 2 CPUs, recorded (`tests/corpus`).
const MATMUL: [(&str, u32, f64, f64); 3] =
    [("tf-intra-op", 16, 1.59, 8.73), ("tf-inter-op", 16, 0.02, 0.3), ("main", 1, 0.08, 0.18)];
const CNN: [(&str, u32, f64, f64); 3] =
    [("tf-intra-op", 16, 0.68, 4.56), ("tf-inter-op", 16, 0.19, 0.75), ("main", 1, 0.21, 0.25)];
const LOOP: [(&str, u32, f64, f64); 3] =
    [("tf-inter-op", 16, 0.96, 1.93), ("tf-intra-op", 16, 0.24, 1.32), ("main", 1, 0.07, 0.08)];

const SERVING: [(&str, u32, f64, f64); 3] =
    [("tf-intra-op", 16, 1.08, 10.86), ("python", 8, 0.50, 3.16), ("tf-inter-op", 16, 0.26, 2.72)];

const COSTLY_INPUT: [(&str, u32, f64, f64); 4] = [
    ("tf-data", 13, 1.54, 8.29),
    ("tf-intra-op", 8, 0.40, 3.0),
    ("tf-inter-op", 8, 0.03, 0.35),
    ("main", 1, 0.01, 0.03),
];

const JPEG_INPUT: [(&str, u32, f64, f64); 4] = [
    ("tf-data", 7, 0.76, 2.18),
    ("tf-intra-op", 16, 0.86, 6.47),
    ("tf-inter-op", 16, 0.17, 0.95),
    ("main", 1, 0.11, 0.21),
];
const JPEG_INPUT_16: [(&str, u32, f64, f64); 4] = [
    ("tf-data", 21, 0.81, 7.99),
    ("tf-intra-op", 16, 0.73, 6.76),
    ("tf-inter-op", 16, 0.14, 1.5),
    ("main", 1, 0.11, 0.17),
];
const GRU: [(&str, u32, f64, f64); 3] =
    [("tf-inter-op", 16, 0.98, 4.18), ("tf-intra-op", 16, 0.03, 0.25), ("main", 1, 0.17, 0.2)];

fn pools(intra: u32, inter: u32) -> Caps {
    Caps::of([(CapKind::Intra, intra), (CapKind::Inter, inter)])
}

fn with_data(mut caps: Caps, data: u32) -> Caps {
    *caps.get_mut(CapKind::Data) = Some(data);
    caps
}

#[test]
fn predictions_of_recorded_workloads_are_near_what_was_measured_under_the_caps() {
    // What each got and wanted when it was started with these caps.
    let measured: [(&[_], Caps, f64, f64); 15] = [
        (&MATMUL, pools(2, 2), 1.60, 2.15),
        (&MATMUL, pools(1, 2), 1.0, 1.15),
        (&CNN, pools(2, 2), 1.22, 1.82),
        (&CNN, pools(1, 2), 1.08, 1.31),
        (&LOOP, pools(2, 2), 1.25, 1.96),
        (&LOOP, pools(1, 2), 1.25, 1.61),
        (&SERVING, pools(1, 1), 1.62, 1.84),
        (&COSTLY_INPUT, with_data(pools(1, 2), 1), 1.2, 1.43),
        (&COSTLY_INPUT, with_data(pools(1, 2), 2), 1.96, 2.85),
        (&COSTLY_INPUT, with_data(pools(2, 2), 1), 1.22, 1.59),
        (&COSTLY_INPUT, with_data(pools(2, 2), 2), 1.96, 3.04),
        (&JPEG_INPUT, pools(1, 2), 1.87, 3.92),
        (&JPEG_INPUT, pools(2, 2), 1.77, 3.6),
        (&JPEG_INPUT_16, with_data(pools(1, 2), 2), 1.9, 4.1),
        (&GRU, Caps::of([(CapKind::Inter, 2)]), 1.45, 1.68),
    ];
    for (groups, caps, got, wanted) in measured {
        let predicted = under(groups, 2.0, caps);
        let near = |predicted: f64, measured: f64| (predicted / measured - 1.0).abs() < 0.3;
        assert!(near(predicted.0, got) && near(predicted.1, wanted), "{caps}: {predicted:?}, not {got} and {wanted}");
    }
}

#[test]
fn an_intra_op_pool_of_one_leaves_its_callers_and_one_cpu() {
    let (got, _) = under(&MATMUL, 2.0, pools(1, 2));
    assert!(got < 1.2, "one operation at a time: {got}");
    let (got, _) = under(&CNN, 2.0, pools(1, 2));
    assert!(got > 1.0, "its callers work, too: {got}");
}

#[test]
fn without_caps_or_with_caps_that_hold_nobody_it_is_what_was_recorded() {
    let all = MATMUL.iter().fold((0.0, 0.0), |sum, it| (sum.0 + it.2, sum.1 + it.3));
    assert_eq!(under(&MATMUL, 2.0, Caps::default()), all);
    assert_eq!(under(&MATMUL, 2.0, pools(16, 16)), all);
    assert_eq!(under(&MATMUL, 2.0, Caps::of([(CapKind::Omp, 1)])), all, "nothing of it is here");
    assert_eq!(predict(&[], 1.0, 2.0, &Caps::default()), None);
}

#[test]
fn a_recording_is_the_mean_of_its_ticks_split_as_its_time_was() {
    let group = Group { history: vec![4.0, 2.0], total_run_s: 1.0, total_wait_s: 2.0, threads: 4, ..Group::default() };
    let prediction = predict(&[group], 0.5, 2.0, &Caps::default()).unwrap();
    assert_eq!((prediction.wanted, prediction.got, prediction.from_s), (3.0, 1.0, 1.0));
}

proptest! {
    /// Tighter caps never make more wanted or got, and no caps ever more than there was.
    #[test]
    fn predictions_are_monotone(
        shares in proptest::collection::vec((0.0f64..4.0, 0.0f64..10.0, 1u32..30), 1..6),
        tight in 1u32..20,
        slack in 0u32..20,
    ) {
        let origins = ["tf-intra-op", "tf-inter-op", "tf-data", "openmp", "openblas", "python"];
        let groups: Vec<_> =
            shares.iter().zip(origins).map(|(&(got, waits, threads), origin)| (origin, threads, got, got + waits)).collect();
        let under = |caps| under(&groups, 4.0, caps);
        let (tight, loose, none) = (under(Caps::every(tight)), under(Caps::every(tight + slack)), under(Caps::default()));
        prop_assert!(tight.1 <= loose.1 + 1e-9 && tight.0 <= loose.0 + 1e-9, "{tight:?} {loose:?}");
        prop_assert!(loose.1 <= none.1 + 1e-9 && loose.0 <= none.0 + 1e-9, "{loose:?} {none:?}");
    }
}

fn level(wanted: f64, cpus: f64) -> Option<Level> {
    Prediction { wanted, ..Prediction::default() }.level(cpus)
}

#[test]
fn pools_within_the_cpus_are_told_from_larger_ones_and_from_several_processes() {
    let (groups, demands) = recorded(&JPEG_INPUT);
    let within = |groups: &[Group], caps: &Caps| of_demands(groups, &demands, 2.0, caps).within_cpus;
    let two = Caps::of([(CapKind::Intra, 2), (CapKind::Inter, 2), (CapKind::Data, 2)]);
    assert!(within(&groups, &two) && !within(&groups, &Caps::default()));
    assert!(!within(&groups, &pools(2, 2)), "tf.data is as it was");
    let mut several = groups.clone();
    several[1].limits.processes = vec![ProcessLimit::default(); 2];
    assert!(!within(&several, &two));
}

#[test]
fn a_prediction_is_as_bad_as_its_demand() {
    assert_eq!(level(2.0, 2.0), Some(Level::Healthy));
    assert_eq!(level(2.4, 2.0), Some(Level::Notice));
    assert_eq!(level(1.8, 1.0), Some(Level::Notice), "less than a whole CPU too much");
    assert_eq!(level(3.6, 2.0), Some(Level::Oversubscribed));
    assert_eq!(level(4.2, 2.0), Some(Level::Severe));
    let stages = |wanted| Prediction { wanted, within_cpus: true, ..Prediction::default() }.level(2.0);
    assert_eq!(
        (stages(4.2), stages(2.0)),
        (Some(Level::Notice), Some(Level::Healthy)),
        "two stages that feed each other"
    );
    assert_eq!(stages(5.2), Some(Level::Severe));
    assert_eq!((level(2.0, 0.0), level(f64::NAN, 2.0)), (None, None), "nothing is known");
}
