//! What a chart shows of a recording of any length: points of a bounded number, each the mean of as many looks.

use std::collections::HashMap;

use crate::data::scene::{GroupKey, Level, Scene, Verdict};

/// Most points; even, for they are put together by twos.
const MOST_POINTS: usize = 600;
/// Groups that are told apart; the rest is one.
pub(crate) const MOST_GROUPS: usize = 7;

/// Demand over time.
#[derive(Debug)]
pub(crate) struct Series {
    groups: Vec<String>,
    places: HashMap<GroupKey, usize>,
    points: Vec<Point>,
    /// Looks that make one point.
    stride: u64,
}

/// Sums over the looks of a point.
#[derive(Clone, Debug, Default)]
struct Point {
    looks: u64,
    offset_s: f64,
    got: Vec<f64>,
    wanted: f64,
    cpus: f64,
    most_wanted: f64,
    /// Worst of its looks; none: too soon to tell.
    level: Option<Level>,
}

/// One point: means.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ChartPoint {
    /// Seconds since the first look.
    pub(crate) offset_s: f64,
    /// CPUs got by each of [`Chart::groups`], the rest last.
    pub(crate) got: Vec<f64>,
    pub(crate) wanted: f64,
    /// CPUs the target may use.
    pub(crate) cpus: f64,
    pub(crate) level: Option<Level>,
}

/// What is drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Chart {
    /// Labels of the groups that got most, in that order; what is left has none.
    pub(crate) groups: Vec<String>,
    /// Whether something is left: the last value of each point's `got`.
    pub(crate) has_rest: bool,
    pub(crate) points: Vec<ChartPoint>,
    /// Looks that make one point.
    pub(crate) looks_each: u64,
    /// Most CPUs wanted at any look.
    pub(crate) most_wanted: f64,
}

impl Default for Series {
    fn default() -> Self {
        Self { groups: Vec::new(), places: HashMap::new(), points: Vec::new(), stride: 1 }
    }
}

impl Series {
    /// One more look; one without demand shows nothing.
    pub(crate) fn add(&mut self, scene: &Scene, offset_s: f64) {
        let Some(demand) = scene.demand else { return };
        if self.points.last().is_none_or(|point| point.looks >= self.stride) {
            if self.points.len() == MOST_POINTS {
                self.halve();
            }
            if self.points.last().is_none_or(|point| point.looks >= self.stride) {
                self.points.push(Point::default());
            }
        }
        for group in &scene.groups {
            if !self.places.contains_key(&group.key) {
                self.places.insert(group.key.clone(), self.groups.len());
                self.groups.push(group.label.clone());
            }
        }
        let Some(point) = self.points.last_mut() else { return };
        point.looks += 1;
        point.offset_s += offset_s;
        point.wanted += demand.wanted;
        point.cpus += scene.capacity.effective_cpus;
        point.most_wanted = point.most_wanted.max(demand.wanted);
        let judged = scene.headline.condition != Verdict::TooSoon;
        point.level = point.level.max(judged.then(|| scene.headline.condition.level()));
        point.got.resize(self.groups.len(), 0.0);
        for group in &scene.groups {
            let got = group.demand.map_or(0.0, |demand| demand.got);
            if let Some(sum) = self.places.get(&group.key).and_then(|&place| point.got.get_mut(place)) {
                *sum += got;
            }
        }
    }

    /// The points, their groups in order of what they got.
    pub(crate) fn chart(&self) -> Chart {
        let got = |point: &Point, group: usize| point.got.get(group).copied().unwrap_or(0.0);
        let total = |group: usize| self.points.iter().map(|point| got(point, group)).sum::<f64>();
        let mut order: Vec<(usize, f64)> = (0..self.groups.len()).map(|group| (group, total(group))).collect();
        order.retain(|(_, total)| *total > 0.0);
        order.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        let (shown, rest) = order.split_at(order.len().min(MOST_GROUPS));
        let means = |point: &Point| {
            let looks = point.looks as f64;
            let of = |groups: &[(usize, f64)]| groups.iter().map(|(group, _)| got(point, *group)).sum::<f64>() / looks;
            ChartPoint {
                offset_s: point.offset_s / looks,
                got: shown.chunks(1).chain((!rest.is_empty()).then_some(rest)).map(of).collect(),
                wanted: point.wanted / looks,
                cpus: point.cpus / looks,
                level: point.level,
            }
        };
        Chart {
            groups: shown.iter().map(|(group, _)| self.groups[*group].clone()).collect(),
            has_rest: !rest.is_empty(),
            points: self.points.iter().map(means).collect(),
            looks_each: self.stride,
            most_wanted: self.points.iter().map(|point| point.most_wanted).fold(0.0, f64::max),
        }
    }

    fn halve(&mut self) {
        self.points = self.points.chunks(2).map(|pair| pair.iter().fold(Point::default(), Point::with)).collect();
        self.stride *= 2;
    }
}

impl Point {
    fn with(mut self, other: &Self) -> Self {
        self.looks += other.looks;
        self.offset_s += other.offset_s;
        self.wanted += other.wanted;
        self.cpus += other.cpus;
        self.most_wanted = self.most_wanted.max(other.most_wanted);
        self.level = self.level.max(other.level);
        self.got.resize(self.got.len().max(other.got.len()), 0.0);
        self.got.iter_mut().zip(&other.got).for_each(|(sum, got)| *sum += got);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::scene::{Capacity, Demand, Group};

    fn scene(groups: &[(&str, f64)], wanted: f64) -> Scene {
        let group = |(name, got): &(&str, f64)| Group {
            key: GroupKey { origin: (*name).into(), library: None },
            label: (*name).to_owned(),
            demand: Some(Demand::new(*got, 0.0)),
            ..Group::default()
        };
        Scene {
            demand: Some(Demand::new(0.0, wanted)),
            capacity: Capacity { effective_cpus: 2.0, ..Capacity::default() },
            groups: groups.iter().map(group).collect(),
            ..Scene::default()
        }
    }

    #[test]
    fn a_long_recording_has_few_points_that_are_means() {
        let mut series = Series::default();
        for look in 0..10_000_u32 {
            series.add(&scene(&[("a", f64::from(look % 2))], f64::from(look)), f64::from(look));
        }
        let chart = series.chart();
        assert!(chart.points.len() <= MOST_POINTS && chart.points.len() > MOST_POINTS / 2, "{}", chart.points.len());
        assert_eq!((chart.looks_each, chart.most_wanted), (32, 9_999.0));
        assert!(chart.points.iter().all(|point| point.got == [0.5] && point.cpus == 2.0));
        assert!(chart.points.iter().all(|point| (point.offset_s - point.wanted).abs() < 1e-9));
        assert!(chart.points.is_sorted_by(|a, b| a.offset_s < b.offset_s));
    }

    #[test]
    fn groups_that_got_least_are_one() {
        let names: Vec<String> = (0..10).map(|n| format!("g{n}")).collect();
        let mut series = Series::default();
        series.add(&Scene::default(), 0.0);
        series.add(&scene(&names.iter().map(|name| (name.as_str(), 1.0)).collect::<Vec<_>>(), 1.0), 1.0);
        series.add(&scene(&[("g9", 5.0), ("idle", 0.0)], 1.0), 2.0);
        let chart = series.chart();
        assert_eq!((chart.groups.len(), chart.groups[0].as_str(), chart.has_rest), (MOST_GROUPS, "g9", true));
        assert_eq!(chart.points[0].got, [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 3.0]);
        assert_eq!(chart.points[1].got, [5.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(Series::default().chart(), Chart { looks_each: 1, ..Chart::default() });
    }
}
