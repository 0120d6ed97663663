//! Every view that keys alone lead to, at every size, as snapshots; and what holds of each of them. Views that need an answer
//! (stacks, rerun, runs, output, replay) are looked at where they are tested, at the same sizes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/scenes.rs"]
mod scenes;
#[path = "support/stage.rs"]
mod stage;

use stage::{PLAIN, SIZES, Stage};
use tftop::data::scene::Scene;

/// A view: its name, what is watched, the keys that lead there.
type View = (&'static str, fn(u64) -> Scene, &'static str);

const VIEWS: &[View] = &[
    ("overview", scenes::training, ""),
    ("threads", scenes::with_workers, "2"),
    ("processes", scenes::with_workers, "5"),
    ("missing", scenes::degraded, "!"),
    ("threads_guessed", scenes::degraded, "2"),
    ("help", scenes::training, "?"),
    ("help_end", scenes::training, "?G"),
    ("menu", scenes::training, "s"),
    ("quota", scenes::with_quota, ""),
    ("ended", ended, ""),
];

/// Views of which a large screen shows all there is, however little: half of it may be empty.
const SHORT: &[&str] = &["threads", "threads_guessed", "processes", "missing"];

fn ended(tick: u64) -> Scene {
    let mut scene = scenes::training(tick);
    scene.target.ended = true;
    scene
}

#[test]
fn every_view_at_every_size() {
    for (name, scene, keys) in VIEWS {
        for (width, height) in SIZES {
            let mut stage = Stage::new(PLAIN, width, height, scene(80));
            stage.keys(keys);
            insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
                insta::assert_snapshot!(format!("{name}_{width}x{height}"), stage.text());
            });
            let empty = (0..height).filter(|&y| stage.line(y).trim_matches([' ', '│']).is_empty()).count();
            let most = if SHORT.contains(name) { height - 10 } else { height / 2 };
            assert!(empty <= usize::from(most), "{name}: {empty} empty lines\n{}", stage.text());
            let footer = stage.line(height - 1);
            assert!(!footer.is_empty() && footer.contains(' '), "{name}: no keys at the bottom\n{}", stage.text());
        }
    }
}
