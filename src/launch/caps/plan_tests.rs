//! Caps that fit together are planned; those that don't are refused with the option's name.

use super::*;

fn machine(online: &str, allowed: &str) -> MachineCpus {
    MachineCpus { online: online.parse().unwrap(), allowed: allowed.parse().unwrap(), ..MachineCpus::default() }
}

fn pools(intra: u32) -> PlanRequest {
    PlanRequest { pools: Caps::of([(CapKind::Intra, intra)]), shim_enforces: true, ..PlanRequest::default() }
}

fn cpus(text: &str) -> PlanRequest {
    PlanRequest { cpus: Some(text.parse().unwrap()), shim_enforces: true, ..PlanRequest::default() }
}

fn refused(request: &PlanRequest, machine: &MachineCpus) -> String {
    let why = plan(request, machine).unwrap_err().to_string();
    let forced = plan(&PlanRequest { force: true, ..request.clone() }, machine);
    assert_eq!(why.contains("--force"), forced.is_ok(), "{why}");
    why
}

#[test]
fn one_number_is_for_everything() {
    let plan = plan(&cpus("2"), &machine("0-7", "4-7")).unwrap();
    assert_eq!(plan.caps.to_string(), "intra=2 inter=2 data=2 omp=2 blas=2 cpus=2");
    assert_eq!(plan.cpus.unwrap().to_string(), "4-5");
}

#[test]
fn a_list_counts_its_cpus_and_a_pool_of_its_own_stays() {
    let mut request = cpus("1,3-4");
    *request.pools.get_mut(CapKind::Inter) = Some(1);
    let plan = plan(&request, &machine("0-7", "0-7")).unwrap();
    assert_eq!(plan.caps.to_string(), "intra=3 inter=1 data=3 omp=3 blas=3 cpus=3");
    assert_eq!(plan.cpus.unwrap().to_string(), "1,3-4");
}

#[test]
fn a_pool_alone_leaves_everything_else_alone() {
    let plan = plan(&pools(3), &machine("0-7", "0-7")).unwrap();
    assert_eq!((plan.caps.to_string().as_str(), plan.cpus), ("intra=3", None));
}

#[test]
fn more_than_the_machine_has_needs_force() {
    let two = machine("0-1", "0-1");
    assert!(refused(&pools(3), &two).starts_with("--intra 3 is more than the 2 CPUs of this machine"));
    assert!(refused(&cpus("3"), &two).starts_with("--cpus 3 is more than the 2 CPUs (CPUs 0-1)"));
    assert!(refused(&cpus("1-2"), &machine("0-7", "0-1")).starts_with("--cpus 1-2: only CPUs 0-1 may be used"));
    // No mask can name a CPU that is not there.
    assert!(refused(&cpus("8-9"), &two).contains("none of these CPUs is online"));
}

#[test]
fn forced_numbers_size_the_pools_and_leave_the_cpus_there_are() {
    let plan = plan(&PlanRequest { force: true, ..cpus("3") }, &machine("0-1", "0-1")).unwrap();
    assert_eq!((*plan.caps.get(CapKind::Intra), plan.cpus.unwrap().to_string().as_str()), (Some(3), "0-1"));
}

#[test]
fn contradictions_need_force() {
    let eight = machine("0-7", "0-7");
    let contradiction = PlanRequest { cpus: Some(CpuRequest::Count(2)), ..pools(8) };
    assert!(refused(&contradiction, &eight).starts_with("--intra 8 contradicts --cpus, which leaves 2"));
    let variable = PlanRequest { variables: vec![("TF_NUM_INTRAOP_THREADS".to_owned(), "8".into())], ..pools(2) };
    assert!(refused(&variable, &eight).starts_with("--env TF_NUM_INTRAOP_THREADS=8 contradicts the caps"));
    let same = PlanRequest { variables: vec![("TF_NUM_INTRAOP_THREADS".to_owned(), "2".into())], ..pools(2) };
    assert!(plan(&same, &eight).is_ok());
}

#[test]
fn a_quota_beyond_the_cpus_holds_nothing() {
    let quota = |text: &str, cpus: Option<CpuRequest>| PlanRequest {
        quota: Some(quota::parse(text).unwrap()),
        cpus,
        ..PlanRequest::default()
    };
    let eight = machine("0-7", "0-3");
    assert!(refused(&quota("4.5", None), &eight).starts_with("--quota 4.5 is more than the 4 CPUs"));
    assert!(refused(&quota("2.5", Some(CpuRequest::Count(2))), &eight).starts_with("--quota 2.5 contradicts --cpus"));
    assert_eq!(plan(&quota("4", None), &eight).unwrap().quota.unwrap().quota_us, 400_000);
}

