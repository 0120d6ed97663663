//! The dialog before a rerun: caps and what they should do, what stays, what changes, what is lost, and what yes means.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::data::Text;
use crate::data::limits::Caps;
use crate::data::run::RerunPlan;
use crate::model::prediction;
use crate::present::format;
use crate::tui::keys::Action;
use crate::tui::state::Dashboard;
use crate::tui::state::parts::rerun::RerunDialog;
use crate::tui::theme::Role;
use crate::tui::view::paint::{below_header, popup, span, write};
use crate::tui::view::popups::what_if;

/// Cells of the labels.
const LABEL: u16 = 13;
/// Cells it takes at most.
const WIDEST: u16 = 120;
/// Lines that always stand at the bottom.
const BOTTOM: u16 = 2;
/// Lines one text may take.
const MOST_LINES: usize = 6;

type Row = Vec<Span<'static>>;

/// How many lines do not fit.
pub fn overflow(dashboard: &Dashboard, rerun: &RerunDialog) -> usize {
    let (area, lines) = area(dashboard, rerun);
    lines.len().saturating_sub(usize::from(area.height.saturating_sub(2 + BOTTOM)))
}

/// Draws it.
pub fn draw(frame: &mut Frame<'_>, rerun: &RerunDialog, dashboard: &Dashboard) {
    let theme = dashboard.theme();
    let title = format!("rerun of process {}: stop it and start it again", dashboard.scene().target.pid);
    let (area, body) = area(dashboard, rerun);
    let inside = popup(frame, area, &title, theme);
    let room = inside.height.saturating_sub(BOTTOM);
    let hidden = body.len().saturating_sub(usize::from(room) + rerun.top);
    for (row, line) in (0..room).zip(body.into_iter().skip(rerun.top)) {
        write(frame, inside, row, &Line::from(line));
    }
    let more = if hidden > 0 { format!("   ↓ {hidden} more lines") } else { String::new() };
    let caps = (Action::WhatIf, "changes the caps");
    let (text, keys) = match rerun.can_begin() {
        true => (
            format!(" Sends SIGINT, then SIGTERM. Output files may be overwritten.{more}"),
            &[(Action::Yes, "restarts it"), caps, (Action::Back, "cancels")][..],
        ),
        false => (format!(" Nothing is stopped or started.{more}"), &[caps, (Action::Back, "closes this")][..]),
    };
    let keys = format!(" {}", dashboard.key_line(keys));
    write(frame, inside, room, &Line::from(span(text, theme.style(Role::Strong))));
    write(frame, inside, room + 1, &Line::from(span(keys, theme.style(Role::Key))));
}

/// Where it stands, and its lines.
fn area(dashboard: &Dashboard, rerun: &RerunDialog) -> (Rect, Vec<Row>) {
    let width = dashboard.areas().header.width.min(WIDEST);
    let body = body(dashboard, rerun, width.saturating_sub(2));
    (below_header(dashboard, body.len() + usize::from(BOTTOM), WIDEST), body)
}

fn body(dashboard: &Dashboard, rerun: &RerunDialog, width: u16) -> Vec<Row> {
    let (scene, theme) = (dashboard.scene(), dashboard.theme());
    let label = |text: &str| span(format!(" {text:<width$}", width = usize::from(LABEL)), theme.style(Role::Faint));
    let wrapped = |name: &str, text: &str, role: Role| -> Vec<Row> {
        let lines = format::wrap(text, width.saturating_sub(LABEL + 2), MOST_LINES);
        let row = |(at, line)| vec![label(if at == 0 { name } else { "" }), span(line, theme.style(role))];
        lines.into_iter().enumerate().map(row).collect()
    };
    let had = scene.launch.as_ref().is_some_and(|launch| !launch.fact.caps.is_empty());
    let caps = match (rerun.caps.is_empty(), had) {
        (false, _) => rerun.caps.to_string(),
        (true, true) => "none".to_owned(),
        (true, false) => "none: as before".to_owned(),
    };
    let mut rows = wrapped("caps", &caps, Role::Strong);
    let predict = |caps: &Caps| prediction::predict(scene, caps);
    rows.push(what_if::outcome("predicted", predict(&rerun.caps), scene, theme));
    rows.push(what_if::outcome("measured", predict(&Caps::default()), scene, theme));
    match rerun.answer.as_ref().map(|answer| &answer.plan) {
        None => rows.extend(wrapped("command", "reading it…", Role::Faint)),
        Some(Err(why)) => rows.extend(wrapped("no", why, Role::Strong)),
        Some(Ok(plan)) => {
            plan_lines(plan).iter().for_each(|(name, text, role)| rows.extend(wrapped(name, text, *role)))
        }
    }
    rows
}

/// Labels and texts of a plan, in the order of their weight.
fn plan_lines(plan: &RerunPlan) -> Vec<(&'static str, String, Role)> {
    let mut rows = vec![
        ("command", plan.command.to_string(), Role::Plain),
        ("program", plan.program.to_string(), Role::Plain),
        ("folder", format!("{} ({})", plan.folder, plan.folder_because), Role::Plain),
    ];
    let doubts =
        plan.doubts.iter().map(|doubt| (doubt.to_string() + "; `tftop rerun --force` overrides this", Role::Strong));
    rows.extend(first_named("warning", doubts));
    let cpus = plan.cpus.iter().map(|(before, after)| format!("CPUs {before} → {after}"));
    let variables = plan.variables.iter().map(|it| format!("{} {} → {}", it.name, it.before, it.after));
    rows.extend(first_named("changes", variables.chain(cpus).map(|line| (line, Role::Capacity))));
    if plan.variables.is_empty() && plan.cpus.is_none() {
        rows.push(("changes", "nothing".to_owned(), Role::Plain));
    }
    rows.extend(first_named("lost", plan.lost.iter().map(|loss| (loss.to_string(), Role::Plain))));
    let kept: Vec<&str> = plan.kept.iter().map(Text::as_str).collect();
    rows.push(("stays", std::iter::once("other variables").chain(kept).collect::<Vec<_>>().join(", "), Role::Faint));
    rows
}

fn first_named(
    name: &'static str,
    lines: impl Iterator<Item = (String, Role)>,
) -> impl Iterator<Item = (&'static str, String, Role)> {
    lines.enumerate().map(move |(at, (line, role))| (if at == 0 { name } else { "" }, line, role))
}
