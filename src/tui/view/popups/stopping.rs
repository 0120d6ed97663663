//! The box while the old run of a rerun is being stopped: which signal it got, and which one comes when.

use ratatui::Frame;
use ratatui::text::Line;

use crate::tui::messages::restart::StopStage;
use crate::tui::state::Dashboard;
use crate::tui::theme::Role;
use crate::tui::view::paint::{below_header, popup, span, write};

/// Cells it takes at most.
const WIDEST: u16 = 76;

/// Draws it.
pub fn draw(frame: &mut Frame<'_>, stage: &StopStage, dashboard: &Dashboard) {
    let theme = dashboard.theme();
    let pid = dashboard.scene().target.pid;
    let lines = [
        (words(stage), Role::Strong),
        (where_it_writes(dashboard).to_owned(), Role::Plain),
        (leave(dashboard).to_owned(), Role::Key),
    ];
    let area = below_header(dashboard, lines.len(), WIDEST);
    let inside = popup(frame, area, &format!("stopping {pid}, then it is started again"), theme);
    for (row, (text, role)) in (0..inside.height).zip(lines) {
        write(frame, inside, row, &Line::from(span(format!(" {text}"), theme.style(role))));
    }
}

/// "SIGINT was sent; SIGTERM in 7 s".
fn words(stage: &StopStage) -> String {
    match stage {
        StopStage::Waits { sent, next: Some((next, 0)) } => format!("SIG{sent} was sent; SIG{next} now"),
        StopStage::Waits { sent, next: Some((next, seconds)) } => {
            format!("SIG{sent} was sent; SIG{next} in {seconds} s unless it ends before")
        }
        StopStage::Waits { sent, next: None } => format!("SIG{sent} was sent"),
        StopStage::Begins | StopStage::Failed(_) | StopStage::Ended => "SIGINT is being sent".to_owned(),
    }
}

fn where_it_writes(dashboard: &Dashboard) -> &'static str {
    match dashboard.output() {
        Some(_) => "Its last output is in view 7 and in its log.",
        None => "Its last output goes where it went before.",
    }
}

fn leave(dashboard: &Dashboard) -> &'static str {
    match dashboard.output() {
        Some(_) => "Ctrl-C twice ends it now and leaves",
        None => "Ctrl-C leaves: no more signals, and nothing is started",
    }
}
