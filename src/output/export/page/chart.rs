//! The chart of a page, as SVG: CPUs got by each group on top of one another, CPUs wanted and CPUs to use as lines, and below
//! it the verdict at each point.

use std::fmt::Write as _;

use crate::data::scene::Level;
use crate::output::export::page::markup::text;
use crate::output::export::page::series::Chart;
use crate::present::format::{cpus_in_words, duration, whole_cpus};

/// Size of the drawing and the place of its plot, in the drawing's own units.
const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 300.0;
pub(crate) const LEFT: f64 = 44.0;
pub(crate) const RIGHT: f64 = WIDTH - 12.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = HEIGHT - 52.0;
/// The band of verdicts.
const BAND: f64 = BOTTOM + 6.0;
const BAND_HEIGHT: f64 = 8.0;
/// Wanted CPUs beyond so many times what there is leave the plot: else nothing else could be seen.
const MOST_EXCESS: f64 = 4.0;
/// Lines of the grid, at most.
const MOST_LINES: f64 = 6.0;

/// The drawing and its legend; a sentence where there is nothing to draw.
pub(crate) fn draw(chart: &Chart) -> String {
    let [first, .., last] = chart.points.as_slice() else {
        return "<p>Too few looks for a chart.</p>\n".to_owned();
    };
    let scale = Scale::new(chart, first.offset_s, last.offset_s);
    let mut svg = format!(
        "<svg id=\"chart\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"CPUs got by each group, CPUs wanted and CPUs to \
         use over time\">\n<defs><clipPath id=\"plot\"><rect x=\"{LEFT}\" y=\"{TOP}\" width=\"{}\" height=\"{}\"/></clipPath></defs>\n",
        RIGHT - LEFT,
        BOTTOM - TOP
    );
    svg += &grid(&scale);
    svg += "<g clip-path=\"url(#plot)\">\n";
    svg += &areas(chart, &scale);
    svg += &line(chart, &scale, "wanted", |at| chart.points[at].wanted);
    svg += &line(chart, &scale, "capacity", |at| chart.points[at].cpus);
    svg += "</g>\n";
    svg += &band(chart, &scale);
    let _ = write!(
        svg,
        "<line id=\"cursor\" x1=\"{RIGHT}\" x2=\"{RIGHT}\" y1=\"{TOP}\" y2=\"{}\"/>\n</svg>\n",
        BAND + BAND_HEIGHT
    );
    svg + &legend(chart) + &remarks(chart, &scale)
}

/// From seconds and CPUs to places.
struct Scale {
    from_s: f64,
    span_s: f64,
    most: f64,
}

impl Scale {
    fn new(chart: &Chart, from_s: f64, to_s: f64) -> Self {
        let points = chart.points.iter();
        let top = points.map(|point| point.cpus.max(point.got.iter().sum())).fold(0.0, f64::max);
        let wanted = chart.points.iter().map(|point| point.wanted).fold(0.0, f64::max);
        let most = top.max(wanted.min(top * MOST_EXCESS));
        Self { from_s, span_s: (to_s - from_s).max(1e-3), most: if most > 0.0 { most * 1.05 } else { 1.0 } }
    }

    fn x(&self, offset_s: f64) -> f64 {
        LEFT + (offset_s - self.from_s) / self.span_s * (RIGHT - LEFT)
    }

    /// Far beyond the plot everything is equally invisible.
    fn y(&self, cpus: f64) -> f64 {
        BOTTOM - (cpus / self.most).min(2.0) * (BOTTOM - TOP)
    }
}

fn grid(scale: &Scale) -> String {
    let mut svg = String::new();
    for cpus in steps(0.0, scale.most, nice(scale.most / MOST_LINES)) {
        let y = scale.y(cpus);
        let _ = writeln!(
            svg,
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{RIGHT}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/><text class=\"axis\" x=\"{}\" y=\"{:.1}\" \
             text-anchor=\"end\">{}</text>",
            LEFT - 6.0,
            y + 4.0,
            text(&whole_cpus((cpus * 100.0).round() / 100.0))
        );
    }
    for seconds in steps(scale.from_s, scale.from_s + scale.span_s, nice_time(scale.span_s / MOST_LINES)) {
        let x = scale.x(seconds);
        let _ = writeln!(
            svg,
            "<line class=\"grid\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{TOP}\" y2=\"{BOTTOM}\"/><text class=\"axis\" x=\"{x:.1}\" \
             y=\"{}\" text-anchor=\"middle\">{}</text>",
            HEIGHT - 20.0,
            text(&duration(seconds))
        );
    }
    svg
}

