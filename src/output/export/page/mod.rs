//! A recording as one page that needs nothing else: the verdict over all of it, causes with evidence, limits, a chart, and its
//! moments to click through. Nothing is loaded from anywhere: a policy in its head forbids it, and runs no script and uses no
//! style but those of tftop.

pub(crate) mod chart;
pub(crate) mod markup;
pub(crate) mod moments;
pub(crate) mod series;

use serde::Serialize;

use crate::data::scene::{Answer, Finding, RuleAnswer, Scene, Verdict};
use crate::output::export::page::chart::{LEFT, RIGHT, draw, level_class};
use crate::output::export::page::markup::{folded, gaps, list, paste, script_json, section, table, text};
use crate::output::export::page::moments::{Moments, PageMoment};
use crate::output::export::page::series::{Chart, Series};
use crate::output::export::scene_export::{ExportEnd, ExportSource, SceneExport};
use crate::output::text::report::versions;
use crate::present::caps::checks;
use crate::present::causes::{tally, word};
use crate::present::format::page::Page;
use crate::present::format::{MISSING_ASCII, count, duration};
use crate::present::table::{Align, Table};
use crate::present::verdict::{found, notes, pasteable, pasteable_advice, title};
use crate::present::{demand, limits};

const STYLE: &str = include_str!("../../../../assets/export/page.css");
const SCRIPT: &str = include_str!("../../../../assets/export/page.js");
/// SHA-256 of the two, as the policy names them; tests/export.rs says what they are after a change.
const STYLE_HASH: &str = "1VMePhNB8z7Hupfabzg+V8rbjvwpbKXE4c2swFUAPPA=";
const SCRIPT_HASH: &str = "QIdwbJz4284ixqScmWtjqW3lDqkB6V8P/ysTiw+jWf8=";

#[derive(Debug)]
pub(crate) struct PageExport {
    source: ExportSource,
    series: Series,
    moments: Moments,
    /// Seconds from the recording's first look to the first and the last one that are shown.
    shown_s: Option<(f64, f64)>,
}

/// What the script reads.
#[derive(Serialize)]
struct PageData<'a> {
    /// Seconds at the left and right end of the chart's plot, and their places in it; null without a chart.
    plot: Option<[f64; 4]>,
    moments: &'a [PageMoment],
}

impl PageExport {
    pub(crate) fn new(source: ExportSource) -> Self {
        Self { source, series: Series::default(), moments: Moments::default(), shown_s: None }
    }

    fn facts(&self, scene: &Scene) -> String {
        let target = &scene.target;
        let user = target.user.as_deref().unwrap_or(MISSING_ASCII);
        let begin = self.source.time(self.source.begun_ns);
        let looks = self.moments.looks() as usize;
        let shown = match self.shown_s {
            Some((first_s, last_s)) if first_s > 0.0 => {
                format!(", of which {} to {} are shown", duration(first_s), duration(last_s))
            }
            Some((_, last_s)) => format!(" for {}", duration(last_s)),
            None => String::new(),
        };
        let mut facts = vec![
            ("command", target.command.clone()),
            ("process", format!("pid {}, user {user}, {}", target.pid, versions(target).replace("  ", ", "))),
            (
                "recorded",
                format!(
                    "{} from {begin}{shown}, {}, by tftop {}",
                    self.source.name,
                    count(looks, "look", "looks"),
                    self.source.tftop
                ),
            ),
        ];
        if let Some(term) = scene.capacity.binding_term() {
            let set = term.set.as_ref().map_or(String::new(), |set| format!(" ({set})"));
            let cpus = scene.capacity.effective_cpus;
            facts.push(("CPUs", format!("{cpus:.2} to use, bound by {}{set}", term.kind.word())));
        }
        let fact = |(name, value): &(&str, String)| format!("<dt>{name}</dt><dd>{}</dd>\n", text(value));
        format!("<dl class=\"facts\">\n{}</dl>\n", facts.iter().map(fact).collect::<String>())
    }

