//! No scene, no size and no sequence of events makes the screen panic or lets a control character through.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/scenes.rs"]
mod scenes;
#[path = "support/stage.rs"]
mod stage;

use std::sync::Arc;

use crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use proptest::prelude::*;
use stage::Stage;
use tftop::data::limits::{CapKind, Caps, Knob, Limit, LimitSource};
use tftop::data::sample::{Identity, NameSource, TargetName};
use tftop::data::scene::{Answer, Cpu, Demand, Evidence, Pressure, ProcessState, Scene, Verdict};
use tftop::data::{Gap, Pid};
use tftop::tui::state::event::Event;
use tftop::tui::theme::{Appearance, ThemeName};

/// Everything a broken model or a malicious target could put into a scene.
fn hostile() -> Scene {
    let mut scene = scenes::with_workers(80);
    let name = "\u{1b}[2J日本語\u{301}👩‍👩‍👧 ".repeat(300);
    scene.target.command = name.clone();
    scene.target.uptime_s = f64::NAN;
    scene.interval_s = f64::INFINITY;
    scene.late_s = f64::NAN;
    scene.demand = Some(Demand { got: f64::NAN, waiting: -1.0, wanted: f64::INFINITY, wait_share: Some(f64::NAN) });
    scene.capacity.effective_cpus = -0.0;
    scene.capacity.binding = Some(77);
    scene.trend.wanted = vec![f32::NAN, f32::INFINITY, -3.0, 1e30];
    scene.trend.got = vec![f32::NEG_INFINITY];
    scene.trend.step_s = f64::NAN;
    for group in &mut scene.groups {
        group.label = name.clone();
        group.threads = u32::MAX;
        group.history = vec![f32::NAN; 4_000];
        group.awake = Some(f64::MAX);
        group.limits.exceeded_by = u32::MAX;
        group.limits.knob = Knob::Setting(name.as_str().into());
        group.limits.effective = Some(70);
        group.limits.all = (0..90).map(|at| limit(at, &name)).collect();
    }
    for (at, thread) in scene.threads.iter_mut().enumerate() {
        thread.group = at.wrapping_mul(usize::MAX / 3);
        thread.last_cpu = Some(u32::MAX);
        thread.slices_per_s = Some(f64::MAX);
        thread.demand = Some(Demand::new(f64::MAX, f64::MAX));
        let target_name = Some(TargetName { name: name.as_str().into(), source: NameSource::Python });
        thread.identity = Arc::new(Identity { target_name, ..(*thread.identity).clone() });
    }
    scene.target.processes = (0..40)
        .map(|at| ProcessState {
            pid: Pid(at % 7),
            parent: Pid((at + 1) % 7),
            command: name.clone(),
            ..ProcessState::default()
        })
        .collect();
    scene.cpus = (0..600).map(|cpu| Cpu { cpu, allowed: cpu % 2 == 0, ours: f64::NAN, others: 7.0 }).collect();
    scene.headline.message = name.clone();
    scene.headline.advice = name.clone();
    scene.headline.condition = Verdict::Severe;
    scene.headline.judged_s = f64::NAN;
    scene.headline.caps = Caps::of([(CapKind::Intra, u32::MAX), (CapKind::Data, 0)]);
    scene.headline.pressure = Some(Pressure { saturation: f64::INFINITY, ..Pressure::default() });
    for cause in &mut scene.judgements {
        if let Answer::Found(finding) = &mut cause.answer {
            finding.message = name.clone();
            finding.evidence = (0..60).map(|_| Evidence::new(name.clone(), name.clone())).collect();
            finding.remedy.export = Some(name.clone());
            finding.remedy.text = name.clone();
        }
    }
    let twice = scene.judgements[13].clone();
    scene.judgements.push(twice);
    scene.gaps = (0..30).map(|at| Gap::new(format!("{at} {name}"), name.clone())).collect();
    scene
}

fn limit(at: u32, name: &str) -> Limit {
    Limit {
        value: u32::MAX - at,
        source: LimitSource::Library(name.into()),
        place: name.into(),
        overruled: at.is_multiple_of(2).then(|| name.into()),
        ..Limit::default()
    }
}

