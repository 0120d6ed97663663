//! The loops that the binary runs, driven end to end: a scripted stream of events, a test backend, and waiting for what
//! the loop itself reports instead of for time.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/scenes.rs"]
mod scenes;
#[path = "support/stage.rs"]
mod stage;

use std::future::pending;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::Event as Input;
use futures_util::{Stream, stream};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use tftop::data::Pid;
use tftop::data::job::rank::Rank;
use tftop::data::job::{Job, JobKey};
use tftop::data::sample::Interest;
use tftop::data::scene::{Demand, Scene};
use tftop::probe::reading::{Reading, ReadingPart};
use tftop::tui;
use tftop::tui::keys::KeyMap;
use tftop::tui::messages::effect::Effect;
use tftop::tui::messages::feed::SceneFeed;
use tftop::tui::messages::replay::{ReplayPane, ReplayState, ShownMoment, TimeRequest, TimeStep};
use tftop::tui::picker;
use tftop::tui::picker::{Picked, PickerList};
use tftop::tui::settings::SharedSettings;
use tokio::sync::{mpsc, watch};

type Events = Pin<Box<dyn Stream<Item = io::Result<Input>>>>;

/// What the other end of the loop holds.
struct Other {
    keys: Option<mpsc::UnboundedSender<io::Result<Input>>>,
    scenes: Option<watch::Sender<Arc<Scene>>>,
    interest: watch::Receiver<Interest>,
}

impl Other {
    fn press(&self, keys: &str) {
        for key in keys.chars() {
            self.keys.as_ref().unwrap().send(Ok(stage::input(key))).unwrap();
        }
    }

    fn show(&self, scene: Scene) {
        self.scenes.as_ref().unwrap().send(Arc::new(scene)).unwrap();
    }

    /// Waits until the loop wants these threads' details: then it has taken in everything before.
    async fn wants(&mut self, tids: &[u32]) {
        let keys: Vec<_> = tids.iter().map(|tid| scenes::key(*tid)).collect();
        let wait = self.interest.wait_for(|interest| interest.details == keys);
        tokio::time::timeout(Duration::from_secs(20), wait).await.expect("the loop reports it in time").unwrap();
    }
}

fn events() -> (mpsc::UnboundedSender<io::Result<Input>>, Events) {
    let (keys, typed) = mpsc::unbounded_channel();
    (keys, Box::pin(stream::unfold(typed, |mut typed| async { Some((typed.recv().await?, typed)) })))
}

fn terminal(width: u16, height: u16) -> Terminal<TestBackend> {
    Terminal::new(TestBackend::new(width, height)).unwrap()
}

fn text(terminal: &Terminal<TestBackend>) -> String {
    let buffer = terminal.backend().buffer();
    (0..buffer.area.height).map(|y| stage::line(buffer, y) + "\n").collect()
}

/// Runs the dashboard against a story; what it returned, and the last screen.
async fn play<F: Future<Output = ()>>(
    stop: impl Future<Output = ()>,
    story: impl FnOnce(Other) -> F,
) -> (io::Result<Effect>, String) {
    play_with(None, stop, story).await
}

/// The same of a target that has a past.
async fn play_with<F: Future<Output = ()>>(
    replay: Option<ReplayPane>,
    stop: impl Future<Output = ()>,
    story: impl FnOnce(Other) -> F,
) -> (io::Result<Effect>, String) {
    let (keys, typed) = events();
    let (send, scenes) = watch::channel(Arc::new(scenes::training(80)));
    let (requests, interest) = watch::channel(Interest::default());
    let mut terminal = terminal(80, 24);
    let other = Other { keys: Some(keys), scenes: Some(send), interest };
    let (_shelf, runs) = watch::channel(Arc::default());
    let (runs_request, _requested) = watch::channel(tftop::tui::messages::runs::RunsRequest::default());
    let reading = Reading::default();
    reading.begin(Pid(2430), ReadingPart::Maps);
    let feed = SceneFeed {
        scenes,
        reading,
        interest: requests,
        console: None,
        rerun: None,
        restart: None,
        notice: None,
        read_only: false,
        settings: SharedSettings::default(),
        interval: None,
        stacks: None,
        replay,
        runs,
        runs_request,
    };
    let (effect, ()) = tokio::join!(tui::run(&mut terminal, typed, feed, stage::PLAIN, stop), story(other));
    (effect, text(&terminal))
}