/// One area a group, on top of those before.
fn areas(chart: &Chart, scale: &Scale) -> String {
    let mut svg = String::new();
    let mut below = vec![0.0; chart.points.len()];
    for place in 0..chart.groups.len() + usize::from(chart.has_rest) {
        let above: Vec<f64> = chart
            .points
            .iter()
            .zip(&below)
            .map(|(point, below)| below + point.got.get(place).unwrap_or(&0.0))
            .collect();
        let corner =
            |(at, cpus): (usize, &f64)| format!("{:.1} {:.1}", scale.x(chart.points[at].offset_s), scale.y(*cpus));
        let forth: Vec<String> = above.iter().enumerate().map(corner).collect();
        let back: Vec<String> = below.iter().enumerate().rev().map(corner).collect();
        let _ = writeln!(
            svg,
            "<path class=\"{}\" d=\"M{} L{} Z\"><title>{}</title></path>",
            class(chart, place),
            forth.join(" L"),
            back.join(" L"),
            text(label(chart, place))
        );
        below = above;
    }
    svg
}

fn line(chart: &Chart, scale: &Scale, class: &str, cpus: impl Fn(usize) -> f64) -> String {
    let corner = |at: usize| format!("{:.1} {:.1}", scale.x(chart.points[at].offset_s), scale.y(cpus(at)));
    let corners: Vec<String> = (0..chart.points.len()).map(corner).collect();
    format!("<path class=\"{class}\" d=\"M{}\"/>\n", corners.join(" L"))
}

/// Stretches of one verdict.
fn band(chart: &Chart, scale: &Scale) -> String {
    let mut svg = String::new();
    let mut at = 0;
    for stretch in chart.points.chunk_by(|a, b| a.level == b.level) {
        let begin = scale.x(stretch[0].offset_s);
        at += stretch.len();
        let end = chart.points.get(at).map_or(RIGHT, |next| scale.x(next.offset_s));
        let level = stretch[0].level;
        let _ = writeln!(
            svg,
            "<rect class=\"{}\" x=\"{begin:.1}\" y=\"{BAND}\" width=\"{:.1}\" height=\"{BAND_HEIGHT}\"><title>{}</title></rect>",
            level_class(level),
            (end - begin).max(1.0),
            level_word(level)
        );
    }
    svg
}

fn legend(chart: &Chart) -> String {
    let mut items: Vec<(&str, String)> = (0..chart.groups.len() + usize::from(chart.has_rest))
        .map(|place| (class(chart, place), text(label(chart, place))))
        .collect();
    items.push(("capacity", "CPUs to use".to_owned()));
    items.push(("wanted", "CPUs wanted".to_owned()));
    for level in [None, Some(Level::Healthy), Some(Level::Notice), Some(Level::Oversubscribed), Some(Level::Severe)] {
        if chart.points.iter().any(|point| point.level == level) {
            items.push((level_class(level), level_word(level).to_owned()));
        }
    }
    let item = |(class, label): (&str, String)| format!("<li><i class=\"{class}\"></i>{label}</li>");
    format!("<ul class=\"legend\">{}</ul>\n", items.into_iter().map(item).collect::<String>())
}

fn remarks(chart: &Chart, scale: &Scale) -> String {
    let mut remarks = String::from("Areas: CPUs each group got.");
    if chart.looks_each > 1 {
        let _ = write!(remarks, " Each point is the mean of {} looks; its verdict is their worst.", chart.looks_each);
    }
    let _ = write!(remarks, " Most wanted at one look: {} CPUs", cpus_in_words(chart.most_wanted));
    remarks += if chart.most_wanted > scale.most { ", beyond the top of the chart." } else { "." };
    format!("<p class=\"note\">{remarks}</p>\n")
}

