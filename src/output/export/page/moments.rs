//! Moments of a recording to click through: looks at equal distances, and those at which the verdict changed, of a recording of
//! any length no more than fit.

use serde::Serialize;

use crate::data::scene::{Group, Scene, Verdict};
use crate::output::export::page::chart::level_class;
use crate::output::export::page::markup::text;
use crate::output::export::scene_export::ExportSource;
use crate::present::block::limits::short;
use crate::present::format::{cpus_or_dash, duration, rounded, steps_per_s};
use crate::present::verdict::title;

/// Moments at equal distances, at most.
const MOST: usize = 240;
/// Changes of the verdict that are kept beside them.
const MOST_CHANGES: usize = 60;
/// Groups of one moment, those that want most.
const MOST_GROUPS: usize = 24;

#[derive(Debug)]
pub(crate) struct Moments {
    kept: Vec<PageMoment>,
    newest: Option<PageMoment>,
    verdict: Option<Verdict>,
    changes: usize,
    looks: u64,
    stride: u64,
}

/// What a page shows of one look.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PageMoment {
    #[serde(skip)]
    look: u64,
    #[serde(skip)]
    changed: bool,
    at_s: f64,
    /// "1m30s".
    at: String,
    time: String,
    /// Class of its colour.
    level: &'static str,
    verdict: String,
    says: String,
    advice: String,
    processes: usize,
    threads: usize,
    got: String,
    wanted: String,
    cpus: String,
    /// Null where there are no step marks.
    steps: Option<String>,
    groups: Vec<MomentGroup>,
    more_groups: usize,
}

/// A group's cells, as they are shown.
#[derive(Clone, Debug, Serialize)]
struct MomentGroup {
    label: String,
    threads: u32,
    cells: [String; 5],
    source: String,
}

impl Default for Moments {
    fn default() -> Self {
        Self { kept: Vec::new(), newest: None, verdict: None, changes: 0, looks: 0, stride: 1 }
    }
}

impl Moments {
    /// One more look.
    pub(crate) fn add(&mut self, scene: &Scene, source: &ExportSource) {
        let condition = scene.headline.condition;
        let changed = self.verdict.replace(condition) != Some(condition) && self.changes < MOST_CHANGES;
        self.changes += usize::from(changed);
        let moment = PageMoment::new(scene, source, self.looks, changed);
        if changed || self.looks.is_multiple_of(self.stride) {
            self.kept.push(moment.clone());
        }
        self.newest = Some(moment);
        self.looks += 1;
        if self.kept.iter().filter(|moment| !moment.changed).count() > MOST {
            self.stride *= 2;
            let stride = self.stride;
            self.kept.retain(|moment| moment.changed || moment.look.is_multiple_of(stride));
        }
    }

    /// The moments that are kept, the last look among them.
    pub(crate) fn kept(&self) -> Vec<PageMoment> {
        let last = self.kept.last().map(|last| last.look);
        let newest = self.newest.iter().filter(|newest| last != Some(newest.look));
        self.kept.iter().chain(newest).cloned().collect()
    }

    /// How many looks there were.
    pub(crate) fn looks(&self) -> u64 {
        self.looks
    }
}

impl PageMoment {
    fn new(scene: &Scene, source: &ExportSource, look: u64, changed: bool) -> Self {
        let offset_s = source.offset_s(scene.at_ns);
        let headline = &scene.headline;
        let speed = scene.launch.as_ref().and_then(|launch| launch.steps.speed.as_ref());
        let judged = headline.condition != Verdict::TooSoon;
        Self {
            look,
            changed,
            at_s: offset_s,
            at: duration(offset_s),
            time: source.time(scene.at_ns),
            level: level_class(judged.then(|| headline.condition.level())),
            verdict: title(headline),
            says: headline.message.clone(),
            advice: headline.advice.clone(),
            processes: scene.target.processes.iter().filter(|process| !process.ended).count(),
            threads: scene.threads.len(),
            got: cpus_or_dash(scene.demand.map(|demand| demand.got)),
            wanted: cpus_or_dash(scene.demand.map(|demand| demand.wanted)),
            cpus: cpus_or_dash(scene.capacity.binding.map(|_| rounded(scene.capacity.effective_cpus))),
            steps: speed.and_then(|speed| speed.per_s).map(steps_per_s),
            groups: scene.groups.iter().take(MOST_GROUPS).map(MomentGroup::new).collect(),
            more_groups: scene.groups.len().saturating_sub(MOST_GROUPS),
        }
    }

    /// Its row of the list of moments.
    pub(crate) fn row(&self, place: usize) -> String {
        format!(
            "<tr data-at=\"{place}\"><td class=\"n\"><button type=\"button\">{}</button></td><td><i class=\"{}\"></i>{}</td><td \
             class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>\n",
            text(&self.at),
            self.level,
            text(&self.verdict),
            self.threads,
            self.got,
            self.wanted,
            self.cpus
        )
    }
}

impl MomentGroup {
    fn new(group: &Group) -> Self {
        let demand = group.demand;
        Self {
            label: group.label.clone(),
            threads: group.threads,
            cells: [
                cpus_or_dash(group.awake),
                cpus_or_dash(demand.map(|demand| demand.got)),
                cpus_or_dash(demand.map(|demand| demand.waiting)),
                cpus_or_dash(demand.map(|demand| demand.wanted)),
                short(&group.limits),
            ],
            source: group.limits.effective().map_or_else(String::new, |limit| limit.source.text().to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::scene::Headline;

    #[test]
    fn of_a_long_recording_few_moments_are_kept_and_changes_among_them() {
        let mut moments = Moments::default();
        for look in 0..5_000_u64 {
            let condition = if (777..781).contains(&look) { Verdict::Severe } else { Verdict::Healthy };
            let headline = Headline { condition, ..Headline::default() };
            let scene = Scene { at_ns: look * 1_000_000_000, headline, ..Scene::default() };
            moments.add(&scene, &ExportSource::default());
        }
        assert_eq!(moments.looks(), 5_000);
        let kept = moments.kept();
        assert!(kept.len() > MOST / 2 && kept.len() <= MOST + MOST_CHANGES, "{}", kept.len());
        assert!(kept.is_sorted_by(|a, b| a.look < b.look));
        for look in [0, 777, 781, 4_999] {
            assert!(kept.iter().any(|moment| moment.look == look), "{look}");
        }
    }

    #[test]
    fn changes_without_end_are_kept_only_so_many_times() {
        let mut moments = Moments::default();
        for look in 0..5_000_u64 {
            let condition = if look % 2 == 0 { Verdict::Severe } else { Verdict::Healthy };
            let headline = Headline { condition, ..Headline::default() };
            moments.add(&Scene { at_ns: look, headline, ..Scene::default() }, &ExportSource::default());
        }
        assert!(moments.kept().len() <= MOST + MOST_CHANGES + 1);
    }
}
