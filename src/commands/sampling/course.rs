//! Reads a recording through, for its course over time: the chart and a search in time need what was not played yet.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::data::scene::Timeline;
use crate::model::timeline::TimelineBuilder;
use crate::runs::player::Player;

/// How often it is told how much is known.
const TOLD_EVERY: Duration = Duration::from_millis(200);

/// Begins to read; it ends with the recording, or when nobody wants to know any more.
///
/// # Errors
/// That there can be no thread.
pub(crate) fn read(player: Player) -> std::io::Result<watch::Receiver<Arc<Timeline>>> {
    let (publish, timeline) = watch::channel(Arc::default());
    thread::Builder::new().name("tftop-course".to_owned()).spawn(move || follow(player, &publish))?;
    Ok(timeline)
}

/// What can't be read is not known.
fn follow(mut player: Player, publish: &watch::Sender<Arc<Timeline>>) {
    let mut course: Option<TimelineBuilder> = None;
    let mut told = Instant::now();
    let first_ns = player.looks_ns().first().copied().unwrap_or_default();
    for look in 0..=player.last() {
        let Ok((reached, scene)) = player.go(look, || false) else { break };
        if reached < look || publish.is_closed() {
            break;
        }
        let moment = scene.recorded.as_ref();
        let boot_unix_ms = moment.map_or(0, |it| it.begun_unix_ms.saturating_sub(first_ns / 1_000_000));
        course.get_or_insert_with(|| TimelineBuilder::new(boot_unix_ms)).add(&scene);
        if told.elapsed() >= TOLD_EVERY {
            told = Instant::now();
            tell(course.as_ref(), (look + 1) as f64 / (player.last() + 1) as f64, publish);
        }
    }
    tell(course.as_ref(), 1.0, publish);
}

fn tell(course: Option<&TimelineBuilder>, known: f64, publish: &watch::Sender<Arc<Timeline>>) {
    if let Some(course) = course {
        publish.send_replace(Arc::new(Timeline { known, ..course.timeline().clone() }));
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;
    use crate::model::origin::families::Families;
    use crate::runs::recorded::Recorded;

    #[test]
    fn every_look_of_a_recording_is_in_its_course() {
        let file = File::open("tests/data/tape/first.tape").unwrap();
        let recorded = Recorded::open(file, "last", false).unwrap();
        let player = Player::open(recorded, Families::builtin()).unwrap();
        let looks = player.looks_ns().to_vec();
        let (publish, course) = watch::channel(Arc::default());
        follow(player, &publish);
        let course = course.borrow().clone();
        assert_eq!(course.looks.iter().map(|look| look.at_ns).collect::<Vec<_>>(), looks);
        assert!(course.known == 1.0 && !course.marks.is_empty(), "{:?}", course.marks);
        assert!(course.unix_s(looks[0]) > 1_700_000_000);
    }
}
