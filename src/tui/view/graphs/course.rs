//! Which looks the chart shows, and which of its cells is of the moment on screen.

use ratatui::layout::Rect;

use crate::data::scene::{MarkKind, Scene, Timeline, TimelineLook, TimelineLooks};
use crate::tui::glyphs;
use crate::tui::state::Dashboard;

/// Cells of the scale on the left.
pub(crate) const SCALE: u16 = 5;

/// What the chart shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Course {
    /// Oldest first.
    pub(crate) cells: Vec<CourseCell>,
    /// Which of them is of the moment on screen; none where that is now.
    pub(crate) here: Option<usize>,
    /// Seconds that they cover.
    pub(crate) span_s: f64,
    /// Looks of a cell.
    pub(crate) each: usize,
    /// When the first look after them was taken; what happened then and later is not among them.
    end_ns: u64,
}

/// A cell: one look or some.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct CourseCell {
    /// Nanoseconds since boot of its first look.
    pub(crate) at_ns: u64,
    /// CPUs; not a number where there were none to compare with.
    pub(crate) got: f32,
    pub(crate) wanted: f32,
}

impl Course {
    /// As many cells as there is room for in the chart's area: those around the moment on screen.
    pub(crate) fn of(dashboard: &Dashboard, area: Rect) -> Self {
        let room = usize::from(area.width.saturating_sub(2 + SCALE));
        let (scene, timeline, each) = (dashboard.scene(), dashboard.timeline(), dashboard.zoom());
        // Where looks were put together, the newest ones are finer in the scene itself.
        let is_coarse = timeline.looks_each > 1 && each == 1 && !dashboard.is_past();
        let last_ns = timeline.looks.last().map_or(0, |look| look.at_ns);
        let is_known = timeline.known >= 1.0 || scene.at_ns <= last_ns;
        match timeline.look_at(scene.at_ns).filter(|_| is_known && !is_coarse && room > 0) {
            Some(at) if dashboard.is_past() => {
                Self::around(&timeline.looks, timeline.looks.len(), Some(at), (room, each))
            }
            // What came after a frozen look is not shown.
            Some(at) => {
                let course = Self::around(&timeline.looks, at + 1, None, (room, each));
                Self { end_ns: scene.at_ns.saturating_add(1), ..course }
            }
            None => Self::newest(scene, room),
        }
    }

    fn newest(scene: &Scene, room: usize) -> Self {
        let wanted = glyphs::last(&scene.trend.wanted, room);
        let got = glyphs::last(&scene.trend.got, wanted.len());
        let step_ns = (scene.trend.step_s.max(0.0) * 1e9) as u64;
        let at_ns = |at: usize| scene.at_ns.saturating_sub((wanted.len() - 1 - at) as u64 * step_ns);
        let cells = wanted.iter().zip(got).enumerate();
        let cells = cells.map(|(at, (&wanted, &got))| CourseCell { at_ns: at_ns(at), got, wanted });
        Self {
            span_s: wanted.len() as f64 * scene.trend.step_s,
            cells: cells.collect(),
            here: None,
            each: 1,
            end_ns: scene.at_ns.saturating_add(1),
        }
    }

    /// The cells do not move while the moment moves between them; near the newest look they are the newest ones.
    fn around(looks: &TimelineLooks, count: usize, at: Option<usize>, (room, each): (usize, usize)) -> Self {
        let last = count.saturating_sub(1) / each;
        let here = at.map_or(last, |at| at / each);
        let half = (room / 2).max(1);
        let first = match here + room > last {
            true => (last + 1).saturating_sub(room),
            false => (here / half * half).saturating_sub(half / 2),
        };
        let cell = |cell: usize| {
            let looks = (cell * each..count.min((cell + 1) * each)).filter_map(|at| looks.get(at).copied());
            looks.reduce(TimelineLook::with).map(CourseCell::of)
        };
        let cells: Vec<CourseCell> = (first..first + room).map_while(cell).collect();
        let known = |at: usize| looks.get(at).filter(|_| at < count);
        let next = known((first + cells.len()) * each);
        let begin_ns = cells.first().map_or(0, |cell| cell.at_ns);
        let span_s = next.or_else(|| known(count.checked_sub(1)?)).map_or(0, |look| look.at_ns.saturating_sub(begin_ns))
            as f64
            / 1e9;
        let here = at.map(|_| here.saturating_sub(first));
        Self { cells, here, span_s, each, end_ns: next.map_or(u64::MAX, |look| look.at_ns) }
    }