#[tokio::test]
async fn keys_and_scenes_reach_the_screen_and_wishes_the_feed() {
    let (effect, screen) = play(pending(), |mut other| async move {
        other.press("jl");
        other.wants(&[2434, 2435, 2436]).await;
        let mut scene = scenes::training(81);
        scene.threads = scene.threads.iter().filter(|thread| thread.key.tid.0 != 2435).cloned().collect();
        other.show(scene);
        other.wants(&[2434, 2436]).await;
        other.press("q");
    })
    .await;
    assert_eq!(effect.unwrap(), Effect::Quit);
    assert!(screen.contains("2436") && !screen.contains("2435"), "{screen}");
}

#[tokio::test]
async fn a_stop_from_outside_ends_it() {
    let (effect, _) = play(async {}, |_| async {}).await;
    assert_eq!(effect.unwrap(), Effect::Stopped);
}

#[tokio::test]
async fn a_terminal_that_is_gone_ends_it() {
    let (effect, _) = play(pending(), |other| async move { drop(other) }).await;
    assert_eq!(effect.unwrap(), Effect::InputClosed);
}

#[tokio::test]
async fn a_terminal_that_can_not_be_read_is_an_error() {
    let (effect, _) = play(pending(), |other| async move {
        other.keys.as_ref().unwrap().send(Err(io::Error::other("broken"))).unwrap();
    })
    .await;
    assert_eq!(effect.unwrap_err().to_string(), "broken");
}

#[tokio::test]
async fn a_feed_that_ends_leaves_the_screen_usable() {
    let (effect, screen) = play(pending(), |mut other| async move {
        other.scenes = None;
        other.press("jl");
        other.wants(&[2434, 2435, 2436]).await;
        other.press("q");
    })
    .await;
    assert_eq!(effect.unwrap(), Effect::Quit);
    assert!(screen.contains("measuring stopped"), "{screen}");
}

#[tokio::test]
async fn an_old_look_is_never_called_live() {
    let (_, screen) = play(pending(), |other| async move {
        // Overdue after two intervals of a second; told once a second, before any key.
        tokio::time::sleep(Duration::from_millis(3_200)).await;
        other.press("q");
    })
    .await;
    assert!(screen.contains("ago, still reading maps of 2430") && !screen.contains("live"), "{screen}");
    let (_, screen) = play(pending(), |mut other| async move {
        tokio::time::sleep(Duration::from_millis(2_200)).await;
        let mut scene = scenes::training(81);
        scene.threads = scene.threads.iter().filter(|thread| thread.key.tid.0 != 2435).cloned().collect();
        other.press("jl");
        other.wants(&[2434, 2435, 2436]).await;
        other.show(scene);
        other.wants(&[2434, 2436]).await;
        other.press("q");
    })
    .await;
    assert!(screen.contains("live") && !screen.contains("ago"), "a newer scene is live again: {screen}");
}

#[tokio::test]
async fn redrawing_is_no_end() {
    let (effect, screen) = play(pending(), |mut other| async move {
        other.keys.as_ref().unwrap().send(Ok(control('l'))).unwrap();
        other.press("jl");
        other.wants(&[2434, 2435, 2436]).await;
        other.press("q");
    })
    .await;
    assert_eq!(effect.unwrap(), Effect::Quit);
    assert!(screen.contains("wanted 4.6 of 2.0 CPUs"), "{screen}");
}

#[tokio::test]
async fn a_burst_of_events_is_taken_in_whole() {
    let (effect, screen) = play(pending(), |mut other| async move {
        other.press(&"jk".repeat(400));
        other.press("jl");
        other.wants(&[2437, 2438, 2439, 2440, 2441]).await;
        other.press("q");
    })
    .await;
    assert_eq!(effect.unwrap(), Effect::Quit);
    assert!(screen.contains("▾ TF inter-op"), "{screen}");
}

fn control(letter: char) -> Input {
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
    Input::Key(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL))
}

fn listing() -> PickerList {
    let mut other = scenes::training(9);
    (other.target.pid, other.target.command) = (Pid(2981), "python serve.py".into());
    let mut guessed = scenes::first();
    guessed.target.pid = Pid(3120);
    guessed.target.command = "python -m notebook".into();
    guessed.target.tensorflow.as_mut().unwrap().guessed = true;
    let scenes = [scenes::training(9), other, guessed].map(Arc::new).to_vec();
    PickerList { scenes, note: "3 processes map libtensorflow, 212 were looked at".into(), ..PickerList::default() }
}

async fn pick(listing: PickerList, keys: &str) -> (Option<Pid>, String) {
    pick_on((80, 24), listing, keys).await
}