fn scene(which: u8) -> Scene {
    match which % 7 {
        0 => Scene::default(),
        1 => scenes::first(),
        2 => hostile(),
        3 => scenes::crowd(300),
        4 => scenes::degraded(80),
        5 => scenes::with_quota(3),
        _ => scenes::training(80),
    }
}

/// One thing that happens to a dashboard.
#[derive(Clone, Debug)]
enum Happening {
    Terminal(Input),
    Scene(u8),
    NoMoreScenes,
}

fn happening() -> impl Strategy<Value = Happening> {
    let codes = prop::sample::select(vec![
        KeyCode::Up,
        KeyCode::Down,
        KeyCode::Left,
        KeyCode::Right,
        KeyCode::PageUp,
        KeyCode::PageDown,
        KeyCode::Home,
        KeyCode::End,
        KeyCode::Enter,
        KeyCode::Esc,
        KeyCode::Tab,
        KeyCode::BackTab,
        KeyCode::Backspace,
        KeyCode::F(4),
    ]);
    let key = |code| Happening::Terminal(Input::Key(KeyEvent::new(code, KeyModifiers::NONE)));
    let letters = prop::sample::select("/\\snNpZdt+-*<>IF123456!?ewa0 lhjkgGqé日".chars().collect::<Vec<_>>());
    let kinds = prop::sample::select(vec![
        MouseEventKind::Down(MouseButton::Left),
        MouseEventKind::ScrollDown,
        MouseEventKind::ScrollUp,
    ]);
    let mouse = (kinds, 0_u16..200, 0_u16..70).prop_map(|(kind, column, row)| {
        Happening::Terminal(Input::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }))
    });
    prop_oneof![
        4 => codes.prop_map(key),
        8 => letters.prop_map(move |letter| key(KeyCode::Char(letter))),
        3 => mouse,
        2 => (0_u16..190, 0_u16..60).prop_map(|(width, height)| Happening::Terminal(Input::Resize(width, height))),
        2 => any::<u8>().prop_map(Happening::Scene),
        1 => Just(Happening::NoMoreScenes),
    ]
}

fn is_clean(stage: &Stage) -> bool {
    stage.buffer().content.iter().all(|cell| !cell.symbol().chars().any(char::is_control))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn no_story_panics(
        which in any::<u8>(), ascii in any::<bool>(), (width, height) in (0_u16..190, 0_u16..60),
        events in prop::collection::vec(happening(), 0..25),
    ) {
        let look = Appearance { color: true, theme: ThemeName::Default, ascii };
        let mut stage = Stage::new(look, width, height, scene(which));
        for event in events {
            match event {
                Happening::Terminal(Input::Resize(width, height)) => stage.resize(width, height),
                Happening::Terminal(input) => drop(stage.input(&input)),
                Happening::Scene(which) => stage.scene(scene(which)),
                Happening::NoMoreScenes => drop(stage.tell(Event::NoMoreScenes)),
            }
            prop_assert!(is_clean(&stage));
            prop_assert!(!ascii || stage.text().is_ascii());
        }
    }
}

#[test]
fn a_hostile_scene_fits_every_size_in_every_view() {
    for (width, height) in
        [(0, 0), (1, 1), (40, 10), (41, 11), (80, 24), (90, 28), (130, 30), (160, 50), (300, 5), (5, 200)]
    {
        let mut stage = Stage::new(stage::COLOR, width, height, hostile());
        for key in "+jd1G2Gd3G4+Gw-+j-l0a\x1b5G6G?G?s".chars() {
            stage.keys(&key.to_string());
            assert!(is_clean(&stage), "{width}x{height} after {key:?}");
        }
    }
}

#[test]
fn a_process_whose_parents_form_a_ring_is_shown_once() {
    let mut stage = Stage::new(stage::PLAIN, 80, 24, hostile());
    stage.keys("5");
    assert_eq!(stage.dashboard.rows().len(), 40);
}

#[test]
fn five_thousand_threads_open_sort_and_scroll() {
    let mut stage = Stage::new(stage::PLAIN, 120, 40, scenes::crowd(5_000));
    stage.keys("+G2<<>>I\\10\n");
    assert!(stage.dashboard.rows().len() > 100);
    for _ in 0..100 {
        stage.wheel_down();
    }
    assert!(stage.dashboard.cursor().top() > 100);
}