    fn time_line(&self, chart: &Chart, moments: &[PageMoment]) -> String {
        if moments.is_empty() {
            return String::new();
        }
        let titles =
            [("AT", "n"), ("VERDICT", ""), ("THREADS", "n"), ("GOT CPUs", "n"), ("WANTED CPUs", "n"), ("TO USE", "n")];
        let titles: String = titles.iter().map(|(title, side)| format!("<th class=\"{side}\">{title}</th>")).collect();
        let rows: String = moments.iter().enumerate().map(|(place, moment)| moment.row(place)).collect();
        format!(
            "{}<div class=\"screen\"><input id=\"time\" type=\"range\" min=\"0\" max=\"{}\" value=\"{}\" aria-label=\"moment\">\n\
             <div id=\"moment\"></div>\n<h3>{} of {}</h3>\n<div class=\"moments\"><table id=\"moments\"><thead><tr>{titles}</tr></thead>\n\
             <tbody>\n{rows}</tbody></table></div></div>\n",
            draw(chart),
            moments.len() - 1,
            moments.len() - 1,
            count(moments.len(), "moment", "moments"),
            count(self.moments.looks() as usize, "look", "looks"),
        )
    }
}

impl SceneExport for PageExport {
    fn begin(&mut self) -> serde_json::Result<String> {
        Ok(String::new())
    }

    fn look(&mut self, scene: &Scene) -> serde_json::Result<String> {
        let offset_s = self.source.offset_s(scene.at_ns);
        self.shown_s = Some((self.shown_s.map_or(offset_s, |(first_s, _)| first_s), offset_s));
        self.series.add(scene, offset_s);
        self.moments.add(scene, &self.source);
        Ok(String::new())
    }

    fn wants_whole(&self) -> bool {
        true
    }

    fn end(&mut self, end: &ExportEnd<'_>) -> serde_json::Result<String> {
        let nothing = Scene::default();
        let scene = end.whole.unwrap_or(&nothing);
        let chart = self.series.chart();
        let moments = self.moments.kept();
        let plot = match chart.points.as_slice() {
            [first, .., last] => Some([first.offset_s, last.offset_s, LEFT, RIGHT]),
            _ => None,
        };
        let data = script_json(&PageData { plot, moments: &moments })?;
        let mut body = verdict(scene);
        body += &self.facts(scene);
        body += &section("Over time", &self.time_line(&chart, &moments));
        body += &section("Causes found", &causes(scene));
        body += &section("Limits", &limits(scene));
        body += &section(&format!("Demand over {:.1} s", scene.window_s), &demand(scene));
        body += &section("Caps it was started with", &caps(scene));
        body += &folded("Causes that were not found", &others(scene));
        body += &folded("What could not be read, and why", &gaps(&scene.gaps));
        body += &section("Left out", &left_out(end.left_out));
        Ok(format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" \
             content=\"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; script-src 'sha256-{SCRIPT_HASH}'; base-uri 'none'; \
             form-action 'none'\">\n<meta name=\"viewport\" content=\"width=device-width\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
             <title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n{body}</main>\n<script id=\"data\" \
             type=\"application/json\">{data}</script>\n<script>{SCRIPT}</script>\n</body>\n</html>\n",
            text(&format!("tftop: {}", self.source.name)),
        ))
    }
}

fn verdict(scene: &Scene) -> String {
    let headline = &scene.headline;
    let judged = headline.condition != Verdict::TooSoon;
    let level = level_class(judged.then(|| headline.condition.level()));
    let mut html = format!("<header>\n<h1><i class=\"{level}\"></i>{}</h1>\n", text(&title(headline)));
    for sentence in [&headline.message, &headline.advice].into_iter().filter(|sentence| !sentence.is_empty()) {
        html += &format!("<p class=\"says\">{}</p>\n", text(sentence));
    }
    if !judged {
        html += "<p class=\"says\">What is shown is too short for a verdict.</p>\n";
    }
    html + &paste(&pasteable_advice(headline)) + "</header>\n"
}