async fn pick_on((width, height): (u16, u16), listing: PickerList, keys: &str) -> (Option<Pid>, String) {
    let (send, typed) = events();
    let (_rows, listings) = watch::channel(listing);
    let mut terminal = terminal(width, height);
    keys.chars().for_each(|key| send.send(Ok(stage::input(key))).unwrap());
    drop(send);
    let picked =
        picker::run(&mut terminal, typed, listings, (stage::PLAIN, KeyMap::default()), pending()).await.unwrap();
    // None of these lists has a job.
    assert!(picked.is_none_or(|picked| !picked.job));
    (picked.map(|picked| picked.pid), text(&terminal))
}

/// Two ranks of a job that runs on two machines, beside the processes of `listing`.
fn with_job() -> PickerList {
    let rank = |rank: u32| {
        let mut scene = scenes::training(9);
        (scene.target.pid, scene.target.command) = (Pid(500 + rank), "python ranks.py".into());
        let told = format!(
            "OMPI_COMM_WORLD_RANK={rank}\0OMPI_COMM_WORLD_SIZE=4\0OMPI_COMM_WORLD_LOCAL_SIZE=2\0SLURM_JOB_ID=7"
        );
        scene.target.rank = Rank::from_block(told.as_bytes());
        Arc::new(scene)
    };
    let (zero, one) = (rank(0), rank(1));
    let demand = Demand::new(30.0, 60.0);
    let job = Job {
        key: JobKey::of(&zero.target).unwrap(),
        ranks_here: vec![0, 1],
        share: 8.0,
        demand: Some(demand),
        scene: Arc::new(Scene { demand: Some(demand), ..scenes::training(80) }),
    };
    let job = Job { scene: Arc::new(Scene { target: zero.target.clone(), ..(*job.scene).clone() }), ..job };
    let mut listing = listing();
    listing.scenes.extend([one, zero]);
    PickerList { jobs: vec![job], ..listing }
}

#[tokio::test]
async fn a_job_stands_above_its_ranks_and_is_a_choice_of_its_own() {
    for (width, height) in stage::SIZES {
        let (send, typed) = events();
        let (_rows, listings) = watch::channel(with_job());
        let mut terminal = terminal(width, height);
        "gjjk\n".chars().for_each(|key| send.send(Ok(stage::input(key))).unwrap());
        drop(send);
        let keys = (stage::PLAIN, KeyMap::default());
        let picked = picker::run(&mut terminal, typed, listings, keys, pending()).await.unwrap();
        assert_eq!(picked, Some(Picked { pid: Pid(500), job: false }), "the first rank");
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(format!("picker_job_{width}x{height}"), text(&terminal));
        });
    }
    let (send, typed) = events();
    let (_rows, listings) = watch::channel(with_job());
    "g\n".chars().for_each(|key| send.send(Ok(stage::input(key))).unwrap());
    let keys = (stage::PLAIN, KeyMap::default());
    let picked = picker::run(&mut terminal(80, 24), typed, listings, keys, pending()).await.unwrap();
    assert_eq!(picked, Some(Picked { pid: Pid(500), job: true }));
}

#[tokio::test]
async fn the_picker_attaches_to_the_selected_process() {
    assert_eq!(pick(listing(), "\n").await.0, Some(Pid(2430)));
    assert_eq!(pick(listing(), "j\n").await.0, Some(Pid(2981)));
    assert_eq!(pick(listing(), "jjjjj\n").await.0, Some(Pid(3120)));
    assert_eq!(pick(listing(), "jjq\n").await.0, None);
    assert_eq!(pick(listing(), "").await.0, None, "a terminal that is gone picks nothing");
}

#[tokio::test]
async fn the_picker_filters() {
    assert_eq!(pick(listing(), "/serve\n\n").await.0, Some(Pid(2981)));
    assert_eq!(pick(listing(), "/q\n\x1b\n").await.0, Some(Pid(2430)), "a letter of the filter, taken back");
    let (picked, screen) = pick(listing(), "/nobody\n\n").await;
    assert_eq!(picked, None);
    assert!(screen.contains("no process contains the filter's text"), "{screen}");
}

#[tokio::test]
async fn the_picker_shows_what_it_knows() {
    for (width, height) in stage::SIZES {
        let (_, screen) = pick_on((width, height), listing(), "j").await;
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(format!("picker_{width}x{height}"), screen);
        });
    }
}

