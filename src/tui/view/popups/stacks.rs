//! The box with stacks: what each thread does, frame by frame, how that was taken, and whether a stop would show more.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::present::format;
use crate::tui::keys::Action;
use crate::tui::messages::stacks::{SAMPLED, SampleTimes, StacksMoment, StopPermission};
use crate::tui::state::Dashboard;
use crate::tui::state::parts::stacks::{StacksBox, StopQuestion};
use crate::tui::theme::Role;
use crate::tui::view::paint::{below_header, popup, span, write};

/// Lines that always stand at the bottom.
const BOTTOM: u16 = 2;
/// Lines that a reason may take.
const MOST_LINES: usize = 6;

/// How many lines do not fit.
pub fn overflow(dashboard: &Dashboard, stacks: &StacksBox) -> usize {
    let (area, lines) = area(dashboard, stacks);
    lines.len().saturating_sub(usize::from(area.height.saturating_sub(2 + BOTTOM)))
}

/// Draws it.
pub fn draw(frame: &mut Frame<'_>, stacks: &StacksBox, dashboard: &Dashboard) {
    let theme = dashboard.theme();
    let (area, body) = area(dashboard, stacks);
    let inside = popup(frame, area, &stacks.title, theme);
    let room = inside.height.saturating_sub(BOTTOM);
    let hidden = body.len().saturating_sub(usize::from(room) + stacks.top);
    for (row, line) in (0..room).zip(body.iter().skip(stacks.top)) {
        let heading = line.starts_with(|c: char| !c.is_whitespace());
        let role = if heading { Role::Strong } else { Role::Plain };
        write(frame, inside, row, &Line::from(span(format!(" {line}"), theme.style(role))));
    }
    let more = if hidden > 0 { format!("   ↓ {hidden} more lines") } else { String::new() };
    let (text, keys) = bottom(stacks);
    write(frame, inside, room, &Line::from(span(format!(" {text}{more}"), theme.style(Role::Strong))));
    let keys = format!(" {}", dashboard.key_line(keys));
    write(frame, inside, room + 1, &Line::from(span(keys, theme.style(Role::Key))));
}

/// Where it stands, and its lines.
fn area(dashboard: &Dashboard, stacks: &StacksBox) -> (Rect, Vec<String>) {
    let width = dashboard.areas().header.width;
    let body = body(stacks, width.saturating_sub(2));
    (below_header(dashboard, body.len() + usize::from(BOTTOM), width), body)
}

/// A key and what it does.
type KeyWords = (Action, &'static str);

/// What a stop would show, or did; and the keys that count now.
fn bottom(stacks: &StacksBox) -> (String, &'static [KeyWords]) {
    const SAMPLE: KeyWords = (Action::Sample, "samples them");
    const AGAIN: KeyWords = (Action::Stacks, "takes them again");
    const CLOSE: KeyWords = (Action::Back, "closes this");
    const CANCEL: KeyWords = (Action::Back, "cancels");
    let threads = |count: usize| if count == 1 { "1 thread".to_owned() } else { format!("{count} threads") };
    let taken = stacks.answer.as_ref().and_then(|answer| answer.taken.as_ref().ok());
    match (taken, stacks.stoppable()) {
        _ if stacks.request.at != StacksMoment::Now => {
            (String::new(), &[(Action::Stacks, "shows those of the moment on screen"), CLOSE])
        }
        (None, _) => (String::new(), &[AGAIN, CLOSE]),
        _ if stacks.question == StopQuestion::ToSample => (
            format!("Stops threads one at a time for {} s, less than 1 % of that.", SAMPLED.as_secs()),
            &[(Action::Yes, "begins"), CANCEL],
        ),
        (_, Some(count)) if stacks.question == StopQuestion::ToStop => (
            format!("Stops {} one at a time: mostly under 1 ms, more if no CPU is free.", threads(count)),
            &[(Action::Yes, "stops them"), CANCEL],
        ),
        (_, Some(count)) => (
            format!("Nothing was stopped. A stop would show more of {}.", threads(count)),
            &[(Action::Stop, "stops them, asks first"), (Action::Sample, "samples"), AGAIN, CLOSE],
        ),
        (Some(taken), None) if taken.need_stop > 0 && stacks.request.stops == StopPermission::Never => {
            let why = taken.refused.as_deref().unwrap_or_default();
            (format!("A stop would show more of {}: {why}", threads(taken.need_stop)), &[SAMPLE, AGAIN, CLOSE])
        }
        _ => (String::new(), &[SAMPLE, AGAIN, CLOSE]),
    }
}

fn body(stacks: &StacksBox, width: u16) -> Vec<String> {
    match stacks.answer.as_ref().map(|answer| &answer.taken) {
        None if stacks.request.at != StacksMoment::Now => vec!["looking for them…".to_owned()],
        None if stacks.request.times == SampleTimes::Sampled => {
            let how = if stacks.request.stops == StopPermission::Agreed { "with stops" } else { "without a stop" };
            vec![format!("being taken for {} s, {how}…", SAMPLED.as_secs())]
        }
        None if stacks.request.stops == StopPermission::Agreed => vec!["being taken, with stops…".to_owned()],
        None => vec!["being taken, without a stop…".to_owned()],
        Some(Err(why)) => format::wrap(why, width.saturating_sub(2), MOST_LINES),
        Some(Ok(_)) => {
            stacks.lines().unwrap_or_default().iter().flat_map(|line| broken(line, width.saturating_sub(2))).collect()
        }
    }
}

/// A line in pieces that fit, cut at a space where there is one late enough: the end of a function's name says most.
fn broken(line: &str, columns: u16) -> Vec<String> {
    const INDENT: usize = 9;
    let columns = columns.max(2 * INDENT as u16 + 2);
    let (mut pieces, mut rest) = (Vec::new(), line.to_owned());
    while let Some((cut, _)) = rest.char_indices().find(|(at, it)| format::width(&rest[..at + it.len_utf8()]) > columns)
    {
        let space = rest[..cut].rfind(' ').filter(|&at| at > cut / 2);
        let (head, tail) = rest.split_at(space.unwrap_or(cut));
        pieces.push(head.trim_end().to_owned());
        rest = format!("{}{}", " ".repeat(INDENT), tail.trim_start());
    }
    pieces.push(rest);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_a_space_that_is_late_enough_and_always_come_to_an_end() {
        assert_eq!(broken("short", 40), ["short"]);
        assert_eq!(broken("one two three four five", 20), ["one two three four", "         five"]);
        let name = "a::very::long::name::without::a::space";
        let pieces = broken(name, 20);
        let joined: String = pieces.iter().map(|piece| piece.trim_start()).collect();
        assert_eq!(joined, name);
        assert!(pieces.iter().all(|piece| format::width(piece) <= 20), "{pieces:?}");
        assert!(broken(&"\u{4f60}".repeat(99), 0).len() < 99);
        assert!(broken(&" ".repeat(999), 20).len() < 99);
    }
}