    /// What happened in each cell, the most telling of it.
    pub(crate) fn marks(&self, timeline: &Timeline) -> Vec<Option<MarkKind>> {
        let mut marks = vec![None; self.cells.len()];
        let Some(begin) = self.cells.first() else { return marks };
        let first = timeline.marks.partition_point(|mark| mark.at_ns < begin.at_ns);
        for mark in timeline.marks[first..].iter().take_while(|mark| mark.at_ns < self.end_ns) {
            let after = self.cells.partition_point(|cell| cell.at_ns <= mark.at_ns);
            let place = after.checked_sub(1).and_then(|at| marks.get_mut(at));
            place.into_iter().for_each(|place| *place = Some(place.map_or(mark.kind, |kind| kind.min(mark.kind))));
        }
        marks
    }

    /// Cells right of the moment on screen.
    pub(crate) fn after_here(&self) -> usize {
        self.here.map_or(0, |here| self.cells.len().saturating_sub(here + 1))
    }
}

impl CourseCell {
    fn of(look: TimelineLook) -> Self {
        let (got, wanted) = look.demand.unwrap_or((f32::NAN, f32::NAN));
        Self { at_ns: look.at_ns, got, wanted }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::data::scene::TimelineMark;

    fn timeline(looks: u64) -> Timeline {
        let look = |at_ns| TimelineLook { at_ns, demand: Some((1.0, at_ns as f32)), ..TimelineLook::default() };
        Timeline { looks: (0..looks).map(look).collect(), looks_each: 1, ..Timeline::default() }
    }

    fn shown(course: &Course) -> (u64, usize, Option<u64>) {
        let here = course.here.map(|here| course.cells[here].at_ns);
        (course.cells[0].at_ns, course.cells.len(), here)
    }

    #[test]
    fn the_moment_is_always_among_the_cells_and_they_stay_while_it_moves() {
        let timeline = timeline(1_000);
        for room in [1, 2, 7, 40] {
            for each in [1, 4, 16] {
                for at in 0..1_000 {
                    let course = Course::around(&timeline.looks, timeline.looks.len(), Some(at), (room, each));
                    let here = course.here.unwrap();
                    let cell = course.cells[here];
                    assert!((cell.at_ns..cell.at_ns + each as u64).contains(&(at as u64)), "{at} of {room}, {each}");
                    assert_eq!(
                        (cell.wanted, course.cells.len() <= room),
                        ((cell.at_ns + each as u64 - 1).min(999) as f32, true)
                    );
                }
            }
        }
        let begins: std::collections::BTreeSet<u64> = (0..1_000)
            .map(|at| Course::around(&timeline.looks, timeline.looks.len(), Some(at), (40, 1)).cells[0].at_ns)
            .collect();
        assert!(begins.len() < 60, "{begins:?}");
    }

    #[test]
    fn now_is_at_the_right() {
        let timeline = timeline(100);
        let now = Course::around(&timeline.looks, timeline.looks.len(), None, (40, 1));
        assert_eq!((shown(&now), now.after_here()), ((60, 40, None), 0));
        let before = Course::around(&timeline.looks, timeline.looks.len(), Some(89), (40, 1));
        assert_eq!((shown(&before), before.after_here()), ((60, 40, Some(89)), 10));
        let zoomed = Course::around(&timeline.looks, timeline.looks.len(), None, (40, 4));
        assert_eq!(shown(&zoomed), (0, 25, None));
    }

    #[test]
    fn marks_stand_in_their_cells_the_most_telling_first() {
        let mut timeline = timeline(100);
        let mark = |at_ns, kind| TimelineMark { at_ns, kind, text: "".into() };
        timeline.marks =
            Arc::new(vec![mark(3, MarkKind::Epoch), mark(70, MarkKind::Pool), mark(71, MarkKind::Verdict)]);
        let marks = Course::around(&timeline.looks, timeline.looks.len(), None, (40, 1)).marks(&timeline);
        assert_eq!(
            (marks[10], marks[11], marks.iter().flatten().count()),
            (Some(MarkKind::Pool), Some(MarkKind::Verdict), 2)
        );
        let before = Course::around(&timeline.looks, timeline.looks.len(), Some(20), (20, 1));
        assert_eq!(before.marks(&timeline).iter().flatten().count(), 0, "{before:?}");
        let marks = Course::around(&timeline.looks, timeline.looks.len(), None, (40, 4)).marks(&timeline);
        assert_eq!((marks[0], marks[17]), (Some(MarkKind::Epoch), Some(MarkKind::Verdict)));
        assert!(Course::default().marks(&timeline).is_empty());
    }
}