#[tokio::test]
async fn the_picker_has_a_verdict_where_there_is_room() {
    let mut listing = listing();
    listing.scenes.push(Arc::new(scenes::training(80)));
    let (_, screen) = pick_on((100, 24), listing, "s").await;
    let words: Vec<&str> = screen
        .lines()
        .filter_map(|line| ["too soon", "oversubscribed"].into_iter().find(|it| line.contains(it)))
        .collect();
    assert_eq!(words, ["too soon", "oversubscribed", "too soon", "too soon"], "{screen}");
}

#[tokio::test]
async fn the_busiest_process_comes_first_and_s_changes_the_order() {
    let mut listing = listing();
    let mut busy = scenes::training(9);
    (busy.target.pid, busy.target.command) = (Pid(9000), "python busy.py".into());
    busy.target.uptime_s = 5.0;
    busy.demand = Some(Demand::new(9.0, 9.0));
    listing.scenes.push(Arc::new(busy));
    assert_eq!(pick(listing.clone(), "\n").await.0, Some(Pid(9000)));
    let (picked, screen) = pick(listing.clone(), "sg\n").await;
    assert!(picked == Some(Pid(2430)) && screen.contains("by pid ·"), "{screen}");
    assert_eq!(pick(listing.clone(), "ssg\n").await.0, Some(Pid(9000)), "the newest");
    assert_eq!(pick(listing, "sssg\n").await.0, Some(Pid(3120)), "python -m comes before python busy.py");
}

#[tokio::test]
async fn the_picker_lists_its_keys_and_says_what_does_nothing() {
    let (_, screen) = pick(listing(), "?").await;
    assert!(screen.contains("processes: busiest first, by pid"), "{screen}");
    let (picked, screen) = pick(listing(), "?\x1bx").await;
    assert!(picked.is_none() && screen.contains("x does nothing here; ? lists the keys"), "{screen}");
    assert!(!screen.contains("processes: busiest first"), "{screen}");
}

#[tokio::test]
async fn commands_that_differ_at_their_ends_differ_in_the_picker() {
    let with_seed = |pid: u32, seed: &str| {
        let mut scene = scenes::training(9);
        scene.target.pid = Pid(pid);
        scene.target.command = format!("python /home/ana/project/train.py --epochs 30 --batch 128 --seed {seed}");
        Arc::new(scene)
    };
    let scenes = vec![with_seed(1, "1"), with_seed(2, "2")];
    let (_, screen) = pick(PickerList { scenes, ..PickerList::default() }, "").await;
    assert!(screen.contains("--seed 1") && screen.contains("--seed 2") && screen.contains('…'), "{screen}");
}

#[tokio::test]
async fn an_empty_picker_says_what_was_looked_for() {
    let note = "no process here maps libtensorflow; 212 were looked at".to_owned();
    let (picked, screen) = pick(PickerList { note: note.clone(), ..PickerList::default() }, "\n").await;
    assert_eq!(picked, None);
    assert!(screen.contains(&note), "{screen}");
}

#[tokio::test]
async fn a_moment_is_asked_for_and_shown_until_now_is_asked_for() {
    let now = scenes::training(80);
    for (go_on, last) in [(false, "10s ago"), (true, "● live")] {
        let (requests, asked) = std::sync::mpsc::channel();
        let live = ShownMoment { scene: None, state: ReplayState::live() };
        let (moments, shown) = watch::channel(live.clone());
        let (_course, timeline) = watch::channel(Arc::default());
        let pane = ReplayPane { requests, moments: shown, timeline };
        let from_ns = now.at_ns;
        let (effect, screen) = play_with(Some(pane), pending(), |other| async move {
            let drawn = || tokio::time::sleep(Duration::from_millis(50));
            other.press("[");
            let request = loop {
                match asked.try_recv() {
                    Ok(request) => break request,
                    Err(_) => drawn().await,
                }
            };
            assert_eq!(request, TimeRequest { step: TimeStep::LookBack, from_ns });
            let wanted = other.interest.borrow().clone();
            moments.send_replace(ShownMoment { scene: Some(Arc::new(scenes::training(70))), ..live.clone() });
            drawn().await;
            other.press("2+j");
            drawn().await;
            assert_eq!(*other.interest.borrow(), wanted, "nothing more is read for what is past");
            if go_on {
                moments.send_replace(live);
                drawn().await;
            }
            other.press("q");
        })
        .await;
        assert_eq!(effect.unwrap(), Effect::Quit);
        assert!(screen.lines().next().unwrap().contains(last), "{screen}");
    }
}