#[test]
fn pins_stay_on_the_cpus_there_are_and_name_a_group_once() {
    let pin = |text: &str| crate::launch::pin::parse(text).unwrap();
    let request = |pins: &[&str], cpus| PlanRequest {
        pins: pins.iter().map(|text| pin(text)).collect(),
        cpus,
        ..PlanRequest::default()
    };
    let eight = machine("0-7", "0-3");
    assert_eq!(plan(&request(&["tf-data=0-1", "main=2"], None), &eight).unwrap().pins.len(), 2);
    let says = |request: &PlanRequest| refused(request, &eight);
    assert_eq!(
        says(&request(&["tf-data=3-4"], None)),
        "--pin tf-data=3-4 goes beyond CPUs 0-3, which may be used here"
    );
    let two = Some(CpuRequest::Count(2));
    assert_eq!(says(&request(&["tf-data=2"], two)), "--pin tf-data=2 goes beyond CPUs 0-1, which --cpus leaves");
    assert!(says(&request(&["tf-data=0", "tf-data=1"], None)).ends_with("pinned twice; name its CPUs in one list"));
}

#[test]
fn tf_data_can_not_be_capped_without_the_shim() {
    let request = PlanRequest { pools: Caps::of([(CapKind::Data, 1)]), ..PlanRequest::default() };
    assert!(plan(&request, &machine("0-7", "0-7")).unwrap_err().to_string().starts_with("--data is held by the shim"));
    // One number for everything asks for nothing in particular: what can be held is.
    assert!(plan(&PlanRequest { shim_enforces: false, ..cpus("2") }, &machine("0-7", "0-7")).is_ok());
}

fn preset(word: &str) -> PlanRequest {
    PlanRequest { preset: Some(word.parse().unwrap()), ..PlanRequest::default() }
}

#[test]
fn a_preset_gives_the_numbers_that_nobody_asked_for() {
    let eight = machine("0-7", "0-7");
    let caps = |request: &PlanRequest, machine: &MachineCpus| plan(request, machine).unwrap().caps.to_string();
    assert_eq!(caps(&preset("single"), &eight), "intra=1 inter=1 data=1 omp=1 blas=1");
    let own = PlanRequest { pools: Caps::of([(CapKind::Intra, 4)]), ..preset("single") };
    assert_eq!(caps(&own, &eight), "intra=4 inter=1 data=1 omp=1 blas=1");
    assert_eq!(caps(&preset("advised"), &eight), "intra=6 inter=2 data=2 omp=6 blas=1");
    assert_eq!(caps(&preset("advised"), &machine("0-7", "3")), "intra=1 inter=1 data=1 omp=1 blas=1");
    let two = PlanRequest { cpus: Some(CpuRequest::Count(2)), ..preset("advised") };
    assert_eq!(caps(&two, &eight), "intra=1 inter=1 data=1 omp=1 blas=1 cpus=2");
    // Whatever quota is the smallest counts: the one asked for, or that of whoever asks.
    let asked = PlanRequest { quota: quota::parse("4.5").ok(), ..preset("advised") };
    assert_eq!(caps(&asked, &eight), "intra=3 inter=2 data=1 omp=3 blas=1");
    assert_eq!(
        caps(&asked, &MachineCpus { quota_cpus: Some(0.5), ..eight.clone() }),
        "intra=1 inter=1 data=1 omp=1 blas=1"
    );
    assert!(plan(&asked, &eight).unwrap().because.unwrap().contains("estimated by a rule, not measured: of 4.5 CPUs"));
}

#[test]
fn physical_takes_one_cpu_of_each_core_that_may_be_used() {
    let cores = ["0,4", "1,5", "2,6", "3,7"].iter().map(|core| core.parse().unwrap()).collect();
    let hyper = MachineCpus { cores, ..machine("0-7", "1,4-6") };
    let plan = plan(&preset("physical"), &hyper).unwrap();
    assert_eq!(
        (plan.cpus.unwrap().to_string().as_str(), *plan.caps.get(CapKind::Intra), plan.caps.cpus),
        ("1,4,6", Some(3), Some(3))
    );
    let both = PlanRequest { cpus: Some(CpuRequest::Count(2)), ..preset("physical") };
    assert!(refused(&both, &hyper).starts_with("--preset physical and --cpus both name"));
    assert!(refused(&preset("physical"), &machine("0-7", "0-7")).contains("does not tell its cores"));
    assert!("fast".parse::<Preset>().is_err());
}

#[test]
fn nonsense_names_no_cpus() {
    for bad in ["", ",", "0", "x", "3-1", "-1", "1.5", "9999999", "99999999999", "0-99999"] {
        assert!(bad.parse::<CpuRequest>().is_err(), "{bad}");
    }
    assert_eq!("3-3".parse(), Ok(CpuRequest::List(CpuSet::from_iter([3]))));
    assert_eq!("3".parse(), Ok(CpuRequest::Count(3)));
    for value in [0, 100_000] {
        let why = plan(&PlanRequest { force: true, ..pools(value) }, &machine("0-7", "0-7")).unwrap_err().to_string();
        assert!(why.ends_with("must be between 1 and 8192"), "{why}");
    }
}
