//! The first line: who is watched, and whether what is on screen is of now.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::data::scene::{RecordedMoment, Scene, TargetState};
use crate::present::format;
use crate::tui::messages::replay::ReplayState;
use crate::tui::state::Dashboard;
use crate::tui::state::jump::clock;
use crate::tui::state::parts::playback::PlaybackMode;
use crate::tui::theme::{Role, Theme};
use crate::tui::view::paint::{span, width, write};

/// Narrower screens have no room for what is being read.
const NARROW: u16 = 60;
/// Cells the command gets before facts about it are left out.
const COMMAND: u16 = 24;

/// Draws the header.
pub fn draw(frame: &mut Frame<'_>, area: Rect, dashboard: &Dashboard) {
    let (scene, theme) = (dashboard.scene(), dashboard.theme());
    let bar = theme.style(Role::Bar);
    frame.buffer_mut().set_style(area, bar);
    let (word, role) = state(dashboard, area.width);
    let word = span(format!("{word} "), bar.patch(theme.style(role)));
    let start = [span(" tftop ", theme.style(Role::Key)), span(format!(" {} ", pid(&scene.target)), bar)];
    let left = width(&start).saturating_add(COMMAND);
    let mut facts = facts(&scene.target);
    // The state stays; the facts in front of it go, the least telling first.
    while !facts.is_empty() && left + text_width(&facts) + width(std::slice::from_ref(&word)) > area.width {
        facts.pop();
    }
    let mut end: Vec<Span<'_>> = facts.iter().map(|fact| span(format!("{fact}  "), bar)).collect();
    end.push(word);
    let end_width = width(&end).min(area.width);
    let room = area.width.saturating_sub(end_width + width(&start));
    let command = format::command(&scene.target.command, room.saturating_sub(2));
    let command = span(command, bar.patch(theme.style(Role::Strong)));
    let line: Vec<Span<'_>> = start.into_iter().chain([command]).collect();
    write(frame, area, 0, &Line::from(line));
    let end_area = Rect { x: area.right() - end_width, width: end_width, ..area };
    write(frame, end_area, 0, &Line::from(end));
}

fn text_width(facts: &[String]) -> u16 {
    facts.iter().map(|fact| format::width(fact).saturating_add(2)).sum()
}

fn pid(target: &TargetState) -> String {
    match target.namespaced_pid {
        _ if target.pid.0 == 0 => String::new(),
        Some(own) => format!("{} ({own} in its namespace)", target.pid),
        None => target.pid.to_string(),
    }
}

/// What is known of the target, the most telling first.
fn facts(target: &TargetState) -> Vec<String> {
    let mut facts = Vec::new();
    if let Some(rank) = &target.rank {
        facts.push(match target.ranks_here() {
            0 | 1 => rank.words(),
            ranks => format!("{ranks} ranks of {}", rank.launcher.job(rank.job.as_ref())),
        });
    }
    match &target.tensorflow {
        Some(found) if found.guessed => facts.push("TensorFlow? (guess)".to_owned()),
        _ => facts.extend(format::frameworks(target)),
    }
    if target.uptime_s > 0.0 {
        facts.push(format!("up {}", format::duration(target.uptime_s)));
    }
    if let Some(python) = &target.python {
        facts.push(format!("Python {}", python.as_str()));
    }
    if target.processes.len() > 1 {
        facts.push(format::count(target.processes.len(), "process", "processes"));
    }
    facts.extend(target.user.as_ref().map(|user| format!("user {}", user.as_str())));
    facts
}

