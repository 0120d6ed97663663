//! Scenarios: samples in a compact notation in, scenes out (`tests/scenarios/*.toml`). Every scenario is run again with its
//! threads in other orders, which must not matter.
//!
//! What is expected is written as [`lines`] writes a scene; a list that is absent is not compared.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/scenario.rs"]
mod scenario;

use scenario::{Order, Scenario};
use serde::Deserialize;
use tftop::data::Text;
use tftop::data::scene::Scene;

/// A scenario and what is expected of it.
#[derive(Deserialize)]
struct Expected {
    #[allow(dead_code)]
    about: String,
    #[serde(flatten)]
    scenario: toml::Table,
    expect: Vec<Expect>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    /// After how many ticks; at the end where absent.
    after: Option<usize>,
    target: Option<Vec<String>>,
    groups: Option<Vec<String>>,
    threads: Option<Vec<String>>,
    rates: Option<Vec<String>>,
    capacity: Option<Vec<String>>,
    cpus: Option<Vec<String>>,
    gaps: Option<Vec<String>>,
}

/// A scene in lines, one list for each field of [`Expect`].
struct Lines {
    target: Vec<String>,
    groups: Vec<String>,
    threads: Vec<String>,
    rates: Vec<String>,
    capacity: Vec<String>,
    cpus: Vec<String>,
    gaps: Vec<String>,
}

fn lines(scene: &Scene) -> Lines {
    let demand = |demand: Option<tftop::data::scene::Demand>| {
        demand.map_or("unrated".to_owned(), |demand| format!("got {:.2} waiting {:.2}", demand.got, demand.waiting))
    };
    let origin = |key: &tftop::data::scene::GroupKey| match &key.library {
        Some(library) => format!("{} {library}", key.origin),
        None => key.origin.to_string(),
    };
    let capacity = &scene.capacity;
    let term = |(index, term): (usize, &tftop::data::scene::Term)| {
        let place = term.place.as_ref().map(|place| format!(" {place}")).unwrap_or_default();
        let throttled = term.throttled_share.map(|share| format!(" throttled {share:.2}")).unwrap_or_default();
        let binds = if capacity.binding == Some(index) { " binds" } else { "" };
        format!("{} {:.1}{place}{throttled}{binds}", term.kind.word(), term.cpus)
    };
    let version = |text: &Option<Text>| text.as_ref().map_or("-".to_owned(), ToString::to_string);
    let target = &scene.target;
    let tensorflow = target.tensorflow.as_ref().map_or("-".to_owned(), |found| version(&found.version));
    let others =
        target.frameworks.iter().map(|found| format!("{} {} ", found.framework.name(), version(&found.version)));
    let header = format!(
        "{} {} TF {tensorflow} {}Python {} started {} up {:.0} ended {}",
        target.pid,
        target.command,
        others.collect::<String>(),
        version(&target.python),
        target.started_unix_s,
        target.uptime_s,
        target.ended
    );
    let process = |process: &tftop::data::scene::ProcessState| {
        format!("{} {} threads {}", process.pid, demand(process.demand), process.threads)
    };
    Lines {
        target: [header, format!("{} in {:.1} s", demand(scene.demand), scene.window_s)]
            .into_iter()
            .chain(target.processes.iter().map(process))
            .collect(),
        groups: scene
            .groups
            .iter()
            .map(|group| {
                let awake = group.awake.map_or("-".to_owned(), |awake| format!("{awake:.2}"));
                let (key, used) = (origin(&group.key), demand(group.demand));
                let ended = if group.key.is_of_ended() && group.died > 0 {
                    let waited =
                        if group.waits_uncounted { "?".to_owned() } else { format!("{:.2}", group.total_wait_s) };
                    format!(", {} ended, waited {waited}", group.died)
                } else {
                    String::new()
                };
                format!(
                    "{key}: {} threads, awake {awake}, {used}, total {:.2}{ended}",
                    group.threads, group.total_run_s
                )
            })
            .collect(),
        threads: scene
            .threads
            .iter()
            .map(|thread| {
                let attribution = &thread.attribution;
                let (key, confidence) = (origin(&attribution.group), attribution.confidence.word());
                format!("{} {key}, {confidence}: {}", thread.key.tid, attribution.because)
            })
            .collect(),
        rates: scene.threads.iter().map(|thread| format!("{} {}", thread.key.tid, demand(thread.demand))).collect(),
        capacity: [format!("{:.1} CPUs", capacity.effective_cpus)]
            .into_iter()
            .chain(capacity.terms.iter().enumerate().map(term))
            .collect(),
        cpus: scene
            .cpus
            .iter()
            .map(|cpu| format!("{} ours {:.2} others {:.2} allowed {}", cpu.cpu, cpu.ours, cpu.others, cpu.allowed))
            .collect(),
        gaps: scene.gaps.iter().map(|gap| gap.what.clone()).collect(),
    }
}

fn check(name: &str, scenario: &Scenario, expected: &[Expect]) {
    let scenes = scenario.scenes(Order::ByTid);
    for order in [Order::Reversed, Order::Mixed] {
        assert!(scenes == scenario.scenes(order), "{name}: the order of threads matters");
    }
    for expect in expected {
        let after = expect.after.unwrap_or(scenario.ticks);
        let seen = lines(&scenes[after - 1]);
        let same = |what: &str, expected: &Option<Vec<String>>, seen: &[String]| {
            if let Some(expected) = expected {
                assert_eq!(expected, seen, "{name}, after {after} samples: {what}\n{}", seen.join("\n"));
            }
        };
        same("target", &expect.target, &seen.target);
        same("groups", &expect.groups, &seen.groups);
        same("threads", &expect.threads, &seen.threads);
        same("rates", &expect.rates, &seen.rates);
        same("capacity", &expect.capacity, &seen.capacity);
        same("cpus", &expect.cpus, &seen.cpus);
        same("gaps", &expect.gaps, &seen.gaps);
    }
}

#[test]
fn every_scenario_ends_as_it_says() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scenarios");
    let mut seen = 0;
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    for path in paths.filter(|path| path.is_file()) {
        let text = std::fs::read_to_string(&path).unwrap();
        let refused = |error: toml::de::Error| -> ! { panic!("{}: {error}", path.display()) };
        let Expected { scenario, expect, .. } = toml::from_str(&text).unwrap_or_else(|error| refused(error));
        let scenario: Scenario = scenario.try_into().unwrap_or_else(|error| refused(error));
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        assert!(!expect.is_empty(), "{name} expects nothing");
        check(&name, &scenario, &expect);
        seen += 1;
    }
    assert!(seen >= 12, "only {seen} scenarios were found");
}