fn label(chart: &Chart, place: usize) -> &str {
    chart.groups.get(place).map_or("all other groups", String::as_str)
}

fn class(chart: &Chart, place: usize) -> &'static str {
    const CLASSES: [&str; 7] = ["s0", "s1", "s2", "s3", "s4", "s5", "s6"];
    chart.groups.get(place).and(CLASSES.get(place)).unwrap_or(&"rest")
}

/// How a level looks.
pub(crate) fn level_class(level: Option<Level>) -> &'static str {
    level.map_or("soon", Level::word)
}

fn level_word(level: Option<Level>) -> &'static str {
    level.map_or("too soon to tell", Level::word)
}

/// Multiples of `step` within these bounds.
fn steps(from: f64, to: f64, step: f64) -> impl Iterator<Item = f64> {
    let first = (from / step).ceil() as u64;
    (first..).map(move |at| at as f64 * step).take_while(move |value| *value <= to).take(4 * MOST_LINES as usize)
}

/// The next of 1, 2 and 5 times a power of ten.
fn nice(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0].into_iter().map(|digit| digit * power).find(|step| *step >= least).unwrap_or(10.0 * power)
}

/// The next span that people count by, in seconds.
fn nice_time(least: f64) -> f64 {
    const SPANS: [f64; 14] =
        [1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0, 21_600.0, 86_400.0];
    SPANS.into_iter().find(|span| *span >= least).unwrap_or_else(|| nice(least / 86_400.0) * 86_400.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::export::page::series::ChartPoint;

    fn chart(points: &[(f64, f64, f64)]) -> Chart {
        let point = |&(offset_s, got, wanted): &(f64, f64, f64)| ChartPoint {
            offset_s,
            got: vec![got, 0.1],
            wanted,
            cpus: 2.0,
            level: Some(Level::Healthy),
        };
        Chart {
            groups: vec!["<a>".to_owned()],
            has_rest: true,
            points: points.iter().map(point).collect(),
            looks_each: 4,
            most_wanted: points.iter().map(|(_, _, wanted)| *wanted).fold(0.0, f64::max),
        }
    }

    #[test]
    fn lines_of_the_grid_stand_at_round_numbers() {
        assert_eq!([0.3, 1.0, 3.2, 70.0].map(nice), [0.5, 1.0, 5.0, 100.0]);
        assert_eq!([0.1, 3.0, 61.0, 100_000.0].map(nice_time), [1.0, 5.0, 120.0, 172_800.0]);
        assert_eq!(steps(3.0, 11.0, 5.0).collect::<Vec<_>>(), [5.0, 10.0]);
    }

    #[test]
    fn the_chart_stays_in_its_drawing_and_says_what_leaves_it() {
        let svg = draw(&chart(&[(1.0, 1.5, 2.0), (2.0, 1.9, 400.0), (3.0, 0.0, 0.0)]));
        assert!(svg.contains("beyond the top of the chart") && svg.contains("the mean of 4 looks"), "{svg}");
        assert!(svg.contains("&lt;a&gt;") && svg.contains("all other groups"), "{svg}");
        let svg = draw(&chart(&[(1.0, 1.5, 2.0), (2.0, 1.9, 2.5), (3.0, 0.0, 0.0)]));
        assert!(svg.contains("Most wanted at one look: 2.5 CPUs."), "{svg}");
        for point in svg.split(" d=\"M").skip(1).flat_map(|path| path.split('"').next().unwrap().split(" L")) {
            let place: Vec<f64> = point.trim_end_matches(" Z").split(' ').map(|it| it.parse().unwrap()).collect();
            assert!((LEFT..=RIGHT).contains(&place[0]) && (TOP..=BOTTOM).contains(&place[1]), "{point}");
        }
    }

    #[test]
    fn too_few_points_are_no_chart() {
        assert!(draw(&chart(&[])).contains("Too few looks"));
        assert!(draw(&chart(&[(1.0, 1.0, 1.0)])).contains("Too few looks"));
    }
}