/// Whether this is of now, in a word with a mark.
fn state(dashboard: &Dashboard, width: u16) -> (String, Role) {
    let (scene, newest) = (dashboard.scene(), dashboard.newest());
    let behind = newest.at_ns.saturating_sub(scene.at_ns) as f64 / 1e9;
    if let (Some(replay), Some(moment)) = (dashboard.replay(), &scene.recorded) {
        return played(replay, moment, scene.target.ended, width);
    }
    match dashboard.pace() {
        PlaybackMode::Past => past(dashboard, behind, width),
        PlaybackMode::Paused if newest.target.ended => ("‖ paused, target ended".to_owned(), Role::Paused),
        PlaybackMode::Paused => (format!("‖ paused, {} behind", format::duration(behind)), Role::Paused),
        _ if dashboard.command_end().is_some() => {
            (format!("■ {}", dashboard.command_end().unwrap_or_default()), Role::Alarm)
        }
        _ if scene.target.ended => ("■ target ended".to_owned(), Role::Alarm),
        PlaybackMode::Silent => ("× measuring stopped".to_owned(), Role::Alarm),
        PlaybackMode::Live if dashboard.overdue().is_some() => overdue(dashboard, width),
        PlaybackMode::Live if scene.tick == 0 => ("· waiting for the first sample".to_owned(), Role::Paused),
        PlaybackMode::Live => (format!("● live {}{}", format::interval(scene.interval_s), late(scene)), Role::Live),
    }
}

/// Which moment of a recording this is: "replay 14:05:12Z  2m10s of 8m00s  4x  paused".
fn played(replay: &ReplayState, moment: &RecordedMoment, ended: bool, width: u16) -> (String, Role) {
    let [at, length] = [moment.at_s, moment.length_s].map(format::duration);
    let (word, role) = match (replay.seeking, ended, replay.paused) {
        (true, ..) => ("  winding", Role::Paused),
        (_, true, _) => ("  target ended", Role::Alarm),
        (_, _, true) => ("  paused", Role::Paused),
        _ => ("", Role::Live),
    };
    // Without what was before it, the chart and what counts up begin there.
    let since = moment.judged_from_s.map_or(String::new(), |from| format!("  judged from {}", format::duration(from)));
    let place = format!("{at} of {length}{since}  {}x{word}", replay.speed);
    let words = match width < NARROW {
        true => place,
        false => format!("replay {}  {place}", clock(moment.unix_s())),
    };
    (words, role)
}

/// How long before now, or before the target's end, a moment of its past was: "◄ 2m10s ago 14:05:12Z  4x".
fn past(dashboard: &Dashboard, behind_s: f64, width: u16) -> (String, Role) {
    let (scene, newest) = (dashboard.scene(), dashboard.newest());
    let behind = format::duration(behind_s);
    let mut words =
        if newest.target.ended { format!("◄ {behind} before its end") } else { format!("◄ {behind} ago") };
    if width >= NARROW {
        words.push_str(&format!(" {}", clock(dashboard.timeline().unix_s(scene.at_ns))));
    }
    match dashboard.replay() {
        Some(replay) if replay.seeking => words.push_str("  winding"),
        Some(replay) if !replay.paused => words.push_str(&format!("  {}x", replay.speed)),
        _ => {}
    }
    (words, Role::Paused)
}

/// Said while the next scene is overdue: what is on screen is not of now.
fn overdue(dashboard: &Dashboard, width: u16) -> (String, Role) {
    let Some(look) = dashboard.overdue() else { return (String::new(), Role::Paused) };
    let age = format::duration(look.age.as_secs_f64());
    let since = match dashboard.newest().tick {
        0 => format!("◌ first look takes {age}"),
        _ => format!("◌ last look {age} ago"),
    };
    let reading = look.reading.as_ref().map_or(String::new(), |reading| format!(" {reading}"));
    (if width < NARROW { since } else { format!("{since}, still reading{reading}") }, Role::Alarm)
}

/// Said when a sample came so late that a tick more would have fitted.
fn late(scene: &Scene) -> String {
    if scene.interval_s > 0.0 && scene.late_s >= scene.interval_s {
        format!(", {}s late", format::cpus_in_words(scene.late_s))
    } else {
        String::new()
    }
}

/// The header of a screen without a target.
pub fn plain(frame: &mut Frame<'_>, area: Rect, title: &str, theme: Theme) {
    frame.buffer_mut().set_style(area, theme.style(Role::Bar));
    let name = span(" tftop ", theme.style(Role::Key));
    write(frame, area, 0, &Line::from(vec![name, span(format!(" {title}"), theme.style(Role::Bar))]));
}