fn causes(scene: &Scene) -> String {
    let mut html: String = found(scene).map(|(code, finding)| cause(code, finding)).collect();
    if html.is_empty() && !scene.judgements.is_empty() {
        html += "<p>None.</p>\n";
    }
    html + &list(notes(scene))
}

fn cause(code: &str, finding: &Finding) -> String {
    let mut html = format!(
        "<article>\n<h3><i class=\"{}\"></i>{} <small>{}, {}</small></h3>\n<p>{}</p>\n",
        level_class(Some(finding.level)),
        text(code),
        finding.level.word(),
        finding.grade.word(),
        text(&finding.message)
    );
    let evidence = finding.evidence.iter();
    let evidence: String =
        evidence.map(|it| format!("<dt>{}</dt><dd>{}</dd>\n", text(&it.what), text(&it.value))).collect();
    if !evidence.is_empty() {
        html += &format!("<dl>\n{evidence}</dl>\n");
    }
    if !finding.remedy.text.is_empty() {
        html += &format!("<p>Fix: {}</p>\n", text(&finding.remedy.text));
    }
    html + &paste(&pasteable(finding)) + "</article>\n"
}

fn limits(scene: &Scene) -> String {
    let sources = limits::table(scene);
    if sources.is_empty() {
        return String::new();
    }
    let knobs = limits::knobs(scene);
    table(&sources) + &folded("How each can be capped", &list(knobs.iter().map(String::as_str)))
}

fn demand(scene: &Scene) -> String {
    let mut groups = demand::groups(scene, Page::default());
    if scene.demand.is_some() {
        let own = ["all".to_owned(), scene.threads.len().to_string(), MISSING_ASCII.to_owned()];
        groups.total(own.into_iter().chain(demand::cells(scene.demand)));
    }
    if groups.is_empty() { String::new() } else { table(&groups) + &capacity(scene) }
}

fn capacity(scene: &Scene) -> String {
    let mut terms = Table::new(&[
        ("CPUs IT MAY USE", Align::Left),
        ("CPUs", Align::Right),
        ("WHICH", Align::Left),
        ("WHERE", Align::Left),
        ("BINDS?", Align::Left),
    ]);
    for (at, term) in scene.capacity.terms.iter().enumerate() {
        let binds = scene.capacity.binding == Some(at);
        terms.row([
            term.kind.word().to_owned(),
            format!("{:.2}", term.cpus),
            term.set.as_ref().map_or_else(String::new, ToString::to_string),
            term.place.as_ref().map_or_else(String::new, ToString::to_string),
            if binds { "yes" } else { "no" }.to_owned(),
        ]);
    }
    if terms.is_empty() { String::new() } else { table(&terms) }
}

fn caps(scene: &Scene) -> String {
    let Some(launch) = &scene.launch else { return String::new() };
    let checks = checks(&launch.checks, 0);
    if checks.is_empty() { String::new() } else { table(&checks) }
}

fn others(scene: &Scene) -> String {
    let item = |judgement: &RuleAnswer| {
        let needs = if matches!(judgement.answer, Answer::TooSoon { .. }) { "needs " } else { "" };
        let why = text(judgement.message());
        let answer = word(&judgement.answer);
        judgement
            .finding()
            .is_none()
            .then(|| format!("<dt>{} <small>{answer}</small></dt><dd>{needs}{why}</dd>\n", text(judgement.code)))
    };
    let items: String = scene.judgements.iter().filter_map(item).collect();
    match tally(scene) {
        Some(tally) if !items.is_empty() => format!("<p>{}</p>\n<dl>\n{items}</dl>\n", text(&tally)),
        _ => String::new(),
    }
}

fn left_out(sentences: &[String]) -> String {
    list(sentences.iter().map(String::as_str))
        + "<p class=\"note\">Judged over all that is shown, by this version of tftop. Threads one by one, stacks and the \
           command's output are not on this page. Of the environment only thread-related variables were recorded, and no \
           value that is named like a secret. Numbers of a moment are averages over the 2 s and more before it.</p>\n"
}
